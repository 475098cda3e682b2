"""Every argument of Lightning's Trainer is a key, and works or is refused in words."""

import inspect
import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from hydra import compose, initialize_config_dir
from lightning.pytorch import Trainer
from omegaconf import OmegaConf

from helpers import LEAN, REPOSITORY
from resumebert.settings.rules import check_values
from resumebert.tasks.train import train
from resumebert.utils.errors import UserError

# 63 documents to train on in 8 batches, 13 to validate on, 14 to test on.
TINY = (
    *LEAN,
    "model.random_config={num_hidden_layers:1,hidden_size:16,num_attention_heads:2,intermediate_size:32}",
)  # fmt: skip


def run(folder: Path, *overrides: str) -> float | None:
    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        config = compose("train", [*TINY, *overrides, f"output_dir={folder}"])
    return train(config)


def refusal(folder: Path, *overrides: str) -> str:
    with pytest.raises(UserError) as error:
        run(folder, *overrides)
    message = str(error.value)
    assert "\n" not in message
    return message


def metrics(folder: Path) -> dict:
    return json.loads((folder / "metrics.json").read_text())


@pytest.mark.parametrize("name", ["default", "cpu", "gpu", "ddp", "fsdp"])
def test_every_argument_of_the_trainer_is_a_key(name):
    keys = set(OmegaConf.load(REPOSITORY / "conf/trainer/default.yaml")) - {"_target_"}
    assert keys == set(inspect.signature(Trainer.__init__).parameters) - {"self"}
    own = set(OmegaConf.load(REPOSITORY / f"conf/trainer/{name}.yaml")) - {"_target_", "defaults"}
    assert own <= keys


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("trainer.barebones=true", "neither figures nor checkpoints"),
        ("trainer.logger=true", "choose with logger="),
        ("+trainer.callbacks.x=1", "choose with callbacks="),
        ("trainer.use_distributed_sampler=true", "our own sampler"),
        ("trainer.reload_dataloaders_every_n_epochs=1", "the data stay the same"),
        ("trainer.model_registry=x", "files in the run's folder"),
        ("trainer.limit_predict_batches=2", "predicts nothing"),
        ("trainer.limit_train_batches=0", "at least 1"),
        ("trainer.limit_train_batches=1.5", "a whole number of batches"),
        ("trainer.limit_val_batches=-1", "a whole number of batches"),
        ("trainer.val_check_interval=0", "a whole number of batches of at least 1"),
        ("trainer.val_check_interval=2.5", "a whole number of batches of at least 1"),
        ("trainer.check_val_every_n_epoch=0", "at least 1"),
        ("trainer.check_val_every_n_epoch=null", "is a share of an epoch"),
        ("trainer.num_sanity_val_steps=-2", "or one of -1"),
        ("trainer.max_time=ten", "DD:HH:MM:SS"),
        ("trainer.profiler=xla", "one of simple, advanced, pytorch"),
        ("trainer.devices=0", "a number of devices"),
        ("trainer.gradient_clip_algorithm=max", "one of norm, value"),
        ("trainer.fast_dev_run=-1", "at least 1"),
    ],
)
def test_what_can_not_be_is_refused(override, words):
    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        config = compose("train", [override, "output_dir=x"])
    with pytest.raises(UserError) as error:
        check_values(config)
    assert words in str(error.value)
    assert override.lstrip("+").partition("=")[0].removesuffix(".x") in str(error.value)


@pytest.mark.parametrize(
    "overrides",
    [
        ("trainer.num_sanity_val_steps=-1", "scheduler=plateau", "trainer.detect_anomaly=true"),
        ("trainer.min_epochs=1", "trainer.min_steps=3", "trainer.benchmark=false",
         "trainer.inference_mode=false", "trainer.sync_batchnorm=true", "logger=none"),
        ("trainer.gradient_clip_algorithm=value", "trainer.accumulate_grad_batches=50",
         "trainer.enable_progress_bar=false", "trainer.enable_model_summary=true"),
        ("trainer.val_check_interval=3", "trainer.enable_autolog_hparams=false", "logger=csv",
         "trainer.plugins=[{_target_:lightning.pytorch.plugins.environments.LightningEnvironment}]"),
    ],
)  # fmt: skip
def test_a_run_goes_through_with(overrides, tmp_path):
    assert run(tmp_path, *overrides) is not None
    assert (tmp_path / "checkpoints" / "best.ckpt").is_file()


