"""Search over settings with a study of Optuna, which any number of processes can share.

Akiba et al., "Optuna: a next-generation hyperparameter optimization framework" (2019). The study is
a file in the sweep's folder. If a process is killed, the next process continues its trial.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from filelock import FileLock
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep, Transformer
from hydra.utils import instantiate
from omegaconf import DictConfig

from resumebert.sweeps.status import FAILED, FINISHED, PRUNED, read_status
from resumebert.sweeps.stopping import LOCK, is_held
from resumebert.utils.command_line import as_override
from resumebert.utils.errors import UserError
from resumebert.utils.studies import JOURNAL, begin_study

try:
    import optuna
    from optuna.distributions import (
        BaseDistribution,
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )
    from optuna.trial import TrialState
except ImportError as error:
    raise UserError(
        "A search needs Optuna, which is not installed: pip install 'resumebert[sweeps]'."
    ) from error

# Locked while a process takes trials. The journal has its own lock.
ASKING = ".search.lock"
# The attribute of a trial that names its owner: a file that the owner keeps locked while it lives.
TAKEN_BY = "taken_by"

# The sweep itself reports every trial.
optuna.logging.set_verbosity(optuna.logging.WARNING)


@dataclass(frozen=True)
class Space:
    """The search space: key → distribution."""

    distributions: dict[str, BaseDistribution]

    def example(self) -> list[str]:
        """Return the overrides of one point in the space."""
        return [
            f"{key}={found.choices[0] if isinstance(found, CategoricalDistribution) else found.low}"  # type: ignore[attr-defined]
            for key, found in self.distributions.items()
        ]


def parse_space(overrides: Sequence[Override]) -> tuple[Space, list[str]]:
    """Return the search space, and the overrides that all trials share.

    If a key is given several times, the last one counts.

    Raises:
        UserError: a sweep can't be searched, or there is none.
    """
    space: dict[str, BaseDistribution] = {}
    fixed: dict[str, str] = {}
    for override in overrides:
        key = str(override.get_key_element())
        space.pop(key, None)
        fixed.pop(key, None)
        if override.is_sweep_override():
            space[key] = _distribution(override)
        else:
            fixed[key] = f"{key}={override.get_value_element_as_str()}"
    if not space:
        raise UserError(
            "A search has nothing to search: give a key several values, as in "
            "'optimizer.lr=tag(log,interval(1e-5,1e-3))' or data.batch_size=8,16."
        )
    return Space(space), list(fixed.values())


def _distribution(override: Override) -> BaseDistribution:
    value: Any = override.value()
    if override.is_choice_sweep():
        return CategoricalDistribution(
            [str(choice) for choice in override.sweep_iterator(transformer=Transformer.encode)]
        )
    try:
        return _range(value) if isinstance(value, RangeSweep) else _interval(value)
    except ValueError as error:
        raise UserError(f"{override.input_line}: {error}") from error


def _range(value: RangeSweep) -> BaseDistribution:
    start, stop, step = value.start, value.stop, value.step
    assert start is not None
    assert stop is not None
    if isinstance(start, int) and isinstance(stop, int) and isinstance(step, int):
        # Hydra's range leaves its end out.
        return IntDistribution(start, start + (stop - 1 - start) // step * step, step=step)
    return FloatDistribution(float(start), float(stop), step=float(step))


def _interval(value: IntervalSweep) -> BaseDistribution:
    # Floats, or after int(…) integers.
    low, high = cast("tuple[float | int, float | int]", (value.start, value.end))
    log = "log" in value.tags
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(float(low), float(high), log=log)


class Search:
    """A study and its folder.

    Args:
        folder: the sweep's folder; a trial's run is in the subfolder of its number.
        space: the search space.
        sampler: makes a sampler of Optuna from a seed.
        seed: seed of the first trial's sampler.
        study: the study.
    """

    def __init__(
        self,
        folder: Path,
        space: Space,
        sampler: Callable[[int], optuna.samplers.BaseSampler],
        seed: int,
        study: optuna.Study,
    ) -> None:
        self.folder, self.space, self.study = folder, space, study
        self._sampler, self._seed = sampler, seed
        self._taken: set[int] = set()
        self._lock = FileLock(folder / f".search.{uuid4().hex}.lock")
        self._lock.acquire()

    def next_trials(self, count: int, n_trials: int) -> list[int]:
        """Return the numbers of the trials to run now; empty if the study is complete.

        Trials that a killed process left unfinished come first.

        Args:
            count: the most trials to return.
            n_trials: size of the whole study.
        """
        with FileLock(self.folder / ASKING):
            trials = self.study.get_trials(deepcopy=False)
            taken = [
                trial.number
                for trial in trials
                if trial.state == TrialState.RUNNING
                and trial.number not in self._taken
                and self._is_free(trial)
            ][:count]
            for number in range(len(trials), min(n_trials, len(trials) + count - len(taken))):
                # The seed depends on the trial's number, so that a restart or another process
                # does not draw the same settings again.
                self.study.sampler = self._sampler(self._seed + number)
                trial = self.study.ask(self.space.distributions)
                taken.append(trial.number)
            for number in taken:
                self._sign(number)
        self._taken.update(taken)
        return taken

    def overrides(self, number: int) -> list[str]:
        """Return a trial's settings, and those with which its run reports to the study."""
        params = self.study.get_trials(deepcopy=False)[number].params
        return [
            *(f"{key}={value}" for key, value in params.items()),
            f"callbacks.pruning.trial={number}",
            as_override("callbacks.pruning.journal", (self.folder / JOURNAL).resolve()),
        ]

    def record(self, number: int) -> None:
        """Report the outcome of a trial's run to the study; an interrupted one stays open."""
        status = read_status(self.folder / str(number))
        value = self._value(number)
        if status is not None and status.state == FINISHED and value is not None:
            self.study.tell(number, value, skip_if_finished=True)
        elif status is not None and status.state == PRUNED:
            self.study.tell(number, state=TrialState.PRUNED, skip_if_finished=True)
        elif status is not None and status.state in (FINISHED, FAILED):
            self.study.tell(number, state=TrialState.FAIL, skip_if_finished=True)

    def _value(self, number: int) -> float | None:
        try:
            text = (self.folder / str(number) / "metrics.json").read_text(encoding="utf-8")
        except OSError:
            return None
        value = json.loads(text).get(self.study.user_attrs["metric"])
        return float(value) if value is not None and math.isfinite(value) else None

    def _sign(self, number: int) -> None:
        """Record in the study that this process owns a trial."""
        found = self.study.get_trials(deepcopy=False)[number]
        trial = optuna.trial.Trial(self.study, found._trial_id)
        trial.set_user_attr(TAKEN_BY, Path(self._lock.lock_file).name)

    def _is_free(self, trial: optuna.trial.FrozenTrial) -> bool:
        """Return whether both the owner of a trial and its run have ended."""
        locks = [self.folder / str(trial.number) / LOCK]
        if TAKEN_BY in trial.user_attrs:
            locks.append(self.folder / trial.user_attrs[TAKEN_BY])
        return not any(is_held(lock) for lock in locks)


