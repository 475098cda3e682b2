"""Pictures as SVG text: axes, lines, points. All text in them is escaped."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

Floats = npt.NDArray[np.float64]
MAX_POINTS = 200
# Width of a letter, in pixels.
LETTER = 6.2


@dataclass(frozen=True)
class Axes:
    """A rectangle to draw in, and the range of values that it shows.

    Attributes:
        x_name: what runs to the right.
        y_name: what runs up.
        x: its lowest and highest value.
        y: likewise.
        x_ticks: values to mark, with their words.
        y_ticks: likewise.
        width: of the picture, in pixels where it is not scaled.
        height: likewise.
        left: margin of the rectangle inside the picture.
        bottom: likewise.
    """

    x_name: str
    y_name: str
    x: tuple[float, float] = (0.0, 1.0)
    y: tuple[float, float] = (0.0, 1.0)
    x_ticks: Sequence[tuple[float, str]] = ((0, "0"), (0.5, "0.5"), (1, "1"))
    y_ticks: Sequence[tuple[float, str]] = ((0, "0"), (0.5, "0.5"), (1, "1"))
    width: float = 220
    height: float = 172
    left: float = 28
    bottom: float = 34
    right: float = 8
    top: float = 8

    def place(self, xs: npt.ArrayLike, ys: npt.ArrayLike) -> Floats:
        """Return (n, 2) pixels of (n,) values and (n,) values."""
        inner = (self.width - self.left - self.right, self.height - self.top - self.bottom)
        across = (np.asarray(xs, dtype=np.float64) - self.x[0]) / (self.x[1] - self.x[0])
        up = (np.asarray(ys, dtype=np.float64) - self.y[0]) / (self.y[1] - self.y[0])
        return np.column_stack(
            [self.left + across * inner[0], self.height - self.bottom - up * inner[1]]
        )


def picture(axes: Axes, description: str, parts: Sequence[Markup], kind: str = "") -> Markup:
    """Return a whole picture with its axes.

    Args:
        axes: where.
        description: what a reader who cannot see it is told.
        parts: what is drawn, from back to front.
        kind: further CSS classes.
    """
    low, high = axes.place(axes.x, axes.y)
    area = f"{low[0]:g} {high[1]:g} {high[0] - low[0]:g} {low[1] - high[1]:g}"
    return Markup(
        '<svg class="plot {}" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}" data-area="{}" '
        'data-x="{:.8g} {:.8g}" data-y="{:.8g} {:.8g}" data-xn="{}" data-yn="{}">{}{}</svg>'
    ).format(
        kind, axes.width, axes.height, description, area, *axes.x, *axes.y, axes.x_name,
        axes.y_name, _frame(axes), Markup("").join(parts),
    )  # fmt: skip


def _frame(axes: Axes) -> Markup:
    (left, bottom), (right, top) = axes.place(axes.x, axes.y)
    grid, words = [], []
    # What fits between two ticks, and beside the left border.
    room = int((right - left) / max(1, len(axes.x_ticks)) / LETTER)
    for value, word in axes.x_ticks:
        at = axes.place([value], [axes.y[0]])[0, 0]
        grid.append(f"M{at:.1f} {top:g}V{bottom:g}")
        words.append(_text(at, bottom + 13, shortened(word, max(4, room)), "", "middle", word))
    for value, word in axes.y_ticks:
        at = axes.place([axes.x[0]], [value])[0, 1]
        grid.append(f"M{left:g} {at:.1f}H{right:g}")
        room = max(4, int(left / LETTER))
        words.append(_text(left - 4, at + 3.5, shortened(word, room), "", "end", word))
    words.append(_text((left + right) / 2, axes.height - 4, axes.x_name, "axis", "middle"))
    return Markup('<path class="grid" d="{}"/>{}').format("".join(grid), Markup("").join(words))


def line(
    axes: Axes,
    xs: npt.ArrayLike,
    ys: npt.ArrayLike,
    kind: str,
    name: str,
    *,
    steps: bool = False,
    notes: npt.ArrayLike | None = None,
    limit: int = MAX_POINTS,
    told: str = "",
    opacity: float | None = None,
) -> Markup:
    """Return a line through (n,) and (n,) values, thinned to what can be seen.

    Args:
        axes: where.
        xs: values.
        ys: values; the line has a gap where one is ``nan``.
        kind: CSS classes.
        name: of the line, for who points at it.
        steps: whether it goes from point to point first across, then up or down.
        notes: (n,) thresholds to tell to who points at it.
        limit: of its points.
        told: what is told of the whole line, in place of the nearest point.
        opacity: None: full.
    """
    across, up = np.asarray(xs, dtype=np.float64), np.asarray(ys, dtype=np.float64)
    pixels = axes.place(across, up)
    kept = thinned(pixels, limit)
    pieces, pen_down = [], False
    for x, y in pixels[kept]:
        if np.isnan(y):
            pen_down = False
            continue
        command = f"H{x:.1f}V{y:.1f}" if steps and pen_down else f"{'L' if pen_down else 'M'}"
        pieces.append(command if steps and pen_down else f"{command}{x:.1f} {y:.1f}")
        pen_down = True
    if not pieces:
        return Markup("")
    data = Markup(' data-tip="{}"').format(told) if told else Markup(' data-n="{}"').format(name)
    if notes is not None:
        values = np.asarray(notes, dtype=np.float64)[kept]
        data += Markup(' data-t="{}"').format(" ".join(f"{value:.3g}" for value in values))
    if opacity is not None:
        data += Markup(' opacity="{:.2f}"').format(opacity)
    return Markup('<path class="line {}"{} d="{}"/>').format(
        kind, data, "".join(pieces).replace(".0", "")
    )


def thinned(pixels: Floats, limit: int = MAX_POINTS) -> npt.NDArray[np.intp]:
    """Return which of (n, 2) points to keep so that the line through them looks the same.

    Left out are points within half a pixel of the one before and points on a straight line between
    their neighbours; of more than ``limit`` that are left, every so many is kept.
    """
    rounded = np.round(np.nan_to_num(pixels, nan=-1.0) * 2)
    kept = np.arange(len(rounded))
    if len(kept) > 2:
        moved = (np.diff(rounded, axis=0) != 0).any(axis=1)
        kept = kept[np.concatenate([[True], moved])]
    if len(kept) > 2:
        steps = np.diff(rounded[kept], axis=0)
        before, after = steps[:-1], steps[1:]
        turn = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
        onward = (before * after).sum(axis=1) > 0
        kept = kept[np.concatenate([[True], (turn != 0) | ~onward, [True]])]
    if len(kept) > limit:
        kept = kept[np.unique(np.linspace(0, len(kept) - 1, limit).round().astype(np.intp))]
    return kept


def point(axes: Axes, x: float, y: float, kind: str, told: str, radius: float = 3.5) -> Markup:
    """Return a dot that says something to who points at it; nothing where a value is ``nan``."""
    if np.isnan(x) or np.isnan(y):
        return Markup("")
    [[left, top]] = axes.place([x], [y])
    return Markup(
        '<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="{:.2g}" data-tip="{}"/>'
    ).format(kind, left, top, radius, told)


def rule(axes: Axes, x: float, kind: str) -> Markup:
    """Return a vertical line over the whole height."""
    (left, bottom), (_, top) = axes.place([x, x], axes.y)
    return Markup('<path class="rule {}" d="M{:.1f} {:g}V{:g}"/>').format(kind, left, top, bottom)


def upright(axes: Axes, x: float, low: float, high: float, kind: str) -> Markup:
    """Return the vertical line of an interval."""
    (left, bottom), (_, top) = axes.place([x, x], [low, high])
    return Markup('<path class="whisker thin {}" d="M{:.1f} {:.1f}V{:.1f}"/>').format(
        kind, left, bottom, top
    )


def lying(axes: Axes, y: float, low: float, high: float, kind: str, told: str = "") -> Markup:
    """Return the horizontal line of an interval; nothing where an end is ``nan``."""
    if np.isnan(low) or np.isnan(high):
        return Markup("")
    (left, height), (right, _) = axes.place([low, high], [y, y])
    tip = Markup(' data-tip="{}"').format(told) if told else ""
    return Markup('<path class="whisker {}"{} d="M{:.1f} {:.1f}H{:.1f}"/>').format(
        kind, tip, left, height, right
    )


def bar(axes: Axes, y: float, length: float, told: str) -> Markup:
    """Return a bar from the left border to the right, 0.7 high."""
    (left, top), (right, bottom) = axes.place([axes.x[0], length], [y + 0.35, y - 0.35])
    return Markup(
        '<path class="bar model" data-tip="{}" d="M{:.1f} {:.1f}H{:.1f}V{:.1f}H{:.1f}z"/>'
    ).format(told, left, top, max(right, left + 1), bottom, left)


def slanted(axes: Axes) -> Markup:
    """Return the line from the lower left to the upper right corner."""
    (left, bottom), (right, top) = axes.place(axes.x, axes.y)
    return Markup('<path class="rule" d="M{:g} {:g}L{:g} {:g}"/>').format(left, bottom, right, top)


def text(
    axes: Axes, x: float, y: float, words: str, kind: str = "", anchor: str = "", title: str = ""
) -> Markup:
    """Return words at a place, given in values; ``title`` is the whole of what was shortened."""
    [[left, top]] = axes.place([x], [y])
    return _text(left, top, words, kind, anchor or "start", title or words)


def shortened(words: str, longest: int = 14) -> str:
    """Return words that are no longer than so many letters."""
    return words if len(words) <= longest else f"{words[: longest - 1]}…"


def _text(left: float, top: float, words: str, kind: str, anchor: str, whole: str = "") -> Markup:
    title = Markup("<title>{}</title>").format(whole) if whole and whole != words else ""
    css = Markup(' class="{}"').format(kind) if kind else ""
    return Markup('<text{} x="{:.1f}" y="{:.1f}" text-anchor="{}">{}{}</text>').format(
        css, left, top, anchor, words, title
    )
