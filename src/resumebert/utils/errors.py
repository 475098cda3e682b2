"""The exceptions for a user's mistakes, and how a command reports them."""

import errno
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from hydra.errors import InstantiationException
from omegaconf.errors import OmegaConfBaseException

from resumebert.utils.interruption import Interruption, signals_interrupt
from resumebert.utils.processes import is_first_process
from resumebert.utils.streams import exit_with_error

OUT_OF_MEMORY = (
    "there is not enough memory. Lower data.batch_size, data.max_length or, with "
    "data.long_documents=windows, data.max_windows_train; model.gradient_checkpointing=true saves "
    "memory too. If it was not in training, lower model.chunk_tokens and data.eval_batch_size."
)
# Causes of a failed read or write that the user can mend, and that no bug in the code has.
OF_THE_MACHINE = (
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO,
    errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENAMETOOLONG, errno.ENOENT,
)  # fmt: skip


class UserError(Exception):
    """A mistake that the user can correct.

    The message is one paragraph: what is wrong, where (file, row, key), and what to do. It is
    printed without a traceback by :func:`report_user_errors`, and the process exits with 1.
    """


class UnwrittenError(UserError):
    """The file ``path`` can't be written."""

    def __init__(self, path: str | os.PathLike[str], words: str) -> None:
        super().__init__(f"{path}: {words}")
        self.path = Path(path)


def report_user_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate an entry point: print a user's mistake without a traceback, and exit with 1.

    Mistakes are a :class:`UserError`, a value missing from the config, an argument that a class
    named in the config does not take, a disk that is full, read-only or broken, and too little
    memory. If ``HYDRA_FULL_ERROR`` is set, all but the first keep their traceback. SIGINT and
    SIGTERM end the command with 130 and 143.
    """

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            with signals_interrupt():
                return function(*args, **kwargs)
        except Interruption as interruption:
            # If a process that Lightning started exits with another code, Lightning takes it for a
            # crash and kills all of them.
            sys.exit(interruption.exit_code if is_first_process() else 0)
        except Exception as error:
            message = _message(error)
            if message is None:
                raise
            exit_with_error(message)

    return wrapper


def _message(error: Exception) -> str | None:
    """Return what to tell the user; None if the error needs its traceback."""
    if isinstance(error, UserError):
        return str(error)
    if os.environ.get("HYDRA_FULL_ERROR"):
        return None
    if isinstance(error, InstantiationException | OmegaConfBaseException):
        return f"the config can't be used: {' '.join(str(error).split())}"
    if isinstance(error, OSError):
        # A missing file with a name is a bug. A missing folder for temporary files has no name.
        is_bug = error.errno == errno.ENOENT and error.filename is not None
        if is_bug or error.errno not in OF_THE_MACHINE:
            return None
        where = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        return (
            f"{where}{error.strerror}. Make room on the disk, or see to it that files and folders "
            "(also for temporary files, TMPDIR) can be read and written."
        )
    if isinstance(error, RuntimeError):
        # Imported here because it takes seconds.
        from lightning.pytorch.utilities.memory import is_oom_error

        is_out_of_memory = is_oom_error(error)
    else:
        is_out_of_memory = isinstance(error, MemoryError)
    if not is_out_of_memory:
        return None
    first_line = str(error).partition("\n")[0].strip()
    return f"{OUT_OF_MEMORY} ({type(error).__name__}: {first_line})"
