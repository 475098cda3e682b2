"""A cache of folders on disk: each built once, shared by runs at once, bounded, clearable.

An entry is the folder ``<root>/<kind>/<sha256 of its key>``. It comes into being by a rename, so it
is whole or not there; what a killed run leaves ends in ``.tmp``, and the next builder removes it. A
process checks the content of an entry before it uses it, and makes a damaged one anew.
``python -m resumebert.data.cache`` lists the entries and clears them.
"""

import errno
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

import resumebert
from resumebert.utils.errors import UserError

if sys.platform != "win32":  # There, a file that is mapped can't be deleted anyway.
    import fcntl

# The file in an entry's folder that describes it.
ENTRY = "entry.json"
MAX_GB = 10.0
_SECONDS_OF_SILENT_WAITING = 3.0
# The file system's own troubles, which another folder may not have. None: Arrow and NumPy raise
# OSError without a number when a disk is full.
_UNUSABLE = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR),
    *(errno.EEXIST, errno.ENOLCK, errno.EIO, errno.ESTALE, errno.ENAMETOOLONG, None),
    *(errno.EISDIR, errno.EBUSY, errno.ELOOP),
}
# What reading a damaged description raises.
_DAMAGE = (
    *(OSError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError),
    RecursionError,
)
# Entries this process uses → an open file with a shared lock, for as long as the process lives.
_in_use: dict[Path, int] = {}
# (process, root) → a folder in place of a cache that can't be written, removed with the process.
_aside: dict[tuple[int, Path], tempfile.TemporaryDirectory[str]] = {}


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
    """Return the bound on the cache's size that the environment gives, or the default."""
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
    entry counts as used until the process that asked for it ends.

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
    limit = size_limit() if max_bytes is None else max_bytes
    folder = root / kind / entry_name(key)
    if _take(folder):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _lock(folder, wait=True):
            # It may have come into being while we waited.
            if _take(folder):
                return folder
            if os.path.lexists(folder):
                _warn(
                    f"the cache's entry {folder} is damaged ({_damage(folder)}); it is made anew."
                )
            _discard(folder)
            _build(folder, {"kind": kind, "key": dict(key), "keep": keep}, build)
            _take(folder, check_content=False)
    except (OSError, NotImplementedError) as error:
        if not fall_back or getattr(error, "errno", None) not in _UNUSABLE:
            raise
        return _build_aside(root, folder.relative_to(root), build, error)
    _evict(root, limit, folder)
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
    removed = [entry for entry in old if _remove_entry(entry.folder)]
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


def _warn(text: str) -> None:
    print(f"Warning: {text}", file=sys.stderr, flush=True)


@contextmanager
def _lock(folder: Path, *, wait: bool) -> Iterator[bool]:
    """Hold the lock on making and removing an entry; yield whether it could be had."""
    lock = FileLock(folder.parent / f".{folder.name}.lock")
    try:
        lock.acquire(timeout=_SECONDS_OF_SILENT_WAITING if wait else 0)
    except (Timeout, OSError, NotImplementedError) as error:
        if not wait:
            yield False
            return
        if not isinstance(error, Timeout):
            raise
        print(
            f"Another run is preparing the same data ({folder.parent.name}, in {folder.parent}); "
            f"waiting for it.",
            file=sys.stderr,
            flush=True,
        )
        lock.acquire()
    try:
        yield True
    finally:
        lock.release()


def _flock(handle: int, *, exclusive: bool) -> bool:
    """Lock an entry's open file, without waiting; return whether that went."""
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


def _take(folder: Path, *, check_content: bool = True) -> bool:
    """Return whether an entry is there and whole; if so, mark it as used, now and by us."""
    try:
        handle = os.open(folder / ENTRY, os.O_RDONLY)
    except OSError:
        return False
    # Whoever removes an entry holds this lock while it moves it away, so the check comes after.
    # Reading all of it takes a quarter of a second a gigabyte and more: once is enough.
    check_content = check_content and folder not in _in_use
    if not _flock(handle, exclusive=False) or _damage(folder, check_content=check_content):
        os.close(handle)
        return False
    if (old := _in_use.get(folder)) is not None:
        os.close(old)
    _in_use[folder] = handle
    with suppress(OSError):
        os.utime(folder / ENTRY)
    return True


def _damage(folder: Path, *, check_content: bool = True) -> str:
    """Return in what way an entry is not as it was closed; empty: in none."""
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
    except _DAMAGE as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _read_entry(folder: Path) -> Entry:
    """Return an entry's description."""
    try:
        entry = json.loads((folder / ENTRY).read_text(encoding="utf-8"))
        key = entry["key"]
        what = str(key.get("what") or ", ".join(f"{k}={v}" for k, v in key.items()))
        used = (folder / ENTRY).stat().st_mtime
        size, created = int(entry["bytes"]), float(entry["created"])
        return Entry(folder, what, size, created, used, bool(entry["keep"]))
    except _DAMAGE:
        changed = folder.stat().st_mtime
        return Entry(folder, "(damaged)", sum(_sizes(folder).values()), changed, changed, False)


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


def _build_aside(
    root: Path, relative: Path, build: Callable[[Path], None], error: Exception
) -> Path:
    """Build an entry into a temporary folder that goes with this process."""
    # A forked child must not share its parent's folder, which goes with the parent.
    owner = (os.getpid(), root)
    try:
        if owner not in _aside:
            _warn(
                f"the cache {root} can't be used ({error}); preparing the data in a "
                f"temporary folder, for this run only. RESUMEBERT_CACHE=FOLDER names another one."
            )
            _aside[owner] = tempfile.TemporaryDirectory(
                prefix="resumebert-", ignore_cleanup_errors=True
            )
        folder = Path(_aside[owner].name) / relative
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


def _evict(root: Path, limit: int, just_built: Path) -> None:
    """Remove the least recently used entries until the cache takes no more than ``limit`` bytes."""
    _sweep(root)
    entries = list_entries(root)
    total = sum(entry.bytes for entry in entries)
    for entry in entries:
        if total <= limit:
            return
        if not entry.keep and entry.folder != just_built and _remove_entry(entry.folder):
            total -= entry.bytes


def _remove_entry(folder: Path) -> bool:
    """Remove an entry unless a process uses it or is making it; return whether it is gone."""
    handle = None
    with _lock(folder, wait=False) as is_ours, suppress(OSError):
        try:
            if is_ours and (folder / ENTRY).exists():
                handle = os.open(folder / ENTRY, os.O_RDONLY)
                is_ours = _flock(handle, exclusive=True)
            if is_ours:
                _discard(folder)
                return True
        finally:
            if handle is not None:
                os.close(handle)
    return False


def _beside(folder: Path) -> Path:
    """Return a new path beside an entry, for what :func:`_sweep` may remove."""
    return folder.parent / f".{folder.name}.{uuid.uuid4().hex}.tmp"


def _discard(folder: Path) -> None:
    """Remove a folder, or what is in its place, at once for whoever looks for it."""
    if os.path.lexists(folder):
        aside = _beside(folder)
        folder.rename(aside)
        _remove(aside)


def _remove(path: Path) -> None:
    """Remove a folder, a file or a link, as far as that goes."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _sweep(root: Path, kind: str = "*") -> int:
    """Remove what killed builders left; return the bytes freed."""
    freed = 0
    for path in [*root.glob(f"{kind}/.*.tmp")]:
        with _lock(path.parent / path.name[1:].partition(".")[0], wait=False) as is_ours:
            if is_ours:
                freed += sum(_sizes(path).values())
                _remove(path)
    return freed
