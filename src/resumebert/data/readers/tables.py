"""Reading tables, a résumé a row, and the embedded sample."""

from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path

from resumebert.data.cells.columns import Options, Source
from resumebert.data.readers.columnar import open_parquet
from resumebert.data.readers.files import within_memory
from resumebert.data.readers.sources import open_table
from resumebert.data.table import ResumeTable
from resumebert.utils.errors import UserError


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
            ways of :mod:`resumebert.data.cells.label_cells`. An empty cell is a résumé without a
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
    options = Options(
        text_column=text_column,
        id_column=id_column,
        label_columns=label_columns,
        labels_column=labels_column,
        label_separator=label_separator,
        label_names=label_names,
        label_aliases=label_aliases,
        rows=rows,
        split_column=split_column,
        encoding=encoding,
        separator=separator,
        quoting=quoting,
        sheet=sheet,
        dataset_split=dataset_split,
        unlabelled=unlabelled,
        on_bad_rows=on_bad_rows,
    )
    source = Source.of(path, options)
    with within_memory(source.name) as make, open_table(path, source) as (batches, found):
        return make(batches, found)


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
    source = Source.of(
        "the embedded sample", Options(id_column="id", labels_column="labels", is_plain=True)
    )
    with as_file(sample) as path, open_parquet(path, source) as (batches, found):
        return ResumeTable.from_batches(batches, found)
