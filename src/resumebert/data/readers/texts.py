"""From cells to texts, ids and splits, with those that are none noted."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from resumebert.data.readers.columns import Batch, python_values
from resumebert.data.readers.files import MAX_DOCUMENT_BYTES, too_large
from resumebert.data.table import Problems, shorten

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
