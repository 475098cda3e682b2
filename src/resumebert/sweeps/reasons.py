"""Why a run ended, from what it left on the screen."""

import re
import signal
from collections.abc import Sequence

# A traceback's last line, such as "torch.OutOfMemoryError: CUDA out of memory. …".
_EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*(Error|Exception|Interrupt|Exit)\b(:.*)?$")
LONGEST = 600


def reason_of(exit_code: int, lines: Sequence[str]) -> str:
    """Say in one paragraph why a process ended.

    Args:
        exit_code: below 0, the signal that killed it.
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
        words += ", as by the system when memory runs out"
    return words
