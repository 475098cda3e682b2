"""Files that are whole whenever the process, or the machine, stops, and however full the disk is.

Everything that the package writes into a run's folder goes through here.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from resumebert.utils.errors import UnwrittenError, UserError

if TYPE_CHECKING:
    import pandas as pd

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

# What could not be written since `postpone`; None: an error at once.
_postponed: list[UnwrittenError] | None = None


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of ``path`` once all of it is on the disk.

    Whoever opens ``path`` finds the old file or the new one, never a part; after an exception, the
    old one. What a killed process left half-written is removed with the next call.

    Raises:
        UnwrittenError: it can't be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left_over in path.parent.glob(f".{path.name}.*.partial"):
            left_over.unlink(missing_ok=True)
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        _sync(path.parent)
    except (OSError, RuntimeError) as error:
        # A zip archive that is cut off by a full disk is a RuntimeError to PyTorch.
        cause = error.__context__ if isinstance(error, RuntimeError) else None
        raise UnwrittenError(path, _words(path, cause or error)) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a small file in UTF-8, line ends as they are in ``text``.

    What is no UTF-8 in a path stands there by its number, as JSON has it and reads it back.

    Raises:
        UnwrittenError: it can't be written, and :func:`postpone` was not called.
    """
    try:
        with replacing(path) as file:
            file.write(in_utf8(text).encode("utf-8"))
    except UnwrittenError as error:
        tell_or_raise(error)


def in_utf8(text: str) -> str:
    r"""Return the text with what UTF-8 can't hold, such as of a file's name, written as \udc..."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def write_csv(path: Path, frame: "pd.DataFrame") -> None:
    """Write a table without its index, as :func:`write_text` does."""
    write_text(path, frame.to_csv(index=False))


def postpone() -> None:
    """From now on a small file that can't be written is told of, and an error only at the end.

    For what comes after hours of training: whatever else fits is still written.
    """
    global _postponed
    _postponed = []


def tell_or_raise(error: UnwrittenError) -> None:
    """Raise the error, or put it off to the end of :func:`raising_postponed`."""
    if _postponed is None:
        raise error
    if error.path not in [before.path for before in _postponed]:
        _postponed.append(error)
        print(f"Warning: {error}", file=sys.stderr, flush=True)


@contextmanager
def raising_postponed() -> Iterator[None]:
    """At the end of the ``with`` block, raise what was put off in it.

    Raises:
        UserError: not all files could be written.
    """
    global _postponed
    try:
        yield
        if _postponed:
            names = ", ".join(error.path.name for error in _postponed)
            raise UserError(
                f"not everything could be written: {names}; the warnings above have the reasons. "
                "What lies in the folder is whole. Once there is room, python eval.py ckpt=FOLDER "
                "makes figures and report of its model."
            )
    finally:
        _postponed = None


def _words(path: Path, error: BaseException) -> str:
    reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
    kept = ""
    with suppress(OSError):
        kept = "; the one from before is still there" if path.exists() else ""
    remedy = "Make it writable"
    if getattr(error, "errno", errno.ENOSPC) in NO_ROOM:
        remedy = "Make room on the disk"
    return (
        f"the file can't be written ({reason}){kept}. {remedy}, or give another folder with "
        "output_dir=FOLDER."
    )


def _sync(folder: Path) -> None:
    """See the names of a folder's files onto the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
