"""Pictures as SVG text: axes, lines, points. All text in them is escaped."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from markupsafe import Markup, escape

Floats = npt.NDArray[np.float64]
Point = tuple[float, float]
MAX_POINTS = 200
# Width of a letter, in pixels.
LETTER = 6.2


@dataclass(frozen=True)
class Axes:
    """A rectangle inside a picture, and the range of values that it shows.

    ``x`` and ``y`` are the values at its left and right, lower and upper border; ticks are values
    with their words. Sizes and margins are in pixels of a picture that is not scaled.
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

    def at(self, x: float, y: float) -> Point:
        """Return the pixels of one point."""
        [[left, top]] = self.place([x], [y]).tolist()
        return left, top


def element(tag: str, kind: str = "", content: str = "", **attributes: str | float) -> Markup:
    """Return an element with CSS classes; what has no value is left out.

    ``data_tip`` is written ``data-tip``: what who points at the element is told.
    """
    given = {"class": kind.strip(), **attributes}
    # A report has thousands of elements. Markup.format, which escapes too, is several times slower.
    written = "".join(
        f' {name.replace("_", "-")}="{escape(_plain(value))}"'
        for name, value in given.items()
        if value not in (None, "")
    )
    return Markup(f"<{tag}{written}>{escape(content)}</{tag}>" if content else f"<{tag}{written}/>")


def _plain(value: str | float) -> str | int:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value


def document(
    kind: str,
    size: tuple[float, float],
    description: str,
    parts: Sequence[Markup],
    **attributes: str | float,
) -> Markup:
    """Return a whole picture of some width and height; without sight its description is read."""
    return element(
        "svg", kind, Markup("").join(parts), viewBox=f"0 0 {size[0]:.6g} {size[1]:.6g}",
        role="img", aria_label=description, **attributes,
    )  # fmt: skip


def picture(axes: Axes, description: str, parts: Sequence[Markup], kind: str = "") -> Markup:
    """Return a picture with its axes; ``parts`` go from back to front."""
    (left, bottom), (right, top) = axes.place(axes.x, axes.y)
    return document(
        f"plot {kind}", (axes.width, axes.height), description, [_frame(axes), *parts],
        data_area=f"{left:g} {top:g} {right - left:g} {bottom - top:g}",
        data_x="{:.8g} {:.8g}".format(*axes.x), data_y="{:.8g} {:.8g}".format(*axes.y),
        data_xn=axes.x_name, data_yn=axes.y_name,
        # Drawn larger, letters and lines would be out of proportion to the page's.
        style=f"max-width:{1.4 * axes.width:g}px",
    )  # fmt: skip


def _frame(axes: Axes) -> Markup:
    (left, bottom), (right, top) = axes.place(axes.x, axes.y)
    grid, words = "", []
    # What fits between two ticks, and beside the left border.
    room = max(4, int((right - left) / max(1, len(axes.x_ticks)) / LETTER))
    for value, word in axes.x_ticks:
        across, _ = axes.at(value, axes.y[0])
        grid += f"M{across:.1f} {top:g}V{bottom:g}"
        words.append(text(across, bottom + 13, word, room, "middle"))
    room = max(4, int(left / LETTER))
    for value, word in axes.y_ticks:
        _, height = axes.at(axes.x[0], value)
        grid += f"M{left:g} {height:.1f}H{right:g}"
        words.append(text(left - 4, height + 3.5, word, room, "end"))
    words.append(text((left + right) / 2, axes.height - 4, axes.x_name, 99, "middle", "axis"))
    return Markup("").join([element("path", "grid", d=grid), *words])


def line(
    axes: Axes,
    xs: npt.ArrayLike,
    ys: npt.ArrayLike,
    kind: str,
    name: str = "",
    *,
    steps: bool = False,
    notes: npt.ArrayLike | None = None,
    limit: int = MAX_POINTS,
    told: str = "",
    opacity: str = "",
) -> Markup:
    """Return a line through (n,) and (n,) values, thinned to ``limit`` points.

    The line has a gap where a value is ``nan``. With ``steps`` it goes from point to point first
    across, then up or down. Who points at it is told its ``name``, the values and the threshold of
    the nearest point, of (n,) ``notes``; or ``told``, if that is given.
    """
    pixels = axes.place(xs, ys)
    kept = thinned(pixels, limit)
    pieces, pen = [], "M"
    for x, y in pixels[kept]:
        if np.isnan(y):
            pen = "M"
            continue
        is_step = steps and pen == "L"
        pieces.append(f"H{x:.1f}V{y:.1f}" if is_step else f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    if not pieces:
        return Markup("")
    cuts = [] if notes is None else np.asarray(notes, dtype=np.float64)[kept].tolist()
    return element(
        "path", f"line {kind}", data_n=name, data_tip=told, opacity=opacity,
        data_t=" ".join(f"{cut:.3g}" for cut in cuts), d="".join(pieces).replace(".0", ""),
    )  # fmt: skip


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
    left, top = axes.at(x, y)
    return element("circle", f"dot {kind}", cx=left, cy=top, r=radius, data_tip=told)


def segment(axes: Axes, start: Point, end: Point, kind: str, told: str = "") -> Markup:
    """Return a straight line between two points; nothing where a value is ``nan``."""
    if np.isnan([*start, *end]).any():
        return Markup("")
    (x0, y0), (x1, y1) = axes.at(*start), axes.at(*end)
    return element("path", kind, data_tip=told, d=f"M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}")


def rule(axes: Axes, x: float, kind: str = "") -> Markup:
    """Return a vertical line over the whole height."""
    return segment(axes, (x, axes.y[0]), (x, axes.y[1]), f"rule {kind}")


def diagonal(axes: Axes) -> Markup:
    """Return the line from the lower left to the upper right corner."""
    return segment(axes, (axes.x[0], axes.y[0]), (axes.x[1], axes.y[1]), "rule")


def box(axes: Axes, corner: Point, opposite: Point) -> str:
    """Return the path of a rectangle between two corners."""
    (x0, y0), (x1, y1) = axes.at(*corner), axes.at(*opposite)
    path = f"M{x0:.1f} {y0:.1f}h{x1 - x0:.1f}v{y1 - y0:.1f}h{x0 - x1:.1f}z"
    return path.replace(".0", "")


def shortened(words: str, longest: int) -> str:
    """Return words that are no longer than so many letters."""
    return words if len(words) <= longest else f"{words[: longest - 1]}…"


def text(left: float, top: float, words: str, room: int, anchor: str, kind: str = "") -> Markup:
    """Return words at a pixel, shortened to ``room`` letters; then all of them are its title."""
    title = element("title", content=words) if len(words) > room else ""
    content = Markup("{}{}").format(shortened(words, room), title)
    return element("text", kind, content, x=left, y=top, text_anchor=anchor)
