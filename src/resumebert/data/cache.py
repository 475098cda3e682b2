"""A cache of folders on disk: each built once, shared by runs at once, bounded, clearable.

An entry is the folder ``<root>/<kind>/<sha256 of its key>``. It comes into being by a rename, so it
is whole or not there; what a killed run leaves begins with a dot, and the next builder of that
entry removes it. ``python -m resumebert.data.cache`` lists the entries and clears them.
"""

import argparse
import atexit
import errno
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout
from rich.table import Table

import resumebert
from resumebert.utils.console import make_console
from resumebert.utils.errors import UserError, report_user_errors

if sys.platform != "win32":  # There, a file that is mapped can't be deleted anyway.
    import fcntl

MAX_GB = 10.0
# The ending of a file beside the entries that a broken download can go on from.
PARTIAL = ".part"
_ENTRY = "entry.json"
_LEFTOVERS = ("*.building", "*.removed")
_SECONDS_OF_SILENT_WAITING = 3.0
# The file system's own troubles, which another folder may not have. None: Arrow and NumPy raise
# OSError without a number when a disk is full.
_UNUSABLE = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR),
    *(errno.EEXIST, errno.ENOLCK, errno.EIO, errno.ESTALE, errno.ENAMETOOLONG, None),
}
# Entries this process uses → an open file with a shared lock, for as long as the process lives.
_in_use: dict[Path, int] = {}
# (process, root) → a folder in place of a cache that can't be written.
_aside: dict[tuple[int, Path], Path] = {}


def cache_root() -> Path:
    """Return the user's cache: ``RESUMEBERT_CACHE``, or by XDG's rules ``~/.cache/resumebert``."""
    try:
        if own := os.environ.get("RESUMEBERT_CACHE"):
            return Path(own).expanduser().absolute()
        base = Path(os.environ.get("XDG_CACHE_HOME", ""))
        # The XDG specification has relative paths ignored.
        return (base if base.is_absolute() else Path.home() / ".cache") / "resumebert"
    except RuntimeError as error:
        raise UserError(
            f"The user's cache folder can't be told ({error}). Give one in the environment "
            f"variable RESUMEBERT_CACHE."
        ) from None


def entry_name(key: Mapping[str, Any]) -> str:
    """Return the name of the entry for ``key``: a sha256, however the key is ordered."""
    text = json.dumps(key, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def get_or_build(
    kind: str,
    key: Mapping[str, Any],
    build: Callable[[Path], None],
    *,
    root: Path | None = None,
    max_bytes: int | None = None,
    keep: bool = False,
    fall_back: bool = True,
) -> Path:
    """Return the folder of the entry for ``key``, filled by ``build`` if it isn't there.

    Of several processes that want the same entry, one builds and the others wait. After a build,
    the least recently used entries beyond ``max_bytes`` go, but none that a process still uses: an
    entry counts as used until the process that asked for it ends. (If one goes all the same, by
    ``rm`` say, readers that memory-mapped its files go on: POSIX keeps a mapped file's content.)

    Args:
        kind: what sort of entry, a short word: the folder under the root.
        key: all that the content depends on; plain JSON. ``key["what"]`` is shown by the listing.
        build: writes the content into the empty folder it is given.
        root: the cache; None: :func:`cache_root`.
        max_bytes: None: ``RESUMEBERT_CACHE_MAX_GB`` gigabytes, or 10.
        keep: never make room by removing this entry; only clearing does.
        fall_back: where the cache can't be written, build into a temporary folder, gone with the
            process; False: raise the OSError.
    """
    root = cache_root() if root is None else root.absolute()
    limit = _max_bytes() if max_bytes is None else max_bytes
    folder = root / kind / entry_name(key)
    if _take(folder):
        return folder
    try:
        with _lock(folder):
            # It may have come into being while we waited.
            if _take(folder):
                return folder
            _discard(folder)
            _remove_leftovers(folder)
            _build(folder, {"kind": kind, "key": dict(key), "keep": keep}, build)
            _take(folder)
    except (OSError, NotImplementedError) as error:
        if not fall_back or getattr(error, "errno", None) not in _UNUSABLE:
            raise
        return _build_aside(root, folder.relative_to(root), build, error)
    _evict(root, limit, folder)
    return folder


def digest_file(path: str | Path) -> str:
    """Return a sha256 of a file's content, or of a folder's relative paths and contents."""
    path = Path(path)
    try:
        if not path.is_dir():
            with path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        digest = hashlib.sha256()
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            name = os.fsencode(file.relative_to(path).as_posix())
            digest.update(f"{len(name)}:".encode() + name + digest_file(file).encode())
        return digest.hexdigest()
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror or error}.") from None


