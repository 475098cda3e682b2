"""What is written for each document: a row, and how it looks in csv, JSON and parquet."""

import csv
import io
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from resumebert.data.cells.columns import KEEP
from resumebert.data.problems import name_list
from resumebert.inference.inputs import Item
from resumebert.utils.csv_cells import escaped
from resumebert.utils.errors import UserError

if TYPE_CHECKING:
    from resumebert.inference.explaining import Explanation
    from resumebert.inference.labeler import Prediction, ResumeLabeler

# Texts that are labelled at a time, and what is written at once: whichever limit comes first.
TEXTS, _CHARACTERS, _SECONDS = 1024, 1 << 22, 5.0
# Words of a label that are written.
WORDS = 5
_PASSAGE = pa.struct(
    [("label", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("text", pa.string())]
)
_WORD = pa.struct(
    [("label", pa.string()), ("word", pa.string()), ("start", pa.int64()), ("end", pa.int64()),
     ("weight", pa.float64())]
)  # fmt: skip
# Column → its type in parquet.
_OWN = {
    "id": pa.string(),
    "labels": pa.list_(pa.string()),
    "error": pa.string(),
    "notes": pa.string(),
    "review": pa.bool_(),
    "expected_errors": pa.float64(),
    "unlike_training": pa.list_(pa.string()),
    "windows": pa.int64(),
    "passages": pa.list_(_PASSAGE),
    "words": pa.list_(_WORD),
    "text_as_read": pa.string(),
}

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Columns:
    """What a row holds: L labels' probabilities, columns of the input to ``keep``, and more.

    The text is as the model read it: passages are places in it. The words are for and against
    labels.
    """

    label_names: Sequence[str]
    keep: Sequence[str] = ()
    with_text: bool = False
    with_words: bool = False

    def __post_init__(self) -> None:
        if taken := sorted({*_OWN, "probabilities"} & set(self.keep)):
            raise UserError(
                f"{KEEP}={name_list(taken)}: the output has a column of that name already. Leave "
                f"it out, or rename it in the input."
            )

    def row(
        self, item: Item, found: "Prediction | None", explained: "Sequence[Explanation]" = ()
    ) -> Row:
        """Return the row of a text; ``found`` is None if it could not be read."""
        names = self.label_names
        return {
            "id": item.id,
            **dict(zip(self.keep, item.kept, strict=False)),
            "labels": [] if found is None else found.labels,
            "error": item.error,
            "notes": item.notes,
            "review": found.review if found else None,
            "expected_errors": found.expected_errors if found else None,
            "unlike_training": found.unlike_training if found else None,
            "windows": 0 if found is None else len(found.windows),
            "probabilities": dict.fromkeys(names) if found is None else found.probabilities,
            "passages": [] if found is None else _passages(found),
            **({"words": _words(explained)} if self.with_words else {}),
            **({"text_as_read": found.text if found else ""} if self.with_text else {}),
        }

    def flat(self, row: Row) -> dict[str, Any]:
        """Return a row with a column for each probability."""
        found: dict[str, Any] = {}
        for name, value in row.items():
            if name == "probabilities":
                found |= {f"probability/{label}": value[label] for label in self.label_names}
            else:
                found[name] = value
        return found

    @property
    def names(self) -> list[str]:
        """The columns of a table."""
        nothing = Item("", kept=[None] * len(self.keep))
        return list(self.flat(self.row(nothing, None)))

    @property
    def schema(self) -> pa.Schema:
        """The columns of a parquet file."""
        kept = dict.fromkeys(self.keep, pa.string())
        types = {**_OWN, **kept}
        return pa.schema([(name, types.get(name, pa.float64())) for name in self.names])


def _passages(found: "Prediction") -> list[dict[str, Any]]:
    """Return, of each label that is given, the window with the highest probability of it."""
    passages = []
    for label in found.labels:
        best = max(found.windows, key=lambda window: window.probabilities[label])
        text = found.text[best.start : best.end]
        passages.append({"label": label, "start": best.start, "end": best.end, "text": text})
    return passages


def _words(explained: "Sequence[Explanation]") -> list[dict[str, Any]]:
    """Return the words that speak most for and against labels, the strongest of each first."""
    return [
        {
            "label": each.label,
            "word": word.word,
            "start": word.start,
            "end": word.end,
            "weight": round(word.weight, 4) + 0.0,
        }
        for each in explained
        for word in each.strongest(WORDS)
    ]


def label_items(
    labeler: "ResumeLabeler", items: Iterable[Item], columns: Columns
) -> Iterator[list[Row]]:
    """Yield the rows of items, in order, so many at a time that memory is bounded."""
    for chunk in _chunks(items):
        found = iter(labeler.predict([item.text for item in chunk if item.error is None]))
        rows = []
        for item in chunk:
            one = None if item.error else next(found)
            words = labeler.explain_prediction(one) if one and columns.with_words else ()
            rows.append(columns.row(item, one, words))
        yield rows


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    chunk: list[Item] = []
    characters, began = 0, time.monotonic()
    for item in items:
        chunk.append(item)
        characters += len(item.text)
        is_late = time.monotonic() - began > _SECONDS
        if len(chunk) >= TEXTS or characters >= _CHARACTERS or is_late:
            yield chunk
            chunk, characters, began = [], 0, time.monotonic()
    if chunk:
        yield chunk


def json_lines(rows: Iterable[Row]) -> str:
    """Write rows as JSON, one a line."""
    return "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)


def csv_lines(rows: Iterable[Row], columns: Columns, *, header: bool = False) -> str:
    """Write rows as csv; labels and marks are separated by ``;``, passages are JSON."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    if header:
        writer.writerow(map(escaped, columns.names))
    for row in rows:
        lists = {name: ";".join(row[name] or []) for name in ("labels", "unlike_training")}
        flat = columns.flat(row) | lists
        writer.writerow(escaped(_text(value)) for value in flat.values())
    return stream.getvalue()


def table(rows: Iterable[Row], columns: Columns) -> pa.Table:
    """Return rows in Arrow; what was kept of the input becomes text."""
    flat = []
    for row in rows:
        kept = {name: None if row[name] is None else _text(row[name]) for name in columns.keep}
        flat.append(columns.flat(row) | kept)
    return pa.Table.from_pylist(flat, columns.schema)


def _text(value: Any) -> str:
    """Write a value as the cell of a csv."""
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str) if value else ""
    return str(value)
