"""The files of a folder or a zip, read one by one; a zip that is damaged or too large, refused."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath, PurePosixPath
from typing import TypeAlias

from resumebert.data.table import name_list
from resumebert.utils.errors import UserError

MAX_MEMBER_BYTES = 50 * 1000**2
MAX_ZIP_BYTES = 4 * 1000**3
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What a zip file raises when it is damaged, encrypted or packed in a way Python can't unpack.
_BAD_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)

# A file: where it is in its folder or zip, and how to read its bytes.
Member: TypeAlias = tuple[str, Callable[[], bytes]]


@contextmanager
def open_zip(path: Path, source: str, kind: str = "a zip file") -> Iterator[zipfile.ZipFile]:
    """Open a zip.

    Raises:
        UserError: While it is open: it is no zip, or damaged or encrypted.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_count(path, archive)
            yield archive
    except _BAD_ZIP as error:
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


def zip_infos(archive: zipfile.ZipFile, suffixes: tuple[str, ...]) -> list[zipfile.ZipInfo]:
    """Return the files of a zip with one of ``suffixes``, or all for none."""
    return [
        info
        for info in archive.infolist()
        if not info.is_dir() and _is_ours(PurePosixPath(info.filename), suffixes)
    ]


def zip_members(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> list[Member]:
    """Return files of a zip as members: no more of each is read than its declared size."""

    def reader(info: zipfile.ZipInfo) -> Callable[[], bytes]:
        def read() -> bytes:
            # Not `archive.read`: a zip that lies about a size would be unpacked in full.
            with archive.open(info) as stream:
                return stream.read(info.file_size + 1)

        return read

    return [(info.filename, reader(info)) for info in infos]


def folder_members(folder: Path, suffixes: tuple[str, ...], source: str) -> list[Member]:
    """Return the files of a folder and its subfolders, sorted: with one of ``suffixes``, or all.

    Raises:
        UserError: The folder can't be listed.
    """
    try:
        return [
            (path.relative_to(folder).as_posix(), path.read_bytes)
            for path in sorted(folder.rglob("*"))
            if _is_ours(path.relative_to(folder), suffixes) and path.is_file()
        ]
    except OSError as error:
        raise UserError(f"{source} can't be read: {error}.") from None


def _is_ours(path: PurePath, suffixes: tuple[str, ...]) -> bool:
    """Return whether a file may be one of the user's, not an addition of the system's."""
    extra = "__MACOSX" in path.parts or path.name.startswith(".")
    return not extra and (not suffixes or path.suffix.lower() in suffixes)


def check_sizes(infos: list[zipfile.ZipInfo], source: str) -> None:
    """Refuse a zip that unpacks to more than résumés can be.

    Raises:
        UserError: It does.
    """
    packed = [info.filename for info in infos if info.compress_type not in _COMPRESSIONS]
    if packed:
        raise UserError(
            f"{source} is refused: {name_list(packed)} are packed in another way than zip's own, "
            f"which can't be unpacked in bounded memory. Zip the files again."
        )
    total = sum(info.file_size for info in infos)
    # All résumés are one member in a corpus laid out in lines.
    limit = MAX_ZIP_BYTES if len(infos) == 1 else MAX_MEMBER_BYTES
    large = [info.filename for info in infos if info.file_size > limit]
    if large or total > MAX_ZIP_BYTES:
        what = f"{name_list(large)} would" if large else "all files together would"
        size = limit if large else MAX_ZIP_BYTES
        raise UserError(
            f"{source} is refused: unpacked, {what} take more than {size / 1e6:,.0f} MB. A résumé "
            f"takes some KB; check where the file comes from."
        )


def check_unpacked(infos: list[zipfile.ZipInfo], source: str) -> None:
    """Refuse an office file that unpacks to more than one of résumés can be.

    Raises:
        UserError: It does.
    """
    if sum(info.file_size for info in infos) > MAX_ZIP_BYTES:
        raise UserError(
            f"{source} is refused: unpacked, it would take more than {MAX_ZIP_BYTES / 1e6:,.0f} "
            f"MB. Check where the file comes from, or save the sheet as .csv."
        )
