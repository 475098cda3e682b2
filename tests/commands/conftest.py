"""Run the documented commands, in this process (fast) or in one of their own (as a user does)."""

import runpy
import sys
from pathlib import Path

import pytest

from helpers import QUICK, REPOSITORY, Command, Result, in_own_process


@pytest.fixture
def command(capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Command:
    """``command("train", "key=value", …)``: run a command in this process."""

    def run(name: str, *arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *arguments])
        capfd.readouterr()
        code = 0
        try:
            runpy.run_path(str(REPOSITORY / f"{name}.py"), run_name="__main__")
        except SystemExit as leave:
            code = int(leave.code or 0)
        captured = capfd.readouterr()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A finished run's folder and what the command printed."""
    folder = tmp_path_factory.mktemp("typed_here")
    result = in_own_process(folder, "train", *QUICK, "seed=7")
    assert result.code == 0, result.errors
    [run] = (folder / "outputs" / "train").iterdir()
    return run, result
