"""The entries of a cache: listing and removing them, and what killed builders left."""

import json
import os
import shutil
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from resumebert.data.cache_locks import flock, try_lock

# The file in an entry's folder that describes it.
ENTRY = "entry.json"
# The ending of a file beside the entries that a broken download can go on from.
PARTIAL = ".part"
_LEFTOVERS = ("*.building", "*.removed")


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
        entry = json.loads((folder / ENTRY).read_text(encoding="utf-8"))
        key = entry["key"]
        what = str(key.get("what") or ", ".join(f"{k}={v}" for k, v in key.items()))
        used = (folder / ENTRY).stat().st_mtime
        size, created = int(entry["bytes"]), float(entry["created"])
        return Entry(folder, what, size, created, used, bool(entry["keep"]))
    except (
        OSError,
        ValueError,
        OverflowError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ):
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
    with try_lock(folder) as is_ours:
        if not is_ours:
            return False
        handle = None
        try:
            if (folder / ENTRY).exists():
                handle = os.open(folder / ENTRY, os.O_RDONLY)
                if not flock(handle, exclusive=True):
                    return False
            discard(folder)
            return True
        except OSError:
            return False
        finally:
            if handle is not None:
                os.close(handle)


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
    freed += sweep(root, kind or "*")
    for path in root.glob(f"{kind or '*'}/.*{PARTIAL}*"):
        with try_lock(_entry_of(path)) as is_ours, suppress(OSError):
            if is_ours and path.stat().st_mtime <= before:
                freed += path.stat().st_size
                path.unlink()
    return removed, freed, left


def discard(folder: Path) -> None:
    """Remove a folder, or what is in its place, at once for whoever looks for it."""
    if os.path.lexists(folder):
        aside = folder.parent / f".{folder.name}.{uuid.uuid4().hex}.removed"
        folder.rename(aside)
        _remove(aside)


def _remove(path: Path) -> None:
    """Remove a folder, a file or a link, as far as that goes."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def remove_leftovers(folder: Path) -> int:
    """Remove what killed builders of an entry left, whose lock is ours; return the bytes freed."""
    freed = 0
    for pattern in _LEFTOVERS:
        for path in folder.parent.glob(f".{folder.name}.{pattern}"):
            freed += _size(path)
            _remove(path)
    return freed


def sweep(root: Path, kind: str = "*") -> int:
    """Remove what killed builders of any entry left; return the bytes freed."""
    freed = 0
    for path in [path for pattern in _LEFTOVERS for path in root.glob(f"{kind}/.{pattern}")]:
        with try_lock(_entry_of(path)) as is_ours:
            if is_ours:
                freed += remove_leftovers(_entry_of(path))
    return freed


def _entry_of(path: Path) -> Path:
    """Return the entry that a file whose name begins with a dot belongs to."""
    return path.parent / path.name[1:].partition(".")[0]
