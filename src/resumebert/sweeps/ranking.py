"""Arrange the runs of a sweep: repeats together, the best on validation, the effect of each key."""

import json
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from resumebert.charts.scales import all_numbers, in_order, value_words
from resumebert.sweeps.runs import Run
from resumebert.sweeps.status import FAILED
from resumebert.utils.command_line import Value

# Runs that differ only in these are repeats.
REPEATS = ("seed", "data.seed", "data.fold")
# A number with more distinct values than this is continuous: its effect is shown by quarters.
MOST_VALUES = 8
# The same, if a search drew the values.
MOST_DRAWN = 3


@dataclass(frozen=True)
class Spread:
    """Mean and spread of some runs' values; ``sd`` (of a sample) is None for a single one."""

    n: int
    mean: float
    sd: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Group:
    """Runs that differ only in seed or fold, and no other swept key; ``number`` is from 1."""

    number: int
    settings: dict[str, Value]
    runs: list[Run]

    @property
    def finished(self) -> list[Run]:
        """Return the runs that have their final metrics."""
        return [run for run in self.runs if run.is_finished]

    def spread(self, metric: str | None) -> Spread | None:
        """Return mean and spread of a metric over the finished runs; None if none has it."""
        return spread(run.metrics.get(metric) for run in self.finished if metric is not None)

    @property
    def minutes(self) -> Spread | None:
        """Return mean and spread of the minutes that the finished runs took."""
        return spread(run.minutes for run in self.finished)

    @property
    def documents_per_second(self) -> Spread | None:
        """Return mean and spread of the finished runs' training speed."""
        return spread(run.documents_per_second for run in self.finished)


@dataclass(frozen=True)
class Effect:
    """The monitored metric over the values of one key, averaged over the other keys.

    ``points`` are each run's value and metric, ``at`` the spread at each value; of a key that
    ``is_continuous``, a number with many values, in each quarter of the runs.
    """

    key: str
    points: list[tuple[Value, float]]
    at: list[tuple[str, Spread]]
    is_continuous: bool


@dataclass(frozen=True)
class Leaderboard:
    """The runs of some sweeps, ranked by the validation metric ``monitor``, if a run has one.

    ``repeats`` are the swept ones of seed and fold, ``keys`` the others; ``common`` was typed and
    is the same in all runs. Groups are sorted, those without the metric last. The ``best`` is one
    whose runs have all finished, if there is any such.
    """

    runs: list[Run]
    keys: list[str]
    repeats: list[str]
    common: dict[str, Value]
    monitor: str | None
    mode: str
    groups: list[Group]
    best: Group | None
    effects: list[Effect]

    @property
    def failed(self) -> list[Run]:
        """Return the runs that failed."""
        return [run for run in self.runs if run.state == FAILED]

    @property
    def states(self) -> Counter[str]:
        """Return how many runs are in each state."""
        return Counter(run.state for run in self.runs)


def make_leaderboard(runs: Sequence[Run]) -> Leaderboard:
    """Make a leaderboard of one or more runs."""
    given = dict.fromkeys(key for run in runs for key in run.given)
    swept = [key for key in given if len({json.dumps(run.setting(key)) for run in runs}) > 1]
    keys = [key for key in swept if key not in REPEATS]
    monitor, mode = _monitor(runs)
    groups = _groups(runs, keys)
    means = [(found.mean, group) for group in groups if (found := group.spread(monitor))]
    means.sort(key=lambda pair: pair[0], reverse=mode == "max")
    measured = [group for _, group in means]
    complete = [group for group in measured if len(group.finished) == len(group.runs)]
    return Leaderboard(
        runs=list(runs),
        keys=keys,
        repeats=[key for key in swept if key in REPEATS],
        common={key: runs[0].setting(key) for key in given if key not in swept},
        monitor=monitor,
        mode=mode,
        groups=[*measured, *(group for group in groups if group.spread(monitor) is None)],
        best=next(iter(complete or measured), None),
        effects=[] if monitor is None else _effects(runs, keys, monitor),
    )


def spread(found: Iterable[float | None]) -> Spread | None:
    """Return mean and spread of the values that are not None; None if there are none."""
    values = [value for value in found if value is not None]
    if not values:
        return None
    return Spread(
        n=len(values),
        mean=statistics.fmean(values),
        sd=statistics.stdev(values) if len(values) > 1 else None,
        low=min(values),
        high=max(values),
    )


