"""Search over settings with a study of Optuna, which any number of processes can share.

Akiba et al., "Optuna: a next-generation hyperparameter optimization framework" (2019). The study is
a file in the sweep's folder. If a process is killed, the next process continues its trial.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock
from hydra.core.override_parser.types import Override, RangeSweep, Transformer
from hydra.utils import instantiate
from omegaconf import DictConfig

from resumebert.sweeps.status import FAILED, FINISHED, PRUNED, read_metrics, read_status
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

# The search space: key → distribution.
Space = dict[str, BaseDistribution]

# Locked while a process takes trials. The journal has its own lock.
ASKING = ".search.lock"
# Locked in a trial's folder by the process that took the trial, until its outcome is recorded.
TAKEN = ".trial.lock"

# The sweep itself reports every trial.
optuna.logging.set_verbosity(optuna.logging.WARNING)


def parse_space(overrides: Sequence[Override]) -> tuple[Space, list[str]]:
    """Return the search space, and the overrides that all trials share; a key's last one counts."""
    last = {str(override.get_key_element()): override for override in overrides}
    space = {key: _distribution(one) for key, one in last.items() if one.is_sweep_override()}
    if not space:
        raise UserError(
            "A search has nothing to search: give a key several values, as in "
            "'optimizer.lr=tag(log,interval(1e-5,1e-3))' or data.batch_size=8,16."
        )
    fixed = [
        f"{key}={override.get_value_element_as_str()}"
        for key, override in last.items()
        if key not in space
    ]
    return space, fixed


def example_of(space: Space) -> list[str]:
    """Return the overrides of one point in the space."""
    return [
        f"{key}={found.choices[0] if isinstance(found, CategoricalDistribution) else found.low}"  # type: ignore[attr-defined]
        for key, found in space.items()
    ]


def _distribution(override: Override) -> BaseDistribution:
    value: Any = override.value()
    if override.is_choice_sweep():
        choices = override.sweep_iterator(transformer=Transformer.encode)
        return CategoricalDistribution([str(choice) for choice in choices])
    is_range = isinstance(value, RangeSweep)
    low: Any = value.start
    high: Any = value.stop if is_range else value.end
    options: dict[str, Any] = {"step": value.step} if is_range else {"log": "log" in value.tags}
    try:
        if not all(isinstance(number, int) for number in (low, high, *options.values())):
            return FloatDistribution(float(low), float(high), **options)
        if is_range:
            # Hydra's range leaves its end out.
            high = low + (high - 1 - low) // value.step * value.step
        return IntDistribution(low, high, **options)
    except ValueError as error:
        raise UserError(f"{override.input_line}: {error}") from error


class Search:
    """The study of a sweep: opened, or created if there is none.

    A trial's run is in the subfolder of its number. ``sampler`` is the config of one of Optuna's;
    None: its default, TPE. ``seed`` is that of the first trial's sampler.
    """

    def __init__(
        self,
        folder: Path,
        space: Space,
        sampler: DictConfig | None,
        seed: int,
        metric: str,
        mode: Literal["max", "min"],
    ) -> None:
        if not metric.startswith("val/"):
            raise UserError(
                f"monitor.metric={metric}: a search needs a validation metric, such as "
                "val/f1_macro."
            )
        self.folder, self.space, self.metric = folder, space, metric
        self._sampler = sampler or {"_target_": "optuna.samplers.TPESampler"}
        self._seed = seed
        with FileLock(folder / ASKING):
            self.study = begin_study(folder / JOURNAL, mode)
            before = self.study.user_attrs.get("metric", metric)
            if before != metric:
                raise UserError(
                    f"{folder / JOURNAL} is a search for the best {before}, not {metric}. Give "
                    "another hydra.sweep.dir."
                )
            self.study.set_user_attr("metric", metric)
        self._taken: dict[int, FileLock] = {}

    def next_trials(self, count: int, n_trials: int) -> list[int]:
        """Return the numbers of the trials to run now; empty if the study is complete.

        At most ``count``, and no more than ``n_trials`` in the whole study. Trials that a killed
        process left unfinished come first.
        """
        with FileLock(self.folder / ASKING):
            trials = self.study.get_trials(deepcopy=False)
            open_ones = [trial.number for trial in trials if trial.state == TrialState.RUNNING]
            numbers = [number for number in open_ones if self._is_left(number)][:count]
            for number in range(len(trials), min(n_trials, len(trials) + count - len(numbers))):
                # The seed depends on the trial's number, so that a restart or another process
                # does not draw the same settings again.
                self.study.sampler = instantiate(self._sampler, seed=self._seed + number)
                numbers.append(self.study.ask(self.space).number)
            for number in numbers:
                run = self.folder / str(number)
                run.mkdir(exist_ok=True)
                self._taken[number] = FileLock(run / TAKEN)
                self._taken[number].acquire()
        return numbers

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
        run = self.folder / str(number)
        status, value = read_status(run), read_metrics(run).get(self.metric)
        state = None if status is None else status.state
        if state == FINISHED and value is not None:
            self.study.tell(number, value, skip_if_finished=True)
        elif state == PRUNED:
            self.study.tell(number, state=TrialState.PRUNED, skip_if_finished=True)
        elif state in (FINISHED, FAILED):
            self.study.tell(number, state=TrialState.FAIL, skip_if_finished=True)
        else:
            # It stays open and taken, so that this process does not repeat it.
            return
        self._taken.pop(number).release()

    def _is_left(self, number: int) -> bool:
        """Return whether both the process that took an open trial and its run have ended."""
        return not any(is_held(self.folder / str(number) / lock) for lock in (LOCK, TAKEN))
