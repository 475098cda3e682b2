"""data_report.json: what was read, what became of it, and what the model gets to see."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from resumebert.data.duplicates import conflicting_groups
from resumebert.data.split_quality import split_quality, straddling_groups
from resumebert.data.splitting import SPLITS, UNUSED
from resumebert.data.table import ResumeTable

QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


def data_report(
    table: ResumeTable,
    split: npt.NDArray[np.str_],
    groups: npt.NDArray[np.int64],
    token_lengths: npt.NDArray[np.int64],
    *,
    rows_read: int,
    rows_left_out_by_limit: int,
    duplicates: Mapping[str, int],
    max_length: int,
) -> dict[str, Any]:
    """Describe the documents of a run as plain Python, ready for JSON.

    Args:
        table: the n documents used, cleaned.
        split: (n,) their splits.
        groups: (n,) their duplicate groups.
        token_lengths: (n,) their tokens in full, without special tokens.
        rows_read: rows in the source, of which ``table`` may be a part.
        rows_left_out_by_limit: how many ``data.limit`` left out.
        duplicates: of :func:`duplicate_counts`, before any were dropped.
        max_length: tokens the model reads of a document, two special tokens included.
    """
    kept = np.minimum(token_lengths, max_length - 2)
    total = int(token_lengths.sum())
    cardinality = table.labels.sum(axis=1)
    return {
        "source": table.source,
        "rows_read": rows_read,
        "rows_used": len(table),
        "rows_left_out_by_limit": rows_left_out_by_limit,
        "rows_skipped": table.skipped_rows,
        "skipped": list(table.skipped),
        "dropped_unlabelled": table.dropped_unlabelled,
        "notes": list(table.notes),
        "empty_after_cleaning": int((token_lengths == 0).sum()),
        "duplicates": dict(duplicates),
        "label_names": list(table.label_names),
        "labels_per_document": {
            str(int(count)): int((cardinality == count).sum()) for count in np.unique(cardinality)
        },
        "splits": {
            name: {
                "documents": int((split == name).sum()),
                "without_label": int((cardinality[split == name] == 0).sum()),
                "labels": {
                    label: int(count)
                    for label, count in zip(
                        table.label_names, table.labels[split == name].sum(axis=0), strict=True
                    )
                },
            }
            for name in SPLITS
        },
        "unused_documents": int((split == UNUSED).sum()),
        "straddling_groups": len(straddling_groups(groups, split)),
        "split_quality": split_quality(table.labels, split, table.label_names),
        "tokens": {
            "total": total,
            "quantiles": {
                f"{q:g}": float(np.quantile(token_lengths, q)) if len(token_lengths) else None
                for q in QUANTILES
            },
            "max_length": max_length,
            "documents_truncated": int((token_lengths > kept).sum()),
            "share_of_documents_truncated": _share((token_lengths > kept).sum(), len(table)),
            "share_of_tokens_read": _share(kept.sum(), total),
        },
    }


def duplicate_counts(
    groups: npt.NDArray[np.int64], labels: npt.NDArray[np.uint8]
) -> dict[str, int]:
    """Count the groups of copies, and those whose documents have different labels.

    Args:
        groups: (n,) group number of each document.
        labels: (n, L) of 0 and 1.
    """
    numbers, sizes = np.unique(groups, return_counts=True)
    return {
        "groups_of_copies": int((sizes > 1).sum()),
        "surplus_copies": int(len(groups) - len(numbers)),
        "groups_with_conflicting_labels": len(conflicting_groups(groups, labels)),
    }


def _share(part: float, whole: float) -> float | None:
    return float(part) / float(whole) if whole else None
