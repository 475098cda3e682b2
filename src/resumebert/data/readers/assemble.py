"""From batches of cells to a ResumeTable: what all readers share, with all problems collected."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from resumebert.data.readers.columns import Batch, Columns
from resumebert.data.readers.labels import (
    LabelSets,
    check_known,
    collect_labels,
    flag_matrix,
    label_matrix,
    ordered_flags,
)
from resumebert.data.readers.texts import read_ids, read_split, read_texts
from resumebert.data.table import Problems, ResumeTable, TextColumn, shorten
from resumebert.utils.errors import UserError


@dataclass
class _Read:
    """What the cells of all batches hold: n résumés, those with problems among them."""

    texts: pa.ChunkedArray
    ids: list[str]
    rows: npt.NDArray[np.int64]
    flags: npt.NDArray[np.uint8]
    sets: LabelSets
    split: npt.NDArray[np.str_] | None


def collector(source: str, on_bad_rows: str) -> Problems:
    """Return where to note the problems of a source.

    Raises:
        UserError: ``on_bad_rows`` is none of its choices.
    """
    check_choice("data.on_bad_rows", on_bad_rows, ("error", "skip"))
    return Problems(source, skip_rows=on_bad_rows == "skip")


def check_choice(key: str, value: object, choices: tuple[str, ...]) -> None:
    """Check that ``value`` is one of ``choices``.

    Raises:
        UserError: It is not.
    """
    if value not in choices:
        raise UserError(f"{key}={value} is none of its choices: {', '.join(choices)}.")


def assemble(
    batches: Iterable[Batch],
    columns: Columns,
    source: str,
    problems: Problems,
    *,
    unlabelled: str = "keep",
) -> ResumeTable:
    """Check the cells of all batches and build the table.

    Args:
        batches: the résumés.
        columns: which cells hold what.
        source: what to call the source.
        problems: where the reader of the batches notes what it finds, and this does.
        unlabelled: "keep" or "drop" the rows without a label.

    Raises:
        UserError: ``problems``, those that the reader of the batches adds while they are drawn
            among them: cells without text, flags that are not 0 or 1, ids that are missing or
            repeated, labels outside ``columns.names``; or no row is left, or no label in any.
    """
    check_choice("data.unlabelled", unlabelled, ("keep", "drop"))
    read = _read_cells(batches, columns, problems)
    if columns.flags is None and columns.names is not None:
        check_known(read.sets, columns.names, read.rows, problems)
    if columns.id is not None:
        _check_repeated_ids(read.ids, read.rows, problems)
    kept = ~np.isin(read.rows, problems.bad_rows)
    if columns.flags is not None:
        labels, names = ordered_flags(read.flags, columns.flags, columns.names)
    else:
        labels, names = label_matrix(read.sets, columns.names, kept)
    if not names and kept.any() and not problems.count:
        problems.add("", "no row has a label; at least one label is needed (or data.label_names)")
    problems.raise_if_any()
    if not kept.any():
        problems.raise_none_left()
    table = ResumeTable(
        ids=read.ids,
        texts=TextColumn(read.texts),
        labels=labels,
        label_names=names,
        rows=read.rows,
        source=source,
        split=read.split,
        skipped=problems.skipped,
        skipped_rows=problems.skipped_rows,
        dropped_unlabelled=int((kept & ~labels.any(axis=1)).sum()) if unlabelled == "drop" else 0,
        notes=problems.notes,
    )
    if unlabelled == "drop":
        kept &= labels.any(axis=1)
        if not kept.any():
            raise UserError(
                f"{source}: no row has a label, so that data.unlabelled=drop leaves none. Check "
                f"the columns of the labels, or set data.unlabelled=keep."
            )
    return table if kept.all() else table.select(np.flatnonzero(kept))


def _read_cells(batches: Iterable[Batch], columns: Columns, problems: Problems) -> _Read:
    """Read the cells of all batches, noting those that do not hold what they should."""
    texts: list[pa.Array] = []
    ids: list[str] = []
    rows = [np.empty(0, np.int64)]
    flags = [np.empty((0, len(columns.flags or ())), np.uint8)]
    splits: list[npt.NDArray[np.str_]] = []
    sets = LabelSets()
    has_split = columns.split is not None
    for batch in batches:
        has_split = has_split or batch.split is not None
        rows.append(batch.rows)
        texts.append(read_texts(batch, columns.text, problems))
        ids.extend(read_ids(batch, columns.id, problems))
        if has_split:
            splits.append(read_split(batch, columns.split, problems))
        if columns.flags is not None:
            flags.append(flag_matrix(batch, columns.flags, problems))
        elif columns.labels is not None:
            collect_labels(batch, columns.labels, columns.separator, sets, problems)
    split = np.concatenate(splits) if splits else None
    kinds = {text.type for text in texts}
    if len(kinds) != 1:
        texts = [text.cast(pa.large_string()) for text in texts]
    column = pa.chunked_array(texts, None if len(kinds) == 1 else pa.large_string())
    return _Read(column, ids, np.concatenate(rows), np.concatenate(flags), sets, split)


def _check_repeated_ids(ids: list[str], rows: npt.NDArray[np.int64], problems: Problems) -> None:
    """Note each id that is not the first of its kind, with both rows."""
    if len(set(ids)) == len(ids):
        return
    first: dict[str, int] = {}
    for i, known in enumerate(ids):
        # A row that is left out takes no other with it.
        if problems.is_bad(int(rows[i])):
            continue
        other = first.setdefault(known, i)
        # An empty id has been told of already.
        if other != i and known:
            what = f"the id {shorten(known)} is that of row {rows[other]} too"
            problems.add_row(f"row {rows[i]}", what, int(rows[i]))
