"""Readers: résumés from a file or folder as a ResumeTable, or a UserError with all problems."""

from resumebert.data.readers.documents import read_documents
from resumebert.data.readers.resume_corpus import read_resume_corpus
from resumebert.data.readers.tables import read_sample, read_table

__all__ = ["read_documents", "read_resume_corpus", "read_sample", "read_table"]
