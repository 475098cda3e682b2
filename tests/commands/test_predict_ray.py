"""predict.py engine=ray, against the local engine."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from documents import made
from helpers import LEAN, LIMIT, REPOSITORY, Command, wait_until
from resumebert.inference.distributed import label_with_ray
from resumebert.inference.rows import Columns

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
TEXT = "Java developer, ten years of Spring and Hibernate in Berlin. "


@pytest.fixture
def run(shared_run: Callable[..., Path]) -> Path:
    return shared_run("predicting", *LEAN, "data.long_documents=windows", "seed=3")


def typed(run: Path, *arguments: str) -> tuple[str, ...]:
    return (f"ckpt={run}", "device=cpu", "workers=1", *arguments)


def write_table(path: Path, count: int) -> None:
    rows = [f'r{i},"{TEXT * (i % 3 + 1)}no. {i}"' for i in range(count)]
    rows[7] = "r7,"
    path.write_text("\n".join(["id,text", *rows]), encoding="utf-8")


def test_what_can_not_be_is_refused(run: Path, command: Command, tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("text\njava\n")
    result = command("predict", *typed(run, "input=-", "output=F.csv", "engine=ray"))
    assert result.code == 1
    assert "can't read standard input" in result.errors
    monkeypatch.setitem(sys.modules, "ray", None)
    result = command("predict", *typed(run, "input=t.csv", "output=F.csv", "engine=ray"))
    assert result.code == 1
    assert "pip install 'resumebert[ray]'" in result.errors
    assert not (tmp_path / "F.csv").exists()


def test_of_nothing_left_to_label_no_cluster_is_asked(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    done = label_with_ray(dict, dict, Columns(()), count=3, start=3)  # type: ignore[arg-type]
    assert list(done) == []


@needs_ray
@pytest.mark.slow
def test_rows_are_those_of_the_local_engine(run: Path, command: Command, tmp_path: Path):
    write_table(tmp_path / "t.csv", 3000)
    (tmp_path / "cvs").mkdir()
    (tmp_path / "cvs" / "a.docx").write_bytes(made.word(lambda d: d.add_paragraph(TEXT)))
    (tmp_path / "cvs" / "b.txt").write_text(TEXT)
    (tmp_path / "cvs" / "c.pdf").write_bytes(b"%PDF-1.4 damaged")
    for given in ("t.csv", "cvs"):
        for engine in ("local", "ray"):
            arguments = typed(run, f"input={given}", f"output={engine}.jsonl", f"engine={engine}")
            result = command("predict", *arguments, "ray_workers=2", "overwrite=true")
            assert result.code == 0, result.errors
        assert (tmp_path / "ray.jsonl").read_text() == (tmp_path / "local.jsonl").read_text()


@needs_ray
@pytest.mark.slow
def test_a_killed_worker_loses_nothing(run: Path, command: Command, tmp_path: Path):
    write_table(tmp_path / "t.csv", 12_000)
    arguments = typed(run, "input=t.csv", "output=F.csv", "engine=ray", "ray_workers=2")
    process = subprocess.Popen(
        [sys.executable, str(REPOSITORY / "predict.py"), *arguments],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    )
    partial = tmp_path / "F.csv.partial"

    def has_rows() -> bool:
        assert process.poll() is None
        return partial.exists() and partial.stat().st_size > 100_000

    wait_until(has_rows)
    workers = [
        each.pid
        for each in psutil.Process(process.pid).children(recursive=True)
        if "MapWorker" in " ".join(each.cmdline())
    ]
    assert workers
    os.kill(workers[0], signal.SIGKILL)
    assert process.wait(timeout=LIMIT) == 0
    assert command("predict", *typed(run, "input=t.csv", "output=L.csv")).code == 0
    assert (tmp_path / "F.csv").read_text() == (tmp_path / "L.csv").read_text()
