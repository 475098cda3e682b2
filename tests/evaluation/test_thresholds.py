import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from resumebert.evaluation.thresholds import OBJECTIVES, mean_highest_f1, tune_thresholds
from resumebert.settings.schema import EvaluationSettings

FLOORS = st.sampled_from([0.3, 0.5, 2 / 3, 0.9, 1.0])
COSTS = st.sampled_from([0.1, 0.5, 1.0, 5.0])


def tune(probabilities, targets, label_names, objective="f1", resamples=50, **options):
    settings = EvaluationSettings(thresholds=objective, threshold_resamples=resamples, **options)
    return tune_thresholds(probabilities, targets, label_names, settings)


def plain_optimum(scores, targets) -> np.ndarray:
    return tune(scores, targets, names(targets), "f1", resamples=0).thresholds


@given(
    st.lists(
        st.tuples(st.integers(-5, 5).map(lambda n: n / 4), st.booleans()), min_size=1, max_size=40
    )
)
def test_no_cut_point_is_better(rows):
    scores = np.array([[score] for score, _ in rows])
    targets = np.array([[int(target)] for _, target in rows])
    if not targets.any():
        assert mean_highest_f1(scores, targets) == 0
        return

    def f1(cut: float, scores: np.ndarray) -> float:
        return f1_score(targets[:, 0], scores[:, 0] >= cut, zero_division=0)

    best = max(f1(cut, scores) for cut in [*scores[:, 0], 99])
    # Scores are on any scale, thresholds are of probabilities.
    assert mean_highest_f1(scores, targets) == pytest.approx(best)
    probabilities = (scores + 1.25) / 2.5
    assert f1(plain_optimum(probabilities, targets)[0], probabilities) == pytest.approx(best)


def test_labels_have_thresholds_of_their_own():
    scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.3], [0.2, 0.4]])
    targets = np.array([[1, 0], [1, 0], [0, 0], [0, 1]])
    assert plain_optimum(scores, targets) == pytest.approx([0.5, 0.35])
    # A label that no document has is not counted.
    assert mean_highest_f1(np.hstack([scores, scores]), np.hstack([targets, 0 * targets])) == 1


