"""The Hydra callback of a sweep: check its folder, write its leaderboard after each run."""

import multiprocessing
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from resumebert.sweeps.status import INTERRUPTED
from resumebert.sweeps.stopping import STOPPED, how_to_go_on, say, wait_for_runs
from resumebert.utils.command_line import command_line
from resumebert.utils.errors import report_user_errors

if TYPE_CHECKING:
    from resumebert.sweeps.ranking import Leaderboard


class SweepLeaderboard(Callback):
    """Keep ``leaderboard.csv`` and ``leaderboard.html`` up to date.

    A sweep exits with 1 if a run failed or was interrupted. It refuses a folder that holds another
    sweep, where the same run numbers have other settings.
    """

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check that the folder is new or holds the same sweep, and handle signals."""
        _end_with_a_word(config.hydra.sweep.dir)
        written = Path(config.hydra.sweep.dir) / "multirun.yaml"
        if not written.exists():
            return
        before = list(OmegaConf.load(written).hydra.overrides.task)
        now = list(config.hydra.overrides.task)
        if before != now:
            # Hydra turns other exceptions of a callback into a warning.
            print(
                f"Error: hydra.sweep.dir={config.hydra.sweep.dir} holds another sweep: "
                f"{command_line(*before)}. Repeat that command to continue it, or give this sweep "
                "its own folder; python -m resumebert.sweeps.leaderboard FOLDER FOLDER makes one "
                "table of both.",
                file=sys.stderr,
            )
            sys.exit(1)

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Update the leaderboard, in the process that supervised the run."""
        if config.hydra.mode == RunMode.MULTIRUN:
            _write_leaderboard(config.hydra.sweep.dir)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Write the final leaderboard and print a summary."""
        from resumebert.sweeps.ranking import summary

        folder = Path(config.hydra.sweep.dir)
        leaderboard = _write_leaderboard(folder)
        if leaderboard is None:
            return
        say(summary(leaderboard, folder))
        if INTERRUPTED in leaderboard.states:
            say(how_to_go_on(str(folder)))
        if leaderboard.failed or INTERRUPTED in leaderboard.states:
            sys.exit(1)


@report_user_errors
def _write_leaderboard(folder: str | Path) -> "Leaderboard | None":
    from resumebert.sweeps.leaderboard import write_leaderboard

    return write_leaderboard([Path(folder)])


def _end_with_a_word(folder: str) -> None:
    """On SIGINT and SIGTERM, wait for the runs to stop, then print how to continue."""

    def end(number: int, frame: object) -> None:
        code = STOPPED[signal.Signals(number)]
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

    if threading.current_thread() is threading.main_thread():
        for number in STOPPED:
            signal.signal(number, end)
