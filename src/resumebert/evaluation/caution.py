"""Tuned thresholds where validation shows that they are better than plain ones.

Thresholds that are chosen on few documents, or for a model that is right at 0.5 already, may cost
more than they gain. So thresholds are chosen again without each fifth of the validation documents,
on the plain sigmoid, and decide that fifth (Stone, "Cross-validatory choice and assessment of
statistical predictions", 1974). Tuned ones are used if their F1 there, micro and macro, is higher
than at 0.5 on average, and as high, or nearly, in nearly all bootstrap samples of the documents;
else those half-way to plain ones, if that holds for them; else plain ones.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from resumebert.evaluation.areas import Flags, Floats, Indices
from resumebert.evaluation.calibration import Calibration, uncalibrated
from resumebert.evaluation.own_calibration import OwnCalibration
from resumebert.evaluation.thresholds import DEFAULT

# How far to go from the plain thresholds, as logits, to the tuned ones: the first that holds.
SHARES = (1.0, 0.5)
FOLDS = 5
RESAMPLES = 300
# All but this share of the bootstrap samples must reach the least gain.
QUANTILE, LEAST_GAIN = 0.05, -0.002
# Their mean must reach so much, divided by the root of the number of documents, as chance does:
# 2 points with 50 documents, 0.26 with 3,000. docs/decisions.md has what comes of both.
WORTH = 0.14
# Probabilities of 0 and 1 have no finite logit; beyond this nothing is decided.
_MARGIN = 1e-12

_NOT_SHOWN = (
    "Cross-validation on the validation documents does not show that tuned thresholds are better "
    "than 0.5 on the plain sigmoid; those used "
)
CAUTIOUS = {0.5: f"{_NOT_SHOWN}are half-way between.", 0.0: f"{_NOT_SHOWN}decide as it does."}

# From (m, L) probabilities and truth and (m,) groups to (L,) thresholds.
Tune = Callable[[Floats, Flags, npt.NDArray[np.integer]], Floats]


def plain_thresholds(calibration: Calibration | OwnCalibration, num_labels: int) -> Floats:
    """Return the (L,) calibrated probabilities of what the plain sigmoid gives 0.5."""
    return np.asarray(calibration.apply(np.zeros((1, num_labels)))[0])


def between(plain: Floats, tuned: Floats, share: float) -> Floats:
    """Return (L,) thresholds so far from the plain to the tuned ones, as logits."""
    if share in (0, 1):
        return tuned if share else plain
    low, high = (logit(np.clip(ends, _MARGIN, 1 - _MARGIN)) for ends in (plain, tuned))
    return np.asarray(expit((1 - share) * low + share * high))


def share_of_tuning(
    logits: npt.NDArray[np.floating],
    truth: Flags,
    groups: npt.NDArray[np.integer],
    tune: Tune,
) -> float:
    """Return the first of :data:`SHARES` whose gain holds; 0 if none does, or in too few groups.

    Args:
        logits: (n, L).
        truth: (n, L).
        groups: (n,) group number of each document; duplicates, which count as one, share it.
        tune: chooses thresholds on some of the documents.
    """
    documents = len(np.unique(groups))
    if documents < FOLDS:
        return 0.0
    for share, gain in zip(SHARES, gains(logits, truth, groups, tune), strict=True):
        least, mean = np.quantile(gain, QUANTILE, axis=0), gain.mean(axis=0)
        if (least >= LEAST_GAIN).all() and (mean >= WORTH / documents**0.5).all():
            return share
    return 0.0


def gains(
    logits: npt.NDArray[np.floating],
    truth: Flags,
    groups: npt.NDArray[np.integer],
    tune: Tune,
) -> list[Floats]:
    """Return, for each of :data:`SHARES`, (RESAMPLES, 2) gains in micro- and macro-F1."""
    number, sizes = _numbered(groups)
    generator = np.random.default_rng(0)
    fold = (generator.permutation(len(sizes)) % FOLDS)[number]
    plain = np.full(truth.shape[1], DEFAULT)
    probabilities = uncalibrated(truth.shape[1]).apply(logits)
    decided = [probabilities >= plain, *(np.zeros_like(truth) for _ in SHARES)]
    for each in range(FOLDS):
        asked = fold == each
        tuned = tune(probabilities[~asked], truth[~asked], groups[~asked])
        for predicted, share in zip(decided[1:], SHARES, strict=True):
            predicted[asked] = probabilities[asked] >= between(plain, tuned, share)
    drawn = generator.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), RESAMPLES)
    scores = [_f1(predicted, truth, number, drawn / sizes) for predicted in decided]
    return [score - scores[0] for score in scores[1:]]


def _numbered(groups: npt.NDArray[np.integer]) -> tuple[Indices, Floats]:
    """Number groups in the order of their first documents; return (n,) numbers, (G,) sizes."""
    first, number, sizes = np.unique(
        groups, return_index=True, return_inverse=True, return_counts=True
    )[1:]
    order = np.argsort(first)
    return np.argsort(order)[number], sizes[order].astype(np.float64)


def _f1(predicted: Flags, truth: Flags, number: Indices, weights: Floats) -> Floats:
    """Return (B, 2) micro-F1 and macro-F1, the latter of labels that some document has.

    ``weights`` (B, G) are those of a document of each group.
    """

    def summed(flags: Flags) -> Floats:
        sums = np.zeros((weights.shape[1], flags.shape[1]))
        np.add.at(sums, number, flags)
        return np.asarray(weights @ sums)

    hits, true = summed(predicted & truth), summed(truth)
    both = summed(predicted) + true
    micro = 2 * hits.sum(axis=1) / np.maximum(both.sum(axis=1), _MARGIN)
    there = true > 0
    of_labels = 2 * hits / np.maximum(both, _MARGIN)
    macro = of_labels.sum(axis=1, where=there) / np.maximum(there.sum(axis=1), 1)
    return np.stack([micro, macro], axis=1)
