"""Thresholds with a guaranteed recall: exact, held on re-splits, refused of few documents."""

import math

import numpy as np
import pytest
from scipy.stats import beta

from resumebert.evaluation.guaranteed import (
    fewest_documents,
    guaranteed_threshold,
    notes_on_guarantees,
)
from resumebert.settings.schema import EvaluationSettings

RESPLITS = 400


def clopper_pearson(hits, count, confidence):
    return beta.ppf(1 - confidence, hits, count - hits + 1) if hits else 0.0


@pytest.mark.parametrize("floor", [0.5, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("count", [1, 20, 29, 60, 300])
def test_it_is_the_highest_threshold_whose_exact_bound_reaches_the_floor(floor, count):
    scores = np.random.default_rng(count).random(count)
    found = guaranteed_threshold(scores, scores >= 0, np.arange(count), floor, 0.95)
    kept = int((scores >= found.threshold).sum())
    assert found.documents == count
    if found.confidence >= 0.95:
        assert clopper_pearson(kept, count, 0.95) >= floor - 1e-9
        assert kept == 0 or clopper_pearson(kept - 1, count, 0.95) < floor
    else:
        assert kept == count < fewest_documents(floor, 0.95)
        assert found.confidence == pytest.approx(1 - floor**count)


@pytest.mark.parametrize(("floor", "documents"), [(0.9, 400), (0.8, 1500)])
def test_recall_reaches_the_floor_in_as_many_re_splits_as_promised(floor, documents):
    generator = np.random.default_rng(0)
    groups = np.sort(generator.integers(30_000, size=40_000))
    truth = generator.random(40_000) < 0.15
    scores = np.clip(generator.normal(0.3 + 0.3 * truth, 0.15), 0, 1).round(3)
    weights = 1 / np.bincount(groups)[groups]
    names = np.unique(groups)
    reached = []
    for _ in range(RESPLITS):
        rows = np.isin(groups, generator.choice(names, documents, replace=False))
        found = guaranteed_threshold(scores[rows], truth[rows], groups[rows], floor, 0.95)
        others = ~rows & truth
        given = scores[others] >= found.threshold
        reached.append(np.average(given, weights=weights[others]) >= floor)
    assert np.mean(reached) >= 0.95 - 2 * math.sqrt(0.05 * 0.95 / RESPLITS)


def test_the_lowest_score_of_a_group_counts():
    scores = np.array([0.9, 0.2, 0.8, 0.1])
    found = guaranteed_threshold(
        scores, np.array([True, True, True, False]), np.array([0, 0, 1, 2]), 0.3, 0.5
    )
    assert (found.documents, found.confidence) == (2, pytest.approx(0.91))
    assert found.threshold == pytest.approx(0.15)


def test_too_few_documents_are_told():
    few = guaranteed_threshold(np.full(12, 0.4), np.ones(12, bool), np.arange(12), 0.9, 0.95)
    enough = guaranteed_threshold(np.full(29, 0.4), np.ones(29, bool), np.arange(29), 0.9, 0.95)
    assert fewest_documents(0.9, 0.95) == 29
    [told] = notes_on_guarantees(["Nurse", "Cook"], [few, enough], EvaluationSettings())
    assert "Nurse: a recall of 0.9 can't be guaranteed with 95% confidence." in told
    assert "at least 29 validation documents with the label" in told
    assert "it has 12" in told
    assert "72%" in told
