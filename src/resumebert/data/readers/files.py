"""Finding and opening files: paths, packed files, folders and zips, each read with a bound."""

import bz2
import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, BinaryIO

import pyarrow as pa

from resumebert.data.cells.columns import MAX_DOCUMENT_BYTES, Batch, Source, too_large
from resumebert.data.problems import name_list, printable
from resumebert.data.table import ResumeTable
from resumebert.utils.errors import UserError
from resumebert.utils.hardware import free_memory

# Text packs to a fifth or a tenth of its size; what unpacks to far more was made to fill a memory.
MAX_RATIO = 200
# Up to this size, no ratio does harm.
ALWAYS_UNPACKED_BYTES = 100 * 1000**2
_LOOKED_EVERY = 256 * 1000**2
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What Python raises for a packed file that is damaged or encrypted, or that it can't unpack.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, OSError, RuntimeError, ValueError),
)
# How packed files begin, what each kind is called, and what unpacks it.
_PACKED: dict[str, tuple[bytes, str, Callable[[Any], Any] | None]] = {
    ".gz": (b"\x1f\x8b", "gzip", gzip.GzipFile),
    ".bz2": (b"BZh", "bzip2", bz2.BZ2File),
    ".xz": (b"\xfd7zXZ\0", "xz", lzma.LZMAFile),
    ".zip": (b"PK\x03\x04", "zip", None),
}


@dataclass(frozen=True)
class Member:
    """A file of a folder or zip.

    Attributes:
        name: its path in there.
        open: opens it for reading bytes.
        read: reads a document whole; raises UserError if it is larger than any résumé.
    """

    name: str
    open: Callable[[], Any]
    read: Callable[[], bytes]


def check_path(path: str | Path | None, key: str = "data.path", *, folder: bool = True) -> Path:
    """Return ``path`` as a Path to a readable, non-empty file, or to a folder where one may be.

    Raises:
        UserError: There is no such file or folder, or it can't be read.
    """
    if path is None or not str(path):
        raise UserError(f"{key} is not set: no data to read. Give it as {key}=PATH.")
    shown = printable(str(path))
    try:
        found = Path(str(path)).expanduser()
        if not found.exists():
            sought = "" if found.is_absolute() else f" It was sought from the folder {Path.cwd()}."
            raise UserError(f"There is no file or folder {shown} ({key}).{sought} Check {key}.")
        if folder and found.is_dir():
            next(found.iterdir(), None)
        elif not found.is_file():
            kind = "a folder" if found.is_dir() else "not a file"
            raise UserError(f"{key}={shown} is {kind}, where a file is expected.")
        else:
            with found.open("rb") as stream:
                if not stream.read(1):
                    raise UserError(f"{shown} is an empty file (0 bytes). Check {key}.")
    except PermissionError:
        raise UserError(
            f"{shown} may not be read by this user: permission denied. Change its permissions, or "
            f"give another file as {key}=PATH."
        ) from None
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"{key}={shown} can't be opened: {printable(str(error))}.") from None
    return found


def unpacked_name(path: PurePath) -> str:
    """Return a file's name without the suffix of what it is packed with."""
    return path.stem if path.suffix.lower() in _PACKED else path.name


@contextmanager
def open_binary(path: Path, source: str) -> Iterator[tuple[BinaryIO, str]]:
    """Open a file, unpacking gz, bz2, xz, and zip of one file; its name comes without their suffix.

    Raises:
        UserError: While it is open: it is damaged, a zip of several files, or unpacks to so much
            that it was made to fill a memory.
    """
    told = path.suffix.lower()
    with ExitStack() as stack:
        try:
            raw = stack.enter_context(path.open("rb"))
            start = raw.read(6)
            raw.seek(0)
        except OSError as error:
            raise UserError(f"{source} can't be read: {error.strerror or error}.") from None
        marked = [kind for kind, (mark, _, _) in _PACKED.items() if start.startswith(mark)]
        kind = next(iter(marked), told if told in _PACKED else None)
        try:
            if kind is None:
                yield raw, path.name
                return
            unpack = _PACKED[kind][2]
            if unpack is None:
                archive = stack.enter_context(open_zip(path, source))
                info = _only_file(archive, source)
                inner, name = archive.open(info), PurePosixPath(info.filename).name
            else:
                inner, name = unpack(path), unpacked_name(path)
            stack.enter_context(inner)
            unpacked = _Unpacked(inner, path.stat().st_size, source)
            yield io.BufferedReader(unpacked, 1 << 16), name
        except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:
            what = getattr(error, "strerror", None) or error
            if kind is None:
                raise UserError(f"{source} can't be read: {what}.") from None
            raise UserError(
                f"{source} is damaged or not a {_PACKED[kind][1]} file ({what}). Fetch it again."
            ) from None


