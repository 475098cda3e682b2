"""Reading tables, a résumé a row, and the embedded sample."""

from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np

from resumebert.data.readers.assemble import assemble, collector
from resumebert.data.readers.columnar import parquet_batches
from resumebert.data.readers.columns import Batch, Columns, looked_at, name_tuple, with_id
from resumebert.data.readers.csv_tables import check_dialect
from resumebert.data.readers.encodings import check_encoding
from resumebert.data.readers.files import within_memory
from resumebert.data.readers.sources import Options, open_table
from resumebert.data.table import Problems, ResumeTable, name_list, printable
from resumebert.utils.errors import UserError

_BATCH = 2048


def read_table(
    path: str | Path | None,
    *,
    text_column: str = "text",
    id_column: str | None = None,
    label_columns: Sequence[str] | None = None,
    labels_column: str | None = None,
    label_separator: str = ";",
    label_names: Sequence[str] | None = None,
    label_aliases: Mapping[str, str | None] | Sequence[Sequence[str | None]] | str | None = None,
    rows: str = "per_document",
    split_column: str | None = None,
    encoding: str = "auto",
    separator: str = "auto",
    quoting: str = "auto",
    sheet: str | None = None,
    dataset_split: str | Sequence[str] | None = None,
    unlabelled: str = "keep",
    on_bad_rows: str = "error",
) -> ResumeTable:
    """Read a table with one résumé a row.

    Args:
        path: a csv or its kin, JSON (each also packed as gz, bz2, xz or zip), parquet or Excel
            (.xlsx) file; a folder of such files, named after splits or parts of one table; or one
            that the datasets library wrote (``save_to_disk``).
        text_column: the column of the text.
        id_column: the column of the ids; None: ``id`` if there is one, else the row numbers.
        label_columns: L columns of yes and no, one for each label: 0 and 1, or other words for it.
        labels_column: instead, one column with all labels of a row: separated, or in any of the
            ways of :mod:`resumebert.data.readers.label_cells`. An empty cell is a résumé without a
            label.
        label_separator: what parts the labels in ``labels_column``.
        label_names: the labels, in the order wanted; None: ``label_columns``, or those found in
            ``labels_column``, sorted. Where cells hold 0 and 1 or indices, what these stand for.
        label_aliases: the right name for each wrong one (None: no label), as a dictionary or pairs,
            applied before ``label_names`` are; "auto": for labels that look alike, the most
            frequent of them.
        rows: "per_document", or "per_label": a document has a row for each of its labels, which
            become one résumé with the id and row of the first.
        split_column: the column that names each row's split: train, val (validation, valid, dev)
            or test; None: there is none, or the splits of a folder.
        encoding: that of a csv or JSON file; "auto": as its byte order mark says, else UTF-8
            if it is, else cp1252. A UTF-8 byte order mark overrules what is declared.
        separator: what parts the cells of a csv; "auto": what its first line has.
        quoting: of a csv: "standard", "backslash", "none" (quotation marks are plain characters);
            "auto": standard, or backslash where the beginning makes a table with it alone.
        sheet: of an Excel file, by name; None: the first.
        dataset_split: of a folder with splits, one or several; None: all.
        unlabelled: "keep" or "drop" the rows without a label.
        on_bad_rows: "error": refuse the file if anything is wrong with a row; "skip": leave those
            rows out and list them.

    Returns:
        n résumés in the order of the file. Text is as found, but for lone surrogates, which become
        U+FFFD. Of a folder with several splits, ids begin with the split's name.

    Raises:
        UserError: The file can't be read as configured: all that is wrong with its rows in one
            message, the first twenty with their row.
    """
    source = printable(str(path))
    check_encoding(encoding)
    check_dialect(separator, quoting)
    columns = configured_columns(
        text_column,
        id_column,
        label_columns,
        labels_column,
        label_separator,
        label_names,
        label_aliases,
        rows,
        split_column,
    )
    problems = collector(source, on_bad_rows)
    options = Options(encoding, separator, quoting, sheet, dataset_split)
    with (
        within_memory(source) as look,
        open_table(path, columns, options, source, problems) as (batches, found),
    ):
        bounded = looked_at(batches, found.text, look)
        return assemble(bounded, found, source, problems, unlabelled=unlabelled)