def save_arrays(folder: Path, **arrays: npt.NDArray[Any]) -> None:
    """Write each array into ``folder`` as ``<name>.npy``."""
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def load_arrays(folder: Path) -> dict[str, npt.NDArray[Any]]:
    """Memory-map, read-only, the arrays that :func:`save_arrays` wrote: name → array."""
    return {
        file.stem: np.load(file, mmap_mode="r", allow_pickle=False)
        for file in sorted(folder.glob("*.npy"))
    }


def _max_bytes() -> int:
    """Return the bound on the cache's size that the environment gives, or the default."""
    text = os.environ.get("RESUMEBERT_CACHE_MAX_GB", "") or str(MAX_GB)
    try:
        return round(max(0.0, float(text)) * 1e9)
    except (ValueError, OverflowError):
        raise UserError(
            f"The environment variable RESUMEBERT_CACHE_MAX_GB={text} is not a number of "
            f"gigabytes. Give a number, 20 say, or unset it."
        ) from None


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
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


def _file_lock(folder: Path) -> FileLock:
    """Return the lock on an entry, not yet taken."""
    return FileLock(folder.parent / f".{folder.name}.lock")


def _build(folder: Path, entry: dict[str, Any], build: Callable[[Path], None]) -> None:
    """Build an entry beside its place, write it through to the disk, and move it there."""
    work = folder.parent / f".{folder.name}.{uuid.uuid4().hex}.building"
    work.mkdir(parents=True)
    try:
        build(work)
        files = [file for file in sorted(work.rglob("*")) if file.is_file()]
        entry["created"] = time.time()
        entry["version"] = resumebert.__version__
        entry["files"] = {file.relative_to(work).as_posix(): file.stat().st_size for file in files}
        entry["bytes"] = sum(entry["files"].values())
        (work / _ENTRY).write_text(json.dumps(entry, indent=1), encoding="utf-8")
        # A rename may reach the disk before the content does, unless that is forced out first.
        for path in (*files, work / _ENTRY, *(p for p in work.rglob("*") if p.is_dir()), work):
            _sync(path)
        work.rename(folder)
        _sync(folder.parent)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


def _sync(path: Path) -> None:
    """Force a file or a folder out to the disk."""
    if path.is_dir() and sys.platform == "win32":  # Windows can't open folders.
        return
    handle = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _take(folder: Path) -> bool:
    """Return whether an entry is there and whole; if so, mark it as used, now and by us."""
    try:
        handle = os.open(folder / _ENTRY, os.O_RDONLY)
    except OSError:
        return False
    # Whoever removes an entry holds this lock while it moves it away, so the check comes after.
    if not _flock(handle, exclusive=False) or not _is_whole(folder):
        os.close(handle)
        return False
    if (old := _in_use.get(folder)) is not None:
        os.close(old)
    _in_use[folder] = handle
    with suppress(OSError):
        os.utime(folder / _ENTRY)
    return True


def _flock(handle: int, *, exclusive: bool) -> bool:
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


def _is_whole(folder: Path) -> bool:
    """Return whether the files of an entry are there with the sizes it was closed with."""
    try:
        files = json.loads((folder / _ENTRY).read_text(encoding="utf-8"))["files"]
        return all((folder / name).stat().st_size == size for name, size in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _discard(folder: Path) -> None:
    """Remove a folder, at once for whoever looks for it."""
    if folder.exists():
        aside = folder.parent / f".{folder.name}.{uuid.uuid4().hex}.removed"
        folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)


