"""What was logged while training, read back from a run's folder, and pictures of it."""

import csv
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup

from resumebert.evaluation.report import svg
from resumebert.evaluation.report.content import Curve
from resumebert.evaluation.report.svg import Axes
from resumebert.evaluation.report.words import number

# Title, what the curves of a picture are named, and whether values are shares.
PICTURES: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("Loss", ("train/loss", "val/loss"), False),
    ("F1", ("train/f1_micro", "val/f1_micro", "train/f1_macro", "val/f1_macro"), True),
    ("Subset accuracy", ("train/subset_accuracy", "val/subset_accuracy"), True),
    ("Learning rate", ("lr",), False),
)
# One step's loss says little: of more points than this, neighbours are averaged.
MAX_TRAIN_POINTS = 60
_LEARNING_RATE = "lr-"
# Of one curve: (step, value).
Points = list[tuple[int, float]]


@dataclass(frozen=True)
class HistoryPicture:
    """A picture of what was logged, and its lines' names with CSS classes."""

    title: str
    svg: Markup
    legend: list[tuple[str, str]]


def read_history(runs: Sequence[Path]) -> list[Curve]:
    """Read what was logged to TensorBoard, or to csv; nothing if neither was.

    Args:
        runs: folders of one training, with ``tensorboard/`` or ``csv/metrics.csv`` in them: each
            but the first goes on from the one before, be it from a step before its last.
    """
    found: dict[str, Points] = defaultdict(list)
    for run in runs:
        for name, points in _logged(run).items():
            found[name] += points
    wanted = {name for _, names, _ in PICTURES for name in names}
    return [
        Curve(name, *zip(*_kept(points), strict=True))
        for name, points in found.items()
        if name in wanted or name.startswith(_LEARNING_RATE)
    ]


def _kept(points: Points) -> Points:
    """Return the points without those that were done again after a restart; steps ascend."""
    kept: Points = []
    for step, value in reversed(points):
        if not kept or step < kept[-1][0]:
            kept.append((step, value))
    return kept[::-1]


def _logged(run: Path) -> dict[str, Points]:
    if any((run / "tensorboard").glob("events.*")):
        return _from_tensorboard(run / "tensorboard")
    if (run / "csv" / "metrics.csv").exists():
        return _from_csv(run / "csv" / "metrics.csv")
    return {}


def _from_tensorboard(folder: Path) -> dict[str, Points]:
    # It takes half a second to import, and a report may have no history.
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), {"scalars": 10_000})
    events.Reload()
    return {
        name: [(event.step, event.value) for event in events.Scalars(name)]
        for name in events.Tags()["scalars"]
    }


def _from_csv(path: Path) -> dict[str, Points]:
    points: dict[str, Points] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for name, value in row.items():
                if value and name not in ("step", "epoch") and row.get("step"):
                    points[name].append((int(row["step"]), float(value)))
    return points


def history_pictures(history: Sequence[Curve]) -> list[HistoryPicture]:
    """Draw the curves that are worth a look, some to a picture."""
    pictures = []
    for title, names, is_share in PICTURES:
        curves = [_tidied(curve) for name in names for curve in history if _is(curve, name)]
        curves = [curve for curve in curves if curve.steps]
        if names == ("lr",):
            # Parameter groups differ by a factor: the largest stands for all.
            curves = sorted(curves, key=lambda curve: -max(curve.values))[:1]
        if curves:
            pictures.append(_picture(title, curves, is_share))
    return pictures


def _is(curve: Curve, name: str) -> bool:
    return curve.name.startswith(_LEARNING_RATE) if name == "lr" else curve.name == name


def _tidied(curve: Curve) -> Curve:
    """Return the curve without what is not finite, and a long one in averages."""
    points = [(s, v) for s, v in zip(curve.steps, curve.values, strict=True) if math.isfinite(v)]
    if curve.name.startswith("train/") and len(points) > MAX_TRAIN_POINTS:
        pieces = np.array_split(np.array(points), MAX_TRAIN_POINTS)
        points = [(int(piece[:, 0].mean()), float(piece[:, 1].mean())) for piece in pieces]
    return Curve(curve.name, [step for step, _ in points], [value for _, value in points])


def _picture(title: str, curves: list[Curve], is_share: bool) -> HistoryPicture:
    last = max(max(curve.steps) for curve in curves)
    values = [value for curve in curves for value in curve.values]
    top = 1.0 if is_share else _round_above(max(values))
    middle = last // 2
    axes = Axes(
        "step", title, x=(0, max(last, 1)), y=(0, top),
        x_ticks=((0, "0"), (middle, f"{middle:,}"), (last, f"{last:,}")) if last > 1 else (),
        y_ticks=[(top * k / 4, f"{top * k / 4:.2g}") for k in range(5)],
        width=460, height=240, left=56, right=22,
    )  # fmt: skip
    parts, legend, said = [], [], []
    for curve in curves:
        kind = _kind(curve.name)
        parts.append(svg.line(axes, curve.steps, curve.values, kind, curve.name))
        if len(curve.steps) <= MAX_TRAIN_POINTS and curve.name.startswith("val/"):
            parts += [
                svg.point(axes, s, v, kind, f"{curve.name}, step {s:,}: {v:.4g}", 2.6)
                for s, v in zip(curve.steps, curve.values, strict=True)
            ]
        legend.append((curve.name, kind))
        first, end = (number(curve.values[place], 4) for place in (0, -1))
        said.append(f"{curve.name} goes from {first} to {end}")
    return HistoryPicture(
        title, svg.picture(axes, f"{title} while training: {'; '.join(said)}.", parts), legend
    )


def _round_above(value: float) -> float:
    """Return the least of 1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8 times a power of ten that is enough."""
    if value <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(value))
    return unit * next((k for k in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8) if k * unit >= value), 10)


def _kind(name: str) -> str:
    """Return the CSS classes of a curve: training dashed, validation whole, macro another hue."""
    hue = "baseline" if name.endswith("_macro") else "model"
    return f"{hue} dashed" if name.startswith("train/") else hue
