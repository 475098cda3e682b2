"""Reading one document: its kind is told by its content, its ending only tells md from txt."""

import email
import re
from collections.abc import Callable
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from pathlib import Path, PurePath

from resumebert.documents.document import Document, Limits, UnreadableError, tidy

# The endings of documents, and the kind that each stands for. What is called .doc is often rtf,
# html or docx.
SUFFIXES = {
    ".txt": "txt", ".md": "md", ".markdown": "md", ".pdf": "pdf", ".docx": "docx", ".docm": "docx",
    ".doc": "", ".odt": "odt", ".rtf": "rtf", ".html": "html", ".htm": "html", ".eml": "eml",
}  # fmt: skip
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"BM", b"\0\0\0\x0cjP")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>|<!--.*?-->|\s)*<(?:!doctype html|html|head|body|div|p|table|span|h[1-6])\b",
    re.IGNORECASE | re.DOTALL,
)
_HEADER = re.compile(r"[A-Za-z][A-Za-z-]*: ?\S")
_MAIL = re.compile(r"^(?:mime-version|message-id|received|return-path|date):", re.I | re.M)
_SENDER = re.compile(r"^from:", re.I | re.M)
_CHARSET = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_DEEPEST_MAIL = 3


def read_document(
    source: str | Path | bytes,
    *,
    name: str | None = None,
    limits: Limits | None = None,
    keep_hidden: bool = False,
) -> Document:
    """Read a document. Whatever is wrong with it is in the result, and nothing is raised.

    It is read in this process: a document that nobody vouches for should go through
    :func:`~resumebert.documents.read_documents_safely`.

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
        kind = _kind_of(data, name)
        document = _READERS[kind](data, name, limits, keep_hidden)
        if len(document.text) > limits.characters:
            raise UnreadableError(
                f"has {len(document.text):,} characters, more than {limits.characters:,}"
            )
        expected = SUFFIXES.get(PurePath(name).suffix.lower())
        if expected and expected != kind and {expected, kind} != {"txt", "md"}:
            note = f"it is {kind}, although its name says {expected}"
            return replace(document, notes=(note, *document.notes))
        return document
    except UnreadableError as error:
        reason = str(error)
    except ImportError as error:
        reason = f"takes a package to read ({error.name}): pip install 'resumebert[documents]'"
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
        shown = f"{size / 1000**2:,.0f} MB"
        raise UnreadableError(f"has {shown}, more than {limits.megabytes:,} MB: no résumé has")


def _kind_of(data: bytes, name: str) -> str:
    """Return a document's kind by its content.

    Raises:
        UnreadableError: It is of a kind that can't be read.
    """
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(b"{\\rtf"):
        return "rtf"
    if data.startswith(b"PK\x03\x04"):
        return _kind_of_package(data)
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise UnreadableError("is encrypted: save it without a password")
        raise UnreadableError("is a file of Word 97 to 2003 or the like: save it as docx")
    if data.startswith(_PICTURES) or b"WEBP" in data[8:12]:
        raise UnreadableError("is a picture without text: recognise it first (OCR)")
    beginning = _decoded(data[:4096]).lstrip("\ufeff")
    strange = sum(not (letter.isprintable() or letter.isspace()) for letter in beginning)
    if "\0" in beginning or strange > 0.1 * len(beginning):
        raise UnreadableError("is of an unknown kind")
    if _HTML.match(beginning):
        return "html"
    if beginning.lstrip().startswith("<?xml"):
        raise UnreadableError("is XML of an unknown kind")
    if _HEADER.match(beginning) and _MAIL.search(beginning) and _SENDER.search(beginning):
        return "eml"
    return "md" if SUFFIXES.get(PurePath(name).suffix.lower()) == "md" else "txt"


def _kind_of_package(data: bytes) -> str:
    from resumebert.documents.office import open_package

    with open_package(data, Limits(unpacked_megabytes=10**9)) as package:
        names = package.namelist()
        if any(re.fullmatch(r"word/document\d*\.xml", part) for part in names):
            return "docx"
        if "content.xml" in names and b"opendocument.text" in data[:200]:
            return "odt"
    raise UnreadableError("is a zip file, but neither docx nor odt")


def _decoded(data: bytes) -> str:
    """Return the text of bytes by their byte order mark, else UTF-8, else Windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The beginning of a file may end within a character.
        cut = len(data) - error.start < 4 and error.reason == "unexpected end of data"
        return data.decode("utf-8-sig" if cut else "cp1252", "replace")


