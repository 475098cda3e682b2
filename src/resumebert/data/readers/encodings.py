"""From bytes to text: the encoding detected or declared, what it can't decode told with its row."""

import codecs
import io
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TextIO

import numpy as np

from resumebert.data.cells.columns import AUTO
from resumebert.data.problems import Problems
from resumebert.utils.errors import UserError

# UTF-32 before UTF-16: its mark begins with the other's.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_LATIN_1_FOR_UNDEFINED, _MARKED = "resumebert.latin-1", "resumebert.marked"
# Stands for a byte that can't be decoded; no text that can be has it.
MARK = "\udcff"
_CHUNK = 1 << 20


def _latin_1(error: UnicodeError) -> tuple[str, int]:
    """Decode the bytes that a codec leaves undefined as Latin-1 does, as browsers do."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return MARK, error.end


codecs.register_error(_LATIN_1_FOR_UNDEFINED, _latin_1)
codecs.register_error(_MARKED, _mark)


def check_encoding(encoding: str) -> str:
    """Return the codec's own name for ``encoding``, or "auto"; UserError if Python has none."""
    if encoding == AUTO:
        return AUTO
    try:
        "".encode(encoding)
        return codecs.lookup(encoding).name
    except (LookupError, ValueError, TypeError):
        raise UserError(
            f"data.encoding={encoding} is not a text encoding that Python knows. Give auto, utf-8, "
            f"cp1252 (common for files from Windows) or utf-16, say."
        ) from None


def _decode_errors(codec: str) -> str:
    """Return the error handler for a codec: Windows-1252 leaves five bytes undefined.

    0x81, 0x8d, 0x8f, 0x90 and 0x9d are then read as Latin-1 reads them (control characters, which
    cleaning removes), for a stray byte in one résumé is no reason to refuse it.
    """
    return _LATIN_1_FOR_UNDEFINED if codec == "cp1252" else "strict"


def codec_for(stream: IO[bytes], encoding: str, source: str, problems: Problems) -> str:
    """Return the codec to read a stream with, from its start: a UTF-8 mark decides.

    Else ``encoding`` does. For "auto" that is the mark's, or UTF-8 if all of the stream is, or
    mostly; or cp1252, as ``problems`` then remarks.

    Raises:
        UserError: The encoding is unknown, or the bytes begin with the mark of another one.
    """
    codec = check_encoding(encoding)
    stream.seek(0)
    start = stream.read(4)
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    marked = next((name for mark, name in _MARKS.items() if start.startswith(mark)), None)
    if codec == AUTO:
        return marked or _detected(stream, source, problems)
    if marked is None:
        return codec
    if codec[:6] != marked:
        raise UserError(
            f"{source} is not {encoding}: it begins with the byte order mark of {marked.upper()}. "
            f"Give data.encoding={marked} (or auto), or save the file as UTF-8."
        )
    return marked


def _detected(stream: IO[bytes], source: str, problems: Problems) -> str:
    """Return "utf-8" or "cp1252" for a stream without a mark, all of it looked at."""
    if wide := _without_mark(stream):
        problems.guessed_encoding(source, f"{wide.upper()} without a byte order mark")
        return wide
    valid, damaged = _count_utf_8(stream)
    # In cp1252, two accented letters seldom make a character of UTF-8; where most do, the file is
    # UTF-8 with a damage that decoding will tell of.
    if valid >= damaged:
        return "utf-8"
    problems.guessed_encoding(source, "Windows-1252")
    return "cp1252"


