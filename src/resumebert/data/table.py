"""ResumeTable: what every reader returns and everything after it works on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from resumebert.utils.errors import UserError

SHOWN_PROBLEMS = 20
_CHUNK = 2048


class TextColumn(Sequence[str]):
    """A read-only sequence of n texts that stay UTF-8 in Arrow and become ``str`` when asked for.

    A million résumés take 6 GB as UTF-8, and twice that as ``str``, since one bullet point in a
    text makes Python store all its characters in two bytes.
    """

    def __init__(
        self, texts: pa.ChunkedArray, index: npt.NDArray[np.integer] | None = None
    ) -> None:
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

    @overload
    def __getitem__(self, key: int) -> str: ...

    @overload
    def __getitem__(self, key: slice) -> "TextColumn": ...

    def __getitem__(self, key: int | slice) -> "str | TextColumn":
        if isinstance(key, slice):
            return self.select(np.arange(len(self))[key])
        if not -len(self) <= key < len(self):
            raise IndexError(f"text {key} of {len(self)}")
        position = int(key) % len(self)
        text: str = self._texts[position if self._index is None else self._index[position]].as_py()
        return text

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

    def select(self, index: npt.NDArray[np.integer]) -> "TextColumn":
        """Return the texts at ``index`` (k integers), in that order, without copying them."""
        return TextColumn(self._texts, index if self._index is None else self._index[index])


class Problems:
    """The problems of one source, collected so that one message can show them together."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.count = 0
        self._shown: list[str] = []

    def add(self, where: str, what: str) -> None:
        """Note a problem; ``where`` is a row or a file, or empty for the source as a whole."""
        self.count += 1
        if len(self._shown) < SHOWN_PROBLEMS:
            self._shown.append(f"{where}: {what}" if where else what)

    def raise_if_any(self) -> None:
        """Raise the first twenty problems and how many there are; return if there are none.

        Raises:
            UserError: There is at least one problem.
        """
        if not self.count:
            return
        number = "a problem" if self.count == 1 else f"{self.count} problems"
        more = self.count - len(self._shown)
        rest = f"; and {more} more" if more else ""
        raise UserError(
            f"{self.source} has {number}: {'; '.join(self._shown)}{rest}. Mend the data and run "
            f"this again."
        )


def shorten(value: object, length: int = 60) -> str:
    """Return ``repr(value)`` on one line, cut to about ``length`` characters for a message."""
    shown = repr(value[: length + 1] if isinstance(value, str | bytes) else value)
    return shown if len(shown) <= length + 2 else f"{shown[:length]}…"


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
        labels: (n, L) array of 0 and 1, dtype uint8. A row may be all 0: a résumé without a label.
        label_names: L unique names, in the order of the columns of ``labels``.
        rows: (n,) int64, the row of the source each résumé came from, counted as a person counts
            (the first résumé is row 1, a header line is not counted).
        source: what to call the source in a message: a path, or "the embedded sample".
    """

    ids: Sequence[str]
    texts: Sequence[str]
    labels: npt.NDArray[np.uint8]
    label_names: Sequence[str]
    rows: npt.NDArray[np.int64]
    source: str

    def __len__(self) -> int:
        return len(self.ids)

    def with_texts(self, texts: Sequence[str]) -> "ResumeTable":
        """Return the same résumés with other texts."""
        return replace(self, texts=texts)

    def with_labels(
        self, labels: npt.NDArray[np.uint8], label_names: Sequence[str]
    ) -> "ResumeTable":
        """Return the same résumés with other label columns."""
        return replace(self, labels=labels, label_names=label_names)

    def select(self, index: npt.NDArray[np.integer]) -> "ResumeTable":
        """Return the résumés at ``index`` (k integers), in that order."""
        return ResumeTable(
            ids=[self.ids[i] for i in index],
            texts=(
                self.texts.select(index)
                if isinstance(self.texts, TextColumn)
                else [self.texts[i] for i in index]
            ),
            labels=self.labels[index],
            label_names=self.label_names,
            rows=self.rows[index],
            source=self.source,
        )
