import json
import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata
from sklearn import metrics as sk

from resumebert.evaluation import comparison as module
from resumebert.evaluation.comparison import differing, holm, paired_comparison
from resumebert.evaluation.intervals import bootstrap_intervals

NAMES = ["a", "b", "c"]
METRICS = ["f1_micro", "f1_macro", "subset_accuracy", "ap_macro", "f1/a", "f1/b", "f1/c"]


def two_models(n: int = 80, seed: int = 0, better: float = 0.0):
    """Return both models' probabilities, in 40ths, and the targets."""
    rng = np.random.default_rng(seed)
    targets = (rng.random((n, 3)) < [0.5, 0.4, 0.3]).astype(int)
    models = [
        np.round(np.clip(rng.normal(0.35 + (0.3 + gain) * targets, 0.2), 0, 1) * 40) / 40
        for gain in (0.0, better)
    ]
    return *models, targets


def values(first, second, targets, limits) -> tuple[dict[str, float], dict[str, float]]:
    """What scikit-learn says of both."""
    found = []
    for scores, limit in zip((first, second), limits, strict=True):
        by_label = sk.f1_score(targets, scores >= limit, average=None)
        found.append(
            {
                "f1_micro": sk.f1_score(targets, scores >= limit, average="micro"),
                "f1_macro": sk.f1_score(targets, scores >= limit, average="macro"),
                "subset_accuracy": sk.accuracy_score(targets, scores >= limit),
                "ap_macro": sk.average_precision_score(targets, scores, average="macro"),
                **{f"f1/{name}": value for name, value in zip(NAMES, by_label, strict=True)},
            }
        )
    return found[0], found[1]


def test_differences_and_p_values_are_those_of_exchanging_groups_one_after_the_other() -> None:
    first, second, targets = two_models(40, better=0.1)
    groups = np.random.default_rng(1).integers(0, 25, 40)
    limits = np.array([0.5, 0.4, 0.5]), np.array([0.45, 0.5, 0.55])
    actual = paired_comparison(first, second, targets, limits, NAMES, groups, resamples=60, seed=3)
    one, other = values(first, second, targets, limits)
    numbers = np.unique(groups, return_inverse=True)[1]
    swaps = np.concatenate(list(module._swaps(7, numbers.max() + 1, 60, 3)))
    assert swaps.mean() == pytest.approx(0.5, abs=0.1)
    ranks = [rankdata(scores, axis=0) for scores in (first, second)]
    decided = [scores >= limit for scores, limit in zip((first, second), limits, strict=True)]
    # Decisions, too, are scores: of 0 and 1, with the threshold 0.5.
    extreme = dict.fromkeys(METRICS, 1)
    for swap in swaps:
        chosen = swap[numbers].astype(bool)[:, None]
        for pair in (decided, ranks):
            mixed = np.where(chosen, pair[1], pair[0]), np.where(chosen, pair[0], pair[1])
            left, right = values(*mixed, targets, (0.5, 0.5))
            for name in METRICS:
                if (name == "ap_macro") == (pair is ranks):
                    found = abs(right[name] - left[name])
                    extreme[name] += found >= abs(other[name] - one[name]) - 1e-9
    assert list(actual.metrics) == METRICS
    for name, found in actual.metrics.items():
        assert found.first == pytest.approx(one[name])
        assert found.second == pytest.approx(other[name])
        assert found.difference == pytest.approx(other[name] - one[name])
        assert found.p == extreme[name] / 61, name


def test_identical_models_differ_in_nothing() -> None:
    scores, _, targets = two_models()
    found = paired_comparison(scores, scores, targets, (0.5, 0.5), NAMES, resamples=100)
    assert found.differing == []
    for name, difference in found.metrics.items():
        assert (difference.difference, difference.low, difference.high) == (0, 0, 0)
        assert difference.p == 1
        assert difference.p_holm == 1 or name in module.MAIN


def test_another_scale_of_the_probabilities_is_no_difference() -> None:
    scores, _, targets = two_models()
    found = paired_comparison(scores, scores**2, targets, (0.49, 0.49**2), NAMES, resamples=100)
    assert found.differing == []
    assert {difference.p for difference in found.metrics.values()} == {1.0}


def test_exchanged_models_have_the_opposite_difference() -> None:
    first, second, targets = two_models(better=0.1)
    forth = paired_comparison(first, second, targets, (0.5, 0.4), NAMES, resamples=300)
    back = paired_comparison(second, first, targets, (0.4, 0.5), NAMES, resamples=300)
    for name, difference in forth.metrics.items():
        opposite = back.metrics[name]
        assert (opposite.first, opposite.second) == (difference.second, difference.first)
        assert (opposite.low, opposite.high) == pytest.approx((-difference.high, -difference.low))
        assert (opposite.p, opposite.p_holm) == pytest.approx(
            (difference.p, difference.p_holm), nan_ok=True
        )


def test_a_better_model_is_found_out() -> None:
    found = paired_comparison(*two_models(600, better=0.4), (0.5, 0.5), NAMES, resamples=999)
    for name, difference in found.metrics.items():
        assert difference.low > 0, name
        assert difference.p < 0.01, name
    assert found.metrics["f1_micro"].p == 0.001


def test_pairing_gives_shorter_intervals_than_two_apart() -> None:
    first, _, targets = two_models(300)
    second = np.clip(first + np.random.default_rng(0).normal(0, 0.02, first.shape), 0, 1)
    found = paired_comparison(first, second, targets, (0.5, 0.5), NAMES, resamples=300)
    paired = found.metrics["f1_micro"]
    low, high = bootstrap_intervals(first, targets, 0.5, NAMES, resamples=300)["f1_micro"]
    assert paired.high - paired.low < (high - low) / 2


