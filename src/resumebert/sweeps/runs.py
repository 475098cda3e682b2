"""Read runs from their folders: settings, metrics, cost, state."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from yaml import YAMLError

from resumebert.sweeps.status import FINISHED, read_metrics, read_status
from resumebert.utils.command_line import Value, given_keys, value_of
from resumebert.utils.folders import read_json


@dataclass(frozen=True)
class Run:
    """A run, as read from its folder.

    ``state`` is that of :class:`~resumebert.sweeps.status.RunStatus`, or ``unfinished`` for a run
    outside any sweep that has no metrics. ``given`` are the keys on its command line, and
    ``choices`` the options of config groups.
    """

    folder: Path
    state: str
    reason: str | None
    given: tuple[str, ...]
    config: DictConfig
    choices: dict[str, str]
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    monitor: str | None
    mode: str
    minutes: float | None
    documents_per_second: float | None

    @property
    def is_finished(self) -> bool:
        """Return whether it has its final metrics."""
        return self.state == FINISHED

    def setting(self, key: str) -> Value:
        """Return the value of a key, or the chosen option of a config group."""
        return value_of(self.config, self.choices, key)


def find_runs(folders: Sequence[Path]) -> list[Run]:
    """Read all runs in the folders and below them; run 10 comes after run 9."""
    found = {
        configs.parent.parent.resolve(): None
        for folder in folders
        for configs in sorted(folder.rglob(".hydra/overrides.yaml"), key=_natural)
    }
    runs = [read_run(folder) for folder in found]
    return [run for run in runs if run is not None]


def read_run(folder: Path) -> Run | None:
    """Read a run's folder; return None if its config is not readable (yet)."""
    try:
        config, overrides, hydra = (
            OmegaConf.load(folder / ".hydra" / f"{name}.yaml")
            for name in ("config", "overrides", "hydra")
        )
    except (OSError, YAMLError):
        return None
    if not isinstance(config, DictConfig):
        return None
    choices = OmegaConf.select(hydra, "hydra.runtime.choices") or {}
    metrics = read_metrics(folder)
    status = read_status(folder)
    if status is None:
        state = FINISHED if metrics else "unfinished"
        reason, minutes = None, _minutes(folder)
    else:
        state, reason, minutes = status.state, status.reason, status.seconds / 60 or None
    return Run(
        folder=folder,
        state=state,
        reason=reason,
        given=given_keys(overrides),
        config=config,
        choices={str(group): option for group, option in choices.items() if option is not None},
        metrics=metrics,
        intervals={
            name.removesuffix("_ci"): (float(ends[0]), float(ends[1]))
            for name, ends in read_json(folder / "metrics.json").items()
            if name.endswith("_ci") and isinstance(ends, list) and len(ends) == 2
        },
        monitor=OmegaConf.select(config, "monitor.metric"),
        mode=OmegaConf.select(config, "monitor.mode") or "max",
        minutes=minutes,
        documents_per_second=read_json(folder / "throughput.json").get("documents_per_second"),
    )


def _minutes(folder: Path) -> float | None:
    """Return the time between the writing of environment.json and of metrics.json."""
    try:
        started = datetime.fromisoformat(read_json(folder / "environment.json")["time"])
        ended = (folder / "metrics.json").stat().st_mtime
    except (OSError, KeyError, ValueError):
        return None
    return max(0.0, ended - started.timestamp()) / 60


def _natural(path: Path) -> list[tuple[str, int]]:
    return [(text, int(part or 0)) for text, part in re.findall(r"(\D*)(\d*)", str(path))]
