"""Charts of what was logged while training."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from resumebert.charts import svg
from resumebert.charts.scales import round_values
from resumebert.charts.svg import Axes
from resumebert.charts.words import number

# The names of learning rates begin so.
LEARNING_RATE = "lr-"
# Title, the names of a picture's curves, and whether values are shares.
PICTURES: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("Loss", ("train/loss", "val/loss"), False),
    ("F1", ("train/f1_micro", "val/f1_micro", "train/f1_macro", "val/f1_macro"), True),
    ("Subset accuracy", ("train/subset_accuracy", "val/subset_accuracy"), True),
    ("Learning rate", (), False),
)
# One step's loss says little: of more points than this, neighbours are averaged.
MAX_TRAIN_POINTS = 60


@dataclass(frozen=True)
class Curve:
    """A value as it was logged while training, at n optimizer steps in ascending order."""

    name: str
    steps: Sequence[int]
    values: Sequence[float]


# Title, picture, and its lines' names with CSS classes.
HistoryPicture = tuple[str, Markup, list[tuple[str, str]]]


def history_pictures(history: Sequence[Curve]) -> list[HistoryPicture]:
    """Draw the curves that are worth a look, some to a picture."""
    pictures = []
    for title, names, is_share in PICTURES:
        found = [_tidied(curve) for name in names for curve in history if curve.name == name]
        if title == "Learning rate":
            # Parameter groups differ by a factor: the largest stands for all.
            rates = [_tidied(curve) for curve in history if curve.name.startswith(LEARNING_RATE)]
            found = sorted(rates, key=lambda curve: -max(curve.values, default=0.0))[:1]
        curves = [curve for curve in found if curve.steps]
        if curves:
            pictures.append(_picture(title, curves, is_share))
    return pictures


def _tidied(curve: Curve) -> Curve:
    """Return the curve without what is not finite, and a long one in averages."""
    points = [(s, v) for s, v in zip(curve.steps, curve.values, strict=True) if math.isfinite(v)]
    if curve.name.startswith("train/") and len(points) > MAX_TRAIN_POINTS:
        pieces = np.array_split(np.array(points), MAX_TRAIN_POINTS)
        points = [(int(piece[:, 0].mean()), float(piece[:, 1].mean())) for piece in pieces]
    return Curve(curve.name, [step for step, _ in points], [value for _, value in points])


def _picture(title: str, curves: list[Curve], is_share: bool) -> HistoryPicture:
    last = max(max(curve.steps) for curve in curves)
    highest = max(max(curve.values) for curve in curves)
    top = 1.0 if is_share or highest <= 0 else 1.05 * highest
    steps = (0, last // 2, last) if last > 1 else ()
    axes = Axes(
        "step", title, x=(0, max(last, 1)), y=(0, top),
        x_ticks=[(step, f"{step:,}") for step in steps],
        y_ticks=[(value, f"{value:.2g}") for value in round_values(0, top)],
        width=460, height=240, left=56, right=22,
    )  # fmt: skip
    parts, legend, said = [], [], []
    for curve in curves:
        # Training dashed, validation whole, macro another hue.
        hue = "baseline" if curve.name.endswith("_macro") else "model"
        kind = f"{hue} dashed" if curve.name.startswith("train/") else hue
        parts.append(svg.line(axes, curve.steps, curve.values, kind, curve.name))
        if len(curve.steps) <= MAX_TRAIN_POINTS and curve.name.startswith("val/"):
            parts += [
                svg.point(axes, s, v, kind, f"{curve.name}, step {s:,}: {v:.4g}", 2.6)
                for s, v in zip(curve.steps, curve.values, strict=True)
            ]
        legend.append((curve.name, kind))
        first, end = (number(curve.values[place], 4) for place in (0, -1))
        said.append(f"{curve.name} goes from {first} to {end}")
    description = f"{title} while training: {'; '.join(said)}."
    return title, svg.picture(axes, description, parts), legend
