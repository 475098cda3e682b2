"""Exported folders: other software loads them, ResumeLabeler too, and they say the same."""

import copy
import hashlib
import json
import os
import shutil
import sys

import numpy as np
import pytest
import torch
import yaml
from huggingface_hub import ModelCard, parse_eval_result_entries
from safetensors.torch import load_file, save_file
from transformers import pipeline

from helpers import REPOSITORY
from resumebert import ResumeLabeler, UserError
from resumebert.data.cleaning import clean
from resumebert.data.readers import read_sample
from resumebert.inference.export import export
from resumebert.inference.exported import own_digest
from resumebert.model.checkpoint_file import read_checkpoint, write_checkpoint
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.pooling import SCORED_POOLINGS
from resumebert.model.pretrained import load_bert_config, load_head, load_weights
from resumebert.utils.durable_files import whole_folder

TRAINED = REPOSITORY / "tests" / "fixtures" / "format_3"
MYLAB = str(REPOSITORY / "tests" / "extending")
TEXTS = [*read_sample().texts[:6], "", "Java developer"]
MODELS = {
    "max": {},
    "attention": {"strategy": "random_window", "isotonic": True},
    "logsumexp": {"strategy": "head_tail"},
    "mean": {"strategy": "windows", "masked": True},
    "gated": {"strategy": "windows"},
}


def checkpoint(path, pooling="max", strategy="windows", isotonic=False, masked=False, **decisions):
    """Write a run's best checkpoint, with another pooling and so on."""
    content = copy.deepcopy(read_checkpoint(TRAINED / "checkpoints" / "best.ckpt"))
    content["hyper_parameters"]["pooling"] = pooling
    extras = content["resumebert"]
    extras["config"]["data"] |= {"long_documents": strategy, "mask_pii": masked}
    if pooling in SCORED_POOLINGS:
        torch.manual_seed(1)
        content["state_dict"]["pooling.weight"] = torch.randn(10, 16)
    calibration = extras["decisions"]["calibration"]
    if isotonic:
        calibration["method"] = "isotonic"
        calibration["knots"][3] = [[-1.5, -1.0, 0.0], [0.1, 0.3, 0.8]]
    calibration |= decisions
    path.parent.mkdir(parents=True, exist_ok=True)
    write_checkpoint(content, path)
    return path


@pytest.fixture(scope="module")
def hf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hf")
    path = checkpoint(folder / "run" / "checkpoints" / "best.ckpt")
    shutil.copy(TRAINED / "metrics.json", folder / "run")
    (folder / "run" / "data_report.json").write_text('{"source": "/home/me/cvs.csv"}')
    (folder / "run" / "model_card.md").write_text("# Model card: cvs\n")
    [found] = export(path, folder / "cvs", format="hf", documents=5, dataset="me/cvs")
    assert (found.logit, found.changed, found.decisions) == (0, 0, 50)
    return folder / "cvs"


