"""Text of mails: subject, body and attachments, one of which often is the résumé."""

import email
from email import policy
from email.message import EmailMessage

from resumebert.documents.document import Document, Limits, UnreadableError
from resumebert.documents.reading import read_document

_DEEPEST = 3


def read_mail(data: bytes, limits: Limits, keep_hidden: bool) -> Document:
    """Read a mail and the documents that are attached to it."""
    message = email.message_from_bytes(data, policy=policy.default)
    found = [Document(text=str(message.get("subject", ""))), *_parts(message, limits, keep_hidden)]
    text = "\n\n".join(document.text for document in found if document.text)
    if not text:
        raise UnreadableError("has no text")
    hidden = "\n".join(document.hidden_text for document in found if document.hidden_text)
    notes = []
    for document in found:
        if document.name:
            outcome = document.error or "was read"
            notes += [f"attachment {document.name} {outcome}"]
            notes += [f"attachment {document.name}: {note}" for note in document.notes]
    return Document(text=text, engine="email", hidden_text=hidden, notes=tuple(notes))


def _parts(
    message: EmailMessage, limits: Limits, keep_hidden: bool, depth: int = 1
) -> list[Document]:
    """Return the body and the attachments; those of mails in the mail too."""
    found = []
    if (body := message.get_body(("plain", "html"))) is not None:
        data = body.get_content().encode("utf-8", "replace")
        found.append(read_document(data, limits=limits, keep_hidden=keep_hidden))
    for part in message.iter_attachments():
        if part.get_content_maintype() in ("image", "audio", "video"):
            continue
        content = part.get_content()
        if isinstance(content, EmailMessage):
            if depth < _DEEPEST:
                found += _parts(content, limits, keep_hidden, depth + 1)
            continue
        data = content.encode("utf-8", "replace") if isinstance(content, str) else content
        name = part.get_filename() or part.get_content_type()
        found.append(read_document(data, name=name, limits=limits, keep_hidden=keep_hidden))
    return found
