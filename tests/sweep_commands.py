"""Start sweeps of a small app, in place of train.py, as a user does."""

import subprocess
import sys
from pathlib import Path

import psutil

from helpers import LIMIT, wait_until
from resumebert.sweeps.status import RunStatus, read_status

APP = Path(__file__).parent / "sweeps" / "small_app.py"


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, str(APP), "-m", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def sweep(folder: Path, *arguments: str) -> tuple[int, str, str]:
    process = start(folder, *arguments)
    output, errors = process.communicate(timeout=LIMIT)
    return process.returncode, output, errors


def starts(run: Path) -> int:
    return len((run / "started.txt").read_text().splitlines())


def status(run: Path) -> RunStatus:
    found = read_status(run)
    assert found is not None
    return found


def wait_for(path: Path) -> None:
    """Wait for a file that is not empty."""
    wait_until(lambda: path.exists() and path.stat().st_size)


def wait_for_end(run: Path) -> None:
    """Wait until a run's last process is gone."""
    number = int((run / "started.txt").read_text().split()[-1])
    wait_until(lambda: not psutil.pid_exists(number))
