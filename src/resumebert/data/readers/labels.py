"""From a column with all labels of a row to a label matrix."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from resumebert.data.readers.columns import Batch, Columns, python_values
from resumebert.data.readers.label_cells import (
    BAD,
    EMPTY,
    NAMES,
    NULL,
    NUMBERS,
    SCORES,
    Cell,
    parse_cell,
)
from resumebert.data.readers.label_doubts import hint_at_known, numbers_in
from resumebert.data.table import Problems, name_list, shorten

# Longer texts are hardly ever alike, and would fill the memory.
_LONGEST_KEY = 500
_HALF = 0.5
_MISSING = [Cell(NAMES, (name,)) for name in ("None", "nan", "NaN", "null", "<NA>")]
_SHOWN_NUMBERS = 5


@dataclass
class LabelSets:
    """The labels of the rows so far, with one number for each distinct cell, as few are distinct.

    Attributes:
        codes: the number of each distinct cell, as it is written.
        known: the number of each distinct cell, as it is understood.
        cells: for each number, what the cell holds.
        row_codes: n numbers, one for each row.
        separated: whether a cell had labels with a separator between, or could have had.
    """

    codes: dict[Hashable, int] = field(default_factory=dict)
    known: dict[Cell, int] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    row_codes: list[int] = field(default_factory=list)
    separated: bool = False

    @property
    def names(self) -> list[tuple[str, ...]]:
        """For each number, the labels in the cell, once :func:`settle_labels` has named them."""
        return [cell.values if cell.kind == NAMES else () for cell in self.cells]

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """For each number, how many rows have it."""
        return np.bincount(self.row_codes, minlength=len(self.cells))

    def rows_of(self, codes: Sequence[int]) -> list[int]:
        """Return the positions of the rows with any of some numbers."""
        return np.flatnonzero(np.isin(np.array(self.row_codes, np.int64), codes)).tolist()


def collect_labels(
    batch: Batch, column: str, separator: str, found: LabelSets, problems: Problems
) -> None:
    """Add the batch's cells of labels to ``found``, noting those that can't be read."""
    for i, cell in enumerate(python_values(batch.cells[column])):
        key = _key(cell)
        code = found.codes.get(key) if key is not None else None
        if code is None:
            parsed = parse_cell(cell, separator)
            code = found.known.setdefault(parsed, len(found.cells))
            if code == len(found.cells):
                found.cells.append(parsed)
            if isinstance(cell, str) and parsed.kind == NAMES and not parsed.how:
                found.separated |= not cell.lstrip().startswith("[")
            if key is not None:
                found.codes[key] = code
        found.row_codes.append(code)
        if found.cells[code].kind == BAD:
            told = f"column {shorten(column)} holds {found.cells[code].how}"
            problems.add_row(*batch.told(i, told))


def _key(cell: object) -> Hashable:
    """Return what equals another cell's only if both are written alike, or None."""
    if isinstance(cell, str):
        return cell if len(cell) <= _LONGEST_KEY else None
    is_names = isinstance(cell, list) and all(isinstance(name, str) for name in cell)
    return tuple(cell) if is_names else None  # type: ignore[arg-type]


def settle_labels(
    found: LabelSets,
    columns: Columns,
    rows: npt.NDArray[np.int64],
    unlabelled: str,
    problems: Problems,
) -> None:
    """Turn all cells into names of labels, once all are known, noting those unlike the others.

    Numbers are 0 and 1 for each label of ``columns.names``, or indices into these; without names,
    they name labels themselves. Scores of at least a half are labels.
    """
    column = shorten(columns.labels)
    if any(cell.kind in (NUMBERS, SCORES) or cell.how for cell in found.cells):
        # What Python prints in place of a list that is missing.
        found.cells = [Cell(NULL) if cell in _MISSING else cell for cell in found.cells]
    counts = found.counts
    families: dict[tuple[str, str], int] = {}
    for cell, count in zip(found.cells, counts.tolist(), strict=True):
        if cell.kind not in (BAD, EMPTY, NULL):
            families[cell.family] = families.get(cell.family, 0) + count
    main = max(families, key=lambda family: families[family], default=(NAMES, ""))
    odd = [
        code
        for code, cell in enumerate(found.cells)
        if cell.kind not in (BAD, EMPTY, NULL) and cell.family != main
    ]
    for i in found.rows_of(odd):
        cell = found.cells[found.row_codes[i]]
        what = f"{shorten(list(cell.values))} ({_told(cell)}), where most have {_told_family(main)}"
        told = f"column {column} holds {what}"
        problems.add_numbered(rows[i], told)
    for code in odd:
        found.cells[code] = Cell(EMPTY)
    nulls = sum(int(n) for c, n in zip(found.cells, counts, strict=True) if c.kind == NULL)
    if nulls:
        problems.remark(
            f"Column {column} is null in {nulls:,} of {len(rows):,} rows, read as résumés without "
            f"a label: data.unlabelled={unlabelled} "
            + ("leaves them out." if unlabelled == "drop" else "takes them for examples of none.")
        )
    hows = sorted({cell.how for cell in found.cells if cell.how and cell.kind != BAD})
    if hows:
        problems.remark(f"Column {column} is read as {' and '.join(hows)}.")
    if main[0] == SCORES:
        _settle_scores(found, column, problems)
    elif main[0] == NUMBERS or (main[0] == NAMES and _are_numbers(found, columns)):
        _settle_numbers(found, columns, rows, problems)


