"""Start sweeps of a small app, in place of train.py, as a user does."""

import subprocess
import sys
import time
from pathlib import Path

import psutil

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
    output, errors = process.communicate(timeout=120)
    return process.returncode, output, errors


def starts(run: Path) -> int:
    return len((run / "started.txt").read_text().splitlines())


def status(run: Path) -> RunStatus:
    found = read_status(run)
    assert found is not None
    return found


def has_ended(run: Path) -> bool:
    """Tell whether a run's last process is gone within a while."""
    number = int((run / "started.txt").read_text().split()[-1])
    for _ in range(200):
        if not psutil.pid_exists(number):
            return True
        time.sleep(0.05)
    return False


def wait_for(path: Path) -> None:
    for _ in range(600):
        if path.exists() and path.stat().st_size:
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} never came")
