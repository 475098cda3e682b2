"""A cache of folders on disk: each is built once, shared by all runs, and the oldest make room.

An entry is the folder ``<root>/<kind>/<sha256 of its key>``. It appears by a rename, so it is whole
or not there; what a killed run leaves ends in ``.tmp``, and the next build removes it. A process
checks an entry's content before it uses it, and makes a damaged one anew. It may go on using what
it has opened of an entry that is removed meanwhile.

``python -m resumebert.data.cache`` lists the entries and clears them.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
import uuid
import zlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout
from rich.filesize import decimal
from rich.table import Table

import resumebert
from resumebert.utils.console import make_console
from resumebert.utils.durable_files import sync
from resumebert.utils.errors import UserError, report_user_errors
from resumebert.utils.streams import steady_streams

# The file in an entry's folder that describes it.
ENTRY = "entry.json"
MAX_GB = 10.0
_TIME = "%Y-%m-%d %H:%M"
_SECONDS_OF_SILENT_WAITING = 3.0
# Whoever asked for an entry so recently may not have opened its files yet, so it stays.
_SECONDS_IN_USE = 60.0
# Entries whose content this process has checked: reading it takes a quarter of a second a gigabyte.
_checked: set[Path] = set()
# (process, root) → a folder in place of a cache that can't be written, removed with the process.
_aside: dict[tuple[int, Path], tempfile.TemporaryDirectory[str]] = {}


@dataclass(frozen=True)
class Entry:
    """An entry as listed; ``created`` and ``used`` (last) are seconds since the epoch."""

    folder: Path
    kind: str
    what: str
    bytes: int
    created: float
    used: float
    keep: bool


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
            f"The user's cache folder can't be found ({error}). Give one in the environment "
            f"variable RESUMEBERT_CACHE."
        ) from None


def size_limit() -> int:
    """Return how many bytes the cache may take: by the environment, or the default."""
    text = os.environ.get("RESUMEBERT_CACHE_MAX_GB", "") or str(MAX_GB)
    try:
        return round(max(0.0, float(text)) * 1e9)
    except (ValueError, OverflowError):
        raise UserError(
            f"The environment variable RESUMEBERT_CACHE_MAX_GB={text} is not a number of "
            f"gigabytes. Give a number, 20 say, or unset it."
        ) from None


def entry_name(key: Mapping[str, Any]) -> str:
    """Return the name of the entry for ``key``: a sha256, however the key is ordered."""
    text = json.dumps(key, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def get_or_build(
    kind: str, key: Mapping[str, Any], build: Callable[[Path], None], *, keep: bool = False
) -> Path:
    """Return the folder of the entry for ``key``, filled by ``build`` if it isn't there.

    Of several processes that want the same entry, one builds and the others wait. After a build,
    the least recently used entries beyond :func:`size_limit` are removed. Where the cache can't be
    written, the entry is built into a temporary folder, which goes with the process.

    Args:
        kind: what sort of entry, a short word: the folder under the root.
        key: all that the content depends on; plain JSON. ``key["what"]`` is shown by the listing.
        build: writes the content into the empty folder it is given.
        keep: only clearing removes this entry; an OSError is raised where it can't be written.
    """
    cache, limit = cache_root(), size_limit()
    # A forked child must not share its parent's folder, which goes with the parent.
    owner = (os.getpid(), cache)
    name = Path(kind, entry_name(key))
    if _take(cache / name):
        return cache / name
    root = Path(_aside[owner].name) if owner in _aside and not keep else cache
    folder = root / name
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _lock(folder):
            # It may have come into being while we waited.
            if _take(folder):
                return folder
            if os.path.lexists(folder):
                why = _damage(folder)
                _say(f"Warning: the cache's entry {folder} is damaged ({why}); it is made anew.")
                _remove(folder)
            _build(folder, {"kind": kind, "key": dict(key), "keep": keep}, build)
            _checked.add(folder)
    except (OSError, NotImplementedError) as error:
        # A file that is missing is one that ``build`` reads, and no fault of the cache.
        if keep or isinstance(error, FileNotFoundError):
            raise
        if owner in _aside:
            raise UserError(
                f"Neither the cache {cache} nor the temporary folder {root} ({error}) can take the "
                f"prepared data. Free some space, or name another folder in the environment "
                f"variable RESUMEBERT_CACHE."
            ) from error
        _say(
            f"Warning: the cache {cache} can't be used ({error}); preparing the data in a "
            f"temporary folder, for this run only. RESUMEBERT_CACHE=FOLDER names another one."
        )
        _aside[owner] = tempfile.TemporaryDirectory(
            prefix="resumebert-", ignore_cleanup_errors=True
        )
        return get_or_build(kind, key, build)
    _make_room(root, limit, folder)
    return folder


def list_entries(root: Path) -> list[Entry]:
    """Return the entries of a cache, damaged ones too, the least recently used first."""
    entries = []
    for folder in root.glob("*/" + "[0-9a-f]" * 64):
        with suppress(OSError):  # One that another process is removing.
            entries.append(_read_entry(folder))
    return sorted(entries, key=lambda entry: entry.used)


def clear(root: Path, kind: str | None = None, older_than: float = 0.0) -> tuple[int, int, int]:
    """Remove entries, and what killed builders left.

    Args:
        root: the cache.
        kind: only these; None: all.
        older_than: only those not used for so many days.

    Returns:
        The number of entries removed, the bytes freed, the number left because they are in use.
    """
    before = time.time() - older_than * 86_400
    old = [e for e in list_entries(root) if kind in (None, e.kind) and e.used <= before]
    removed = [entry for entry in old if _remove_idle(entry.folder)]
    freed = sum(entry.bytes for entry in removed) + _sweep(root, kind or "*")
    return len(removed), freed, len(old) - len(removed)


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


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _build(folder: Path, entry: dict[str, Any], build: Callable[[Path], None]) -> None:
    """Build an entry beside its place, write it through to the disk, and move it there."""
    work = _beside(folder)
    work.mkdir(parents=True)
    try:
        build(work)
        sizes = _sizes(work)
        entry |= {
            "created": time.time(),
            "version": resumebert.__version__,
            "files": {name: [size, _crc32(work / name)] for name, size in sizes.items()},
            "bytes": sum(sizes.values()),
        }
        (work / ENTRY).write_text(json.dumps(entry, indent=1), encoding="utf-8")
        # A rename may reach the disk before the content does, unless that is forced out first.
        for path in (*work.rglob("*"), work):
            sync(path)
        work.rename(folder)
        sync(folder.parent)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


def _take(folder: Path) -> bool:
    """Return whether an entry is there and whole; mark it as used now."""
    # Before the check, so that an entry that is whole then is not removed as unused.
    with suppress(OSError):
        os.utime(folder / ENTRY)
    if not folder.exists() or _damage(folder, check_content=folder not in _checked):
        return False
    _checked.add(folder)
    return True


def _damage(folder: Path, *, check_content: bool = True) -> str:
    """Return in what way an entry is not as it was built; empty: in none."""
    try:
        entry = json.loads((folder / ENTRY).read_text(encoding="utf-8"))
        # Entries of before there were checksums have sizes alone.
        files = {name: [v] if type(v) is int else v for name, v in entry["files"].items()}
        if entry_name(entry["key"]) != folder.name:
            return f"{ENTRY} is of another entry"
        if _sizes(folder) != {name: size for name, [size, *_] in files.items()}:
            return "files are missing, or of another size"
        for name, [_, *checksum] in files.items() if check_content else ():
            if checksum and checksum != [_crc32(folder / name)]:
                return f"the content of {name} has changed"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _read_entry(folder: Path) -> Entry:
    created = used = folder.stat().st_mtime
    what, keep = "(damaged)", False
    with suppress(Exception):  # Reading a damaged description can raise anything.
        entry = json.loads((folder / ENTRY).read_text(encoding="utf-8"))
        key = entry["key"]
        what = str(key.get("what") or ", ".join(f"{k}={v}" for k, v in key.items()))
        keep = bool(entry["keep"])
        used = (folder / ENTRY).stat().st_mtime
    size = sum(_sizes(folder).values())
    return Entry(folder, folder.parent.name, what, size, created, used, keep)


def _sizes(folder: Path) -> dict[str, int]:
    """Return the size of each file of an entry but its description, by its path in there."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    sizes = {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}
    sizes.pop(ENTRY, None)
    return sizes


