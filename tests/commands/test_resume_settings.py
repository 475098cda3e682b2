"""A run that goes on has its own settings, and what is typed now on top of them."""

import re
import shutil
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from helpers import LEAN, Command
from resumebert.model.checkpoint_file import write_checkpoint
from resumebert.model.schedules import linear_schedule

# 63 documents to train on, in 8 steps an epoch.
TYPED = (*LEAN, "seed=3", "optimizer.weight_decay=0.02", "callbacks=early_stopping")


@pytest.fixture
def run_of(command: Command, shared_run):
    """Return the folder of a run of one epoch, or of one that ended within its first."""

    def run(name: str) -> Path:
        if name == "epoch":
            return shared_run("epoch", *TYPED)
        signal = ("+callbacks.signal._target_=helpers.SendSignal", "+callbacks.signal.step=3")
        return shared_run("part", *TYPED, *signal, code=143)

    return run


def last(folder: Path) -> dict:
    return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)


def ckpt_path(folder: Path) -> str:
    return f"ckpt_path={folder}/checkpoints/last.ckpt"


def stored(folder: Path) -> dict:
    return OmegaConf.to_container(OmegaConf.load(folder / ".hydra" / "config.yaml"))


def test_what_is_typed_now_trains_and_is_stored_and_said(command: Command, run_of):
    typed = {
        "optimizer.lr": "0.005", "optimizer.weight_decay": "0.5", "optimizer.betas": "[0.5, 0.9]",
        "optimizer.eps": "1e-06", "trainer.max_epochs": "2", "trainer.gradient_clip_val": "0.5",
        "callbacks.early_stopping.patience": "7", "loss": "focal",
    }  # fmt: skip
    result = command(
        "train", ckpt_path(run_of("epoch")), "hydra.run.dir=rest", "scheduler.warmup=0",
        *(f"{key}={value}" for key, value in typed.items()),
    )  # fmt: skip
    assert result.code == 0, result.errors
    said = re.findall(r"^(\S+) (.+) → (.+) from step 8 on$", result.output, re.MULTILINE)
    changes = {key: (was, now) for key, was, now in said}
    assert changes["optimizer.lr"] == ("0.0002", "0.005")
    assert changes["optimizer.weight_decay"] == ("0.02", "0.5")
    assert changes["optimizer.betas"] == ("[0.9, 0.999]", "[0.5, 0.9]")
    assert changes["scheduler.warmup"] == ("0.1", "0")
    assert set(changes) == {*typed, "scheduler.warmup", "loss._target_"} - {"loss"}

    content, config = last(Path("rest")), stored(Path("rest"))
    for group in content["optimizer_states"][0]["param_groups"]:
        peak = 0.05 if group["name"].startswith("head") else 0.005
        assert group["initial_lr"] == pytest.approx(peak)
        assert group["weight_decay"] == (0 if group["name"].endswith("no_decay") else 0.5)
        assert (tuple(group["betas"]), group["eps"]) == ((0.5, 0.9), 1e-6)
    patience = [s["patience"] for s in content["callbacks"].values() if "patience" in s]
    assert patience == [7]
    assert config["optimizer"]["lr"] == content["resumebert"]["config"]["optimizer"]["lr"] == 0.005
    assert config["loss"]["_target_"].endswith("focal")
    # What was typed for the run before holds too.
    assert (config["seed"], config["data"]["limit"]) == (3, 90)
    assert "data.limit=90" in OmegaConf.load("rest/.hydra/overrides.yaml")


def test_alone_it_has_the_runs_own_settings_from_any_folder(command: Command, run_of):
    part = run_of("part")
    shutil.copytree(part, "runs/part")
    result = command("train", "ckpt_path=last", "hydra.run.dir=runs/rest")
    assert result.code == 0, result.errors
    changes = [line for line in result.output.splitlines() if "→" in line]
    assert [line.partition(" ")[0] for line in changes] == ["callbacks.signal"]
    assert "+callbacks.signal._target_=helpers.SendSignal is not taken" in result.output
    config = stored(Path("runs/rest"))
    assert config["optimizer"]["weight_decay"] == 0.02
    assert "early_stopping" in config["callbacks"]
    assert "signal" not in config["callbacks"]
    # A run that resumed another can be resumed in turn.
    again = command(
        "train", ckpt_path(Path("runs/rest").resolve()), "hydra.run.dir=again",
        "callbacks=default", "trainer.max_epochs=2",
    )  # fmt: skip
    assert again.code == 0, again.errors
    assert "callbacks.early_stopping" in again.output
    assert stored(Path("again"))["data"]["limit"] == 90


def test_what_decides_an_epochs_batches_changes_between_epochs_only(command: Command, run_of):
    within = command("train", ckpt_path(run_of("part")), "data.batch_size=4", "hydra.run.dir=a")
    assert within.code == 1
    assert "data.batch_size=4: the checkpoint" in within.errors
    assert "ends within epoch 1, after 3 of its batches" in within.errors
    for size, steps in ((4, 16), (32, 2)):
        folder = f"size{size}"
        between = command(
            "train", ckpt_path(run_of("epoch")), f"data.batch_size={size}", "trainer.max_epochs=2",
            f"hydra.run.dir={folder}", "data.max_windows_train=null",
        )  # fmt: skip
        assert between.code == 0, between.errors
        content = last(Path(folder))
        assert content["global_step"] == 8 + steps
        # The schedule ends with the training.
        assert [g["lr"] for g in content["optimizer_states"][0]["param_groups"]] == [0] * 4


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["model.pooling=mean"], "model.pooling=mean"),
        (["model.freeze_layers=1"], "model.freeze_layers=1"),
        (["optimizer.layer_decay=0.9"], "optimizer.layer_decay=0.9"),
        (["model.random_config.hidden_size=32"], "model.random_config.hidden_size=32"),
        (["model/lora=default"], "model.lora="),
        (["data.seed=7"], "another split of them"),
    ],
)
def test_what_can_not_change_is_refused(command: Command, run_of, overrides, words):
    result = command("train", ckpt_path(run_of("epoch")), *overrides, "hydra.run.dir=refused")
    assert result.code == 1
    assert words in result.errors
    assert "Traceback" not in result.errors


