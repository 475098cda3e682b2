"""What a command does that is refused: it says so soon, and leaves nothing behind."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from helpers import REPOSITORY, Command
from resumebert.utils.errors import UserError
from resumebert.utils.folders import checkpoint_file

# All in one process: a start of Python each would take longer.
ONE_AFTER_THE_OTHER = """
import runpy, sys
from hydra._internal.hydra import Hydra
# To learn the mode, Hydra composes the whole config once more.
Hydra.get_mode = lambda *_, **__: None
for line in sys.stdin.read().splitlines():
    sys.argv = line.split("|")
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as leave:
        print(leave.code, "torch" in sys.modules, file=sys.stderr)
"""
MISTAKES = {
    "train|optimizer.lr=-1": "optimizer.lr=-1: must be",
    "train|data.batch_size=abc": "data.batch_size=abc: must be",
    "train|data.batch_size=0": "data.batch_size=0: must be",
    "train|data.duplicates=hide": "data.duplicates=hide: must be",
    "train|trainer.accelerator=quantum": "trainer.accelerator=quantum: must be",
    "train|trainer.precision=16-mixed": "optimizer.fused=true: trainer.precision=16-mixed needs",
    "train|evaluation.calibration=beta": "evaluation.calibration=beta: must be",
    "train|evaluation.thresholds=f2": "evaluation.thresholds=f2: must be",
    "train|evaluation.precision_floor=0": "evaluation.precision_floor=0: must be",
    "train|monitor.metric=val/loss": "Give monitor.mode=min",
    "train|data=resume_corpus|data.path=nothing_here": "nothing_here",
    "train|optimizer.lr=???": "optimizer.lr: no value is given",
    "train|monitor.metric=val/f2": "there is no such validation metric",
    "train|data.cleaning=[nope]": "data.cleaning names the step",
    "train|data.stride=500": "data.stride=500",
    "train|data.shares.train=0.9": "data.shares: train=0.9",
    "train|data/split=kfold|data.fold=7": "data.fold=7",
    "train|data/split=predefined": "data.split.manifest=None: must be a csv",
    "train|data/split=predefined|data.split.manifest=no.csv": "data.split.manifest=no.csv: there",
    "train|model.path=nowhere": "model.path=nowhere: there is no such",
    "train|ckpt_path=no.ckpt": "ckpt_path=no.ckpt: there is no such file",
    "train|data=table|data.labels_column=labels": "data.path is not set",
    "train|data=table|data.path=no.csv|data.labels_column=labels": "no file or folder no.csv",
    "train|data=table|data.path=t.csv|data.labels_column=label": "no column 'label'",
    "train|data=table|data.path=t.csv|data.text_column=7": "data.label_columns",
    # Where it is not installed.
    **{
        f"train|logger={name}": f"pip install 'resumebert[{name}]'"
        for name in ("wandb", "mlflow")
        if find_spec(name) is None
    },
    "eval": "python eval.py ckpt=",
    "eval|ckpt=": "ckpt=: must be a text",
    "eval|ckpt=7": "ckpt=7: there is no such file",
    "eval|ckpt=t.csv|split=dev": "split=dev: must be",
    "eval|ckpt=t.csv|compare_to=no.ckpt": "compare_to=no.ckpt: there is no such file",
    "eval|ckpt=t.csv|data=table|data.path=t.csv|data.labels_column=label": "no column 'label'",
    "export": "python export.py output=FOLDER ckpt=",
    "export|ckpt=t.csv": "output: no value is given",
    "export|ckpt=t.csv|output=t.csv": "output=t.csv: there is something already",
    "export|ckpt=no.ckpt|output=x": "ckpt=no.ckpt: there is no such file",
    "export|ckpt=t.csv|output=x|format=tf": "format=tf: must be one of hf, onnx",
    "export|ckpt=t.csv|output=x|dataset=cvs": "dataset=cvs: must be OWNER/NAME",
}


def test_mistakes_are_told_before_pytorch_is_loaded(tmp_path):
    (tmp_path / "t.csv").write_text("text,labels\na,x\nb,y\n")
    lines = [f"{REPOSITORY}/{line.replace('|', '.py|', 1)}" if "|" in line else
             f"{REPOSITORY}/{line}.py" for line in MISTAKES]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", ONE_AFTER_THE_OTHER],
        cwd=tmp_path, input="\n".join(lines), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    told = done.stderr.splitlines()
    assert told[1::2] == ["1 False"] * len(MISTAKES), done.stderr
    for words, line in zip(MISTAKES.values(), told[::2], strict=True):
        assert line.startswith("Error: ")
        assert words in line
    # No run folder is left, nor a folder of them.
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize("kept", [None, "empty", "notes.txt", ".hydra/config.yaml"])
def test_what_was_there_before_a_refused_command_stays(command: Command, tmp_path, kept):
    run = tmp_path / "a" / "run"
    if kept is not None:
        (run / kept).parent.mkdir(parents=True)
    if kept not in (None, "empty"):
        (run / kept).write_text("mine")
    result = command("train", "seed=-1", f"hydra.run.dir={run}")
    assert (result.code, "seed=-1" in result.errors) == (1, True)
    if kept is None:
        assert list(tmp_path.iterdir()) == []
    elif kept == "empty":
        assert list(run.iterdir()) == []
    else:
        assert (run / kept).exists()


def test_settings_without_effect_are_called_out(command: Command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("text,labels\na,x\n")
    result = command(
        "train", "data.fold=2", "data.stride=8", "model.pooling=mean",
        "evaluation.precision_floor=0.8", "evaluation.thresholds=f1", "data.limit=2",
    )  # fmt: skip
    for words in (
        "data.fold=2 has no effect with data/split=stratified.",
        "data.stride=8 has no effect with data.long_documents=truncate.",
        "model.pooling=mean has no effect with data.long_documents=truncate.",
        "evaluation.precision_floor=0.8 has no effect with evaluation.thresholds=f1.",
    ):
        assert f"Warning: {words}" in result.output
    assert result.output.count("has no effect") == 4
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize("part", ["", "/", "/checkpoints", "/.hydra", "/../run/", "/tensorboard"])
def test_a_run_is_found_by_any_of_its_folders(tmp_path, monkeypatch, part):
    best = tmp_path / "run" / "checkpoints" / "best.ckpt"
    for folder in (".hydra", "tensorboard", "checkpoints"):
        (tmp_path / "run" / folder).mkdir(parents=True)
    best.touch()
    for given in (f"{tmp_path}/run{part}", f"run{part}", f"~/run{part}"):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("HOME", str(tmp_path))
        assert checkpoint_file(Path(given)).resolve() == best


def test_a_folder_of_runs_names_the_newest(tmp_path):
    for number, name in enumerate(("old", "new", "empty")):
        (tmp_path / name / "checkpoints").mkdir(parents=True)
        if name != "empty":
            checkpoint = tmp_path / name / "checkpoints" / "last.ckpt"
            checkpoint.touch()
            os.utime(checkpoint, (number, number))
    with pytest.raises(UserError, match=rf"holds runs.*ckpt={tmp_path}/new"):
        checkpoint_file(tmp_path)


@pytest.mark.parametrize("group", ["data", "model", "trainer"])
def test_a_group_that_a_run_needs_is_not_null(command: Command, group):
    result = command("train", f"{group}=null")
    assert result.code == 1
    assert result.errors.startswith(f"Error: {group}=null: a run needs one of the options")
