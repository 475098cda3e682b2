import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from resumebert.evaluation.calibration import (
    ISOTONIC_DOCUMENTS,
    METHODS,
    Calibration,
    fit_calibration,
    uncalibrated,
)
from resumebert.utils.floats import to_probabilities

QUICK = settings(deadline=None, max_examples=60)

SCORES = {
    "ordinary": lambda rng, shape: rng.normal(-1, 3, shape),
    "tied": lambda rng, shape: rng.choice([-2.0, 0.0, 1.0], shape),
    "equal": lambda rng, shape: np.full(shape, 1.5),
    "huge": lambda rng, shape: rng.uniform(-1e4, 1e4, shape),
    "close": lambda rng, shape: 3 + rng.normal(0, 1e-9, shape),
}
TRUTHS = {
    "follows": lambda rng, logits: logits + rng.logistic(0, 1, logits.shape) > 0,
    "parted": lambda rng, logits: logits > 0,
    "reversed": lambda rng, logits: logits < 0,
    "chance": lambda rng, logits: rng.random(logits.shape) < 0.3,
    "none": lambda rng, logits: np.zeros(logits.shape),
    "all": lambda rng, logits: np.ones(logits.shape),
}


@st.composite
def validation_splits(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """(n, L) logits and targets; each label's truth follows its logits in a way of its own."""
    n, num_labels = draw(st.sampled_from([0, 1, 2, 7, 40, 150])), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    logits = SCORES[draw(st.sampled_from(sorted(SCORES)))](rng, (n, num_labels))
    kinds = st.sampled_from(sorted(TRUTHS))
    truth = [TRUTHS[draw(kinds)](rng, logits[:, j]) for j in range(num_labels)]
    return logits, np.stack(truth, axis=1).astype(np.uint8)


def fitted(logits: np.ndarray, targets: np.ndarray, method: str) -> Calibration:
    return fit_calibration(logits, targets, [f"label {j}" for j in range(len(targets.T))], method)


def smoothed(targets: np.ndarray) -> np.ndarray:
    """Platt's targets of a column, or of all pairs together."""
    positives = targets.astype(float).sum()
    negatives = targets.size - positives
    return np.where(targets > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))


def cross_entropy(logits: np.ndarray, targets: np.ndarray) -> float:
    return float(np.mean(np.logaddexp(0, logits) - targets * logits))


def miscalibrated(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three labels: overconfident, underconfident, shifted."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-1, 2, (n, 3))
    targets = (rng.random((n, 3)) < 1 / (1 + np.exp(-logits))).astype(np.uint8)
    return logits * [3.0, 0.5, 1.0] + [0.0, 0.0, 1.5], targets


@QUICK
@given(validation_splits(), st.sampled_from(METHODS))
def test_parameters_are_finite_and_probabilities_keep_the_order(split, method):
    logits, targets = split
    calibration = fitted(logits, targets, method)
    assert Calibration.from_plain(asdict(calibration)) == calibration
    places = np.sort(np.concatenate([logits, logits - 1, logits + 1e-3, logits * 2]), axis=0)
    probabilities = calibration.apply(places)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    # To a rounding of exp, of which neighbouring logits may have different ones.
    assert (np.diff(probabilities, axis=0) >= -1e-15).all()


@QUICK
@given(validation_splits(), st.sampled_from(METHODS))
def test_a_checkpoint_holds_a_calibration_and_gives_it_back(split, method):
    logits, targets = split
    calibration = fitted(logits, targets, method)
    plain = json.loads(json.dumps(asdict(calibration)))
    again = Calibration.from_plain(plain)
    assert again == calibration
    assert (again.apply(logits) == calibration.apply(logits)).all()


def test_a_checkpoint_with_a_calibration_opens_with_weights_only(tmp_path: Path):
    logits, targets = miscalibrated(300)
    calibration = fitted(logits, targets, "isotonic")
    torch.save({"calibration": asdict(calibration)}, tmp_path / "model.ckpt")
    content = torch.load(tmp_path / "model.ckpt", weights_only=True)
    assert Calibration.from_plain(content["calibration"]) == calibration


@QUICK
@given(validation_splits(), st.sampled_from(METHODS))
def test_logits_of_less_precision_get_the_probabilities_of_their_values(split, method):
    logits, targets = split
    calibration = fitted(logits, targets, method)
    single = logits.astype(np.float32)
    found = calibration.apply(single)
    assert found.dtype == np.float64
    assert (found == calibration.apply(single.astype(np.float64))).all()


@QUICK
@given(validation_splits())
def test_the_numbers_are_those_of_the_formulas(split):
    logits, targets = split
    calibration = fitted(logits, targets, "isotonic")
    slopes, offsets = np.array(calibration.slopes), np.array(calibration.offsets)
    with np.errstate(over="ignore"):
        expected = 1 / (1 + np.exp(-(logits * slopes + offsets)))
    for label, knots in enumerate(calibration.knots):
        if knots:
            expected[:, label] = np.interp(logits[:, label], *knots)
    assert calibration.apply(logits) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_uncalibrated_is_the_sigmoid_bit_by_bit(dtype):
    logits = torch.linspace(-800, 800, 3000).reshape(-1, 3).to(dtype)
    targets = (logits > 0).numpy().astype(np.uint8)
    calibration = fitted(logits.double().numpy(), targets, "none")
    found = torch.from_numpy(calibration.apply(logits.double().numpy()))
    assert found.equal(to_probabilities(logits))
    assert calibration == uncalibrated(3)


@QUICK
@given(validation_splits())
def test_no_temperature_fits_better(split):
    logits, targets = split
    if not targets.any() or targets.all():
        return
    wanted = smoothed(targets)
    [slope] = set(fitted(logits, targets, "temperature").slopes)
    best = cross_entropy(slope * logits, wanted)
    # Rounding: a mean of values as large as the scaled logits.
    slack = 1e-12 * (1 + np.abs(logits).max() * slope)
    for other in [1.0, *np.geomspace(0.01, 100, 200)]:
        assert best <= cross_entropy(other * logits, wanted) + slack


@QUICK
@given(validation_splits())
def test_platt_fits_no_label_worse_than_the_temperature(split):
    logits, targets = split
    if not targets.any() or targets.all():
        return
    temperature, platt = (fitted(logits, targets, method) for method in ("temperature", "platt"))
    for label in range(targets.shape[1]):
        column, wanted = logits[:, label], smoothed(targets[:, label])
        before = cross_entropy(temperature.slopes[label] * column, wanted)
        after = cross_entropy(platt.slopes[label] * column + platt.offsets[label], wanted)
        assert after <= before + 1e-9 * (1 + abs(before))


@pytest.mark.parametrize("method", ["temperature", "platt", "isotonic"])
@pytest.mark.parametrize("n", [200, 5000])
def test_calibrated_probabilities_are_likelier_than_the_sigmoid(method, n):
    logits, targets = miscalibrated(n)
    new, truth = miscalibrated(5000, seed=1)
    calibration = fitted(logits, targets, method)

    def likelihood(probabilities: np.ndarray, targets: np.ndarray) -> float:
        return float(np.log(np.where(targets > 0, probabilities, 1 - probabilities)).mean())

    plain = uncalibrated(3)
    assert likelihood(calibration.apply(logits), targets) > likelihood(plain.apply(logits), targets)
    assert likelihood(calibration.apply(new), truth) > likelihood(plain.apply(new), truth)


def test_platt_finds_slopes_and_offsets():
    logits, targets = miscalibrated(100_000)
    calibration = fitted(logits, targets, "platt")
    assert calibration.slopes == pytest.approx([1 / 3, 2, 1], rel=0.03)
    assert calibration.offsets == pytest.approx([0, 0, -1.5], abs=0.05)
    assert calibration.notes == []


@QUICK
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 10, 1000]))
def test_isotonic_is_scikit_learns(seed, grid):
    rng = np.random.default_rng(seed)
    logits = np.round(rng.normal(0, 2, (250, 1)) * grid) / grid
    targets = (rng.random((250, 1)) < 1 / (1 + np.exp(-logits))).astype(np.uint8)
    expected = IsotonicRegression(out_of_bounds="clip").fit(logits[:, 0], smoothed(targets[:, 0]))
    places = np.concatenate([logits, rng.normal(0, 6, (100, 1))])
    probabilities = fitted(logits, targets, "isotonic").apply(places)
    assert probabilities[:, 0] == pytest.approx(expected.predict(places[:, 0]), abs=1e-12)


