"""Which columns of a source hold what, and the batches of cells that the readers draw from it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from resumebert.data.table import name_list, shorten
from resumebert.utils.errors import UserError

# A column of cells, as Python values or in Arrow.
Cells: TypeAlias = "Sequence[Any] | pa.Array"


@dataclass(frozen=True)
class Columns:
    """Which columns hold what, as configured.

    Attributes:
        text: the column of the text.
        id: the column of the id; None: number the rows.
        labels: the column of separated labels, or None if ``flags`` is given.
        flags: the columns of 0 and 1, one for each label, or None if ``labels`` is given.
        separator: what parts the labels in a cell of ``labels``.
        names: the labels there may be, in order; None: those found, sorted, or ``flags``.
        split: the column of the split, or None.
        text_key: the key that names the column of the text.
        aliases: the right name for each wrong one, None for none; or "auto".
        rows: what a row is, "per_document" or "per_label"; None: a document, beyond doubt.
    """

    text: str
    id: str | None
    labels: str | None
    flags: tuple[str, ...] | None
    separator: str
    names: tuple[str, ...] | None
    split: str | None = None
    text_key: str = "data.text_column"
    aliases: Mapping[str, str | None] | Sequence[Sequence[str | None]] | str | None = None
    rows: str | None = None

    @property
    def wanted(self) -> list[str]:
        """The columns to read, without the id."""
        labels = [self.labels] if self.labels is not None else self.flags or ()
        return [self.text, *labels, *([self.split] if self.split is not None else [])]

    @property
    def to_read(self) -> list[str]:
        """The columns to read, the id among them."""
        return [*self.wanted, *([self.id] if self.id is not None else [])]

    def check_used_once(self) -> None:
        """Check that no column has two purposes.

        Raises:
            UserError: One has.
        """
        used = self.to_read
        twice = sorted({name for name in used if used.count(name) > 1})
        if twice:
            raise UserError(
                f"The column {name_list(twice)} is given for two purposes. Check {self.text_key}, "
                f"data.id_column, data.label_columns, data.labels_column and data.split_column."
            )


@dataclass(frozen=True)
class Batch:
    """k successive résumés.

    Attributes:
        cells: the cells of each column.
        rows: (k,) the rows, each once in a source.
        places: where to say that each is; None: its row.
        split: the split that all are in, or None if a column tells or none is known.
        id_prefix: what to put before their ids.
    """

    cells: Mapping[str, Cells]
    rows: npt.NDArray[np.int64]
    places: Sequence[str] | None = None
    split: str | None = None
    id_prefix: str = ""

    def place(self, index: int) -> str:
        """Return where the résumé at ``index`` is, for a message."""
        return self.places[index] if self.places is not None else f"row {self.rows[index]}"

    def told(self, index: int, what: str) -> tuple[str, str, int]:
        """Return a problem of the résumé at ``index`` as ``Problems.add_row`` takes it."""
        return self.place(index), what, int(self.rows[index])


def python_values(cells: Cells) -> Sequence[Any]:
    """Return cells as Python values."""
    return cells.to_pylist() if isinstance(cells, pa.Array) else cells


def name_tuple(names: Sequence[str] | None, key: str) -> tuple[str, ...] | None:
    """Return a configured list of names, if it is one.

    Raises:
        UserError: It is a single string, empty, or has a name twice.
    """
    if names is None:
        return None
    if isinstance(names, str):
        raise UserError(f"{key}={names} is not a list. Write {key}=[{names}].")
    listed = tuple(str(name) for name in names)
    twice = sorted({name for name in listed if listed.count(name) > 1})
    if twice or not listed or not all(name.strip() for name in listed):
        wrong = f"names {name_list(twice)} twice" if twice else "is empty or has an empty name"
        raise UserError(f"{key} {wrong}. List each name once.")
    return listed


def with_id(columns: Columns, present: Sequence[str], source: str) -> Columns:
    """Return ``columns`` with the id column that there is, once all are known to be present."""
    known = columns.id
    if known is None and "id" in present and "id" not in columns.wanted:
        known = "id"
    keys = dict.fromkeys(columns.flags or (), "data.label_columns")
    if columns.labels is not None:
        keys[columns.labels] = "data.labels_column"
    if columns.split is not None:
        keys[columns.split] = "data.split_column"
    keys[columns.text] = columns.text_key
    if known is not None:
        keys[known] = "data.id_column"
    _missing_columns(keys, present, source)
    return replace(columns, id=known)


def _missing_columns(wanted: dict[str, str], present: Sequence[str], source: str) -> None:
    """Check that each column in ``wanted``, a key for each name, is present once.

    Raises:
        UserError: One is not, or is there twice; with the columns that there are and the nearest.
    """
    counts = Counter(present)
    repeated = [name for name in wanted if counts[name] > 1]
    if repeated:
        raise UserError(
            f"{source} has more than one column {name_list(repeated)}. Rename all but one."
        )
    missing = [name for name in wanted if name not in counts]
    if not missing:
        return
    folded = {name.strip().casefold(): name for name in present}
    told = []
    for name in missing:
        near = get_close_matches(name.strip().casefold(), list(folded), n=1)
        meant = f"; did you mean {shorten(folded[near[0]])}?" if near else ""
        told.append(f"{shorten(name)} ({wanted[name]}{meant})")
    hint = ""
    if any("\0" in name for name in present):
        hint = " The names hold NUL characters: the file may be UTF-16 (data.encoding=utf-16-le)."
    elif len(present) == 1 and any(mark in present[0] for mark in ",;\t|"):
        hint = " That looks like several: is the separator that of the file's suffix (, or tab)?"
    raise UserError(
        f"{source} has no column {', '.join(told)}. Its columns: {name_list(present)}.{hint} Set "
        f"the key in parentheses to the column that is meant."
    )
