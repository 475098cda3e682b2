"""From batches of cells to a ResumeTable: what all readers share, with all problems collected."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from resumebert.data.readers.columns import Batch, Columns
from resumebert.data.readers.labels import (
    LabelSets,
    collect_labels,
    flag_matrix,
    label_matrix,
    ordered_flags,
)
from resumebert.data.readers.texts import read_ids, read_texts
from resumebert.data.table import Problems, ResumeTable, TextColumn, shorten
from resumebert.utils.errors import UserError


def assemble(
    batches: Iterable[Batch], columns: Columns, source: str, problems: Problems
) -> ResumeTable:
    """Check the cells of all batches and build the table.

    Raises:
        UserError: ``problems``, those that the reader of the batches adds while they are drawn
            among them: cells without text, flags that are not 0 or 1, ids that are missing or
            repeated, labels outside ``columns.names``; or no row at all, or no label in any.
    """
    texts: list[pa.Array] = []
    ids: list[str] = []
    rows = [np.empty(0, np.int64)]
    flags = [np.empty((0, len(columns.flags or ())), np.uint8)]
    sets = LabelSets()
    for batch in batches:
        rows.append(batch.rows)
        texts.append(read_texts(batch, columns.text, problems))
        ids.extend(read_ids(batch, columns.id, problems))
        if columns.flags is not None:
            flags.append(flag_matrix(batch, columns.flags, problems))
        elif columns.labels is not None:
            collect_labels(batch, columns.labels, columns.separator, sets, problems)
    all_rows = np.concatenate(rows)
    if columns.id is not None:
        _check_repeated_ids(ids, all_rows, problems)
    if columns.flags is not None:
        labels, names = ordered_flags(np.concatenate(flags), columns.flags, columns.names)
    else:
        labels, names = label_matrix(sets, columns.names, all_rows, problems)
    problems.raise_if_any()
    if not len(all_rows):
        raise UserError(f"{source} holds no résumé: there is no row in it. Check data.path.")
    return ResumeTable(
        ids=ids,
        texts=TextColumn(pa.chunked_array(texts)),
        labels=labels,
        label_names=names,
        rows=all_rows,
        source=source,
    )


def _check_repeated_ids(ids: list[str], rows: npt.NDArray[np.int64], problems: Problems) -> None:
    """Note each id that is not the first of its kind, with both rows."""
    if len(set(ids)) == len(ids):
        return
    first: dict[str, int] = {}
    for i, known in enumerate(ids):
        other = first.setdefault(known, i)
        # An empty id has been told of already.
        if other != i and known:
            what = f"the id {shorten(known)} is that of row {rows[other]} too"
            problems.add(f"row {rows[i]}", what)
