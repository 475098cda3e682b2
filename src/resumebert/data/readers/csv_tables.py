"""Drawing batches of cells from csv and its kin: whatever parts the cells and quotes them."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, TextIO

import numpy as np

from resumebert.data.cells.columns import (
    AUTO,
    MAX_DOCUMENT_BYTES,
    Batch,
    Drawn,
    Options,
    Source,
    batches_of,
    check_choice,
    filled,
)
from resumebert.data.problems import name_list
from resumebert.data.readers.encodings import MARK
from resumebert.utils.errors import UserError

QUOTINGS = (AUTO, "standard", "backslash", "none")
_SEPARATORS = (",", ";", "\t", "|")
_NAMED = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|"}
_OF_SUFFIX = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
# The line with which Excel is told the separator.
_SEP_LINE = re.compile(r'"?sep=(?P<separator>[^\r\n"])"?[,;\t|]*(?:\r\n|\r|\n)', re.IGNORECASE)
# What is in quotation marks may go on over many lines, but not beyond what a résumé may hold.
_MAX_LINE = 4 * MAX_DOCUMENT_BYTES
_PLAIN = "if quotation marks are plain characters in this file, set data.quoting=none"

# The cells of a record, and its lines if it has several.
_Record = tuple[list[str], list[str]]


@dataclass(frozen=True)
class Dialect:
    """How a file parts and quotes its cells, after so many lines that are ``skipped``.

    ``quoting`` is "standard": quotation marks are doubled inside of a cell in them; "backslash":
    one goes before them; or "none": they are plain characters.
    """

    separator: str = ","
    quoting: str = "standard"
    skipped: int = 0

    @property
    def arguments(self) -> dict[str, Any]:
        """What the csv module takes."""
        escape = {"escapechar": "\\"} if self.quoting == "backslash" else {}
        plain = {"quoting": csv.QUOTE_NONE} if self.quoting == "none" else {}
        return {"delimiter": self.separator, **escape, **plain}


def check_dialect(options: Options) -> str:
    """Return the configured separator as one character, or "auto"; UserError if it is none."""
    given = str(options.separator)
    found = _NAMED.get(given.lower(), given)
    if found != AUTO and (len(found) != 1 or found in '"\r\n\\'):
        raise UserError(
            f"data.separator={given} is not one character that parts the cells of a row. Give "
            f"auto, comma, semicolon, tab, pipe, or the character itself."
        )
    check_choice("data.quoting", options.quoting, QUOTINGS)
    return found


def find_dialect(head: str, suffix: str, source: Source) -> Dialect:
    """Return how a file parts and quotes its cells, of its beginning and ending, noting guesses.

    The separator is the one by which the first line holds the wanted columns, that of the file's
    ending before others. Where none does, it is one that finds several columns.

    Raises:
        UserError: Several separators would do.
    """
    options, problems = source.options, source.problems
    separator = check_dialect(options)
    quoting = "standard" if options.quoting == AUTO else options.quoting
    told = _SEP_LINE.match(head)
    if told:
        head = head[told.end() :]
    if separator == AUTO:
        usual = told["separator"] if told else _OF_SUFFIX.get(suffix)
        separator = _separator(head, usual, quoting, source)
        if told or separator != usual:
            problems.remark(
                f"{source} was read with {_shown(separator)} between its cells, as its first "
                f"line {'says' if told and separator == usual else 'has it'} (data.separator)."
            )
    dialect = Dialect(separator, quoting, 1 if told else 0)
    if options.quoting == AUTO and _is_escaped(head, dialect):
        dialect = replace(dialect, quoting="backslash")
        problems.remark(
            f"{source} was read with a backslash before each quotation mark in a cell "
            f"(data.quoting=backslash)."
        )
    return dialect


def _shown(separator: str) -> str:
    return "a tab" if separator == "\t" else f"'{separator}'"


def _separator(head: str, usual: str | None, quoting: str, source: Source) -> str:
    """Return the separator that the first line has."""
    wanted = source.options.to_read
    order = [*([usual] if usual else []), *(mark for mark in _SEPARATORS if mark != usual)]
    headers = {mark: _parsed(head, Dialect(mark, quoting), 1)[0] or [[]] for mark in order}
    fitting = [mark for mark in order if set(wanted) <= set(headers[mark][0])]
    if not fitting:
        # The columns' keys may be wrong; what columns there are is told in the message on that.
        fitting = [mark for mark in order if len(headers[mark][0]) > 1]
        if len(fitting) > 1 and usual not in fitting:
            raise UserError(
                f"It is not clear what parts the cells of {source}: its first line has "
                f"{' and '.join(map(_shown, fitting))}, and with neither it holds the columns "
                f"{name_list(wanted)}. Say which: data.separator=semicolon, say; and check the "
                f"keys of the columns."
            )
    if usual in fitting or not fitting:
        return usual or ","
    return fitting[0]


def _parsed(head: str, dialect: Dialect, most: int = 1000) -> tuple[list[list[str]], bool]:
    """Return the first records of a file's beginning, and whether all were as the dialect says."""
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", head)
    rows: list[list[str]] = []
    limit = csv.field_size_limit(_MAX_LINE)
    try:
        rows.extend(islice(csv.reader(lines, strict=True, **dialect.arguments), most))
    except csv.Error as error:
        # The beginning may end within a cell.
        return rows, "end of data" in str(error)
    finally:
        csv.field_size_limit(limit)
    return rows, True