@pytest.mark.parametrize(
    "override",
    [
        "trainer.check_val_every_n_epoch=3",
        "trainer.max_steps=3",
        "trainer.max_time=00:00:00:00",
        "trainer.val_check_interval=00:01:00:00",
    ],
)
def test_a_training_that_ends_before_a_validation_keeps_its_last_weights(
    override, tmp_path, capsys
):
    run(tmp_path, override)
    assert "best.ckpt holds the last weights" in capsys.readouterr().out
    assert metrics(tmp_path)["val/loss"] > 0
    best = torch.load(tmp_path / "checkpoints" / "best.ckpt", weights_only=True)
    assert best["resumebert"]["decisions"] is not None


def test_a_number_of_batches_without_epochs_may_exceed_an_epoch(tmp_path):
    message = refusal(tmp_path / "a", "trainer.val_check_interval=500")
    assert "an epoch has 8 batches" in message
    assert "trainer.check_val_every_n_epoch=null" in message
    more = ("trainer.check_val_every_n_epoch=null", "trainer.val_check_interval=12")
    run(tmp_path / "b", *more, "trainer.max_epochs=2")
    assert metrics(tmp_path / "b")["val/loss"] > 0


def test_without_validation_batches_the_last_epoch_is_kept(tmp_path, capsys):
    assert run(tmp_path, "trainer.limit_val_batches=0") is None
    assert "Nothing is validated (trainer.limit_val_batches=0)" in capsys.readouterr().out
    assert not any(name.startswith("val/") for name in metrics(tmp_path))
    for group in ("callbacks=early_stopping", "scheduler=plateau"):
        assert "nothing is validated" in refusal(tmp_path, "trainer.limit_val_batches=0", group)


def test_a_pass_over_a_part_of_the_documents_is_called_one(tmp_path, capsys):
    limits = [f"trainer.limit_{split}_batches=1" for split in ("train", "val", "test")]
    run(tmp_path, *limits, "data.eval_batch_size=4", "evaluation.baseline=true")
    said = capsys.readouterr().out
    assert "Only 4 of 14 documents of the test split were scored" in said
    assert "Only 4 of 13 documents of the val split were scored" in said
    assert len(pd.read_csv(tmp_path / "predictions_test.csv")) == 4
    assert metrics(tmp_path)["test/n"] == 4
    for key in ("train", "val", "test"):
        assert "that is not one" in refusal(tmp_path, f"trainer.limit_{key}_batches=0.01")


def test_no_test_batches_are_no_test(tmp_path):
    run(tmp_path, "trainer.limit_test_batches=0")
    assert not any(name.startswith("test/") for name in metrics(tmp_path))
    assert not (tmp_path / "predictions_test.csv").exists()


def test_overfitting_says_what_it_does(tmp_path, capsys):
    run(tmp_path, "trainer.overfit_batches=2", "trainer.max_epochs=2", "callbacks=none")
    assert "the same batches are trained on in every epoch" in capsys.readouterr().out


@pytest.mark.parametrize("batches", ["true", "2"])
def test_a_trial_leaves_nothing(batches, tmp_path, capsys):
    assert run(tmp_path / "run", f"trainer.fast_dev_run={batches}", "callbacks=ema") is None
    assert "Nothing was kept" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
    message = refusal(tmp_path, "trainer.fast_dev_run=true", "ckpt_path=x.ckpt")
    assert "Leave ckpt_path out" in message


def test_a_profile_lies_in_the_folder(tmp_path, capsys):
    run(tmp_path, "trainer.profiler=simple", "trainer.enable_checkpointing=false")
    assert "run_training_batch" in (tmp_path / "fit-profile.txt").read_text()
    said = capsys.readouterr().out
    assert "No checkpoint is kept" in said
    assert "python eval.py" not in said
    assert not (tmp_path / "checkpoints").exists()


def test_without_callbacks_and_loggers_the_last_weights_are_tested(tmp_path, capsys):
    run(
        tmp_path,
        "callbacks=none",
        "logger=none",
        "evaluation.report=true",
        "evaluation.probes=false",
        "evaluation.slices=false",
    )
    assert "test, last weights" in capsys.readouterr().out
    assert metrics(tmp_path)["test/loss"] > 0
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == set()


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_a_service_that_is_not_installed_names_its_extra(name, tmp_path, monkeypatch):
    monkeypatch.setattr(f"lightning.pytorch.loggers.{name}._{name.upper()}_AVAILABLE", False)
    assert f"pip install 'resumebert[{name}]'" in refusal(tmp_path, f"logger={name}")
