"""A document that stands several times in a split is no more evidence than one that stands once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resumebert.data.table import ResumeTable
from resumebert.evaluation.baseline import fit_baseline
from resumebert.evaluation.calibration import METHODS, fit_calibration
from resumebert.evaluation.decisions import fit_decisions
from resumebert.evaluation.label_noise import ScoredSplit, doubtful, suspect_labels
from resumebert.evaluation.thresholds import OBJECTIVES
from resumebert.evaluation.weighting import weighted
from resumebert.settings.schema import EvaluationSettings

QUICK = settings(deadline=None, max_examples=12)
SEED = st.integers(0, 2**32 - 1)


def scored(n: int, num_labels: int, seed: int, grid: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(n, L) logits, on a grid if asked, and targets that follow them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-1, 2, (n, num_labels))
    truth = rng.random(logits.shape) < 1 / (1 + np.exp(-logits))
    return np.round(logits * grid) / grid if grid else logits, truth.astype(np.uint8)


def options(method: str, objective: str, resamples: int = 5) -> EvaluationSettings:
    return EvaluationSettings(
        calibration=method, thresholds=objective, precision_floor=0.8, recall_floor=0.8,
        miss_cost=2.0, threshold_resamples=resamples,
    )  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("objective", OBJECTIVES)
@QUICK
@given(
    n=st.sampled_from([1, 2, 9, 40, 200]),
    seed=SEED,
    grid=st.sampled_from([0, 1, 4]),
    resamples=st.sampled_from([0, 5]),
)
def test_repeating_documents_changes_nothing(method, objective, n, seed, grid, resamples):
    logits, targets = scored(n, 3, seed, grid)
    alone = fit_decisions(logits, targets, "abc", options(method, objective, resamples))
    rng = np.random.default_rng(seed)
    for rows in (
        # All of them often, one often, and one at the end once more.
        np.repeat(np.arange(n), rng.integers(1, 10, n)),
        np.repeat(np.arange(n), np.where(np.arange(n) == rng.integers(n), 9, 1)),
        np.append(np.arange(n), rng.integers(n, size=3)),
    ):
        # Whatever the groups' numbers.
        groups = rng.permutation(n)[rows]
        copied = fit_decisions(
            logits[rows], targets[rows], "abc", options(method, objective, resamples), groups
        )
        assert copied == alone


# Isotonic regression joins neighbours that are equally often true; rounding may part these.
@pytest.mark.parametrize("method", ["none", "temperature", "platt"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_duplicates_with_scores_that_differ_by_rounding_count_as_one(method, objective):
    logits, targets = scored(300, 3, seed=0)
    alone = fit_decisions(logits, targets, "abc", options(method, objective))
    rows = np.repeat(np.arange(300), np.random.default_rng(1).integers(1, 10, 300))
    noisy = logits[rows] + np.random.default_rng(2).normal(0, 1e-9, (len(rows), 3))
    copied = fit_decisions(noisy, targets[rows], "abc", options(method, objective), rows)
    assert copied.thresholds == pytest.approx(alone.thresholds, abs=1e-6)
    assert copied.calibration.slopes == pytest.approx(alone.calibration.slopes, abs=1e-6)
    assert copied.notes == alone.notes


def test_duplicates_that_differ_share_the_weight_of_their_group():
    values = np.array([[0.1], [0.2], [0.1], [0.1], [0.3], [0.1]])
    targets = np.array([[1], [1], [1], [0], [1], [1]])
    found = weighted(values, targets, np.array([7, 3, 7, 7, 3, 7]))
    assert found.values[:, 0].tolist() == [0.1, 0.2, 0.1, 0.3]
    assert found.targets[:, 0].tolist() == [1, 1, 0, 1]
    assert found.weights.tolist() == [0.75, 0.5, 0.25, 0.5]
    assert found.groups.tolist() == [0, 1, 0, 1]
    # Three of four copies have the label: it is as likely for their logit.
    logits = np.array([[2.0]] * 4 + [[-2.0]] * 4)
    mixed = np.array([[1], [1], [1], [0]] + [[0]] * 4)
    groups = np.repeat([0, 1], 4)
    [one] = fit_calibration(logits, mixed, ["a"], "platt", groups).notes
    assert "a (0.75)" in one


@QUICK
@given(n=st.sampled_from([0, 1, 7, 60]), seed=SEED)
def test_documents_without_duplicates_stay_as_they_are(n, seed):
    logits, targets = scored(n, 2, seed, grid=2)
    found = weighted(logits, targets, np.random.default_rng(seed).permutation(n) + 5)
    assert np.array_equal(found.values, logits)
    assert np.array_equal(found.targets, targets)
    assert (found.weights == 1).all()
    assert found.groups.tolist() == list(range(n))


def test_notes_count_texts():
    logits, targets = scored(40, 1, seed=3)
    rows = np.repeat(np.arange(40), 30)
    fewer = min(targets.sum(), 40 - targets.sum())
    notes = fit_decisions(
        logits[rows], targets[rows], "a", options("isotonic", "precision"), rows
    ).notes
    assert f"a ({fewer})" in notes[0]
    assert f"a ({targets.sum()})" in notes[-1]
    # A thousand rows are enough for isotonic regression, forty texts are not.
    assert fit_calibration(logits[rows], targets[rows], "a", "isotonic").knots != [[]]
    assert fit_calibration(logits[rows], targets[rows], "a", "isotonic", rows).knots == [[]]


def test_a_few_texts_with_many_duplicates_do_not_mislead_the_thresholds():
    """160 texts in some thousand rows; a sixth of them to choose by, the others to measure on."""
    figures = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        truth = (rng.random((160, 6)) < 0.25).astype(np.uint8)
        logits = rng.normal(1.5 * (2.0 * truth - 1), 1.5)
        copies = rng.geometric(1 / 6, 160)
        chosen, other = (np.repeat(rows, copies[rows]) for rows in np.split(np.arange(160), [27]))
        decisions = fit_decisions(logits[chosen], truth[chosen], "abcdef", groups=chosen)
        assert decisions == fit_decisions(logits[:27], truth[:27], "abcdef")
        by_rows = fit_decisions(logits[chosen], truth[chosen], "abcdef")
        figures.append(
            [f1(logits[other] >= 0, truth[other])]
            + [
                f1(found.calibration.apply(logits[other]) >= found.thresholds, truth[other])
                for found in (decisions, by_rows)
            ]
        )
    plain, by_text, by_row = np.mean(figures, axis=0)
    assert by_text > plain - 0.02
    assert by_text > by_row + 0.01


def f1(predicted: np.ndarray, truth: np.ndarray) -> float:
    return 2 * (predicted & (truth > 0)).sum() / (predicted.sum() + truth.sum())


def test_the_baseline_chooses_by_texts():
    rng = np.random.default_rng(0)
    words = np.array(["java", "sql", "web", "css", "linux", "python", "team", "and", "of"])
    texts = [" ".join(rng.choice(words, 6)) for _ in range(120)]
    labels = np.array([["java" in t, "web" in t] for t in texts], dtype=np.uint8)
    labels ^= rng.random(labels.shape) < 0.2
    rows = np.repeat(np.arange(80, 120), rng.integers(1, 12, 40))
    train = texts[:80], labels[:80]
    alone = fit_baseline(*train, texts[80:], labels[80:], "ab")
    copied = fit_baseline(*train, [texts[i] for i in rows], labels[rows], "ab", val_groups=rows)
    assert (copied.cost, copied.decisions) == (alone.cost, alone.decisions)


@QUICK
@given(seed=SEED)
def test_suspect_labels_are_the_same_whatever_the_number_of_duplicates(seed):
    logits, targets = scored(60, 3, seed)
    given_, scores = targets > 0, 1 / (1 + np.exp(-logits))
    rows = np.repeat(np.arange(60), np.random.default_rng(seed).integers(1, 9, 60))
    alone = doubtful(given_, scores)
    assert np.array_equal(doubtful(given_[rows], scores[rows], rows), alone[rows])
    ids = [str(place) for place in range(len(rows))]
    table = ResumeTable(ids, [""] * len(rows), targets[rows], "abc", rows, "test")
    split = ScoredSplit("test", table, scores[rows], "model", groups=rows)
    found = suspect_labels([split], "abc", most=10**6)
    assert {(s.row, "abc".index(s.label)) for s in found} == {*map(tuple, np.argwhere(alone))}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("objective", OBJECTIVES)
@QUICK
@given(n=st.sampled_from([2, 30, 200]), seed=SEED)
def test_documents_in_several_views_count_as_the_views_shares(method, objective, n, seed):
    logits, targets = scored(n, 3, seed)
    other = logits - np.random.default_rng(seed).uniform(0, 3, logits.shape)
    settings = options(method, objective)
    found = fit_decisions(logits, targets, "abc", settings, views=[(0.25, other)])
    if objective == "guaranteed":
        # A promise is of documents as they are.
        assert found == fit_decisions(logits, targets, "abc", settings)
        return
    groups = np.tile(np.arange(n), 4)
    stacked = np.concatenate([logits, logits, logits, other])
    assert found == fit_decisions(stacked, np.tile(targets, (4, 1)), "abc", settings, groups)
    alone = fit_decisions(logits, targets, "abc", settings)
    assert fit_decisions(logits, targets, "abc", settings, views=[(0.4, logits)]) == alone


def test_views_move_the_thresholds_towards_the_texts_that_training_reads():
    logits, targets = scored(600, 3, 1)
    alone = fit_decisions(logits, targets, "abc")
    views = fit_decisions(logits, targets, "abc", views=[(0.5, logits - 2)])
    positive = np.linspace(-3, 3, 200)[:, None].repeat(3, axis=1)
    given = [
        (each.calibration.apply(positive) >= np.array(each.thresholds)).mean()
        for each in (alone, views)
    ]
    assert given[1] > given[0]


def test_an_abstention_is_fitted_to_documents_as_they_are():
    logits, targets = scored(400, 3, 2)
    settings = EvaluationSettings(abstain=0.3)
    found = fit_decisions(logits, targets, "abc", settings, views=[(0.3, logits - 2)])
    assert found.abstention is not None
    assert found.abstention.review(found.expected_errors(found.calibration.apply(logits))).any()
