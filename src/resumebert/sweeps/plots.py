"""The leaderboard's pictures, as SVG that takes its colours from the page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from resumebert.sweeps.board import Effect, all_numbers, in_order, value_words
from resumebert.sweeps.runs import Run
from resumebert.utils.settings import Value

WIDTH, HEIGHT = 340, 210
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 12, 40
# A positive number whose largest value is so many times the smallest is drawn on a log scale.
LOG_FROM = 20
LONGEST_TICK = 14
BEST = "dot best"


@dataclass(frozen=True)
class Axis:
    """Where values lie between two pixels: numbers by size, words one beside the other."""

    start: float
    end: float
    words: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    is_log: bool = False

    def at(self, value: Value) -> float:
        """Return a value's pixel."""
        if self.words:
            share = (self.words.index(value_words(value)) + 0.5) / len(self.words)
        else:
            number = float(value)  # type: ignore[arg-type]
            share = (self._scaled(number) - self._scaled(self.low)) / (
                self._scaled(self.high) - self._scaled(self.low)
            )
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[tuple[float, str]]:
        """Return pixels and what to write there."""
        if self.words:
            return [(self.at(word), word) for word in self.words]
        if self.is_log:
            values = [self.low, math.sqrt(self.low * self.high), self.high]
        else:
            values = _round_values(self.low, self.high)
        return [(self.at(value), value_words(float(f"{value:.3g}"))) for value in values]

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.is_log else value


def _round_values(low: float, high: float) -> list[float]:
    """Return three to six multiples of a round number between two numbers."""
    power = 10.0 ** math.floor(math.log10((high - low) / 2))
    step = next(
        power * factor
        for factor in (5, 2.5, 2, 1, 0.5)
        if math.floor(high / (power * factor)) - math.ceil(low / (power * factor)) >= 2
    )
    first, last = math.ceil(low / step), math.floor(high / step)
    return [step * number for number in range(first, last + 1)]


def axis(values: Sequence[Value], start: float, end: float, *, as_words: bool = False) -> Axis:
    """Return an axis that holds the values; ``as_words`` puts numbers side by side too."""
    ordered = in_order(list(dict.fromkeys(values)))
    if as_words or not all_numbers(ordered):
        return Axis(start, end, words=tuple(dict.fromkeys(value_words(v) for v in ordered)))
    low, high = float(ordered[0]), float(ordered[-1])  # type: ignore[arg-type]
    if low == high:
        margin = abs(low) * 0.05 or 0.05
        return Axis(start, end, low=low - margin, high=high + margin)
    return Axis(start, end, low=low, high=high, is_log=low > 0 and high / low >= LOG_FROM)


def metric_axis(values: Sequence[float], start: float, end: float) -> Axis:
    """Return an axis with some room around the values."""
    margin = 0.06 * (max(values) - min(values)) or 0.02
    return Axis(start, end, low=min(values) - margin, high=max(values) + margin)


def effect_plot(effect: Effect, metric: str) -> str:
    """Draw each run's metric over a key's value, and the means."""
    across = axis(
        [value for value, _ in effect.points],
        LEFT,
        WIDTH - RIGHT,
        as_words=not effect.is_continuous,
    )
    up = metric_axis([y for _, y in effect.points], HEIGHT - BOTTOM, TOP)
    parts = [_frame(across, up, effect.key, metric)]
    for number, (value, y) in enumerate(effect.points):
        # Runs of the same value side by side.
        beside = 0.0 if effect.is_continuous else ((number * 7) % 9 - 4) * 1.8
        tip = f"{effect.key}={value_words(value)}: {y:.4f}"
        parts.append(_dot(across.at(value) + beside, up.at(y), tip))
    if not effect.is_continuous:
        means = [(across.at(word), up.at(found.mean)) for word, found in effect.at]
        if all_numbers([value for value, _ in effect.points]):
            parts.append(_line(means, "mean-line"))
        parts += [
            f'<path class="mean" d="M{x - 14:.1f} {y:.1f}h28"><title>mean</title></path>'
            for x, y in means
        ]
    return _svg(parts, f"{metric} over {effect.key}")


def scatter_plot(
    points: Sequence[tuple[float, float, str, bool]], x_words: str, y_words: str
) -> str:
    """Draw (x, y, tip, is best) points."""
    across = axis([x for x, *_ in points], LEFT + 8, WIDTH - RIGHT - 8)
    up = metric_axis([y for _, y, *_ in points], HEIGHT - BOTTOM, TOP)
    dots = [
        _dot(across.at(x), up.at(y), tip, kind=BEST if best else "dot")
        for x, y, tip, best in points
    ]
    return _svg([_frame(across, up, x_words, y_words), *dots], f"{y_words} over {x_words}")


def history_plot(
    values: Sequence[tuple[int, float]],
    pruned: Sequence[tuple[int, float]],
    metric: str,
    mode: str,
) -> str:
    """Draw each trial's value in the order of the trials, and the best so far.

    Args:
        values: (trial, value) of the completed trials, one or more.
        pruned: of those that were ended early, their last value; drawn hollow.
        metric: what the values are of.
        mode: ``max`` or ``min``.
    """
    drawn = [*values, *pruned]
    last = max(number for number, _ in drawn)
    across = Axis(LEFT + 8, WIDTH - RIGHT - 8, low=0, high=max(2, last))
    up = metric_axis([y for _, y in drawn], HEIGHT - BOTTOM, TOP)
    better = max if mode == "max" else min
    best, line = values[0][1], []
    for number, y in values:
        best = better(best, y)
        line.append((across.at(number), up.at(best)))
    dots = [_dot(across.at(n), up.at(y), f"trial {n}: {y:.4f}") for n, y in values]
    dots += [
        _dot(across.at(n), up.at(y), f"trial {n}, pruned at {y:.4f}", kind="dot hollow")
        for n, y in pruned
    ]
    frame = _frame(across, up, "trial", metric)
    return _svg([frame, *dots, _line(line, "mean-line")], f"{metric} of each trial, best so far")


