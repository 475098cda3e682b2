"""Every file is written whole or not at all, and what can't be written is told in words."""

import ast
import errno
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from helpers import LEAN, QUICK, REPOSITORY, Command
from resumebert.utils.durable_files import (
    postpone,
    raising_postponed,
    replacing,
    write_csv,
    write_text,
)
from resumebert.utils.errors import UnwrittenError, UserError

# Every file of a run, without the costliest parts of the report.
REPORTED = (*QUICK, "evaluation.probes=false", "evaluation.slices=false")
# Who else may write, and why.
WRITERS = {
    "utils/durable_files.py": "it is the one that all others write with",
    "utils/folders.py": "tries whether the folder can be written",
    "utils/streams.py": "nothing, to the null device",
    "sweeps/supervisor.py": "a log that grows by the line",
    "documents/processes.py": "a pipe to the process that asked",
    "inference/export.py": "into a folder that whole_folder puts in place once it is complete",
    "inference/exported.py": "part of that folder",
    "data/cache.py": "the cache builds an entry aside and takes it, or does without",
    "data/prepared.py": "part of an entry of the cache",
    "data/tokenization.py": "part of an entry of the cache",
}
WRITING = {
    "write_text", "write_bytes", "to_csv", "to_parquet", "to_json", "to_excel", "save", "savez",
    "savetxt", "dump", "copyfile", "copy2", "savefig", "touch", "mkstemp",
}  # fmt: skip
# Into an open file; by a logger, which has its own ways.
OF_OTHERS = {("torch", "save"), ("logger", "save"), ("ast", "dump")}  # fmt: skip


def writes(call: ast.Call) -> bool:
    """Tell whether a call looks like one that writes a file."""
    function = call.func
    name = getattr(function, "attr", getattr(function, "id", ""))
    if name in ("open", "fdopen"):
        modes = [a.value for a in call.args if isinstance(a, ast.Constant)]
        modes += [k.value.value for k in call.keywords if isinstance(k.value, ast.Constant)]
        return any(isinstance(mode, str) and set(mode) & set("wax+") and len(mode) < 4
                   for mode in modes)  # fmt: skip
    if not isinstance(function, ast.Attribute):
        return False
    if name.startswith("to_") and not call.args:
        return False
    owner = function.value
    return name in WRITING and (getattr(owner, "id", ""), name) not in OF_OTHERS


def test_nothing_writes_a_file_but_by_the_one_mechanism():
    found = {
        f"{path.relative_to(source).as_posix()}:{node.lineno}"
        for source in (REPOSITORY / "src" / "resumebert", REPOSITORY / "src" / "hydra_plugins")
        for path in source.rglob("*.py")
        if path.relative_to(source).as_posix() not in WRITERS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and writes(node)
    }
    assert not found, "write_text, write_csv and replacing leave no half-written file behind"


# --- one file -------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["write", "fsync", "rename"])
@pytest.mark.parametrize("before", [None, "old"])
@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "Make room"), (errno.EDQUOT, "Make room"), (errno.EROFS, "Make it writable"),
     (errno.EIO, "Make it writable"), (errno.EACCES, "Make it writable")],
)  # fmt: skip
def test_a_file_that_cannot_be_written_leaves_the_one_before(
    tmp_path, monkeypatch, place, before, number, remedy
):
    path = tmp_path / "metrics.json"
    if before is not None:
        path.write_text(before)

    def fail(*arguments):
        raise OSError(number, os.strerror(number))

    if place == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    if place == "rename":
        monkeypatch.setattr(Path, "replace", fail)

    def write():
        with replacing(path) as file:
            file.write(b"half of it")
            if place == "write":
                fail()

    with pytest.raises(UnwrittenError) as error:
        write()
    assert {file.name for file in tmp_path.iterdir()} == ({path.name} if before else set())
    assert before is None or path.read_text() == before
    assert f"{path}: the file can't be written ({os.strerror(number)})" in str(error.value)
    assert remedy in str(error.value)
    assert ("the earlier version is still there" in str(error.value)) == (before is not None)


def test_several_processes_may_write_one_file(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for process in (os.getppid(), ended.pid):
        (tmp_path / f".a[1].json.{platform.node()}.{process}.partial").touch()
    write_text(tmp_path / "a[1].json", "{}")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"a[1].json", f".a[1].json.{platform.node()}.{os.getppid()}.partial"}


def test_what_is_in_the_way_is_told(tmp_path):
    (tmp_path / "metrics.json").mkdir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "metrics.json", tmp_path / "file" / "metrics.json"):
        with pytest.raises(UnwrittenError, match=r"metrics.json: the file can't be written"):
            write_text(path, "{}")
    with pytest.raises(UnwrittenError, match="too long"):
        write_text(tmp_path / ("n" * 300), "")


def test_text_is_utf_8_whatever_it_holds(tmp_path):
    name = os.fsdecode(b"caf\xe9")
    write_text(tmp_path / "a.json", json.dumps({"path": name, "label": "νοσοκόμα"}) + "\r\n")
    assert (tmp_path / "a.json").read_bytes().endswith(b"}\r\n")
    content = json.dumps({"path": name, "label": "νοσοκόμα"}, ensure_ascii=False)
    write_text(tmp_path / "b.json", content)
    assert json.loads((tmp_path / "b.json").read_text(encoding="utf-8")) == json.loads(content)
    write_csv(tmp_path / "c.csv", pd.DataFrame({"id": ["é"], "label": ["教師"]}))
    assert (tmp_path / "c.csv").read_text(encoding="utf-8") == "id,label\né,教師\n"