def _told(cell: Cell) -> str:
    return cell.how or cell.kind


def _told_family(family: tuple[str, str]) -> str:
    return family[1] or family[0]


def _settle_scores(found: LabelSets, column: str, problems: Problems) -> None:
    """Turn scores into the names of those of at least a half."""
    scores = {score for cell in found.cells if cell.kind == SCORES for _, score in cell.values}
    if scores - {0.0, 1.0}:
        problems.doubt(
            f"Column {column} has scores other than 0 and 1: labels are those of {_HALF} and more."
        )
    for code, cell in enumerate(found.cells):
        if cell.kind == SCORES:
            names = tuple(name for name, score in cell.values if score >= _HALF)
            found.cells[code] = Cell(NAMES, names)


def _are_numbers(found: LabelSets, columns: Columns) -> bool:
    """Return whether texts are not names but all numbers: ``0;2``, or ``0 1 0 0``."""
    cells = [cell.values for cell in found.cells if cell.kind == NAMES]
    numbers = [numbers_in(names) for names in cells]
    if not cells or None in numbers:
        return False
    if columns.names is not None:
        return not {name for names in cells for name in names} & set(columns.names)
    return _are_vectors([n for n in numbers if n is not None]) is not None


def _are_vectors(numbers: Sequence[tuple[int, ...]]) -> int | None:
    """Return how many labels the numbers are a 0 or 1 for, or None if they are something else.

    Indices of two labels would have to be 0 and 1 in each row: the same labels everywhere.
    """
    lengths = Counter(map(len, numbers))
    width = max(lengths, key=lambda length: lengths[length], default=0)
    is_binary = {number for values in numbers for number in values} <= {0, 1}
    has_repeats = any(len(set(values)) < len(values) for values in numbers)
    return width if is_binary and width > 1 and (has_repeats or len(lengths) == 1) else None


def _settle_numbers(
    found: LabelSets, columns: Columns, rows: npt.NDArray[np.int64], problems: Problems
) -> None:
    """Turn numbers into names of labels."""
    column = shorten(columns.labels)
    numbers: dict[int, tuple[int, ...]] = {}
    for code, cell in enumerate(found.cells):
        if cell.kind in (NAMES, NUMBERS):
            read = numbers_in(cell.values) if cell.kind == NAMES else cell.values
            numbers[code] = read or ()
    names = columns.names
    width = _are_vectors(list(numbers.values()))
    if width is not None and (names is None or len(names) != width):
        have = "is not given" if names is None else f"has {len(names)} names"
        problems.add(
            "",
            f"column {column} holds 0 or 1 for each of {width} labels, and data.label_names "
            f"{have}: name all {width} in their order, data.label_names=[A,B,…]",
        )
        return
    if names is not None and width is not None:
        other = [code for code, values in numbers.items() if len(values) != width]
        for i in found.rows_of(other):
            told = f"{list(numbers[found.row_codes[i]])}, not 0 or 1 for each of {width} labels"
            problems.add_numbered(rows[i], f"column {column} holds {told}")
        named = {
            code: [name for name, flag in zip(names, values, strict=False) if flag]
            for code, values in numbers.items()
        }
        problems.remark(f"Column {column} is read as 0 or 1 for each label of data.label_names.")
    elif names is None or {str(n) for values in numbers.values() for n in values} <= set(names):
        named = {code: list(map(str, values)) for code, values in numbers.items()}
        advice = "" if names else " Names counted from 0 are given as data.label_names=[A,B,…]."
        told = f"Column {column} holds whole numbers, each read as a label of that name.{advice}"
        problems.remark(told)
    elif len(names) > 1 and {len(values) for values in numbers.values()} == {len(names)}:
        told = f"column {column} holds {len(names)} numbers in each row, and not all are 0 or 1"
        problems.add("", f"{told}, as for labels of data.label_names they should be")
        return
    else:
        named = _of_indices(found, numbers, names, column, rows, problems)
    for code, values in named.items():
        found.cells[code] = Cell(NAMES, tuple(values))