def _without_mark(stream: IO[bytes]) -> str | None:
    """Return the codec of two or four bytes a character that a stream is in, or None.

    Its spaces, line ends and ASCII letters hold zeros, all at one place of two or three of four.
    """
    stream.seek(0)
    start = stream.read(1 << 16)
    start = start[: len(start) // 4 * 4]
    zeros = [start[k::4].count(0) / max(1, len(start) // 4) for k in range(4)]
    often = "".join("0" if share > 0.05 else "x" for share in zeros)
    codecs_of_zeros = {"x000": "utf-32-le", "xx00": "utf-32-le", "000x": "utf-32-be"}
    codecs_of_zeros |= {"00xx": "utf-32-be", "x0x0": "utf-16-le", "0x0x": "utf-16-be"}
    codec = codecs_of_zeros.get(often)
    if codec is None:
        return None
    text = codecs.getincrementaldecoder(codec)("replace").decode(start)
    # Of a script there are a few blocks of characters; read by mistake, bytes make any.
    blocks = Counter(ord(character) >> 8 for character in text)
    of_scripts = sum(count for _, count in blocks.most_common(3))
    is_text = "\0" not in text and "\ufffd" not in text
    return codec if is_text and of_scripts > 0.95 * len(text) else None


def _count_utf_8(stream: IO[bytes]) -> tuple[int, int]:
    """Return how many characters beyond ASCII are there in UTF-8, and how many damaged places."""
    stream.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    valid = damaged = 0
    while True:
        data = stream.read(_CHUNK)
        text = decoder.decode(data, final=not data)
        if not text.isascii():
            lost = text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
            damaged += max(0, lost)
            ascii_characters = np.count_nonzero(np.frombuffer(data, np.uint8) < 128)
            valid += len(text) - int(ascii_characters) - max(0, lost)
        if not data:
            return valid, damaged


def decode(data: bytes, encoding: str, source: str, problems: Problems) -> str:
    """Decode ``data`` whole, or raise UserError with the byte that the encoding can't decode."""
    codec = codec_for(io.BytesIO(data), encoding, source, problems)
    try:
        return data.decode(codec, _decode_errors(codec))
    except UnicodeError as error:
        at = getattr(error, "start", 0)
        raise UserError(_undecodable(source, codec, data[at : at + 1], f"byte {at}")) from None


@contextmanager
def text_of(
    stream: IO[bytes], codec: str, source: str, *, newline: str, row_at: Callable[[TextIO], int]
) -> Iterator[TextIO]:
    """Decode a stream, for reading lines that end as ``newline`` says (see ``open``).

    ``row_at`` tells the row that the first MARK in a text is in.

    Raises:
        UserError: While it is open: a byte that ``codec`` can't decode, with its row.
    """
    stream.seek(0)
    text = io.TextIOWrapper(stream, codec, _decode_errors(codec), newline=newline)
    try:
        yield text
    except UnicodeError:
        at, byte = _find_undecodable(stream, codec)
        text.detach()
        stream.seek(0)
        text = io.TextIOWrapper(stream, codec, _MARKED, newline=newline)
        row = max(1, row_at(text)) if byte else 1
        where = f"row {row} (byte {at} of the file)"
        raise UserError(_undecodable(source, codec, byte, where)) from None
    finally:
        # Otherwise the wrapper closes a stream that isn't its own.
        text.detach()


def head_of(stream: IO[bytes], codec: str) -> str:
    """Return the beginning of a stream as text."""
    stream.seek(0)
    decoder = codecs.getincrementaldecoder(codec)("replace")
    return decoder.decode(stream.read(1 << 18))


def _find_undecodable(stream: IO[bytes], codec: str) -> tuple[int, bytes]:
    """Return where the first byte is that ``codec`` can't decode, and the byte."""
    stream.seek(0)
    decoder = codecs.getincrementaldecoder(codec)()
    read = 0
    while True:
        data = stream.read(_CHUNK)
        held = len(decoder.getstate()[0])
        try:
            decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            return read - held + error.start, error.object[error.start : error.start + 1]
        except UnicodeError:
            return 0, b""
        if not data:
            return 0, b""
        read += len(data)


def _undecodable(source: str, codec: str, byte: bytes, where: str) -> str:
    """Return the message for a byte that can't be decoded, with the encoding to try."""
    utf = codec.startswith(("utf", "ascii"))
    advice = "cp1252, as files from Windows often are" if utf else "utf-8"
    return (
        f"{source} is not {codec}: 0x{byte.hex()} in {where} can't be decoded. Try "
        f"data.encoding={advice}; or save the file as UTF-8."
    )
