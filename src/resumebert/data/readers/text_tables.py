"""Drawing batches of cells from csv, tsv and jsonl files."""

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TextIO

import numpy as np

from resumebert.data.readers.columns import Batch, Columns, with_id
from resumebert.data.table import Problems, name_list, shorten
from resumebert.utils.errors import UserError

_BATCH = 2048
_PIECE = 1 << 20
BLANK_LINE = "is a blank line; remove it, or mend the row it was"
# The csv module's own limit is 128 KiB; this is the most it can be set to everywhere.
_CSV_CELL = 2**31 - 1


def csv_batches(
    stream: TextIO, delimiter: str, columns: Columns, source: str, problems: Problems
) -> tuple[Iterator[Batch], Columns]:
    """Return the batches of a csv file, and ``columns`` with its id column."""
    records = _csv_records(stream, delimiter, problems)
    header, _ = next(records, ([], 0))
    if not any(name.strip() for name in header):
        problems.raise_if_any()
        raise UserError(f"{source} does not begin with a line of column names. Add one.")
    columns = with_id(columns, header, source)
    return _csv_rows(records, header, columns, source, problems), columns


def _csv_records(
    stream: TextIO, delimiter: str, problems: Problems
) -> Iterator[tuple[list[str], int]]:
    """Yield the records of a csv file with the line that each ends at, to the first broken one."""
    limit = csv.field_size_limit()
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    while True:
        first_line = reader.line_num + 1
        # The limit is the whole process's, so it is lifted only while a record is read.
        csv.field_size_limit(_CSV_CELL)
        try:
            record = next(reader, None)
        except csv.Error as error:
            what = f"the record that begins here is not csv ({error}): check its quotation marks"
            problems.add(f"line {first_line}", what)
            return
        finally:
            csv.field_size_limit(limit)
        if record is None:
            return
        yield record, first_line


def _csv_rows(
    records: Iterator[tuple[list[str], int]],
    header: list[str],
    columns: Columns,
    source: str,
    problems: Problems,
) -> Iterator[Batch]:
    """Yield the batches of a csv file whose header has been read."""
    position = {name: header.index(name) for name in columns.to_read}
    row, blank = 0, 0
    while piece := list(islice(records, _BATCH)):
        cells: list[list[str]] = []
        rows: list[int] = []
        places: list[str] = []
        for record, line in piece:
            # A blank line is a lost row unless nothing follows it.
            if not record:
                blank = blank or line
                continue
            if blank:
                problems.add_row(f"line {blank}", "is blank; remove it, or mend the row it was")
                blank = 0
            row += 1
            place = f"row {row} (line {line})"
            if len(record) != len(header):
                what = f"has {len(record)} cells where the header has {len(header)}"
                problems.add_row(place, what, row)
                continue
            cells.append(record)
            rows.append(row)
            places.append(place)
        by_column = {name: [record[k] for record in cells] for name, k in position.items()}
        yield Batch(by_column, np.array(rows, np.int64), places)
    if not row and not problems.count and not problems.skipped_rows:
        raise UserError(f"{source} has a header and no rows. Check data.path.")


def csv_row(text: TextIO) -> int:
    """Return the row that the end of a csv text, cut off anywhere, is in."""
    records = csv.reader(_with_end(text))
    try:
        return sum(1 for record in records if record) - 1
    except csv.Error:
        return records.line_num


def _with_end(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines with something after the end, so that a record not begun counts as well."""
    last = ""
    for line in lines:
        if last:
            yield last
        last = line
    if last.endswith(("\n", "\r")):
        yield last
        last = ""
    yield f"{last}x"


def line_at(text: TextIO) -> int:
    """Return the line that the end of ``text`` is in."""
    count = 1
    while piece := text.read(_PIECE):
        count += piece.count("\n")
    return count


def jsonl_batches(
    stream: TextIO, columns: Columns, source: str, problems: Problems
) -> tuple[Iterator[Batch], Columns]:
    """Return the batches of a jsonl file, and ``columns`` with the id column of its first row."""
    objects = _jsonl_objects(stream, problems)
    first = next(objects, None)
    if first is None:
        problems.raise_if_any()
        if problems.skipped_rows:
            problems.raise_none_left()
        raise UserError(f"{source} holds no rows, only blank lines. Check data.path.")
    columns = with_id(columns, list(first[1]), source)
    return _jsonl_rows(first, objects, columns, problems), columns


def _jsonl_objects(stream: TextIO, problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each row's number and object, noting lines that are none."""
    blank = 0
    for row, line in enumerate(stream, start=1):
        # A blank line is a lost row unless nothing follows it.
        if not line.strip():
            blank = blank or row
            continue
        if blank:
            problems.add_row(f"row {blank}", BLANK_LINE)
            blank = 0
        try:
            found = json.loads(line)
        except RecursionError:
            problems.add_row(f"row {row}", "is nested too deeply to be a résumé")
        except ValueError as error:
            problems.add_row(f"row {row}", f"is not JSON ({error})")
        else:
            if isinstance(found, dict):
                yield row, found
            else:
                problems.add_row(f"row {row}", f"is {shorten(found)}, not a JSON object {{…}}")


def _jsonl_rows(
    first: tuple[int, dict[str, Any]],
    objects: Iterator[tuple[int, dict[str, Any]]],
    columns: Columns,
    problems: Problems,
) -> Iterator[Batch]:
    """Yield the batches of a jsonl file whose first row has been read."""
    wanted = columns.to_read
    piece = [first, *islice(objects, _BATCH)]
    while piece:
        rows: list[int] = []
        kept: list[dict[str, Any]] = []
        for row, found in piece:
            missing = [name for name in wanted if name not in found]
            if missing:
                what = f"has no key {name_list(missing)}; its keys: {name_list(list(found))}"
                problems.add_row(f"row {row}", what)
                continue
            if columns.id is None and "id" in found and "id" not in wanted:
                problems.add(f"row {row}", "has an id, and the first row has none")
            rows.append(row)
            kept.append(found)
        by_column = {name: [found[name] for found in kept] for name in wanted}
        yield Batch(by_column, np.array(rows, np.int64))
        piece = list(islice(objects, _BATCH))
