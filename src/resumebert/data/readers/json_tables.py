"""Drawing batches of cells from JSON: an object a line, an array of objects, or one object."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any, TextIO

import numpy as np

from resumebert.data.cells.columns import (
    KEEP,
    MAX_DOCUMENT_BYTES,
    Batch,
    Drawn,
    Options,
    Source,
    batches_of,
    filled,
)
from resumebert.data.problems import Problems, name_list, shorten
from resumebert.data.readers.encodings import MARK
from resumebert.utils.errors import UserError

_PIECE = 1 << 20
# Escaped, a character takes up to six; and a row holds more than its text.
MAX_ROW = 4 * MAX_DOCUMENT_BYTES
# One object that holds all rows is parsed at once, which takes several times as much memory.
_MAX_WHOLE = 250 * 1000**2
_SPACE = re.compile(r"[ \t\n\r]*")
_TOO_DEEP = "is nested too deeply to be a résumé"

# The number of a row, and what it holds.
_Row = tuple[int, dict[str, Any]]


def line_at(text: TextIO) -> int:
    """Return the line of a text that the first MARK is in."""
    line = 1
    while piece := text.read(_PIECE):
        before, mark, _ = piece.partition(MARK)
        line += before.count("\n")
        if mark:
            break
    return line


def looks_like_json(head: str) -> bool:
    """Return whether a file's beginning is that of an object with a key, or of a list of them."""
    return re.match(r'\s*(\[\s*)?\{\s*"', head) is not None


def json_batches(stream: TextIO, source: Source) -> Drawn:
    """Return the batches of a JSON file, and its source with the id column of the first row."""
    objects = _opened(_objects(stream, source), source)
    first = next(objects, None)
    if first is None:
        source.problems.raise_if_any()
        if source.problems.skipped_rows:
            source.problems.raise_none_left()
        raise UserError(f"{source} holds no rows, only blank lines. Check data.path.")
    source = source.with_id(list(first[1]))
    return _batches(chain([first], objects), source), source


def _objects(stream: TextIO, source: Source) -> Iterator[_Row]:
    """Return each row's number and object, whichever way the file holds them."""
    ahead = _next_filled(stream)
    line = ahead[-1].lstrip() if ahead else ""
    if line.startswith("["):
        source.problems.remark(f"{source} was read as an array of JSON objects.")
        return _items(line[1:], stream, source.problems)
    # An object may go on over several lines; of a broken line, more is there.
    is_open = line.rstrip().endswith(("{", "[", ",")) or len(line) >= MAX_ROW
    if line.startswith("{") and is_open:
        return _whole(line + stream.read(_MAX_WHOLE + 1), source)
    if line.startswith("{") and _holds_rows(line, source.options):
        more = _next_filled(stream)
        if not more or not more[-1].strip():
            return _whole(line, source)
        ahead += more
    return _lines(ahead, stream, source.problems)


