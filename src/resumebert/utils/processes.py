"""The processes (ranks) of one run: which of them this is, and how only the first one writes.

Lightning (``trainer.devices=2``), torchrun or SLURM starts them, and each runs the whole command.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import ParamSpec

from resumebert.utils.command_line import as_override
from resumebert.utils.streams import exit_with_error

Arguments = ParamSpec("Arguments")

# Lightning sets these for its processes. They must not reach the next run of a sweep.
OF_A_LAUNCH = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "LOCAL_RANK", "WORLD_SIZE")
# The first process passes its output folder on to the others in this variable.
OUTPUT_DIR = "RESUMEBERT_OUTPUT_DIR"
PR_SET_PDEATHSIG = 1
# With null for a group, Hydra would fail with a traceback.
NULL_GROUPS = {f"{group}=null": f"{group}=none" for group in ("callbacks", "logger", "model/lora")}
# Groups of which a run needs an option.
NEEDED_GROUPS = ("data", "model", "loss", "optimizer", "scheduler", "trainer", "evaluation")


def is_first_process() -> bool:
    """Return whether this is the first process of its run, the one that writes files."""
    if "RANK" in os.environ:
        return int(os.environ["RANK"]) == 0
    if "LOCAL_RANK" in os.environ or "NODE_RANK" in os.environ:
        return all(int(os.environ.get(name, 0)) == 0 for name in ("LOCAL_RANK", "NODE_RANK"))
    return int(os.environ.get("SLURM_PROCID", 0)) == 0


def first_process_only(function: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Decorate a function that writes a file: it does nothing on the other processes."""

    @wraps(function)
    def wrapper(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        if is_first_process():
            function(*args, **kwargs)

    return wrapper


def prepare_process() -> None:
    """Set this process up as one of several, before Hydra reads the command line.

    All but the first write no files, and end when their parent process ends. A sweep that was
    started as several processes is refused: each would run all of it.
    """
    sys.argv[1:] = [NULL_GROUPS.get(item, item) for item in sys.argv[1:]]
    for group in NEEDED_GROUPS:
        if f"{group}=null" in sys.argv:
            exit_with_error(
                f"{group}=null: a run needs one of the options of conf/{group}. Leave it out for "
                "the default, or name one: python train.py --help lists them."
            )
    # Not SLURM_NTASKS: a batch script, which is one process, has it too.
    are_several = "RANK" in os.environ or int(os.environ.get("SLURM_STEP_NUM_TASKS", 1)) > 1
    if are_several and _is_sweep(sys.argv[1:]):
        if not is_first_process():
            sys.exit(1)
        exit_with_error(
            "a sweep was started as several processes, by torchrun or srun, and each would run "
            "all of it. Start the sweep as one process: with trainer=ddp each of its runs starts "
            "its own processes."
        )
    if is_first_process():
        return
    sys.argv.append("hydra.output_subdir=null")
    if OUTPUT_DIR in os.environ:
        # Lightning passes one too, but its quoting breaks if the folder's name has a quote.
        kept = [word for word in sys.argv if not word.startswith("hydra.run.dir=")]
        sys.argv = [*kept, as_override("hydra.run.dir", os.environ[OUTPUT_DIR])]
    if "LOCAL_RANK" in os.environ and sys.platform == "linux":
        # The kernel kills this process when its parent ends, even by `kill -9`.
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextmanager
def processes_of_one_run(output_dir: Path, overrides: list[str] | None) -> Iterator[None]:
    """Let a run start processes inside the ``with`` block, and clean up after it.

    Lightning starts the other processes with this process's command line. With that of a sweep,
    each would start the sweep, so theirs has the ``overrides`` of this run. None: it is no sweep.
    """
    arguments = sys.argv
    environment = {name: os.environ.get(name) for name in (*OF_A_LAUNCH, OUTPUT_DIR)}
    if is_first_process():
        os.environ[OUTPUT_DIR] = str(output_dir)
    else:
        # Hydra names the folder by the time, which may differ from the first process's.
        with suppress(OSError):
            output_dir.rmdir()
    if overrides is not None:
        sys.argv = [arguments[0], *overrides, "hydra.mode=RUN"]
    try:
        yield
    finally:
        sys.argv = arguments
        _leave_group()
        for name, value in environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _is_sweep(arguments: list[str]) -> bool:
    if "hydra.mode=RUN" in arguments:
        return False
    searches = [item for item in arguments if item.startswith("hparams_search=")]
    is_asked = not {"-m", "--multirun", "hydra.mode=MULTIRUN"}.isdisjoint(arguments)
    return is_asked or (bool(searches) and searches[-1] != "hparams_search=null")


def _leave_group() -> None:
    if "torch" not in sys.modules:
        return
    from torch import distributed

    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()
