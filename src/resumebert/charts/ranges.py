"""Figures with their intervals, each a dot on a line: in cells of tables, and as a forest plot."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from markupsafe import Markup

from resumebert.charts import svg
from resumebert.charts.scales import round_values
from resumebert.charts.svg import Axes
from resumebert.charts.words import Interval, ends, number, with_ends

WIDTH, HEIGHT = 150.0, 26.0
_MARGIN = 5.0
# Of a letter, in pixels, at the larger size that narrow screens have.
_LETTER = 7.0
_LONGEST_NAME = 24
# kind (a CSS class), name, value, interval
Range = tuple[str, str, float, Interval | None]


def reach(ranges: Iterable[Range]) -> list[float]:
    """Return all values that have to be in a picture; none is ``nan``."""
    every = [v for _, _, value, interval in ranges for v in (value, *(interval or ()))]
    return [value for value in every if not math.isnan(value)]


def shared_domain(values: Iterable[float]) -> tuple[float, float]:
    """Return a range of tenths up to 1 that has all values but ``nan``; they lie in [0, 1]."""
    low = min((value for value in values if not math.isnan(value)), default=0.0)
    return max(0.0, min(0.9, math.floor(low * 10) / 10)), 1.0


def range_picture(
    ranges: Sequence[Range],
    domain: tuple[float, float],
    zero: float | None = None,
    *,
    labelled: bool = False,
) -> Markup:
    """Draw figures one below the other, for a cell of a table; nothing where one is ``nan``.

    What lies beyond the ``domain`` is cut; ``zero`` is marked by a vertical line.
    """
    shown = [entry for entry in ranges if not math.isnan(entry[2])]
    below = 14 if labelled else 0
    axes = Axes(
        "", "", domain, (len(shown) + 1, 0), width=WIDTH, height=HEIGHT + below,
        left=_MARGIN, right=_MARGIN, top=0, bottom=below,
    )  # fmt: skip
    parts = [svg.segment(axes, (domain[0], axes.y[0]), (domain[1], axes.y[0]), "track")]
    if zero is not None:
        parts.append(svg.rule(axes, zero))
    said = []
    for row, (kind, name, value, interval) in enumerate(shown, 1):
        told = f"{name}: {number(value)}"
        if interval is not None and ends(interval):
            low, high = np.clip(interval, *domain).tolist()
            told += f", 95 % interval {ends(interval)}"
            parts.append(svg.segment(axes, (low, row), (high, row), f"whisker {kind}"))
        shown_value = min(max(value, domain[0]), domain[1])
        parts.append(svg.point(axes, shown_value, row, kind, told, 3.6))
        said.append(told)
    if labelled:
        parts += [
            svg.element("text", "", f"{value:.2g}", x=x, y=HEIGHT + 11, text_anchor=anchor)
            for x, anchor, value in zip(
                (_MARGIN, WIDTH - _MARGIN), ("start", "end"), domain, strict=True
            )
        ]
    return svg.document("range", (WIDTH, axes.height), "; ".join(said) or "undefined", parts)


def forest_picture(rows: Sequence[tuple[str, float, Interval, str, bool]]) -> Markup:
    """Draw differences of two models one below the other.

    A row is a name, a difference, its interval (each ``nan`` where undefined), words to add, and
    whether lower is better.
    """
    known = [abs(v) for _, value, interval, *_ in rows for v in (value, *interval)]
    furthest = max([0.005, *(value for value in known if not math.isnan(value))]) * 1.05
    names = [_cut(name) for name, *_ in rows]
    ticks = round_values(-furthest, furthest)
    axes = Axes(
        "difference: this model − the other", "", (-furthest, furthest), (0.4 - len(rows), 0.6),
        x_ticks=[(value, number(value, signed=True)) for value in ticks],
        y_ticks=[(-place, name) for place, name in enumerate(names)],
        width=460, height=24.0 * len(rows) + 46, bottom=36, right=22,
        left=round(14 + _LETTER * max(map(len, names))),
    )  # fmt: skip
    parts, said = [svg.rule(axes, 0.0, "chosen")], []
    for place, (name, value, (low, high), words, is_loss) in enumerate(rows):
        above, below = ("baseline", "model") if is_loss else ("model", "baseline")
        kind = above if low > 0 else below if high < 0 else "plain"
        told = f"{name}: {with_ends(value, (low, high), signed=True)}, {words}"
        parts.append(svg.segment(axes, (low, -place), (high, -place), f"whisker {kind}"))
        parts.append(svg.point(axes, value, -place, kind, told, 4.0))
        said.append(told)
    description = f"Differences with 95 % intervals, this model minus the other. {'; '.join(said)}."
    return svg.picture(axes, description, parts, "forest")


def _cut(name: str) -> str:
    # In the middle: many names begin alike.
    half = _LONGEST_NAME // 2
    return name if len(name) <= _LONGEST_NAME else f"{name[:half]}…{name[1 - half :]}"
