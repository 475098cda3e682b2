"""What a config value may be: requirements, each with a test and the words for it."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from resumebert.utils.trust import is_dotted


@dataclass(frozen=True)
class Requirement:
    """What a value must be: a test, and the words that describe it."""

    words: str
    holds: Callable[[Any], bool]


def is_number(value: Any) -> bool:
    """Return whether a value is a finite number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_integer(value: Any) -> bool:
    """Return whether a value is a whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_list(value: Any) -> bool:
    """Return whether a value is a list, or a tuple."""
    return isinstance(value, Sequence) and not isinstance(value, str)


def _are_names(value: Any) -> bool:
    return is_list(value) and all(isinstance(name, str) and name for name in value)


def _are_aliases(value: Any) -> bool:
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    # YAML reads the key nan as a number, which is no label.
    return is_list(pairs) and all(
        is_list(pair)
        and len(pair) == 2
        and isinstance(pair[0], str | int)
        and isinstance(pair[1], str | int | float | None)
        for pair in pairs
    )


def number(low: float, high: float = math.inf, *, low_excluded: bool = False) -> Requirement:
    """Require a number in [low, high], or in (low, high]."""
    words = f"a number {'above' if low_excluded else 'of at least'} {low:g}"
    return Requirement(
        words + (f" and at most {high:g}" if high < math.inf else ""),
        lambda value: (
            is_number(value) and low <= value <= high and not (low_excluded and value == low)
        ),
    )


def integer(low: int, high: float = math.inf) -> Requirement:
    """Require a whole number of at least ``low`` and at most ``high``."""
    return Requirement(
        f"a whole number of at least {low}" + (f" and at most {high:.0f}" * (high < math.inf)),
        lambda value: is_integer(value) and low <= value <= high,
    )


def one_of(*choices: Any) -> Requirement:
    """Require one of ``choices``."""
    return Requirement(f"one of {', '.join(map(str, choices))}", lambda value: value in choices)


def either(first: Requirement, second: Requirement) -> Requirement:
    """Require one or the other."""
    words = f"{first.words}, or {second.words}"
    return Requirement(words, lambda value: first.holds(value) or second.holds(value))


def optional(requirement: Requirement) -> Requirement:
    """Require null, or what ``requirement`` requires."""
    return either(requirement, NULL)


def only(allowed: bool | int | None, why: str) -> Requirement:
    """Require the one value that this program can work with, and say why."""
    words = "null" if allowed is None else str(allowed).lower()
    return Requirement(f"{words}: {why}", lambda value: value is allowed)


NULL = Requirement("null", lambda value: value is None)
POSITIVE = number(0, low_excluded=True)
SHARE = number(0, 1)
INSIDE = Requirement(
    "a number above 0 and below 1", lambda value: is_number(value) and 0 < value < 1
)
BELOW_ONE = Requirement(
    "a number of at least 0 and below 1", lambda value: is_number(value) and 0 <= value < 1
)
FLAG = Requirement("true or false", lambda value: isinstance(value, bool))
# Lightning takes a number of batches, or a share of a pass.
BATCHES = Requirement(
    "a share from 0.0 to 1.0 or a whole number of batches",
    lambda value: is_number(value) and value >= 0 and (value <= 1 or is_integer(value)),
)
SOME_BATCHES = Requirement(
    "a share above 0 and at most 1.0, or a whole number of batches of at least 1",
    lambda value: BATCHES.holds(value) and value > 0,
)
DURATION = Requirement(
    'a time "DD:HH:MM:SS"',
    lambda value: isinstance(value, str) and bool(re.fullmatch(r"\d+:\d+:\d+:\d+", value)),
)
GROUP = Requirement(
    "the name of one of its options, or a dictionary of entries, each with a _target_",
    lambda value: value is None or isinstance(value, Mapping),
)
STRING = Requirement("a text", lambda value: isinstance(value, str) and value != "")
DOTTED = Requirement("the dotted name of a function of your own", is_dotted)


NAMES = Requirement("a list of names", _are_names)
FUNCTIONS = Requirement(
    "a list of dotted names of functions, such as [mylab.metrics.recall_at_3]",
    lambda value: _are_names(value) and all(is_dotted(name) for name in value),
)
# The name of a column may be a number, such as 2024.
NAME = Requirement(
    "a name", lambda value: is_integer(value) or (isinstance(value, str) and value != "")
)
COLUMNS = Requirement(
    "a list of names",
    lambda value: is_list(value) and len(value) > 0 and all(map(NAME.holds, value)),
)
SEPARATOR = Requirement(
    "auto, comma, semicolon, tab, pipe or one character",
    lambda value: (
        value in ("auto", "comma", "semicolon", "tab", "pipe", "\\t")
        or (isinstance(value, str) and len(value) == 1)
    ),
)
DEVICE = Requirement(
    "auto, cpu, cuda, cuda:1 (the second GPU), mps or xpu",
    lambda value: (
        isinstance(value, str) and bool(re.fullmatch(r"auto|cpu|mps|(cuda|xpu)(:[0-9]+)?", value))
    ),
)
NAMES_OF_LABELS = Requirement(
    "a list of names for each label, such as {Software_Developer: [programmer, coder]}",
    lambda value: isinstance(value, Mapping) and all(map(_are_names, value.values())),
)


ALIASES = Requirement(
    'a dictionary {wrong: right} of labels, where null is none, or pairs [["wrong","right"]] if a '
    "name is nan or null or has other letters than English",
    _are_aliases,
)