def _remove_leftovers(folder: Path) -> int:
    """Remove what killed builders of an entry left, whose lock is ours; return the bytes freed."""
    freed = 0
    for pattern in _LEFTOVERS:
        for path in folder.parent.glob(f".{folder.name}.{pattern}"):
            freed += _size(path)
            shutil.rmtree(path, ignore_errors=True)
    return freed


def _sweep(root: Path, kind: str = "*") -> int:
    """Remove what killed builders of any entry left; return the bytes freed."""
    freed = 0
    for path in [path for pattern in _LEFTOVERS for path in root.glob(f"{kind}/.{pattern}")]:
        with _try_lock(_entry_of(path)) as is_ours:
            if is_ours:
                freed += _remove_leftovers(_entry_of(path))
    return freed


def _entry_of(path: Path) -> Path:
    """Return the entry that a file whose name begins with a dot belongs to."""
    return path.parent / path.name[1:].partition(".")[0]


@contextmanager
def _try_lock(folder: Path) -> Iterator[bool]:
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


def _build_aside(
    root: Path, relative: Path, build: Callable[[Path], None], error: Exception
) -> Path:
    """Build an entry into a temporary folder that goes with this process."""
    owner = (os.getpid(), root)
    try:
        if owner not in _aside:
            print(
                f"Warning: the cache {root} can't be used ({error}); preparing the data in a "
                f"temporary folder, for this run only. RESUMEBERT_CACHE=FOLDER names another one.",
                file=sys.stderr,
                flush=True,
            )
            _aside[owner] = Path(tempfile.mkdtemp(prefix="resumebert-"))
            atexit.register(_remove_aside, owner)
        folder = _aside[owner] / relative
        if not folder.exists():
            _build(folder, {}, build)
    except OSError as second:
        if second.errno not in _UNUSABLE:
            raise
        raise UserError(
            f"Neither the cache {root} ({error}) nor the temporary folder {tempfile.gettempdir()} "
            f"({second}) can take the prepared data. Free some space, or name another folder in "
            f"the environment variable RESUMEBERT_CACHE."
        ) from error
    return folder


def _remove_aside(owner: tuple[int, Path]) -> None:
    # A forked child inherits the registration, but not the folder.
    if owner[0] == os.getpid():
        shutil.rmtree(_aside.pop(owner), ignore_errors=True)


@dataclass(frozen=True)
class Entry:
    """An entry as listed: ``bytes`` taken, seconds since the epoch it was made and last used."""

    folder: Path
    what: str
    bytes: int
    created: float
    used: float
    keep: bool

    @property
    def kind(self) -> str:
        """Return the sort of entry."""
        return self.folder.parent.name


def list_entries(root: Path) -> list[Entry]:
    """Return the entries of a cache, damaged ones too, the least recently used first."""
    entries = []
    for folder in root.glob("*/" + "[0-9a-f]" * 64):
        with suppress(OSError):  # One that another process is removing.
            entries.append(_read_entry(folder))
    return sorted(entries, key=lambda entry: entry.used)


