import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resumebert.evaluation.intervals import bootstrap
from resumebert.evaluation.metrics import estimates
from resumebert.evaluation.top1 import top1_statistic


def top1_metrics(scores, truth) -> dict[str, float]:
    return estimates(*top1_statistic(scores, truth, np.arange(len(truth))))


def top1_intervals(scores, truth, groups, resamples: int) -> dict[str, tuple[float, float]]:
    return bootstrap(*top1_statistic(scores, truth, groups), resamples=resamples)


def ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def by_definition(scores: list[list[float]], truth: list[list[bool]]) -> dict[str, float]:
    """Single-label scores with loops: the first highest score against the first true label."""
    labels = range(len(scores[0]))
    predicted = [row.index(max(row)) for row in scores]
    true = [row.index(True) if any(row) else 0 for row in truth]
    pairs = list(zip(predicted, true, strict=True))
    sums = {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    for label in labels:
        hits = pairs.count((label, label))
        precision = ratio(hits, predicted.count(label))
        recall = ratio(hits, true.count(label))
        f1 = ratio(2 * precision * recall, precision + recall)
        for name, value in (("precision", precision), ("recall", recall), ("f1", f1)):
            sums[name] += value * true.count(label)
    found = {f"{name}_weighted": value / len(pairs) for name, value in sums.items()}
    return found | {"accuracy": sum(p == t for p, t in pairs) / len(pairs)}


@settings(max_examples=1000)
@given(st.integers(1, 30), st.integers(2, 8), st.integers(0, 2**32 - 1), st.booleans())
def test_equals_the_definition(n: int, num_labels: int, seed: int, tied: bool) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, num_labels))
    if tied:
        scores = np.round(scores)
    truth = rng.random((n, num_labels)) < rng.choice([0.0, 0.1, 0.5, 1.0])
    actual = top1_metrics(scores, truth)
    assert actual == pytest.approx(by_definition(scores.tolist(), truth.tolist()), abs=1e-12)


def test_without_documents_all_is_undefined() -> None:
    found = top1_metrics(np.zeros((0, 3)), np.zeros((0, 3), dtype=bool))
    assert all(map(math.isnan, found.values()))


def test_intervals_are_those_of_documents_drawn_again_by_group() -> None:
    rng = np.random.default_rng(0)
    scores, truth = rng.normal(size=(400, 4)), rng.random((400, 4)) < 0.3
    scores += 2 * truth
    groups = rng.integers(0, 300, 400) * 10
    found = top1_intervals(scores, truth, groups, resamples=2_000)
    numbers = np.unique(groups)
    drawn = [
        top1_metrics(scores[rows], truth[rows])
        for rows in (
            np.concatenate([np.flatnonzero(groups == g) for g in rng.choice(numbers, len(numbers))])
            for _ in range(400)
        )
    ]
    assert found.keys() == drawn[0].keys()
    for name, (low, high) in found.items():
        value = top1_metrics(scores, truth)[name]
        assert low < value < high
        ends = np.quantile([values[name] for values in drawn], [0.025, 0.975])
        assert (low, high) == pytest.approx(ends, abs=0.015), name


def test_duplicates_of_one_document_have_no_interval() -> None:
    scores, truth = np.ones((5, 2)), np.ones((5, 2), dtype=bool)
    ends = top1_intervals(scores, truth, np.zeros(5, dtype=int), resamples=20)
    assert np.isnan(list(ends.values())).all()