def _crc32(path: Path) -> int:
    """Return the checksum of a file: four times as fast as a SHA-256, and for accidents enough."""
    checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            checksum = zlib.crc32(chunk, checksum)
    return checksum


def _make_room(root: Path, limit: int, just_built: Path) -> None:
    """Remove the least recently used entries until the cache takes no more than ``limit`` bytes."""
    _sweep(root)
    entries = list_entries(root)
    total = sum(entry.bytes for entry in entries)
    for entry in entries:
        if total <= limit:
            return
        if not entry.keep and entry.folder != just_built and _remove_idle(entry.folder):
            total -= entry.bytes


def _remove_idle(folder: Path) -> bool:
    """Remove an entry unless it was asked for just now; return whether it is gone."""
    try:
        idle = time.time() - _read_entry(folder).used
    except OSError:
        return False
    return idle > _SECONDS_IN_USE and _remove(folder)


def _remove(folder: Path) -> bool:
    """Remove a folder, or what is in its place, at once for whoever looks for it, if that goes."""
    aside = _beside(folder)
    try:
        folder.rename(aside)
        if aside.is_file() or aside.is_symlink():
            aside.unlink()
    except OSError:
        return False
    shutil.rmtree(aside, ignore_errors=True)
    return True


def _sweep(root: Path, kind: str = "*") -> int:
    """Remove what killed builders left; return the bytes freed."""
    freed = 0
    for path in [*root.glob(f"{kind}/.*.tmp")]:
        lock = _lock_on(path.parent / path.name[1:].partition(".")[0])
        with suppress(OSError, NotImplementedError), lock.acquire(timeout=0):
            freed += sum(_sizes(path).values())
            shutil.rmtree(path, ignore_errors=True)
    return freed


