"""Tuned thresholds must not cost: they are used as far as cross-validation shows a gain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import f1_score

from resumebert.evaluation.areas import Flags, Floats
from resumebert.evaluation.calibration import uncalibrated
from resumebert.evaluation.caution import CAUTIOUS, SHARES, between, plain_thresholds
from resumebert.evaluation.decisions import fit_decisions
from resumebert.settings.schema import EvaluationSettings

NAMES = list("abcdefghij")


def scored(seed: int, count: int, offset: float = 0.0, sharp: float = 3.0) -> tuple[Floats, Flags]:
    """Return logits of a model and the truth: calibrated at offset 0 and slope 1."""
    generator = np.random.default_rng(seed)
    logits = sharp * generator.normal(-1.2, 1.5, (count, len(NAMES)))
    truth = generator.random(logits.shape) < expit(logits)
    return logits + offset, truth


def gain(logits: Floats, truth: Flags, rest: Floats, true: Flags) -> Floats:
    decisions = fit_decisions(logits, truth, NAMES)
    tuned = decisions.calibration.apply(rest) >= np.array(decisions.thresholds)
    scores = [
        [f1_score(true, found, average=kind, zero_division=0) for kind in ("micro", "macro")]
        for found in (tuned, rest >= 0)
    ]
    return np.asarray(np.subtract(*scores))


@pytest.mark.parametrize("count", [50, 200])
def test_of_a_model_that_is_right_at_a_half_nothing_is_lost(count: int) -> None:
    rest, true = scored(1000, 4000)
    gains = np.array([gain(*scored(seed, count), rest, true) for seed in range(20)])
    assert (gains.mean(axis=0) > -0.001).all()
    assert (np.quantile(gains, 0.1, axis=0) > -0.005).all()


def test_of_a_model_that_is_far_off_the_gain_is_kept() -> None:
    rest, true = scored(1000, 4000, offset=3)
    gains = np.array([gain(*scored(seed, 100, offset=3), rest, true) for seed in range(6)])
    assert (gains > 0.02).all()


def test_what_is_used_is_said() -> None:
    logits, truth = scored(3, 200)
    decisions = fit_decisions(logits, truth, NAMES)
    plain = plain_thresholds(decisions.calibration, len(NAMES))
    if any(note in decisions.notes for note in CAUTIOUS.values()):
        assert not np.allclose(decisions.thresholds, plain) or CAUTIOUS[0.0] in decisions.notes
    # Too few to be told apart: the plain ones.
    few = fit_decisions(logits[:4], truth[:4], NAMES)
    assert CAUTIOUS[0.0] in few.notes
    assert few.thresholds == plain_thresholds(few.calibration, len(NAMES)).tolist()
    far = fit_decisions(logits + 3, truth, NAMES)
    assert not set(far.notes) & set(CAUTIOUS.values())


def test_other_objectives_and_plain_optima_are_left_alone() -> None:
    logits, truth = scored(4, 60)
    for settings in (
        EvaluationSettings(thresholds="cost"),
        EvaluationSettings(thresholds="fixed"),
        EvaluationSettings(threshold_resamples=0),
    ):
        assert not set(fit_decisions(logits, truth, NAMES, settings).notes) & set(CAUTIOUS.values())


@given(
    ends=st.lists(st.floats(0, 1), min_size=2, max_size=2),
    share=st.sampled_from((0.0, *SHARES)),
)
def test_between_lies_between(ends: list[float], share: float) -> None:
    plain, tuned = (np.array([end]) for end in ends)
    found = between(plain, tuned, share)
    assert min(ends) - 1e-9 <= found[0] <= max(ends) + 1e-9
    assert share not in (0, 1) or found[0] == ends[int(share)]


def test_plain_thresholds_decide_as_the_plain_sigmoid() -> None:
    logits, truth = scored(5, 300, offset=1)
    decisions = fit_decisions(logits, truth, NAMES)
    plain = plain_thresholds(decisions.calibration, len(NAMES))
    assert ((decisions.calibration.apply(logits) >= plain) == (logits >= 0)).all()
    assert plain_thresholds(uncalibrated(2), 2).tolist() == [0.5, 0.5]
