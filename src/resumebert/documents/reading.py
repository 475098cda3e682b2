"""Reading one document: its kind is told by its content, and by its ending only md from txt."""

import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path, PurePath

from resumebert.documents.document import Document, Limits, UnreadableError, decoded, tidy

# The endings of documents, and the kind that each stands for. What is called .doc is often rtf,
# html or docx.
SUFFIXES = {
    ".txt": "txt", ".md": "md", ".markdown": "md", ".pdf": "pdf", ".docx": "docx", ".docm": "docx",
    ".doc": "", ".odt": "odt", ".rtf": "rtf", ".html": "html", ".htm": "html", ".eml": "eml",
}  # fmt: skip
# What reads each kind. Imported when needed: plain text takes none of their libraries.
_READERS = {
    "txt": "reading.read_text", "md": "web.read_markdown", "html": "web.read_html",
    "rtf": "rtf.read_rtf", "docx": "office.read_docx", "odt": "office.read_odt",
    "pdf": "pdf.read_pdf", "eml": "mail.read_mail",
}  # fmt: skip
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"RIFF", b"\0\0\0\x0cjP")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HTML = re.compile(
    r"(?:<\?xml[^>]*>|<!--.*?-->|\s)*"
    r"<(?:!doctype html|html|head|body|div|p|table|span|h[1-6])\b",
    re.IGNORECASE | re.DOTALL,
)
_MAIL = re.compile(
    r"(?=.*^from:)(?=.*^(?:mime-version|message-id|received|date):)[a-z-]+: ?\S",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)


def read_document(
    source: str | Path | bytes,
    *,
    name: str | None = None,
    limits: Limits | None = None,
    keep_hidden: bool = False,
) -> Document:
    """Read a document. Whatever is wrong with it is in the result, and nothing is raised.

    It is read in this process: a document that nobody vouches for should go through
    :func:`~resumebert.documents.read_documents_safely`. Not for several threads at a time: pdfium
    can't take that.

    Args:
        source: a path, or the file's bytes.
        name: what to call it; None: its path.
        limits: the largest document that is read.
        keep_hidden: whether text that a person can't see stays in the text.
    """
    limits = limits or Limits()
    name = name or ("" if isinstance(source, bytes) else str(source))
    kind = ""
    try:
        data = source if isinstance(source, bytes) else _bytes(Path(source), limits)
        _check_size(len(data), limits)
        kind = _kind_of(data, name, limits)
        module, _, function = _READERS[kind].partition(".")
        reader = getattr(import_module(f"resumebert.documents.{module}"), function)
        document = replace(reader(data, limits, keep_hidden), name=name, kind=kind)
        if (length := len(document.text)) > limits.characters:
            raise UnreadableError(f"has {length:,} characters, more than {limits.characters:,}")
        expected = SUFFIXES.get(PurePath(name).suffix.lower())
        if expected and expected != kind and {expected, kind} != {"txt", "md"}:
            note = f"it is {kind}, although its name says {expected}"
            return replace(document, notes=(note, *document.notes))
        return document
    except UnreadableError as error:
        reason = str(error)
    except ImportError as error:
        reason = f"takes the package {error.name} to read: pip install -e '.[documents]'"
    except OSError as error:
        reason = f"can't be read ({error.strerror or error})"
    except MemoryError:
        reason = "takes more memory to read than there is"
    except Exception as error:
        # Of a damaged document, a library raises whatever comes.
        reason = f"is damaged ({type(error).__name__}: {error})".replace("\n", " ")
    return Document(name, kind, error=reason)


def _bytes(path: Path, limits: Limits) -> bytes:
    _check_size(path.stat().st_size, limits)
    return path.read_bytes()


def _check_size(size: int, limits: Limits) -> None:
    if size == 0:
        raise UnreadableError("is empty (0 bytes)")
    if size > limits.megabytes * 1000**2:
        raise UnreadableError(f"has {size / 1000**2:,.0f} MB, more than {limits.megabytes:,} MB")


def _kind_of(data: bytes, name: str, limits: Limits) -> str:
    """Return a document's kind by its content."""
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(b"{\\rtf"):
        return "rtf"
    if data.startswith(b"PK\x03\x04"):
        return _kind_of_package(data, limits)
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise UnreadableError("is encrypted: save it without a password")
        raise UnreadableError("is a file of Word 97 to 2003 or the like: save it as docx")
    if data.startswith(_PICTURES):
        raise UnreadableError("is a picture without text: recognise its text first (OCR)")
    beginning = decoded(data[:4096])
    strange = sum(not (letter.isprintable() or letter.isspace()) for letter in beginning)
    if "\0" in beginning or strange > 0.1 * len(beginning):
        raise UnreadableError("is of an unknown kind")
    if _HTML.match(beginning):
        return "html"
    if beginning.lstrip().startswith("<?xml"):
        raise UnreadableError("is XML of an unknown kind")
    if _MAIL.match(beginning):
        return "eml"
    return "md" if SUFFIXES.get(PurePath(name).suffix.lower()) == "md" else "txt"


def _kind_of_package(data: bytes, limits: Limits) -> str:
    from resumebert.documents.office import open_package

    package = open_package(data, limits)
    names = package.namelist()
    if any(re.fullmatch(r"word/document\d*\.xml", part) for part in names):
        return "docx"
    if "content.xml" in names and b"opendocument.text" in package.read("mimetype"):
        return "odt"
    raise UnreadableError("is a zip file, but neither docx nor odt")


def read_text(data: bytes, limits: Limits, keep_hidden: bool) -> Document:
    """Read plain text."""
    if not (text := tidy(decoded(data))):
        raise UnreadableError("is blank")
    return Document(text=text, engine="resumebert")
