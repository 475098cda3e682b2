from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resumebert.data.label_words import label_words
from resumebert.evaluation.result import EvaluationResult
from resumebert.evaluation.worst_errors import Window, choose_errors, confidence, worst_errors

LABELS = ["Java_Developer", "Web_Developer", "Chef"]
WORDS = label_words(LABELS)


def make_result(probabilities, truth, groups=None) -> EvaluationResult:
    count = len(truth)
    return EvaluationResult(
        split="test",
        label_names=LABELS,
        ids=[f"r{i}" for i in range(count)],
        index=np.arange(count),
        groups=np.arange(count) if groups is None else np.asarray(groups),
        truth=np.asarray(truth, dtype=bool),
        logits=np.zeros((count, 3)),
        probabilities=np.asarray(probabilities, dtype=float),
        thresholds=np.array([0.5, 0.4, 0.5]),
        metrics={},
    )


def one_window(text):
    return lambda at: [Window(0, len(text[at]), [0.0, 0.0, 0.0])]


def test_the_most_confident_mistakes_of_each_label_come_by_turns():
    probabilities = [
        [0.99, 0.1, 0.1],  # false alarms of the first label
        [0.98, 0.1, 0.1],
        [0.97, 0.1, 0.1],
        [0.015, 0.3, 0.1],  # its miss
        [0.1, 0.1, 0.2],  # a miss of the last label
        [0.1, 0.1, 0.1],  # right
    ]
    truth = [[0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0]]
    result = make_result(probabilities, truth)
    assert choose_errors(result, 3) == [0, 3, 4]
    assert choose_errors(result, 4) == [0, 3, 1, 4]
    assert choose_errors(result, 10) == [0, 3, 1, 2, 4]
    assert choose_errors(make_result(probabilities, truth, [0, 0, 0, 1, 2, 3]), 10) == [0, 3, 4]
    assert choose_errors(make_result(probabilities[5:], truth[5:]), 10) == []
    assert choose_errors(make_result(np.zeros((0, 3)), np.zeros((0, 3))), 10) == []


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(0, 12))
def test_only_wrong_documents_are_chosen_the_worst_first(seed, count):
    generator = np.random.default_rng(seed)
    result = make_result(generator.random((20, 3)), generator.random((20, 3)) < 0.4)
    chosen = choose_errors(result, count)
    wrong = result.predicted != result.truth
    assert len(chosen) == len(set(chosen)) == min(count, wrong.any(axis=1).sum())
    worst = [np.where(wrong[at], confidence(result)[at], 0).max() for at in chosen]
    assert worst == sorted(worst, reverse=True)
    assert all(value > 0 for value in worst)


def test_an_example_says_what_was_decided_and_by_which_window():
    text = "A java developer. " * 3 + "Later a chef, web-developer at heart."
    result = make_result([[0.1, 0.9, 0.6]], [[1, 0, 1]])
    windows = [Window(0, 60, [-2.0, 1.0, 0.0]), Window(40, len(text), [-4.0, 3.0, 0.5])]
    [example] = worst_errors(result, [text], np.array([7]), WORDS, lambda at: windows)
    assert (example.id, example.row, example.text) == ("r0", 7, text)
    assert example.true_labels == ["Java_Developer", "Chef"]
    assert example.predicted_labels == ["Web_Developer", "Chef"]
    alarm, miss = example.mistakes
    assert (alarm.label, alarm.predicted, alarm.probability) == ("Web_Developer", True, 0.9)
    assert alarm.threshold == 0.4
    assert (miss.label, miss.predicted) == ("Java_Developer", False)
    assert example.windows[alarm.window] == windows[1]
    assert example.windows[miss.window] == windows[0]
    named = {(text[span.start : span.end], span.label) for span in example.spans}
    assert named == {
        ("java developer", "Java_Developer"),
        ("web-developer", "Web_Developer"),
        ("chef", "Chef"),
    }


def test_of_a_long_text_what_surrounds_the_deciding_windows_is_shown():
    text = "".join(f"{number:05d} " for number in range(2000))
    windows = [
        Window(start, min(start + 600, len(text)), [0, 0, 0]) for start in range(0, len(text), 500)
    ]
    windows[4] = replace(windows[4], logits=[5.0, 0, 0])
    windows[15] = replace(windows[15], logits=[0, 5.0, 0])
    result = make_result([[0.9, 0.8, 0.1]], [[0, 0, 0]])
    [example] = worst_errors(result, [text], np.array([1]), WORDS, lambda at: windows)
    assert len(example.text) < 4_000
    assert example.text.count("[…]") == 3
    for mistake, original in zip(example.mistakes, (windows[4], windows[15]), strict=True):
        window = example.windows[mistake.window]
        assert example.text[window.start : window.end] == text[original.start : original.end]
        assert window.logits == original.logits
    [short] = worst_errors(
        result, [text], np.array([1]), WORDS, lambda at: windows, characters=1_000
    )
    assert len(short.text) < 1_100
    assert [mistake.window for mistake in short.mistakes] == [0, None]
    assert len(short.windows) == 1


def test_a_window_longer_than_the_room_is_cut_to_it():
    text = "java developer " * 1000
    result = make_result([[0.1, 0.1, 0.9]], [[0, 0, 0]])
    [example] = worst_errors(
        result, [text], np.array([1]), WORDS, one_window([text]), characters=500
    )
    assert example.text.startswith("java developer")
    assert example.windows[0].end == 500
    assert example.spans == []
    assert example.mistakes[0].probability == pytest.approx(0.9)
