"""status.json: how a run of a sweep ended, and why."""

import json
import math
import re
import signal
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from resumebert.utils.durable_files import write_text
from resumebert.utils.folders import read_json
from resumebert.utils.interruption import SIGNALS, Interruption

STATUS = "status.json"
# callbacks.pruning writes this file when it ends a run.
PRUNED_NOTE = "pruned.json"
EXIT_CODES_OF_SIGNALS = [Interruption(number).exit_code for number in SIGNALS]

RUNNING, FINISHED, PRUNED = "running", "finished", "pruned"
FAILED, INTERRUPTED = "failed", "interrupted"
DONE = (FINISHED, PRUNED)

# A traceback's last line, such as "torch.OutOfMemoryError: CUDA out of memory. …".
_EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*(Error|Exception|Interrupt|Exit)\b(:.*)?$")
LONGEST = 600


@dataclass(frozen=True)
class RunStatus:
    """The outcome of a run, over all its attempts.

    A ``pruned`` run was ended early by a search; one is ``running`` also if the sweep itself was
    killed. A negative ``exit_code`` is the signal that killed the last attempt.
    """

    state: str
    overrides: list[str]
    command: list[str]
    attempts: int = 1
    seconds: float = 0.0
    reason: str | None = None
    exit_code: int | None = None

    @property
    def is_resumable(self) -> bool:
        """Return whether it was stopped from outside, so that it can be resumed."""
        is_killed = self.state == FAILED and self.exit_code is not None and self.exit_code < 0
        return self.state in (RUNNING, INTERRUPTED) or is_killed


def read_status(folder: Path) -> RunStatus | None:
    """Return the status in a run's folder; None if there is none."""
    try:
        return RunStatus(**read_json(folder / STATUS))
    except TypeError:
        return None


def write_status(folder: Path, status: RunStatus) -> None:
    """Write the status into a run's folder."""
    write_text(folder / STATUS, json.dumps(asdict(status), indent=2, ensure_ascii=False) + "\n")


def read_metrics(folder: Path) -> dict[str, float]:
    """Return a run's final metrics, without undefined ones; empty if it has not finished."""
    return {
        name: float(value)
        for name, value in read_json(folder / "metrics.json").items()
        if isinstance(value, int | float) and math.isfinite(value)
    }


def outcome_of(
    folder: Path, exit_code: int, lines: Sequence[str], *, is_stopped: bool
) -> tuple[str, str | None]:
    """Return state and reason of an ended run; ``is_stopped``: a signal was passed on to it."""
    if exit_code == 0 and (folder / "metrics.json").exists():
        return FINISHED, None
    if note := read_json(folder / PRUNED_NOTE):
        return PRUNED, note["reason"]
    if is_stopped or exit_code in EXIT_CODES_OF_SIGNALS:
        return INTERRUPTED, "stopped from outside"
    return FAILED, reason_of(exit_code, lines)


def reason_of(exit_code: int, lines: Sequence[str]) -> str:
    """Return in one paragraph why a process failed; a negative code is a signal's."""
    if exit_code < 0:
        names = {int(number): number.name for number in signal.Signals}
        words = f"killed by {names.get(-exit_code, f'signal {-exit_code}')}"
        if exit_code == -signal.SIGKILL:
            words += ", which the system does when memory runs out"
        return words
    errors = [line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")]
    exceptions = [line for line in lines if _EXCEPTION.match(line)]
    said = [line.strip() for line in lines if line.strip()]
    if errors or exceptions:
        reason = (errors or exceptions)[-1]
    elif exit_code == 0:
        reason = "ended without metrics.json"
    else:
        reason = f"exit code {exit_code}" + (f": {said[-1]}" if said else "")
    return reason if len(reason) <= LONGEST else reason[: LONGEST - 1] + "…"
