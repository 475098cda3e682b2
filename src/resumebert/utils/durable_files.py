"""Checkpoint files that are whole whenever the process, or the machine, stops."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from resumebert.utils.errors import UserError


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of the checkpoint ``path`` once all of it is on the disk.

    Whoever opens ``path`` finds the old file or the new one, never a part; after an exception, the
    old one. What a killed process left half-written is removed with the next call.

    Raises:
        UserError: it can't be written.
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
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        kept = "; the one from before is still there" if path.exists() else ""
        raise UserError(
            f"{path}: the checkpoint can't be written ({reason}){kept}. Make room on the disk, or "
            "give another folder with output_dir=FOLDER."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """See the names of a folder's files onto the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
