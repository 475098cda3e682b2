"""The documents that all peers read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from resumebert import ResumeTable
from resumebert.data.readers import read_sample, read_table

# A sentence or two.
SHORT_WORDS = 40
# What BERT reads at once, and what the notebook cut every résumé to.
LONGEST = 512


@dataclass(frozen=True)
class Workload:
    """Some labelled documents, and how they are read.

    Attributes:
        tokens: so many of each document; None: all.
        precision: ``auto``, or 32-true to measure as on a processor without bfloat16.
    """

    name: str
    table: ResumeTable
    tokens: int | None = LONGEST
    precision: str = "auto"

    def __str__(self) -> str:
        return f"{self.name}, {'whole' if self.tokens is None else f'{self.tokens} tokens'}"


def workloads(
    documents: int, corpus: Path | None, labels_column: str, precision: str
) -> list[Workload]:
    """Return the workloads: of the sample, and of a corpus if there is one."""
    sample = _drawn(read_sample(), documents)
    texts = [" ".join(text.split()[:SHORT_WORDS]) for text in sample.texts]
    found = [
        Workload("short texts", sample.with_texts(texts), 64),
        Workload("sample", sample),
        Workload("sample", sample, None),
    ]
    if corpus is not None:
        table = _drawn(read_table(corpus, labels_column=labels_column), documents)
        found += [Workload("corpus", table), Workload("corpus", table, None)]
    return [replace(workload, precision=precision) for workload in found]


def _drawn(table: ResumeTable, documents: int) -> ResumeTable:
    drawn = np.random.default_rng(0).choice(len(table), documents, replace=False)
    return table.select(np.sort(drawn))


def targets(table: ResumeTable) -> Sequence[Sequence[float]]:
    """Return a list of L numbers a document."""
    return table.labels.astype(float).tolist()
