"""From the cells of labels to sets of labels: one column with all of them, or one column each."""

import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from resumebert.data.cells import label_cells
from resumebert.data.cells.columns import Batch, Cells, Source, arrow_texts, held, python_values
from resumebert.data.cells.label_cells import BAD, EMPTY, NAMES, NULL, NUMBERS, SCORES, Cell
from resumebert.data.problems import name_list, shorten

# Longer texts are hardly ever alike, and would fill the memory.
_LONGEST_KEY = 500
_HALF = 0.5
_MISSING = [Cell(NAMES, (name,)) for name in ("None", "nan", "NaN", "null", "<NA>")]
_NUMBER = re.compile(r"\d{1,9}(\.0)?")
_SHOWN_NUMBERS = 5

_PLAIN = ("0", "1", "false", "true")
_NO = (
    *("0", "false", "no", "n", "f", "off", "✗", "✘", "❌", "☐", "✕"),
    *("nein", "non", "faux", "falsch", "falso"),
)
_YES = (
    *("1", "true", "yes", "y", "t", "on", "✓", "✔", "✅", "☑", "☒", "x"),
    *("ja", "oui", "si", "sí", "vrai", "wahr", "verdadero"),
)
_BLANK = ("", "nan", "null", "none", "n/a", "na", "<na>", "-", "–", "—")
_WORDS = (*_NO, *_YES, *_BLANK)
_CODES = {word: code for code, word in enumerate(_WORDS)}
_NEITHER = len(_WORDS)
# 0, 1 or 2 (blank) for each word, and 0 for what is none.
_MEANING = np.repeat([0, 1, 2, 0], [len(_NO), len(_YES), len(_BLANK), 1]).astype(np.uint8)


@dataclass(frozen=True)
class LabelSets:
    """The labels of n rows, by distinct sets of them, as few are distinct.

    Attributes:
        names: the labels in each set.
        codes: (n,) which of the sets each row has.
        separated: whether a cell had labels with a separator between, or could have had.
    """

    names: Sequence[tuple[str, ...]]
    codes: npt.NDArray[np.int64]
    separated: bool = False

    def counts(self) -> Counter[str]:
        """Return how many rows have each label."""
        counts: Counter[str] = Counter()
        rows = np.bincount(self.codes, minlength=len(self.names)).tolist()
        for names, count in zip(self.names, rows, strict=True):
            counts.update(dict.fromkeys(names, count))
        return counts

    def of_row(self, position: int) -> frozenset[str]:
        """Return the labels of the row at a position."""
        return frozenset(self.names[self.codes[position]])

    def renamed(self, aliases: Mapping[str, str | None]) -> "LabelSets":
        """Return the sets with the names that ``aliases`` has for labels, None for none."""
        called = [dict.fromkeys(aliases.get(n, n) for n in names) for names in self.names]
        return replace(self, names=[tuple(n for n in names if n is not None) for names in called])

    def matrix(
        self, order: Sequence[str] | None, kept: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.uint8], list[str]]:
        """Return the (n, L) labels and their names: ``order``, or those in ``kept`` rows, sorted.

        Rows that are not kept have no labels.
        """
        used = np.unique(self.codes[kept]).tolist()
        order = order or sorted({name for code in used for name in self.names[code]})
        place = {name: j for j, name in enumerate(order)}
        matrix = np.zeros((len(self.names), len(order)), np.uint8)
        for code in used:
            matrix[code, [place[name] for name in self.names[code] if name in place]] = 1
        return matrix[self.codes], list(order)


