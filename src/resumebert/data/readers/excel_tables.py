"""Drawing batches of cells from Excel workbooks (.xlsx)."""

import re
import warnings
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from math import inf
from pathlib import Path
from typing import Any
from zipfile import ZipInfo

import numpy as np

from resumebert.data.readers.columns import Batch, Columns, with_id
from resumebert.data.readers.files import check_ratio, open_zip
from resumebert.data.readers.texts import take
from resumebert.data.table import Problems, name_list, shorten
from resumebert.utils.errors import UserError

# What a workbook of a million rows takes.
MAX_WORKBOOK_BYTES = 1000**3
_CHUNK = 1 << 20
# The longest tag of interest is far shorter.
_OVERLAP = 1000
# The most characters that Excel keeps in a cell.
_FULL_CELL = 32_767
_TAG = re.compile(rb'<(?:\w+:)?(?:row\b[^>]*?\br="(\d+)"|mergeCell\b[^>]*?\bref="([A-Z0-9:]+)")')
# Characters that XML lacks, such as \r, are written as the number of their UTF-16 unit.
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")

# The number of a row in the sheet, and its cells.
_Row = tuple[int, list[Any]]


class _ExcelError:
    """A cell whose formula failed, such as #N/A."""

    def __init__(self, shown: str) -> None:
        self.shown = shown

    def __repr__(self) -> str:
        return f"the error {self.shown}"


class _Merged:
    """A cell covered by another that it is merged with."""

    def __repr__(self) -> str:
        return "part of merged cells"


@contextmanager
def excel_batches(
    path: Path, sheet: str | None, columns: Columns, source: str, problems: Problems
) -> Iterator[tuple[Iterator[Batch], Columns]]:
    """Open a workbook for drawing the batches of a sheet; the columns come with the id column.

    Raises:
        UserError: While it is open: openpyxl is missing, the file is damaged, the sheet is not
            there or lacks columns.
    """
    load = _loader(source)
    with open_zip(path, source, "an .xlsx workbook") as archive:
        _check_unpacked(path, archive.infolist(), source)
    with _told_as_damage(source):
        book = load(path)
    try:
        with _told_as_damage(source):
            found = _sheet(book, sheet, source)
            merged = _merged_cells(found, source)
            rows = _sheet_rows(found, merged)
            _, header = next(rows, (1, []))
        names = ["" if cell is None else str(cell) for cell in header]
        if not any(name.strip() for name in names):
            raise UserError(f"{source} does not begin with a row of column names. Add one.")
        columns = with_id(columns, [name for name in names if name], source)
        yield _batches(rows, names, columns, source, problems), columns
    finally:
        book.close()


def _check_unpacked(path: Path, infos: list[ZipInfo], source: str) -> None:
    """Refuse a workbook that unpacks to more than one of résumés can be.

    Raises:
        UserError: It does.
    """
    size = sum(info.file_size for info in infos)
    check_ratio(size, path.stat().st_size, source)
    if size > MAX_WORKBOOK_BYTES:
        raise UserError(
            f"{source} is refused: unpacked, it would take more than "
            f"{MAX_WORKBOOK_BYTES / 1e6:,.0f} MB, and several times that in memory. Save the sheet "
            f"as .csv."
        )


def _loader(source: str) -> Any:
    """Return a function that opens a workbook."""
    try:
        load_workbook = import_module("openpyxl").load_workbook
    except ImportError:
        raise UserError(
            f"{source} is an Excel file, and reading one takes the package openpyxl, which is not "
            f"installed: pip install openpyxl. Or save the sheet as .csv."
        ) from None

    def load(path: Path) -> Any:
        with warnings.catch_warnings():
            # On styles and validation, which no text depends on.
            warnings.simplefilter("ignore")
            return load_workbook(path, read_only=True, data_only=True)

    return load


