"""The kinds of tables: how each is told and opened for drawing batches of cells."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePath
from typing import BinaryIO, TypeAlias

from resumebert.data.readers.arrow_tables import (
    datasets_batches,
    is_datasets_folder,
    parquet_batches,
)
from resumebert.data.readers.columns import Batch, Columns
from resumebert.data.readers.csv_tables import AUTO, csv_batches, csv_row, find_dialect
from resumebert.data.readers.encodings import codec_for, head_of, text_of
from resumebert.data.readers.excel_tables import excel_batches
from resumebert.data.readers.files import check_path, is_folder, open_binary, unpacked_name
from resumebert.data.readers.json_tables import json_batches, line_at, looks_like_json
from resumebert.data.readers.split_files import folder_batches
from resumebert.data.table import Problems, printable, shorten
from resumebert.utils.errors import UserError

JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
TEXT_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", *JSON_SUFFIXES)
_FOLDER, _DATASETS = "folder", "datasets"


@dataclass(frozen=True)
class Options:
    """What is configured of the kinds of tables: see :func:`~resumebert.data.readers.read_table`.

    Attributes:
        encoding: of a text file.
        separator: of a csv file.
        quoting: of a csv file.
        sheet: of an Excel file.
        dataset_split: of a folder of the datasets library, or of files named after splits.
        rows_before: how many rows of the table were in files before this one.
    """

    encoding: str = AUTO
    separator: str = AUTO
    quoting: str = AUTO
    sheet: str | None = None
    dataset_split: str | Sequence[str] | None = None
    rows_before: int = 0


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
    if folder:
        kind = _DATASETS if is_datasets_folder(found) else _FOLDER
    else:
        kind = table_suffix(found) or (".txt" if _is_json(found) else _refuse(found, source))
    if options.sheet is not None and kind not in (".xlsx", ".xlsm", _FOLDER):
        raise UserError(f"data.sheet={options.sheet} is for Excel files, which {source} is not.")
    if options.dataset_split is not None and not folder:
        raise UserError(
            f"data.dataset_split={options.dataset_split} is for folders that the datasets library "
            f"saved, or of files named after splits, which {source} is not."
        )
    return _OPENERS[kind](found, columns, options, source, problems)


def table_suffix(path: PurePath) -> str | None:
    """Return which kind of table a file is by its name, or None if it is none that can be read.

    A packed file is a table of text: its content tells more.
    """
    name = unpacked_name(path)
    suffix = PurePath(name).suffix.lower()
    if name == path.name:
        return suffix if suffix in _OPENERS else None
    return suffix if suffix in TEXT_SUFFIXES else ".txt" if not suffix else None


def _is_json(path: Path) -> bool:
    """Tell whether a file of any name begins as rows of JSON do."""
    if unpacked_name(path) != path.name:
        return False
    with open_binary(path, str(path)) as (raw, _):
        return looks_like_json(raw.read(1000).decode("utf-8-sig", errors="replace"))


def _refuse(path: Path, source: str) -> str:
    """Say what to do with a file of another kind."""
    suffix = "".join(path.suffixes[-2:]).lower()
    advice = "Convert it, or rename it if its name is wrong."
    if any(end in suffix for end in (".pkl", ".pickle")):
        advice = (
            "Loading a pickle runs whatever program its maker put into it. If you made it "
            'yourself, write it as parquet: python -c "import pandas; '
            "pandas.read_pickle('F.pkl').to_parquet('F.parquet')\""
        )
    elif suffix.endswith((".xls", ".ods", ".xlsb")):
        advice = "Save it as .xlsx in Excel."
    elif suffix != path.suffix.lower():
        advice = f"Unpack it. {advice}"
    raise UserError(
        f"{source} has the suffix {shorten(suffix)}, and only {', '.join(SUFFIXES)} can be read "
        f"(text also packed as .gz, .bz2, .xz or .zip). {advice} (The published resume_corpus is "
        f"read with data=resume_corpus, a zip of documents with data=documents.)"
    )


@contextmanager
def open_text(
    stream: BinaryIO,
    name: str,
    columns: Columns,
    options: Options,
    source: str,
    problems: Problems,
) -> Iterator[Opened]:
    """Open the stream of a csv or JSON file for drawing its batches; its content tells which.

    Raises:
        UserError: While it is open: it can't be read.
    """
    suffix = PurePath(name).suffix.lower()
    codec = codec_for(stream, options.encoding, source, problems)
    head = head_of(stream, codec)
    text = partial(text_of, stream, options.encoding, problems, source=source, codec=codec)
    if suffix in JSON_SUFFIXES or looks_like_json(head):
        with text(newline="\n", row_at=line_at) as lines:
            yield json_batches(lines, columns, source, problems)
        return
    configured = (options.separator, options.quoting)
    dialect = find_dialect(head, suffix, columns, configured, source, problems)
    with text(newline="", row_at=partial(csv_row, dialect=dialect)) as lines:
        yield csv_batches(lines, dialect, columns, source, problems, options.rows_before)


@contextmanager
def _text_file(
    path: Path, columns: Columns, options: Options, source: str, problems: Problems
) -> Iterator[Opened]:
    with open_binary(path, source) as (raw, name):
        suffix = PurePath(name).suffix.lower()
        if name != path.name and suffix and suffix not in TEXT_SUFFIXES:
            raise UserError(
                f"{source} holds {printable(name)!r}, which is read only unpacked. Unpack it."
            )
        with open_text(raw, name, columns, options, source, problems) as opened:
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
def _datasets(
    path: Path, columns: Columns, options: Options, source: str, problems: Problems
) -> Iterator[Opened]:
    yield datasets_batches(path, options.dataset_split, columns, source)


@contextmanager
def _folder(
    path: Path, columns: Columns, options: Options, source: str, problems: Problems
) -> Iterator[Opened]:
    def opener(
        file: Path, columns: Columns, rows_before: int, name: str
    ) -> AbstractContextManager[Opened]:
        kind = table_suffix(file)
        one = replace(options, dataset_split=None, rows_before=rows_before)
        return _OPENERS[str(kind)](file, columns, one, name, problems)

    with folder_batches(
        path, options.dataset_split, columns, opener, table_suffix, source, problems
    ) as opened:
        yield opened


_OPENERS: dict[str, _Opener] = {
    **dict.fromkeys(TEXT_SUFFIXES, _text_file),
    ".parquet": _parquet,
    ".xlsx": _excel,
    ".xlsm": _excel,
    _DATASETS: _datasets,
    _FOLDER: _folder,
}
SUFFIXES = tuple(suffix for suffix in _OPENERS if suffix.startswith("."))
