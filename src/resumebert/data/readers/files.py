"""Opening files: paths that lead nowhere and damaged files, told plainly."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from resumebert.utils.errors import UserError


def check_path(path: str | Path | None, *, folder: bool = False, key: str = "data.path") -> Path:
    """Return ``path`` as a Path to a readable, non-empty file, or to a folder if ``folder``.

    Raises:
        UserError: No path is given, nothing is there, it is of the other kind, it may not be read,
            or the file is empty.
    """
    if path is None or not str(path):
        raise UserError(f"{key} is not set: no data to read. Give it as {key}=PATH.")
    try:
        found = Path(str(path)).expanduser()
        if not found.exists():
            raise UserError(_no_such_path(path, found, key))
        if folder and found.is_dir():
            next(found.iterdir(), None)
        elif folder or not found.is_file():
            kind = "a folder" if found.is_dir() else "not a folder" if folder else "not a file"
            wanted = "a folder" if folder else "a file"
            raise UserError(f"{key}={path} is {kind}, where {wanted} is expected.")
        else:
            with found.open("rb") as stream:
                if not stream.read(1):
                    raise UserError(f"{path} is an empty file (0 bytes). Check {key}.")
    except PermissionError:
        raise UserError(
            f"{path} may not be read by this user: permission denied. Change its permissions, or "
            f"give another file as {key}=PATH."
        ) from None
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"{key}={path!s} can't be opened: {error}.") from None
    return found


def is_folder(path: str | Path | None) -> bool:
    """Return whether ``path`` leads to a folder."""
    if path is None or not str(path):
        return False
    try:
        return Path(str(path)).expanduser().is_dir()
    except (OSError, ValueError, RuntimeError):
        return False


def _no_such_path(path: str | Path, found: Path, key: str) -> str:
    """Return the message for a path that leads nowhere, with the folder it is sought from."""
    sought = "" if found.is_absolute() else f" It was sought from the folder {Path.cwd()}."
    return f"There is no file or folder {path} ({key}).{sought} Check {key}."


@contextmanager
def open_binary(path: Path, source: str) -> Iterator[BinaryIO]:
    """Open a file, unpacking ``.gz``.

    Raises:
        UserError: While it is open: a damaged gzip file, or an error of the file system.
    """
    try:
        with path.open("rb") as raw:
            if path.suffix.lower() != ".gz":
                yield raw
                return
            with gzip.open(raw, "rb") as unpacked:
                yield unpacked  # type: ignore[misc]
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(
            f"{source} is damaged or not a gzip file ({error}). Fetch it again."
        ) from None
    except OSError as error:
        raise UserError(f"{source} can't be read: {error}.") from None