def test_a_small_file_after_the_training_is_an_error_at_the_end_alone(tmp_path, capsys):
    (tmp_path / "b").mkdir()

    def write_all():
        with raising_postponed():
            postpone()
            for name in ("a", "b", "b", "c"):
                write_text(tmp_path / name, name)
            # A checkpoint is no small file.
            with pytest.raises(UnwrittenError), replacing(tmp_path / "b"):
                pass

    with pytest.raises(UserError, match=r"not everything could be written: b; "):
        write_all()
    assert (tmp_path / "a").read_text() == "a"
    assert (tmp_path / "c").read_text() == "c"
    [warning] = capsys.readouterr().err.splitlines()
    assert warning.startswith(f"Warning: {tmp_path / 'b'}: the file can't be written")
    # Outside it is an error at once again.
    with pytest.raises(UnwrittenError):
        write_text(tmp_path / "b", "b")


# --- commands on a disk that fills up -------------------------------------------------------------

_full: dict[str, str] = {}


def _refuse(event: str, arguments: tuple) -> None:
    """Have no room for new files in a folder from the first one on that has a word in its name."""
    if event != "open" or not _full or not isinstance(arguments[0], str | bytes):
        return
    path, flags = os.fsdecode(arguments[0]), arguments[2]
    if flags & (os.O_WRONLY | os.O_RDWR) and path.startswith(_full["folder"]):
        if _full["from"] in path:
            _full["from"] = ""
        if not _full["from"]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


@pytest.fixture
def fills_up():
    """``fills_up(folder, word)``: the disk is full from the first file on with this in its name."""
    # A hook of Python's can't be taken away again.
    if "hooked" not in _refuse.__dict__:
        sys.addaudithook(_refuse)
        _refuse.__dict__["hooked"] = True

    def set_up(folder: Path, word: str) -> None:
        _full.update({"folder": str(folder), "from": word})

    yield set_up
    _full.clear()


def files(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(
    "name",
    ["config.yaml", "overrides.yaml", "split.csv", "data_report.json", "environment.json",
     "tfevents", "best.ckpt", "last.ckpt"],
)  # fmt: skip
def test_a_run_whose_disk_fills_up_early_ends_in_words(command: Command, tmp_path, fills_up, name):
    fills_up(tmp_path, name)
    result = command("train", *LEAN, "logger=tensorboard", f"hydra.run.dir={tmp_path}/run")
    _full.clear()
    assert result.code == 1
    assert "Traceback" not in result.errors
    assert result.errors.splitlines()[-1].startswith(f"Error: {tmp_path}/run/")
    assert "can't be written (No space left on device)" in result.errors
    left = files(tmp_path)
    assert not [path for path, size in left.items() if size == 0 or "partial" in path]
    assert not [path for path in left if name in path]


def test_a_run_whose_disk_fills_up_late_keeps_its_model(command: Command, tmp_path, fills_up):
    fills_up(tmp_path, "throughput.json")
    result = command("train", *REPORTED, "logger=both", f"hydra.run.dir={tmp_path}/run")
    _full.clear()
    assert result.code == 1
    assert "Traceback" not in result.errors
    last = result.errors.splitlines()[-1]
    assert last.startswith("Error: not everything could be written: ")
    for name in ("throughput.json", "best.ckpt", "metrics.json", "predictions_test.csv",
                 "report.html", "model_card.md", "suspect_labels.csv", "csv"):  # fmt: skip
        assert name in last
    # The figures are on the screen at least.
    assert "test, best checkpoint" in result.output
    left = files(tmp_path / "run")
    assert not [path for path, size in left.items() if size == 0 or "partial" in path]
    assert {"checkpoints/best.ckpt", "checkpoints/last.ckpt", "split.csv"} <= set(left)

    # Of what was kept all of it can be made, and of that, on a full disk, nothing: in words.
    ckpt = f"ckpt={tmp_path}/run"
    told = command("eval", ckpt, "compare_to=baseline", f"hydra.run.dir={tmp_path}/whole")
    assert told.code == 0, told.errors
    fills_up(tmp_path, "metrics.json")
    told = command("eval", ckpt, "compare_to=baseline", f"hydra.run.dir={tmp_path}/part")
    _full.clear()
    assert told.code == 1
    assert "Traceback" not in told.errors
    whole, part = files(tmp_path / "whole"), files(tmp_path / "part")
    missing = {path for path in whole if path not in part}
    assert missing == {"metrics.json", "predictions_test.csv", "comparison.json",
                       "disagreements.csv", "report.html", "model_card.md",
                       "suspect_labels.csv"}  # fmt: skip
    assert all(name in told.errors.splitlines()[-1] for name in missing)
    assert all(part.values())


def test_a_folder_need_not_be_utf_8(command: Command, tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    result = command("train", *REPORTED, f"hydra.run.dir='{folder}'")
    assert result.code == 0, result.errors
    # TensorBoard can't write there, and takes nothing with it.
    [warning] = result.errors.splitlines()
    assert warning.endswith("the log can't be written where a path is not UTF-8.")
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "caf\\udce9" in report
    typed = json.loads((folder / "environment.json").read_text())["command"]
    assert typed[-1] == f"hydra.run.dir='{folder}'"
    result = command("eval", f"ckpt='{folder}'", f"hydra.run.dir='{folder}/again'")
    assert result.code == 0, result.errors