def bars_plot(shares: Sequence[tuple[str, float]]) -> str:
    """Draw shares of 1 as bars, one below the other."""
    height = 24 * len(shares) + 8
    parts = []
    for row, (name, share) in enumerate(shares):
        y = 24 * row + 4
        parts.append(
            f'<text x="0" y="{y + 13}" class="tick">{escape(name)}</text>'
            f'<rect class="bar" x="150" y="{y}" height="17" width="{max(1.0, 140 * share):.1f}"/>'
            f'<text x="{156 + 140 * share:.1f}" y="{y + 13}" class="tick">{share:.0%}</text>'
        )
    return _svg(parts, "importance of each key", height=height)


def parallel_plot(runs: Sequence[Run], keys: Sequence[str], metric: str, best: set[int]) -> str:
    """Draw a line a run through its value of each key and its metric.

    Args:
        runs: finished ones, with the metric.
        keys: the axes before the metric's.
        metric: the last axis.
        best: the numbers, in ``runs``, of the lines to stress.
    """
    width = max(420, 130 * (len(keys) + 1))
    height, top, bottom = 300, 34, 16
    places = [65 + column * (width - 130) / len(keys) for column in range(len(keys) + 1)]
    columns = [[run.setting(key) for run in runs] for key in keys]
    axes = [
        axis(column, height - bottom, top, as_words=len(set(column)) <= 8) for column in columns
    ]
    columns.append([run.metrics[metric] for run in runs])
    axes.append(metric_axis([run.metrics[metric] for run in runs], height - bottom, top))
    values = [run.metrics[metric] for run in runs]
    ranks = sorted(range(len(runs)), key=lambda number: values[number])
    opacity = {number: 0.15 + 0.6 * place / len(runs) for place, number in enumerate(ranks)}
    parts = []
    for number in sorted(range(len(runs)), key=lambda number: number in best):
        line = [
            (x, scale.at(column[number]))
            for x, scale, column in zip(places, axes, columns, strict=True)
        ]
        tip = " ".join(f"{key}={value_words(runs[number].setting(key))}" for key in keys)
        kind = "run-line best" if number in best else "run-line"
        style = "" if number in best else f' style="opacity:{opacity[number]:.2f}"'
        parts.append(
            f'<path class="{kind}"{style} d="{_path(line)}">'
            f"<title>{escape(f'{tip}: {values[number]:.4f}')}</title></path>"
        )
    for x, scale, name in zip(places, axes, [*keys, metric], strict=True):
        parts.append(
            f'<path class="axis" d="M{x:.1f} {top}V{height - bottom}"/>'
            f'<text class="name" x="{x:.1f}" y="16">{escape(_short(name, 20))}'
            f"<title>{escape(name)}</title></text>"
        )
        parts += [
            f'<text class="tick halo" x="{x + 5:.1f}" y="{y + 4:.1f}">{escape(_short(word))}</text>'
            for y, word in scale.ticks()
        ]
    words = f"settings and {metric} of each run"
    # On a small screen it is moved sideways before its letters get too small.
    return _svg(parts, words, width=width, height=height, least=round(0.7 * width))


def _frame(across: Axis, up: Axis, x_words: str, y_words: str) -> str:
    bottom = HEIGHT - BOTTOM
    parts = [f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{WIDTH - RIGHT}"/>']
    for y, word in up.ticks():
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text class="tick end" x="{LEFT - 6}" y="{y + 4:.1f}">{escape(word)}</text>')
    ticks = across.ticks()
    room = (WIDTH - LEFT - RIGHT) / max(1, len(ticks)) / 6.2
    for x, word in ticks:
        words = _short(word, max(4, int(room)))
        parts.append(
            f'<text class="tick middle" x="{x:.1f}" y="{bottom + 15}">{escape(words)}'
            f"<title>{escape(word)}</title></text>"
        )
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text class="name" x="{middle}" y="{HEIGHT - 8}">{escape(x_words)}</text>')
    parts.append(f"<title>{escape(y_words)}</title>")
    return "".join(parts)


def _dot(x: float, y: float, tip: str, *, kind: str = "dot") -> str:
    radius = 5 if kind == BEST else 3.5
    return (
        f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}">'
        f"<title>{escape(tip)}</title></circle>"
    )


def _line(points: Sequence[tuple[float, float]], kind: str) -> str:
    return f'<path class="{kind}" d="{_path(points)}"/>'


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _short(word: str, longest: int = LONGEST_TICK) -> str:
    return word if len(word) <= longest else word[: longest - 1] + "…"


def _svg(
    parts: Sequence[str], words: str, *, width: int = WIDTH, height: int = HEIGHT, least: int = 0
) -> str:
    style = f"max-width:{1.4 * width:.0f}px" + (f";min-width:{least}px" if least else "")
    return (
        f'<svg viewBox="0 0 {width} {height}" style="{style}" role="img" '
        f'aria-label="{escape(words)}">{"".join(parts)}</svg>'
    )
