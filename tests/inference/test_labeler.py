"""ResumeLabeler, on a checkpoint as train.py writes it."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers import LEAN
from resumebert import ResumeLabeler, UserError, compose, train
from resumebert.data.build import datamodule
from resumebert.data.readers import read_sample
from resumebert.data.tokenization import TextTokenizer
from resumebert.inference.evaluating import evaluation_trainer
from resumebert.model.checkpoint import load_checkpoint
from resumebert.model.checkpoint_file import read_checkpoint, write_checkpoint
from resumebert.settings.compose import train_settings

TEXTS = ["Java developer, ten years of Spring. " * 12, "", "Nurse"]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return compose([
        *LEAN, "model/lora=default", "data.long_documents=windows", "trainer.accelerator=cpu",
        "optimizer.lr=1e-2", f"output_dir={tmp_path_factory.mktemp('labeler') / 'run'}",
    ])  # fmt: skip


@pytest.fixture(scope="module")
def run(config):
    """The folder of a run, trained by a call and no command, whose config stays as it was."""
    before = config.copy()
    assert 0 <= train(config) <= 1
    assert config == before
    return Path(config.output_dir)


@pytest.fixture(scope="module")
def labeler(run):
    return ResumeLabeler.load(run, device="cpu", precision=None)


@pytest.fixture(scope="module")
def predictions(run):
    with (run / "predictions_test.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_where_bfloat16_is_fast_the_encoder_is_in_it_and_the_head_is_not(run, labeler, monkeypatch):
    monkeypatch.setattr("resumebert.inference.labeler.resolve_precision", lambda *_: "bf16-mixed")
    found = ResumeLabeler.load(run, device="cpu")
    model = found._scorer.model
    assert {each.dtype for each in model.bert.bert.parameters()} == {torch.bfloat16}
    # As they were trained, not as bfloat16 rounds them.
    pairs = zip(model.heads.parameters(), labeler._scorer.model.heads.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    assert np.abs(found.predict_proba(TEXTS) - labeler.predict_proba(TEXTS)).max() < 0.02
    windows = [window for one in found.predict(TEXTS) for window in one.windows]
    assert all(0 <= value <= 1 for window in windows for value in window.probabilities.values())


def test_it_says_what_the_run_itself_said(labeler, predictions):
    sample = read_sample()
    text_of = dict(zip(sample.ids, sample.texts, strict=True))
    texts = [text_of[row["id"]] for row in predictions]
    written = np.array([[float(row[name]) for name in labeler.label_names] for row in predictions])
    assert np.abs(labeler.predict_proba(texts) - written).max() < 1e-6
    for found, row in zip(labeler.predict(texts), predictions, strict=True):
        assert ";".join(found.labels) == row["predicted_labels"]
        assert [found.decisions[name] for name in found.labels] == [True] * len(found.labels)
        for name, probability in found.probabilities.items():
            assert found.decisions[name] == (probability >= found.thresholds[name])


def test_windows_pool_to_the_document(labeler):
    [found, *_] = labeler.predict(TEXTS)
    assert len(found.windows) > 2
    assert found.text[: found.windows[0].end].startswith("Java developer")
    # By the maximum, which a calibration that rises keeps.
    for name, probability in found.probabilities.items():
        highest = max(window.probabilities[name] for window in found.windows)
        assert highest == pytest.approx(probability, abs=1e-6)


def test_few_and_empty_texts(labeler):
    assert labeler.predict([]) == []
    assert labeler.predict_proba([]).shape == (0, len(labeler.label_names))
    [alone] = labeler.predict([""])
    assert len(alone.windows) == 1
    together = labeler.predict(TEXTS)[1]
    assert alone.probabilities == pytest.approx(together.probabilities, abs=1e-6)


@pytest.mark.parametrize("texts", ["one text", [1], ["a", None], [b"a"]])
def test_texts_are_a_list_of_strings(labeler, texts):
    for method in (labeler.predict, labeler.predict_proba):
        with pytest.raises(TypeError, match="list of strings"):
            method(texts)


def test_it_moves(labeler):
    before = labeler.predict_proba(TEXTS)
    assert labeler.to("cpu") is labeler
    assert labeler.device == torch.device("cpu")
    assert np.array_equal(labeler.predict_proba(TEXTS), before)
    with pytest.raises(UserError, match="no such kind of device"):
        labeler.to("abacus")


def test_a_checkpoint_to_resume_from_labels_too(run, labeler):
    # It holds LoRA's factors beside the weights, of the same step as best.ckpt here.
    last = ResumeLabeler.load(run / "checkpoints" / "last.ckpt", device="cpu", precision=None)
    assert np.abs(last.predict_proba(TEXTS) - labeler.predict_proba(TEXTS)).max() < 1e-5


def changed(run, path, decisions):
    content = read_checkpoint(run / "checkpoints" / "best.ckpt")
    content["resumebert"]["decisions"] = decisions
    write_checkpoint(content, path)
    return path


def test_a_checkpoint_without_decisions_is_used_plainly(run, tmp_path):
    plain = ResumeLabeler.load(changed(run, tmp_path / "x.ckpt", None), device="cpu")
    assert set(plain.thresholds.values()) == {0.5}


def test_what_can_not_be_used_is_said(run, tmp_path):
    with pytest.raises(UserError, match="thresholds are damaged"):
        ResumeLabeler.load(changed(run, tmp_path / "x.ckpt", {"thresholds": [0.5]}))
    with pytest.raises(UserError, match="no such file or folder"):
        ResumeLabeler.load(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"holds no checkpoints/best\.ckpt"):
        ResumeLabeler.load(tmp_path)
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(UserError, match="can't be read as a checkpoint"):
        ResumeLabeler.load(tmp_path / "x.txt")
    with pytest.raises(UserError, match="no such kind of device"):
        ResumeLabeler.load(run, device="abacus")


def test_the_trainer_predicts(run, config, labeler, predictions):
    file = run / "checkpoints" / "best.ckpt"
    model, extras = load_checkpoint(file)
    tokenizer = TextTokenizer.from_files(extras.tokenizer_files, str(file))
    documents = datamodule(train_settings(config).data, tokenizer, shuffle_seed=0)
    batches = evaluation_trainer("cpu", "32-true").predict(model, datamodule=documents)
    index = torch.cat([batch["index"] for batch in batches]).tolist()
    logits = torch.cat([batch["logits"] for batch in batches]).double().numpy()
    assert sorted(documents.table.ids[i] for i in index) == sorted(r["id"] for r in predictions)
    probabilities = labeler.predict_proba([documents.table.texts[i] for i in index])
    assert np.abs(labeler._decisions.calibration.apply(logits) - probabilities).max() < 1e-6