class LabelColumn:
    """Collects a column that has all labels of a row."""

    def __init__(self, source: Source) -> None:
        self._options, self._problems = source.options, source.problems
        self._name = shorten(source.options.labels_column)
        # One number for each distinct cell: as it is written, and as it is understood.
        self._written: dict[Hashable, int] = {}
        self._understood: dict[Cell, int] = {}
        self._codes: list[int] = []
        self._separated = False

    def add(self, batch: Batch) -> None:
        """Add the cells of a batch, noting those that can't be read."""
        for i, cell in enumerate(python_values(batch.cells[str(self._options.labels_column)])):
            key = _key(cell)
            code = self._written.get(key) if key is not None else None
            if code is None:
                parsed = label_cells.parse_cell(cell, self._options.label_separator)
                if isinstance(cell, str) and parsed.kind == NAMES and not parsed.how:
                    self._separated |= not cell.lstrip().startswith("[")
                if parsed.kind == BAD:
                    batch.note(i, f"column {self._name} holds {parsed.how}", self._problems)
                code = self._understood.setdefault(parsed, len(self._understood))
                if key is not None and parsed.kind != BAD:
                    self._written[key] = code
            self._codes.append(code)

    def settle(self, rows: npt.NDArray[np.int64]) -> LabelSets:
        """Return the labels, once all cells are known, noting cells that are unlike the others.

        Numbers are 0 and 1 for each label of ``label_names``, or indices into these; without names,
        they name labels themselves. Scores of at least a half are labels.
        """
        cells = list(self._understood)
        if any(cell.kind in (NUMBERS, SCORES) or cell.how for cell in cells):
            # What Python prints in place of a list that is missing.
            cells = [Cell(NULL) if cell in _MISSING else cell for cell in cells]
        codes = np.array(self._codes, np.int64)
        counts = np.bincount(codes, minlength=len(cells)).tolist()
        families: Counter[tuple[str, str]] = Counter()
        for cell, count in zip(cells, counts, strict=True):
            if cell.kind not in (BAD, EMPTY, NULL):
                families[cell.family] += count
        main = max(families, key=lambda family: families[family], default=(NAMES, ""))
        usual = {code: cell for code, cell in enumerate(cells) if cell.family == main}
        odd = [code for code, cell in enumerate(cells) if cell.family in families.keys() - {main}]
        for i in np.flatnonzero(np.isin(codes, odd)).tolist():
            cell = cells[codes[i]]
            shown = f"{shorten(list(cell.values))} ({cell.how or cell.kind})"
            what = f"column {self._name} holds {shown}, where most have {main[1] or main[0]}"
            self._problems.add_numbered(rows[i], what)
        nulls = sum(n for cell, n in zip(cells, counts, strict=True) if cell.kind == NULL)
        if nulls:
            unlabelled = self._options.unlabelled
            does = "leaves them out" if unlabelled == "drop" else "takes them for examples of none"
            self._remark(
                f"is null in {nulls:,} of {len(rows):,} rows, read as résumés without a label: "
                f"data.unlabelled={unlabelled} {does}."
            )
        if hows := sorted({cell.how for cell in usual.values() if cell.how}):
            self._remark(f"is read as {' and '.join(hows)}.")
        named: Mapping[int, Sequence[str]] = {code: cell.values for code, cell in usual.items()}
        if main[0] == SCORES:
            named = self._of_scores(usual)
        elif (numbers := self._numbers(usual, main[0])) is not None:
            named = self._of_numbers(numbers, codes, rows)
        names = [tuple(named.get(code, ())) for code in range(len(cells))]
        return LabelSets(names, codes, self._separated)

    def _remark(self, what: str) -> None:
        self._problems.remark(f"Column {self._name} {what}")

    def _of_scores(self, cells: Mapping[int, Cell]) -> dict[int, list[str]]:
        if any(score not in (0, 1) for cell in cells.values() for _, score in cell.values):
            self._problems.doubt(
                f"Column {self._name} has scores other than 0 and 1: labels are those of "
                f"{_HALF} and more."
            )
        return {c: [name for name, score in cells[c].values if score >= _HALF] for c in cells}

    def _numbers(self, cells: Mapping[int, Cell], kind: str) -> dict[int, tuple[int, ...]] | None:
        """Return the numbers in cells; None if these are names: not all ``0;2``, or ``0 1 0 0``."""
        if kind == NUMBERS:
            return {code: cell.values for code, cell in cells.items()}
        numbers = {code: _numbers_in(cell.values) for code, cell in cells.items()}
        found = {code: values for code, values in numbers.items() if values is not None}
        if not found or len(found) < len(numbers):
            return None
        known = self._options.label_names
        if known is None:
            return None if _width_of_vectors(found) is None else found
        is_name = any(name in known for cell in cells.values() for name in cell.values)
        return None if is_name else found

    def _of_numbers(
        self,
        numbers: Mapping[int, tuple[int, ...]],
        codes: npt.NDArray[np.int64],
        rows: npt.NDArray[np.int64],
    ) -> Mapping[int, Sequence[str]]:
        """Return the labels that numbers stand for, noting numbers that stand for none."""
        names = self._options.label_names
        width = _width_of_vectors(numbers)
        if width is not None and (names is None or len(names) != width):
            have = "is not given" if names is None else f"has {len(names)} names"
            told = (
                f"0 or 1 for each of {width} labels, and data.label_names {have}: name all {width} "
                f"in their order, data.label_names=[A,B,…]"
            )
            self._problems.add("", f"column {self._name} holds {told}")
            return {}
        found = {str(number) for values in numbers.values() for number in values}
        if names is None or (width is None and found <= set(names)):
            advice = "" if names else " Names counted from 0 are given as data.label_names=[A,B,…]."
            self._remark(f"holds whole numbers, each read as a label of that name.{advice}")
            return {code: list(map(str, values)) for code, values in numbers.items()}
        if width is not None:
            wrong = {code for code, values in numbers.items() if len(values) != width}
            told = f"not 0 or 1 for each of {width} labels"
            self._remark("is read as 0 or 1 for each label of data.label_names.")
            named = {code: list(compress(names, values)) for code, values in numbers.items()}
        elif len(names) > 1 and {len(values) for values in numbers.values()} == {len(names)}:
            told = (
                f"{len(names)} numbers in each row, and not all are 0 or 1, as for labels of "
                f"data.label_names they should be"
            )
            self._problems.add("", f"column {self._name} holds {told}")
            return {}
        else:
            wrong = {code for code, values in numbers.items() if max(values) >= len(names)}
            told = f"where data.label_names has {len(names)} names, counted from 0"
            if not any(0 in values for values in numbers.values()):
                from_one = (
                    f"No row of column {self._name} has the number 0. If its numbers are counted "
                    f"from 1, put a name for 0 before the others in data.label_names."
                )
                self._problems.doubt(from_one)
                told += f". {from_one}".rstrip(".")
            shown = [f"{n} is {shorten(name)}" for n, name in enumerate(names[:_SHOWN_NUMBERS])]
            more = "" if len(names) <= _SHOWN_NUMBERS else " and so on"
            self._remark(f"is read as indices of data.label_names: {', '.join(shown)}{more}.")
            named = {c: [names[n] for n in ns if n < len(names)] for c, ns in numbers.items()}
        for i in np.flatnonzero(np.isin(codes, list(wrong))).tolist():
            what = f"column {self._name} holds {list(numbers[codes[i]])}, {told}"
            self._problems.add_numbered(rows[i], what)
        return named


