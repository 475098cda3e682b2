"""Charts of many runs: what a key does, cost beside quality, all settings at once, a search."""

from collections.abc import Callable, Collection, Sequence
from itertools import accumulate

import numpy as np
from markupsafe import Markup

from resumebert.charts import svg
from resumebert.charts.scales import Scale, Value, all_numbers, metric_scale, scale_of, value_words
from resumebert.charts.svg import Axes

BEST = "best"
RUN = "model faint"


# Places values between 0 and 1.
Placed = Callable[[Value, float], tuple[float, float]]


def _plane(across: Scale, ys: Sequence[float], x_name: str, y_name: str) -> tuple[Axes, Placed]:
    """Return axes for runs, and the function that places a run's values on them."""
    up = metric_scale(ys)
    axes = Axes(
        x_name, y_name, x_ticks=across.ticks(), y_ticks=up.ticks(),
        width=340, height=210, left=52, right=14, top=12, bottom=40,
    )  # fmt: skip

    def placed(x: Value, y: float) -> tuple[float, float]:
        return across.at(x), up.at(y)

    return axes, placed


def effect_chart(
    key: str,
    metric: str,
    points: Sequence[tuple[Value, float]],
    means: Sequence[tuple[str, float]] | None,
) -> Markup:
    """Draw each run's metric over its value of a swept key.

    ``means`` are of each value, in words; None: the key is a number with many values.
    """
    values, ys = zip(*points, strict=True)
    across = scale_of(values, as_words=means is not None)
    axes, placed = _plane(across, ys, key, metric)
    parts = []
    for number, (value, y) in enumerate(points):
        # Runs of the same value side by side.
        beside = 0.0 if means is None else ((number * 7) % 9 - 4) * 0.0065
        left, height = placed(value, y)
        told = f"{key}={value_words(value)}: {y:.4f}"
        parts.append(svg.point(axes, left + beside, height, RUN, told))
    places = [placed(word, mean) for word, mean in means or ()]
    if places and all_numbers(values):
        xs, heights = zip(*places, strict=True)
        parts.append(svg.line(axes, xs, heights, f"{BEST} thin", "mean"))
    for (left, height), (word, mean) in zip(places, means or (), strict=True):
        ends = (left - 0.05, height), (left + 0.05, height)
        parts.append(svg.segment(axes, *ends, f"whisker {BEST}", f"{word}: mean {mean:.4f}"))
    return svg.picture(axes, f"{metric} over {key}", parts)


def scatter_chart(
    points: Sequence[tuple[float, float, str, bool]], x_name: str, y_name: str
) -> Markup:
    """Draw (x, y, what is told of it, is best) points."""
    xs, ys, *_ = zip(*points, strict=True)
    axes, placed = _plane(metric_scale(xs), ys, x_name, y_name)
    dots = [
        svg.point(axes, *placed(x, y), BEST if best else RUN, told, 5 if best else 3.5)
        for x, y, told, best in points
    ]
    return svg.picture(axes, f"{y_name} over {x_name}", dots)


def history_chart(
    values: Sequence[tuple[int, float]], pruned: Sequence[tuple[int, float]], metric: str, mode: str
) -> Markup:
    """Draw (trial, value) of a search and the best so far, of ``mode`` "max" or "min".

    One trial or more were completed; of those ended early the last value is drawn, hollow.
    """
    trials, ys = zip(*values, *pruned, strict=True)
    axes, placed = _plane(Scale(low=0, high=max(2, *trials)), ys, "trial", metric)
    parts = [svg.point(axes, *placed(n, y), RUN, f"trial {n}: {y:.4f}") for n, y in values]
    parts += [
        svg.point(axes, *placed(n, y), "model hollow", f"trial {n}, pruned at {y:.4f}")
        for n, y in pruned
    ]
    best = list(accumulate((y for _, y in values), max if mode == "max" else min))
    places = [placed(n, y) for (n, _), y in zip(values, best, strict=True)]
    xs, heights = zip(*places, strict=True)
    parts.append(svg.line(axes, xs, heights, BEST, "best so far"))
    return svg.picture(axes, f"{metric} of each trial, best so far", parts)


def importance_chart(shares: Sequence[tuple[str, float]]) -> Markup:
    """Draw the share of 1 of each key as bars, one below the other."""
    count = len(shares)
    axes = Axes(
        "share", "", y=(-0.5, count - 0.5),
        x_ticks=((0, "0 %"), (0.5, "50 %"), (1, "100 %")),
        y_ticks=[(count - 1 - row, name) for row, (name, _) in enumerate(shares)],
        width=340, height=24 * count + 48, left=150, right=20, bottom=40,
    )  # fmt: skip
    bars = [
        svg.element(
            "path", "bar model", data_tip=f"{name}: {share:.0%}",
            # A share of nearly nothing is seen too.
            d=svg.box(axes, (0, count - 1.35 - row), (max(share, 0.005), count - 0.65 - row)),
        )
        for row, (name, share) in enumerate(shares)
    ]  # fmt: skip
    return svg.picture(axes, "importance of each key", bars)


def parallel_chart(
    settings: Sequence[Sequence[Value]],
    keys: Sequence[str],
    metric: str,
    values: Sequence[float],
    best: Collection[int],
) -> Markup:
    """Draw a line for each run through its settings and, last, its metric; stress the best."""
    columns = zip(*settings, strict=True)
    scales = [scale_of(column, as_words=len(set(column)) <= 8) for column in columns]
    scales.append(metric_scale(values))
    axes = Axes(
        "", "", x=(0, len(keys)), x_ticks=(), y_ticks=(), width=max(420, 130 * len(scales)),
        height=300, left=65, right=65, top=34, bottom=16,
    )  # fmt: skip
    ranks = np.argsort(np.argsort(values, kind="stable"))
    parts = []
    for number in sorted(range(len(values)), key=lambda number: number in best):
        row, value = settings[number], values[number]
        heights = [scale.at(v) for scale, v in zip(scales, (*row, value), strict=True)]
        given = [f"{key}={value_words(v)}" for key, v in zip(keys, row, strict=True)]
        is_best = number in best
        opacity = "" if is_best else f"{0.3 + 0.5 * ranks[number] / len(values):.2f}"
        parts.append(
            svg.line(
                axes, range(len(scales)), heights, BEST if is_best else "model run",
                told=f"{' '.join(given)}: {value:.4f}", opacity=opacity,
            )
        )  # fmt: skip
    for place, (scale, name) in enumerate(zip(scales, [*keys, metric], strict=True)):
        parts.append(svg.rule(axes, place, "whole"))
        parts.append(svg.text(*axes.at(place, 1.06), name, 20, "middle", "name"))
        for height, words in scale.ticks():
            parts.append(svg.text(*axes.at(place + 0.05, height), words, 14, "start", "halo"))
    return svg.picture(axes, f"settings and {metric} of each run", parts, "parallel")
