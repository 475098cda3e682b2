import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from resumebert.evaluation.result import EvaluationResult
from resumebert.evaluation.slices import (
    document_slices,
    label_word_slices,
    slice_of,
    words_removed,
)

LABELS = ["A", "B", "C"]


def make_result(seed: int, count: int = 60, *, baseline: bool = False) -> EvaluationResult:
    generator = np.random.default_rng(seed)
    truth = generator.random((count, 3)) < 0.4
    probabilities = np.clip(0.35 * truth + 0.65 * generator.random((count, 3)), 0, 1)
    result = EvaluationResult(
        split="test",
        label_names=LABELS,
        ids=[f"r{i}" for i in range(count)],
        index=np.arange(count),
        groups=generator.integers(0, count, count),
        truth=truth,
        logits=np.zeros((count, 3)),
        probabilities=probabilities,
        thresholds=np.array([0.4, 0.5, 0.6]),
        metrics={},
    )
    return replace(result, baseline=make_result(seed + 1, count)) if baseline else result


def sklearn_scores(truth, predicted):
    there = np.flatnonzero(truth.any(axis=0))
    return {
        "f1_micro": f1_score(truth, predicted, average="micro", zero_division=np.nan),
        # Label by label: scikit-learn takes a single column for two classes.
        "f1_macro": np.mean([f1_score(truth[:, i], predicted[:, i]) for i in there]),
        "subset_accuracy": accuracy_score(truth, predicted),
    }


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 59))
@example(459, 4)
def test_a_slice_has_scikit_learns_scores_of_its_documents(seed, size):
    result = make_result(seed)
    rows = np.zeros(60, dtype=bool)
    rows[np.random.default_rng(seed).permutation(60)[:size]] = True
    if not result.truth[rows].any():
        return
    found = slice_of(result, "k", "n", rows, resamples=0)
    assert found.documents == size
    expected = sklearn_scores(result.truth[rows], result.predicted[rows])
    assert found.metrics == pytest.approx(expected, nan_ok=True)


def test_documents_are_told_apart_by_length_cut_windows_and_labels():
    result = make_result(0, 6, baseline=True)
    truth = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1], [0, 0, 1], [1, 1, 1]], dtype=bool)
    result = replace(result, truth=truth, baseline=replace(result.baseline, truth=truth))
    lengths = np.array([0, 128, 129, 400, 5000, 600])
    read = np.array([0, 128, 129, 254, 254, 400])
    windows = np.array([1, 1, 2, 3, 17, 8])
    found = document_slices(result, lengths, read, windows, resamples=50)
    named = {(piece.kind, piece.name): piece.documents for piece in found}
    assert named == {
        ("length", "0 to 128 tokens"): 2,
        ("length", "129 to 256 tokens"): 1,
        ("length", "257 to 512 tokens"): 1,
        ("length", "513 to 1,024 tokens"): 1,
        ("length", "4,097 tokens and more"): 1,
        ("cut off", "nothing"): 3,
        ("cut off", "less than half"): 2,
        ("cut off", "half and more"): 1,
        ("windows", "1 window"): 2,
        ("windows", "2 windows"): 1,
        ("windows", "3 to 4 windows"): 1,
        ("windows", "5 to 8 windows"): 1,
        ("windows", "17 windows and more"): 1,
        ("true labels", "no labels"): 1,
        ("true labels", "1 label"): 2,
        ("true labels", "2 labels"): 1,
        ("true labels", "3 labels and more"): 2,
    }
    for piece in found:
        assert piece.metrics.keys() == piece.intervals.keys()
        assert piece.baseline.keys() == piece.baseline_intervals.keys()
    # Of documents without labels there is no label to average over.
    unlabelled = next(piece for piece in found if piece.name == "no labels")
    assert math.isnan(unlabelled.metrics["f1_macro"])


def test_a_way_to_part_documents_that_parts_nothing_is_left_out():
    result = make_result(1)
    same = np.full(60, 100)
    kinds = {piece.kind for piece in document_slices(result, same, same, same // 100, resamples=0)}
    assert kinds == {"true labels"}


def test_intervals_hold_the_estimate_and_duplicates_are_drawn_together():
    result = make_result(3, 300)
    rows = np.ones(300, dtype=bool)
    piece = slice_of(result, "k", "n", rows, resamples=500)
    for name, (low, high) in piece.intervals.items():
        assert low < piece.metrics[name] < high
    copies = replace(result, groups=np.arange(300) // 30)
    wide = slice_of(copies, "k", "n", rows, resamples=500)
    assert wide.metrics == piece.metrics
    one = slice_of(replace(result, groups=np.zeros(300, dtype=int)), "k", "n", rows, resamples=50)
    assert all(math.isnan(end) for ends in one.intervals.values() for end in ends)


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_pairs_with_and_without_the_labels_name(seed):
    result = make_result(seed)
    named = np.random.default_rng(seed + 20_000).random((60, 3)) < 0.5
    with_name, without = label_word_slices(result, named, resamples=0)
    for piece, part in ((with_name, named), (without, ~named)):
        truth, predicted = result.truth[part], result.predicted[part]
        assert piece.pairs == part.sum()
        assert piece.positives == truth.sum()
        assert piece.documents == part.any(axis=1).sum()
        assert piece.metrics["f1_micro"] == pytest.approx(f1_score(truth, predicted))
        assert piece.metrics["precision_micro"] == pytest.approx(precision_score(truth, predicted))
        assert piece.metrics["recall_micro"] == pytest.approx(recall_score(truth, predicted))
        assert "subset_accuracy" not in piece.metrics


def test_a_model_that_copies_names_is_found_out():
    result = make_result(5, 200)
    named = np.random.default_rng(6).random((200, 3)) < 0.3
    copying = replace(result, probabilities=named.astype(float))
    with_name, without = label_word_slices(copying, named, resamples=100)
    assert with_name.metrics["recall_micro"] == 1
    assert with_name.metrics["precision_micro"] < 0.6
    assert without.metrics["recall_micro"] == 0
    assert (
        label_word_slices(copying, np.zeros_like(named), resamples=0)[0].name == "label not named"
    )


def test_without_the_words_a_copying_model_falls_and_another_does_not():
    result = make_result(6, 200, baseline=True)
    changed = np.ones(200, dtype=bool)
    nothing = np.zeros((200, 3))
    found = words_removed(result, "names", changed, nothing, result.baseline.probabilities)
    assert found.documents == found.changed == 200
    assert found.after.metrics["f1_micro"] == 0
    assert found.change["f1_micro"] == pytest.approx(-found.before.metrics["f1_micro"])
    low, high = found.intervals["f1_micro"]
    assert low < found.change["f1_micro"] < high < 0
    assert found.baseline_change["f1_micro"] == 0
    assert found.baseline_intervals["f1_micro"] == (0, 0)
    assert found.after.baseline == found.before.baseline
    alone = words_removed(replace(result, baseline=None), "names", changed, nothing, resamples=0)
    assert alone.baseline_change is None
    assert alone.after.baseline is None