def _key(cell: object) -> Hashable:
    """Return a key that only cells written alike share, or None for a cell that hardly repeats."""
    if isinstance(cell, str):
        return cell if len(cell) <= _LONGEST_KEY else None
    is_names = isinstance(cell, list) and all(isinstance(name, str) for name in cell)
    return tuple(cell) if is_names else None  # type: ignore[arg-type]


def _numbers_in(names: Sequence[str]) -> tuple[int, ...] | None:
    """Return the whole numbers that texts consist of, or None if they hold anything else."""
    parts = [part for name in names for part in re.split(r"[\s,;|]+", name) if part]
    if not parts or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    return tuple(int(float(part)) for part in parts)


def _width_of_vectors(numbers: Mapping[int, tuple[int, ...]]) -> int | None:
    """Return how many labels the numbers are a 0 or 1 for, or None if they are something else.

    Indices of two labels would have to be 0 and 1 in each row: the same labels everywhere.
    """
    lengths = Counter(map(len, numbers.values()))
    width = max(lengths, key=lambda length: lengths[length], default=0)
    is_binary = {number for values in numbers.values() for number in values} <= {0, 1}
    has_repeats = any(len(set(values)) < len(values) for values in numbers.values())
    return width if is_binary and width > 1 and (has_repeats or len(lengths) == 1) else None


