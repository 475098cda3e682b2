"""Reading csv, tsv, jsonl and parquet files, and the embedded sample."""

from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path

from resumebert.data.readers.assemble import assemble
from resumebert.data.readers.columns import Columns, name_tuple
from resumebert.data.readers.files import check_encoding, check_path, open_binary, text_of
from resumebert.data.readers.parquet_tables import parquet_batches
from resumebert.data.readers.text_tables import csv_batches, csv_row, jsonl_batches, line_at
from resumebert.data.table import Problems, ResumeTable, name_list, shorten
from resumebert.utils.errors import UserError

SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")


def read_table(
    path: str | Path | None,
    *,
    text_column: str = "text",
    id_column: str | None = None,
    label_columns: Sequence[str] | None = None,
    labels_column: str | None = None,
    label_separator: str = ";",
    label_names: Sequence[str] | None = None,
    encoding: str = "utf-8",
) -> ResumeTable:
    """Read a csv, tsv, jsonl (each also ``.gz``) or parquet file with one résumé a row.

    Args:
        path: the file; its suffix tells its kind.
        text_column: the column of the text.
        id_column: the column of the ids; None: ``id`` if there is one, else the row numbers.
        label_columns: L columns of 0 and 1, one for each label.
        labels_column: instead, one column with all labels of a row: separated, or a list (in a csv
            cell: JSON). An empty cell is a résumé without a label.
        label_separator: what parts the labels in ``labels_column``.
        label_names: the labels, in the order wanted; None: ``label_columns``, or those found in
            ``labels_column``, sorted.
        encoding: that of a csv, tsv or jsonl file. A UTF-8 byte order mark overrules it.

    Returns:
        n résumés in the order of the file. Text is as found, but for lone surrogates, which become
        U+FFFD.

    Raises:
        UserError: The file can't be read as configured: all that is wrong with its rows in one
            message, the first twenty with their row.
    """
    file = check_path(path)
    source = str(path)
    suffix = _suffix(file, source)
    check_encoding(encoding)
    columns = _columns(
        text_column, id_column, label_columns, labels_column, label_separator, label_names
    )
    problems = Problems(source)
    if suffix == ".parquet":
        batches, columns = parquet_batches(file, columns, source)
        return assemble(batches, columns, source, problems)
    newline = "\n" if suffix == ".jsonl" else ""
    row_at = csv_row if newline == "" else line_at
    with (
        open_binary(file, source) as raw,
        text_of(raw, encoding, source, newline=newline, row_at=row_at) as stream,
    ):
        if suffix == ".jsonl":
            batches, columns = jsonl_batches(stream, columns, source, problems)
        else:
            delimiter = "\t" if suffix == ".tsv" else ","
            batches, columns = csv_batches(stream, delimiter, columns, source, problems)
        return assemble(batches, columns, source, problems)


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


def _suffix(path: Path, source: str) -> str:
    """Return the file's suffix, without ``.gz``, if it is one that can be read."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes[-1:] == [".gz"]
    suffix = suffixes[-2] if packed and len(suffixes) > 1 else (suffixes or [""])[-1]
    if suffix not in SUFFIXES or (packed and suffix == ".parquet"):
        raise UserError(
            f"{source} has the suffix {shorten(''.join(suffixes[-2:]))}, and only "
            f"{', '.join(SUFFIXES)} (and .csv.gz, .tsv.gz, .jsonl.gz) can be read. Convert it, "
            f"or rename it if its name is wrong. (The published resume_corpus is read with "
            f"data=resume_corpus.)"
        )
    return suffix


def _columns(
    text_column: str,
    id_column: str | None,
    label_columns: Sequence[str] | None,
    labels_column: str | None,
    label_separator: str,
    label_names: Sequence[str] | None,
) -> Columns:
    """Return the columns to read, if what is configured fits together."""
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
    )
    used = columns.to_read
    twice = sorted({name for name in used if used.count(name) > 1})
    if twice:
        raise UserError(
            f"The column {name_list(twice)} is given for two purposes. Check data.text_column, "
            f"data.id_column, data.label_columns and data.labels_column."
        )
    return columns
