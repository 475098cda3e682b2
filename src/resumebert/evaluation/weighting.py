"""What documents count for when something is fitted to them: duplicates as one document.

A document that stands nine times in a split is no more evidence than one that stands there once.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from resumebert.evaluation.areas import Floats

# Decimals to which sums of weights are rounded: three thirds of a group are one document.
DECIMALS = 9


@dataclass(frozen=True)
class Weighted:
    """Documents without their repetitions, and how much each counts.

    Attributes:
        values: (m, L) what a model gave for them.
        targets: (m, L).
        weights: (m,) 1 for a document without duplicates, else its share of its group: those of a
            group add up to 1.
        groups: (m,) group number of each, counted up from 0 in the order of their first documents.
    """

    values: Floats
    targets: npt.NDArray[Any]
    weights: Floats
    groups: npt.NDArray[np.intp]


def weighted(
    values: npt.NDArray[np.floating],
    targets: npt.NDArray[Any],
    groups: npt.NDArray[np.integer] | None = None,
) -> Weighted:
    """Weigh documents so that each group of duplicates counts as one.

    Duplicates with the same values and targets become one row; those that differ keep rows of
    their own, and each has its share of the group. So a document repeated any number of times gives
    what it gives alone, to the last bit, and documents without duplicates stay as they are.

    Values and targets are (n, L), groups (n,) numbers that duplicates share; None: there are none.
    """
    scores = values.astype(np.float64, copy=False)
    if groups is None:
        return Weighted(scores, targets, np.ones(len(scores)), np.arange(len(scores)))
    place, sizes = np.unique(groups, return_inverse=True, return_counts=True)[1:]
    table = np.column_stack([place, scores, targets])
    first, counts = np.unique(table, axis=0, return_index=True, return_counts=True)[1:]
    order = np.argsort(first)
    rows = first[order]
    # Numbered by their first documents, so that documents without duplicates have their own places.
    starts, number = np.unique(place[rows], return_index=True, return_inverse=True)[1:]
    return Weighted(
        scores[rows],
        targets[rows],
        counts[order] / sizes[place[rows]],
        np.argsort(np.argsort(starts))[number],
    )