def read_frame(
    frame: Any, *, unlabelled: str = "keep", on_bad_rows: str = "error", **columns_read: Any
) -> ResumeTable:
    """Read a DataFrame in memory, of pandas or polars, with one résumé a row.

    Args:
        frame: n rows; an index counts for nothing, a column ``id`` does.
        unlabelled: "keep" or "drop" the rows without a label.
        on_bad_rows: "error" or "skip".
        columns_read: those of :func:`read_table` that name columns and labels: ``text_column``,
            ``labels_column`` (texts to part, or lists) or ``label_columns``, and so on.

    Returns:
        n résumés in the order of the rows.

    Raises:
        UserError: as :func:`read_table`.
    """
    source = "the DataFrame"
    columns = configured_columns(**columns_read)
    problems = collector(source, on_bad_rows)
    columns = with_id(columns, [str(name) for name in frame.columns], source)
    named = {str(name): frame[name] for name in frame.columns if str(name) in columns.to_read}
    cells = {name: [_plain(cell) for cell in cells.to_list()] for name, cells in named.items()}
    numbers = np.arange(1, len(frame) + 1)
    batches = (
        Batch({name: found[at : at + _BATCH] for name, found in cells.items()}, part)
        for at in range(0, len(frame), _BATCH)
        for part in [numbers[at : at + _BATCH]]
    )
    return assemble(batches, columns, source, problems, unlabelled=unlabelled)


def _plain(cell: Any) -> Any:
    """Return a cell of a DataFrame without the types of numpy and pandas."""
    if type(cell).__name__ in ("NAType", "NaTType"):
        return None
    return cell.tolist() if isinstance(cell, np.ndarray | np.generic) else cell


def read_sample() -> ResumeTable:
    """Read the résumés that come with the package, made up and free to use.

    Raises:
        UserError: The file is missing: the installation is incomplete.
    """
    sample = files("resumebert.data") / "sample" / "resumes.parquet"
    if not sample.is_file():
        raise UserError(
            "The embedded sample (resumebert/data/sample/resumes.parquet) is missing: the "
            "installation is incomplete. Install resumebert again."
        )
    columns = Columns("text", "id", "labels", None, ";", None)
    source = "the embedded sample"
    with as_file(sample) as path:
        batches, columns = parquet_batches(path, columns, source)
        return assemble(batches, columns, source, Problems(source))


def configured_columns(
    text_column: str = "text",
    id_column: str | None = None,
    label_columns: Sequence[str] | None = None,
    labels_column: str | None = None,
    label_separator: str = ";",
    label_names: Sequence[str] | None = None,
    label_aliases: Mapping[str, str | None] | Sequence[Sequence[str | None]] | str | None = None,
    rows: str = "per_document",
    split_column: str | None = None,
    text_key: str = "data.text_column",
) -> Columns:
    """Return the columns to read; the arguments are those of :func:`read_table`.

    Raises:
        UserError: What is configured doesn't fit together.
    """
    if (label_columns is None) == (labels_column is None):
        given = "both are" if labels_column is not None else "neither is"
        raise UserError(
            f"Exactly one of data.label_columns and data.labels_column is needed, and {given} "
            f"given. Set data.label_columns=[A,B] if there is a column of 0 and 1 for each label, "
            f"or data.labels_column=NAME if one column holds all labels of a row."
        )
    flags = name_tuple(label_columns, "data.label_columns")
    names = name_tuple(label_names, "data.label_names")
    if not isinstance(label_separator, str) or not label_separator:
        raise UserError("data.label_separator is empty. Set it to what parts labels, such as ';'.")
    if flags is not None and names is not None and set(flags) != set(names):
        raise UserError(
            f"data.label_names and data.label_columns are not the same labels: {name_list(names)} "
            f"and {name_list(flags)}. Make them agree, or leave data.label_names out."
        )
    columns = Columns(
        text=str(text_column),
        id=None if id_column is None else str(id_column),
        labels=None if labels_column is None else str(labels_column),
        flags=flags,
        separator=label_separator,
        names=names,
        split=None if split_column is None else str(split_column),
        text_key=text_key,
        aliases=label_aliases,
        rows=rows,
    )
    columns.check_used_once()
    return columns
