"""Documents sent to a person: the promise holds, on re-splits and in brute force."""

import json
import math
from dataclasses import asdict, replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import binom

from resumebert.evaluation.abstention import (
    Abstention,
    errors_of,
    expected_errors,
    fewest,
    fit_abstention,
    p_value,
    review_curve,
)
from resumebert.evaluation.decisions import _half, fit_decisions, stored_decisions
from resumebert.evaluation.files import write_predictions
from resumebert.evaluation.result import evaluate_scores
from resumebert.settings.schema import EvaluationSettings
from resumebert.utils.errors import UserError

RESPLITS = 300
LABELS = "abcdefghij"


def by_enumeration(probabilities, thresholds):
    """Return the expected errors of one document, over everything that can be true of it."""
    given = probabilities >= thresholds
    total = 0.0
    for truth in product((False, True), repeat=len(probabilities)):
        truth = np.array(truth)
        chance = np.prod(np.where(truth, probabilities, 1 - probabilities))
        total += chance * errors_of(truth[None], given[None])[0]
    return total


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=7),
)
def test_expected_errors_are_those_of_everything_that_can_be_true(labels):
    probabilities, thresholds = np.array(labels).T
    found = expected_errors(probabilities[None], thresholds)
    assert found.shape == (1,)
    assert 0 <= found[0] <= 1
    assert found[0] == pytest.approx(by_enumeration(probabilities, thresholds), abs=1e-9)


def test_expected_errors_of_many_labels_and_of_no_document():
    generator = np.random.default_rng(0)
    probabilities = generator.beta(0.1, 2, size=(1, 400))
    given = probabilities >= 0.3
    drawn = generator.random((20_000, 400)) < probabilities
    mean = errors_of(drawn, np.broadcast_to(given, drawn.shape)).mean()
    assert expected_errors(probabilities, 0.3)[0] == pytest.approx(mean, abs=0.005)
    assert expected_errors(np.zeros((0, 3)), 0.5).shape == (0,)


def test_errors_are_a_share_of_the_labels_that_are_given_or_true():
    truth = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0]], dtype=bool)
    predicted = np.array([[1, 0, 1], [1, 0, 0], [0, 0, 0], [0, 1, 0]], dtype=bool)
    assert errors_of(truth, predicted).tolist() == pytest.approx([2 / 3, 0, 0, 1])


@pytest.mark.parametrize("spread", [0.0, 0.1, 0.9])
def test_p_values_are_at_least_uniform_at_the_level(spread):
    """Of any distribution with the level as its mean, at most a share p has a p-value up to p."""
    generator, level = np.random.default_rng(1), 0.1
    high = level + spread
    values = np.where(generator.random((4000, 80)) < level / high, high, 0.0)
    found = np.array([p_value(row, level) for row in values])
    for share in (0.01, 0.05, 0.2):
        assert (found <= share).mean() <= share + 3 * math.sqrt(share / 4000)


def test_p_values_of_none_and_of_no_error():
    assert p_value(np.zeros(0), 0.1) == 1
    assert p_value(np.zeros(50), 0.1) == pytest.approx(0.9**50)
    assert p_value(np.ones(50), 0.1) == 1
    whole = np.repeat([0.0, 1.0], [95, 5])
    assert p_value(whole, 0.1) <= math.e * binom.cdf(5, 100, 0.1)