def summary(leaderboard: Leaderboard, folder: Path) -> str:
    """Return some lines: how many runs, the best, which failed and why, and the file's path."""
    lines = [f"sweep: {counts(leaderboard)}"]
    best, monitor = leaderboard.best, leaderboard.monitor
    if best is not None and monitor is not None:
        words = f"{settings_words(best)}  {monitor} {figure(best.spread(monitor))}"
        test = monitor.replace("val/", "test/")
        if found := best.spread(test):
            words += f", {test} {figure(found)}"
        lines.append(f"best on validation: {words}")
    by_reason: dict[str, list[str]] = {}
    for run in leaderboard.failed:
        by_reason.setdefault(run.reason or "unknown", []).append(run.folder.name)
    lines += [f"failed: run {', '.join(runs)}: {reason}" for reason, runs in by_reason.items()]
    return "\n".join([*lines, f"leaderboard: {folder / 'leaderboard.html'}"])


def counts(leaderboard: Leaderboard) -> str:
    """Return for example ``24 runs: 22 finished, 1 failed, 1 pruned``."""
    total = len(leaderboard.runs)
    states = ", ".join(f"{count} {state}" for state, count in leaderboard.states.most_common())
    return f"{total} run{'' if total == 1 else 's'}: {states}"


def settings_words(group: Group) -> str:
    """Return a group's settings as on a command line."""
    words = " ".join(f"{key}={value_words(value)}" for key, value in group.settings.items())
    return words or f"run {group.runs[0].folder.name}"


def figure(found: Spread | None, digits: int = 4) -> str:
    """Write a mean, and the spread where there are repeats."""
    if found is None:
        return "–"
    words = f"{found.mean:.{digits}f}"
    return words if found.sd is None else f"{words} ± {found.sd:.{digits}f}"


def _monitor(runs: Sequence[Run]) -> tuple[str | None, str]:
    """Return the validation metric that most runs monitor; test metrics are never used."""
    monitors = Counter(
        (run.monitor, run.mode)
        for run in runs
        if run.monitor in run.metrics and str(run.monitor).startswith("val/")
    )
    return monitors.most_common(1)[0][0] if monitors else (None, "max")


def _groups(runs: Sequence[Run], keys: Sequence[str]) -> list[Group]:
    members: dict[str, list[Run]] = {}
    for run in runs:
        members.setdefault(json.dumps([run.setting(key) for key in keys]), []).append(run)
    return [
        Group(number, {key: alike[0].setting(key) for key in keys}, alike)
        for number, alike in enumerate(members.values(), 1)
    ]


def _effects(runs: Sequence[Run], keys: Sequence[str], monitor: str) -> list[Effect]:
    measured = [run for run in runs if run.is_finished and monitor in run.metrics]
    effects = []
    for key in keys:
        points = [(run.setting(key), run.metrics[monitor]) for run in measured]
        values = in_order(list(dict.fromkeys(value for value, _ in points)))
        if len(values) < 2:
            continue
        is_continuous = _is_continuous(values)
        parts = _quarters(points) if is_continuous else [
            (value_words(value), [y for x, y in points if x == value])
            for value in values
        ]  # fmt: skip
        at = [(words, found) for words, figures in parts if (found := spread(figures))]
        effects.append(Effect(key, points, at, is_continuous))
    return effects


def _is_continuous(values: Sequence[Value]) -> bool:
    """Return whether a key has many numbers as values, or some that a search has drawn."""
    if not all_numbers(values):
        return False
    # People type numbers of at most two digits.
    drawn = [
        value for value in values if isinstance(value, float) and float(f"{value:.2g}") != value
    ]
    return len(values) > (MOST_DRAWN if 2 * len(drawn) > len(values) else MOST_VALUES)


def _quarters(points: Sequence[tuple[Value, float]]) -> list[tuple[str, list[float]]]:
    """Return the figures of each quarter of the runs, by the value of the key."""
    ordered = sorted(points, key=lambda point: float(point[0]))  # type: ignore[arg-type]
    bounds = [round(len(ordered) * part / 4) for part in range(5)]
    quarters = []
    for low, high in pairwise(bounds):
        ends = dict.fromkeys(value_words(ordered[place][0]) for place in (low, high - 1))
        quarters.append((" to ".join(ends), [y for _, y in ordered[low:high]]))
    return quarters
