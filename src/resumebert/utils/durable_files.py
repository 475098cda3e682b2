"""Write files that are never half-written, even if the process is killed or the disk is full.

The package writes everything in a run's folder with these functions.
"""

import errno
import glob
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from resumebert.utils.csv_cells import escaped
from resumebert.utils.errors import UnwrittenError, UserError

if TYPE_CHECKING:
    import pandas as pd

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

# The files that could not be written since `postpone`; None: errors are raised at once.
_postponed: list[UnwrittenError] | None = None


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that replaces ``path`` once it is completely on the disk.

    A reader finds the old file or the new one, never a part; after an exception, the old one. The
    next call on the same machine removes what a killed process left half-written.
    """
    here = f".{path.name}.{platform.node()}"
    partial = path.with_name(f"{here}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for other in path.parent.glob(f"{glob.escape(here)}.*.partial"):
            if not _is_running(int(other.name.split(".")[-2])):
                other.unlink(missing_ok=True)
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        sync(path.parent)
    except (OSError, RuntimeError) as error:
        # When the disk is full, PyTorch raises a RuntimeError about its zip archive.
        cause = error.__context__ if isinstance(error, RuntimeError) else None
        raise UnwrittenError(path, _reason(path, cause or error)) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path, key: str) -> Iterator[Path]:
    """Yield a folder to write into; it becomes ``path``, free or empty so far, whole or not."""
    path = check_is_free(path, key).absolute()
    here = f".{path.name}.{platform.node()}"
    partial = path.with_name(f"{here}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for other in path.parent.glob(f"{glob.escape(here)}.*.partial"):
            if other.is_dir() and not _is_running(int(other.name.split(".")[-2])):
                shutil.rmtree(other, ignore_errors=True)
        partial.mkdir()
        yield partial
        for file in (each for each in partial.rglob("*") if each.is_file()):
            with file.open("rb") as content:
                os.fsync(content.fileno())
        partial.rename(path)
        sync(path.parent)
    except OSError as error:
        raise UserError(
            f"{key}={path}: the folder can't be written ({error.strerror or error}). Make room, or "
            f"give another one with {key}=FOLDER."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_is_free(path: Path, key: str) -> Path:
    """Return the path that ``key`` gives for a new folder, with ``~`` written out."""
    path = path.expanduser()
    if path.is_dir() and not any(path.iterdir()):
        return path
    if path.exists() or path.is_symlink():
        raise UserError(
            f"{key}={path}: there is something already, and nothing is overwritten. Give another "
            f"folder with {key}=FOLDER, or remove this one."
        )
    return path


def write_text(path: Path, text: str) -> None:
    """Write a small file in UTF-8, with the line ends of ``text``.

    Bytes of a path that are not UTF-8 are written as JSON escapes, which JSON reads back.
    """
    try:
        with replacing(path) as file:
            file.write(in_utf8(text).encode("utf-8"))
    except UnwrittenError as error:
        tell_or_raise(error)


def in_utf8(text: str) -> str:
    r"""Return the text with what UTF-8 can't encode, as in some file names, written as \udc..."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def write_csv(path: Path, frame: "pd.DataFrame") -> None:
    """Write a table without its index, as :func:`write_text` does; no cell of it is a formula."""
    # By place, since two columns may have one name.
    frame = frame.copy()
    for place, dtype in enumerate(frame.dtypes):
        if dtype.kind == "O":
            frame.isetitem(place, frame.iloc[:, place].map(_cell).to_numpy())
    write_text(path, frame.to_csv(index=False, header=[escaped(str(name)) for name in frame]))


def _cell(value: object) -> object:
    return escaped(value) if isinstance(value, str) else value


def postpone() -> None:
    """From now on, warn if a small file can't be written, and raise the error only at the end.

    After hours of training, one file that can't be written must not cost the others.
    """
    global _postponed
    _postponed = []


def tell_or_raise(error: UnwrittenError) -> None:
    """Raise the error, or after :func:`postpone` warn and leave it to :func:`raising_postponed`."""
    if _postponed is None:
        raise error
    if error.path not in [before.path for before in _postponed]:
        _postponed.append(error)
        print(f"Warning: {error}", file=sys.stderr, flush=True)


@contextmanager
def raising_postponed() -> Iterator[None]:
    """At the end of the ``with`` block, raise a UserError for all files that were not written."""
    global _postponed
    try:
        yield
        if _postponed:
            names = ", ".join(error.path.name for error in _postponed)
            raise UserError(
                f"not everything could be written: {names}; the warnings above have the reasons. "
                "The other files in the folder are complete. Once there is room, python eval.py "
                "ckpt=FOLDER computes the model's metrics and report."
            )
    finally:
        _postponed = None


def _reason(path: Path, error: BaseException) -> str:
    words = getattr(error, "strerror", None) or str(error).partition("\n")[0]
    kept = ""
    with suppress(OSError):
        kept = "; the earlier version is still there" if path.exists() else ""
    is_full = getattr(error, "errno", errno.ENOSPC) in NO_ROOM
    remedy = "Make room on the disk" if is_full else "Make it writable"
    # Once a model is trained, another folder is no remedy: raising_postponed says what is.
    another = ", or give another folder with output_dir=FOLDER" if _postponed is None else ""
    return f"the file can't be written ({words}){kept}. {remedy}{another}."


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError as error:
        return error.errno != errno.ESRCH
    return True


def sync(path: Path) -> None:
    """Force a file out to the disk, or a folder, so that a rename in it lasts."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