def _is_escaped(head: str, dialect: Dialect) -> bool:
    """Return whether backslashes before quotation marks alone make a table of it."""
    if '\\"' not in head or _parsed(head, dialect)[1]:
        return False
    rows, whole = _parsed(head, Dialect(dialect.separator, "backslash"))
    rows = [row for row in rows if row]
    # The last may be cut off.
    return whole and len(rows) > 1 and len({len(row) for row in rows[:-1]}) == 1


def csv_batches(stream: TextIO, dialect: Dialect, source: Source) -> Drawn:
    """Return the batches of a csv file, and its source with the id column."""
    records = _records(stream, dialect, source)
    _, (header, _) = next(records, (0, ([], [])))
    if not any(name.strip() for name in header):
        source.problems.raise_if_any()
        raise UserError(f"{source} does not begin with a line of column names. Add one.")
    source = source.with_id(header)
    return _rows(records, header, _Swallowed(dialect, header, source), source), source


def _records(stream: TextIO, dialect: Dialect, source: Source) -> Iterator[tuple[int, _Record]]:
    """Yield the records of a csv file with the line they begin at, to the first broken one."""
    limit = csv.field_size_limit()
    held: list[str] = []

    def lines() -> Iterator[str]:
        while line := stream.readline(_MAX_LINE):
            if len(line) >= _MAX_LINE:
                raise UserError(
                    f"Line {number + len(held) + 1} of {source} is longer than {_MAX_LINE:,} "
                    f"characters, which no résumé is. Check what it is, and take it out."
                )
            held.append(line)
            yield line

    number = 0
    reader = csv.reader(lines(), strict=True, **dialect.arguments)
    for _ in range(dialect.skipped):
        number += bool(stream.readline(_MAX_LINE))
    while True:
        held.clear()
        # The limit is the whole process's, so it is lifted only while a record is read.
        csv.field_size_limit(_MAX_LINE)
        try:
            record = next(reader, None)
        except csv.Error as error:
            escaped = any('\\"' in line for line in held) and dialect.quoting == "standard"
            other = " (or data.quoting=backslash, if one goes before them)" if escaped else ""
            what = f"is not csv ({error}): check its quotation marks, or {_PLAIN}{other}"
            source.problems.add(f"line {number + 1}", f"the record that begins here {what}")
            return
        finally:
            csv.field_size_limit(limit)
        if record is None:
            return
        yield number + 1, (record, held[:] if len(held) > 1 else [])
        number += len(held)


