"""Which columns of a source hold what, the batches of cells that are drawn, and what is in them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from resumebert.data.problems import Problems, name_list, printable, shorten
from resumebert.utils.errors import UserError

AUTO = "auto"
# The key that names columns to pass on.
KEEP = "keep_columns"
PER_LABEL = "per_label"
# Ten times a thick book. A larger text is another kind of file, and a few of them fill the memory.
MAX_DOCUMENT_BYTES = 10 * 1000**2
_CHOICES = {
    "rows": ("per_document", PER_LABEL),
    "unlabelled": ("keep", "drop"),
    "on_bad_rows": ("error", "skip"),
}
_SPLITS = {
    **{"train": "train", "val": "val", "test": "test"},
    **{"validation": "val", "valid": "val", "dev": "val"},
}
_BATCH_ROWS, _BATCH_CHARACTERS = 2048, 1 << 26

# A column of cells, as Python values or in Arrow.
Cells: TypeAlias = "Sequence[Any] | pa.Array"
_Row = TypeVar("_Row")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is configured of a source; :func:`resumebert.data.readers.read_table` describes it.

    Attributes:
        text_key: the key that names ``text_column``.
        is_plain: what a row and a label are is beyond doubt.
        has_labels: False: the texts are to be labelled, and no column is of labels.
        keep_columns: further columns to read; a row of JSON may lack them.

    Raises:
        UserError: It doesn't fit together.
    """

    text_column: str = "text"
    id_column: str | None = None
    label_columns: Sequence[str] | None = None
    labels_column: str | None = None
    label_separator: str = ";"
    label_names: Sequence[str] | None = None
    label_aliases: Mapping[str, str | None] | Sequence[Sequence[str | None]] | str | None = None
    rows: str = "per_document"
    split_column: str | None = None
    encoding: str = AUTO
    separator: str = AUTO
    quoting: str = AUTO
    sheet: str | None = None
    dataset_split: str | Sequence[str] | None = None
    unlabelled: str = "keep"
    on_bad_rows: str = "error"
    text_key: str = "data.text_column"
    is_plain: bool = False
    has_labels: bool = True
    keep_columns: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("text_column", "id_column", "labels_column", "split_column"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else str(value))
        for name in ("label_columns", "label_names"):
            object.__setattr__(self, name, _name_tuple(getattr(self, name), f"data.{name}"))
        for name, choices in _CHOICES.items():
            check_choice(f"data.{name}", getattr(self, name), choices)
        flags, names = self.label_columns, self.label_names
        if self.has_labels and (flags is None) == (self.labels_column is None):
            given = "both are" if flags is not None else "neither is"
            raise UserError(
                f"Exactly one of data.label_columns and data.labels_column is needed, and {given} "
                f"given. Set data.label_columns=[A,B] if there is a column of 0 and 1 for each "
                f"label, or data.labels_column=NAME if one column holds all labels of a row."
            )
        if not isinstance(self.label_separator, str) or not self.label_separator:
            raise UserError(
                "data.label_separator is empty. Set it to what stands between labels, such as ';'."
            )
        if flags is not None and names is not None and set(flags) != set(names):
            raise UserError(
                f"data.label_names and data.label_columns are not the same labels: "
                f"{name_list(names)} and {name_list(flags)}. Make them agree, or leave one out."
            )
        counts = Counter(name for name, _ in self.named)
        if twice := sorted(name for name, count in counts.items() if count > 1):
            raise UserError(
                f"The column {name_list(twice)} is given for two purposes. Check {self.text_key}, "
                f"data.id_column, data.label_columns, data.labels_column and data.split_column."
            )

    @property
    def named(self) -> list[tuple[str, str]]:
        """The columns to read, the id last, each with the key that names it."""
        named = [
            (self.text_column, self.text_key),
            (self.labels_column, "data.labels_column"),
            *((name, "data.label_columns") for name in self.label_columns or ()),
            (self.split_column, "data.split_column"),
            (self.id_column, "data.id_column"),
        ]
        purposes = [(name, key) for name, key in named if name is not None]
        taken = {name for name, _ in purposes}
        return [
            *((name, KEEP) for name in self.keep_columns if name not in taken),
            *purposes,
        ]

    @property
    def to_read(self) -> list[str]:
        """The columns to read, the id last."""
        return [name for name, _ in self.named]

    @property
    def wanted(self) -> list[str]:
        """The columns to read, without the id."""
        return [name for name in self.to_read if name != self.id_column]


