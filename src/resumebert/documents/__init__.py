"""Text out of documents: txt, md, pdf, docx, odt, rtf, html and eml, in reading order."""

from resumebert.documents.document import Document, Limits
from resumebert.documents.processes import DocumentReaders, read_documents_safely
from resumebert.documents.reading import SUFFIXES, read_document

__all__ = [
    "SUFFIXES", "Document", "DocumentReaders", "Limits", "read_document", "read_documents_safely",
]  # fmt: skip
