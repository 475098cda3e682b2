"""How logits become probabilities and labels: calibration and thresholds, chosen on validation."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from resumebert.evaluation.calibration import Calibration, fit_calibration, uncalibrated
from resumebert.evaluation.thresholds import RESAMPLES, tune_thresholds


@dataclass(frozen=True)
class Decisions:
    """What a checkpoint says on how its logits are to be used.

    Attributes:
        calibration: from logits to probabilities.
        thresholds: L probabilities, calibrated, from which on a label is predicted.
        notes: what a reader must know: labels with too few documents, floors out of reach.
    """

    calibration: Calibration
    thresholds: list[float]
    notes: list[str] = field(default_factory=list)


def plain_decisions(num_labels: int) -> Decisions:
    """Return the plain sigmoid at 0.5."""
    return Decisions(uncalibrated(num_labels), [0.5] * num_labels)


def fit_decisions(
    logits: npt.NDArray[np.floating],
    targets: npt.NDArray[np.integer],
    label_names: Sequence[str],
    *,
    calibration: str = "platt",
    thresholds: str = "f1",
    precision_floor: float = 0.9,
    recall_floor: float = 0.9,
    miss_cost: float = 1.0,
    false_alarm_cost: float = 1.0,
    threshold_resamples: int = RESAMPLES,
) -> Decisions:
    """Fit the calibration to validation documents, then tune thresholds of what it gives for them.

    Args:
        logits: (n, L), finite; n may be 0: then they are used as they are, at 0.5.
        targets: (n, L) of 0 and 1.
        label_names: L names, for the notes.
        calibration: a method of :func:`resumebert.evaluation.calibration.fit_calibration`.
        thresholds: an objective of :func:`resumebert.evaluation.thresholds.tune_thresholds`, which
            the other arguments go to.
        precision_floor: see there.
        recall_floor: see there.
        miss_cost: see there.
        false_alarm_cost: see there.
        threshold_resamples: its ``resamples``.
    """
    if len(logits) == 0:
        return plain_decisions(len(label_names))
    fitted = fit_calibration(logits, targets, label_names, calibration)
    tuned = tune_thresholds(
        fitted.apply(logits),
        targets,
        label_names,
        thresholds,
        precision_floor=precision_floor,
        recall_floor=recall_floor,
        miss_cost=miss_cost,
        false_alarm_cost=false_alarm_cost,
        resamples=threshold_resamples,
    )
    return Decisions(fitted, tuned.thresholds.tolist(), [*fitted.notes, *tuned.notes])
