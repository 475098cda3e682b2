"""Which columns hold what, the batches of cells that readers draw, and the texts in them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from resumebert.data.readers.files import MAX_DOCUMENT_BYTES, too_large
from resumebert.data.table import Problems, name_list, shorten
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
    """Check that each column in ``wanted``, a key for each name, is present once."""
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


_SPLITS = {
    **{"train": "train", "val": "val", "test": "test"},
    **{"validation": "val", "valid": "val", "dev": "val"},
}
_SPLIT = np.dtype("<U5")
_ROWS, _CHARACTERS = 2048, 1 << 26
_Row = TypeVar("_Row")


def take(rows: Iterator[_Row], size: Callable[[_Row], int]) -> list[_Row]:
    """Draw the rows of a batch, fewer where they are large; ``size`` counts their characters."""
    drawn: list[_Row] = []
    characters = 0
    while len(drawn) < _ROWS and characters < _CHARACTERS:
        row = next(rows, None)
        if row is None:
            break
        drawn.append(row)
        characters += size(row)
    return drawn


def looked_at(
    batches: Iterable[Batch], column: str, look: Callable[[int], None]
) -> Iterator[Batch]:
    """Yield batches, with ``look`` called on the bytes of each one's texts, about."""
    for batch in batches:
        cells = batch.cells[column]
        if isinstance(cells, pa.Array):
            look(cells.nbytes)
        else:
            look(sum(len(cell) for cell in cells if isinstance(cell, str)))
        yield batch


def read_texts(batch: Batch, column: str, problems: Problems) -> pa.Array:
    """Return the texts of a batch in Arrow, noting those that are no text."""
    cells = batch.cells[column]
    if isinstance(cells, pa.Array):
        texts = _valid_utf8(cells, column, batch, problems)
    else:
        cells = [_text_within(cell) for cell in cells]
        for i, cell in enumerate(cells):
            if not isinstance(cell, str):
                problems.add_row(*batch.told(i, _no_text(column, cell)))
        texts = arrow_texts([cell if isinstance(cell, str) else None for cell in cells])
    if texts.null_count:
        if isinstance(cells, pa.Array):
            for i in np.flatnonzero(texts.is_null()).tolist():
                problems.add_row(*batch.told(i, _no_text(column, None)))
        texts = texts.fill_null("x")
    large = pc.greater(pc.binary_length(texts), MAX_DOCUMENT_BYTES)
    if pc.any(large).as_py():
        for i in np.flatnonzero(large).tolist():
            what = f"column {shorten(column)} {too_large(pc.binary_length(texts[i]).as_py())}"
            problems.add_row(*batch.told(i, what))
    blank = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(texts)), 0)
    if pc.any(blank).as_py():
        what = f"column {shorten(column)} is blank: a résumé without text"
        for i in np.flatnonzero(blank).tolist():
            problems.add_row(*batch.told(i, what))
    return texts


def _text_within(cell: object) -> object:
    """Return the text in an object of Label Studio's, or any other cell as it is."""
    if not isinstance(cell, Mapping):
        return cell
    texts = [value for value in cell.values() if isinstance(value, str)]
    return cell.get("text", texts[0] if len(texts) == 1 else cell)


def _no_text(column: str, cell: object) -> str:
    """Return the message for a cell of the text column that holds something else."""
    what = "null" if cell is None else f"{shorten(cell)}, a {type(cell).__name__}"
    return f"column {shorten(column)} holds {what}, not text"


def _valid_utf8(texts: pa.Array, column: str, batch: Batch, problems: Problems) -> pa.Array:
    """Return ``texts``, with those that are not UTF-8 noted and replaced by null's stand-in."""
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        raw = texts.cast(pa.large_binary()).to_pylist()
        for i, cell in enumerate(raw):
            try:
                raw[i] = None if cell is None else cell.decode()
            except UnicodeDecodeError as error:
                what = f"column {shorten(column)} is not UTF-8 at byte {error.start}"
                problems.add_row(*batch.told(i, what))
                raw[i] = "x"
        return pa.array(raw, texts.type)
    return texts


def arrow_texts(texts: list[str | None]) -> pa.Array:
    """Return texts in Arrow, where a lone surrogate, which UTF-8 can't hold, becomes U+FFFD."""
    try:
        return pa.array(texts, pa.large_string())
    except (UnicodeError, pa.ArrowException):
        return pa.array([without_surrogates(text) for text in texts], pa.large_string())


def without_surrogates(text: str | None) -> str | None:
    """Return ``text`` with surrogates paired where they can be and replaced where not."""
    if text is None:
        return None
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def read_ids(batch: Batch, column: str | None, problems: Problems) -> list[str]:
    """Return the ids of a batch as strings: the cells of ``column``, or the rows."""
    if column is None:
        return [f"{batch.id_prefix}{row}" for row in batch.rows.tolist()]
    ids = [_id(cell) for cell in python_values(batch.cells[column])]
    for i, found in enumerate(ids):
        if not found:
            cell = python_values(batch.cells[column][i : i + 1])[0]
            shown = "null" if cell is None else shorten(cell)
            what = f"column {shorten(column)} holds {shown}, which is no id"
            problems.add_row(*batch.told(i, what))
    return [f"{batch.id_prefix}{known}" if known else "" for known in ids]


def _id(cell: object) -> str:
    """Return a cell as an id, or an empty string if it can't be one."""
    if isinstance(cell, str):
        known = without_surrogates(cell) or ""
        return known if known.strip() else ""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return ""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else ""
    return str(cell)


def read_split(batch: Batch, column: str | None, problems: Problems) -> npt.NDArray[np.str_]:
    """Return the splits of a batch, noting cells of ``column`` that name none."""
    if column is None:
        return np.full(len(batch.rows), batch.split or "train", _SPLIT)
    found = np.full(len(batch.rows), "train", _SPLIT)
    for i, cell in enumerate(python_values(batch.cells[column])):
        split = split_name(cell)
        if split is None:
            shown = "null" if cell is None else shorten(cell)
            what = f"column {shorten(column)} holds {shown}, not one of train, val, test"
            problems.add_row(*batch.told(i, what))
        else:
            found[i] = split
    return found


def split_name(cell: object) -> str | None:
    """Return "train", "val" or "test" for any of the names these go by, or None."""
    return _SPLITS.get(cell.strip().lower()) if isinstance(cell, str) else None