def with_lines(folder: Path, *lines: str) -> str:
    """Write the run's checkpoint with more lines typed; return how to resume from it."""
    content = last(folder)
    content["resumebert"]["overrides"] += lines
    write_checkpoint(content, Path("edited.ckpt"))
    return "ckpt_path=edited.ckpt"


@pytest.mark.parametrize(
    "line",
    [
        "loss._target_=os.system",
        "+data.reader={_target_:os.system}",
        "model.random_config={hidden_size:'${oc.env:HOME}'}",
        "+data.allow_pickle=true",
        "model.package=antigravity",
        "trainer.default_root_dir=/etc",
        "trainer.plugins=[x]",
        "loss=../../x",
        "a line that is none",
    ],
)
def test_code_is_not_taken_from_a_file(command: Command, run_of, line):
    result = command("train", with_lines(run_of("epoch"), line), "hydra.run.dir=edited")
    assert result.code == 1
    assert line in result.errors or "damaged" in result.errors
    assert "Traceback" not in result.errors


def test_places_are_not_taken_from_a_file(command: Command, run_of):
    elsewhere = Path.cwd() / "elsewhere"
    keys = ("callbacks.last_checkpoint.dirpath", "hydra.run.dir", "output_dir")
    edited = with_lines(run_of("epoch"), *(f"{key}={elsewhere}" for key in keys))
    result = command("train", edited, "hydra.run.dir=edited", "trainer.max_epochs=2")
    assert result.code == 0, result.errors
    assert Path("edited/metrics.json").exists()
    assert Path("edited/checkpoints/last.ckpt").exists()
    assert not elsewhere.exists()


def test_a_checkpoint_without_what_was_typed_goes_by_what_is_typed_now(command: Command, run_of):
    content = last(run_of("epoch"))
    del content["resumebert"]["overrides"]
    write_checkpoint(content, Path("old.ckpt"))
    result = command("train", *TYPED, "ckpt_path=old.ckpt", "hydra.run.dir=rest")
    assert result.code == 0, result.errors
    assert "does not hold what was typed for its run" in result.output


@pytest.mark.slow
def test_an_average_begins_and_ends_on_resuming(command: Command, run_of):
    more = ("hydra.run.dir=ema", "trainer.max_epochs=2", "callbacks=ema")
    result = command("train", ckpt_path(run_of("epoch")), *more)
    assert result.code == 0, result.errors
    assert "callbacks.weight_averaging null → resumebert.callbacks.averaging" in result.output
    before = last(Path("ema"))
    result = command(
        "train", ckpt_path(Path("ema")), "callbacks=default", "trainer.max_epochs=3",
        "optimizer.lr=1e-12", "optimizer.weight_decay=0", "hydra.run.dir=plain",
    )  # fmt: skip
    assert result.code == 0, result.errors
    # It went on from the weights as trained, by steps of next to nothing, not from their average.
    after = last(Path("plain"))
    assert "current_model_state" not in after
    name = "bert.classifier.bias"
    trained, average = before["current_model_state"][name], before["state_dict"][name]
    assert not torch.allclose(trained, average, atol=1e-5)
    torch.testing.assert_close(after["state_dict"][name], trained, atol=1e-7, rtol=0)


def test_a_plateau_keeps_its_reductions_and_takes_new_patience(command: Command, run_of):
    run = command(
        "train", ckpt_path(run_of("epoch")), "scheduler=plateau", "trainer.max_epochs=3",
        "scheduler.patience=0", "scheduler.factor=0.1", "hydra.run.dir=plateau",
        "callbacks=default", "monitor.metric=val/f1_micro",
    )  # fmt: skip
    assert run.code == 0, run.errors
    before = last(Path("plateau"))
    rates = [group["lr"] for group in before["optimizer_states"][0]["param_groups"]]
    run = command(
        "train", ckpt_path(Path("plateau")), "scheduler.patience=5", "optimizer.lr=4e-4",
        "trainer.max_epochs=4", "hydra.run.dir=rest",
    )  # fmt: skip
    assert run.code == 0, run.errors
    after = last(Path("rest"))
    assert after["lr_schedulers"][1]["patience"] == 5
    assert [group["lr"] for group in after["optimizer_states"][0]["param_groups"]] == pytest.approx(
        [2 * rate for rate in rates]
    )


def test_the_rates_are_those_of_the_schedule_as_it_is_now(command: Command, run_of):
    run = command(
        "train", ckpt_path(run_of("epoch")), "optimizer.lr=1e-3", "trainer.max_steps=9",
        "trainer.max_epochs=4", "hydra.run.dir=rest",
    )  # fmt: skip
    assert run.code == 0, run.errors
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1e-3)
    schedule = linear_schedule(optimizer, 9)
    for _ in range(9):
        optimizer.step()
        schedule.step()
    groups = last(Path("rest"))["optimizer_states"][0]["param_groups"]
    assert groups[0]["lr"] == pytest.approx(schedule.get_last_lr()[0])
