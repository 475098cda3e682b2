"""What makes one doubt that labels mean what they say: look-alikes, separators, missing values."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from resumebert.data.readers.flags import is_flag_pair
from resumebert.data.table import Problems, name_list, shorten
from resumebert.utils.errors import UserError

AUTO = "auto"
Aliases = Mapping[str, str | None]

_SEPARATORS = (";", ",", "|", "/", "\t", "\n", "+", "&")
# A separator is likely if it leaves at most so many of the labels.
_MUCH_FEWER = 0.9
_MISSING = {
    *("nan", "null", "none", "n/a", "na", "#n/a", "<na>", "nil", "nat", "undefined", "missing"),
    *("-", "--", "–", "—", "?", "."),
}
_SHOWN = 10
# Format characters, dashes, spaces, underscores and control characters tell no labels apart.
_IGNORED = {"Cf", "Pd", "Zs", "Pc", "Cc", "Zl", "Zp"}
_NUMBER = re.compile(r"\d{1,9}(\.0)?")


def check_aliases(value: object, names: Sequence[str] | None) -> Aliases | None:
    """Return ``data.label_aliases`` with names as texts; None: to be found ("auto").

    Raises:
        UserError: It is no dictionary, or an alias stands for another one, or is in ``names``.
    """
    if value == AUTO:
        return None
    pairs = value.items() if isinstance(value, Mapping) else value or ()
    try:
        found = {str(w): None if right is None else str(right) for w, right in pairs}  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise UserError(
            f"data.label_aliases={value} is neither auto nor a dictionary: write "
            f"'data.label_aliases={{wrong: right}}'."
        ) from None
    chained = [wrong for wrong, right in found.items() if right in found]
    if chained:
        raise UserError(
            f"data.label_aliases gives {name_list(chained)} a name that is an alias itself. Give "
            f"each the name that it shall have in the end."
        )
    if kept := [name for name in names or () if name in found]:
        raise UserError(
            f"data.label_aliases gives {name_list(kept)} another name, and data.label_names has "
            f"it. Leave it out of one of them."
        )
    return found


def find_aliases(counts: Mapping[str, int], names: Sequence[str] | None) -> dict[str, str | None]:
    """Return for each look-alike the label that it looks like: in ``names``, or most frequent."""
    known = set(names or ())
    return {
        name: group[0]
        for group in look_alikes([*counts, *known], {**counts, **dict.fromkeys(known, 1 << 62)})
        for name in group[1:]
        if name not in known
    }


def look_alikes(names: Iterable[str], counts: Mapping[str, int]) -> list[list[str]]:
    """Return the groups of names that differ only as look-alikes do; see :func:`_folded`.

    Each begins with the most frequent.
    """
    groups: dict[str, list[str]] = {}

    def order(name: str) -> tuple[int, bool, str]:
        return -counts.get(name, 0), name != _composed(name), name

    for name in sorted(set(names), key=order):
        groups.setdefault(_folded(name), []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def _folded(name: str) -> str:
    """Return a name without case, spaces, hyphens, underscores, Unicode form and plural."""
    plain = unicodedata.normalize("NFKC", name).casefold().replace("’", "'")
    words = "".join(" " if unicodedata.category(c) in _IGNORED - {"Cf"} else c for c in plain)
    words = "".join(c for c in words if unicodedata.category(c) != "Cf")
    return "".join(map(_singular, words.split())) or plain


def _singular(word: str) -> str:
    """Return a word without the ending of an English plural."""
    if len(word) <= 3 or not word.endswith("s") or word.endswith("ss"):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(("sses", "xes", "ches", "shes")) else word[:-1]


def numbers_in(names: Sequence[str]) -> tuple[int, ...] | None:
    """Return the whole numbers that texts consist of, or None if they hold anything else."""
    parts = [part for name in names for part in re.split(r"[\s,;|]+", name) if part]
    if not parts or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    return tuple(int(float(part)) for part in parts)


def missing_separator(names: Iterable[str], separator: str) -> str:
    """Return a warning if another separator would make far fewer labels, or an empty text."""
    distinct = set(names)
    best = ("", len(distinct) * _MUCH_FEWER)
    for other in _SEPARATORS:
        parted = [name for name in distinct if other in name]
        parts = {part.strip() for name in distinct for part in name.split(other)} - {""}
        if other != separator and parted and len(parts) < best[1]:
            best = (other, len(parts))
    other, count = best
    if not other:
        return ""
    example = min((name for name in distinct if other in name), key=lambda n: (len(n), n))
    # Hydra takes a tab or line break for nothing, unless it stands in quotation marks.
    typed = {"\t": "$'\"\\t\"'", "\n": "$'\"\\n\"'"}.get(other, f"'\"{other}\"'")
    return (
        f"Labels such as {shorten(example)} look like several with {other!r} between: parted "
        f"there, the {len(distinct)} labels are {count:.0f}. If they are, type "
        f"data.label_separator={typed}."
    )


def hint_at_known(outside: Sequence[str], known: Sequence[str], separator: str | None) -> str:
    """Return what may be the matter with labels that ``data.label_names`` has not, or nothing."""
    groups = look_alikes([*outside, *known], dict.fromkeys(known, 1))
    alike = [group for group in groups if group[0] in known and group[-1] in outside]
    if alike:
        return (
            f"{_shown(alike[0][-1])} looks like {_shown(alike[0][0])}: type "
            f"data.label_aliases=auto if such labels are the same."
        )
    return "" if separator is None else missing_separator([*outside, *known], separator)


def note_doubts(
    counts: Mapping[str, int], separator: str | None, column: str | None, problems: Problems
) -> None:
    """Note what is doubtful about labels.

    Args:
        counts: how many rows have each label, once aliases are applied.
        separator: of the labels in a cell; None: they are lists or columns.
        column: the column of labels; None: each has its own.
        problems: where to note it.
    """
    hint = "" if separator is None else missing_separator(counts, separator)
    if hint:
        problems.doubt(hint)
    groups = look_alikes(counts, counts)
    if groups:
        shown = "; ".join(_alike(group, counts) for group in groups[:_SHOWN])
        more = f"; and {len(groups) - _SHOWN} more" if len(groups) > _SHOWN else ""
        problems.doubt(
            f"Labels that look alike count as different ones: {shown}{more}. If they are the same, "
            f"type 'data.label_aliases={{wrong: right}}', or data.label_aliases=auto for the most "
            f"frequent of each."
        )
    if missing := [name for name in counts if name.strip().lower() in _MISSING]:
        # As keys of a dictionary, nan and null would not be texts.
        typed = ",".join(f'["{name}",null]' for name in missing[:_SHOWN])
        problems.doubt(
            f"There are labels called {name_list(missing)}. If that is a missing value, empty "
            f"those cells, or type 'data.label_aliases=[{typed}]'."
        )
    if column is not None and is_flag_pair(list(counts)):
        problems.doubt(
            f"The labels are {name_list(list(counts))}. If that is no and yes for one label, type "
            f"data.label_columns=[{column}] in place of data.labels_column={column}."
        )


def note_aliases(given: Aliases, before: Mapping[str, int], problems: Problems) -> None:
    """Note aliases that have nothing to stand for, or a name that nothing had before."""
    if absent := [wrong for wrong in given if wrong not in before]:
        problems.doubt(f"data.label_aliases: no row has the label {name_list(absent)}.")
    new = [right for right in given.values() if right is not None and right not in before]
    if new := sorted(set(new)):
        problems.remark(f"data.label_aliases: no row has {name_list(new)} but by an alias.")


def told_aliases(aliases: Aliases) -> str:
    """Return aliases for a message, the first of them."""
    shown = [f"{_shown(w)} as {_shown(r)}" for w, r in list(aliases.items())[:_SHOWN] if r]
    return ", ".join(shown) + (" and more" if len(aliases) > _SHOWN else "")


def _alike(group: Sequence[str], counts: Mapping[str, int]) -> str:
    """Return a group of look-alikes for a message, with how many rows have each."""
    return ", ".join(f"{_shown(name)} ({counts[name]:,})" for name in group)


def _shown(name: str) -> str:
    """Return a name for a message, with what can't be seen in it spelt out."""
    return shorten(name) if name == _composed(name) else ascii(name)[:60]


def _composed(name: str) -> str:
    """Return the usual form of what is seen of a name: é is one character."""
    return unicodedata.normalize("NFC", name)
