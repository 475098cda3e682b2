"""Thresholds at which a label's recall on new documents reaches a floor, with a confidence.

The threshold is the k-th lowest score of validation documents that have the label. A new document
with the label scores less with a probability that has the distribution of the k-th of m uniform
numbers, whatever the scores' own distribution: it is at most 1 - floor with the probability that
at least k of m fall below, Bin(m, 1 - floor). This is the exact, Clopper-Pearson bound of recall
(Wilks, "Determination of sample sizes for setting tolerance limits", 1941), and no search has to be
paid for. Among duplicates the lowest score counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from resumebert.evaluation.areas import Floats
from resumebert.settings.schema import EvaluationSettings


@dataclass(frozen=True)
class GuaranteedThreshold:
    """A label's threshold.

    Attributes:
        threshold: from which on the label is given.
        documents: validation documents with the label, duplicates counted once; above 0.
        confidence: that recall reaches the floor; below the one asked for where documents are too
            few: then the threshold is at the lowest score.
    """

    threshold: float
    documents: int
    confidence: float


def guaranteed_threshold(
    scores: Floats,
    has_label: npt.NDArray[np.bool_],
    groups: npt.NDArray[np.integer],
    floor: float,
    confidence: float,
) -> GuaranteedThreshold:
    """Return the highest threshold at which recall reaches ``floor`` with ``confidence``.

    Args:
        scores: (n,), in [0, 1]: any function of a document that rises with what the model gave.
        has_label: (n,), some true.
        groups: (n,) group number of each document; duplicates share one.
        floor: of recall, in (0, 1).
        confidence: in (0, 1).
    """
    numbers = np.unique(groups[has_label], return_inverse=True)[1]
    lowest = np.ones(numbers.max() + 1)
    np.minimum.at(lowest, numbers, scores[has_label])
    lowest.sort()
    count = len(lowest)
    # P(at least k of m fall below), k from 1 to m: the highest k that is sure enough.
    sure = binom.sf(np.arange(count), count, 1 - floor)
    place = max(int((sure >= confidence).sum()) - 1, 0)
    # Midway to the score below it, so that rounding loses no document.
    below = scores[scores < lowest[place]]
    threshold = float((lowest[place] + below.max(initial=0)) / 2)
    return GuaranteedThreshold(threshold, count, float(sure[place]))


def guaranteed_thresholds(
    probabilities: npt.NDArray[np.floating],
    targets: npt.NDArray[np.integer],
    settings: EvaluationSettings,
    groups: npt.NDArray[np.integer] | None,
) -> list[GuaranteedThreshold]:
    """Return the threshold of each label of (n, L) probabilities, which some document has each.

    Raises:
        ValueError: the floor is 1, which no number of documents can guarantee.
    """
    if settings.recall_floor >= 1:
        raise ValueError(
            f"recall_floor={settings.recall_floor:g}: must be below 1 to be guaranteed"
        )
    numbers = np.arange(len(targets)) if groups is None else groups
    return [
        guaranteed_threshold(scores, has > 0, numbers, settings.recall_floor, settings.confidence)
        for scores, has in zip(probabilities.T.astype(np.float64), targets.T, strict=True)
    ]


def fewest_documents(floor: float, confidence: float) -> int:
    """Return the smallest number of documents with the label that can give the guarantee."""
    return int(np.ceil(np.log(1 - confidence) / np.log(floor)))


def notes_on_guarantees(
    label_names: Sequence[str], found: Sequence[GuaranteedThreshold], settings: EvaluationSettings
) -> list[str]:
    """Say of which labels the guarantee can't be given, and what holds instead."""
    floor, confidence = settings.recall_floor, settings.confidence
    needed = fewest_documents(floor, confidence)
    return [
        f"{name}: a recall of {floor:g} can't be guaranteed with {confidence:.0%} confidence. It "
        f"takes at least {needed} validation documents with the label, duplicates counted once; "
        f"it has {each.documents}. Its threshold is at their lowest score, where the confidence is "
        f"{each.confidence:.0%}. Have more of them, or lower "
        "evaluation.recall_floor or evaluation.confidence."
        for name, each in zip(label_names, found, strict=True)
        if each.confidence < confidence
    ]