@contextmanager
def _told_as_damage(source: str) -> Iterator[None]:
    """Tell what openpyxl raises as a damaged file: on one it raises anything."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise UserError(
            f"{source} is not an .xlsx workbook, or is damaged ({what}). Open it in Excel and save "
            f"it again, or save the sheet as .csv."
        ) from None


def _sheet(book: Any, name: str | None, source: str) -> Any:
    """Return a sheet of cells by name, or the first."""
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if not sheets:
        raise UserError(f"{source} has no sheet with cells. Check data.path.")
    if name is None:
        return next(iter(sheets.values()))
    if str(name) not in sheets:
        raise UserError(
            f"{source} has no sheet {shorten(str(name))} (data.sheet). Its sheets: "
            f"{name_list(list(sheets))}."
        )
    return sheets[str(name)]


def _merged_cells(sheet: Any, source: str) -> dict[int, list[tuple[int, int]]]:
    """Return, for each column, from which to which row other cells cover it.

    Raises:
        UserError: The sheet's rows are not in order: openpyxl would leave some out.
    """
    range_boundaries = import_module("openpyxl.utils").range_boundaries
    merged: dict[int, list[tuple[int, int]]] = {}
    last = 0
    for row, area in _tags(sheet):
        if row:
            if int(row) <= last:
                raise ValueError(f"row {int(row)} follows row {last}")
            last = int(row)
            continue
        left, top, right, bottom = range_boundaries(area.decode())
        for column in range(left, right + 1):
            # The first cell of all holds the value.
            first = top + 1 if column == left else top
            if first <= bottom:
                merged.setdefault(column, []).append((first, bottom))
    return {column: sorted(areas) for column, areas in merged.items()}


def _tags(sheet: Any) -> Iterator[tuple[bytes, bytes]]:
    """Yield the number of each row and the area of each merged cell, as the sheet's XML has them.

    Read-only, openpyxl tells neither.
    """
    with sheet._get_source() as stream:
        held = b""
        while data := stream.read(_CHUNK):
            held += data
            end = 0
            for tag in _TAG.finditer(held):
                yield tag[1] or b"", tag[2] or b""
                end = tag.end()
            held = held[max(end, len(held) - _OVERLAP) :]


def _sheet_rows(
    sheet: Any, merged: dict[int, list[tuple[int, int]]]
) -> Iterator[tuple[int, list[Any]]]:
    """Yield the number and the cells of each row of a sheet."""
    # What the file says of its size may be wrong, and would then cut rows off.
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [_value(cell) for cell in row]
        for column, areas in merged.items():
            # The last area to begin by this row: areas do not overlap.
            at = bisect_right(areas, (number, inf)) - 1
            if at >= 0 and number <= areas[at][1]:
                cells += [None] * (column - len(cells))
                cells[column - 1] = _Merged()
        yield number, cells


def _value(cell: Any) -> Any:
    """Return what a cell holds."""
    value = cell.value
    if not isinstance(value, str):
        return value
    if cell.data_type == "e":
        return _ExcelError(value)
    return _ESCAPE.sub(lambda unit: chr(int(unit[1], 16)), value) if "_x" in value else value


def _batches(
    rows: Iterator[_Row], names: list[str], columns: Columns, source: str, problems: Problems
) -> Iterator[Batch]:
    """Yield the batches of a sheet whose header has been read."""
    position = {name: names.index(name) for name in columns.to_read}
    filled = _filled(rows, problems)
    full = count = 0
    with _told_as_damage(source):
        while piece := take(filled, _size):
            cells = {name: [_at(row, k) for _, row in piece] for name, k in position.items()}
            full += sum(isinstance(t, str) and len(t) >= _FULL_CELL for t in cells[columns.text])
            if columns.labels is not None:
                # An empty cell is all that Excel has for a résumé without a label.
                labels = cells[columns.labels]
                cells[columns.labels] = ["" if cell is None else cell for cell in labels]
            numbers = np.array([number - 1 for number, _ in piece], np.int64)
            places = [f"row {number - 1} (row {number} of the sheet)" for number, _ in piece]
            count += len(piece)
            yield Batch(cells, numbers, places)
    if full:
        problems.remark(
            f"{source}: {full} texts fill a cell of Excel, which holds {_FULL_CELL:,} characters: "
            f"they were probably cut off there."
        )
    if not count and not problems.count and not problems.skipped_rows:
        raise UserError(f"{source} has a header and no rows. Check data.path.")


def _size(row: _Row) -> int:
    """Return how many characters a row holds."""
    return sum(len(cell) for cell in row[1] if isinstance(cell, str))


def _at(cells: list[Any], position: int) -> Any:
    """Return a cell of a row, which ends at its last filled one."""
    return cells[position] if position < len(cells) else None


def _filled(rows: Iterator[_Row], problems: Problems) -> Iterator[_Row]:
    """Yield the rows that hold something, noting blank ones unless nothing follows."""
    blank = 0
    for number, cells in rows:
        if all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells):
            blank = blank or number
            continue
        if blank:
            what = "is blank; remove it, or mend the row it was"
            problems.add_row(f"row {blank} of the sheet", what)
            blank = 0
        yield number, cells
