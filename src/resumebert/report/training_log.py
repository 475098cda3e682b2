"""What was logged while training, read back from a run's folder."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from resumebert.charts.history import LEARNING_RATE, PICTURES, Curve

# Of one curve: (step, value).
Points = list[tuple[int, float]]


def read_history(runs: Sequence[Path]) -> list[Curve]:
    """Read what was logged to TensorBoard, or to csv; nothing if neither was.

    ``runs`` are folders of one training: each but the first goes on from the one before, be it from
    a step before its last.
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
    table = run / "csv" / "metrics.csv"
    if not table.exists():
        return {}
    frame = pd.read_csv(table).set_index("step").drop(columns="epoch", errors="ignore")
    known = {str(name): column.dropna() for name, column in frame.items()}
    return {name: list(zip(each.index, each, strict=True)) for name, each in known.items()}


def _from_tensorboard(folder: Path) -> dict[str, Points]:
    # It takes half a second to import, and a report may have no history.
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), {"scalars": 10_000})
    events.Reload()
    return {
        name: [(event.step, event.value) for event in events.Scalars(name)]
        for name in events.Tags()["scalars"]
    }
