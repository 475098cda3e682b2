"""How logits become probabilities and labels: calibration and thresholds, chosen on validation."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from resumebert.evaluation.calibration import Calibration, fit_calibration, uncalibrated
from resumebert.evaluation.own_calibration import OwnCalibration
from resumebert.evaluation.thresholds import DEFAULT, tune_thresholds
from resumebert.settings.schema import DEFAULTS, EvaluationSettings
from resumebert.utils.errors import UserError

WITHOUT_DECISIONS = (
    "The checkpoint has no tuned thresholds and no calibration: its training had not ended, or an "
    "older version wrote it. Probabilities are the plain sigmoid's, thresholds 0.5."
)
WITHOUT_VALIDATION = (
    "No validation document was scored, so nothing is calibrated and no threshold tuned: "
    "probabilities are the plain sigmoid's, thresholds 0.5."
)
# Of splits that the training has used, what their figures are worth.
FLATTERED = {
    "train": "The model was trained on these documents, so their figures flatter it.",
    "val": "The checkpoint, its calibration and its thresholds were chosen on these documents, so "
    "their figures flatter it.",
    "all": "The model was trained on some of these documents, so their figures flatter it.",
}


@dataclass(frozen=True)
class Decisions:
    """What a checkpoint says on how its logits are to be used.

    Attributes:
        calibration: from logits to probabilities.
        thresholds: L probabilities, calibrated, from which on a label is predicted.
        notes: what a reader must know: labels with too few documents, floors out of reach.
    """

    calibration: Calibration | OwnCalibration
    thresholds: list[float]
    notes: list[str] = field(default_factory=list)

    def to_plain(self) -> dict[str, Any]:
        """Return a dictionary of plain Python values."""
        if isinstance(self.calibration, OwnCalibration):
            return {**vars(self), "calibration": self.calibration.to_plain()}
        return asdict(self)

    @classmethod
    def from_plain(
        cls, plain: Mapping[str, Any], trust: Sequence[str] = (), where: str = "ckpt"
    ) -> "Decisions":
        """Return what :meth:`to_plain` was called on; see :func:`stored_decisions`.

        Raises:
            ValueError: the values are none that :func:`fit_decisions` gives.
            TypeError: a key is missing or unknown.
        """
        stored, limits = plain["calibration"], plain["thresholds"]
        calibration: Calibration | OwnCalibration
        if "parameters" in stored:
            calibration = OwnCalibration.from_plain(stored, trust, where)
        else:
            calibration = Calibration.from_plain(stored)
            if len(calibration.slopes) != len(limits):
                raise ValueError("calibration and thresholds are of different labels")
        if not all(0 <= limit <= 1 for limit in limits):
            raise ValueError(f"not the thresholds of these labels: {limits}")
        return cls(**{**plain, "calibration": calibration})


def plain_decisions(num_labels: int, notes: Sequence[str] = ()) -> Decisions:
    """Return the plain sigmoid at 0.5."""
    return Decisions(uncalibrated(num_labels), [DEFAULT] * num_labels, list(notes))


def stored_decisions(
    plain: Mapping[str, Any] | None, num_labels: int, where: str, trust: Sequence[str] = ()
) -> Decisions:
    """Return a checkpoint's decisions; the plain sigmoid at 0.5, with a note, if it has none.

    Args:
        plain: as the checkpoint holds them.
        num_labels: that they must be of.
        where: what to call the checkpoint in a message.
        trust: packages of the user's own, whose calibration the checkpoint may name.

    Raises:
        UserError: they are damaged, or name code of a package that is not trusted.
    """
    if plain is None:
        return plain_decisions(num_labels, [WITHOUT_DECISIONS])
    try:
        decisions = Decisions.from_plain(plain, trust, where)
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
    settings: EvaluationSettings = DEFAULTS,
    groups: npt.NDArray[np.integer] | None = None,
) -> Decisions:
    """Fit the calibration to validation documents, then tune thresholds of what it gives for them.

    Args:
        logits: (n, L), finite; n may be 0: then they are used as they are, at 0.5.
        targets: (n, L) of 0 and 1.
        label_names: L names, for the notes.
        settings: of them the method of calibration and what belongs to thresholds.
        groups: (n,) group number of each document; duplicates, which count as one, share it.
    """
    if len(logits) == 0:
        return plain_decisions(len(label_names), [WITHOUT_VALIDATION])
    truth = targets.astype(np.uint8)
    calibration = fit_calibration(logits, truth, label_names, settings.calibration, groups)
    tuned = tune_thresholds(calibration.apply(logits), truth, label_names, settings, groups)
    return Decisions(calibration, tuned.thresholds.tolist(), [*calibration.notes, *tuned.notes])


def with_caution(decisions: Decisions, split: str) -> Decisions:
    """Return ``decisions`` with a note, if a run's own split has been used to train the model."""
    note = FLATTERED.get(split)
    return decisions if note is None else replace(decisions, notes=[note, *decisions.notes])