def test_models_alike_seldom_differ_by_chance() -> None:
    p_values = []
    for seed in range(200):
        targets = np.random.default_rng(seed).random((60, 3)) < 0.4
        groups = np.arange(60) // 2
        # Copies stand and fall together: taken one by one they would look like more evidence.
        noise = np.random.default_rng([1, seed]).normal(size=(2, 30, 3))[:, groups]
        first, second = np.clip(0.4 + 0.2 * targets + 0.2 * noise, 0, 1)
        limits = (0.5, 0.5)
        found = paired_comparison(first, second, targets, limits, NAMES, groups, resamples=39)
        p_values.append([found.metrics[name].p for name in ("f1_micro", "ap_macro")])
    # At a true share of 0.05, 22 of 200 or more have a probability below 0.001.
    assert (np.mean(np.array(p_values) <= 0.05, axis=0) < 0.11).all()


def test_duplicates_in_one_group_give_no_more_evidence() -> None:
    first, second, targets = two_models(30, better=0.1)
    once = paired_comparison(first, second, targets, (0.5, 0.5), NAMES, resamples=300)
    copies = [np.repeat(part, 4, axis=0) for part in (first, second, targets)]
    groups = np.repeat(np.arange(30), 4)
    often = paired_comparison(*copies, (0.5, 0.5), NAMES, groups, resamples=300)
    for name in METRICS:
        assert often.metrics[name].p == once.metrics[name].p
        assert often.metrics[name].low == pytest.approx(once.metrics[name].low)
    assert (often.documents, often.groups) == (120, 30)


def test_one_group_can_only_be_exchanged_as_a_whole() -> None:
    found = paired_comparison(*two_models(), (0.5, 0.5), NAMES, np.zeros(80, int), resamples=50)
    assert {difference.p for difference in found.metrics.values()} == {1.0}
    assert all(math.isnan(difference.low) for difference in found.metrics.values())


def test_an_absent_label_is_undefined_and_not_counted() -> None:
    first, second, targets = two_models(better=0.1)
    targets[:, 1] = 0
    found = paired_comparison(first, second, targets, (0.5, 0.5), NAMES, resamples=100).metrics
    absent = found["f1/b"]
    assert all(math.isnan(v) for v in (absent.first, absent.low, absent.p, absent.p_holm))
    assert found["f1_macro"].first == pytest.approx((found["f1/a"].first + found["f1/c"].first) / 2)
    two = sorted([found["f1/a"], found["f1/c"]], key=lambda difference: difference.p)
    assert two[0].p_holm == pytest.approx(min(1, 2 * two[0].p))


@settings(deadline=None)
@given(st.lists(st.integers(1, 100).map(lambda n: n / 100), min_size=1, max_size=6))
def test_holm_is_the_closure_of_bonferroni(p_values) -> None:
    by_name = {str(place): p for place, p in enumerate(p_values)}
    corrected = holm(by_name | {"undefined": math.nan})
    assert math.isnan(corrected.pop("undefined"))
    assert list(corrected) == list(by_name)
    # Rejected is what is in no set whose smallest p-value, times the set's size, is too large.
    for name, p in corrected.items():
        sets = [
            chosen
            for size in range(1, len(by_name) + 1)
            for chosen in combinations(by_name, size)
            if name in chosen
        ]
        worst = max(min(1, len(chosen) * min(by_name[n] for n in chosen)) for chosen in sets)
        assert p == pytest.approx(worst)


def test_holms_example() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}) == pytest.approx(
        {"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02}
    )
    assert holm({}) == {}


def test_documents_with_other_decisions_are_named() -> None:
    first = np.array([[1, 0], [1, 1], [0, 0], [0, 1]], dtype=bool)
    assert differing(first, first[[0, 0, 2, 2]]) == [1, 3]
    scores = np.array([[0.9, 0.1], [0.6, 0.1], [0.4, 0.2]])
    found = paired_comparison(scores, scores, scores > 0.5, (0.5, [0.3, 0.5]), "ab", resamples=10)
    assert found.differing == [2]


def test_seeds_decide() -> None:
    models = two_models(better=0.1)

    def compare(seed: int):
        return paired_comparison(*models, (0.5, 0.5), NAMES, resamples=100, seed=seed).to_json()

    assert compare(0) == compare(0)
    assert compare(0) != compare(1)


def test_a_comparison_becomes_plain_json() -> None:
    first, second, targets = two_models()
    targets[:, 1] = 0
    found = paired_comparison(first, second, targets, (0.5, 0.5), NAMES, resamples=20, level=0.9)
    content = found.to_json()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["metrics"]["f1/b"]["p"] is None
    assert content["metrics"]["f1_micro"]["p"] == found.metrics["f1_micro"].p
    assert content["metrics"]["f1_micro"]["p_holm"] is None
    assert (content["documents"], content["resamples"], content["level"]) == (80, 20, 0.9)


def test_no_documents() -> None:
    nothing = np.zeros((0, 3))
    found = paired_comparison(nothing, nothing, nothing, (0.5, 0.5), NAMES, resamples=5)
    assert all(math.isnan(difference.p) for difference in found.metrics.values())


def test_models_of_different_documents_are_refused() -> None:
    first, second, targets = two_models()
    with pytest.raises(ValueError, match="shape"):
        paired_comparison(first, second[:-1], targets, (0.5, 0.5), NAMES)
    with pytest.raises(ValueError, match="thresholds"):
        paired_comparison(first, second, targets, (0.5, [0.5, 0.5]), NAMES)
    with pytest.raises(ValueError, match="resamples"):
        paired_comparison(first, second, targets, (0.5, 0.5), NAMES, resamples=0)
