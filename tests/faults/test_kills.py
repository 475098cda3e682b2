"""Commands killed with SIGKILL at a random moment, and typed again: the figures are those of one
that nobody interrupted, and no half-written file is taken for a whole one."""

import csv
import filecmp
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from helpers import LIMIT, QUICK, REPOSITORY
from resumebert.data.readers import read_sample
from resumebert.model.checkpoint_file import read_checkpoint

pytestmark = pytest.mark.slow
# Training, its evaluation and the report, with all that a run writes; some steps, some epochs.
RUN = (
    *QUICK, "trainer.max_epochs=3", "trainer.precision=32-true", "data.long_documents=windows",
    "callbacks.last_checkpoint.minutes=0.02", "evaluation.probes=false",
)  # fmt: skip


def started(folder: Path, name: str, arguments: Sequence[str], cache: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, str(REPOSITORY / f"{name}.py"), *arguments],
        cwd=folder,
        env={**os.environ, "RESUMEBERT_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def completed(folder: Path, name: str, *arguments: str, cache: Path) -> str:
    process = started(folder, name, arguments, cache)
    said, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, said
    return said


def killed(folder: Path, name: str, *arguments: str, cache: Path, seconds: float) -> bool:
    """Kill a command and all that it has started, so many seconds after its start."""
    process = started(folder, name, arguments, cache)
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return True
    return False


def moment(name: str, seed: int, whole: float) -> float:
    """Return when to kill: any time, after the first imports."""
    return random.Random(f"{name} {seed}").uniform(0.25 * whole, 1.02 * whole)


def assert_every_file_is_whole(folder: Path) -> None:
    for path in folder.rglob("*"):
        if not path.is_file() or path.name.endswith(".partial"):
            continue
        if path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix == ".ckpt":
            read_checkpoint(path)
        elif path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as stream:
                rows = list(csv.reader(stream))
            assert len({len(row) for row in rows}) == 1, path
        elif path.suffix == ".html":
            assert path.read_text(encoding="utf-8").rstrip().endswith("</html>"), path


def figures(run: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return found


def seconds_of(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """The folder of an uninterrupted run, and how long it took."""
    folder = tmp_path_factory.mktemp("whole")
    seconds = seconds_of(
        lambda: completed(folder, "train", *RUN, "hydra.run.dir=run", cache=folder / "cache")
    )
    return folder / "run", seconds


@pytest.mark.parametrize("seed", range(20))
def test_training(whole: tuple[Path, float], tmp_path: Path, seed: int) -> None:
    run, seconds = whole
    cache = tmp_path / "cache"
    after = moment("train", seed, seconds)
    killed(tmp_path, "train", *RUN, "hydra.run.dir=run", cache=cache, seconds=after)
    assert_every_file_is_whole(tmp_path)
    if (tmp_path / "run" / "checkpoints" / "last.ckpt").exists():
        # It goes on with its own settings.
        completed(
            tmp_path, "train", "ckpt_path=run/checkpoints/last.ckpt", "hydra.run.dir=again",
            cache=cache,
        )  # fmt: skip
    else:
        completed(tmp_path, "train", *RUN, "hydra.run.dir=again", cache=cache)
    assert figures(tmp_path / "again") == figures(run)
    for name in ("split.csv", "predictions_test.csv"):
        assert filecmp.cmp(tmp_path / "again" / name, run / name, shallow=False)


@pytest.mark.parametrize("seed", range(6))
def test_evaluating(whole: tuple[Path, float], tmp_path: Path, seed: int) -> None:
    run, seconds = whole
    command = ("eval", f"ckpt={run}", "hydra.run.dir=eval")
    cache = tmp_path / "cache"
    killed(tmp_path, *command, cache=cache, seconds=moment("eval", seed, 0.7 * seconds))
    assert_every_file_is_whole(tmp_path)
    completed(tmp_path, *command, cache=cache)
    expected = figures(run)
    found = {name: value for name, value in figures(tmp_path / "eval").items() if name in expected}
    assert found
    assert found == {name: expected[name] for name in found}


@pytest.fixture(scope="module")
def labelled(
    whole: tuple[Path, float], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, float]:
    """A table, its rows with labels, and how long it took to label them."""
    folder = tmp_path_factory.mktemp("labelled")
    rows = [[f"r{i}", text] for i, text in enumerate([*read_sample().texts] * 3)]
    with (folder / "in.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["id", "text"], *rows])
    arguments = (f"ckpt={whole[0]}", "input=in.csv", "output=out.csv", "device=cpu")
    seconds = seconds_of(lambda: completed(folder, "predict", *arguments, cache=folder / "cache"))
    return folder / "in.csv", folder / "out.csv", seconds


@pytest.mark.parametrize("seed", range(10))
def test_predicting(
    whole: tuple[Path, float], labelled: tuple[Path, Path, float], tmp_path: Path, seed: int
) -> None:
    table, expected, seconds = labelled
    command = ("predict", f"ckpt={whole[0]}", f"input={table}", "output=out.csv", "device=cpu")
    cache = tmp_path / "cache"
    after = moment("predict", seed, seconds)
    output = tmp_path / "out.csv"
    if killed(tmp_path, *command, cache=cache, seconds=after) and not output.exists():
        completed(tmp_path, *command, cache=cache)
    assert filecmp.cmp(output, expected, shallow=False)


@pytest.mark.parametrize("seed", range(6))
def test_exporting(whole: tuple[Path, float], tmp_path: Path, seed: int) -> None:
    command = ("export", f"ckpt={whole[0]}", "output=export")
    cache, one, other = (tmp_path / name for name in ("cache", "one", "other"))
    one.mkdir()
    other.mkdir()
    seconds = seconds_of(lambda: completed(one, *command, cache=cache))
    killed(other, *command, cache=cache, seconds=moment("export", seed, seconds))
    # Whole or not at all.
    if not (other / "export").exists():
        completed(other, *command, cache=cache)
    compared = filecmp.dircmp(one / "export", other / "export")
    assert compared.left_list == compared.right_list
    assert compared.diff_files == []


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    folder = tmp_path_factory.mktemp("swept")
    seconds = seconds_of(lambda: completed(folder, "train", *SWEEP, cache=folder / "cache"))
    return folder / "sweep", seconds


SWEEP = (
    "-m", *RUN, "evaluation.report=false", "evaluation.baseline=false", "seed=1,2",
    "hydra.sweep.dir=sweep",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_sweeping(swept: tuple[Path, float], tmp_path: Path, seed: int) -> None:
    sweep, seconds = swept
    cache = tmp_path / "cache"
    killed(tmp_path, "train", *SWEEP, cache=cache, seconds=moment("sweep", seed, seconds))
    assert_every_file_is_whole(tmp_path)
    completed(tmp_path, "train", *SWEEP, cache=cache)
    for number in "01":
        assert figures(tmp_path / "sweep" / number) == figures(sweep / number)
    with (tmp_path / "sweep" / "leaderboard.csv").open(encoding="utf-8") as stream:
        assert [row["state"] for row in csv.DictReader(stream)] == ["finished"] * 2