def _holds_rows(line: str, options: Options) -> bool:
    """Tell whether the object in a line is no row, but holds them."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return False
    if _has(found, options.wanted) and not isinstance(found[options.text_column], dict | list):
        return False
    return bool(_rows_within(found, options)[0])


def _opened(rows: Iterator[_Row], source: Source) -> Iterator[_Row]:
    """Yield rows with what stands in their object ``data``, where Label Studio has the text."""
    text = source.options.text_column
    is_told = False
    for row, found in rows:
        data = found.get("data")
        if text in found or not (isinstance(data, dict) and text in data):
            yield row, found
            continue
        if not is_told:
            told = f"Column {text!r} was taken from the object 'data' of each row."
            source.problems.remark(told)
            is_told = True
        yield row, {**data, **found}


def _next_filled(stream: TextIO) -> list[str]:
    """Return the lines up to one that is not blank, or to the end."""
    lines = []
    while line := stream.readline(MAX_ROW):
        lines.append(line)
        if line.strip():
            break
    return lines


def _lines(ahead: list[str], stream: TextIO, problems: Problems) -> Iterator[_Row]:
    """Yield the objects of lines, first those ``ahead``, noting lines that are none."""
    lines = chain(ahead, iter(partial(stream.readline, MAX_ROW), ""))
    rows = filled(enumerate(lines, start=1), lambda line: not line.strip(), "row {}", problems)
    for row, line in rows:
        if len(line) >= MAX_ROW and not line.endswith("\n"):
            while (rest := stream.readline(_PIECE)) and not rest.endswith("\n"):
                pass
            _note(row, f"is longer than {MAX_ROW:,} characters: no résumé", problems)
            continue
        try:
            found = json.loads(line)
        except RecursionError:
            _note(row, _TOO_DEEP, problems)
        except ValueError as error:
            _note(row, f"is not JSON ({error})", problems)
        else:
            yield from _checked(row, found, problems)


def _checked(row: int, found: object, problems: Problems) -> Iterator[_Row]:
    if isinstance(found, dict):
        yield row, found
    else:
        _note(row, f"is {shorten(found)}, not a JSON object {{…}}", problems)


def _note(row: int, what: str, problems: Problems) -> None:
    problems.add_row(f"row {row}", what, row + problems.rows_before)


def _items(text: str, stream: TextIO, problems: Problems) -> Iterator[_Row]:
    """Yield the objects of an array after its bracket, parsed one by one as the file is read."""
    decoder = json.JSONDecoder()
    at = row = 0
    expected, is_end = "value or ]", False
    while expected != "nothing" or not is_end:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        mark = text[at : at + 1]
        what = "it is cut off" if "value" in expected else "a comma or ] is missing"
        if mark and expected == "nothing":
            problems.add("", f"the array goes on after its end, with {shorten(text[at:])}")
            return
        if mark == "]" and "]" in expected:
            expected, at = "nothing", at + 1
            continue
        if mark == "," and "," in expected:
            expected, at = "value", at + 1
            continue
        if mark and "value" in expected:
            try:
                found, end = decoder.raw_decode(text, at)
            except RecursionError:
                problems.add(f"row {row + 1}", _TOO_DEEP)
                return
            except ValueError as error:
                what = str(error)
            else:
                # A number may go on in what has not been read.
                if is_end or end < len(text):
                    row, at, expected = row + 1, end, ", or ]"
                    yield from _checked(row, found, problems)
                    continue
        too_long = len(text) - at > MAX_ROW
        if is_end or too_long or (mark and "value" not in expected):
            told = "is longer than any résumé" if too_long else f"is not JSON ({what})"
            problems.add(f"row {row + ('value' in expected)} of the array", told)
            return
        piece = stream.read(max(_PIECE, len(text) - at))
        text, at, is_end = text[at:] + piece, 0, not piece


def _whole(text: str, source: Source) -> Iterator[_Row]:
    told = f"{source} is one JSON object"
    advice = (
        "Write one JSON object a line for each résumé, or an array of them (pandas: "
        "DataFrame.to_json(PATH, orient='records', lines=True))."
    )
    if len(text) > _MAX_WHOLE:
        raise UserError(f"{told} of more than {_MAX_WHOLE:,} characters. {advice}")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{source} is not JSON ({error}). {advice}") from None
    rows, how = _rows_within(found, source.options)
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise UserError(
            f"{told}, with {name_list(list(found))}, and it is not clear where in it the rows with "
            f"{name_list(source.options.wanted)} are. {advice}"
        )
    source.problems.remark(f"{told}; its rows were taken from {how}.")
    return iter(list(enumerate(rows, start=1)))


def _rows_within(found: dict[str, Any], options: Options) -> tuple[Sequence[Any], str]:
    """Return the rows of an object that holds them all, and how it does."""
    wanted = options.wanted
    cells = [found.get(name) for name in wanted]
    # pandas' orients "columns" and "list": a column each.
    if all(isinstance(column, dict) for column in cells):
        keys = list(found[options.text_column])
        rows = [{name: column.get(key) for name, column in found.items()} for key in keys]
        return rows, "its columns (an object each)"
    if all(isinstance(column, list) for column in cells):
        lists = {name: cell for name, cell in found.items() if isinstance(cell, list)}
        if len({len(column) for column in lists.values()}) > 1:
            return [], ""
        rows = [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
        return rows, "its columns (a list each)"
    names, data = found.get("columns"), found.get("data")
    if isinstance(names, list) and isinstance(data, list) and set(wanted) <= set(map(str, names)):
        if all(isinstance(row, list) and len(row) == len(names) for row in data):
            return [dict(zip(names, row, strict=True)) for row in data], "'columns' and 'data'"
        return [], ""
    # Beside the rows there may be lists of other things, such as the label set.
    lists = {
        name: rows
        for name, rows in found.items()
        if isinstance(rows, list) and rows and _has(rows[0], wanted)
    }
    if len(lists) == 1:
        name, rows = next(iter(lists.items()))
        return rows, shorten(name)
    if found and all(_has(row, wanted) for row in found.values()):
        return [{"id": key, **row} for key, row in found.items()], "its keys, which are the ids"
    return [], ""


def _has(row: object, wanted: Sequence[str]) -> bool:
    return isinstance(row, dict) and set(wanted) <= row.keys()


def _batches(objects: Iterable[_Row], source: Source) -> Iterator[Batch]:
    problems, wanted = source.problems, source.options.to_read
    needed = [name for name, key in source.options.named if key != KEEP]
    for piece in batches_of(objects, _size):
        kept: list[_Row] = []
        for row, found in piece:
            missing = [name for name in needed if name not in found]
            if missing:
                what = f"has no key {name_list(missing)}; its keys: {name_list(list(found))}"
                _note(row, what, problems)
                continue
            if source.options.id_column is None and "id" in found and "id" not in wanted:
                problems.add(f"row {row}", "has an id, and the first row has none")
            kept.append((row, found))
        cells = {name: [found.get(name) for _, found in kept] for name in wanted}
        yield Batch(cells, np.array([row for row, _ in kept], np.int64))


def _size(row: _Row) -> int:
    return sum(len(cell) for cell in row[1].values() if isinstance(cell, str))