def _read_entry(folder: Path) -> Entry:
    """Return an entry's description."""
    try:
        entry = json.loads((folder / _ENTRY).read_text(encoding="utf-8"))
        key = entry["key"]
        what = str(key.get("what") or ", ".join(f"{k}={v}" for k, v in key.items()))
        used = (folder / _ENTRY).stat().st_mtime
        return Entry(folder, what, entry["bytes"], entry["created"], used, bool(entry["keep"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        changed = folder.stat().st_mtime
        return Entry(folder, "(damaged)", _size(folder), changed, changed, False)


def _size(path: Path) -> int:
    """Return the bytes that a file or the files of a folder take."""
    total = 0
    for file in path.rglob("*") if path.is_dir() else [path]:
        with suppress(OSError):
            total += file.stat().st_size if file.is_file() else 0
    return total


def remove_entry(folder: Path) -> bool:
    """Remove an entry unless a process uses it or is making it; return whether it is gone."""
    with _try_lock(folder) as is_ours:
        if not is_ours:
            return False
        handle = None
        try:
            if (folder / _ENTRY).exists():
                handle = os.open(folder / _ENTRY, os.O_RDONLY)
                if not _flock(handle, exclusive=True):
                    return False
            _discard(folder)
            return True
        except OSError:
            return False
        finally:
            if handle is not None:
                os.close(handle)


def _evict(root: Path, limit: int, just_built: Path) -> None:
    """Remove the least recently used entries until the cache takes no more than ``limit`` bytes."""
    _sweep(root)
    entries = list_entries(root)
    total = sum(entry.bytes for entry in entries)
    for entry in entries:
        if total <= limit:
            return
        if not entry.keep and entry.folder != just_built and remove_entry(entry.folder):
            total -= entry.bytes


def clear(root: Path, kind: str | None = None, older_than: float = 0.0) -> tuple[int, int, int]:
    """Remove entries, and what killed builders and broken downloads left.

    Args:
        root: the cache.
        kind: only these; None: all.
        older_than: only those not used for so many days.

    Returns:
        The number of entries removed, the bytes freed, the number left because they are in use.
    """
    before = time.time() - older_than * 86_400
    removed = freed = left = 0
    for entry in list_entries(root):
        if kind in (None, entry.kind) and entry.used <= before:
            if remove_entry(entry.folder):
                removed, freed = removed + 1, freed + entry.bytes
            else:
                left += 1
    freed += _sweep(root, kind or "*")
    for path in root.glob(f"{kind or '*'}/.*{PARTIAL}*"):
        with _try_lock(_entry_of(path)) as is_ours, suppress(OSError):
            if is_ours and path.stat().st_mtime <= before:
                freed += path.stat().st_size
                path.unlink()
    return removed, freed, left


@report_user_errors
def main(arguments: list[str] | None = None) -> None:
    """List or clear the cache, from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m resumebert.data.cache",
        description="List what resumebert keeps in its cache, or clear it.",
        epilog="The cache lies in $RESUMEBERT_CACHE, else $XDG_CACHE_HOME/resumebert, else "
        "~/.cache/resumebert. Beyond $RESUMEBERT_CACHE_MAX_GB gigabytes (10), what was not used "
        "for longest goes; a downloaded corpus only by clearing.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("list", help="list the entries (so does no command)")
    clearing = commands.add_parser("clear", help="remove entries that no process is using")
    clearing.add_argument("kind", nargs="?", metavar="KIND", help="only entries of this kind")
    clearing.add_argument(
        "--older-than", type=_days, default=0.0, metavar="DAYS", help="only those unused so long"
    )
    given = parser.parse_args(arguments)
    root = cache_root()
    if given.command == "clear":
        _print_cleared(root, given.kind, given.older_than)
    else:
        _print_entries(root)


def _days(text: str) -> float:
    try:
        if (days := float(text)) >= 0:
            return days
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of days")


def _print_cleared(root: Path, kind: str | None, older_than: float) -> None:
    kinds = sorted(path.name for path in root.glob("*/")) if root.is_dir() else []
    if kind is not None and kind not in kinds:
        there = f"there is {', '.join(kinds)}" if kinds else "it is empty"
        raise UserError(f"the cache {root} has nothing of the kind {kind!r}: {there}.")
    removed, freed, left = clear(root, kind, older_than)
    in_use = f" Left {left} in use by a run." if left else ""
    make_console().print(
        f"Removed {removed} {_entries(removed)} from {root}: {_in_units(freed)} freed.{in_use}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _print_entries(root: Path) -> None:
    entries, console = list_entries(root), make_console()
    if entries:
        table = Table("kind", "what", "size", "age", "last used")
        for entry in reversed(entries):
            age, used = _since(entry.created), f"{_since(entry.used)} ago"
            table.add_row(entry.kind, entry.what[:200], _in_units(entry.bytes), age, used)
        console.print(table, markup=False)
    total = _in_units(sum(entry.bytes for entry in entries))
    console.print(
        f"{len(entries)} {_entries(len(entries))}, {total} of {_in_units(_max_bytes())} in {root}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _entries(count: int) -> str:
    return "entry" if count == 1 else "entries"


def _in_units(size: float) -> str:
    """Write bytes for people."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.1f} GB"


def _since(then: float) -> str:
    """Write the time since ``then`` for people."""
    seconds = max(0.0, time.time() - then)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


if __name__ == "__main__":
    main()
