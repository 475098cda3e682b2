"""What is to be labelled: documents, rows of a table or lines, one after the other."""

import io
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

from resumebert.data.cells.columns import (
    KEEP,
    Batch,
    Drawn,
    Options,
    Source,
    python_values,
    read_ids,
    read_texts,
)
from resumebert.data.problems import Problems, name_list, printable
from resumebert.data.readers.columnar import is_datasets_folder
from resumebert.data.readers.csv_tables import check_dialect
from resumebert.data.readers.encodings import check_encoding, codec_for, text_of
from resumebert.data.readers.files import (
    Member,
    check_path,
    open_binary,
    open_members,
    unpacked_name,
)
from resumebert.data.readers.json_tables import MAX_ROW, line_at, looks_like_json
from resumebert.data.readers.tables import SUFFIXES, open_table, open_text, table_suffix
from resumebert.documents import Document, DocumentReaders, Limits
from resumebert.utils.errors import UserError

STDIN = "-"
_LIMITS = Limits()
_HEAD = 1 << 16
# The readers name the keys of train.py.
_KEYS = re.compile(r"\bdata\.(path|(?:text_column|id_column|encoding|separator|quoting|sheet)\b)")


@dataclass(frozen=True)
class Item:
    """A text to label, or why there is none; ``id`` is a path, or a row's or line's number."""

    id: str
    text: str = ""
    error: str | None = None
    notes: str = ""
    kept: Sequence[Any] = ()


@dataclass(frozen=True, kw_only=True)
class InputOptions:
    """How to read what is to be labelled.

    ``auto``: tables are files with the ending of one, or that begin as JSON does; everything else
    is documents. ``lines`` are a text each. ``id_column`` None: ``id`` if there is one, else the
    rows' numbers. ``workers`` read documents; None: one for each processor.
    """

    read_as: str = "auto"
    text_column: str = "text"
    id_column: str | None = None
    keep_columns: Sequence[str] = ()
    encoding: str = "auto"
    separator: str = "auto"
    quoting: str = "auto"
    sheet: str | None = None
    keep_hidden: bool = False
    workers: int | None = None


class Input(Protocol):
    """Something to label; ``remarks`` are worth knowing once ``items`` has read it."""

    remarks: list[str]

    def count(self) -> int | None:
        """Return how many items there are, all of a table read for it; None: nobody knows yet."""

    def items(self, start: int = 0) -> Generator[Item, None, None]:
        """Yield the items from the one at ``start`` on, in order; close it if it is not used up."""


def open_input(path: str | Path, options: InputOptions) -> Input:
    """Return what is at a path; ``-`` is standard input."""
    with own_keys():
        kind = options.read_as
        if str(path) == STDIN:
            stream: Any = sys.stdin.buffer
            if kind == "auto":
                head = stream.peek(_HEAD)[:_HEAD].decode("utf-8-sig", "replace")
                kind = "table" if looks_like_json(head) else "documents"
            place = None
        else:
            place = check_path(path, "input")
            kind = _kind(place) if kind == "auto" else kind
        if kind != "table" and options.keep_columns:
            raise UserError(
                f"{KEEP}={name_list(options.keep_columns)}: there are no columns to keep in "
                f"{kind}. Leave it out, or give a table (read_as=table)."
            )
        if kind == "table":
            return _Table(place, options)
        if kind == "lines":
            return _Lines(place, options)
        return _Documents(place, options)


@contextmanager
def own_keys() -> Iterator[None]:
    """Let messages of the readers name the keys of predict.py in place of those of train.py."""
    try:
        yield
    except UserError as error:
        raise UserError(_own_keys(str(error))) from error


def _own_keys(message: str) -> str:
    return _KEYS.sub(lambda found: "input" if found[1] == "path" else found[1], message)


def _kind(path: Path) -> str:
    if path.is_dir():
        return "table" if is_datasets_folder(path) else "documents"
    suffix = path.suffix.lower()
    if suffix == ".zip":
        with open_members(path, printable(str(path))) as members:
            names = [PurePosixPath(member.name) for member in members]
        # A packed table is read as such.
        return "table" if len(names) == 1 and _is_table(names[0]) else "documents"
    if _is_table(path):
        return "table"
    if suffix in SUFFIXES or unpacked_name(path) != path.name:
        return "documents"
    with path.open("rb") as stream:
        head = stream.read(_HEAD).decode("utf-8-sig", "replace")
    return "table" if looks_like_json(head) else "documents"


def _is_table(path: Path | PurePosixPath) -> bool:
    return (table_suffix(path) or ".txt") != ".txt"


class _Documents:
    """The files of a folder or zip, one file, or all of standard input."""

    def __init__(self, path: Path | None, options: InputOptions) -> None:
        self._path, self._options = path, options
        self.remarks: list[str] = []
        with self._members() as members:
            self._count = len(members)
        if not self._count:
            raise UserError(f"input={printable(str(path))} holds no files. Check the path.")

    def count(self) -> int | None:
        return self._count

    def items(self, start: int = 0) -> Generator[Item, None, None]:
        keep = self._options.keep_hidden
        with (
            own_keys(),
            self._members() as members,
            DocumentReaders(workers=self._options.workers, keep_hidden=keep) as readers,
        ):
            sources = ((member.name, partial(_beginning, member)) for member in members[start:])
            for document in readers.read(sources):
                notes = list(document.notes)
                if document.hidden_text:
                    notes.append(hidden_note(document, kept=keep))
                error = None if document.error is None else f"it {document.error}"
                name = printable(document.name)
                yield Item(name, document.text, error, printable("; ".join(notes)))

    @contextmanager
    def _members(self) -> Iterator[list[Member]]:
        path = self._path
        if path is None:
            yield [Member("stdin", partial(nullcontext, sys.stdin.buffer), bytes)]
        elif path.is_dir() or path.suffix.lower() == ".zip":
            with open_members(path, printable(str(path))) as members:
                yield members
        else:
            yield [Member(path.name, partial(path.open, "rb"), bytes)]


