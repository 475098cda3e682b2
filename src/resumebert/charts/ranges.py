"""A figure, its interval and the baseline's beside it, as a picture of one line."""

import math
from collections.abc import Iterable, Sequence

from markupsafe import Markup

from resumebert.charts.words import Interval, ends, number

WIDTH, HEIGHT = 150.0, 26.0
_MARGIN = 5.0
# kind (a CSS class), name, value, interval
Range = tuple[str, str, float, Interval | None]


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
    """Draw figures one below the other, each a dot on the line of its interval.

    Args:
        ranges: what to draw; where the figure is ``nan`` there is nothing to draw.
        domain: values of the left and the right border; what lies beyond is cut.
        zero: a value to mark with a vertical line.
        labelled: whether to write the borders' values below.
    """
    low, high = domain

    def place(value: float) -> float:
        share = (min(max(value, low), high) - low) / (high - low)
        return _MARGIN + share * (WIDTH - 2 * _MARGIN)

    parts, said = [], []
    shown = [entry for entry in ranges if not math.isnan(entry[2])]
    if zero is not None:
        parts.append(
            Markup('<path class="rule" d="M{0:.1f} 1V{1:g}"/>').format(place(zero), HEIGHT - 1)
        )
    for row, (kind, name, value, interval) in enumerate(shown):
        y = HEIGHT * (row + 1) / (len(shown) + 1)
        told = f"{name}: {number(value)}"
        if interval is not None and ends(interval):
            told += f", 95 % interval {ends(interval)}"
            parts.append(
                Markup('<path class="whisker {}" d="M{:.1f} {:.1f}H{:.1f}"/>').format(
                    kind, place(interval[0]), y, place(interval[1])
                )
            )
        parts.append(
            Markup('<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="3.6" data-tip="{}"/>').format(
                kind, place(value), y, told
            )
        )
        said.append(told)
    if labelled:
        parts += [
            Markup('<text x="{:g}" y="{:g}" text-anchor="{}">{:.2g}</text>').format(
                x, HEIGHT + 11, anchor, value
            )
            for x, anchor, value in ((_MARGIN, "start", low), (WIDTH - _MARGIN, "end", high))
        ]
    return Markup(
        '<svg class="range" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">'
        '<path class="track" d="M{:g} {:g}H{:g}"/>{}</svg>'
    ).format(
        WIDTH, HEIGHT + (14 if labelled else 0), "; ".join(said) or "undefined",
        _MARGIN, HEIGHT - 0.5, WIDTH - _MARGIN, Markup("").join(parts),
    )  # fmt: skip
