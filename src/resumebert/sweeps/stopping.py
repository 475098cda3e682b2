"""Stop a sweep and its runs: pass signals on, wait for checkpoints, leave no process behind."""

import contextlib
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from hydra.conf import HydraConf
from omegaconf import OmegaConf

from resumebert.utils.command_line import command_line
from resumebert.utils.interruption import SECONDS_OF_ONE_SIGNAL
from resumebert.utils.streams import IN_PLAIN

# Locked in a run's folder by the process that supervises it.
LOCK = ".lock"
STOPPED = {signal.SIGINT: 130, signal.SIGTERM: 143}
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


def wait_for_runs(folder: Path) -> None:
    """Wait until no run of the sweep is active, at most SECONDS_TO_SAVE."""
    deadline = time.monotonic() + SECONDS_TO_SAVE
    while time.monotonic() < deadline:
        if not any(is_held(lock) for lock in folder.glob(f"*/{LOCK}")):
            return
        time.sleep(0.1)


def is_held(lock: Path) -> bool:
    """Return whether a process, including this one, holds the lock of a file."""
    if not lock.exists():
        return False
    try:
        with FileLock(lock, blocking=False):
            return False
    except Timeout:
        return True


@contextmanager
def signals_passed_on() -> Iterator[
    tuple[list[signal.Signals], Callable[[subprocess.Popen[str]], None]]
]:
    """Pass SIGINT and SIGTERM on to the run, so that it stops cleanly.

    The signal of a batch system's time limit is passed on as SIGTERM.

    Yields:
        The list of the signals received, and a function that adds a process to pass them on to.
    """
    received: list[signal.Signals] = []
    processes: list[subprocess.Popen[str]] = []
    told: list[subprocess.Popen[str]] = []
    came_at = -math.inf

    def tell(process: subprocess.Popen[str]) -> None:
        if process.poll() is None:
            os.killpg(process.pid, received[-1])

    def add(process: subprocess.Popen[str]) -> None:
        processes.append(process)
        # A signal that came before this process was added has not reached it.
        if received and process not in told:
            tell(process)

    def pass_on(number: int, frame: object) -> None:
        nonlocal came_at
        now = time.monotonic()
        if now < came_at + SECONDS_OF_ONE_SIGNAL:
            # The same signal, from the terminal and from the sweep's process.
            return
        came_at = now
        received.append(signal.Signals(number) if number in STOPPED else signal.SIGTERM)
        for process in processes:
            told.append(process)
            tell(process)

    # Some launchers run their jobs in threads, where Python allows no signal handlers.
    if threading.current_thread() is not threading.main_thread():
        yield received, add
        return
    numbers = [*STOPPED, *([TIME_IS_UP] if TIME_IS_UP is not None and is_job() else [])]
    before = {number: signal.signal(number, pass_on) for number in numbers}
    try:
        yield received, add
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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


def leave(code: int, as_worker: bool) -> None:
    """End this process; if it is not a worker, end the sweep."""
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
    with contextlib.suppress(OSError, SystemExit):
        # In a launcher's worker, the streams were not prepared by utils.streams.
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        # One write, so that lines of concurrent runs don't mix.
        sys.stdout.write(f"{words}\n".encode(encoding, IN_PLAIN).decode(encoding))
        sys.stdout.flush()