@pytest.fixture(scope="module")
def onnx(tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx")
    path = checkpoint(folder / "attention.ckpt", "attention", **MODELS["attention"])
    found = export(path, folder / "out", format="onnx", documents=5)
    assert [each.file for each in found] == ["model.onnx", "model_int8.onnx"]
    assert found[0].logit < 1e-5
    return folder / "out"


def test_a_pipeline_of_transformers_agrees_on_one_window(hf, tmp_path):
    path = checkpoint(tmp_path / "x.ckpt", strategy="truncate")
    labeler = ResumeLabeler.load(path, device="cpu", precision="32-true")
    score = pipeline("text-classification", model=str(hf), top_k=None, device="cpu")
    logits = labeler._scorer.logits(TEXTS)
    for text, row in zip(TEXTS, logits, strict=True):
        found = {each["label"]: each["score"] for each in score([text], truncation=True)[0]}
        expected = dict(zip(labeler.label_names, 1 / (1 + np.exp(-row)), strict=True))
        assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("pooling", MODELS)
def test_an_hf_folder_labels_as_the_checkpoint_does(tmp_path, pooling):
    path = checkpoint(tmp_path / "x.ckpt", pooling, **MODELS[pooling])
    export(path, tmp_path / "out", documents=2)
    before, after = (ResumeLabeler.load(each, device="cpu") for each in (path, tmp_path / "out"))
    assert np.array_equal(before.predict_proba(TEXTS), after.predict_proba(TEXTS))
    assert before.predict(TEXTS) == after.predict(TEXTS)
    # And again, of an export.
    export(tmp_path / "out", tmp_path / "again", documents=2)
    assert (tmp_path / "again" / "resumebert.json").read_bytes() == (
        tmp_path / "out" / "resumebert.json"
    ).read_bytes()


def test_an_onnx_folder_labels_as_the_checkpoint_does(onnx):
    before = ResumeLabeler.load(onnx.parent / "attention.ckpt", device="cpu", precision="32-true")
    after = ResumeLabeler.load(onnx)
    assert np.abs(before.predict_proba(TEXTS) - after.predict_proba(TEXTS)).max() < 1e-6
    assert [each.labels for each in before.predict(TEXTS)] == [
        each.labels for each in after.predict(TEXTS)
    ]
    smaller = ResumeLabeler.load(onnx / "model_int8.onnx").predict_proba(TEXTS)
    assert 0 < np.abs(smaller - after.predict_proba(TEXTS)).max() < 0.05
    if not torch.cuda.is_available():
        with pytest.raises(UserError, match="cuda"):
            ResumeLabeler.load(onnx, device="cuda")


@pytest.mark.parametrize(
    "pooling",
    [
        pytest.param(each, marks=pytest.mark.slow) if each != "attention" else each
        for each in MODELS
    ],
)
def test_the_script_without_pytorch_says_the_same(onnx, tmp_path, monkeypatch, capsys, pooling):
    folder = onnx
    if pooling != "attention":
        path = checkpoint(tmp_path / "x.ckpt", pooling, **MODELS[pooling])
        folder = tmp_path / "out"
        export(path, folder, format="onnx", documents=2)
    script = (REPOSITORY / "examples" / "label_with_onnx.py").read_text(encoding="utf-8")
    assert len(script.splitlines()) <= 40
    assert "torch" not in script
    cleaning = json.loads((folder / "resumebert.json").read_text(encoding="utf-8"))["cleaning"]
    for text in (clean(text, cleaning) for text in TEXTS[:4]):
        (tmp_path / "cv.txt").write_text(text, encoding="utf-8")
        monkeypatch.setattr(sys, "argv", ["x", str(folder), str(tmp_path / "cv.txt")])
        capsys.readouterr()
        exec(compile(script, "script", "exec"), {})
        lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
        [found] = ResumeLabeler.load(folder).predict([text])
        said = {name: float(probability) for probability, _, name in lines}
        assert said == pytest.approx(found.probabilities, abs=2e-6)
        assert [name for _, given, name in lines if given == "True"] == found.labels


def test_the_hub_reads_the_card(hf):
    card = ModelCard.load(hf / "README.md")
    figures = json.loads((TRAINED / "metrics.json").read_text())
    assert (card.data.pipeline_tag, card.data.datasets) == ("text-classification", ["me/cvs"])
    assert card.data.model_name == "cvs"
    found = {each.metric_name: each.metric_value for each in card.data.eval_results}
    assert found["F1 micro"] == pytest.approx(figures["test/tuned/f1_micro"], abs=1e-6)
    assert found["LRAP"] == pytest.approx(figures["test/lrap"], abs=1e-6)
    assert "# Model card: cvs" in card.text
    assert "/home/me" not in (hf / "README.md").read_text(encoding="utf-8")
    entries = parse_eval_result_entries(yaml.safe_load((hf / ".eval_results/me--cvs.yaml").open()))
    assert {each.dataset_id for each in entries} == {"me/cvs"}
    assert {each.task_id: each.value for each in entries}["f1_micro"] == found["F1 micro"]


def test_what_is_not_known_is_not_told(tmp_path):
    # By itself, a checkpoint has no figures; data that are not on the hub have no name there.
    export(checkpoint(tmp_path / "best.ckpt"), tmp_path / "out", documents=1)
    card = ModelCard.load(tmp_path / "out" / "README.md")
    assert card.data.eval_results is None
    assert "is not known here" in card.text
    assert not (tmp_path / "out" / ".eval_results").exists()


@pytest.mark.parametrize("pooling", SCORED_POOLINGS)
def test_training_goes_on_from_an_export(tmp_path, pooling):
    path = checkpoint(tmp_path / "x.ckpt", pooling)
    export(path, tmp_path / "out", documents=1)
    folder = tmp_path / "out"
    content = read_checkpoint(path)["state_dict"]
    names = ResumeLabeler.load(folder, device="cpu").label_names
    turned = names[::-1]
    model = ResumeClassifier(load_bert_config(folder), turned, pooling=pooling)
    load_weights(model.bert, folder)
    assert load_head(model, turned, folder)
    for name, tensor in model.state_dict().items():
        kept = tensor if ".classifier." not in name and "pooling." not in name else tensor.flip(0)
        assert torch.equal(kept, content[name]), name
    # Of other labels it has a head of its own.
    for others in (names[:-1], [*names[:-1], "Nurse"]):
        model = ResumeClassifier(load_bert_config(folder), others)
        before = model.bert.classifier.weight.clone()
        assert not load_head(model, others, folder)
        assert torch.equal(model.bert.classifier.weight, before)
    other = ResumeClassifier({**load_bert_config(folder), "hidden_size": 8}, names)
    with pytest.raises(UserError, match="another shape"):
        load_head(other, names, folder)


def edit(folder, change):
    """Change ``resumebert.json`` of a copied folder by a function of its content."""
    path = folder / "resumebert.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    content["own_sha256"] = own_digest(content)
    path.write_text(json.dumps(content), encoding="utf-8")


EDITS = {
    "version": (lambda x: x.update(format_version=9), "format version 9"),
    "no version": (lambda x: x.pop("format_version"), "format version None"),
    "missing": (lambda x: x.pop("pooling"), "pooling"),
    "labels": (lambda x: x.update(label_names=["a"]), "labels"),
    "twice": (lambda x: x.update(label_names=["a"] * 10), "not distinct"),
    "step": (lambda x: x.update(cleaning=["os.system"]), "no step os.system"),
    "pooling": (lambda x: x.update(pooling="os.system"), "os.system"),
    "calibration": (lambda x: x["decisions"]["calibration"].update(slopes=[-1.0] * 10), "damaged"),
    "own": (
        lambda x: x["decisions"].update(calibration={"method": "os.system", "parameters": {}}),
        "os.system",
    ),
    "windows": (lambda x: x["windows"].update(max_length=2), "3 or more"),
    "long": (lambda x: x["windows"].update(max_length=500), "reads at most 64 tokens"),
    "text": (lambda x: x["windows"].update(max_length="64"), "another type"),
    "digest": (lambda x: x["sha256"].update({"model.safetensors": "0"}), "SHA-256"),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_folder_is_refused(hf, tmp_path, name):
    shutil.copytree(hf, tmp_path / "x")
    change, words = EDITS[name]
    edit(tmp_path / "x", change)
    with pytest.raises(UserError, match=words) as error:
        ResumeLabeler.load(tmp_path / "x", device="cpu")
    assert str(tmp_path / "x") in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_of_format_1_opens(hf, tmp_path):
    """It had digests of the weights alone."""
    shutil.copytree(hf, tmp_path / "x")
    path = tmp_path / "x" / "resumebert.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["own_sha256"]
    content["sha256"] = {name: content["sha256"][name] for name in ("model.safetensors",)}
    path.write_text(json.dumps({**content, "format_version": 1}), encoding="utf-8")
    found, expected = (
        ResumeLabeler.load(folder, device="cpu").predict_proba(TEXTS)
        for folder in (tmp_path / "x", hf)
    )
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("content", [b"", b"[", b"[1]", b"{}", b"\xff", b"[" * 100_000])
def test_what_is_no_usage_is_refused(hf, tmp_path, content):
    shutil.copytree(hf, tmp_path / "x")
    (tmp_path / "x" / "resumebert.json").write_bytes(content)
    with pytest.raises(UserError, match=r"resumebert\.json"):
        ResumeLabeler.load(tmp_path / "x", device="cpu")


def redo_digest(folder, name):
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    edit(folder, lambda x: x["sha256"].update({name: digest}))


def test_weights_are_checked_as_those_of_a_checkpoint(hf, tmp_path):
    shutil.copytree(hf, tmp_path / "x")
    file = tmp_path / "x" / "model.safetensors"
    weights = load_file(file)
    for name, tensor, words in (
        ("classifier.bias", torch.full((10,), torch.nan), "NaN"),
        ("classifier.bias", torch.zeros(9), "number of labels"),
        ("classifier.weight", torch.zeros(10, 9), "another shape"),
        ("extra", torch.zeros(1), "has no place"),
    ):
        save_file({**weights, name: tensor}, file)
        redo_digest(tmp_path / "x", file.name)
        with pytest.raises(UserError, match=words):
            ResumeLabeler.load(tmp_path / "x", device="cpu")
    torch.save(weights, file)
    redo_digest(tmp_path / "x", file.name)
    with pytest.raises(UserError, match="can't be read"):
        ResumeLabeler.load(tmp_path / "x", device="cpu")
    file.unlink()
    with pytest.raises(UserError, match="is missing"):
        ResumeLabeler.load(tmp_path / "x", device="cpu")


def test_a_damaged_or_another_onnx_model_is_refused(onnx, tmp_path):
    shutil.copytree(onnx, tmp_path / "x")
    (tmp_path / "x" / "model.onnx").write_bytes(b"no model")
    with pytest.raises(UserError, match="SHA-256"):
        ResumeLabeler.load(tmp_path / "x")
    redo_digest(tmp_path / "x", "model.onnx")
    with pytest.raises(UserError, match="ONNX Runtime can't read it"):
        ResumeLabeler.load(tmp_path / "x")
    edit(tmp_path / "x", lambda x: x.update(pooling="max"))
    with pytest.raises(UserError, match="inputs and outputs are others"):
        ResumeLabeler.load(tmp_path / "x" / "model_int8.onnx")
    with pytest.raises(UserError, match="no source of an export"):
        export(onnx, tmp_path / "y")


def test_parts_of_ones_own_are_refused_or_named(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(MYLAB)
    path = checkpoint(tmp_path / "x.ckpt", "mylab.parts.first_window")
    trust = ["mylab"]
    with pytest.raises(UserError, match=r"pooling, mylab\.parts\.first_window of your own"):
        export(path, tmp_path / "out", format="onnx", trust=trust)
    export(path, tmp_path / "out", trust=trust, documents=1)
    with pytest.raises(UserError, match=r"trust=\[mylab\]"):
        ResumeLabeler.load(tmp_path / "out", device="cpu")
    found = ResumeLabeler.load(tmp_path / "out", device="cpu", trust=trust).predict_proba(TEXTS)
    before = ResumeLabeler.load(path, device="cpu", trust=trust).predict_proba(TEXTS)
    assert np.array_equal(found, before)

    content = read_checkpoint(checkpoint(tmp_path / "x.ckpt"))
    content["resumebert"]["config"]["model"]["_target_"] = "mylab.parts.ScaledClassifier"
    own = {"method": "mylab.parts.Shrunk", "parameters": {"shares": [0.5] * 10, "weight": 0.5}}
    write_checkpoint(content, path)
    with pytest.raises(UserError, match="a ScaledClassifier of your own"):
        export(path, tmp_path / "no", trust=trust)
    del content["resumebert"]["config"]["model"]["_target_"]
    content["resumebert"]["decisions"]["calibration"] = own
    write_checkpoint(content, path)
    with pytest.raises(UserError, match=r"calibration, mylab\.parts\.Shrunk of your own"):
        export(path, tmp_path / "no", format="onnx", trust=trust)
    export(path, tmp_path / "shrunk", trust=trust, documents=1)
    assert not (tmp_path / "no").exists()


def test_a_folder_is_whole_or_not_there(tmp_path):
    out = tmp_path / "a" / "out"
    with pytest.raises(KeyError), whole_folder(out, "output") as folder:  # noqa: PT012
        (folder / "half.txt").write_text("half")
        raise KeyError
    assert list((tmp_path / "a").iterdir()) == []
    # What a killed process has left is removed.
    (tmp_path / "a" / f".out.{os.uname().nodename}.999999999.partial").mkdir()
    out.mkdir()
    with whole_folder(out, "output") as folder:
        (folder / "whole.txt").write_text("whole")
        assert list(out.iterdir()) == []
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["out"]
    with pytest.raises(UserError, match="nothing is overwritten"), whole_folder(out, "output"):
        pass
    assert (out / "whole.txt").read_text() == "whole"
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "x"):
        with pytest.raises(UserError, match="output="), whole_folder(path, "output"):
            pass