def _read_text(data: bytes, name: str, limits: Limits, keep_hidden: bool) -> Document:
    text = tidy(_decoded(data))
    if not text:
        raise UnreadableError("is blank")
    return Document(name, "txt", text, "resumebert")


def _read_markdown(data: bytes, name: str, limits: Limits, keep_hidden: bool) -> Document:
    from markdown_it import MarkdownIt

    from resumebert.documents.web import read_html

    rendered = MarkdownIt("commonmark").enable("table").render(_decoded(data))
    return replace(read_html(rendered, name, "md", keep_hidden), engine="markdown-it, lxml")


def _read_html(data: bytes, name: str, limits: Limits, keep_hidden: bool) -> Document:
    from resumebert.documents.web import read_html

    named = _CHARSET.search(data[:2048])
    try:
        text = data.decode(named[1].decode()) if named else _decoded(data)
    except (LookupError, UnicodeDecodeError):
        text = _decoded(data)
    return read_html(text, name, "html", keep_hidden)


def _read_rtf(data: bytes, name: str, limits: Limits, keep_hidden: bool) -> Document:
    from resumebert.documents.rtf import read_rtf

    return read_rtf(data, name, keep_hidden)


def _read_package(data: bytes, name: str, limits: Limits, keep_hidden: bool) -> Document:
    from resumebert.documents.office import open_package, read_docx, read_odt

    with open_package(data, limits) as package:
        read = read_odt if "content.xml" in package.namelist() else read_docx
        return read(package, name, keep_hidden)


def _read_pdf(data: bytes, name: str, limits: Limits, keep_hidden: bool) -> Document:
    from resumebert.documents.pdf import read_pdf

    return read_pdf(data, name, limits, keep_hidden)


def _read_mail(data: bytes, name: str, limits: Limits, keep_hidden: bool) -> Document:
    message = email.message_from_bytes(data, policy=policy.default)
    return _document_of_mail(message, name, limits, keep_hidden, depth=1)  # type: ignore[arg-type]


def _document_of_mail(
    message: EmailMessage, name: str, limits: Limits, keep_hidden: bool, depth: int
) -> Document:
    """Read the subject and body of a mail, then its attachments: the résumé often is one."""
    found = [Document(name, text=str(message.get("subject", "")))]
    if (body := message.get_body(("plain", "html"))) is not None:
        content = body.get_content()
        if body.get_content_subtype() == "html":
            found.append(_read_html(content.encode(), name, limits, keep_hidden))
        else:
            found.append(Document(name, text=tidy(content)))
    notes = []
    for part in message.iter_attachments():
        own = part.get_filename() or part.get_content_type()
        if part.get_content_maintype() in ("image", "audio", "video"):
            continue
        if isinstance(content := part.get_content(), EmailMessage):
            if depth < _DEEPEST_MAIL:
                found.append(_document_of_mail(content, own, limits, keep_hidden, depth + 1))
            continue
        content = content.encode() if isinstance(content, str) else content
        document = read_document(content, name=own, limits=limits, keep_hidden=keep_hidden)
        found.append(document)
        notes += [f"attachment {own}: {note}" for note in document.notes]
        notes.append(f"attachment {own} " + (document.error or "was read"))
    text = "\n\n".join(document.text for document in found if document.text)
    hidden = "\n".join(document.hidden_text for document in found if document.hidden_text)
    if not text:
        raise UnreadableError("has no text")
    return Document(name, "eml", text, "email", hidden_text=hidden, notes=tuple(notes))


_READERS: dict[str, Callable[[bytes, str, Limits, bool], Document]] = {
    "txt": _read_text,
    "md": _read_markdown,
    "html": _read_html,
    "rtf": _read_rtf,
    "docx": _read_package,
    "odt": _read_package,
    "pdf": _read_pdf,
    "eml": _read_mail,
}