def _only_file(archive: zipfile.ZipFile, source: str) -> zipfile.ZipInfo:
    infos = _zip_infos(archive, (), source)
    if len(infos) != 1:
        names = name_list([info.filename for info in infos])
        raise UserError(
            f"{source} is a zip of {len(infos)} files ({names}), where one is expected. Unpack it, "
            f"and give the file that is meant, or the folder of train, val and test files. (A zip "
            f"of documents is read with data=documents.)"
        )
    return infos[0]


class _Unpacked(io.RawIOBase):
    """What a packed file unpacks to; reading on is refused where that is too much."""

    def __init__(self, inner: Any, packed_size: int, source: str) -> None:
        self._inner, self._packed_size, self._source = inner, packed_size, source

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._inner.seek(offset, whence))

    def tell(self) -> int:
        return int(self._inner.tell())

    def readinto(self, buffer: Any) -> int:
        data = self._inner.read(len(buffer))
        buffer[: len(data)] = data
        check_ratio(self._inner.tell(), self._packed_size, self._source)
        return len(data)


def check_ratio(size: int, packed_size: int, source: str, what: str = "it") -> None:
    """Raise UserError if a packed file unpacks to so much that it was made to fill a memory."""
    if size > max(ALWAYS_UNPACKED_BYTES, MAX_RATIO * packed_size):
        raise UserError(
            f"{source} is refused: unpacked, {what} would take {size / 1e6:,.0f} MB or more, over "
            f"{MAX_RATIO} times its {packed_size / 1e6:,.1f} MB. Text does not pack so small; "
            f"check where the file comes from. If it is right, unpack it yourself."
        )


@contextmanager
def open_zip(path: Path, source: str, kind: str = "a zip file") -> Iterator[zipfile.ZipFile]:
    """Open a zip; what is no zip, damaged or encrypted is a UserError while it is open."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_count(path, archive)
            yield archive
    except _DAMAGE as error:
        raise UserError(
            f"{source} is not {kind}, or is damaged or encrypted ({error}). Fetch it again."
        ) from None


def _check_count(path: Path, archive: zipfile.ZipFile) -> None:
    """Check that the members found are as many as the zip says it has: Python doesn't."""
    end = len(archive.comment) + 22
    with path.open("rb") as stream:
        stream.seek(-end, 2)
        signature, count = struct.unpack("<4s6xH", stream.read(12))
    # 0xFFFF stands for a larger number, which is elsewhere.
    if signature == b"PK\x05\x06" and count not in (len(archive.infolist()), 0xFFFF):
        found = len(archive.infolist())
        raise zipfile.BadZipFile(f"its directory lists {found} files of {count}")


@contextmanager
def open_members(path: Path, source: str, suffixes: tuple[str, ...] = ()) -> Iterator[list[Member]]:
    """Open a folder or zip for reading its files with one of ``suffixes``, or all for none."""
    if path.is_dir():
        yield folder_members(path, source, suffixes)
        return
    with open_zip(path, source) as archive:
        yield [
            Member(info.filename, partial(archive.open, info), partial(_read_zipped, archive, info))
            for info in _zip_infos(archive, suffixes, source)
        ]


