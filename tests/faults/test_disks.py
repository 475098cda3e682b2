"""Disks that are full or no one's to write on, and files that have gone."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from helpers import LEAN, LIMIT, REPOSITORY, Command, Result

NOBODY = 65534
# Three checkpoints of some 24 MB while the third takes the second's place.
RUN = (*LEAN, "trainer.max_epochs=3")
is_root = pytest.mark.skipif(
    sys.platform != "linux" or os.getuid() != 0, reason="takes the rights of root"
)


def typed(folder: Path, *arguments: str, before: Sequence[str] = (), **how: object) -> Result:
    done = subprocess.run(
        [*before, sys.executable, str(REPOSITORY / "train.py"), *arguments],
        cwd=folder, capture_output=True, text=True, timeout=LIMIT, **how,
    )  # fmt: skip
    return Result(done.returncode, done.stdout, done.stderr)


def steps(run: Path) -> int:
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["global_step"]


def assert_ended_in_words(result: Result, words: str) -> None:
    assert result.code == 1, result.errors
    assert "Traceback" not in result.output + result.errors
    assert words in result.errors


def as_anybody(folder: Path, *arguments: str, **environment: str) -> Result:
    """Run a command without root's right to write where everybody else can't."""
    bare = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
    if shutil.which("setpriv") is None or subprocess.run([*bare, "true"]).returncode != 0:
        pytest.skip("rights can't be given up here")
    return typed(folder, *arguments, before=bare, env={**os.environ, **environment})


def of_another(folder: Path) -> Path:
    """Make a folder that this user can read alone."""
    folder.mkdir(mode=0o755)
    os.chown(folder, NOBODY, NOBODY)
    return folder


@pytest.mark.slow
@is_root
def test_a_disk_that_fills_up_between_two_checkpoints(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "none", str(small)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("no disk can be mounted here")
    try:
        result = typed(tmp_path, *RUN, "hydra.run.dir=small/run")
        assert_ended_in_words(result, "Make room")
        # The checkpoint of the first epoch is whole, and another disk takes the run on.
        kept = steps(small / "run")
        assert kept > 0
        assert not [path for path in (small / "run").rglob("*") if ".tmp" in path.name]
        last = f"ckpt_path={small}/run/checkpoints/last.ckpt"
        resumed = typed(tmp_path, *RUN, last, "hydra.run.dir=large")
        assert resumed.code == 0, resumed.errors
        assert steps(tmp_path / "large") > kept
        assert (tmp_path / "large" / "metrics.json").exists()
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_a_limit_that_is_met_in_the_middle_of_a_checkpoint(tmp_path: Path) -> None:
    first = typed(tmp_path, *LEAN, "trainer.max_epochs=1", "hydra.run.dir=run")
    assert first.code == 0, first.errors
    before = steps(tmp_path / "run")
    room = (tmp_path / "run" / "checkpoints" / "last.ckpt").stat().st_size // 2

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    arguments = (*RUN, "ckpt_path=run/checkpoints/last.ckpt", "hydra.run.dir=run")
    result = typed(tmp_path, *arguments, preexec_fn=limit)
    assert_ended_in_words(result, "the earlier version is still there")
    assert steps(tmp_path / "run") == before
    # Without the limit, the same command ends the run.
    result = typed(tmp_path, *arguments)
    assert result.code == 0, result.errors
    assert steps(tmp_path / "run") == 3 * before


@pytest.mark.slow
@is_root
def test_a_cache_that_belongs_to_another(tmp_path: Path) -> None:
    cache = of_another(tmp_path / "cache")
    result = as_anybody(tmp_path, *LEAN, "hydra.run.dir=run", RESUMEBERT_CACHE=str(cache))
    assert result.code == 0, result.errors
    assert f"the cache {cache} can't be used" in result.errors
    assert list(cache.iterdir()) == []


@pytest.mark.slow
@is_root
def test_an_output_that_belongs_to_another(tmp_path: Path) -> None:
    theirs = of_another(tmp_path / "theirs")
    result = as_anybody(tmp_path, *LEAN, f"hydra.run.dir={theirs}/run")
    assert_ended_in_words(result, str(theirs))
    assert list(theirs.iterdir()) == []


def test_data_that_have_gone(command: Command, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    rows = (f"{'nurse on a ward' if i % 2 else 'lorry driver'} {i},{i % 2}" for i in range(60))
    table.write_text("\n".join(["text,Nurse", *rows]), encoding="utf-8")
    data = ("data=table", f"data.path={table}", "data.label_columns=[Nurse]")
    lean = [word for word in LEAN if not word.startswith("data.limit")]
    assert command("train", *lean, *data, "hydra.run.dir=run").code == 0
    table.unlink()
    for name, arguments in (
        ("train", (*lean, *data, "trainer.max_epochs=3", "ckpt_path=run/checkpoints/last.ckpt")),
        ("eval", ("ckpt=run",)),
        ("predict", ("ckpt=run", f"input={table}", "output=labels.csv")),
    ):
        before = sorted(map(str, tmp_path.rglob("*")))
        assert_ended_in_words(command(name, *arguments), "mine.csv")
        assert sorted(map(str, tmp_path.rglob("*"))) == before
