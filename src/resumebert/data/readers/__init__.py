"""Readers: from a file or folder of résumés to a ResumeTable, or one UserError with all problems."""

from resumebert.data.readers.resume_corpus import read_resume_corpus
from resumebert.data.readers.table_files import read_sample, read_table

__all__ = ["read_resume_corpus", "read_sample", "read_table"]
