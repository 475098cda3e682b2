"""From cells to a label matrix: columns of 0 and 1, or one column with all labels of a row."""

import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from resumebert.data.readers.columns import Batch, Cells, python_values
from resumebert.data.readers.texts import arrow_texts, without_surrogates
from resumebert.data.table import Problems, name_list, shorten

_NEITHER = 2
_FLAGS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}


@dataclass
class LabelSets:
    """The labels of the rows so far, with one number for each distinct cell, as few are distinct.

    Attributes:
        codes: the number of each distinct cell.
        sets: for each number, the labels in the cell, or what is wrong with it.
        row_codes: n numbers, one for each row.
    """

    codes: dict[Hashable, int] = field(default_factory=dict)
    sets: list[tuple[str, ...] | str] = field(default_factory=list)
    row_codes: list[int] = field(default_factory=list)


def flag_matrix(batch: Batch, columns: Sequence[str], problems: Problems) -> npt.NDArray[np.uint8]:
    """Return the (k, L) flags of a batch, noting cells that are not 0 or 1."""
    flags = np.empty((len(batch.rows), len(columns)), np.uint8)
    for j, column in enumerate(columns):
        flags[:, j] = _flag_column(batch.cells[column])
    for i, j in np.argwhere(flags == _NEITHER).tolist():
        cell = python_values(batch.cells[columns[j]][i : i + 1])[0]
        what = "null" if cell is None else shorten(cell)
        told = f"column {shorten(columns[j])} holds {what}, not 0 or 1"
        problems.add_row(*batch.told(i, told))
    return flags


def _flag_column(cells: Cells) -> npt.NDArray[np.uint8]:
    """Return cells as 0, 1 or 2, where 2 is anything else."""
    array: Any = cells
    if not isinstance(cells, pa.Array):
        if not all(isinstance(cell, str) for cell in cells):
            return np.array([_flag(cell) for cell in cells], np.uint8)
        array = arrow_texts(list(cells))
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        keys = pc.utf8_lower(pc.utf8_trim_whitespace(array))
        codes = pc.index_in(keys, pa.array(list(_FLAGS), keys.type)).fill_null(len(_FLAGS))
        return np.array([*_FLAGS.values(), _NEITHER], np.uint8)[codes.to_numpy()]
    if not (pa.types.is_boolean(array.type) or _is_number(array.type)):
        return np.array([_flag(cell) for cell in array.to_pylist()], np.uint8)
    # Exact for 0 and 1, whatever becomes of larger numbers.
    values = pc.cast(array, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.where(values == 1, 1, np.where(values == 0, 0, _NEITHER)).astype(np.uint8)


def _is_number(kind: pa.DataType) -> bool:
    """Return whether the cells are integers or floating-point numbers."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _flag(cell: object) -> int:
    """Return a cell as 0, 1 or 2, where 2 is anything else."""
    if isinstance(cell, str):
        return _FLAGS.get(cell.strip().lower(), _NEITHER)
    if isinstance(cell, int | float | Decimal) and cell in (0, 1):
        return int(cell)
    return _NEITHER


def collect_labels(
    batch: Batch, column: str, separator: str, found: LabelSets, problems: Problems
) -> None:
    """Add the batch's cells of labels to ``found``, noting those that can't be read."""
    for i, cell in enumerate(python_values(batch.cells[column])):
        key = _hashable(cell)
        code = found.codes.get(key)
        if code is None:
            code = found.codes[key] = len(found.sets)
            found.sets.append(_label_set(cell, separator))
        found.row_codes.append(code)
        if isinstance(problem := found.sets[code], str):
            problems.add_row(*batch.told(i, f"column {shorten(column)} holds {problem}"))


def _hashable(cell: object) -> Hashable:
    """Return a key that equals another cell's only if both hold the same labels."""
    if isinstance(cell, str):
        return cell
    return tuple(cell) if _is_names(cell) else (type(cell), repr(cell)[:200])  # type: ignore[arg-type]


def _is_names(cell: object) -> bool:
    """Return whether a cell is a list of strings."""
    return isinstance(cell, list) and all(isinstance(name, str) for name in cell)


def _label_set(cell: object, separator: str) -> tuple[str, ...] | str:
    """Return the labels in a cell, or what is wrong with it."""
    names: object = cell
    if isinstance(cell, str):
        if cell.lstrip().startswith("["):
            try:
                names = json.loads(cell)
            except (ValueError, RecursionError):
                names = None
        else:
            names = cell.split(separator)
    if not _is_names(names):
        if cell is None:
            return "null (a résumé without a label has an empty cell or list)"
        return f'{shorten(cell)}, neither labels with {separator!r} between nor a list ["a", "b"]'
    stripped = (without_surrogates(name.strip()) for name in names)  # type: ignore[attr-defined]
    return tuple(name for name in stripped if name)


def ordered_flags(
    flags: npt.NDArray[np.uint8], columns: Sequence[str], names: Sequence[str] | None
) -> tuple[npt.NDArray[np.uint8], list[str]]:
    """Return the (n, L) flags in the order of ``names`` (None: as they are), and their names."""
    if names is None or list(names) == list(columns):
        return flags, list(columns)
    return flags[:, [columns.index(name) for name in names]], list(names)


def check_known(
    found: LabelSets,
    label_names: Sequence[str],
    rows: npt.NDArray[np.int64],
    problems: Problems,
) -> None:
    """Note the labels that are in the data and not in ``label_names``, with the first row of each.

    If bad rows are skipped, note each row with such a label instead.
    """
    known = set(label_names)
    sets = [names if isinstance(names, tuple) else () for names in found.sets]
    seen = sorted({name for names in sets for name in names})
    outside = [name for name in seen if name not in known]
    if not outside:
        return
    codes = np.array(found.row_codes, np.int64)
    if problems.skip_rows:
        foreign = {code: [n for n in names if n not in known] for code, names in enumerate(sets)}
        for i in np.flatnonzero(np.isin(codes, [code for code in foreign if foreign[code]])):
            what = f"has labels that data.label_names has not: {name_list(foreign[codes[i]])}"
            problems.add_row(f"row {rows[i]}", what, int(rows[i]))
        return
    told = []
    for name in outside[:20]:
        holding = [code for code, names in enumerate(sets) if name in names]
        told.append(f"{shorten(name)} (first in row {rows[np.isin(codes, holding).argmax()]})")
    problems.add(
        "",
        f"it has labels that data.label_names has not: {', '.join(told)}"
        f"{' and more' if len(outside) > 20 else ''} (labels in the data: {name_list(seen)}; "
        f"data.label_names: {name_list(label_names)})",
    )


def label_matrix(
    found: LabelSets, label_names: Sequence[str] | None, kept: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.uint8], list[str]]:
    """Return the (n, L) labels and their names: ``label_names``, or those in ``kept`` rows, sorted.

    Rows that are not kept have no labels.
    """
    sets = [names if isinstance(names, tuple) else () for names in found.sets]
    codes = np.array(found.row_codes, np.int64)
    used = np.unique(codes[kept]).tolist()
    order = label_names or sorted({name for code in used for name in sets[code]})
    place = {name: j for j, name in enumerate(order)}
    matrix = np.zeros((len(sets), len(order)), np.uint8)
    for code in used:
        matrix[code, [place[name] for name in sets[code] if name in place]] = 1
    return matrix[codes], list(order)