@st.composite
def validation_splits(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """(n, L) probabilities with ties, 0 and 1 among them, and targets."""
    n, num_labels = draw(st.integers(0, 30)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    grid = draw(st.sampled_from([2, 5, 20, 10**9]))
    probabilities = rng.integers(0, grid + 1, (n, num_labels)) / grid
    if draw(st.booleans()):
        # Neighbouring floats: nothing lies midway.
        probabilities = np.where(rng.random((n, num_labels)) < 0.5, 0.3, np.nextafter(0.3, 1))
    density = draw(st.sampled_from([0.1, 0.5, 0.9]))
    return probabilities, (rng.random((n, num_labels)) < density).astype(np.uint8)


def names(targets: np.ndarray) -> list[str]:
    return [f"label {j}" for j in range(targets.shape[1])]


def all_cuts(probabilities: np.ndarray, targets: np.ndarray) -> list[tuple[int, int, int]]:
    """Hits, false alarms and misses of every threshold in [0, 1]."""
    return [counts(probabilities, targets, cut) for cut in [*probabilities, 0.0, 1.0]]


def counts(probabilities: np.ndarray, targets: np.ndarray, cut: float) -> tuple[int, int, int]:
    predicted, has = probabilities >= cut, targets > 0
    return (
        int((predicted & has).sum()),
        int((predicted & ~has).sum()),
        int((~predicted & has).sum()),
    )


def f1(hits: int, false_alarms: int, misses: int) -> float:
    return 2 * hits / (2 * hits + false_alarms + misses)


def precision(hits: int, false_alarms: int, misses: int) -> float:
    return hits / (hits + false_alarms) if hits else 0.0


def recall(hits: int, false_alarms: int, misses: int) -> float:
    return hits / (hits + misses)


@settings(deadline=None)
@given(validation_splits(), st.sampled_from(OBJECTIVES), FLOORS, COSTS, COSTS)
def test_no_threshold_serves_the_objective_better(split, objective, floor, miss, false_alarm):
    probabilities, targets = split
    tuned = tune(
        probabilities,
        targets,
        names(targets),
        objective,
        precision_floor=floor,
        recall_floor=floor,
        miss_cost=miss,
        false_alarm_cost=false_alarm,
        resamples=0,
    )
    assert ((tuned.thresholds >= 0) & (tuned.thresholds <= 1)).all()
    for label, threshold in enumerate(tuned.thresholds):
        column, has = probabilities[:, label], targets[:, label]
        if objective == "fixed" or not has.any():
            expected = false_alarm / (false_alarm + miss) if objective == "cost" else 0.5
            assert threshold == expected
            continue
        found, cuts = counts(column, has, threshold), all_cuts(column, has)
        if objective == "f1":
            assert f1(*found) == max(f1(*cut) for cut in cuts)
        elif objective == "cost":
            costs = [miss * cut[2] + false_alarm * cut[1] for cut in [found, *cuts]]
            assert costs[0] == min(costs)
        elif objective == "precision" and max(precision(*cut) for cut in cuts) < floor:
            assert precision(*found) == max(precision(*cut) for cut in cuts)
            assert any(f"label {label}: no threshold reaches" in note for note in tuned.notes)
        elif objective == "precision":
            assert precision(*found) >= floor
            assert recall(*found) == max(recall(*c) for c in cuts if precision(*c) >= floor)
        else:
            assert recall(*found) >= floor
            assert precision(*found) == max(precision(*c) for c in cuts if recall(*c) >= floor)


@settings(deadline=None, max_examples=50)
@given(validation_splits(), st.sampled_from(["f1", "cost"]))
def test_averaged_thresholds_are_probabilities_and_come_out_alike(split, objective):
    probabilities, targets = split
    tuned = tune(probabilities, targets, names(targets), objective, resamples=5)
    again = tune(probabilities, targets, names(targets), objective, resamples=5)
    assert ((tuned.thresholds > 0) & (tuned.thresholds < 1)).all()
    assert tuned.thresholds.tolist() == again.thresholds.tolist()


def simulated(positives: int, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated probabilities of one label with so many positives, exactly."""
    targets = (np.arange(n) < positives).astype(np.uint8)
    logits = 2 * rng.normal(2.0 * targets - 1, 1) + np.log(positives / (n - positives))
    return 1 / (1 + np.exp(-logits)), targets


def test_averages_do_better_on_other_documents_than_the_optimum():
    rng = np.random.default_rng(0)
    quality: dict[int, list[float]] = {0: [], 50: []}
    for _ in range(30):
        columns = [simulated(positives, 300, rng) for positives in (5, 8, 12, 20, 40)]
        tests = [simulated(10 * positives, 3000, rng) for positives in (5, 8, 12, 20, 40)]
        probabilities, targets = (np.stack(part, axis=1) for part in zip(*columns, strict=True))
        for resamples, found in quality.items():
            tuned = tune(probabilities, targets, names(targets), resamples=resamples)
            found += [
                f1(*counts(*test, cut)) for test, cut in zip(tests, tuned.thresholds, strict=True)
            ]
    assert np.mean(quality[50]) > np.mean(quality[0]) + 0.01


def test_with_many_documents_averages_stay_near_the_optimum():
    rng = np.random.default_rng(0)
    probabilities, targets = simulated(2000, 20_000, rng)
    [averaged] = tune(probabilities[:, None], targets[:, None], ["A"]).thresholds
    [plain] = plain_optimum(probabilities[:, None], targets[:, None])
    achieved, best = (f1(*counts(probabilities, targets, cut)) for cut in (averaged, plain))
    assert achieved == pytest.approx(best, abs=0.003)


def test_the_cheapest_threshold_of_calibrated_probabilities_is_elkans():
    rng = np.random.default_rng(0)
    probabilities = rng.random((20_000, 1))
    targets = (rng.random((20_000, 1)) < probabilities).astype(np.uint8)
    tuned = tune(probabilities, targets, ["A"], "cost", miss_cost=4.0, false_alarm_cost=1.0)
    assert tuned.thresholds == pytest.approx([0.2], abs=0.03)


def test_the_notes_name_the_labels_and_what_can_be_reached():
    probabilities = np.array([[0.9, 0.9, 0.1], [0.8, 0.8, 0.2], [0.1, 0.1, 0.3]])
    targets = np.array([[0, 1, 0], [1, 1, 0], [0, 0, 0]], dtype=np.uint8)
    tuned = tune(
        probabilities, targets, ["Unclear", "Clear", "Absent"], "precision", precision_floor=0.8
    )
    assert tuned.notes == [
        "No validation document has the label Absent: its threshold is 0.5.",
        "Unclear: no threshold reaches a precision of 0.8 on validation. It gets the one of the "
        "highest, 0.500, where the recall is 1.000.",
        "Few validation documents have the label Unclear (1), Clear (2): expect a lower precision "
        "on other documents than the floor that holds on these.",
    ]
    assert tuned.thresholds == pytest.approx([0.45, 0.45, 0.5])


def test_without_documents_thresholds_are_the_default():
    nothing = np.zeros((0, 2))
    for objective in OBJECTIVES:
        tuned = tune(nothing, nothing.astype(np.uint8), ["A", "B"], objective)
        assert tuned.thresholds.tolist() == [0.5, 0.5]


def test_an_unknown_objective_is_refused():
    with pytest.raises(ValueError, match="objective=accuracy: must be one of fixed, f1"):
        tune(np.zeros((1, 1)), np.ones((1, 1), dtype=np.uint8), ["A"], "accuracy")