def open_search(
    folder: Path, space: Space, sampler: DictConfig | None, seed: int, metric: str, mode: str
) -> Search:
    """Open the study in a folder, or create it.

    Args:
        folder: the sweep's folder.
        space: the search space.
        sampler: config of a sampler of Optuna; None: its default, TPE.
        seed: seed of the sampler.
        metric: the validation metric to optimise.
        mode: ``max`` or ``min``.

    Raises:
        UserError: it is not a validation metric, or the study optimises another one.
    """
    if not metric.startswith("val/"):
        raise UserError(
            f"monitor.metric={metric}: a search needs a validation metric, such as val/f1_macro."
        )

    def make_sampler(sampler_seed: int) -> Any:
        if sampler is None:
            return optuna.samplers.TPESampler(seed=sampler_seed)
        return instantiate(sampler, seed=sampler_seed)

    with FileLock(folder / ASKING):
        study = begin_study(folder / JOURNAL, "max" if mode == "max" else "min")
        if study.user_attrs.get("metric", metric) != metric:
            raise UserError(
                f"{folder / JOURNAL} is a search for the best {study.user_attrs['metric']}, not "
                f"{metric}. Give another hydra.sweep.dir."
            )
        study.set_user_attr("metric", metric)
    return Search(folder, space, make_sampler, seed, study)