def _rows(
    records: Iterator[tuple[int, _Record]],
    header: list[str],
    swallowed: "_Swallowed",
    source: Source,
) -> Iterator[Batch]:
    problems = source.problems
    position = {name: header.index(name) for name in source.options.to_read}
    row = 0
    rows = filled(records, lambda record: not any(map(str.strip, record[0])), "line {}", problems)
    for piece in batches_of(rows, lambda record: sum(map(len, record[1][0]))):
        kept: list[tuple[int, str, list[str]]] = []
        for line, (record, lines) in piece:
            row += 1
            place = f"row {row} (line {line})"
            if len(record) == len(header):
                swallowed.look_at(record, row, line, lines)
                kept.append((row, place, record))
            elif swallowed.are_rows(lines):
                swallowed.note(row, line, len(lines))
            else:
                what = f"has {len(record)} cells where the header has {len(header)}"
                problems.add_row(place, what, row + problems.rows_before)
        cells = {name: [record[k] for _, _, record in kept] for name, k in position.items()}
        numbers = np.array([number for number, _, _ in kept], np.int64)
        yield Batch(cells, numbers, [place for _, place, _ in kept])
    swallowed.tell()
    if not row and not problems.count and not problems.skipped_rows:
        raise UserError(f"{source} has a header and no rows. Check data.path.")


class _Swallowed:
    """Records over several lines, each of which would be a row: a quotation mark swallows rows.

    A file without quoting may have a cell that begins with a quotation mark; all rows to the next
    one that ends a cell are then part of it. Text over several lines that is quoted as it should be
    seldom has as many separators in each line as a row, and the labels of other rows after them.
    """

    def __init__(self, dialect: Dialect, header: list[str], source: Source) -> None:
        options = source.options
        self._problems, self._separator = source.problems, dialect.separator
        self._marks = len(header) - 1
        self._text = header.index(options.text_column)
        columns = options.label_columns or (options.labels_column,)
        self._places = [header.index(name) for name in columns if name is not None]
        # The one configured may be wrong.
        self._between_labels = re.compile(f"[;,|/]|{re.escape(options.label_separator)}")
        # The cells of labels of all other records, and the labels in them.
        self._known: set[str] = set()
        # Row, first line, number of lines, and the cells of labels if each line is a row.
        self._suspects: list[tuple[int, int, int, list[str]]] = []

    def look_at(self, record: list[str], row: int, line: int, lines: Sequence[str]) -> None:
        """Take note of a record and, if it has several, its lines."""
        if not self.are_rows(lines):
            for cell in (record[place] for place in self._places):
                if cell not in self._known:
                    self._known |= {cell, cell.strip(), *self._labels(cell)}
            return
        rows = [part.rstrip("\r\n").split(self._separator) for part in lines]
        if all(cells[self._text].strip(' "') for cells in rows):
            inner = [cells[place].strip() for cells in rows[:-1] for place in self._places]
            self._suspects.append((row, line, len(lines), inner))

    def are_rows(self, lines: Sequence[str]) -> bool:
        """Return whether each line of a record of several has as many separators as a row."""
        return bool(lines) and all(part.count(self._separator) == self._marks for part in lines)

    def _labels(self, cell: str) -> list[str]:
        return [label.strip() for label in self._between_labels.split(cell)]

    def tell(self) -> None:
        """Note the records in which rows were swallowed."""
        for row, line, count, cells in self._suspects:
            given = [cell for cell in cells if cell]
            alike = sum(
                cell in self._known or self._known.issuperset(self._labels(cell)) for cell in given
            )
            if given and 2 * alike >= len(given) and (self._known or count > 2):
                self.note(row, line, count)

    def note(self, row: int, line: int, count: int) -> None:
        """Note that a record of ``count`` lines has swallowed rows."""
        what = (
            f"a quotation mark opens a cell here that goes on over {count} lines, each with as "
            f"many separators as a row: it has swallowed {count - 1} rows. Close it, or {_PLAIN}"
        )
        problems = self._problems
        problems.add_row(f"row {row} (line {line})", what, row + problems.rows_before)
        if problems.skip_rows:
            for other in range(line + 1, line + count):
                problems.add_row(f"line {other}", f"was swallowed by row {row}")


def csv_row(text: TextIO, dialect: Dialect) -> int:
    """Return the row of a csv text that the first MARK is in."""
    records = csv.reader(text, **dialect.arguments)
    row = -dialect.skipped
    try:
        for record in filter(None, records):
            if any(MARK in cell for cell in record):
                break
            row += 1
    except csv.Error:
        return records.line_num
    return row
