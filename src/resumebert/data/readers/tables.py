"""Reading tables of any kind, a résumé a row: a file, a folder of files, the embedded sample."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from importlib import resources
from pathlib import Path, PurePath, PurePosixPath
from typing import IO, TypeAlias

import numpy as np

from resumebert.data.cells.columns import Batch, Drawn, Options, Source, split_name
from resumebert.data.problems import name_list, printable, shorten
from resumebert.data.readers.columnar import is_datasets_folder, open_datasets, open_parquet
from resumebert.data.readers.csv_tables import check_dialect, csv_batches, csv_row, find_dialect
from resumebert.data.readers.encodings import check_encoding, codec_for, head_of, text_of
from resumebert.data.readers.excel import open_excel
from resumebert.data.readers.files import (
    check_path,
    folder_members,
    open_binary,
    unpacked_name,
    within_memory,
)
from resumebert.data.readers.json_tables import json_batches, line_at, looks_like_json
from resumebert.data.table import ResumeTable
from resumebert.utils.errors import UserError

JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
TEXT_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", *JSON_SUFFIXES)
_FOLDER, _DATASETS = "folder", "datasets"
# Words for splits in the names of files, beside those that a column of splits may hold.
_WORDS = {"training": "train", "eval": "val", "evaluation": "val", "testing": "test"}
_ORDER = ("train", "val", "test")
# A README or a description of the data, unless it is named after a split.
_MAYBE_NOT_DATA = (".txt", ".json", ".xlsx", ".xlsm")

_Opener: TypeAlias = Callable[[Path, Source], AbstractContextManager[Drawn]]
# The path of a file in the folder, and the word in it that names its split, or "".
_File: TypeAlias = tuple[str, str]


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
    sample = resources.files("resumebert.data") / "sample" / "resumes.parquet"
    if not sample.is_file():
        raise UserError(
            "The embedded sample (resumebert/data/sample/resumes.parquet) is missing: the "
            "installation is incomplete. Install resumebert again."
        )
    source = Source.of(
        "the embedded sample", Options(id_column="id", labels_column="labels", is_plain=True)
    )
    with resources.as_file(sample) as path, open_parquet(path, source) as (batches, found):
        return ResumeTable.from_batches(batches, found)


def open_table(path: str | Path | None, source: Source) -> AbstractContextManager[Drawn]:
    """Open a table of any kind for drawing its batches; the source comes with the id column.

    Raises:
        UserError: There is no table of a known kind, or, while it is open, it can't be read.
    """
    options = source.options
    check_encoding(options.encoding)
    check_dialect(options)
    found = check_path(path)
    if found.is_dir():
        kind = _DATASETS if is_datasets_folder(found) else _FOLDER
    else:
        kind = table_suffix(found) or (".txt" if _is_json(found) else _refuse(found, source.name))
    if options.sheet is not None and kind not in (".xlsx", ".xlsm", _FOLDER):
        raise UserError(f"data.sheet={options.sheet} is for Excel files, which {source} is not.")
    if options.dataset_split is not None and not found.is_dir():
        raise UserError(
            f"data.dataset_split={options.dataset_split} is for folders that the datasets library "
            f"saved, or of files named after splits, which {source} is not."
        )
    return _OPENERS[kind](found, source)


def table_suffix(path: PurePath) -> str | None:
    """Return which kind of table a file is by its name, or None if it is none that can be read.

    A packed file is a table of text: its content tells more.
    """
    name = unpacked_name(path)
    suffix = PurePath(name).suffix.lower()
    if name == path.name:
        return suffix if suffix in SUFFIXES else None
    return suffix if suffix in TEXT_SUFFIXES else ".txt" if not suffix else None


def _is_json(path: Path) -> bool:
    if unpacked_name(path) != path.name:
        return False
    with open_binary(path, str(path)) as (raw, _):
        return looks_like_json(raw.read(1000).decode("utf-8-sig", errors="replace"))


def _refuse(path: Path, source: str) -> str:
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
def open_text(stream: IO[bytes], name: str, source: Source) -> Iterator[Drawn]:
    """Open the stream of a csv or JSON file for drawing its batches; its content tells which."""
    suffix = PurePath(name).suffix.lower()
    codec = codec_for(stream, source.options.encoding, source.name, source.problems)
    head = head_of(stream, codec)
    if suffix in JSON_SUFFIXES or looks_like_json(head):
        with text_of(stream, codec, source.name, newline="\n", row_at=line_at) as lines:
            yield json_batches(lines, source)
        return
    dialect = find_dialect(head, suffix, source)
    row_at = partial(csv_row, dialect=dialect)
    with text_of(stream, codec, source.name, newline="", row_at=row_at) as lines:
        yield csv_batches(lines, dialect, source)


@contextmanager
def _open_text_file(path: Path, source: Source) -> Iterator[Drawn]:
    with open_binary(path, source.name) as (raw, name):
        suffix = PurePath(name).suffix.lower()
        if name != path.name and suffix and suffix not in TEXT_SUFFIXES:
            raise UserError(
                f"{source} holds {printable(name)!r}, which is read only unpacked. Unpack it."
            )
        with open_text(raw, name, source) as drawn:
            yield drawn


@contextmanager
def _open_folder(folder: Path, source: Source) -> Iterator[Drawn]:
    """Open the tables of a folder for drawing their batches, one after another.

    Of files named after several splits, ids are ``NAME/ID``, and each batch has its split.
    """
    problems, has_splits = source.problems, source.options.split_column is not None
    names = [member.name for member in folder_members(folder, source.name)]
    tables = {name: suffix for name in names if (suffix := table_suffix(PurePath(name)))}
    files = [(name, word) for name in tables if (word := _split_word(name))]
    if files:
        files = _of_splits(files, source)
        read = {name for name, _ in files}
        passed = [n for n, kind in tables.items() if kind not in _MAYBE_NOT_DATA and n not in read]
        if passed:
            problems.remark(f"{source}: files not read: {name_list(sorted(passed))}.")
    else:
        files = [(name, "") for name in _parts(tables, source)]

    @contextmanager
    def opened(name: str, word: str) -> Iterator[Drawn]:
        """Open one file, whose problems are told with its name."""
        problems.file = name
        one = replace(source, name=f"{name} in {source}")
        with ExitStack() as stack:
            try:
                drawn = stack.enter_context(_OPENERS[tables[name]](folder / name, one))
            except UserError as error:
                # The test files of competitions have no labels.
                other = "Or name the splits to read: data.dataset_split=train, say."
                raise UserError(f"{error} {other}" if word else str(error)) from None
            yield drawn
        problems.file = ""

    def batches(first: Drawn) -> Iterator[Batch]:
        """Yield the batches of all files, rows numbered through."""
        for k, (name, word) in enumerate(files):
            with opened(name, word) if k else nullcontext(first) as (drawn, found):
                if found.options.id_column != first[1].options.id_column:
                    raise UserError(
                        f"Of the files of {source}, {files[0][0]!r} and {name!r} differ in "
                        f"whether they have a column 'id'. Set data.id_column, or make them alike."
                    )
                problems.file = name
                prefix = f"{word}/" if word else ""
                split = _split(word) if word and not has_splits else None
                last = problems.rows_before
                for batch in drawn:
                    rows = batch.rows + problems.rows_before
                    last = int(np.max(rows, initial=last))
                    places = [batch.place(i) for i in range(len(rows))]
                    yield replace(batch, rows=rows, places=places, split=split, id_prefix=prefix)
                problems.rows_before = last
        problems.file = ""

    with opened(*files[0]) as first:
        yield batches(first), replace(source, options=first[1].options)


def _split_word(name: str) -> str:
    """Return the word in a file's name, or in its folders', that names a split, or ""."""
    path = PurePosixPath(name)
    for part in (unpacked_name(path), *reversed(path.parts[:-1])):
        words = [w for w in re.split(r"[^a-z]+", part.lower()) if split_name(w) or w in _WORDS]
        if len({_split(word) for word in words}) > 1:
            return ""
        if words:
            return words[0]
    return ""


def _split(word: str) -> str:
    return split_name(word) or _WORDS[word]


def _of_splits(files: list[_File], source: Source) -> list[_File]:
    """Return the files to read of those named after splits, noting which is which."""
    wanted = source.options.dataset_split
    words = list(dict.fromkeys(word for _, word in files))
    if wanted is not None:
        chosen = [wanted] if isinstance(wanted, str) else list(wanted)
        if not chosen or not set(chosen) <= {*words, *map(_split, words)}:
            raise UserError(
                f"data.dataset_split={wanted}: the files of {source} are named after the splits "
                f"{name_list(words)}. Name those to read."
            )
        words = [word for word in words if word in chosen or _split(word) in chosen]
        files = [(name, word) for name, word in files if word in words]
    by_split = {split: [w for w in words if _split(w) == split] for split in _ORDER}
    unclear = [word for found in by_split.values() if len(found) > 1 for word in found]
    stems = [
        PurePosixPath(name).parent / PurePath(unpacked_name(PurePath(name))).stem
        for name, _ in files
    ]
    twice = [name for (name, _), stem in zip(files, stems, strict=True) if stems.count(stem) > 1]
    if twice or unclear:
        twice = twice or [name for name, word in files if word in unclear]
        raise UserError(
            f"{source} holds {name_list(twice)}, and it is not clear which of them to read. Leave "
            f"one for each split, or name the splits to read: data.dataset_split=[train,test], say."
        )
    if len(words) == 1:
        return [(name, "") for name, _ in files]
    shown = "; ".join(
        f"{split} from {name_list([name for name, word in files if word in found])}"
        for split, found in by_split.items()
        if found
    )
    told = f"{source}: the splits were taken from the files' names: {shown}."
    source.problems.remark(told)
    return sorted(files, key=lambda file: (_ORDER.index(_split(file[1])), file[0]))


def _parts(tables: dict[str, str], source: Source) -> list[str]:
    """Return the parts of one table: all files of the one kind there is."""
    kinds = {suffix for suffix in tables.values() if suffix not in _MAYBE_NOT_DATA}
    is_clear = len(kinds) == 1 and ".txt" not in tables.values()
    if not is_clear or source.options.dataset_split is not None:
        raise UserError(
            f"{source} is a folder, where a file is expected (or a folder of tables of one kind, "
            f"named train, val and test or parts of one table; or one that the datasets library "
            f"saved). It holds {name_list(list(tables))}"
            f"{' as tables' if tables else ', no table'}. A folder of documents is read with "
            f"data=documents, the published corpus with data=resume_corpus."
        )
    names = [name for name, suffix in tables.items() if suffix in kinds]
    source.problems.remark(f"{source}: read as one table: {name_list(names)}.")
    return names


_OPENERS: dict[str, _Opener] = {
    **dict.fromkeys(TEXT_SUFFIXES, _open_text_file),
    ".parquet": open_parquet,
    ".xlsx": open_excel,
    ".xlsm": open_excel,
    _DATASETS: open_datasets,
    _FOLDER: _open_folder,
}
SUFFIXES = tuple(suffix for suffix in _OPENERS if suffix.startswith("."))
