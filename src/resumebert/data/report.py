"""data_report.json: what was read, what became of it, and what the model gets to see."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from resumebert.data.arrays import Groups, Ints, Labels, Splits
from resumebert.data.duplicates import conflicting_groups, text_digest
from resumebert.data.split_manifest import SPLITS, UNUSED
from resumebert.data.splitting import straddling_groups
from resumebert.data.table import ResumeTable
from resumebert.data.windows import Windowing

FEW_DISTINCT = 0.8  # Below this share of distinct texts, that is the first thing to say.
MAX_CONFLICTS = 100  # Of the groups with conflicting labels, so many are listed.
QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


def data_report(
    table: ResumeTable,
    split: Splits,
    groups: Groups,
    token_lengths: Ints,
    *,
    rows_read: int,
    rows_left_out_by_limit: int,
    duplicates_dropped: int,
    duplicates: Mapping[str, Any],
    windowing: Windowing,
) -> dict[str, Any]:
    """Describe the documents of a run as plain Python, ready for JSON.

    Args:
        table: the n documents used, cleaned.
        split: (n,) their splits.
        groups: (n,) their groups of duplicates.
        token_lengths: (n,) their tokens in full, without special tokens.
        rows_read: rows in the source, of which ``table`` may be a part.
        rows_left_out_by_limit: by ``data.limit``.
        duplicates_dropped: by ``data.duplicates=drop``.
        duplicates: of :func:`describe_duplicates`, before any were dropped.
        windowing: which tokens of a document the model reads.
    """
    read = windowing.tokens_read(token_lengths, training=False)
    windows = windowing.window_counts(token_lengths, training=False)
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
        "rows_united": table.united_rows,
        "dropped_duplicates": duplicates_dropped,
        "understood": list(table.notes),
        "warnings": [*_few_distinct(duplicates), *table.warnings],
        "empty_after_cleaning": int((token_lengths == 0).sum()),
        "duplicates": dict(duplicates),
        "label_names": list(table.label_names),
        "label_cardinality": float(cardinality.mean()) if len(table) else None,
        "label_cooccurrence": label_cooccurrence(table.labels, table.label_names),
        "labels_per_document": {
            str(int(count)): int((cardinality == count).sum()) for count in np.unique(cardinality)
        },
        "splits": {
            name: {
                "documents": int((split == name).sum()),
                "without_label": int((cardinality[split == name] == 0).sum()),
                "labels": _by_label(table.label_names, table.labels[split == name].sum(axis=0)),
            }
            for name in SPLITS
        },
        "unused_documents": int((split == UNUSED).sum()),
        "straddling_groups": len(straddling_groups(groups, split)),
        "split_quality": split_quality(table.labels, split, table.label_names),
        "tokens": {
            "total": total,
            "quantiles": _quantiles(token_lengths),
            "max_length": windowing.max_length,
            "long_documents": windowing.strategy,
            "stride": windowing.overlap,
            "documents_longer_than_a_window": int((token_lengths > windowing.width).sum()),
            "documents_truncated": int((token_lengths > read).sum()),
            "share_of_documents_truncated": _share((token_lengths > read).sum(), len(table)),
            "share_of_tokens_read": _share(read.sum(), total),
        },
        "windows": {
            "total": int(windows.sum()),
            "per_document": _share(windows.sum(), len(table)),
            "quantiles": _quantiles(windows),
        },
    }


def describe_duplicates(table: ResumeTable, groups: Groups) -> dict[str, Any]:
    """Count the groups of duplicates, and list those whose documents have different labels.

    The table is the one before duplicates are dropped.
    """
    numbers, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    # Equal texts share a group, so only those with company can be equal to another.
    copied = np.flatnonzero(sizes[place] > 1)
    equal = len(copied) - len({text_digest(table.texts[int(i)]) for i in copied})
    conflicting = conflicting_groups(groups, table.labels)
    names = np.array(table.label_names, dtype=object)
    return {
        "documents": len(groups),
        "distinct_texts": len(groups) - equal,
        "distinct_groups": len(numbers),
        "groups_of_duplicates": int((sizes > 1).sum()),
        "surplus_duplicates": int(len(groups) - len(numbers)),
        "groups_with_conflicting_labels": len(conflicting),
        "conflicting_groups": [
            {
                "group": int(group),
                "documents": {
                    str(table.ids[int(i)]): [str(name) for name in names[table.labels[int(i)] > 0]]
                    for i in np.flatnonzero(groups == group)
                },
            }
            for group in conflicting[:MAX_CONFLICTS]
        ],
    }


def _few_distinct(duplicates: Mapping[str, Any]) -> list[str]:
    """Return a warning if few texts are distinct: figures on the rows promise too much then."""
    documents, groups = duplicates["documents"], duplicates["distinct_groups"]
    distinct = duplicates["distinct_texts"]
    if groups >= FEW_DISTINCT * documents:
        return []
    near = "" if groups == distinct else f" in {groups:,} groups of near-duplicates"
    return [
        f"{documents:,} rows, {distinct:,} distinct texts{near}: a duplicate tells nothing new. "
        f"Find out where they come from; data.duplicates=drop keeps one of each."
    ]


def split_quality(labels: Labels, split: Splits, label_names: Sequence[str]) -> dict[str, Any]:
    """Compare the labels' prevalences between the splits, as plain Python, ready for JSON.

    A label's prevalence is the share of a split's documents that have it. Its relative deviation is
    the largest difference between two splits' prevalences, divided by the prevalence in all splits
    together: 0 for splits with equal shares, whatever their sizes.

    Documents in none of train, val and test don't count.

    Returns:
        ``labels``: for each label, its prevalence in "all" and in each split that has documents,
        and its ``relative_deviation``, None where no document has the label;
        ``without_label``: the same of the documents that have none;
        ``largest_relative_deviation``, ``mean_relative_deviation`` and ``worst_label``, None where
        no label has a document or only one split does.
    """
    filled = [name for name in SPLITS if (split == name).any()]
    # To have no label is as good as one more.
    labels = np.column_stack([labels, ~labels.any(axis=1)])
    parts = {"all": labels[np.isin(split, filled)]}
    parts |= {name: labels[split == name] for name in filled}
    rows = [
        {name: float(part[:, column].mean()) if len(part) else 0.0 for name, part in parts.items()}
        for column in range(labels.shape[1])
    ]
    *of_labels, without_label = [{**row, "relative_deviation": _deviation(row)} for row in rows]
    by_label = dict(zip(label_names, of_labels, strict=True))
    known = {label: row["relative_deviation"] for label, row in by_label.items()}
    deviations = {label: value for label, value in known.items() if value is not None}
    worst = max(deviations, key=deviations.__getitem__, default=None)
    return {
        "largest_relative_deviation": max(deviations.values(), default=None),
        "mean_relative_deviation": float(np.mean([*deviations.values()])) if deviations else None,
        "worst_label": worst,
        "without_label": without_label,
        "labels": by_label,
    }


def _deviation(prevalences: Mapping[str, float]) -> float | None:
    splits = [share for name, share in prevalences.items() if name != "all"]
    if len(splits) < 2 or prevalences["all"] == 0:
        return None
    return (max(splits) - min(splits)) / prevalences["all"]


def label_cooccurrence(labels: Labels, label_names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count for each label the documents that have it and another one: ``{a: {b: count}}``.

    Most frequent companions come first; those that never occur together are left out.
    """
    # float64 counts exactly, and is the type whose product runs in a tuned library.
    wide = labels.astype(np.float64)
    counts = (wide.T @ wide).astype(np.int64)
    np.fill_diagonal(counts, 0)
    orders = np.argsort(-counts, axis=1, kind="stable").tolist()
    return {
        name: {label_names[other]: int(row[other]) for other in order if row[other]}
        for name, row, order in zip(label_names, counts, orders, strict=True)
    }


def _by_label(label_names: Sequence[str], counts: Ints) -> dict[str, int]:
    return dict(zip(label_names, counts.tolist(), strict=True))


def _quantiles(values: Ints) -> dict[str, float | None]:
    return {f"{q:g}": float(np.quantile(values, q)) if len(values) else None for q in QUANTILES}


def _share(part: float, whole: float) -> float | None:
    return float(part) / float(whole) if whole else None