def hidden_note(document: Document, *, kept: bool) -> str:
    """Say that a document holds text that a person can't see."""
    what = "kept" if kept else "left out"
    return (
        f"hidden_text: {len(document.hidden_text):,} characters that a person can't see were {what}"
    )


def _beginning(member: Member) -> bytes:
    """Return a file, or so much of it that it is known to be too large."""
    with member.open() as stream:
        data: bytes = stream.read(_LIMITS.megabytes * 1000**2 + 1)
        return data


class _Table:
    """The rows of a table."""

    def __init__(self, path: Path | None, options: InputOptions) -> None:
        self.remarks: list[str] = []
        self._path = path
        self._options = Options(
            text_column=options.text_column,
            id_column=options.id_column,
            encoding=options.encoding,
            separator=options.separator,
            quoting=options.quoting,
            sheet=options.sheet,
            text_key="text_column",
            has_labels=False,
            keep_columns=tuple(options.keep_columns),
        )
        self._stream: IO[bytes] | None = None
        if path is None:
            # It is read several times, and may not fit into the memory.
            self._stream = tempfile.TemporaryFile()  # noqa: SIM115
            shutil.copyfileobj(sys.stdin.buffer, self._stream)
            if not self._stream.tell():
                raise UserError("input=-: standard input is empty.")
        with self._drawn():
            pass

    @contextmanager
    def _drawn(self) -> Iterator[Drawn]:
        name = "standard input" if self._path is None else printable(str(self._path))
        # A row that can't be read has a row of its own in the output.
        source = Source(name, self._options, Problems(name, skip_rows=True, listed=float("inf")))
        with own_keys():
            if self._stream is None:
                with open_table(self._path, source) as drawn:
                    yield drawn
                return
            check_encoding(self._options.encoding)
            check_dialect(self._options)
            with open_text(self._stream, "", source) as drawn:
                yield drawn

    def count(self) -> int | None:
        # Whatever is wrong with the file as a whole is told before hours of work.
        return sum(1 for _ in self.items())

    def items(self, start: int = 0) -> Generator[Item, None, None]:
        with self._drawn() as (batches, source):
            yield from islice(self._all(batches, source), start, None)
            source.problems.raise_if_any()
            self.remarks = [_own_keys(note) for note in source.problems.notes]
            if source.problems.not_rows:
                self.remarks.append(
                    f"{source}: {source.problems.not_rows:,} blank or broken lines, which are no "
                    f"rows, were passed over."
                )

    def _all(self, batches: Iterator[Batch], source: Source) -> Iterator[Item]:
        problems, options = source.problems, source.options
        for batch in batches:
            texts = read_texts(batch, options.text_column, problems).to_pylist()
            ids = read_ids(batch, options.id_column, problems)
            columns = [python_values(batch.cells[name]) for name in options.keep_columns]
            kept = list(zip(*columns, strict=True)) if columns else [()] * len(texts)
            # In the order of the rows, those too that were too broken to be in the batch.
            places: dict[int, int | None] = dict.fromkeys(wrong := problems.take_rows())
            places |= {int(row): place for place, row in enumerate(batch.rows)}
            for row, place in sorted(places.items()):
                if place is None:
                    # Where there are ids, the row's number might be another one's.
                    known = str(row) if options.id_column is None else ""
                    yield Item(known, error=wrong[row], kept=[None] * len(columns))
                elif row in wrong:
                    yield Item(ids[place], error=wrong[row], kept=kept[place])
                else:
                    yield Item(ids[place], texts[place], kept=kept[place])


class _Lines:
    """The lines of a file or of standard input, which are read as they come."""

    def __init__(self, path: Path | None, options: InputOptions) -> None:
        self._path, self._options = path, options
        self.remarks: list[str] = []
        if path is not None and path.is_dir():
            raise UserError(f"input={path} is a folder, of which no lines can be read.")

    def count(self) -> int | None:
        return None if self._path is None else sum(1 for _ in self.items())

    def items(self, start: int = 0) -> Generator[Item, None, None]:
        with own_keys(), self._opened() as lines:
            read: Callable[[], str] = partial(lines.readline, MAX_ROW)
            for number, line in islice(enumerate(iter(read, ""), start=1), start, None):
                text = line.rstrip("\r\n")
                yield Item(str(number), text, None if text.strip() else "the line is blank")

    @contextmanager
    def _opened(self) -> Iterator[IO[str]]:
        with ExitStack() as stack:
            if self._path is None:
                yield io.TextIOWrapper(sys.stdin.buffer, "utf-8-sig", "replace", newline="\n")
                return
            name = printable(str(self._path))
            stream, _ = stack.enter_context(open_binary(self._path, name))
            problems = Problems(name)
            codec = codec_for(stream, self._options.encoding, name, problems)
            opened = text_of(stream, codec, name, newline="\n", row_at=line_at)
            yield stack.enter_context(opened)
            self.remarks = [_own_keys(note) for note in problems.notes]
