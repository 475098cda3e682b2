"""What one cell of labels holds: names, numbers or scores, in any of the ways people write them."""

import ast
import csv
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from resumebert.data.cells.columns import without_surrogates
from resumebert.data.problems import name_list, shorten

NAMES, NUMBERS, SCORES, EMPTY, NULL, BAD = "names", "numbers", "scores", "empty", "null", "bad"
PYTHON = "lists as Python prints them"
BARE = "lists without quotation marks"
CHOICES = "objects with the key 'choices'"
SPANS = "spans of text with a label each"
# Longer cells are JSON or nothing: what Python's parser needs grows with them.
_LONGEST_LITERAL = 1 << 16

# Where an object has its labels: the first of these that it has.
_NAME_KEYS = (
    *("annotations", "result", "labels", "label", "choices", "annotation", "entities", "spans"),
    *("cats", "name", "class", "class_name", "category", "tag", "title", "value", "text"),
)
_SCORE_KEYS = ("score", "confidence", "probability")

_WRAPPER = re.compile(
    r"(?:(?:np|numpy|torch)\.)?(?:array|Array|ndarray|tensor|set|frozenset|list|tuple|c|dict_keys"
    r"|dict_values|str_|int_|int\d+|uint\d+|float\d+|bool_?)(?=\()"
)
_DTYPE = re.compile(r",\s*dtype=[^()\[\]]*\)$")
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>[uU]?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))|(?P<open>[\[({])"""
    r"""|(?P<close>[\])}])|(?P<mark>[,:])|(?P<word>[^\s\[\](){},:'"]+))""",
    re.DOTALL,
)
_WORDS = {
    **{"true": "True", "false": "False", "np.True_": "True", "np.False_": "False"},
    **dict.fromkeys(("null", "nan", "NaN"), "None"),
}
_NUMBER = (int, float, Decimal)
_NOTHING = object()


@dataclass(frozen=True)
class Cell:
    """The content of a cell of labels.

    Attributes:
        kind: NAMES, NUMBERS (class indices, or 0 and 1 for each label), SCORES, EMPTY, NULL, BAD.
        values: the names, the integers, or pairs of a name and a score.
        how: how they are written, if not simply as separated names or a list; what is wrong with a
            BAD cell.
    """

    kind: str
    values: tuple[Any, ...] = ()
    how: str = ""

    @property
    def family(self) -> tuple[str, str]:
        """What all cells of a column should share: the kind and the way of writing."""
        # Label Studio writes several choices so, and one as it is.
        return self.kind, "" if self.how in (PYTHON, BARE, CHOICES) else self.how


def parse_cell(cell: object, separator: str) -> Cell:
    """Return what a cell holds; names in a text are parted by ``separator`` unless it is a list."""
    if not isinstance(cell, str):
        return _of_value(cell) or _bad(cell)
    text = cell.strip()
    if text.startswith(("[", "(", "{")) or _WRAPPER.match(text):
        value, how = _literal(text)
        if value is not _NOTHING:
            found = _of_value([value] if isinstance(value, str) else value)
            if found is None or found.how or found.kind != NAMES:
                return found or _bad(cell)
            return Cell(NAMES, found.values, how)
        if text.startswith("[") or (text.startswith("{") and text.endswith("}")):
            names = _bare_list(text)
            return _bad(cell) if names is None else _names(names, BARE)
    return _names(text.split(separator))


def _bad(cell: object) -> Cell:
    if isinstance(cell, bool):
        return Cell(BAD, how=f"{cell} (a column of yes and no is named in data.label_columns)")
    what = 'neither labels with data.label_separator between nor a list ["a", "b"]'
    return Cell(BAD, how=f"{shorten(cell)}, {what}")


def _names(names: Sequence[str], how: str = "") -> Cell:
    """Return the cell of some names, blank ones left out."""
    stripped = (without_surrogates(name.strip()) for name in names)
    found = tuple(name for name in stripped if name)
    return Cell(NAMES, found, how) if found else Cell(EMPTY)


def _bare_list(text: str) -> list[str] | None:
    """Return the names in ``[a, b]`` or ``{a,"b c"}``, as Spark and PostgreSQL print lists."""
    inner = text[1:-1]
    if text[-1:] not in ("]", "}") or re.search(r"[\[\](){}']", inner) or not inner.strip():
        return None
    try:
        [names] = csv.reader([inner], skipinitialspace=True, strict=True)
    except (csv.Error, ValueError):
        return None
    return names if any(re.search(r"[^\W\d]", name) for name in names) else None


def _literal(text: str) -> tuple[Any, str]:
    """Return the value that a text writes, or _NOTHING, and how it does, where that is not JSON.

    Nothing is evaluated: only literals are parsed.
    """
    try:
        return json.loads(text), ""
    except (ValueError, RecursionError):
        pass
    source = _python_source(_DTYPE.sub(")", text)) if len(text) <= _LONGEST_LITERAL else None
    if source is None:
        return _NOTHING, ""
    try:
        with warnings.catch_warnings():
            # An escape that Python doesn't know, as in "C:\\d", is left as it is.
            warnings.simplefilter("ignore")
            return ast.literal_eval(source), PYTHON
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return _NOTHING, ""


def _python_source(text: str) -> str | None:
    """Return a printed value as a literal of Python: numpy leaves out commas and names types."""
    tokens: list[str] = []
    at, after_value = 0, False
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return None
        kind = str(token.lastgroup)
        wrapper = _WRAPPER.match(text, token.start(kind))
        if after_value and kind in ("text", "word", "open"):
            tokens.append(",")
        if wrapper:
            at, after_value = wrapper.end(), False
            continue
        tokens.append(_WORDS.get(token[kind], token[kind]))
        at, after_value = token.end(), kind in ("text", "word", "close")
    return "".join(tokens)


def _of_value(value: object) -> Cell | None:
    """Return what a Python value holds, or None if that is no labels."""
    if value is None or (isinstance(value, float) and value != value):
        return Cell(NULL)
    if isinstance(value, Mapping):
        return _of_object(value)
    if isinstance(value, set | frozenset):
        return _of_list(sorted(value, key=repr))
    if isinstance(value, list | tuple):
        return _of_list(value)
    number = None if isinstance(value, bool) else _integer(value)
    return None if number is None else Cell(NUMBERS, (number,))


def _integer(value: object) -> int | None:
    """Return a whole number of at least 0, true and false as 1 and 0, or None."""
    return int(value) if isinstance(value, _NUMBER) and value >= 0 and value % 1 == 0 else None


def _of_list(values: Sequence[Any]) -> Cell | None:
    if not values:
        return Cell(EMPTY)
    if all(isinstance(value, str) for value in values):
        return _names(values)
    if all(isinstance(value, _NUMBER) for value in values):
        numbers = tuple(_integer(value) for value in values)
        return None if None in numbers else Cell(NUMBERS, numbers)
    if all(isinstance(value, Mapping) for value in values):
        return _of_objects(values)
    if all(isinstance(value, list | tuple) for value in values):
        # Doccano's and spaCy's [start, end, label], and pairs as Arrow has them for a map.
        if all(len(v) >= 3 and isinstance(v[0], _NUMBER) and isinstance(v[2], str) for v in values):
            return _names([value[2] for value in values], SPANS)
        if all(len(v) == 2 and isinstance(v[0], str) and isinstance(v[1], _NUMBER) for v in values):
            return _scores(dict(values))
    return None


def _scores(scores: Mapping[str, Any], how: str = "scores of each label") -> Cell | None:
    """Return a score for each label, if those that are given are probabilities."""
    given = {str(name).strip(): score for name, score in scores.items() if score is not None}
    if not all(name and 0 <= score <= 1 for name, score in given.items()):
        return None
    return Cell(SCORES, tuple((name, float(score)) for name, score in given.items()), how)


def _of_object(value: Mapping[str, Any]) -> Cell | None:
    """Return what an object holds, under the key that names its labels or as scores, or None."""
    if not value:
        return Cell(EMPTY)
    keys = [key for key in _NAME_KEYS if isinstance(value.get(key), str | list | tuple | Mapping)]
    if not keys:
        if not all(score is None or isinstance(score, _NUMBER) for score in value.values()):
            return None
        keys = [key for key in _NAME_KEYS if key in value]
        if not keys or set(value) - {*_NAME_KEYS, "id"}:
            return _scores(value)
    key = keys[0]
    inner = value[key]
    if key == "result" and isinstance(inner, list):
        return _label_studio_result(inner)
    found = _names([inner]) if isinstance(inner, str) else _of_value(inner)
    if found is None or found.kind not in (NAMES, NUMBERS):
        return found
    how = found.how or f"objects with the key {key!r}"
    score = next((value[k] for k in _SCORE_KEYS if isinstance(value.get(k), _NUMBER)), None)
    if score is not None and found.kind == NAMES:
        return _scores(dict.fromkeys(found.values, score), f"{how} and a score")
    return Cell(found.kind, found.values, how)


def _of_objects(values: Sequence[Mapping[str, Any]]) -> Cell | None:
    if any("result" in value for value in values):
        return _label_studio_annotations(values)
    cells = [_of_object(value) for value in values]
    filled = [cell for cell in cells if cell is not None and cell.kind != EMPTY]
    if None in cells or len({cell.family for cell in filled}) > 1:
        return None
    if not filled:
        return Cell(EMPTY)
    together = tuple(dict.fromkeys(value for cell in filled for value in cell.values))
    return Cell(filled[0].kind, together, filled[0].how)


def _label_studio_annotations(annotations: Sequence[Mapping[str, Any]]) -> Cell | None:
    """Return the labels of Label Studio's annotations, on which all annotators must agree."""
    done = [_of_object(value) for value in annotations if not value.get("was_cancelled")]
    if not done:
        return Cell(EMPTY)
    if len({None if cell is None else frozenset(cell.values) for cell in done}) > 1:
        told = name_list(["; ".join(map(str, cell.values)) if cell else "?" for cell in done])
        return Cell(BAD, how=f"annotations that differ ({told}): keep the one that is right")
    return done[0]


def _label_studio_result(items: Sequence[Any]) -> Cell | None:
    """Return the choices and labels in a result of Label Studio; its texts and ratings are none."""
    names: list[str] = []
    asked = set()
    for item in items:
        value = item.get("value") if isinstance(item, Mapping) else None
        if not isinstance(value, Mapping):
            return None
        for key in ("choices", "labels", "hypertextlabels"):
            if isinstance(found := value.get(key), list):
                asked.add(str(item.get("from_name")))
                names += map(str, found)
    if len(asked) > 1:
        told = f"answers to several questions ({name_list(sorted(asked))}): keep that of the labels"
        return Cell(BAD, how=told)
    return _names(list(dict.fromkeys(names)), "annotations of Label Studio")
