"""data_report.json: what was read, what became of it, and what the model gets to see."""

from typing import Any

import numpy as np
import numpy.typing as npt

from resumebert.data.splitting import SPLITS
from resumebert.data.table import ResumeTable

QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


def data_report(
    table: ResumeTable,
    split: npt.NDArray[np.str_],
    groups: npt.NDArray[np.int64],
    token_lengths: npt.NDArray[np.int64],
    *,
    rows_read: int,
    max_length: int,
) -> dict[str, Any]:
    """Describe the documents of a run as plain Python, ready for JSON.

    Args:
        table: the n documents used, cleaned.
        split: (n,) their splits.
        groups: (n,) their duplicate groups.
        token_lengths: (n,) their tokens in full, without special tokens.
        rows_read: documents in the source, of which ``table`` may be a part (``data.limit``).
        max_length: tokens the model reads of a document, two special tokens included.
    """
    kept = np.minimum(token_lengths, max_length - 2)
    total = int(token_lengths.sum())
    cardinality = table.labels.sum(axis=1)
    numbers, sizes = np.unique(groups, return_counts=True)
    return {
        "source": table.source,
        "rows_read": rows_read,
        "rows_used": len(table),
        "rows_left_out_by_limit": rows_read - len(table),
        "empty_after_cleaning": int((token_lengths == 0).sum()),
        "duplicates": {
            "groups_of_copies": int((sizes > 1).sum()),
            "surplus_copies": int(len(groups) - len(numbers)),
        },
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


def _share(part: float, whole: float) -> float | None:
    return float(part) / float(whole) if whole else None
