"""Opening files: paths that can't be read and bytes that can't be decoded, told plainly."""

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from resumebert.utils.errors import UserError

# UTF-32 before UTF-16: its mark begins with the other's.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_LATIN_1_FOR_UNDEFINED = "resumebert.latin-1"


def _latin_1(error: UnicodeError) -> tuple[str, int]:
    """Decode the bytes that a codec leaves undefined as Latin-1 does, as browsers do."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error(_LATIN_1_FOR_UNDEFINED, _latin_1)


def check_path(path: str | Path | None, *, folder: bool = False) -> Path:
    """Return ``path`` as a Path to a readable, non-empty file, or to a folder if ``folder``.

    Raises:
        UserError: No path is given, nothing is there, it is of the other kind, it may not be read,
            or the file is empty.
    """
    if path is None or not str(path):
        raise UserError("data.path is not set: no data to read. Give it as data.path=PATH.")
    try:
        found = Path(str(path)).expanduser()
        if not found.exists():
            raise UserError(_no_such_path(path, found))
        if folder and found.is_dir():
            next(found.iterdir(), None)
        elif folder or not found.is_file():
            kind = "a folder" if found.is_dir() else "not a folder" if folder else "not a file"
            wanted = "a folder" if folder else "a file"
            raise UserError(f"data.path={path} is {kind}, where {wanted} is expected.")
        else:
            with found.open("rb") as stream:
                if not stream.read(1):
                    raise UserError(f"{path} is an empty file (0 bytes). Check data.path.")
    except PermissionError:
        raise UserError(
            f"{path} may not be read by this user: permission denied. Change its permissions, or "
            f"give another file as data.path=PATH."
        ) from None
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"data.path={path!s} can't be opened: {error}.") from None
    return found


def _no_such_path(path: str | Path, found: Path) -> str:
    """Return the message for a path that leads nowhere, with the folder it is sought from."""
    sought = "" if found.is_absolute() else f" It was sought from the folder {Path.cwd()}."
    return f"There is no file or folder {path} (data.path).{sought} Check data.path."


def check_encoding(encoding: str) -> str:
    """Return the codec's own name for ``encoding``.

    Raises:
        UserError: Python has no text encoding of this name.
    """
    try:
        "".encode(encoding)
        return codecs.lookup(encoding).name
    except (LookupError, ValueError, TypeError):
        raise UserError(
            f"data.encoding={encoding} is not a text encoding that Python knows. Give utf-8, "
            f"cp1252 (common for files from Windows) or utf-16, say."
        ) from None


def decode_errors(codec: str) -> str:
    """Return the error handler for a codec: Windows-1252 leaves five bytes undefined.

    0x81, 0x8d, 0x8f, 0x90 and 0x9d are then read as Latin-1 reads them (control characters, which
    cleaning removes), for a stray byte in one résumé is no reason to refuse it.
    """
    return _LATIN_1_FOR_UNDEFINED if codec == "cp1252" else "strict"


def codec_for(start: bytes, encoding: str, source: str) -> str:
    """Return the codec to read bytes that begin with ``start`` (4 bytes): a UTF-8 mark decides.

    Raises:
        UserError: The encoding is unknown, or the bytes begin with the mark of another one.
    """
    codec = check_encoding(encoding)
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    marked = next((name for mark, name in _MARKS.items() if start.startswith(mark)), None)
    if marked is None:
        return codec
    if codec[:6] != marked:
        raise UserError(
            f"{source} is not {encoding}: it begins with the byte order mark of {marked.upper()}. "
            f"Give data.encoding={marked}, or save the file as UTF-8."
        )
    return marked


def decode(data: bytes, encoding: str, source: str) -> str:
    """Decode ``data`` whole.

    Raises:
        UserError: See :func:`codec_for`; or a byte that ``encoding`` can't decode, with its place.
    """
    codec = codec_for(data[:4], encoding, source)
    try:
        return data.decode(codec, decode_errors(codec))
    except UnicodeError as error:
        at = getattr(error, "start", 0)
        raise UserError(_undecodable(source, encoding, data[at : at + 1], f"byte {at}")) from None


@contextmanager
def open_binary(path: Path, source: str) -> Iterator[BinaryIO]:
    """Open a file, unpacking ``.gz``.

    Raises:
        UserError: While it is open: a damaged gzip file, or an error of the file system.
    """
    try:
        with path.open("rb") as raw:
            if path.suffix.lower() != ".gz":
                yield raw
                return
            with gzip.open(raw, "rb") as unpacked:
                yield unpacked  # type: ignore[misc]
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(
            f"{source} is damaged or not a gzip file ({error}). Fetch it again."
        ) from None
    except OSError as error:
        raise UserError(f"{source} can't be read: {error}.") from None


@contextmanager
def text_of(
    stream: BinaryIO, encoding: str, source: str, *, newline: str, row_at: Callable[[str], int]
) -> Iterator[TextIO]:
    """Decode a stream at its start, for reading lines that end as ``newline`` says (see ``open``).

    ``row_at`` tells the row that the end of a text, cut off anywhere, is in.

    Raises:
        UserError: While it is open: as :func:`codec_for`, or a byte that ``encoding`` can't decode,
            with its row.
    """
    codec = codec_for(stream.read(4), encoding, source)
    stream.seek(0)
    text = io.TextIOWrapper(stream, codec, decode_errors(codec), newline=newline)
    try:
        yield text
    except UnicodeError:
        stream.seek(0)
        message = _find_undecodable(stream.read(), encoding, codec, source, row_at)
        raise UserError(message) from None
    finally:
        # Otherwise the wrapper closes a stream that isn't its own.
        text.detach()


def _find_undecodable(
    data: bytes, encoding: str, codec: str, source: str, row_at: Callable[[str], int]
) -> str:
    """Return the message for the first byte in ``data`` that ``codec`` can't decode."""
    try:
        data.decode(codec)
        at = 0
    except UnicodeError as error:
        at = getattr(error, "start", 0)
    row = max(1, row_at(data[:at].decode(codec, "replace")))
    return _undecodable(source, encoding, data[at : at + 1], f"row {row} (byte {at} of the file)")


def _undecodable(source: str, encoding: str, byte: bytes, where: str) -> str:
    """Return the message for a byte that can't be decoded, with the encoding to try."""
    utf = check_encoding(encoding).startswith(("utf", "ascii"))
    advice = "cp1252, as files from Windows often are" if utf else "utf-8"
    return (
        f"{source} is not {encoding}: 0x{byte.hex()} in {where} can't be decoded. Try "
        f"data.encoding={advice}; or save the file as UTF-8."
    )
