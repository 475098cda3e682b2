"""ResumeTable: what every reader returns and everything after it works on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from resumebert.data.arrays import Ints, Labels, Splits
from resumebert.utils.errors import UserError

SHOWN_PROBLEMS = 20
LISTED_SKIPPED = 1000
_LONG_MESSAGE = 500
_CHUNK = 2048


class TextColumn(Sequence[str]):
    """A read-only sequence of n texts that stay UTF-8 in Arrow and become ``str`` when asked for.

    A million résumés take 6 GB as UTF-8, and twice that as ``str``, since one bullet point in a
    text makes Python store all its characters in two bytes.
    """

    def __init__(self, texts: pa.ChunkedArray, index: Ints | None = None) -> None:
        """Wrap an array of strings without nulls, or the elements of it at ``index``."""
        self._texts = texts
        self._index = index

    @classmethod
    def of(cls, texts: Iterable[str]) -> "TextColumn":
        """Take n texts, drawn one by one so that few need be in memory as ``str``."""
        drawn = iter(texts)
        chunks = []
        while piece := list(islice(drawn, _CHUNK)):
            chunks.append(pa.array(piece, pa.large_string()))
        return cls(pa.chunked_array(chunks, pa.large_string()))

    def __len__(self) -> int:
        return len(self._texts) if self._index is None else len(self._index)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return self.select(np.arange(len(self))[key])
        if not -len(self) <= key < len(self):
            raise IndexError(f"text {key} of {len(self)}")
        position = int(key) % len(self)
        return self._texts[position if self._index is None else self._index[position]].as_py()

    def __iter__(self) -> Iterator[str]:
        if self._index is not None:
            return (self._texts[i].as_py() for i in self._index)
        return (text.as_py() for chunk in self._texts.iterchunks() for text in chunk)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"TextColumn of {len(self)} texts"

    def drain(self) -> Iterator[str]:
        """Yield all texts, letting go of each chunk once it is read; the column is empty then.

        So a million texts can be changed into others without both being in memory. A selection
        can't let go of what it shares with others.
        """
        if self._index is not None:
            yield from self
            return
        chunks = self._texts.chunks[::-1]
        self._texts = pa.chunked_array([], self._texts.type)
        while chunks:
            yield from (text.as_py() for text in chunks.pop())

    def select(self, index: Ints) -> "TextColumn":
        """Return the texts at ``index`` (k integers), in that order, without copying them."""
        return TextColumn(self._texts, index if self._index is None else self._index[index])


class Problems:
    """The problems of one source, collected so that one message can show them together.

    With ``skip_rows``, a problem of a row costs that row alone, and is listed instead of raised.
    """

    def __init__(self, source: str, *, skip_rows: bool = False) -> None:
        self.source = source
        self.skip_rows = skip_rows
        self.file = ""  # Of several files, the one that is being read.
        self.count = 0
        self.doubts: list[str] = []
        self._encodings: dict[str, list[str]] = {}
        self._notes: list[str] = []
        self._shown: list[str] = []
        # Number of a row left out → what is wrong with it, or "" where too many are; one that is
        # not in the table has a number below 0.
        self._skipped: dict[int, str] = {}

    def add(self, where: str, what: str) -> None:
        """Note a problem; ``where`` is a row or a file, or empty for the source as a whole."""
        self.count += 1
        if len(self._shown) < SHOWN_PROBLEMS:
            self._shown.append(self._told(where, what))

    def add_row(self, where: str, what: str, row: int | None = None) -> None:
        """Note a problem of one row at ``where``; ``row``: its number if it is in the table."""
        if not self.skip_rows:
            self.add(where, what)
            return
        number = -1 - len(self._skipped) if row is None else row
        if number not in self._skipped:
            is_listed = len(self._skipped) < LISTED_SKIPPED
            self._skipped[number] = self._told(where, what) if is_listed else ""
        elif 0 < len(self._skipped[number]) < _LONG_MESSAGE:
            self._skipped[number] += f"; {what}"

    def add_numbered(self, row: int, what: str) -> None:
        """Note a problem of a row of the table by its number."""
        self.add_row(f"row {row}", what, int(row))

    def _told(self, where: str, what: str) -> str:
        place = ", ".join(part for part in (self.file, where) if part)
        return printable(f"{place}: {what}" if place else what)

    def remark(self, note: str) -> None:
        """Note what is no problem, but worth knowing."""
        self._notes.append(note)

    def doubt(self, warning: str) -> None:
        """Note what is no problem for the reader, but probably one for its user."""
        self.doubts.append(warning)

    def guessed_encoding(self, name: str, encoding: str) -> None:
        """Note that a file without a byte order mark is taken to be in another one than UTF-8."""
        self._encodings.setdefault(encoding, []).append(name)

    @property
    def notes(self) -> list[str]:
        """What is worth knowing, the files taken for one encoding in one note."""
        guesses = [
            f"{files[0] + ' is' if len(files) == 1 else f'{len(files)} files are'} not UTF-8 and "
            f"read as {encoding}{'' if len(files) == 1 else f' ({name_list(files)})'}. If letters "
            f"come out wrong, declare data.encoding."
            for encoding, files in self._encodings.items()
        ]
        return [*map(printable, self._notes), *map(printable, guesses)]

    def is_bad(self, row: int) -> bool:
        """Return whether a row is to be left out."""
        return row in self._skipped

    @property
    def bad_rows(self) -> Ints:
        """The numbers of the rows to leave out of the table."""
        return np.array([row for row in self._skipped if row >= 0], dtype=np.int64)

    @property
    def skipped_rows(self) -> int:
        """How many rows are left out."""
        return len(self._skipped)

    @property
    def skipped(self) -> list[str]:
        """A message for each row left out, the first thousand, and how many there are besides."""
        listed = list(islice(self._skipped.values(), LISTED_SKIPPED))
        more = len(self._skipped) - len(listed)
        return [*listed, *([f"and {more} more"] if more else [])]

    def raise_if_any(self) -> None:
        """Raise the first twenty problems and how many there are; return if there are none."""
        if self.count:
            self._raise(self._shown, self.count, "Mend the data and run this again.")

    def raise_none_left(self) -> None:
        """Raise that there is no row to use, with the problems of those left out."""
        if not self._skipped:
            raise UserError(
                f"{self.source} holds no résumé: there is no row in it. Check data.path."
            )
        advice = "data.on_bad_rows=skip leaves no row: mend the data, or check the columns' keys."
        self._raise(self.skipped[:SHOWN_PROBLEMS], len(self._skipped), advice)

    def _raise(self, shown: list[str], count: int, advice: str) -> None:
        number = "a problem" if count == 1 else f"{count} problems"
        more = count - len(shown)
        rest = f"; and {more} more" if more else ""
        raise UserError(f"{self.source} has {number}: {'; '.join(shown)}{rest}. {advice}")


def shorten(value: object, length: int = 60) -> str:
    """Return ``repr(value)`` on one line, cut to about ``length`` characters for a message."""
    shown = repr(value[: length + 1] if isinstance(value, str | bytes) else value)
    return shown if len(shown) <= length + 2 else f"{shown[:length]}…"


def printable(text: str) -> str:
    """Return ``text`` with what UTF-8 can't hold, such as bytes of a file's name, escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def name_list(names: Sequence[str]) -> str:
    """Return ``names`` for a message, the first twenty of them."""
    shown = ", ".join(shorten(name) for name in names[:SHOWN_PROBLEMS])
    more = len(names) - SHOWN_PROBLEMS
    return f"{shown} and {more} more" if more > 0 else shown or "none"


