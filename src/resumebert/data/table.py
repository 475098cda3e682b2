"""ResumeTable: what every reader returns and everything after it works on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from resumebert.data.arrays import Ints, Labels, Splits
from resumebert.data.cells.assemble import assemble
from resumebert.data.cells.columns import Batch, Options, Source, frame_batches
from resumebert.data.problems import LISTED_SKIPPED, Problems, name_list, printable, shorten

__all__ = [
    "LISTED_SKIPPED", "Problems", "ResumeTable", "TextColumn", "name_list", "printable", "shorten"
]  # fmt: skip

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
        """Return the résumés of a DataFrame in memory, of pandas or polars.

        Args:
            frame: n rows, a résumé each; an index counts for nothing, a column ``id`` does.
            options: those of :func:`resumebert.data.readers.read_table` that name columns and
                labels, ``text_column``, and ``labels_column`` (texts to part, or lists) or
                ``label_columns``; ``unlabelled`` and ``on_bad_rows``.

        Returns:
            n résumés in the order of the rows.

        Raises:
            UserError: a column is missing, or something is wrong with a row: all that is wrong in
                one message.
        """
        source = Source.of("the DataFrame", Options(**options))
        source = source.with_id([str(name) for name in frame.columns])
        return cls.from_batches(frame_batches(frame, source.options), source)

    @classmethod
    def from_batches(cls, batches: Iterable[Batch], source: Source) -> "ResumeTable":
        """Return the résumés in batches of cells.

        Raises:
            UserError: see :func:`resumebert.data.cells.assemble.assemble`.
        """
        found = assemble(batches, source)
        table = cls(
            ids=found.ids,
            texts=TextColumn(found.texts),
            labels=found.labels,
            label_names=found.label_names,
            rows=found.rows,
            source=source.name,
            split=found.split,
            skipped=source.problems.skipped,
            skipped_rows=source.problems.skipped_rows,
            dropped_unlabelled=found.unlabelled,
            united_rows=found.united,
            notes=source.problems.notes,
            warnings=source.problems.doubts,
        )
        return table if found.kept.all() else table.select(np.flatnonzero(found.kept))

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
