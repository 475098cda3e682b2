"""What is read of a document, how much may be read, and the text while it is put together."""

import re
import unicodedata
from dataclasses import dataclass

# Letters that are one character in a font and several in a text.
_LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
# Nothing that is read. U+00AD says where a word may be broken, others are a byte order mark's.
_DROPPED = dict.fromkeys(
    [*range(9), *range(0x0E, 0x20), 0x7F, 0xAD, 0x200B, 0x2060, 0xFEFF, 0xFFFE, 0xFFFF]
)


class UnreadableError(Exception):
    """Why a document can't be read, in words that follow its name."""


@dataclass(frozen=True)
class Limits:
    """The largest document that is read.

    Attributes:
        megabytes: of the file.
        unpacked_megabytes: of what is packed in a docx or odt.
        pages: of a PDF.
        characters: of the text.
    """

    megabytes: int = 50
    unpacked_megabytes: int = 200
    pages: int = 500
    characters: int = 10_000_000


@dataclass(frozen=True)
class Document:
    """A document that was read, or the reason why it was not.

    Attributes:
        name: its path, or the name that was given with its bytes.
        kind: by its content: txt, md, pdf, docx, odt, rtf, html, eml; empty: unknown.
        text: what a person sees, in reading order. With ``keep_hidden``, hidden text too.
        engine: what read it.
        pages: of a PDF.
        hidden_text: what a person can't see: white, tiny, off the page or marked as hidden.
        notes: what is worth knowing: another engine was better, pages without text.
        error: why there is no text; None: there is.
    """

    name: str = ""
    kind: str = ""
    text: str = ""
    engine: str = ""
    pages: int | None = None
    hidden_text: str = ""
    notes: tuple[str, ...] = ()
    error: str | None = None


class Flow:
    """Text as it comes, and apart from it the text that a person can't see."""

    def __init__(self, keep_hidden: bool) -> None:
        self._keep_hidden = keep_hidden
        self._seen: list[str] = []
        self._hidden: list[str] = []

    def add(self, text: str, *, hidden: bool) -> None:
        """Add to the current line."""
        # What is shown keeps hidden words apart.
        if hidden or text:
            self._hidden.append(text if hidden else " ")
        if self._keep_hidden or not hidden:
            self._seen.append(text)

    def end_line(self) -> None:
        """Begin a new line."""
        for parts in (self._seen, self._hidden):
            if parts and parts[-1] != "\n":
                parts.append("\n")

    def hidden_text(self) -> str:
        """Return the hidden text so far."""
        return tidy("".join(self._hidden)).replace("\n\n", "\n")

    def document(self, engine: str, notes: tuple[str, ...] = ()) -> Document:
        """Return the document that is written; one without text is an error."""
        text, hidden = tidy("".join(self._seen)), self.hidden_text()
        if not text:
            raise UnreadableError(
                "has only text that a person can't see" if hidden else "has no text (a scan?)"
            )
        return Document(text=text, engine=engine, hidden_text=hidden, notes=notes)


def tidy(text: str) -> str:
    """Return a text without control characters and without repeated spaces and blank lines."""
    # Two halves of a character become one; a half on its own can't be written to a file.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = re.sub(r"\r\n?|[\v\f\x85\u2028\u2029]", "\n", text).translate(_LIGATURES | _DROPPED)
    text = re.sub(r"[^\S\n\t]+", " ", text)
    text = re.sub(r" *\t[ \t]*", "\t", text)
    return re.sub(r"\s*\n\s*\n\s*", "\n\n", re.sub(r"[ \t]*\n[ \t]*", "\n", text)).strip()


def decoded(data: bytes, encoding: str | None = None) -> str:
    """Return the text of bytes: by their byte order mark, ``encoding``, UTF-8, or Windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    for name in (encoding or "utf-8-sig", "utf-8-sig"):
        try:
            return data.decode(name)
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode("cp1252", "replace")