def scored(seed, documents=60_000, labels=10):
    """Return truth, calibrated probabilities and groups of scores that are made up."""
    generator = np.random.default_rng(seed)
    # A third of the documents has a duplicate, which is scored almost alike.
    groups = np.sort(generator.integers(documents * 3 // 4, size=documents))
    first = np.unique(groups, return_inverse=True)[1]
    certainty = np.exp(generator.normal(1.5, 1, size=(documents, 1)))[first]
    logits = certainty * generator.normal(-1.5, 2, size=(documents, labels))[first]
    truth = generator.random((documents, labels))[first] < expit(logits)
    logits = logits + generator.normal(0, 0.05, size=logits.shape)
    return truth, expit(np.clip(logits, -20, 20)), groups


@pytest.mark.parametrize(
    ("level", "documents", "slope"),
    [
        (0.05, 1500, 1),
        (0.2, 200, 1),
        (0.2, 600, 1.5),
        pytest.param(0.1, 400, 1, marks=pytest.mark.slow),
        pytest.param(0.1, 400, 0.6, marks=pytest.mark.slow),
    ],
)
def test_the_promise_holds_on_re_splits(level, documents, slope):
    """At most 5 % of the validation sets give a rule that breaks it, however bad the calibration.

    A slope above 1 is overconfident.
    """
    truth, probabilities, groups = scored(seed=0)
    probabilities = expit(slope * logit(probabilities))
    errors = errors_of(truth, probabilities >= 0.5)
    expected = expected_errors(probabilities, 0.5)
    weights = 1 / np.bincount(groups)[groups]
    generator = np.random.default_rng(2)
    names = np.unique(groups)
    broken = decided_at_all = 0
    for _ in range(RESPLITS):
        rows = np.isin(groups, generator.choice(names, documents, replace=False))
        rule = fit_abstention(errors[rows], expected[rows], level, 0.95, groups[rows])
        decided = ~rows & ~rule.review(expected)
        if decided.any():
            decided_at_all += 1
            broken += np.average(errors[decided], weights=weights[decided]) > level
    assert decided_at_all > RESPLITS // 4 or slope != 1
    assert broken <= 0.05 * RESPLITS


def test_a_document_that_stands_many_times_counts_once():
    generator = np.random.default_rng(3)
    expected = generator.random(300) * 0.3
    errors = (generator.random(300) < expected / 3).astype(float)
    groups = np.arange(300)
    alone = fit_abstention(errors, expected, 0.1, 0.95, groups)
    times = generator.integers(1, 6, size=300)
    repeated = (np.repeat(each, times) for each in (errors, expected))
    again = fit_abstention(*repeated, 0.1, 0.95, np.repeat(groups, times))
    assert alone.limit is not None
    assert asdict(again) == pytest.approx(asdict(alone))


def test_where_nothing_can_be_promised_every_document_is_for_review():
    rule = fit_abstention(np.zeros(79), np.zeros(79), 0.05, 0.95, np.arange(79))
    assert rule.limit is None
    assert rule.review(np.array([0.0, 1.0])).all()
    assert (rule.documents, rule.reviewed, rule.errors) == (79, 1.0, None)
    assert "at least 80 such documents without an error" in rule.notes[0]
    enough = fit_abstention(np.zeros(80), np.zeros(80), 0.05, 0.95, np.arange(80))
    assert fewest(0.05, 0.95) == 80
    assert enough.limit == 1
    assert (enough.notes, enough.reviewed, enough.errors) == ([], 0, 0)
    none = fit_abstention(np.zeros(0), np.zeros(0), 0.05, 0.95, np.arange(0))
    assert (none.limit, none.documents, none.reviewed) == (None, 0, 1)


def test_a_rule_is_stored_as_plain_values():
    rule = Abstention(0.05, 0.95, 0.12, 300, 0.2, 0.03)
    assert Abstention.from_plain(asdict(rule)) == rule
    for wrong in ({"limit": -1.0}, {"level": math.nan}, {"confidence": "0.95"}):
        with pytest.raises(ValueError, match="out of range"):
            Abstention.from_plain(asdict(rule) | wrong)
    with pytest.raises(TypeError):
        Abstention.from_plain({"limit": 0.1})


def test_the_curve_goes_through_every_limit():
    errors = np.array([0.0, 1.0, 0.0, 0.5, 0.5])
    expected = np.array([0.1, 0.3, 0.2, 0.3, 0.9])
    curve = review_curve(errors, expected, np.array([0, 1, 2, 3, 3]))
    assert curve.limits.tolist() == [0.1, 0.2, 0.3, 0.9]
    assert curve.reviewed.tolist() == pytest.approx([3 / 4, 2 / 4, 1 / 8, 0])
    assert curve.errors.tolist() == pytest.approx([0, 0, (1 + 0.25) / 3.5, 1.5 / 4])


@pytest.mark.slow
def test_the_promise_holds_with_everything_else_fitted_too():
    """Calibration and F1 thresholds, of the same documents as the promise but for the halving."""
    truth, probabilities, groups = scored(seed=4, documents=20_000)
    logits = 0.4 * logit(probabilities) + 0.3
    options = EvaluationSettings(abstain=0.15, threshold_resamples=0)
    weights = 1 / np.bincount(groups)[groups]
    generator = np.random.default_rng(5)
    names = np.unique(groups)
    broken = decided_at_all = 0
    for _ in range(200):
        rows = np.isin(groups, generator.choice(names, 700, replace=False))
        found = fit_decisions(logits[rows], truth[rows], LABELS, options, groups[rows])
        probable = found.calibration.apply(logits[~rows])
        decided = ~found.review(probable)
        errors = errors_of(truth[~rows], probable >= np.array(found.thresholds))
        if decided.any():
            decided_at_all += 1
            broken += np.average(errors[decided], weights=weights[~rows][decided]) > 0.15
    assert decided_at_all > 100
    assert broken <= 0.05 * 200


def test_half_of_the_groups_are_kept_for_the_promise():
    truth, probabilities, groups = scored(seed=6, documents=400)
    logits = logit(probabilities)
    options = EvaluationSettings(abstain=0.3)
    found = fit_decisions(logits, truth, LABELS, options, groups)
    count = len(np.unique(groups))
    assert found.abstention is not None
    assert found.abstention.documents == count // 2
    # Whatever is true of that half, calibration and thresholds stay as they are.
    kept = _half(groups)
    other = np.where(kept[:, None], ~truth, truth)
    again = fit_decisions(logits, other, LABELS, options, groups)
    assert (again.calibration, again.thresholds) == (found.calibration, found.thresholds)
    assert again.abstention.limit is None
    assert "every document is marked for review" in again.notes[-1]
    assert found == fit_decisions(logits, truth, LABELS, options, groups)


def test_abstention_is_stored_with_the_decisions_and_old_ones_have_none():
    truth, probabilities, groups = scored(seed=6, documents=400)
    found = fit_decisions(
        logit(probabilities), truth, LABELS, EvaluationSettings(abstain=0.3), groups
    )
    plain = json.loads(json.dumps(found.to_plain()))
    assert stored_decisions(plain, 10, "x.ckpt") == found
    without = replace(found, abstention=None)
    assert "abstention" not in without.to_plain()
    assert without.review(probabilities) is None
    with pytest.raises(UserError, match="are damaged"):
        stored_decisions(plain | {"abstention": {"level": 0.3}}, 10, "x.ckpt")


def test_without_validation_every_document_is_for_review():
    nothing = np.zeros((0, 10))
    found = fit_decisions(nothing, nothing, LABELS, EvaluationSettings(abstain=0.3))
    assert found.review(np.full((2, 10), 0.9)).all()


def test_a_result_says_what_is_reviewed_and_what_that_spares(tmp_path):
    truth, probabilities, groups = scored(seed=6, documents=600)
    logits = logit(probabilities)
    decisions = fit_decisions(logits, truth, LABELS, EvaluationSettings(abstain=0.3), groups)
    result = evaluate_scores(
        "test", logits, truth, decisions, list(LABELS),
        ids=[f"r{i}" for i in range(600)], index=np.arange(600), groups=groups, resamples=50,
    )  # fmt: skip
    weights = 1 / np.bincount(groups)[groups]
    weights = np.where(np.isfinite(weights), weights, 0)
    reviewed, errors = (result.metrics[f"abstain/{name}"] for name in ("reviewed", "errors"))
    assert 0 < reviewed < 1
    assert reviewed == pytest.approx(np.average(result.review, weights=weights))
    kept = ~result.review
    assert errors == pytest.approx(np.average(result.errors[kept], weights=weights[kept]))
    low, high = result.intervals["abstain/errors"]
    assert low < errors < high
    write_predictions(tmp_path / "p.csv", result)
    table = pd.read_csv(tmp_path / "p.csv")
    assert list(table.columns)[3:5] == ["review", "expected_errors"]
    assert table["review"].tolist() == result.review.tolist()
    part = result.only(result.review)
    assert part.review.all()
    assert len(part.review) == result.review.sum()