def _zip_infos(
    archive: zipfile.ZipFile, suffixes: tuple[str, ...], source: str
) -> list[zipfile.ZipInfo]:
    """Return the files of a zip, if they can be unpacked in bounded memory."""
    infos = [
        info
        for info in archive.infolist()
        if not info.is_dir() and _is_ours(PurePosixPath(info.filename), suffixes)
    ]
    packed = [info.filename for info in infos if info.compress_type not in _COMPRESSIONS]
    if packed:
        raise UserError(
            f"{source} is refused: {name_list(packed)} are packed in another way than zip's own, "
            f"which can't be unpacked in bounded memory. Zip the files again."
        )
    if infos:
        # Not what the zip says its parts take: they may share them.
        size = Path(str(archive.filename)).stat().st_size
        largest = max(infos, key=lambda info: info.file_size)
        what = f"its {len(infos)} files, {printable(largest.filename)!r} the largest,"
        check_ratio(sum(info.file_size for info in infos), size, source, what)
    return infos


def _read_zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    _check_size(info.file_size)
    # Not `archive.read`: a zip that lies about a size would be unpacked in full.
    with archive.open(info) as stream:
        return stream.read(info.file_size + 1)


def folder_members(folder: Path, source: str, suffixes: tuple[str, ...] = ()) -> list[Member]:
    """Return the files of a folder and its subfolders, sorted: with one of ``suffixes``, or all.

    A link that leads elsewhere in the folder is passed over, for what it leads to is there already.

    Raises:
        UserError: The folder can't be listed, or a link leads out of it.
    """
    try:
        root = folder.resolve()
        members = []
        for path in sorted(folder.rglob("*")):
            place = path.relative_to(folder)
            ours = _is_ours(place, suffixes if path.is_file() else ())
            if ours and path.is_symlink() and _leads_to_another(path, root, source):
                continue
            if ours and path.is_file():
                read = partial(_read_file, path)
                members.append(Member(place.as_posix(), partial(path.open, "rb"), read))
    except (OSError, RuntimeError) as error:
        raise UserError(f"{source} can't be read: {printable(str(error))}.") from None
    return members


def _read_file(path: Path) -> bytes:
    _check_size(path.stat().st_size)
    return path.read_bytes()


def _leads_to_another(path: Path, root: Path, source: str) -> bool:
    """Return whether a link leads to a folder or file that is found without it."""
    target = path.resolve()
    if not target.is_relative_to(root):
        raise UserError(
            f"{printable(path.name)!r} in {source} is a link that leads out of the folder, and "
            f"nothing outside it is read. Give a folder that holds both, or put the files "
            f"themselves in the place of the link."
        )
    return target.is_dir() or target.suffix.lower() == path.suffix.lower()


def _check_size(size: int) -> None:
    if size > MAX_DOCUMENT_BYTES:
        raise UserError(too_large(size))


@contextmanager
def within_memory(name: str) -> Iterator[Callable[[Iterable[Batch], Source], ResumeTable]]:
    """Return a function that makes a table of batches, or UserError when the memory is used up."""
    taken = 0

    def looked_at(batches: Iterable[Batch], text_column: str) -> Iterator[Batch]:
        nonlocal taken
        looked = 0
        for batch in batches:
            cells = batch.cells[text_column]
            if isinstance(cells, pa.Array):
                taken += cells.nbytes
            else:
                taken += sum(len(cell) for cell in cells if isinstance(cell, str))
            if taken - looked > _LOOKED_EVERY:
                looked = taken
                if free_memory() < _LOOKED_EVERY:
                    raise MemoryError
            yield batch

    def make(batches: Iterable[Batch], source: Source) -> ResumeTable:
        return ResumeTable.from_batches(looked_at(batches, source.options.text_column), source)

    try:
        yield make
    except MemoryError:
        raise UserError(
            f"{name} does not fit into the memory, which was used up after {taken / 1e9:,.1f} GB "
            f"of text had been read. Check what is in it; split it, or use a machine with more."
        ) from None


def _is_ours(path: PurePath, suffixes: tuple[str, ...]) -> bool:
    """Return whether a file may be one of the user's, not an addition of the system's."""
    extra = "__MACOSX" in path.parts or path.name.startswith(".")
    return not extra and (not suffixes or path.suffix.lower() in suffixes)
