"""status.json: how a run of a sweep ended, and why."""

import json
import re
import signal
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from resumebert.utils.durable_files import write_text

STATUS = "status.json"

RUNNING, FINISHED, PRUNED = "running", "finished", "pruned"
FAILED, INTERRUPTED = "failed", "interrupted"
DONE = (FINISHED, PRUNED)

# A traceback's last line, such as "torch.OutOfMemoryError: CUDA out of memory. …".
_EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*(Error|Exception|Interrupt|Exit)\b(:.*)?$")
LONGEST = 600


@dataclass(frozen=True)
class RunStatus:
    """The outcome of a run.

    Attributes:
        state: ``running`` (also if the sweep itself was killed), ``finished``, ``pruned`` (ended
            early by a search), ``interrupted`` or ``failed``.
        overrides: the run's settings, as on a command line.
        command: the command that was executed.
        attempts: how often it was started.
        seconds: total time of all attempts.
        reason: why it did not finish, in one paragraph.
        exit_code: of the last attempt; a negative one is the signal that killed it.
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
        return RunStatus(**json.loads((folder / STATUS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_status(folder: Path, status: RunStatus) -> None:
    """Write the status into a run's folder."""
    write_text(folder / STATUS, json.dumps(asdict(status), indent=2, ensure_ascii=False) + "\n")


def reason_of(exit_code: int, lines: Sequence[str]) -> str:
    """Return in one paragraph why a process ended.

    Args:
        exit_code: a negative one is the signal that killed it.
        lines: the last lines of its output.
    """
    if exit_code < 0:
        return _killed(-exit_code)
    errors = [line for line in lines if line.startswith("Error: ")]
    exceptions = [line for line in lines if _EXCEPTION.match(line)]
    if errors:
        reason = errors[-1].removeprefix("Error: ")
    elif exceptions:
        reason = exceptions[-1]
    elif exit_code == 0:
        reason = "ended without metrics.json"
    else:
        said = [line for line in lines if line.strip()]
        reason = f"exit code {exit_code}" + (f": {said[-1].strip()}" if said else "")
    return reason if len(reason) <= LONGEST else reason[: LONGEST - 1] + "…"


def _killed(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    words = f"killed by {name}"
    if name == "SIGKILL":
        words += ", which the system does when memory runs out"
    return words