def test_a_rare_label_gets_the_common_slope_and_an_offset_of_its_own():
    logits, targets = miscalibrated(1000)
    logits, targets = logits[:, [0, 0, 0]], targets[:, [0, 0, 0]]
    targets[:, 1] = 0
    targets[np.argsort(logits[:, 2])[:990], 2] = 0
    temperature, platt = (fitted(logits, targets, method) for method in ("temperature", "platt"))
    assert platt.slopes[1] == pytest.approx(temperature.slopes[1])
    assert platt.apply(logits)[:, 1].mean() == pytest.approx(1 / 1002)
    [note] = platt.notes
    assert "label 1 (0), label 2 (" in note
    isotonic = fitted(logits, targets, "isotonic")
    assert [len(knots) for knots in isotonic.knots] == [2, 0, 0]
    assert isotonic.slopes == platt.slopes


def test_isotonic_wants_documents_with_and_without_the_label():
    logits = np.linspace(-3, 3, 200)[:, None]
    for positives in (ISOTONIC_DOCUMENTS - 1, 200 - ISOTONIC_DOCUMENTS + 1):
        targets = (np.arange(200) >= 200 - positives).astype(np.uint8)[:, None]
        calibration = fitted(logits, targets, "isotonic")
        assert calibration.knots == [[]]
        assert "label 0 (49)" in calibration.notes[0]


def test_logits_that_rank_nothing_are_told():
    logits, targets = miscalibrated(1000)
    notes = fitted(-logits, targets, "platt").notes
    assert "label 0, label 1, label 2" in notes[-1]


@pytest.mark.parametrize(("value", "why"), [(0, "none has a label"), (1, "all labels")])
def test_without_both_kinds_of_documents_nothing_is_calibrated(value, why):
    targets = np.full((5, 2), value, dtype=np.uint8)
    calibration = fitted(np.ones((5, 2)), targets, "platt")
    assert calibration.method == "none"
    assert why in calibration.notes[0]


def test_what_cannot_be_calibrated_is_refused():
    targets = np.array([[0], [1]], dtype=np.uint8)
    with pytest.raises(ValueError, match="method=beta: must be one of none, temperature"):
        fitted(np.zeros((2, 1)), targets, "beta")
    with pytest.raises(ValueError, match="non-finite"):
        fitted(np.array([[0.0], [np.nan]]), targets, "platt")


@pytest.mark.parametrize(
    "change",
    [
        {"method": "beta"},
        {"slopes": [1.0]},
        {"slopes": [1.0, -1.0]},
        {"offsets": [0.0, float("nan")]},
        {"knots": [[], [[0.0, 0.0], [0.1, 0.2]]]},
        {"knots": [[], [[0.0, 1.0], [0.2, 0.1]]]},
        {"knots": [[], [[0.0, 1.0], [0.2]]]},
    ],
)
def test_an_edited_calibration_is_refused(change):
    with pytest.raises(ValueError, match="not a calibration"):
        Calibration.from_plain(asdict(uncalibrated(2)) | change)
