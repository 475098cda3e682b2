"""A cache of folders on disk: each built once, shared by runs at once, bounded, clearable.

An entry is the folder ``<root>/<kind>/<sha256 of its key>``. It comes into being by a rename, so it
is whole or not there; what a killed run leaves begins with a dot, and the next builder of that
entry removes it. A process checks the content of an entry before it uses it, and makes a damaged
one anew. ``python -m resumebert.data.cache`` lists the entries and clears them.
"""

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
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import resumebert
from resumebert.data.cache_entries import (
    ENTRY,
    discard,
    list_entries,
    remove_entry,
    remove_leftovers,
    sweep,
)
from resumebert.data.cache_locks import flock, hold_lock
from resumebert.utils.errors import UserError

MAX_GB = 10.0
# The file system's own troubles, which another folder may not have. None: Arrow and NumPy raise
# OSError without a number when a disk is full.
_UNUSABLE = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR),
    *(errno.EEXIST, errno.ENOLCK, errno.EIO, errno.ESTALE, errno.ENAMETOOLONG, None),
    *(errno.EISDIR, errno.EBUSY, errno.ELOOP),
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
    limit = size_limit() if max_bytes is None else max_bytes
    folder = root / kind / entry_name(key)
    if _take(folder):
        return folder
    try:
        with hold_lock(folder):
            # It may have come into being while we waited.
            if _take(folder):
                return folder
            if os.path.lexists(folder):
                print(
                    f"Warning: the cache's entry {folder} is damaged ({_damage(folder)}); it is "
                    "made anew.",
                    file=sys.stderr,
                    flush=True,
                )
            discard(folder)
            remove_leftovers(folder)
            _build(folder, {"kind": kind, "key": dict(key), "keep": keep}, build)
            _take(folder, check_content=False)
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


def _build(folder: Path, entry: dict[str, Any], build: Callable[[Path], None]) -> None:
    """Build an entry beside its place, write it through to the disk, and move it there."""
    work = folder.parent / f".{folder.name}.{uuid.uuid4().hex}.building"
    work.mkdir(parents=True)
    try:
        build(work)
        entry["created"] = time.time()
        entry["version"] = resumebert.__version__
        sizes = _sizes(work)
        entry["files"] = {name: [size, _crc32(work / name)] for name, size in sizes.items()}
        entry["bytes"] = sum(sizes.values())
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
    if not flock(handle, exclusive=False) or _damage(folder, check_content=check_content):
        os.close(handle)
        return False
    if (old := _in_use.get(folder)) is not None:
        os.close(old)
    _in_use[folder] = handle
    with suppress(OSError):
        os.utime(folder / ENTRY)
    return True


def _damage(folder: Path, *, check_content: bool = True) -> str:
    """Return in what an entry is not as it was closed; empty: in nothing."""
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
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _sizes(folder: Path) -> dict[str, int]:
    """Return the size of each file of an entry, by its path in there."""
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


def _evict(root: Path, limit: int, just_built: Path) -> None:
    """Remove the least recently used entries until the cache takes no more than ``limit`` bytes."""
    sweep(root)
    entries = list_entries(root)
    total = sum(entry.bytes for entry in entries)
    for entry in entries:
        if total <= limit:
            return
        if not entry.keep and entry.folder != just_built and remove_entry(entry.folder):
            total -= entry.bytes
