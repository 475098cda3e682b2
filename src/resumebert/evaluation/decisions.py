"""How logits become probabilities and labels, and which a person should look at.

Calibration, thresholds and abstention are chosen on validation documents. What is promised of
documents holds only if nothing else was fitted to those that it is tested on: with an abstention,
half of the documents are kept for it.

A model that was trained on texts without the labels' words as well (``data.mask_label_words``) is
calibrated on validation documents that are read in the same shares. Scores of texts that name no
label are lower, so thresholds of texts that do would miss them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import gcd
from typing import Any

import numpy as np
import numpy.typing as npt

from resumebert.evaluation.abstention import (
    Abstention,
    errors_of,
    expected_errors,
    fit_abstention,
)
from resumebert.evaluation.areas import Flags, Floats
from resumebert.evaluation.calibration import Calibration, fit_calibration, uncalibrated
from resumebert.evaluation.caution import CAUTIOUS, between, plain_thresholds, share_of_tuning
from resumebert.evaluation.own_calibration import OwnCalibration
from resumebert.evaluation.thresholds import DEFAULT, TunedThresholds, tune_thresholds
from resumebert.evaluation.unlike_training import Familiarity, Tokens
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
# Shares of views are rounded to so many parts of a document.
VIEW_PARTS = 20
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
        abstention: which documents are marked for review; None: there is none.
        familiarity: which documents are marked as unlike those of the training; None: it is not
            known.
    """

    calibration: Calibration | OwnCalibration
    thresholds: list[float]
    notes: list[str] = field(default_factory=list)
    abstention: Abstention | None = None
    familiarity: Familiarity | None = None

    def expected_errors(self, probabilities: Floats) -> Floats:
        """Return the (n,) share of wrong or missed labels that (n, L) probabilities foresee."""
        return expected_errors(probabilities, self.thresholds)

    def review(self, probabilities: Floats) -> Flags | None:
        """Return (n,) which documents a person should look at; None without abstention."""
        if self.abstention is None:
            return None
        return self.abstention.review(self.expected_errors(probabilities))

    def unlike_training(self, tokens: Tokens, features: Floats | None) -> list[list[str]] | None:
        """Return in what n documents are unlike those of the training; None if it is not known.

        See :meth:`resumebert.evaluation.unlike_training.Familiarity.unlike`.
        """
        if self.familiarity is None or features is None:
            return None
        return self.familiarity.unlike(tokens, features)

    def to_plain(self) -> dict[str, Any]:
        """Return a dictionary of plain Python values, without the attributes that are None."""
        plain = asdict(replace(self, familiarity=None))
        for name in ("calibration", "familiarity"):
            if isinstance(part := getattr(self, name), OwnCalibration | Familiarity):
                plain[name] = part.to_plain()
        return {name: value for name, value in plain.items() if value is not None}

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
        optional: dict[str, Any] = {
            name: kind.from_plain(plain[name])
            for name, kind in (("abstention", Abstention), ("familiarity", Familiarity))
            if name in plain
        }
        return cls(**{**plain, "calibration": calibration, **optional})


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
    views: Sequence[tuple[float, npt.NDArray[np.floating]]] = (),
) -> Decisions:
    """Fit the calibration to validation documents, then tune thresholds of what it gives for them.

    Thresholds for F1 are used so far as they are better than plain ones on documents that they were
    not fitted to (:mod:`resumebert.evaluation.caution`).

    With ``settings.abstain``, both are fitted to a random half of the groups, and the abstention to
    the other. Promises (``abstain``, ``thresholds=guaranteed``) are of documents as they are.

    Args:
        logits: (n, L), finite; n may be 0: then they are used as they are, at 0.5.
        targets: (n, L) of 0 and 1.
        label_names: L names, for the notes.
        settings: of them the method of calibration, what belongs to thresholds, and ``abstain``.
        groups: (n,) group number of each document; duplicates, which count as one, share it.
        views: shares, 1 together at most, and the (n, L) logits of the documents without some of
            their words, as which they count so much.
    """
    numbers = np.arange(len(logits)) if groups is None else groups
    if settings.abstain is not None:
        kept = _half(numbers)
        rest = replace(settings, abstain=None)
        fitted = fit_decisions(
            logits[~kept],
            targets[~kept],
            label_names,
            rest,
            numbers[~kept],
            [(share, other[~kept]) for share, other in views],
        )
        return _with_abstention(fitted, logits[kept], targets[kept] > 0, settings, numbers[kept])
    if len(logits) == 0:
        return plain_decisions(len(label_names), [WITHOUT_VALIDATION])
    if views and settings.thresholds != "guaranteed":
        times = _parts([share for share, _ in views])
        each = [logits, *(other for _, other in views)]
        logits = np.concatenate([np.tile(z, (k, 1)) for z, k in zip(each, times, strict=True)])
        # In one group with the document, a view is the part of it that it has of the rows.
        targets, numbers = np.tile(targets, (sum(times), 1)), np.tile(numbers, sum(times))
        groups = numbers
    truth = targets.astype(np.uint8)

    def tune(probabilities: Floats, true: npt.NDArray[Any], alike: Any) -> TunedThresholds:
        return tune_thresholds(probabilities, true, label_names, settings, alike)

    calibration = fit_calibration(logits, truth, label_names, settings.calibration, groups)
    tuned = tune(calibration.apply(logits), truth, groups)
    thresholds, notes = tuned.thresholds, [*calibration.notes, *tuned.notes]
    if settings.thresholds == "f1" and settings.threshold_resamples:
        share = share_of_tuning(logits, truth > 0, numbers, lambda *some: tune(*some).thresholds)
        thresholds = between(plain_thresholds(calibration, len(label_names)), thresholds, share)
        if share < 1:
            notes.append(CAUTIOUS[share])
    return Decisions(calibration, thresholds.tolist(), notes)


def _parts(shares: Sequence[float]) -> list[int]:
    """Return small whole numbers that are to each other as the rest to 1 and the shares."""
    parts = [round(share * VIEW_PARTS) for share in shares]
    parts = [max(0, VIEW_PARTS - sum(parts)), *parts]
    return [part // gcd(*parts) for part in parts]


def _half(groups: npt.NDArray[np.integer]) -> Flags:
    """Return which of n documents are in a random half of the groups, always the same."""
    numbers, place = np.unique(groups, return_inverse=True)
    return np.asarray(np.random.default_rng(0).permutation(len(numbers))[place] < len(numbers) // 2)


def _with_abstention(
    decisions: Decisions,
    logits: npt.NDArray[np.floating],
    truth: Flags,
    settings: EvaluationSettings,
    groups: npt.NDArray[np.integer],
) -> Decisions:
    """Add the abstention, fitted to documents that the decisions were not."""
    assert settings.abstain is not None
    probabilities = decisions.calibration.apply(logits)
    found = fit_abstention(
        errors_of(truth, probabilities >= np.array(decisions.thresholds)),
        decisions.expected_errors(probabilities),
        settings.abstain,
        settings.confidence,
        groups,
    )
    return replace(decisions, abstention=found, notes=[*decisions.notes, *found.notes])


def with_caution(decisions: Decisions, split: str) -> Decisions:
    """Return ``decisions`` with a note, if a run's own split has been used to train the model."""
    note = FLATTERED.get(split)
    return decisions if note is None else replace(decisions, notes=[note, *decisions.notes])
