"""From a column for each label to a matrix: yes and no in the words that people use."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from resumebert.data.readers.columns import Batch, Cells, arrow_texts, python_values
from resumebert.data.table import Problems, name_list, shorten

_PLAIN = ("0", "1", "false", "true")
_CROSS = ("x",)
_NO = (
    *("0", "false", "no", "n", "f", "off", "✗", "✘", "❌", "☐", "✕"),
    *("nein", "non", "faux", "falsch", "falso"),
)
_YES = (
    *("1", "true", "yes", "y", "t", "on", "✓", "✔", "✅", "☑", "☒", *_CROSS),
    *("ja", "oui", "si", "sí", "vrai", "wahr", "verdadero"),
)
_BLANK = ("", "nan", "null", "none", "n/a", "na", "<na>", "-", "–", "—")
_WORDS = (*_NO, *_YES, *_BLANK)
_NEITHER = len(_WORDS)
_CODES = {word: code for code, word in enumerate(_WORDS)}
# 0, 1 or 2 (blank) for each word.
_MEANING = np.repeat([0, 1, 2], [len(_NO), len(_YES), len(_BLANK)]).astype(np.uint8)


def word_matrix(batch: Batch, columns: Sequence[str], problems: Problems) -> npt.NDArray[np.uint8]:
    """Return the (k, L) words of a batch by number, noting cells that hold none."""
    words = np.empty((len(batch.rows), len(columns)), np.uint8)
    for j, column in enumerate(columns):
        words[:, j] = _word_column(batch.cells[column])
    for i, j in np.argwhere(words == _NEITHER).tolist():
        cell = python_values(batch.cells[columns[j]][i : i + 1])[0]
        told = f"column {shorten(columns[j])} holds {shorten(cell)}, not 0 or 1 (or yes or no)"
        problems.add_row(*batch.told(i, told))
    return words


def _word_column(cells: Cells) -> npt.NDArray[np.uint8]:
    """Return the number of each cell's word, each distinct cell looked at once."""
    array: Any = cells
    if not isinstance(cells, pa.Array):
        if not all(isinstance(cell, str) for cell in cells):
            return np.array([_word(cell) for cell in cells], np.uint8)
        array = arrow_texts(list(cells))
    if pa.types.is_nested(array.type):
        return np.array([_word(cell) for cell in array.to_pylist()], np.uint8)
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    codes = np.array([*map(_word, array.dictionary.to_pylist()), _CODES[""]], np.uint8)
    return codes[array.indices.fill_null(len(codes) - 1).to_numpy(zero_copy_only=False)]


def _word(cell: object) -> int:
    """Return the number of the word in a cell, or _NEITHER."""
    if isinstance(cell, str):
        word = cell.strip().lower().rstrip("\ufe0f")
        return _CODES.get({"0.0": "0", "1.0": "1"}.get(word, word), _NEITHER)
    if cell is None or cell != cell:
        return _CODES[""]
    if isinstance(cell, int | float | Decimal) and cell in (0, 1):
        return _CODES[str(cell if isinstance(cell, bool) else int(cell)).lower()]
    return _NEITHER


def is_flag_pair(names: Sequence[str]) -> bool:
    """Return whether two names are a yes and a no."""
    codes = [_word(name) for name in names]
    return len(codes) == 2 and all(c < _NEITHER for c in codes) and set(_MEANING[codes]) == {0, 1}


def settle_flags(
    words: npt.NDArray[np.uint8],
    columns: Sequence[str],
    rows: npt.NDArray[np.int64],
    problems: Problems,
) -> npt.NDArray[np.uint8]:
    """Return the (n, L) flags, once all words of a column are known.

    A blank cell means no in a column that has no other word for it; beside one, it may be a missing
    value, which is noted. So is an x beside another word for yes: it may mean no.
    """
    meaning = np.append(_MEANING, 0)
    flags = np.empty_like(words)
    understood: dict[str, list[str]] = {}
    for j, column in enumerate(columns):
        seen = np.flatnonzero(np.bincount(words[:, j], minlength=_NEITHER + 1)[:_NEITHER])
        by_meaning = [[_WORDS[code] for code in seen if _MEANING[code] == m] for m in range(3)]
        no, yes, blank = by_meaning
        unclear: list[tuple[str, str]] = []
        if no and blank:
            told = f"no or a missing value, as the column has {_either(no)} too"
            unclear += [(word, told) for word in blank]
        if len(yes) > 1 and "x" in yes:
            others = _either([word for word in yes if word != "x"])
            unclear.append(("x", f"yes or no, as the column has {others} too"))
        for word, told in unclear:
            what = f"column {shorten(column)} holds {_either([word])}, which may mean {told}"
            for i in np.flatnonzero(words[:, j] == _CODES[word]).tolist():
                problems.add_numbered(rows[i], what)
        flags[:, j] = meaning[words[:, j]] == 1
        if blank or set(yes + no) - set(_PLAIN):
            meant = {"yes": yes, "no": [*no, *blank]}
            told = ", ".join(f"{_either(w)} as {name}" for name, w in meant.items() if w)
            understood.setdefault(told, []).append(column)
    for told, names in understood.items():
        problems.remark(f"In column {name_list(names)}: {told}.")
    return flags


def _either(words: Sequence[str]) -> str:
    """Return words for a message."""
    return " or ".join("nothing" if word == "" else repr(word) for word in words)


def ordered_flags(
    flags: npt.NDArray[np.uint8],
    columns: Sequence[str],
    names: Sequence[str] | None,
    aliases: Mapping[str, str | None],
) -> tuple[npt.NDArray[np.uint8], list[str]]:
    """Return the (n, L) flags in the order of ``names`` (None: as they are), and their names.

    Columns of one name, once ``aliases`` are applied, become one.
    """
    called = [aliases.get(column, column) for column in columns]
    order = [aliases.get(name, name) for name in names or columns]
    found = [name for name in dict.fromkeys(order) if name is not None]
    if found == list(columns):
        return flags, found
    parts = [
        flags[:, [j for j, other in enumerate(called) if other == name]].max(axis=1)
        for name in found
    ]
    return np.stack(parts, axis=1), found
