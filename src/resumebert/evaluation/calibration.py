"""From logits to calibrated probabilities: fitted on validation documents, applied everywhere.

Duplicates count as one document (:mod:`resumebert.evaluation.weighting`). A method is one of
:data:`METHODS`, or the dotted name of a user's own class: see
:mod:`resumebert.evaluation.own_calibration`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import brentq, minimize
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from resumebert.evaluation.areas import Flags, Floats
from resumebert.evaluation.own_calibration import OwnCalibration, fit_own
from resumebert.evaluation.weighting import DECIMALS, weighted
from resumebert.settings.schema import DEFAULTS, CalibrationMethod
from resumebert.utils.floats import to_probabilities
from resumebert.utils.trust import is_dotted

METHODS = get_args(CalibrationMethod)
# No slope leaves this range, so that nothing is infinite where logits part the classes perfectly
# and the order of documents is kept where they part nothing.
SLOPES = (0.01, 100.0)
# How many documents a label's own slope must have behind it to count as much as the slope of all
# labels. 10 to 50 were equally good.
PRIOR_DOCUMENTS = 20.0
# Documents with and without the label, each, from which on isotonic regression is fitted.
ISOTONIC_DOCUMENTS = 50


@dataclass(frozen=True)
class Calibration:
    """A monotone function from logit to probability for each of L labels.

    It is sigmoid(slope · logit + offset), or, for a label with knots, the line through them,
    constant beyond the first and the last. Plain Python only, for a checkpoint.

    Attributes:
        method: one of :data:`METHODS`.
        slopes: L, above 0.
        offsets: L logits.
        knots: L entries: none, or two lists, ascending logits and their probabilities.
        notes: what a reader must know, such as labels with too few documents.
    """

    method: str
    slopes: list[float]
    offsets: list[float]
    knots: list[list[list[float]]]
    notes: list[str] = field(default_factory=list)

    def apply(self, logits: npt.NDArray[np.floating]) -> Floats:
        """Return the probabilities (n, L), float64, of logits (n, L) of any floating dtype.

        Uncalibrated, they are :func:`resumebert.utils.floats.to_probabilities` bit by bit.
        """
        logits = logits.astype(np.float64)
        scaled = torch.from_numpy(logits * self.slopes + self.offsets)
        probabilities: Floats = to_probabilities(scaled).numpy()
        for label, knots in enumerate(self.knots):
            if knots:
                z, (x, y) = logits[:, label], np.array(knots)
                next_knot = y[np.searchsorted(x, z).clip(max=len(x) - 1)]
                # Rounding must not lift a document above those of the next knot.
                probabilities[:, label] = np.minimum(np.interp(z, x, y), next_knot)
        return probabilities

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Calibration":
        """Return the calibration whose fields, as plain Python, are ``plain``.

        Raises:
            ValueError: the values are none that :func:`fit_calibration` gives.
            TypeError: a key is missing or unknown.
        """
        found = cls(**plain)
        is_valid = (
            found.method in METHODS
            and len(found.slopes) == len(found.offsets) == len(found.knots)
            and all(math.isfinite(slope) and slope > 0 for slope in found.slopes)
            and all(map(math.isfinite, found.offsets))
            and all(_are_knots(*knots) for knots in found.knots if knots)
        )
        if not is_valid:
            raise ValueError(f"not a calibration: {dict(plain)}")
        return found


def uncalibrated(num_labels: int, notes: Sequence[str] = ()) -> Calibration:
    """Return the calibration that is the plain sigmoid."""
    return Calibration(
        "none", [1.0] * num_labels, [0.0] * num_labels, [[] for _ in range(num_labels)], list(notes)
    )


def fit_calibration(
    logits: npt.NDArray[np.floating],
    targets: npt.NDArray[np.integer],
    label_names: Sequence[str],
    method: str = DEFAULTS.calibration,
    groups: npt.NDArray[np.integer] | None = None,
) -> Calibration | OwnCalibration:
    """Fit a calibration to validation documents, duplicates counted as one.

    =============== ================================================================================
    method          probability of a logit z
    =============== ================================================================================
    ``none``        sigmoid(z)
    ``temperature`` sigmoid(z / T), one T for all labels (Guo et al., "On calibration of modern
                    neural networks", 2017)
    ``platt``       sigmoid(a · z + b), a and b for each label (Platt, "Probabilistic outputs for
                    support vector machines", 1999)
    ``isotonic``    the ascending function of least squared error, by label (Zadrozny and Elkan,
                    "Transforming classifier scores into accurate multiclass probability
                    estimates", 2002), linear between the documents
    =============== ================================================================================

    All are fitted to Platt's targets, (P + 1) / (P + 2) for the P positives and 1 / (N + 2) for the
    N negatives, rather than to 1 and 0: no probability becomes 0 or 1, however well the logits part
    the two. P and N are those of the label, for the temperature those of all labels.

    Few positives are guarded against. Platt's a is a weighted geometric mean of the label's own,
    counted as its positives (or negatives, if fewer), and 1 / T, counted as 20; b fits this a.
    With no positive at all a label still has a b of its own, where falling back to the temperature
    would leave it biased whenever the loss is. Isotonic regression wants 50 positives and 50
    negatives; a label with fewer gets Platt's.

    Cross-entropy of MiniLM on other résumés, fitted to 200 and to 1,000: none 0.197, 0.198;
    temperature 0.193, 0.193; Platt's 0.191, 0.189; isotonic 0.193, 0.193. After a weighted loss:
    none and temperature 0.214, Platt's 0.192, 0.189.

    Args:
        logits: (n, L), finite; n may be 0.
        targets: (n, L) of 0 and 1.
        label_names: L names, for the notes.
        method: one of :data:`METHODS`, or the dotted name of a class.
        groups: (n,) group number of each document; duplicates share one. None: there are none.

    Raises:
        ValueError: there is no such method, or a logit is not finite.
        UserError: the class can't be imported, or fails.
    """
    if method not in METHODS and not is_dotted(method):
        raise ValueError(f"method={method}: must be one of {', '.join(METHODS)}")
    if not np.isfinite(logits).all():
        raise ValueError("non-finite logits can't be calibrated")
    num_labels = len(label_names)
    if method == "none":
        return uncalibrated(num_labels)
    found = weighted(logits, targets.astype(bool), groups)
    scores, truth, weights = found.values, found.targets, found.weights
    if truth.all() or not truth.any():
        why = "all validation documents have all labels" if truth.any() else "none has a label"
        return uncalibrated(num_labels, [f"Nothing to calibrate by: {why}."])
    if is_dotted(method):
        return fit_own(method, scores, truth, weights)
    shared = _shared_slope(scores, truth, weights)
    if method == "temperature":
        return replace(uncalibrated(num_labels), method=method, slopes=[shared] * num_labels)
    documents = np.minimum(weights @ truth, weights @ ~truth).round(DECIMALS)
    columns = list(zip(scores.T, truth.T, strict=True))
    own = np.array([_own_slope(z, has, weights, shared) for z, has in columns])
    trust = documents / (documents + PRIOR_DOCUMENTS)
    slopes = own**trust * shared ** (1 - trust)
    offsets = [_offset(a * z, has, weights) for a, (z, has) in zip(slopes, columns, strict=True)]
    isotonic = (method == "isotonic") & (documents >= ISOTONIC_DOCUMENTS)
    knots: list[list[list[float]]] = [[] for _ in label_names]
    for label in np.flatnonzero(isotonic):
        z, has = columns[label]
        fitted = IsotonicRegression().fit(z, _smoothed(has, weights), sample_weight=weights)
        knots[label] = [fitted.X_thresholds_.tolist(), fitted.y_thresholds_.tolist()]
    notes = _notes(method, label_names, documents.tolist(), own.tolist())
    return Calibration(method, slopes.tolist(), offsets, knots, notes)


def _smoothed(truth: Flags, weights: Floats) -> Floats:
    """Return Platt's targets (n,) for (n,) positives and negatives."""
    positives = weights.sum(where=truth)
    negatives = weights.sum() - positives
    return np.where(truth, (positives + 1) / (positives + 2), 1 / (negatives + 2))


def _shared_slope(scores: Floats, truth: Flags, weights: Floats) -> float:
    """Return 1 / T of the least cross-entropy of all n · L pairs."""
    weights = np.repeat(weights, scores.shape[1])
    z, targets = scores.ravel(), _smoothed(truth.ravel(), weights)
    return _root(lambda slope: float((weights * z) @ (expit(slope * z) - targets)), *SLOPES)


def _own_slope(z: Floats, truth: Flags, weights: Floats, start: float) -> float:
    """Return the slope of the least cross-entropy of one label's n logits, its offset free."""
    targets = _smoothed(truth, weights)
    total = weights.sum()

    def mean(values: Floats) -> float:
        return float(np.sum(weights * values) / total)

    # Of mean 0 and deviation 1, for the optimiser's sake.
    centre = mean(z)
    scale = math.sqrt(mean((z - centre) ** 2)) or 1.0
    z = (z - centre) / scale

    def cross_entropy(parameters: Floats) -> tuple[float, Floats]:
        slope, offset = parameters
        logits = slope * z + offset
        error = expit(logits) - targets
        value = mean(np.logaddexp(0, logits) - targets * logits)
        return value, np.array([mean(error * z), mean(error)])

    found = minimize(
        cross_entropy,
        [start * scale, start * centre],
        jac=True,
        method="L-BFGS-B",
        bounds=[(SLOPES[0] * scale, SLOPES[1] * scale), (None, None)],
        options={"ftol": 1e-15, "gtol": 1e-10},
    )
    return float(found.x[0] / scale)


def _offset(z: Floats, truth: Flags, weights: Floats) -> float:
    """Return the offset of the least cross-entropy of n logits that have their slope already."""
    targets = _smoothed(truth, weights)
    middle = float(logit(np.sum(weights * targets) / weights.sum()))
    return _root(
        lambda offset: float(np.sum(weights * (expit(z + offset) - targets))),
        middle - z.max(),
        middle - z.min(),
    )


def _root(increasing: Callable[[float], float], low: float, high: float) -> float:
    """Return where an increasing function is 0, or the end of the range that comes nearest."""
    if increasing(low) >= 0:
        return float(low)
    if increasing(high) <= 0:
        return float(high)
    return float(brentq(increasing, low, high, xtol=1e-12))


def _notes(
    method: str, label_names: Sequence[str], documents: Sequence[float], own: Sequence[float]
) -> list[str]:
    """Say which labels have too few documents, and which the logits don't rank.

    Of each label ``documents`` is how many have it, or don't, whichever are fewer; ``own`` is the
    slope fitted to the label alone.
    """
    wanted, instead = PRIOR_DOCUMENTS, "they mostly share one slope"
    if method == "isotonic":
        wanted, instead = ISOTONIC_DOCUMENTS, "they get Platt's method in place of isotonic"
    labels = list(zip(label_names, documents, own, strict=True))
    few = [f"{name} ({count:.3g})" for name, count, _ in labels if count < wanted]
    unranked = [name for name, count, slope in labels if count and slope <= SLOPES[0] * 1.001]
    notes = []
    if few:
        notes.append(f"Few validation documents to calibrate by, so {instead}: {', '.join(few)}.")
    if unranked:
        notes.append(
            "On validation, documents with these labels score no higher than those without: "
            f"{', '.join(unranked)}."
        )
    return notes


def _are_knots(x: Sequence[float], y: Sequence[float]) -> bool:
    return (
        len(x) == len(y) > 0
        and all(left < right for left, right in pairwise(x))
        and all(left <= right for left, right in pairwise(y))
        and all(map(math.isfinite, [*x, *y]))
    )
