"""How logits become probabilities and labels: calibration and thresholds, chosen on validation."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from resumebert.evaluation.calibration import Calibration, fit_calibration, uncalibrated
from resumebert.evaluation.thresholds import DEFAULT, RESAMPLES, tune_thresholds
from resumebert.utils.errors import UserError


@dataclass(frozen=True)
class DecisionOptions:
    """What calibration and thresholds are chosen by; the keys of ``evaluation`` in a config.

    Attributes:
        calibration: a method of :func:`resumebert.evaluation.calibration.fit_calibration`.
        thresholds: an objective of :func:`resumebert.evaluation.thresholds.tune_thresholds`, which
            the other attributes go to.
        precision_floor: see there.
        recall_floor: see there.
        miss_cost: see there.
        false_alarm_cost: see there.
        threshold_resamples: its ``resamples``.
    """

    calibration: str = "platt"
    thresholds: str = "f1"
    precision_floor: float = 0.9
    recall_floor: float = 0.9
    miss_cost: float = 1.0
    false_alarm_cost: float = 1.0
    threshold_resamples: int = RESAMPLES


DEFAULT_OPTIONS = DecisionOptions()
WITHOUT_DECISIONS = (
    "The checkpoint has no tuned thresholds and no calibration: it was written before its training "
    "had ended, or by an older version. Probabilities are the plain sigmoid's, thresholds 0.5."
)


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

    def to_plain(self) -> dict[str, Any]:
        """Return a dictionary of plain Python values."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Decisions":
        """Return what :meth:`to_plain` was called on.

        Raises:
            ValueError: the values are none that :func:`fit_decisions` gives.
            TypeError: a key is missing or unknown.
        """
        decisions = cls(**{**plain, "calibration": Calibration.from_plain(plain["calibration"])})
        limits = decisions.thresholds
        if len(limits) != len(decisions.calibration.slopes) or not all(0 <= x <= 1 for x in limits):
            raise ValueError(f"not the thresholds of these labels: {limits}")
        return decisions


def plain_decisions(num_labels: int, notes: Sequence[str] = ()) -> Decisions:
    """Return the plain sigmoid at 0.5."""
    return Decisions(uncalibrated(num_labels), [DEFAULT] * num_labels, list(notes))


def stored_decisions(plain: Mapping[str, Any] | None, num_labels: int, where: str) -> Decisions:
    """Return a checkpoint's decisions; the plain sigmoid at 0.5, with a note, if it has none.

    Args:
        plain: as the checkpoint holds them.
        num_labels: that they must be of.
        where: what to call the checkpoint in a message.

    Raises:
        UserError: they are damaged.
    """
    if plain is None:
        return plain_decisions(num_labels, [WITHOUT_DECISIONS])
    try:
        decisions = Decisions.from_plain(plain)
        if len(decisions.thresholds) != num_labels:
            raise ValueError("they are of another number of labels")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(
            f"{where}: the checkpoint's calibration and thresholds are damaged ({error}); use "
            "another copy of it."
        ) from error
    return decisions


def fit_decisions(
    logits: npt.NDArray[np.floating],
    targets: npt.NDArray[np.integer] | npt.NDArray[np.bool_],
    label_names: Sequence[str],
    options: DecisionOptions = DEFAULT_OPTIONS,
    groups: npt.NDArray[np.integer] | None = None,
) -> Decisions:
    """Fit the calibration to validation documents, then tune thresholds of what it gives for them.

    A group of copies counts as one document.

    Args:
        logits: (n, L), finite; n may be 0: then they are used as they are, at 0.5.
        targets: (n, L) of 0 and 1.
        label_names: L names, for the notes.
        options: what to choose by.
        groups: (n,) group number of each document; copies share one. None: there are no copies.
    """
    if len(logits) == 0:
        return plain_decisions(
            len(label_names),
            [
                "No validation document was scored, so nothing is calibrated and no threshold "
                "tuned: probabilities are the plain sigmoid's, thresholds 0.5."
            ],
        )
    truth = targets.astype(np.uint8)
    calibration = fit_calibration(logits, truth, label_names, options.calibration, groups)
    tuned = tune_thresholds(
        calibration.apply(logits),
        truth,
        label_names,
        options.thresholds,
        precision_floor=options.precision_floor,
        recall_floor=options.recall_floor,
        miss_cost=options.miss_cost,
        false_alarm_cost=options.false_alarm_cost,
        resamples=options.threshold_resamples,
        groups=groups,
    )
    return Decisions(calibration, tuned.thresholds.tolist(), [*calibration.notes, *tuned.notes])
