"""Figures in words."""

import math

Interval = tuple[float, float]


def number(value: float, digits: int = 3, *, signed: bool = False) -> str:
    """Return a figure, – where it is undefined; of a difference, with its sign."""
    if math.isnan(value):
        return "–"
    # A hyphen is no minus, and next to an interval's dash it would be read as one.
    # "z": what rounds to zero has no sign.
    text = f"{value:z.{digits}f}".replace("-", "−")
    return f"+{text}" if signed and float(f"{value:.{digits}f}") > 0 else text


def ends(interval: Interval | None, digits: int = 3, *, signed: bool = False) -> str:
    """Return an interval, nothing where there is none."""
    if interval is None or any(math.isnan(end) for end in interval):
        return ""
    low, high = (number(end, digits, signed=signed) for end in interval)
    return f"{low} to {high}" if signed or interval[0] < 0 else f"{low}–{high}"


def with_ends(value: float, interval: Interval | None, *, signed: bool = False) -> str:
    """Return a figure with its interval in brackets."""
    found, text = ends(interval, signed=signed), number(value, signed=signed)
    return f"{text} [{found}]" if found else text


def p_words(p: float) -> str:
    """Return a p-value with the digits that it has."""
    if math.isnan(p):
        return "–"
    if p < 0.01:
        return f"{p:.4f}"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def count(number_of: int, one: str) -> str:
    """Return a count with its noun."""
    return f"{number_of:,} {one}{'' if number_of == 1 else 's'}"


def listed(names: list[str], at_most: int = 12) -> str:
    """Return names with commas, the last ones as a count where there are many."""
    if len(names) <= at_most:
        return ", ".join(names)
    return f"{', '.join(names[:at_most])} and {len(names) - at_most} more"
