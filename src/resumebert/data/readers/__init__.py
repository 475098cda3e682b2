"""Readers: résumés from a file or folder as a ResumeTable, or a UserError with all problems."""

from contextlib import suppress

import pyarrow as pa

from resumebert.data.readers.documents import read_documents
from resumebert.data.readers.resume_corpus import read_resume_corpus
from resumebert.data.readers.table_files import read_sample, read_table

__all__ = ["read_documents", "read_resume_corpus", "read_sample", "read_table"]

# Texts are gathered in many pieces, and jemalloc leaves a fraction of the gaps between them that
# Arrow's default does: 1.2 GB less for a million résumés. Not every build of Arrow has it.
with suppress(NotImplementedError):
    pa.set_memory_pool(pa.jemalloc_memory_pool())
