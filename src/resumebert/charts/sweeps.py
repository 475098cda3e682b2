"""Charts of many runs: what a key does, cost beside quality, all settings at once, a search."""

from collections.abc import Collection, Sequence

import numpy as np
from markupsafe import Markup

from resumebert.charts import svg
from resumebert.charts.scales import Scale, Value, all_numbers, metric_scale, scale_of, value_words
from resumebert.charts.svg import Axes

BEST = "best"
RUN = "model faint"


def _axes(across: Scale, up: Scale, x_name: str, y_name: str) -> Axes:
    return Axes(
        x_name, y_name, x_ticks=across.ticks(), y_ticks=up.ticks(),
        width=340, height=210, left=52, right=14, top=12, bottom=40,
    )  # fmt: skip


def effect_chart(
    key: str,
    metric: str,
    points: Sequence[tuple[Value, float]],
    means: Sequence[tuple[str, float]] | None,
) -> Markup:
    """Draw each run's metric over a key's value.

    Args:
        key: that was swept.
        metric: what is drawn upward.
        points: value and metric of each run.
        means: of each value, in words, the mean; None: the values lie on a line.
    """
    across = scale_of([value for value, _ in points], as_words=means is not None)
    up = metric_scale([y for _, y in points])
    axes = _axes(across, up, key, metric)
    parts = []
    for number, (value, y) in enumerate(points):
        # Runs of the same value side by side.
        beside = 0.0 if means is None else ((number * 7) % 9 - 4) * 0.0065
        told = f"{key}={value_words(value)}: {y:.4f}"
        parts.append(svg.point(axes, across.at(value) + beside, up.at(y), RUN, told))
    xs = [across.at(word) for word, _ in means or ()]
    ys = [up.at(mean) for _, mean in means or ()]
    if all_numbers([value for value, _ in points]):
        parts.append(svg.line(axes, xs, ys, f"{BEST} thin", "mean"))
    parts += [
        svg.segment(
            axes, (x - 0.05, y), (x + 0.05, y), f"whisker {BEST}", f"{word}: mean {mean:.4f}"
        )
        for x, y, (word, mean) in zip(xs, ys, means or (), strict=True)
    ]
    return svg.picture(axes, f"{metric} over {key}", parts)


def scatter_chart(
    points: Sequence[tuple[float, float, str, bool]], x_name: str, y_name: str
) -> Markup:
    """Draw (x, y, what is told of it, is best) points."""
    across = metric_scale([x for x, *_ in points])
    up = metric_scale([y for _, y, *_ in points])
    axes = _axes(across, up, x_name, y_name)
    dots = [
        svg.point(axes, across.at(x), up.at(y), BEST if best else RUN, told, 5 if best else 3.5)
        for x, y, told, best in points
    ]
    return svg.picture(axes, f"{y_name} over {x_name}", dots)


def history_chart(
    values: Sequence[tuple[int, float]], pruned: Sequence[tuple[int, float]], metric: str, mode: str
) -> Markup:
    """Draw each trial's value in the order of the trials, and the best so far.

    Args:
        values: (trial, value) of the completed trials, one or more.
        pruned: of those that were ended early, their last value; drawn hollow.
        metric: what the values are of.
        mode: ``max`` or ``min``.
    """
    drawn = [*values, *pruned]
    across = Scale(low=0, high=max(2, *(trial for trial, _ in drawn)))
    up = metric_scale([y for _, y in drawn])
    axes = _axes(across, up, "trial", metric)
    best = (np.maximum if mode == "max" else np.minimum).accumulate([y for _, y in values])
    parts = [svg.point(axes, across.at(n), up.at(y), RUN, f"trial {n}: {y:.4f}") for n, y in values]
    parts += [
        svg.point(axes, across.at(n), up.at(y), "model hollow", f"trial {n}, pruned at {y:.4f}")
        for n, y in pruned
    ]
    trials = [across.at(trial) for trial, _ in values]
    parts.append(svg.line(axes, trials, [up.at(y) for y in best.tolist()], BEST, "best so far"))
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
    """Draw a line a run through its value of each key and its metric.

    Args:
        settings: of each run, its value of each key.
        keys: the axes before the metric's.
        metric: the last axis.
        values: each run's metric.
        best: the numbers of the runs to stress.
    """
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
        opacity = "" if is_best else f"{0.15 + 0.6 * ranks[number] / len(values):.2f}"
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
