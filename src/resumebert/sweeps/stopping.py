"""Stop a sweep and its runs: pass signals on, wait for checkpoints, leave no process behind."""

import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout
from hydra.conf import HydraConf
from omegaconf import OmegaConf

from resumebert.utils.command_line import command_line
from resumebert.utils.interruption import SECONDS_OF_ONE_SIGNAL, SIGNALS, Interruption, handling
from resumebert.utils.streams import IN_PLAIN

# Locked in a run's folder by the process that supervises it.
LOCK = ".lock"
# submitit's batch systems send this shortly before a job's time limit.
TIME_IS_UP = getattr(signal, "SIGUSR2", None)
# How long a stopped sweep waits for its runs to save their checkpoints.
SECONDS_TO_SAVE = 60.0
# The parent of this process at its start; later getppid() tells whether the parent has ended.
PARENT = os.getppid()


def how_to_go_on(folder: str) -> str:
    """Return the message for an interrupted sweep."""
    setting = command_line(**{"hydra.sweep.dir": folder})
    return f"Interrupted. To continue, repeat the command with {setting}."


def is_held(lock: Path) -> bool:
    """Return whether a process, including this one, holds the lock of a file."""
    if not lock.exists():
        return False
    try:
        with FileLock(lock, blocking=False):
            return False
    except Timeout:
        return True


def wait_for_runs(folder: Path) -> None:
    """Wait until no run of the sweep is active, at most SECONDS_TO_SAVE."""
    deadline = time.monotonic() + SECONDS_TO_SAVE
    while any(map(is_held, folder.glob(f"*/{LOCK}"))) and time.monotonic() < deadline:
        time.sleep(0.1)


@contextmanager
def noting_signals() -> Iterator[list[signal.Signals]]:
    """Note signals for :func:`wait_for`; that of a batch system's time limit counts as SIGTERM."""
    noted: list[signal.Signals] = []
    came_at = -math.inf

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal came_at
        # Sooner, it is the same signal, from the terminal and from the sweep's process.
        if time.monotonic() > came_at + SECONDS_OF_ONE_SIGNAL:
            came_at = time.monotonic()
            noted.append(signal.Signals(number) if number in SIGNALS else signal.SIGTERM)

    time_is_up = [TIME_IS_UP] if TIME_IS_UP is not None and is_job() else []
    with handling(note, (*SIGNALS, *time_is_up)):
        yield noted


def wait_for(
    process: "subprocess.Popen[str]", noted: list[signal.Signals], *, as_worker: bool
) -> int:
    """Wait for the process of a run, and pass the noted signals on to it; return its exit code.

    That the parent of a worker ends counts as SIGTERM.
    """
    passed_on = 0
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=0.1)
        if as_worker and os.getppid() != PARENT and not noted:
            noted.append(signal.SIGTERM)
        if len(noted) > passed_on:
            passed_on = len(noted)
            # It may just have ended.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, noted[-1])


def end_with_the_sweep() -> None:
    """End this process when the sweep that started it ends, even by ``kill -9``."""

    def wait() -> None:
        # Not sys.stdin: this thread would still hold its lock when Python ends.
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
    if TIME_IS_UP is not None:
        # A batch system sends it to every process of a job, and the supervisor passes it on.
        signal.signal(TIME_IS_UP, signal.SIG_IGN)


def is_job() -> bool:
    """Return whether this process is a job of submitit."""
    return "SUBMITIT_EXECUTOR" in os.environ


def is_worker(hydra: HydraConf) -> bool:
    """Return whether this process is a worker of joblib, which can outlive the sweep."""
    return "joblib" in str(OmegaConf.select(hydra.launcher, "_target_"))


def leave(number: int, *, as_worker: bool) -> None:
    """End this process as a signal does; if it is not a worker, end the sweep."""
    code = Interruption(number).exit_code
    if not as_worker:
        sys.exit(code)
    # A worker that only raises an exception would take the next run. If it ends before the sweep's
    # process, joblib kills the other workers, which may still be saving.
    deadline = time.monotonic() + SECONDS_TO_SAVE
    while os.getppid() == PARENT and time.monotonic() < deadline:
        time.sleep(0.1)
    os._exit(code)


def say(words: str) -> None:
    """Print a line; do nothing if standard output can't be written."""
    with suppress(OSError, SystemExit):
        # In a launcher's worker, the streams were not prepared by utils.streams.
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        # One write, so that lines of concurrent runs don't mix.
        sys.stdout.write(f"{words}\n".encode(encoding, IN_PLAIN).decode(encoding))
        sys.stdout.flush()