def _beside(folder: Path) -> Path:
    """Return a new path beside an entry, for what :func:`_sweep` may remove."""
    return folder.parent / f".{folder.name}.{uuid.uuid4().hex}.tmp"


def _lock_on(folder: Path) -> FileLock:
    """Return the lock on making an entry."""
    return FileLock(folder.parent / f".{folder.name}.lock")


def _lock(folder: Path) -> AbstractContextManager[object]:
    """Wait for the lock on making an entry, and hold it while the context lasts."""
    lock = _lock_on(folder)
    try:
        return lock.acquire(timeout=_SECONDS_OF_SILENT_WAITING)
    except Timeout:
        what = f"{folder.parent.name}, in {folder.parent}"
        _say(f"Another run is preparing the same data ({what}); waiting for it.")
        return lock.acquire()


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
    clearing = commands.add_parser(
        "clear", help="remove entries, but for those used in the last minute"
    )
    clearing.add_argument("kind", nargs="?", metavar="KIND", help="only entries of this kind")
    clearing.add_argument(
        "--older-than", type=_days, default=0.0, metavar="DAYS", help="only those unused so long"
    )
    given = parser.parse_args(arguments)
    root, console = cache_root(), make_console()
    if given.command == "clear":
        result = _clear_told(root, given.kind, given.older_than)
    else:
        entries = list_entries(root)
        table = Table("kind", "what", "size", "made", "last used")
        for entry in reversed(entries):
            times = [time.strftime(_TIME, time.localtime(t)) for t in (entry.created, entry.used)]
            table.add_row(entry.kind, entry.what[:200], _in_units(entry.bytes), *times)
        if entries:
            console.print(table)
        total = _in_units(sum(entry.bytes for entry in entries))
        result = f"{_counted(len(entries))}, {total} of {_in_units(size_limit())} in {root}"
    console.print(result, highlight=False, soft_wrap=True)


def _clear_told(root: Path, kind: str | None, older_than: float) -> str:
    """Clear the cache, and return what came of it in words."""
    kinds = sorted(path.name for path in root.glob("*/")) if root.is_dir() else []
    if kind is not None and kind not in kinds:
        there = f"there is {', '.join(kinds)}" if kinds else "it is empty"
        raise UserError(f"the cache {root} has nothing of the kind {kind!r}: {there}.")
    removed, freed, left = clear(root, kind, older_than)
    in_use = f" Left {left} in use by a run." if left else ""
    return f"Removed {_counted(removed)} from {root}: {_in_units(freed)} freed.{in_use}"


def _days(text: str) -> float:
    try:
        if (days := float(text)) >= 0:
            return days
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of days")


def _counted(entries: int) -> str:
    return "1 entry" if entries == 1 else f"{entries} entries"


def _in_units(size: float) -> str:
    return decimal(round(size), precision=2)


if __name__ == "__main__":
    with steady_streams():
        main()
