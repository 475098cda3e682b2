"""Windows drawn by what a linear model sees in them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resumebert.data import evidence
from resumebert.data.evidence import FEATURES, Evidence, fit_evidence, get_evidence
from resumebert.data.tokenization import TokenizedTexts
from resumebert.data.windows import Windowing, window_spans

TELLING = {0: 7001, 1: 7002}  # The token that gives a document its label.


def tokenized(documents: list[list[int]]) -> TokenizedTexts:
    ids = np.array([token for document in documents for token in document], dtype=np.int32)
    return TokenizedTexts(ids, np.cumsum([0, *map(len, documents)]))


def corpus(count: int, length: int = 120) -> tuple[TokenizedTexts, np.ndarray, np.ndarray]:
    """Documents of noise; one telling token a label, somewhere; where it is."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, (count, 2)).astype(np.uint8)
    documents = generator.integers(1000, 2000, (count, length))
    places = generator.permuted(np.tile(np.arange(length), (count, 1)), axis=1)[:, :2]
    for row in range(count):
        for label, token in TELLING.items():
            if labels[row, label]:
                documents[row, places[row, label]] = token
    return tokenized(documents.tolist()), labels, places


def weights_of(label_of_token: dict[int, int], labels: int = 2) -> Evidence:
    """Evidence that knows single tokens only."""
    weights = np.zeros((labels, FEATURES), dtype=np.float32)
    for token, label in label_of_token.items():
        tokens, _ = evidence._features(np.array([token], dtype=np.int32))
        weights[label, tokens] = 1.0
    return Evidence(weights)


def test_the_windows_that_hold_the_telling_token_are_drawn() -> None:
    tokens, labels, places = corpus(900)
    fitted = fit_evidence(tokens, labels, np.arange(800), seed=0)
    spans = window_spans(120, 20, 2)
    drawn_right, blindly = [], []
    for row in range(800, 900):  # Documents that were not fitted to.
        if labels[row].sum() != 1:
            continue
        place = places[row, int(labels[row].argmax())]
        holds = (spans[:, 0] <= place) & (place < spans[:, 1])
        drawn = fitted.draw(tokens[row], spans, 1, np.random.default_rng(row))
        drawn_right.append(holds[drawn].any())
        blindly.append(holds.mean())
    assert np.mean(drawn_right) > 0.9
    assert np.mean(blindly) < 0.25


@given(
    ids=st.lists(st.integers(0, 30_000), min_size=1, max_size=60),
    width=st.integers(3, 20),
    seed=st.integers(0, 5),
)
def test_scores_are_the_positive_words_on_each_token_added_up(
    ids: list[int], width: int, seed: int
) -> None:
    array = np.array(ids, dtype=np.int32)
    weights = np.random.default_rng(seed).normal(size=(3, FEATURES)).astype(np.float32)
    found = Evidence(weights)
    spans = window_spans(len(ids), width, 1)
    tokens, pairs = evidence._features(array)
    expected = []
    for start, end in spans:
        by_label = []
        for label in weights:
            total = 0.0
            for place in range(start, end):
                word = label[tokens[place]]
                word += label[pairs[place]] / 2 if place < len(ids) - 1 else 0
                word += label[pairs[place - 1]] / 2 if place > 0 else 0
                total += max(0.0, float(word))
            by_label.append(total)
        expected.append(max(by_label))
    np.testing.assert_allclose(found.of_windows(array, spans), expected, rtol=1e-4, atol=1e-4)


@given(length=st.integers(30, 200), count=st.integers(1, 4), seed=st.integers(0, 1000))
def test_draws_are_in_order_without_repeats_and_repeatable(
    length: int, count: int, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    ids = generator.integers(0, 50, length).astype(np.int32)
    found = weights_of({token: token % 2 for token in range(0, 50, 7)})
    spans = window_spans(length, 6, 1)
    drawn = found.draw(ids, spans, count, np.random.default_rng([seed, 1]))
    assert len(set(drawn.tolist())) == count
    assert (np.diff(drawn) > 0).all()
    again = found.draw(ids, spans, count, np.random.default_rng([seed, 1]))
    np.testing.assert_array_equal(drawn, again)


def test_without_evidence_every_window_is_drawn_as_often() -> None:
    ids = np.zeros(100, dtype=np.int32)
    spans = window_spans(100, 10, 0)
    nothing = Evidence(np.zeros((2, FEATURES), dtype=np.float32))
    generator = np.random.default_rng(0)
    drawn = [int(nothing.draw(ids, spans, 1, generator)[0]) for _ in range(3000)]
    shares = np.bincount(drawn, minlength=len(spans)) / len(drawn)
    np.testing.assert_allclose(shares, 1 / len(spans), atol=0.025)


def test_labels_that_all_or_no_document_has_say_nothing() -> None:
    tokens, labels, _ = corpus(50)
    labels = np.column_stack([labels, np.ones(50), np.zeros(50)]).astype(np.uint8)
    fitted = fit_evidence(tokens, labels, np.arange(50), seed=0)
    assert fitted.weights[:2].any(axis=1).all()
    assert not fitted.weights[2:].any()


@pytest.mark.parametrize("documents", [[], [[]], [[], [5]], [[5], [6, 7]]])
def test_hardly_any_tokens(documents: list[list[int]]) -> None:
    labels = np.arange(2 * len(documents)).reshape(-1, 2) % 2
    fitted = fit_evidence(tokenized(documents), labels.astype(np.uint8), np.arange(len(labels)), 0)
    assert np.isfinite(fitted.weights).all()
    for document in documents:
        ids = np.array(document, dtype=np.int32)
        assert fitted.of_windows(ids, window_spans(len(ids), 5, 0)).shape == (1,)


def test_a_larger_corpus_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens, labels, _ = corpus(60)
    monkeypatch.setattr(evidence, "FIT_DOCUMENTS", 40)
    some = fit_evidence(tokens, labels, np.arange(60), seed=1)
    np.testing.assert_array_equal(
        some.weights, fit_evidence(tokens, labels, np.arange(60), seed=1).weights
    )
    assert (some.weights != fit_evidence(tokens, labels, np.arange(60), seed=2).weights).any()


def test_it_is_fitted_once_and_then_taken_from_the_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RESUMEBERT_CACHE", str(tmp_path))
    tokens, labels, _ = corpus(40)
    first = get_evidence(tokens, labels, np.arange(40), 0, {"what": "a test"})
    monkeypatch.setattr(evidence, "LinearSVC", None)
    again = get_evidence(tokens, labels, np.arange(40), 0, {"what": "a test"})
    np.testing.assert_array_equal(first.weights, again.weights)


def test_a_document_of_which_all_windows_are_read_is_read_in_full() -> None:
    ids = np.arange(100, dtype=np.int32)
    windowing = Windowing("windows", max_length=22, stride=0, max_windows_train=8)
    windows = windowing.training_windows(ids, 5, np.random.default_rng(0), weights_of({3: 0}))
    np.testing.assert_array_equal(np.concatenate(windows), ids)
