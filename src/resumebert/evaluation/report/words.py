"""Figures in words."""

import math

from resumebert.evaluation.results import Interval


def number(value: float, digits: int = 3) -> str:
    """Return a figure, – where it is undefined."""
    # A hyphen is no minus, and next to an interval's dash it would be read as one.
    # "z": what rounds to zero has no sign.
    return "–" if math.isnan(value) else f"{value:z.{digits}f}".replace("-", "−")


def ends(interval: Interval | None, digits: int = 3) -> str:
    """Return an interval, nothing where there is none."""
    if interval is None or any(math.isnan(end) for end in interval):
        return ""
    low, high = interval
    separator = " to " if low < 0 else "–"
    return f"{number(low, digits)}{separator}{number(high, digits)}"


def with_ends(value: float, interval: Interval | None, digits: int = 3) -> str:
    """Return a figure with its interval in brackets."""
    found = ends(interval, digits)
    return f"{number(value, digits)} [{found}]" if found else number(value, digits)


def count(number_of: int, one: str, many: str = "") -> str:
    """Return a count with its noun."""
    return f"{number_of:,} {one if number_of == 1 else many or one + 's'}"


def listed(names: list[str], at_most: int = 12) -> str:
    """Return names with commas, the last ones as a count where there are many."""
    if len(names) <= at_most:
        return ", ".join(names)
    return f"{', '.join(names[:at_most])} and {len(names) - at_most} more"