def _of_indices(
    found: LabelSets,
    numbers: Mapping[int, tuple[int, ...]],
    names: Sequence[str],
    column: str,
    rows: npt.NDArray[np.int64],
    problems: Problems,
) -> dict[int, list[str]]:
    """Return the labels that indices stand for, noting those that stand for none."""
    wrong = [code for code, ns in numbers.items() if not all(0 <= n < len(names) for n in ns)]
    from_one = ""
    if not any(0 in values for values in numbers.values()):
        from_one = (
            f"No row of column {column} has the number 0. If its numbers are counted from 1, put a "
            f"name for 0 before the others in data.label_names."
        )
        problems.doubt(from_one)
    for i in found.rows_of(wrong):
        told = f"{list(numbers[found.row_codes[i]])}, where data.label_names has {len(names)} names"
        what = f"column {column} holds {told}, counted from 0. {from_one}".rstrip(". ")
        problems.add_numbered(rows[i], what)
    shown = ", ".join(f"{n} is {shorten(name)}" for n, name in enumerate(names[:_SHOWN_NUMBERS]))
    more = "" if len(names) <= _SHOWN_NUMBERS else " and so on"
    problems.remark(f"Column {column} is read as indices of data.label_names: {shown}{more}.")
    return {c: [names[n] for n in ns if 0 <= n < len(names)] for c, ns in numbers.items()}


def apply_aliases(found: LabelSets, aliases: Mapping[str, str | None]) -> None:
    """Give labels the names that ``aliases`` has for them, None for none."""
    if not aliases:
        return
    for code, cell in enumerate(found.cells):
        if cell.kind == NAMES:
            called = dict.fromkeys(aliases.get(name, name) for name in cell.values)
            found.cells[code] = replace(cell, values=tuple(n for n in called if n is not None))


def check_known(
    found: LabelSets,
    columns: Columns,
    rows: npt.NDArray[np.int64],
    problems: Problems,
) -> None:
    """Note the labels that are in the data and not in ``columns.names``, with their first row.

    If bad rows are skipped, note each row with such a label instead.
    """
    label_names = columns.names or ()
    known = set(label_names)
    sets = found.names
    seen = sorted({name for names in sets for name in names})
    outside = [name for name in seen if name not in known]
    if not outside:
        return
    hint = hint_at_known(outside, label_names, columns.separator if found.separated else None)
    codes = np.array(found.row_codes, np.int64)
    if problems.skip_rows:
        if hint:
            problems.doubt(hint)
        foreign = {code: [n for n in names if n not in known] for code, names in enumerate(sets)}
        for i in np.flatnonzero(np.isin(codes, [code for code in foreign if foreign[code]])):
            what = f"has labels that data.label_names has not: {name_list(foreign[codes[i]])}"
            problems.add_numbered(rows[i], what)
        return
    told = []
    for name in outside[:20]:
        holding = [code for code, names in enumerate(sets) if name in names]
        told.append(f"{shorten(name)} (first in row {rows[np.isin(codes, holding).argmax()]})")
    problems.add(
        "",
        f"it has labels that data.label_names has not: {', '.join(told)}"
        f"{' and more' if len(outside) > 20 else ''} (labels in the data: {name_list(seen)}; "
        f"data.label_names: {name_list(label_names)}){'. ' * bool(hint)}{hint.rstrip('.')}",
    )


def label_matrix(
    found: LabelSets, label_names: Sequence[str] | None, kept: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.uint8], list[str]]:
    """Return the (n, L) labels and their names: ``label_names``, or those in ``kept`` rows, sorted.

    Rows that are not kept have no labels.
    """
    sets = found.names
    codes = np.array(found.row_codes, np.int64)
    used = np.unique(codes[kept]).tolist()
    order = label_names or sorted({name for code in used for name in sets[code]})
    place = {name: j for j, name in enumerate(order)}
    matrix = np.zeros((len(sets), len(order)), np.uint8)
    for code in used:
        matrix[code, [place[name] for name in sets[code] if name in place]] = 1
    return matrix[codes], list(order)