@dataclass(frozen=True)
class ResumeTable:
    """Résumés with their labels, in the order of their source.

    Attributes:
        ids: n unique, non-empty strings.
        texts: n texts, as found in the source (cleaning comes later).
        labels: (n, L) array of 0 and 1. A row may be all 0: a résumé without a label.
        label_names: L unique names, in the order of the columns of ``labels``.
        rows: (n,) the row of the source each résumé came from; the first is 1, below any header.
        source: what to call the source in a message: a path, or "the embedded sample".
        split: (n,) of "train", "val", "test" where the source names each résumé's split, or None.
        skipped: what was wrong with each row left out (``data.on_bad_rows=skip``), the first
            thousand; a last entry tells how many more there are.
        skipped_rows: how many rows were left out.
        dropped_unlabelled: how many rows without a label were left out (``data.unlabelled=drop``).
        united_rows: how many rows were united with others (``data.rows=per_label``).
        notes: what a reader decided that its user should know, such as a guessed encoding.
        warnings: what is probably wrong with the data.
    """

    ids: Sequence[str]
    texts: Sequence[str]
    labels: Labels
    label_names: Sequence[str]
    rows: Ints
    source: str
    split: Splits | None = None
    skipped: Sequence[str] = ()
    skipped_rows: int = 0
    dropped_unlabelled: int = 0
    united_rows: int = 0
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()

    @classmethod
    def from_frame(cls, frame: Any, **options: Any) -> "ResumeTable":
        """Return the résumés of a DataFrame of pandas or polars.

        Args:
            frame: a résumé a row.
            options: ``text_column``, and ``labels_column`` or ``label_columns``; all are those of
                :func:`resumebert.data.readers.read_frame`.

        Raises:
            UserError: a column is missing, or something is wrong with a row: all that is wrong in
                one message.
        """
        # The readers make tables, so they import this module.
        from resumebert.data.readers import read_frame

        return read_frame(frame, **options)

    def __len__(self) -> int:
        return len(self.ids)

    def remark(self, note: str) -> None:
        """Add to the notes what was decided after the reader had returned the table."""
        object.__setattr__(self, "notes", [*self.notes, note])

    def with_texts(self, texts: Sequence[str]) -> "ResumeTable":
        """Return the same résumés with other texts."""
        return replace(self, texts=texts)

    def with_labels(self, labels: Labels, label_names: Sequence[str]) -> "ResumeTable":
        """Return the same résumés with other label columns."""
        return replace(self, labels=labels, label_names=label_names)

    def select(self, index: Ints) -> "ResumeTable":
        """Return the résumés at ``index`` (k integers), in that order."""
        texts = self.texts
        return replace(
            self,
            ids=[self.ids[i] for i in index],
            texts=texts.select(index)
            if isinstance(texts, TextColumn)
            else [texts[i] for i in index],
            labels=self.labels[index],
            rows=self.rows[index],
            split=None if self.split is None else self.split[index],
        )
