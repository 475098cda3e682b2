"""Locks of the cache: on making and removing an entry, and on an entry's file while it is used."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

if sys.platform != "win32":  # There, a file that is mapped can't be deleted anyway.
    import fcntl

_SECONDS_OF_SILENT_WAITING = 3.0


@contextmanager
def hold_lock(folder: Path) -> Iterator[None]:
    """Hold the lock on making and removing an entry; say so if another process holds it long."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = _file_lock(folder)
    try:
        lock.acquire(timeout=_SECONDS_OF_SILENT_WAITING)
    except Timeout:
        print(
            f"Another run is preparing the same data ({folder.parent.name}, in {folder.parent}); "
            f"waiting for it.",
            file=sys.stderr,
            flush=True,
        )
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def try_lock(folder: Path) -> Iterator[bool]:
    """Hold the lock on an entry if it is free; yield whether it was."""
    lock = _file_lock(folder)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError, NotImplementedError):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _file_lock(folder: Path) -> FileLock:
    """Return the lock on an entry, not yet taken."""
    return FileLock(folder.parent / f".{folder.name}.lock")


def flock(handle: int, *, exclusive: bool) -> bool:
    """Lock an open file, without waiting; return whether that went."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(handle, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without locks: take it as free for reading, as in use for removing.
        return not exclusive
    return True
