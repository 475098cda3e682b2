"""The Hydra callback of a sweep: check its folder, write its leaderboard after each run."""

import multiprocessing
import os
import sys
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from resumebert.sweeps.status import INTERRUPTED
from resumebert.sweeps.stopping import how_to_go_on, say, wait_for_runs
from resumebert.utils.command_line import command_line
from resumebert.utils.errors import UserError, report_user_errors
from resumebert.utils.interruption import Interruption, install


class SweepLeaderboard(Callback):
    """Keep ``leaderboard.csv`` and ``leaderboard.html`` up to date.

    A sweep exits with 1 if a run failed or was interrupted. It refuses a folder that holds another
    sweep, where the same run numbers have other settings.
    """

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check that the folder is new or holds the same sweep, and handle signals."""
        folder = config.hydra.sweep.dir
        _check_is_same_sweep(folder, list(config.hydra.overrides.task))
        install(lambda number, frame: _end(number, folder))

    @report_user_errors
    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Update the leaderboard, in the process that supervised the run."""
        if config.hydra.mode == RunMode.MULTIRUN:
            from resumebert.sweeps.leaderboard import write_leaderboard

            write_leaderboard([Path(config.hydra.sweep.dir)])

    @report_user_errors
    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Write the final leaderboard and print a summary."""
        from resumebert.sweeps.leaderboard import write_leaderboard
        from resumebert.sweeps.ranking import summary

        folder = config.hydra.sweep.dir
        leaderboard = write_leaderboard([Path(folder)])
        if leaderboard is None:
            return
        say(summary(leaderboard, Path(folder)))
        if INTERRUPTED in leaderboard.states:
            say(how_to_go_on(folder))
        if leaderboard.failed or INTERRUPTED in leaderboard.states:
            sys.exit(1)


@report_user_errors
def _check_is_same_sweep(folder: str, overrides: list[str]) -> None:
    written = Path(folder) / "multirun.yaml"
    before = list(OmegaConf.load(written).hydra.overrides.task) if written.exists() else overrides
    if before != overrides:
        raise UserError(
            f"hydra.sweep.dir={folder} holds another sweep: {command_line(*before)}. Repeat that "
            "command to continue it, or give this sweep its own folder; "
            "python -m resumebert.sweeps.leaderboard FOLDER FOLDER makes one table of both."
        )


def _end(number: int, folder: str) -> None:
    """After a signal, wait for the runs to stop, print how to continue, and end the process."""
    code = Interruption(number).exit_code
    workers = multiprocessing.active_children()
    for worker in workers:
        worker.terminate()
    if workers:
        wait_for_runs(Path(folder))
    say(how_to_go_on(folder))
    if workers:
        # An exception would make joblib kill its workers, which may still be saving.
        os._exit(code)
    sys.exit(code)
