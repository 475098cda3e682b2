"""The kinds of tables: how each is told and opened for drawing batches of cells."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

from resumebert.data.readers.columns import Batch, Columns
from resumebert.data.readers.datasets_folder import datasets_batches, is_datasets_folder
from resumebert.data.readers.encodings import AUTO, text_of
from resumebert.data.readers.excel_tables import excel_batches
from resumebert.data.readers.files import check_path, is_folder, open_binary
from resumebert.data.readers.parquet_tables import parquet_batches
from resumebert.data.readers.pickled_tables import pickle_batches
from resumebert.data.readers.text_tables import csv_batches, csv_row, jsonl_batches, line_at
from resumebert.data.table import Problems, shorten
from resumebert.utils.errors import UserError

TEXT_SUFFIXES = (".csv", ".tsv", ".jsonl")
_FOLDER = "folder"


@dataclass(frozen=True)
class Options:
    """What is configured of the kinds of tables: see :func:`~resumebert.data.readers.read_table`.

    Attributes:
        encoding: of a csv, tsv or jsonl file.
        sheet: of an Excel file.
        dataset_split: of a folder of the datasets library.
        allow_pickle: whether a pickle may be loaded.
    """

    encoding: str = AUTO
    sheet: str | None = None
    dataset_split: str | Sequence[str] | None = None
    allow_pickle: bool = False


Opened: TypeAlias = tuple[Iterator[Batch], Columns]
# Batches are drawn while the source is open.
_Opener = Callable[[Path, Columns, Options, str, Problems], AbstractContextManager[Opened]]


def open_table(
    path: str | Path | None, columns: Columns, options: Options, source: str, problems: Problems
) -> AbstractContextManager[Opened]:
    """Open a table of any kind for drawing its batches; the columns come with the id column.

    Raises:
        UserError: There is no table of a known kind at ``path``, or, while it is open, it can't be
            read.
    """
    folder = is_folder(path)
    found = check_path(path, folder=folder)
    if folder and not is_datasets_folder(found):
        raise UserError(
            f"data.path={path} is a folder, where a file is expected (or a folder that the "
            f"datasets library saved, with a dataset_dict.json or a state.json in it). A folder "
            f"of documents is read with data=documents, the published corpus with "
            f"data=resume_corpus."
        )
    kind = _FOLDER if folder else _suffix(found, source)
    _check_keys(kind, options, source)
    return _OPENERS[kind](found, columns, options, source, problems)


def _check_keys(kind: str, options: Options, source: str) -> None:
    """Refuse keys that mean nothing for this kind of table, which is not the one expected then."""
    if options.sheet is not None and kind not in (".xlsx", ".xlsm"):
        raise UserError(f"data.sheet={options.sheet} is for Excel files, which {source} is not.")
    if options.dataset_split is not None and kind != _FOLDER:
        raise UserError(
            f"data.dataset_split={options.dataset_split} is for folders that the datasets library "
            f"saved, which {source} is not."
        )


def _suffix(path: Path, source: str) -> str:
    """Return the file's suffix, without ``.gz``, if it is one that can be read."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes[-1:] == [".gz"]
    suffix = suffixes[-2] if packed and len(suffixes) > 1 else (suffixes or [""])[-1]
    if suffix not in (TEXT_SUFFIXES if packed else SUFFIXES):
        old = " Save it as .xlsx in Excel." if suffix == ".xls" else ""
        raise UserError(
            f"{source} has the suffix {shorten(''.join(suffixes[-2:]))}, and only "
            f"{', '.join(SUFFIXES)} (and .csv.gz, .tsv.gz, .jsonl.gz) can be read.{old} Convert "
            f"it, or rename it if its name is wrong. (The published resume_corpus is read with "
            f"data=resume_corpus, a zip of documents with data=documents.)"
        )
    return suffix


@contextmanager
def open_text(
    stream: BinaryIO, suffix: str, columns: Columns, encoding: str, source: str, problems: Problems
) -> Iterator[Opened]:
    """Open the stream of a csv, tsv or jsonl file for drawing its batches.

    Raises:
        UserError: While it is open: it can't be read.
    """
    jsonl = suffix == ".jsonl"
    newline, row_at = ("\n", line_at) if jsonl else ("", csv_row)
    with text_of(stream, encoding, problems, source=source, newline=newline, row_at=row_at) as text:
        if jsonl:
            yield jsonl_batches(text, columns, source, problems)
        else:
            delimiter = "\t" if suffix == ".tsv" else ","
            yield csv_batches(text, delimiter, columns, source, problems)


@contextmanager
def _text_file(
    path: Path, columns: Columns, options: Options, source: str, problems: Problems
) -> Iterator[Opened]:
    suffix = _suffix(path, source)
    with (
        open_binary(path, source) as raw,
        open_text(raw, suffix, columns, options.encoding, source, problems) as opened,
    ):
        yield opened


@contextmanager
def _parquet(
    path: Path, columns: Columns, options: Options, source: str, problems: Problems
) -> Iterator[Opened]:
    yield parquet_batches(path, columns, source)


@contextmanager
def _excel(
    path: Path, columns: Columns, options: Options, source: str, problems: Problems
) -> Iterator[Opened]:
    with excel_batches(path, options.sheet, columns, source, problems) as opened:
        yield opened


@contextmanager
def _pickle(
    path: Path, columns: Columns, options: Options, source: str, problems: Problems
) -> Iterator[Opened]:
    yield pickle_batches(path, columns, source, allowed=options.allow_pickle)


@contextmanager
def _datasets(
    path: Path, columns: Columns, options: Options, source: str, problems: Problems
) -> Iterator[Opened]:
    yield datasets_batches(path, options.dataset_split, columns, source)


_OPENERS: dict[str, _Opener] = {
    **dict.fromkeys(TEXT_SUFFIXES, _text_file),
    ".parquet": _parquet,
    ".xlsx": _excel,
    ".xlsm": _excel,
    ".pkl": _pickle,
    ".pickle": _pickle,
    _FOLDER: _datasets,
}
SUFFIXES = tuple(suffix for suffix in _OPENERS if suffix != _FOLDER)