class FlagColumns:
    """Collects columns of yes and no, one for each label, in the words that people use."""

    def __init__(self, source: Source) -> None:
        self._columns = list(source.options.label_columns or ())
        self._problems = source.problems
        self._words = [np.empty((0, len(self._columns)), np.uint8)]

    def add(self, batch: Batch) -> None:
        """Add the cells of a batch, noting those that are neither yes nor no."""
        words = np.stack([_words_of(batch.cells[column]) for column in self._columns], axis=1)
        for i, j in np.argwhere(words == _NEITHER).tolist():
            column = self._columns[j]
            cell = python_values(batch.cells[column][i : i + 1])[0]
            batch.note(i, f"{held(column, cell)}, not 0 or 1 (or yes or no)", self._problems)
        self._words.append(words)

    def settle(self, rows: npt.NDArray[np.int64]) -> LabelSets:
        """Return the labels, once all words of a column are known.

        A blank cell means no in a column that has no other word for it; beside one, it may be a
        missing value, which is noted. So is an x beside another word for yes: it may mean no.
        """
        words = np.concatenate(self._words)
        understood: dict[str, list[str]] = {}
        for column, codes in zip(self._columns, words.T, strict=True):
            seen = [code for code in np.unique(codes).tolist() if code != _NEITHER]
            no, yes, blank = (
                [_WORDS[code] for code in seen if _MEANING[code] == meaning] for meaning in range(3)
            )
            may_mean = {}
            if no:
                other = f"no or a missing value, as the column has {_either(no)} too"
                may_mean = dict.fromkeys(blank, other)
            if len(yes) > 1 and "x" in yes:
                others = _either([word for word in yes if word != "x"])
                may_mean["x"] = f"yes or no, as the column has {others} too"
            for word, other in may_mean.items():
                what = f"column {shorten(column)} holds {_either([word])}, which may mean {other}"
                for i in np.flatnonzero(codes == _CODES[word]).tolist():
                    self._problems.add_numbered(rows[i], what)
            if blank or set(yes + no) - set(_PLAIN):
                meant = {"yes": yes, "no": [*no, *blank]}
                told = ", ".join(f"{_either(w)} as {name}" for name, w in meant.items() if w)
                understood.setdefault(told, []).append(column)
        for told, columns in understood.items():
            self._problems.remark(f"In column {name_list(columns)}: {told}.")
        flags = _MEANING[words] == 1
        _, first, sets = np.unique(
            np.packbits(flags, axis=1), axis=0, return_index=True, return_inverse=True
        )
        names = [tuple(compress(self._columns, row)) for row in flags[first].tolist()]
        return LabelSets(names, sets.reshape(-1))


def _words_of(cells: Cells) -> npt.NDArray[np.uint8]:
    """Return the number of each cell's word, each distinct cell looked at once where it can be."""
    if not isinstance(cells, pa.Array) and all(isinstance(cell, str) for cell in cells):
        cells = arrow_texts(list(cells))
    if not isinstance(cells, pa.Array) or pa.types.is_nested(cells.type):
        return np.array([_word(cell) for cell in python_values(cells)], np.uint8)
    encoded = cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()
    codes = np.array([*map(_word, encoded.dictionary.to_pylist()), _CODES[""]], np.uint8)
    return codes[encoded.indices.fill_null(len(codes) - 1).to_numpy(zero_copy_only=False)]


def _word(cell: Any) -> int:
    """Return the number of the word in a cell, or _NEITHER."""
    if isinstance(cell, str):
        word = cell.strip().lower().rstrip("\ufe0f")
        return _CODES.get({"0.0": "0", "1.0": "1"}.get(word, word), _NEITHER)
    if cell is None or cell != cell:
        return _CODES[""]
    if isinstance(cell, int | float | Decimal) and cell in (0, 1):
        return _CODES[str(cell if isinstance(cell, bool) else int(cell)).lower()]
    return _NEITHER


def _either(words: Sequence[str]) -> str:
    return " or ".join("nothing" if word == "" else repr(word) for word in words)


def is_flag_pair(names: Sequence[str]) -> bool:
    """Return whether two names are a yes and a no."""
    codes = [_word(name) for name in names]
    return len(codes) == 2 and _NEITHER not in codes and set(_MEANING[codes]) == {0, 1}
