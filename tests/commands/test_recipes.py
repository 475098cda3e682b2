"""Averaged weights, searches before the training, a compiled encoder: from command to figures."""

import copy
import json
from pathlib import Path

import pytest
import torch

from helpers import LEAN, TINY_BERT, Command, in_own_process
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.layers import prepare_encoder

# The tiny model learns something in a few steps.
LEARNING = (*LEAN, "optimizer.lr=3e-3", "trainer.max_epochs=2")


def metrics_of(folder: Path) -> dict:
    return json.loads((folder / "metrics.json").read_text())


def weights_of(folder: Path, name: str) -> dict[str, torch.Tensor]:
    return torch.load(folder / "checkpoints" / name, weights_only=True)["state_dict"]


def run(command: Command, folder: Path, *arguments: str) -> str:
    result = command("train", *arguments, f"hydra.run.dir={folder}")
    assert result.code == 0, result.errors
    assert "Warning" not in result.errors
    return result.output


def assert_reproduced(command: Command, folder: Path) -> None:
    """eval.py gives the figures of the run's own test."""
    result = command("eval", f"ckpt={folder}", f"hydra.run.dir={folder}/eval")
    assert result.code == 0, result.errors
    figures = metrics_of(folder)
    assert metrics_of(folder / "eval") == {k: v for k, v in figures.items() if k[:5] == "test/"}


@pytest.fixture(scope="session")
def plain(shared_run) -> Path:
    return shared_run("plain", *LEARNING, "scheduler=constant")


# From early on, so that whichever epoch is the best is an average.
AVERAGING = {"ema": (), "swa": ("callbacks.weight_averaging.newest_share.start=0.1",)}


@pytest.mark.parametrize("name", ["ema", pytest.param("swa", marks=pytest.mark.slow)])
def test_the_average_is_what_is_chosen_tested_and_kept(command: Command, tmp_path, plain, name):
    folder = tmp_path / name
    settings = (f"callbacks={name}", *AVERAGING[name], "scheduler=constant")
    run(command, folder, *LEARNING, *settings)
    assert metrics_of(folder)["test/loss"] != metrics_of(plain)["test/loss"]
    best, last = (weights_of(folder, f"{kept}.ckpt") for kept in ("best", "last"))
    key = "bert.classifier.weight"
    assert not torch.equal(last[key], weights_of(plain, "last.ckpt")[key])
    trained = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    assert torch.equal(trained["current_model_state"][key], weights_of(plain, "last.ckpt")[key])
    # With one epoch more, training goes on from the weights and the average that it had.
    again = tmp_path / "again"
    run(
        command, again, *LEARNING, f"callbacks={name}", "scheduler=constant",
        "trainer.max_epochs=3", f"ckpt_path={folder}/checkpoints/last.ckpt",
    )  # fmt: skip
    assert_reproduced(command, again)
    assert best.keys() == weights_of(again, "best.ckpt").keys()


def test_averaged_lora_is_merged_into_the_best_checkpoint(command: Command, tmp_path):
    pytest.importorskip("peft")
    run(command, tmp_path / "r", *LEARNING, "callbacks=ema", "model/lora=default")
    assert not [name for name in weights_of(tmp_path / "r", "best.ckpt") if "lora" in name]
    assert_reproduced(command, tmp_path / "r")


def test_gradient_checkpointing_gives_the_same_figures(command: Command, tmp_path, plain):
    """With dropout too: its random numbers are drawn again as they were."""
    settings = ("scheduler=constant", "model.gradient_checkpointing=true")
    run(command, tmp_path / "with", *LEARNING, *settings)
    assert metrics_of(tmp_path / "with") == metrics_of(plain)


def test_gradient_checkpointing_gives_the_same_gradients(monkeypatch):
    torch.manual_seed(0)
    dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    model = ResumeClassifier(TINY_BERT | dropout | {"num_hidden_layers": 3}, ["A", "B"])
    checkpointed = copy.deepcopy(model)
    prepare_encoder(
        checkpointed.bert, torch.device("cpu"), gradient_checkpointing=True, compile=False
    )
    computed = []
    layer = checkpointed.bert.bert.encoder.layer[1].attention
    layer.register_forward_hook(lambda *_: computed.append(1))
    for one in (model, checkpointed):
        logits = one.train()(torch.arange(5, 45).view(4, 10), torch.ones(4, 10))
        one.loss(logits, torch.tensor([[0.0, 1.0]] * 4)).backward()
    assert len(computed) == 2
    pairs = list(zip(model.named_parameters(), checkpointed.named_parameters(), strict=True))
    assert len(pairs) > 40
    for (name, left), (_, right) in pairs:
        torch.testing.assert_close(left.grad, right.grad, msg=name)


@pytest.mark.slow
def test_a_compiled_encoder_trains_and_its_checkpoint_needs_no_compiler(
    command: Command, tmp_path, monkeypatch
):
    folder = tmp_path / "compiled"
    # A compiler adds up in another order, and with an eps of 1 Adam does not magnify that.
    steady = (*LEAN, "optimizer.eps=1", "optimizer.lr=0.1", "model.hidden_dropout=0")
    run(command, folder, *steady, "model.compile=true")
    run(command, tmp_path / "plain", *steady)
    loss = metrics_of(tmp_path / "plain")["test/loss"]
    assert metrics_of(folder)["test/loss"] == pytest.approx(loss, rel=1e-4)
    names = weights_of(tmp_path / "plain", "best.ckpt").keys()
    assert weights_of(folder, "best.ckpt").keys() == names
    monkeypatch.setattr(torch, "compile", None)
    assert_reproduced(command, folder)


@pytest.mark.slow
def test_a_machine_without_a_compiler_is_told_of(tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", "/nowhere/g++")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    result = in_own_process(tmp_path, "train", *LEAN, "trainer=cpu", "model.compile=true")
    assert result.code == 1
    assert result.errors.startswith("Error: model.compile=true")
    assert "/nowhere/g++" in result.errors
    assert "Traceback" not in result.output + result.errors
