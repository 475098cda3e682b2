"""Parts of somebody's own package train, and are used again where the package is trusted."""

import csv
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from helpers import REPOSITORY
from resumebert import ResumeLabeler, UserError, compose, evaluate, train
from resumebert.evaluation.decisions import stored_decisions
from resumebert.model import checkpoint
from resumebert.model.stored_calls import LOSSES, checked_call
from resumebert.model.stored_command import taken_over
from resumebert.utils.console import make_console

HERE = str(Path(__file__).parent)
TEXTS = [
    f"{kind}|{words} {i}"
    for kind, words in (("Nurse", "cared for patients on ward"), ("Driver", "drove the lorry to"))
    for i in range(40)
]
OWN = (
    "data._target_=mylab.parts.CountedDataModule",
    "model._target_=mylab.parts.ScaledClassifier",
    "model.pooling=mylab.parts.first_window",
    "loss._target_=mylab.parts.soft_f1",
    "~loss.label_smoothing",
    "+loss.smoothing=0.5",
)
METRIC = "evaluation.metrics=[mylab.parts.recall_at_3]"
CALIBRATION = "evaluation.calibration=mylab.parts.Shrunk"
SMALL = (
    "model=bert_tiny", "trainer.max_epochs=1", "data.max_length=16", "trainer.accelerator=cpu",
    "evaluation.report=false", "evaluation.baseline=false", "evaluation.bootstrap_resamples=0",
)  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    (folder / "notes.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    overrides = [
        *SMALL,
        *OWN,
        METRIC,
        CALIBRATION,
        "data=_common",
        f"+data.reader={{_target_: mylab.parts.read_notes, _partial_: true, "
        f"path: {folder / 'notes.txt'}}}",
        "data/split=random",
        "data.split._target_=mylab.parts.every_tenth",
        *("~data.split.train", "~data.split.val", "~data.split.test", "+data.split.offset=2"),
        f"+callbacks.note={{_target_: mylab.parts.NoteEpochs, path: {folder / 'epochs.txt'}}}",
        f"output_dir={folder / 'run'}",
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(HERE)
        train(compose(overrides))
    return folder / "run"


@pytest.fixture(autouse=True)
def path(monkeypatch):
    """Leave the package importable, but not imported: what runs it must be asked for."""
    monkeypatch.syspath_prepend(HERE)
    for name in ("mylab", "mylab.parts"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def evaluated(run: Path, folder: Path, *overrides: str):
    given = [f"ckpt={run}", f"output_dir={folder}", "trainer.accelerator=cpu", *overrides]
    return evaluate(compose(given, name="eval"))


def test_every_part_is_used_in_training(run):
    assert (run.parent / "epochs.txt").read_text() == "0\n"
    with (run / "split.csv").open(encoding="utf-8") as file:
        splits = [row["split"] for row in csv.DictReader(file)]
    assert splits == [{8: "test", 9: "val"}.get(i % 10, "train") for i in range(len(TEXTS))]
    settings = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["hyper_parameters"]
    assert settings["pooling"] == "mylab.parts.first_window"


def test_the_page_on_extending_shows_these_parts():
    page = (REPOSITORY / "docs" / "extending.md").read_text(encoding="utf-8")
    parts = (Path(HERE) / "mylab" / "parts.py").read_text(encoding="utf-8")
    blocks = [block.strip() for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL)]
    shown = [block for block in blocks if "mylab" not in block and "ResumeLabeler" not in block]
    assert len(shown) >= 5
    assert [block for block in shown if block not in parts] == []
    assert [override for override in (*OWN, METRIC, CALIBRATION) if override not in page] == []


def test_evaluation_repeats_the_figures_where_the_package_is_trusted(run, tmp_path):
    found = evaluated(run, tmp_path, "trust=[mylab]")
    written = json.loads((run / "metrics.json").read_text())
    for name in ("f1_micro", "loss", "recall_at_3"):
        assert found[name] == pytest.approx(written[f"test/{name}"], abs=1e-6)


def test_nothing_is_imported_without_trust(run, tmp_path):
    with pytest.raises(UserError, match=r"asks to call mylab\.parts\.\w+.* trust=\[mylab\]"):
        evaluated(run, tmp_path)
    with pytest.raises(UserError, match=r"trust=\[mylab\]"):
        evaluated(run, tmp_path, "trust=[other]")
    with pytest.raises(UserError, match=r"trust=\[mylab\]"):
        ResumeLabeler.load(run)
    assert "mylab" not in sys.modules


def test_the_calibration_is_in_the_checkpoint_and_in_use(run, tmp_path):
    stored = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["resumebert"]
    calibration = stored["decisions"]["calibration"]
    assert calibration["method"] == "mylab.parts.Shrunk"
    weight, shares = (calibration["parameters"][name] for name in ("weight", "shares"))
    labeler = ResumeLabeler.load(run, trust=["mylab"], device="cpu")
    texts = ["cared for patients", "drove the lorry"]
    plain = 1 / (1 + np.exp(-labeler._scorer.logits(texts)))
    expected = weight * np.array(shares) + (1 - weight) * plain
    assert labeler.predict_proba(texts) == pytest.approx(expected)
    # Of a model and a pooling of our own, the calibration is refused by itself.
    with pytest.raises(UserError, match=r"Shrunk, which is none of resumebert's calibrations"):
        stored_decisions(stored["decisions"], 2, "x.ckpt")


def test_a_comparison_has_the_metric_too(run, tmp_path):
    evaluated(
        run, tmp_path, "trust=[mylab]", f"compare_to={run}", "evaluation.bootstrap_resamples=20"
    )
    found = json.loads((tmp_path / "comparison.json").read_text())["metrics"]["recall_at_3"]
    assert (found["difference"], found["p"]) == (0, 1)


def test_a_labeler_takes_the_package_too(run):
    labeler = ResumeLabeler.load(run, trust=["mylab"], device="cpu")
    [found] = labeler.predict(["cared for patients"])
    assert set(found.probabilities) == {"Nurse", "Driver"}
    assert type(labeler._scorer.model).__name__ == "ScaledClassifier"


def test_a_package_that_is_not_there_is_said(run, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [folder for folder in sys.path if folder != HERE])
    with pytest.raises(UserError, match=r"can't be imported .*PYTHONPATH"):
        evaluated(run, tmp_path, "trust=[mylab]")


@pytest.mark.parametrize("name", ["os", "builtins", "torch", "numpy", "resumebert", "mylab.parts"])
def test_only_packages_of_ones_own_are_trusted(run, name):
    with pytest.raises(UserError, match=f"trust={name}"):
        ResumeLabeler.load(run, trust=[name])


def test_a_resumed_run_takes_the_parts_of_a_trusted_package(run, monkeypatch):
    callback = "+callbacks.note._target_=mylab.parts.NoteEpochs"
    stored = [*OWN, METRIC, CALIBRATION, "data.limit=50", callback]

    class Opened:
        extras = OmegaConf.create({"overrides": stored})

    monkeypatch.setattr(checkpoint, "open_resumable", lambda path: Opened)
    monkeypatch.chdir(REPOSITORY)
    given = f"ckpt_path={run / 'checkpoints' / 'last.ckpt'}"
    assert taken_over([given, "trust=[mylab]"], REPOSITORY / "conf", make_console())[:-2] == stored
    with pytest.raises(UserError, match="names code"):
        taken_over([given], REPOSITORY / "conf", make_console())
    for override in (METRIC, CALIBRATION):
        monkeypatch.setattr(Opened, "extras", OmegaConf.create({"overrides": [override]}))
        assert override in taken_over([given, "trust=[mylab]"], REPOSITORY / "conf", make_console())
        with pytest.raises(UserError, match="names code"):
            taken_over([given], REPOSITORY / "conf", make_console())
    monkeypatch.setattr(Opened, "extras", OmegaConf.create({"overrides": ["trust=[mylab]"]}))
    with pytest.raises(UserError, match="for the command line alone"):
        taken_over([given], REPOSITORY / "conf", make_console())


@pytest.mark.parametrize(
    "settings",
    [
        {"_target_": "mylab.parts.Path"},
        {"_target_": "mylab.parts.csv.reader"},
        {"_target_": "mylab.parts.np.load"},
        {"_target_": "mylab.parts.nothing"},
        {"_target_": "mylab.parts.HERE"},
        {"_target_": "mylab.parts.soft_f1", "_partial_": True, "other": 1},
        {"_target_": "mylab.parts.soft_f1", "_partial_": True, "_args_": [1]},
        {
            "_target_": "mylab.parts.soft_f1",
            "_partial_": True,
            "smoothing": {"_target_": "os.sync"},
        },
    ],
    ids=str,
)
def test_of_a_trusted_package_only_its_own_functions_are_called(settings):
    with pytest.raises(UserError, match=r"^ckpt=x: "):
        checked_call(settings, LOSSES, "ckpt=x", ["mylab"])
