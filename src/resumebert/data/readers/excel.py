"""Drawing batches of cells from Excel workbooks (.xlsx).

python-calamine reads the cells, and gives an empty one where there is an error or a formula that
was never computed; so the sheet's XML is looked through for these first.
"""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from math import inf
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import numpy as np

from resumebert.data.cells.columns import Batch, Drawn, Source, batches_of, filled
from resumebert.data.problems import name_list, shorten
from resumebert.data.readers.files import check_ratio, open_zip
from resumebert.utils.errors import UserError

# What a workbook of a million rows takes.
MAX_WORKBOOK_BYTES = 1000**3
# Empty ones take memory too: a single cell far out would take all there is.
MAX_CELLS = 10**8
# The most characters that Excel keeps in a cell.
_FULL_CELL = 32_767

# The number of a row in the sheet, and its cells.
_Row = tuple[int, list[Any]]


@dataclass(frozen=True)
class _Lost:
    """A cell that would be read as empty, and is not."""

    what: str

    def __repr__(self) -> str:
        return self.what


@contextmanager
def open_excel(path: Path, source: Source) -> Iterator[Drawn]:
    """Open a workbook for drawing the batches of a sheet; see ``open_table``."""
    try:
        calamine = import_module("python_calamine")
    except ImportError:
        raise UserError(
            f"{source} is an Excel file, and reading one takes the package python-calamine, "
            f"which is not installed: pip install python-calamine. Or save the sheet as .csv."
        ) from None
    with _damage_told(source.name):
        with open_zip(path, source.name, "an .xlsx workbook") as archive:
            size = sum(info.file_size for info in archive.infolist())
            check_ratio(size, path.stat().st_size, source.name)
            if size > MAX_WORKBOOK_BYTES:
                raise UserError(
                    f"{source} is refused: unpacked, it would take more than "
                    f"{MAX_WORKBOOK_BYTES / 1e6:,.0f} MB, and several times that in memory. Save "
                    f"the sheet as .csv."
                )
            book = calamine.CalamineWorkbook.from_path(path)
            kinds = calamine.SheetTypeEnum.WorkSheet
            known = [found.name for found in book.sheets_metadata if found.typ == kinds]
            name = _chosen(source.options.sheet, known, source.name)
            lost = _lost_cells(archive, name, source.name)
        rows = _sheet_rows(book.get_sheet_by_name(name), lost)
        _, header = next(rows, (1, []))
    names = ["" if cell is None else str(cell) for cell in header]
    if not any(name.strip() for name in names):
        raise UserError(f"{source} does not begin with a row of column names. Add one.")
    source = source.with_id([name for name in names if name])
    yield _batches(rows, names, source), source
    book.close()


@contextmanager
def _damage_told(source: str) -> Iterator[None]:
    """Turn whatever is raised into a UserError: also a panic in Rust, which is no Exception."""
    try:
        yield
    except (UserError, MemoryError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise UserError(
            f"{source} is not an .xlsx workbook, or is damaged ({what}). Open it in Excel and save "
            f"it again, or save the sheet as .csv."
        ) from None


def _chosen(sheet: str | None, known: list[str], source: str) -> str:
    """Return the name of the sheet to read: the one configured, or the first."""
    if not known:
        raise UserError(f"{source} has no sheet with cells. Check data.path.")
    if sheet is not None and str(sheet) not in known:
        raise UserError(
            f"{source} has no sheet {shorten(str(sheet))} (data.sheet). Its sheets: "
            f"{name_list(known)}."
        )
    return known[0] if sheet is None else str(sheet)


def _lost_cells(archive: ZipFile, sheet: str, source: str) -> dict[int, dict[int, str]]:
    """Return row → column → what the cell holds, for cells that would be read as empty."""
    lost: dict[int, dict[int, str]] = {}
    last = widest = 0
    with archive.open(_xml_of(archive, sheet)) as stream:
        for _, row in ElementTree.iterparse(stream):
            if row.tag.rpartition("}")[2] != "row":
                continue
            number, column = int(row.get("r", last + 1)), 0
            if number <= last:
                raise ValueError(f"row {number} follows row {last}")
            for cell in row:
                place, kind = cell.get("r"), cell.get("t")
                column = _column(place) if place else column + 1
                if place and not place.endswith(str(number)):
                    raise ValueError(f"the cell {place} is in row {number}")
                widest = max(widest, column)
                value = cell.findtext("{*}v", "")
                if kind == "e":
                    lost.setdefault(number, {})[column] = f"the error {value}"
                elif kind != "str" and not value and cell.find("{*}f") is not None:
                    what = "a formula without its value: save it in Excel"
                    lost.setdefault(number, {})[column] = what
            row.clear()
            last = number
    if last * widest > MAX_CELLS:
        raise UserError(
            f"{source} is refused: its sheet goes on to row {last:,} and column {widest:,}. Delete "
            f"what is far out, or save the rows as .csv."
        )
    return lost


def _column(place: str) -> int:
    number = 0
    for letter in place.rstrip("0123456789"):
        number = 26 * number + ord(letter) - 64
    return number


def _xml_of(archive: ZipFile, sheet: str) -> str:
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    found = next(e for e in book.iter() if e.tag.endswith("}sheet") and e.get("name") == sheet)
    known = next(value for key, value in found.attrib.items() if key.endswith("}id"))
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    target = next(str(link.get("Target")) for link in links if link.get("Id") == known)
    return target[1:] if target.startswith("/") else f"xl/{target}"


def _sheet_rows(sheet: Any, lost: dict[int, dict[int, str]]) -> Iterator[_Row]:
    """Yield the number and the cells of each row of a sheet, those that are covered as lost."""
    merged: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or []:
        for column in range(left, right + 1):
            # The first cell of all holds the value.
            first = top + 1 if column == left else top
            if first <= bottom:
                merged.setdefault(column, []).append((first + 1, bottom + 1))
    # Empty rows before the first filled one are there, and empty columns are not.
    before = [None] * (sheet.start or (0, 0))[1]
    areas = {column: sorted(found) for column, found in merged.items()}
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = before + [_value(cell) for cell in row]
        hidden = {column - 1: what for column, what in lost.get(number, {}).items()}
        for column, covered in areas.items():
            # The last area to begin by this row: areas do not overlap.
            at = bisect_right(covered, (number, inf)) - 1
            if at >= 0 and number <= covered[at][1]:
                hidden[column] = "part of merged cells"
        for column, what in hidden.items():
            cells += [None] * (column + 1 - len(cells))
            cells[column] = _Lost(what)
        yield number, cells


def _value(cell: Any) -> Any:
    """Return what a cell holds; Excel has no whole numbers of their own."""
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return None if cell == "" else cell


def _batches(rows: Iterator[_Row], names: list[str], source: Source) -> Iterator[Batch]:
    options, problems = source.options, source.problems
    position = {name: names.index(name) for name in options.to_read}
    full = count = 0
    for piece in batches_of(filled(rows, _is_blank, "row {} of the sheet", problems), _size):
        cells = {
            name: [row[k] if k < len(row) else None for _, row in piece]
            for name, k in position.items()
        }
        texts = cells[options.text_column]
        full += sum(isinstance(text, str) and len(text) >= _FULL_CELL for text in texts)
        if options.labels_column is not None:
            # An empty cell is all that Excel has for a résumé without a label.
            labels = cells[options.labels_column]
            cells[options.labels_column] = ["" if cell is None else cell for cell in labels]
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
    return sum(len(cell) for cell in row[1] if isinstance(cell, str))


def _is_blank(cells: list[Any]) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells)
