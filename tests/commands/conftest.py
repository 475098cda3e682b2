"""Run the documented commands, in this process (fast) or in one of their own (as a user does)."""

import json
import os
import runpy
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from filelock import FileLock
from hydra._internal.hydra import Hydra

from helpers import QUICK, REPOSITORY, Command, Result, in_own_process
from resumebert.utils.folders import remove_unused


@pytest.fixture
def command(
    capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Command:
    """``command("train", "key=value", …)``: run a command in this process, typed in tmp_path."""
    monkeypatch.chdir(tmp_path)

    def run(name: str, *arguments: str) -> Result:
        capfd.readouterr()
        code = in_this_process(name, *arguments)
        captured = capfd.readouterr()
        return Result(code, captured.out, captured.err)

    return run


def in_this_process(name: str, *arguments: str) -> int:
    """Run a command as if it had been typed; return its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [f"{name}.py", *arguments])
        # To learn whether a config says so, Hydra composes the whole of it once more.
        if not any(word.startswith("hydra.mode") or "hparams_search" in word for word in arguments):
            patch.setattr(Hydra, "get_mode", lambda *_, **__: None)
        try:
            runpy.run_path(str(REPOSITORY / f"{name}.py"), run_name="__main__")
        except SystemExit as leave:
            return int(leave.code or 0)
        finally:
            # As at the end of a process of its own.
            remove_unused()
    return 0


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all test processes of a session share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def shared_run(session_folder: Path) -> Callable[..., Path]:
    """``shared_run("name", "key=value", …)``: the folder of a run made once for all tests.

    They only read it. The command ends with ``code``.
    """

    def make(name: str, *arguments: str, code: int = 0) -> Path:
        run, done = session_folder / name, session_folder / f"{name}.done"
        with FileLock(session_folder / f"{name}.lock"):
            if not done.exists():
                assert in_this_process("train", *arguments, f"hydra.run.dir={run}") == code
                done.touch()
        return run

    return make


@pytest.fixture(scope="session")
def trained(session_folder: Path) -> tuple[Path, Result]:
    """A finished run's folder and what the command printed, which ran as a user's."""
    folder, said = session_folder / "typed_here", session_folder / "said.json"
    with FileLock(session_folder / "typed_here.lock"):
        if not said.exists():
            folder.mkdir()
            result = in_own_process(folder, "train", *QUICK, "seed=7")
            said.write_text(json.dumps(asdict(result)))
    result = Result(**json.loads(said.read_text()))
    assert result.code == 0, result.errors
    [run] = (folder / "outputs" / "train").iterdir()
    return run, result
