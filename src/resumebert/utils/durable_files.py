"""Files that are whole whenever the process, or the machine, stops."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO


def write_durably(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file beside its place, see it onto the disk, then rename it there.

    Whoever opens the file finds the old one or the new one, never a part. What a killed process
    left half-written is removed with the next write.

    Args:
        path: the file, in a folder that exists.
        write: writes the content into an open file.

    Raises:
        OSError: it can't be written; what was there before is still there.
    """
    for left_over in path.parent.glob(f".{path.name}.*.partial"):
        left_over.unlink(missing_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # The new name is on the disk with its folder.
        os.fsync(folder)
    finally:
        os.close(folder)
