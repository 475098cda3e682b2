"""A folder of tables as one: files named after splits, or the parts of one table."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path, PurePath, PurePosixPath
from typing import TypeAlias

import numpy as np

from resumebert.data.readers.columns import Batch, Columns
from resumebert.data.readers.files import folder_members, unpacked_name
from resumebert.data.readers.texts import split_name
from resumebert.data.table import Problems, name_list
from resumebert.utils.errors import UserError

# Beside the names that a column of splits may hold.
_WORDS = {"training": "train", "eval": "val", "evaluation": "val", "testing": "test"}
_ORDER = ("train", "val", "test")
# A README or a description of the data, unless it is named after a split.
_MAYBE_NOT_DATA = (".txt", ".json", ".xlsx", ".xlsm")

# Opens a file for given columns, after so many rows of other files, with a name for messages.
Opener: TypeAlias = Callable[
    [Path, Columns, int, str], AbstractContextManager[tuple[Iterator[Batch], Columns]]
]
# The path of a file in the folder, and the word in it that names its split, or "".
_File: TypeAlias = tuple[str, str]


@contextmanager
def folder_batches(
    folder: Path,
    wanted: str | Sequence[str] | None,
    columns: Columns,
    opener: Opener,
    suffix_of: Callable[[PurePath], str | None],
    source: str,
    problems: Problems,
) -> Iterator[tuple[Iterator[Batch], Columns]]:
    """Open the tables of a folder for drawing their batches, one after another.

    Of files named after several splits, ids are ``NAME/ID``, and each batch has its split.

    Args:
        folder: the folder.
        wanted: the splits to read, or None for all.
        columns: those wanted.
        opener: opens one file.
        suffix_of: tells the kind of table that a file is, or None.
        source: what to call the folder.
        problems: where to note what was understood.

    Raises:
        UserError: While it is open: it is not clear which files to read, or one can't be read.
    """
    names = [name for name, _ in folder_members(folder, (), source)]
    tables = {name: suffix for name in names if (suffix := suffix_of(PurePath(name)))}
    files = [(name, word) for name in tables if (word := _split_word(name))]
    if files:
        files = _of_splits(files, wanted, source, problems)
        left = {n for n, suffix in tables.items() if suffix not in _MAYBE_NOT_DATA}
        if passed := sorted(left - {name for name, _ in files}):
            problems.remark(f"{source}: files not read: {name_list(passed)}.")
    else:
        files = [(name, "") for name in _parts(tables, wanted, source, problems)]
    with ExitStack() as stack:
        first = stack.enter_context(_open(folder, files[0], columns, 0, opener, source, problems))
        found = first[1]
        yield _rows(folder, files, first, opener, source, problems), found


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
    """Return the split that a word names."""
    return split_name(word) or _WORDS[word]


def _of_splits(
    files: list[_File], wanted: str | Sequence[str] | None, source: str, problems: Problems
) -> list[_File]:
    """Return the files to read of those named after splits, noting which is which."""
    words = list(dict.fromkeys(word for _, word in files))
    if wanted is not None:
        chosen = [wanted] if isinstance(wanted, str) else list(wanted)
        named = {word for word in words if word in chosen or _split(word) in chosen}
        if not chosen or any(w not in words and w not in map(_split, words) for w in chosen):
            raise UserError(
                f"data.dataset_split={wanted}: the files of {source} are named after the splits "
                f"{name_list(words)}. Name those to read."
            )
        files = [(name, word) for name, word in files if word in named]
        words = [word for word in words if word in named]
    by_split = {split: [w for w in words if _split(w) == split] for split in _ORDER}
    by_split = {split: found for split, found in by_split.items() if found}
    stems = [
        PurePosixPath(name).parent / PurePath(unpacked_name(PurePath(name))).stem
        for name, _ in files
    ]
    twice = [name for (name, _), stem in zip(files, stems, strict=True) if stems.count(stem) > 1]
    unclear = [split for split, found in by_split.items() if len(found) > 1]
    if twice or unclear:
        twice = twice or [name for name, word in files if _split(word) in unclear]
        raise UserError(
            f"{source} holds {name_list(twice)}, and it is not clear which of them to read. Leave "
            f"one for each split, or name the splits to read: data.dataset_split=[train,test], say."
        )
    if len(words) == 1:
        return [(name, "") for name, _ in files]
    shown = "; ".join(
        f"{split} from {name_list([name for name, word in files if _split(word) == split])}"
        for split in by_split
    )
    problems.remark(f"{source}: the splits were taken from the files' names: {shown}.")
    return sorted(files, key=lambda file: (_ORDER.index(_split(file[1])), file[0]))


def _parts(
    tables: dict[str, str], wanted: str | Sequence[str] | None, source: str, problems: Problems
) -> list[str]:
    """Return the parts of one table: all files of the one kind there is."""
    kinds = {suffix for suffix in tables.values() if suffix not in _MAYBE_NOT_DATA}
    documents = ".txt" in tables.values()
    if len(kinds) != 1 or documents or wanted is not None:
        raise UserError(
            f"{source} is a folder, where a file is expected (or a folder of tables of one kind, "
            f"named train, val and test or parts of one table; or one that the datasets library "
            f"saved). It holds {name_list(list(tables))}"
            f"{' as tables' if tables else ', no table'}. A folder of documents is read with "
            f"data=documents, the published corpus with data=resume_corpus."
        )
    names = [name for name, suffix in tables.items() if suffix in kinds]
    problems.remark(f"{source}: read as one table: {name_list(names)}.")
    return names


@contextmanager
def _open(
    folder: Path,
    file: _File,
    columns: Columns,
    rows_before: int,
    opener: Opener,
    source: str,
    problems: Problems,
) -> Iterator[tuple[Iterator[Batch], Columns]]:
    """Open one file, whose problems are told with its name."""
    problems.file = file[0]
    with ExitStack() as stack:
        opened = opener(folder / file[0], columns, rows_before, f"{file[0]} in {source}")
        try:
            batches, found = stack.enter_context(opened)
        except UserError as error:
            # The test files of competitions have no labels.
            other = "Or name the splits to read: data.dataset_split=train, say."
            raise UserError(f"{error} {other}" if file[1] else str(error)) from None
        yield batches, found
    problems.file = ""


def _rows(
    folder: Path,
    files: list[_File],
    first: tuple[Iterator[Batch], Columns],
    opener: Opener,
    source: str,
    problems: Problems,
) -> Iterator[Batch]:
    """Yield the batches of all files, rows numbered through."""
    batches, columns = first
    rows_before = 0
    for k, file in enumerate(files):
        with ExitStack() as stack:
            if k:
                batches, found = stack.enter_context(
                    _open(folder, file, columns, rows_before, opener, source, problems)
                )
                if found.id != columns.id:
                    raise UserError(
                        f"Of the files of {source}, {files[0][0]!r} and {file[0]!r} differ in "
                        f"whether they have a column 'id'. Set data.id_column, or make them alike."
                    )
            problems.file = file[0]
            last = rows_before
            for batch in batches:
                rows = batch.rows + rows_before
                last = int(np.max(rows, initial=last))
                places = [batch.place(i) for i in range(len(rows))]
                split = _split(file[1]) if file[1] and columns.split is None else None
                prefix = f"{file[1]}/" if file[1] else ""
                yield replace(batch, rows=rows, places=places, split=split, id_prefix=prefix)
            rows_before = last
    problems.file = ""