@dataclass(frozen=True)
class Source:
    """What is read: its name in messages, its options, and where its problems are noted."""

    name: str
    options: Options
    problems: Problems

    def __str__(self) -> str:
        return self.name

    @classmethod
    def of(cls, path: object, options: Options) -> "Source":
        """Return the source at a path."""
        name = printable(str(path))
        return cls(name, options, Problems(name, skip_rows=options.on_bad_rows == "skip"))

    def with_id(self, present: Sequence[str]) -> "Source":
        """Return the source with the id column that there is among those ``present``.

        Raises:
            UserError: A column to read is not there, or more than once.
        """
        options = self.options
        if options.id_column is None and "id" in present and "id" not in options.wanted:
            options = replace(options, id_column="id")
        counts = Counter(present)
        if repeated := [name for name in options.to_read if counts[name] > 1]:
            raise UserError(
                f"{self.name} has more than one column {name_list(repeated)}. Rename all but one."
            )
        missing = {name: key for name, key in options.named if name not in counts}
        if missing:
            raise UserError(f"{self.name} {_missing_columns(missing, present)}")
        return replace(self, options=options)


def check_choice(key: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise UserError unless ``value`` is one of ``choices``."""
    if value not in choices:
        raise UserError(f"{key}={value} is none of its choices: {', '.join(choices)}.")


def _name_tuple(names: Sequence[str] | None, key: str) -> tuple[str, ...] | None:
    if names is None:
        return None
    if isinstance(names, str):
        raise UserError(f"{key}={names} is not a list. Write {key}=[{names}].")
    listed = tuple(str(name) for name in names)
    twice = sorted(name for name, count in Counter(listed).items() if count > 1)
    if twice or not listed or not all(name.strip() for name in listed):
        wrong = f"names {name_list(twice)} twice" if twice else "is empty or has an empty name"
        raise UserError(f"{key} {wrong}. List each name once.")
    return listed


def _missing_columns(missing: Mapping[str, str], present: Sequence[str]) -> str:
    """Return the message for columns that are not there, each with its key."""
    folded = {name.strip().casefold(): name for name in present}
    told = []
    for name, key in missing.items():
        near = get_close_matches(name.strip().casefold(), list(folded), n=1)
        meant = f"; did you mean {shorten(folded[near[0]])}?" if near else ""
        told.append(f"{shorten(name)} ({key}{meant})")
    hint = ""
    if any("\0" in name for name in present):
        hint = " The names hold NUL characters: the file may be UTF-16 (data.encoding=utf-16-le)."
    elif len(present) == 1 and any(mark in present[0] for mark in ",;\t|"):
        hint = " That looks like several: is the separator that of the file's suffix (, or tab)?"
    return (
        f"has no column {', '.join(told)}. Its columns: {name_list(present)}.{hint} Set the key in "
        f"parentheses to the column that is meant."
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

    def note(self, index: int, what: str, problems: Problems) -> None:
        """Note a problem of the résumé at ``index``."""
        problems.add_row(self.place(index), what, int(self.rows[index]))


# The batches of a source, and the source with the id column that was found.
Drawn: TypeAlias = tuple[Iterator[Batch], Source]


def batches_of(rows: Iterable[_Row], size: Callable[[_Row], int]) -> Iterator[list[_Row]]:
    """Yield rows in batches, fewer where they are large; ``size`` counts their characters."""
    drawn: list[_Row] = []
    characters = 0
    for row in rows:
        drawn.append(row)
        characters += size(row)
        if len(drawn) == _BATCH_ROWS or characters >= _BATCH_CHARACTERS:
            yield drawn
            drawn, characters = [], 0
    if drawn:
        yield drawn


def filled(
    rows: Iterable[tuple[int, _Row]],
    is_blank: Callable[[_Row], bool],
    place: str,
    problems: Problems,
) -> Iterator[tuple[int, _Row]]:
    """Yield the rows, each with its number, that hold something.

    A blank row before another is most likely one that was lost, which is a problem at ``place``, a
    template for its number. At the end of a source it means nothing.
    """
    blank = None
    for number, row in rows:
        if is_blank(row):
            blank = number if blank is None else blank
            continue
        if blank is not None:
            problems.add_row(place.format(blank), "is blank; remove it, or mend the row it was")
            blank = None
        yield number, row


def frame_batches(frame: Any, options: Options) -> Iterator[Batch]:
    """Yield the rows of a DataFrame of pandas or polars."""
    columns = {str(name): frame[name] for name in frame.columns if str(name) in options.to_read}
    cells = {name: [_plain(cell) for cell in column.to_list()] for name, column in columns.items()}
    for start in range(0, len(frame), _BATCH_ROWS):
        end = min(start + _BATCH_ROWS, len(frame))
        part = {name: column[start:end] for name, column in cells.items()}
        yield Batch(part, np.arange(start + 1, end + 1))


def _plain(cell: Any) -> Any:
    """Return a cell of a DataFrame without the types of numpy and pandas."""
    if type(cell).__name__ in ("NAType", "NaTType"):
        return None
    return cell.tolist() if isinstance(cell, np.ndarray | np.generic) else cell


def python_values(cells: Cells) -> Sequence[Any]:
    """Return cells as Python values."""
    return cells.to_pylist() if isinstance(cells, pa.Array) else cells


def held(column: str, cell: object) -> str:
    """Return for a message what a cell of a column holds."""
    return f"column {shorten(column)} holds {'null' if cell is None else shorten(cell)}"


def too_large(size: int) -> str:
    """Return the message for a document or cell that is larger than any résumé."""
    return (
        f"holds {size / 1e6:,.1f} MB, which no résumé does (at most "
        f"{MAX_DOCUMENT_BYTES / 1e6:,.0f} MB are read): take it out, or check what it is."
    )


def read_texts(batch: Batch, column: str, problems: Problems) -> pa.Array:
    """Return the texts of a batch in Arrow, noting those that are no text."""
    cells = batch.cells[column]
    wrong: dict[int, str] = {}
    if isinstance(cells, pa.Array):
        is_text = cells.type in (pa.string(), pa.large_string())
        texts = _valid_utf8(cells if is_text else cells.cast(pa.large_string()), wrong)
        for i in np.flatnonzero(texts.is_null()).tolist():
            wrong[i] = "holds null, not text"
    else:
        cells = [_text_within(cell) for cell in cells]
        for i, cell in enumerate(cells):
            if not isinstance(cell, str):
                shown = "null" if cell is None else f"{shorten(cell)}, a {type(cell).__name__}"
                wrong[i] = f"holds {shown}, not text"
        texts = arrow_texts([None if i in wrong else cell for i, cell in enumerate(cells)])
    texts = texts.fill_null("x")
    sizes = pc.binary_length(texts)
    for i in np.flatnonzero(pc.greater(sizes, MAX_DOCUMENT_BYTES)).tolist():
        wrong[i] = too_large(sizes[i].as_py())
    for i in np.flatnonzero(pc.equal(pc.utf8_trim_whitespace(texts), "")).tolist():
        wrong[i] = "is blank: a résumé without text"
    for i, what in sorted(wrong.items()):
        batch.note(i, f"column {shorten(column)} {what}", problems)
    return texts


def _text_within(cell: object) -> object:
    """Return the text in an object of Label Studio's, or any other cell as it is."""
    if not isinstance(cell, Mapping):
        return cell
    texts = [value for value in cell.values() if isinstance(value, str)]
    return cell.get("text", texts[0] if len(texts) == 1 else cell)


def _valid_utf8(texts: pa.Array, wrong: dict[int, str]) -> pa.Array:
    """Return texts, with those that are not UTF-8 noted and replaced by null's stand-in."""
    try:
        texts.validate(full=True)
        return texts
    except pa.ArrowInvalid:
        raw = texts.cast(pa.large_binary()).to_pylist()
    for i, cell in enumerate(raw):
        try:
            raw[i] = None if cell is None else cell.decode()
        except UnicodeDecodeError as error:
            wrong[i] = f"is not UTF-8 at byte {error.start}"
            raw[i] = "x"
    return pa.array(raw, texts.type)


def arrow_texts(texts: list[str | None]) -> pa.Array:
    """Return texts in Arrow, where a lone surrogate, which UTF-8 can't hold, becomes U+FFFD."""
    try:
        return pa.array(texts, pa.large_string())
    except (UnicodeError, pa.ArrowException):
        whole = [None if text is None else without_surrogates(text) for text in texts]
        return pa.array(whole, pa.large_string())


def without_surrogates(text: str) -> str:
    """Return ``text`` with surrogates paired where they can be and replaced where not."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def read_ids(batch: Batch, column: str | None, problems: Problems) -> list[str]:
    """Return the ids of a batch as strings: the cells of ``column``, or the rows."""
    if column is None:
        return [f"{batch.id_prefix}{row}" for row in batch.rows.tolist()]
    ids = []
    for i, cell in enumerate(python_values(batch.cells[column])):
        known = _id(cell)
        if not known:
            batch.note(i, f"{held(column, cell)}, which is no id", problems)
        ids.append(f"{batch.id_prefix}{known}" if known else "")
    return ids


def _id(cell: object) -> str:
    """Return a cell as an id, or an empty string if it can't be one."""
    if isinstance(cell, str):
        return without_surrogates(cell) if cell.strip() else ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell) if isinstance(cell, int) and not isinstance(cell, bool) else ""


def read_split(batch: Batch, column: str | None, problems: Problems) -> npt.NDArray[np.str_]:
    """Return the splits of a batch, noting cells of ``column`` that name none."""
    found = np.full(len(batch.rows), batch.split or "train", "<U5")
    for i, cell in enumerate(() if column is None else python_values(batch.cells[column])):
        split = split_name(cell)
        if split is None:
            batch.note(i, f"{held(str(column), cell)}, not one of train, val, test", problems)
        else:
            found[i] = split
    return found


def split_name(cell: object) -> str | None:
    """Return "train", "val" or "test" for any of the names these go by, or None."""
    return _SPLITS.get(cell.strip().lower()) if isinstance(cell, str) else None
