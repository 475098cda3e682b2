"""What labels are called: aliases, names that are not known, and what makes one doubt a name."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from resumebert.data.cells.columns import AUTO, Options, Source
from resumebert.data.cells.labels import LabelSets, is_flag_pair
from resumebert.data.problems import SHOWN_PROBLEMS, Problems, name_list, shorten
from resumebert.utils.errors import UserError

# The right name for each wrong one, None for no label.
Aliases = Mapping[str, str | None]

_SEPARATORS = (";", ",", "|", "/", "\t", "\n", "+", "&")
# A separator is likely if it leaves at most so many of the labels.
_MUCH_FEWER = 0.9
_MISSING = {
    *("nan", "null", "none", "n/a", "na", "#n/a", "<na>", "nil", "nat", "undefined", "missing"),
    *("-", "--", "–", "—", "?", "."),
}
_SHOWN = 10
# Dashes, spaces, underscores and control characters tell no labels apart; nor do format characters.
_SPACES = {"Pd", "Zs", "Pc", "Cc", "Zl", "Zp"}


def check_aliases(options: Options) -> Aliases | None:
    """Return ``data.label_aliases`` as a dictionary of texts, or None for "auto"; or UserError."""
    value = options.label_aliases
    if value == AUTO:
        return None
    pairs = value.items() if isinstance(value, Mapping) else value or ()
    try:
        found = {str(w): None if right is None else str(right) for w, right in pairs}
    except (TypeError, ValueError):
        raise UserError(
            f"data.label_aliases={value} is neither auto nor a dictionary: write "
            f"'data.label_aliases={{wrong: right}}'."
        ) from None
    if chained := [wrong for wrong, right in found.items() if right in found]:
        raise UserError(
            f"data.label_aliases gives {name_list(chained)} a name that is an alias itself. Give "
            f"each the name that it shall have in the end."
        )
    names = () if options.label_columns is not None else options.label_names or ()
    if kept := [name for name in names if name in found]:
        raise UserError(
            f"data.label_aliases gives {name_list(kept)} another name, and data.label_names has "
            f"it. Leave it out of one of them."
        )
    return found


def settle_names(
    sets: LabelSets, source: Source, aliases: Aliases | None, rows: npt.NDArray[np.int64]
) -> tuple[LabelSets, Sequence[str] | None]:
    """Apply the aliases, and note what is wrong or doubtful about the names then.

    Returns:
        The labels; and their names in the order wanted, None for that of the alphabet.
    """
    options, problems = source.options, source.problems
    columns, order = options.label_columns, options.label_names
    counts = {**dict.fromkeys(columns or (), 0), **sets.counts()}
    if aliases is None:
        aliases = _aliases_found(counts, order or ())
        if aliases:
            shown = [f"{_shown(w)} as {_shown(str(r))}" for w, r in [*aliases.items()][:_SHOWN]]
            more = " and more" if len(aliases) > _SHOWN else ""
            problems.remark(f"data.label_aliases=auto reads {', '.join(shown)}{more}.")
    else:
        _note_aliases(aliases, counts, problems)
    sets = sets.renamed(aliases)
    separator = options.label_separator if sets.separated else None
    if not options.is_plain:
        called: Counter[str] = Counter()
        for name, count in counts.items():
            if (known := aliases.get(name, name)) is not None:
                called[known] += count
        _note_doubts(called, separator, options.labels_column, problems)
    if columns is not None:
        names = [aliases.get(name, name) for name in order or columns]
        order = [name for name in dict.fromkeys(names) if name is not None]
    elif order is not None:
        _check_known(sets, order, separator, rows, problems)
    return sets, order


def _aliases_found(counts: Mapping[str, int], known: Sequence[str]) -> dict[str, str | None]:
    """Return for each look-alike the label that it looks like: one known, or the most frequent."""
    most = {**counts, **dict.fromkeys(known, 1 << 62)}
    groups = look_alikes([*counts, *known], most)
    return {name: group[0] for group in groups for name in group[1:] if name not in known}


def _note_aliases(given: Aliases, before: Mapping[str, int], problems: Problems) -> None:
    """Note aliases that have nothing to stand for, or a name that nothing had before."""
    if absent := [wrong for wrong in given if wrong not in before]:
        problems.doubt(f"data.label_aliases: no row has the label {name_list(absent)}.")
    new = {right for right in given.values() if right is not None and right not in before}
    if new:
        problems.remark(f"data.label_aliases: no row has {name_list(sorted(new))} but by an alias.")


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
    kinds = [(character, unicodedata.category(character)) for character in plain]
    words = "".join(" " if kind in _SPACES else c for c, kind in kinds if kind != "Cf")
    return "".join(map(_singular, words.split())) or plain


def _singular(word: str) -> str:
    if len(word) <= 3 or not word.endswith("s") or word.endswith("ss"):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(("sses", "xes", "ches", "shes")) else word[:-1]


def _missing_separator(names: Iterable[str], separator: str | None) -> str:
    """Return a warning if another separator would make far fewer labels, or an empty text."""
    distinct = set(names)
    best, fewest = "", len(distinct) * _MUCH_FEWER
    for other in _SEPARATORS if separator is not None else ():
        parts = {part.strip() for name in distinct for part in name.split(other)} - {""}
        if other != separator and len(parts) < fewest and any(other in name for name in distinct):
            best, fewest = other, len(parts)
    if not best:
        return ""
    example = min((name for name in distinct if best in name), key=lambda n: (len(n), n))
    # Hydra takes a tab or line break for nothing, unless it stands in quotation marks.
    typed = {"\t": "$'\"\\t\"'", "\n": "$'\"\\n\"'"}.get(best, f"'\"{best}\"'")
    return (
        f"Labels such as {shorten(example)} look like several with {best!r} between: parted "
        f"there, the {len(distinct)} labels are {fewest:.0f}. If they are, type "
        f"data.label_separator={typed}."
    )


def _note_doubts(
    counts: Mapping[str, int], separator: str | None, column: str | None, problems: Problems
) -> None:
    """Note what is doubtful about labels, with how many rows have each."""
    if hint := _missing_separator(counts, separator):
        problems.doubt(hint)
    if groups := look_alikes(counts, counts):
        told = [", ".join(f"{_shown(n)} ({counts[n]:,})" for n in names) for names in groups]
        more = f"; and {len(groups) - _SHOWN} more" if len(groups) > _SHOWN else ""
        problems.doubt(
            f"Labels that look alike count as different ones: {'; '.join(told[:_SHOWN])}{more}. If "
            f"they are the same, type 'data.label_aliases={{wrong: right}}', or "
            f"data.label_aliases=auto for the most frequent of each."
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


def _check_known(
    sets: LabelSets,
    known: Sequence[str],
    separator: str | None,
    rows: npt.NDArray[np.int64],
    problems: Problems,
) -> None:
    """Note the labels that are in the data and not ``known``, with their first row.

    If bad rows are skipped, note each row with such a label instead.
    """
    seen = sorted({name for names in sets.names for name in names})
    outside = [name for name in seen if name not in known]
    if not outside:
        return
    hint = _hint_at_known(outside, known, separator)
    foreign = {
        code: [name for name in names if name not in known]
        for code, names in enumerate(sets.names)
        if not set(names).issubset(known)
    }
    places = np.flatnonzero(np.isin(sets.codes, list(foreign))).tolist()
    if problems.skip_rows:
        if hint:
            problems.doubt(hint)
        for i in places:
            what = f"has labels that data.label_names has not: {name_list(foreign[sets.codes[i]])}"
            problems.add_numbered(rows[i], what)
        return
    first: dict[str, int] = {}
    for i in places:
        for name in foreign[sets.codes[i]]:
            first.setdefault(name, int(rows[i]))
    told = [f"{shorten(n)} (first in row {first[n]})" for n in outside[:SHOWN_PROBLEMS]]
    problems.add(
        "",
        f"it has labels that data.label_names has not: {', '.join(told)}"
        f"{' and more' if len(outside) > SHOWN_PROBLEMS else ''} (labels in the data: "
        f"{name_list(seen)}; data.label_names: {name_list(known)}){'. ' * bool(hint)}"
        f"{hint.rstrip('.')}",
    )


def _hint_at_known(outside: Sequence[str], known: Sequence[str], separator: str | None) -> str:
    """Return what may be the matter with labels that are not known, or nothing."""
    for group in look_alikes([*outside, *known], dict.fromkeys(known, 1)):
        if group[0] in known and group[-1] in outside:
            return (
                f"{_shown(group[-1])} looks like {_shown(group[0])}: type data.label_aliases=auto "
                f"if such labels are the same."
            )
    return _missing_separator([*outside, *known], separator)


def _shown(name: str) -> str:
    """Return a name for a message, with what can't be seen in it spelt out."""
    return shorten(name) if name == _composed(name) else ascii(name)[:60]


def _composed(name: str) -> str:
    """Return the usual form of what is seen of a name: é is one character."""
    return unicodedata.normalize("NFC", name)
