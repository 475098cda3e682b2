"""What was logged while training, read back from a run's folder."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from resumebert.charts.history import LEARNING_RATE, PICTURES, Curve

# Of one curve: (step, value).
Points = list[tuple[int, float]]


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
        if name in wanted or name.startswith(LEARNING_RATE)
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
