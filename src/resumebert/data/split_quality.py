"""How good a split is: like prevalences of the labels, and no duplicates across splits."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from resumebert.data.split_manifest import SPLITS


def split_quality(
    labels: npt.NDArray[np.uint8], split: npt.NDArray[np.str_], label_names: Sequence[str]
) -> dict[str, Any]:
    """Compare the labels' prevalences between the splits, as plain Python, ready for JSON.

    A label's prevalence is the share of a split's documents that have it. Its relative deviation is
    the largest difference between two splits' prevalences, divided by the prevalence in all splits
    together: 0 for splits with equal shares, whatever their sizes.

    Args:
        labels: (n, L) of 0 and 1.
        split: (n,) names; documents in none of train, val and test don't count.
        label_names: the L names.

    Returns:
        ``labels``: for each label, its prevalence in "all" and in each split that has documents,
        and its ``relative_deviation``, None where no document has the label;
        ``without_label``: the same of the documents that have none;
        ``largest_relative_deviation``, ``mean_relative_deviation`` and ``worst_label``, None where
        no label has a document or only one split does.
    """
    filled = [name for name in SPLITS if (split == name).any()]
    used = np.isin(split, filled)
    # To have no label is as good as one more.
    labels = np.column_stack([labels, ~labels.any(axis=1)])
    prevalences = {"all": _prevalences(labels[used])}
    prevalences.update({name: _prevalences(labels[split == name]) for name in filled})
    report: dict[str, Any] = {
        "largest_relative_deviation": None,
        "mean_relative_deviation": None,
        "worst_label": None,
    }
    columns = [_compared(prevalences, column) for column in range(labels.shape[1])]
    *of_labels, report["without_label"] = columns
    report["labels"] = dict(zip(label_names, of_labels, strict=True))
    deviations: dict[str, float] = {
        label: found["relative_deviation"]
        for label, found in report["labels"].items()
        if found["relative_deviation"] is not None
    }
    if deviations:
        worst = max(deviations, key=lambda label: deviations[label])
        report["largest_relative_deviation"] = deviations[worst]
        report["mean_relative_deviation"] = float(np.mean(list(deviations.values())))
        report["worst_label"] = worst
    return report


def _compared(
    prevalences: dict[str, npt.NDArray[np.float64]], column: int
) -> dict[str, float | None]:
    """Return a label's prevalence in all and in each split, and how far the splits' differ."""
    shares = {name: float(values[column]) for name, values in prevalences.items()}
    of_splits = [share for name, share in shares.items() if name != "all"]
    differ = shares["all"] > 0 and len(of_splits) > 1
    spread = (max(of_splits) - min(of_splits)) / shares["all"] if differ else None
    return {**shares, "relative_deviation": spread}


def straddling_groups(
    groups: npt.NDArray[np.int64], split: npt.NDArray[np.str_]
) -> npt.NDArray[np.int64]:
    """Return the numbers, ascending, of the groups with documents in more than one of the splits.

    Documents that are in no split don't count: nothing is learned from them or measured on them.
    """
    used = np.isin(split, SPLITS)
    numbers, first, place = np.unique(groups[used], return_index=True, return_inverse=True)
    differs = split[used] != split[used][first[place]]
    return np.unique(numbers[place[differs]])


def _prevalences(labels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    if not len(labels):
        return np.zeros(labels.shape[1])
    prevalences: npt.NDArray[np.float64] = labels.mean(axis=0)
    return prevalences
