"""How a sweep and its runs stop: signals passed on, checkpoints waited for, nothing left behind."""

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

from resumebert.utils.interruption import SECONDS_OF_ONE_SIGNAL
from resumebert.utils.settings import command_line
from resumebert.utils.streams import IN_PLAIN

# Held in a run's folder by the process that is at it.
LOCK = ".lock"
STOPPED = {signal.SIGINT: 130, signal.SIGTERM: 143}
# With which submitit has a batch system tell a job that its time is nearly up.
TIME_IS_UP = getattr(signal, "SIGUSR2", None)

# That a sweep which is stopped waits for its runs to save their checkpoints.
SECONDS_TO_SAVE = 60.0

# Of this process, when it had one still.
PARENT = os.getppid()


def how_to_go_on(folder: str) -> str:
    """Return what to say when a sweep is interrupted."""
    setting = command_line(**{"hydra.sweep.dir": folder})
    return f"Interrupted. The same command with {setting} goes on."


def wait_for_runs(folder: Path) -> None:
    """Wait until no process is at a run of a sweep, though not for ever."""
    deadline = time.monotonic() + SECONDS_TO_SAVE
    while time.monotonic() < deadline:
        if not any(is_held(lock) for lock in folder.glob(f"*/{LOCK}")):
            return
        time.sleep(0.1)


def is_held(lock: Path) -> bool:
    """Tell whether a process, this one included, holds the lock of a file."""
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
    """Pass SIGINT and SIGTERM on to the run, which stops in its own way; yield those that came.

    That a job's time is nearly up is passed on as SIGTERM.
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
        # A signal that came between the process's start and here has met none to tell.
        if received and process not in told:
            tell(process)

    def pass_on(number: int, frame: object) -> None:
        nonlocal came_at
        now = time.monotonic()
        if now < came_at + SECONDS_OF_ONE_SIGNAL:
            # From a terminal and by way of the sweep's process, it comes twice.
            return
        came_at = now
        received.append(signal.Signals(number) if number in STOPPED else signal.SIGTERM)
        for process in processes:
            told.append(process)
            tell(process)

    # Some launchers run their jobs in threads, where Python can set no handler.
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
    """End this process when the sweep that started it has ended, be it by ``kill -9``."""

    def wait() -> None:
        # Not sys.stdin, whose lock would be held when Python ends.
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
    if TIME_IS_UP is not None:
        # A batch system sends it to every process of a job; the one that started this passes it on.
        signal.signal(TIME_IS_UP, signal.SIG_IGN)


def is_job() -> bool:
    """Tell whether this is a job of submitit."""
    return "SUBMITIT_EXECUTOR" in os.environ


def is_worker(hydra: HydraConf) -> bool:
    """Tell whether this is one of joblib's workers, which outlive the sweep (jobs are meant to)."""
    return "joblib" in str(OmegaConf.select(hydra.launcher, "_target_"))


def leave(code: int, as_worker: bool) -> None:
    """End this process, or the sweep if it is no worker of one."""
    if not as_worker:
        sys.exit(code)
    # A worker that only raised would take the next run; and when one ends while the sweep's process
    # lives, joblib kills the others, which may still be saving.
    deadline = time.monotonic() + SECONDS_TO_SAVE
    while os.getppid() == PARENT and time.monotonic() < deadline:
        time.sleep(0.1)
    os._exit(code)


def say(words: str) -> None:
    """Print a line, if there is still someone to read it."""
    with contextlib.suppress(OSError, SystemExit):
        # A launcher's worker has its streams as they came.
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        # One write, so that lines of runs at the same time don't mix.
        sys.stdout.write(f"{words}\n".encode(encoding, IN_PLAIN).decode(encoding))
        sys.stdout.flush()
