"""Several commands at once, the same command twice, and commands without a network."""

import filecmp
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers import LEAN, LIMIT, QUICK, REPOSITORY

# What is measured of the machine is in files of its own.
SAME = ("metrics.json", "split.csv", "predictions_test.csv")
RUN = (*QUICK, "evaluation.probes=false", "trainer.max_epochs=2", "data.long_documents=windows")


def start(folder: Path, name: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(REPOSITORY / f"{name}.py"), *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(processes: Sequence[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    said = [process.communicate(timeout=LIMIT) for process in processes]
    return [
        (process.returncode, errors) for process, (_, errors) in zip(processes, said, strict=True)
    ]


@pytest.mark.slow
def test_ten_runs_at_once_share_a_cache(tmp_path: Path):
    runs = [
        start(
            tmp_path, "train", *LEAN, f"hydra.run.dir=run{number}",
            RESUMEBERT_CACHE=str(tmp_path / "cache"),
        )
        for number in range(10)
    ]  # fmt: skip
    assert [code for code, _ in ended(runs)] == [0] * 10
    for number in range(1, 10):
        for name in SAME:
            assert filecmp.cmp(
                tmp_path / "run0" / name, tmp_path / f"run{number}" / name, shallow=False
            )


@pytest.mark.slow
def test_two_sweeps_in_one_folder(tmp_path: Path):
    """The second is refused, or both share the work: no run is done twice or lost."""
    command = ("-m", *LEAN, "seed=1,2", "hydra.sweep.dir=sweep", "trainer.max_epochs=2")
    found = ended([start(tmp_path, "train", *command) for _ in range(2)])
    assert sorted(code for code, _ in found)[0] == 0
    for code, errors in found:
        assert "Traceback" not in errors
        assert code == 0 or errors.startswith("Error: ")
    board = pd.read_csv(tmp_path / "sweep" / "leaderboard.csv")
    assert board["state"].tolist() == ["finished"] * 2


def test_two_predictions_to_one_output(shared_run: Callable[..., Path], tmp_path: Path):
    run = shared_run("predicting", *LEAN, "data.long_documents=windows", "seed=3")
    frame = pd.DataFrame({"text": [f"Java developer, {i} years" for i in range(2000)]})
    frame.to_csv(tmp_path / "in.csv", index=False)
    command = (f"ckpt={run}", "input=in.csv", "output=out.csv", "device=cpu")
    found = ended([start(tmp_path, "predict", *command) for _ in range(2)])
    codes = sorted(code for code, _ in found)
    assert codes[0] == 0
    for code, errors in found:
        assert "Traceback" not in errors
        # The one that came later says that there is another, or that the output is there.
        assert code == 0 or "Error: " in errors
    rows = pd.read_csv(tmp_path / "out.csv", dtype=str)
    assert rows["id"].tolist() == [str(number) for number in range(1, 2001)]
    assert not list(tmp_path.glob("*.partial*"))


@pytest.mark.slow
def test_the_same_command_twice_writes_the_same_bytes(tmp_path: Path):
    for name in ("one", "two"):
        [(code, errors)] = ended([start(tmp_path, "train", *RUN, f"hydra.run.dir={name}")])
        assert code == 0, errors
    for name in SAME:
        assert filecmp.cmp(tmp_path / "one" / name, tmp_path / "two" / name, shallow=False)


@pytest.mark.slow
def test_workers_and_threads_change_the_last_digits_alone(tmp_path: Path):
    command = (*RUN, "trainer.precision=32-true")
    for name, threads, more in (
        ("one", "1", ()), ("workers", "1", ("data.num_workers=2",)), ("threads", "2", ()),
    ):  # fmt: skip
        [(code, errors)] = ended([
            start(tmp_path, "train", *command, *more, f"hydra.run.dir={name}",
                  OMP_NUM_THREADS=threads)
        ])  # fmt: skip
        assert code == 0, errors
    # Workers make the same batches in the same order.
    for name in SAME:
        assert filecmp.cmp(tmp_path / "one" / name, tmp_path / "workers" / name, shallow=False)
    one, other = (pd.read_csv(tmp_path / name / SAME[2]) for name in ("one", "threads"))
    names = json.loads((tmp_path / "one" / "data_report.json").read_text())["label_names"]
    assert np.abs(one[names].to_numpy() - other[names].to_numpy()).max() < 1e-3


# Put first on the path of a process: it can't reach beyond this machine, nor ask for a name.
OFFLINE = """
import socket

def refuse(*arguments, **_):
    raise OSError(f"the network was asked for {arguments[1:] or arguments}")

_connect = socket.socket.connect

def connect(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1"):
        open("asked.txt", "a").write(f"{address}\\n")
        refuse(self, address)
    return _connect(self, address)

_lookup = socket.getaddrinfo

def lookup(host, *arguments, **named):
    if host not in (None, "127.0.0.1", "::1", "localhost", "0.0.0.0"):
        open("asked.txt", "a").write(f"{host}\\n")
        refuse(host)
    return _lookup(host, *arguments, **named)

socket.socket.connect = connect
socket.getaddrinfo = lookup
"""


@pytest.mark.slow
def test_without_a_network_everything_works(tmp_path: Path):
    """Train, evaluate, label, export; the page is opened without one in test_page_in_browser.py."""
    (tmp_path / "offline").mkdir()
    (tmp_path / "offline" / "sitecustomize.py").write_text(OFFLINE)
    (tmp_path / "in.txt").write_text("Java developer")
    for name, *arguments in (
        ("train", *RUN, "hydra.run.dir=run"),
        ("eval", "ckpt=run", "hydra.run.dir=eval"),
        ("predict", "ckpt=run", "input=in.txt", "output=out.csv", "device=cpu"),
        ("export", "ckpt=run", "output=hf"),
        ("export", "ckpt=run", "output=onnx", "format=onnx"),
        ("predict", "ckpt=onnx", "input=in.txt", "output=onnx.csv"),
    ):
        path = os.pathsep.join([str(tmp_path / "offline"), os.environ.get("PYTHONPATH", "")])
        [(code, errors)] = ended([start(tmp_path, name, *arguments, PYTHONPATH=path)])
        assert code == 0, (name, errors)
    assert not (tmp_path / "asked.txt").exists(), (tmp_path / "asked.txt").read_text()
