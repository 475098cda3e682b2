"""A run that was interrupted and goes on ends as one that was not."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from helpers import LEAN, LIMIT, REPOSITORY, Command, wait_until

# 63 documents to train on, in 8 steps an epoch.
RUN = (*LEAN, "trainer.max_epochs=2", "seed=3")
WITH_REPORT = (
    "evaluation.report=true", "evaluation.baseline=auto", "evaluation.bootstrap_resamples=50",
    "evaluation.unlike_training=0.01", "evaluation.probes=false", "evaluation.slices=false",
    "evaluation.label_noise=false",
)  # fmt: skip


@pytest.fixture(scope="session")
def whole(shared_run) -> Path:
    """The run that nothing interrupted."""
    return shared_run("whole", *RUN)


def checkpoint(run: Path, name: str = "last") -> dict:
    return torch.load(run / "checkpoints" / f"{name}.ckpt", weights_only=True)


def assert_same_end(run: Path, other: Path) -> None:
    for name in ("last", "best"):
        weights, others = (checkpoint(folder, name)["state_dict"] for folder in (run, other))
        assert weights.keys() == others.keys()
        assert all(torch.equal(weights[key], others[key]) for key in weights), name
    last, other_last = (checkpoint(folder) for folder in (run, other))
    for key in ("epoch", "global_step", "lr_schedulers"):
        assert last[key] == other_last[key], key
    for file in ("metrics.json", "predictions_test.csv", "split.csv"):
        assert (run / file).read_text() == (other / file).read_text(), file


def signal_at(step: int, name: str = "SIGTERM", during: str = "training") -> tuple[str, ...]:
    return (
        "+callbacks.signal._target_=helpers.SendSignal",
        f"+callbacks.signal.step={step}",
        f"+callbacks.signal.name={name}",
        f"+callbacks.signal.during={during}",
    )


@pytest.mark.parametrize(
    ("step", "during", "stops_at", "recipe"),
    [
        pytest.param(
            11, "training", 11, ("callbacks=ema", "scheduler=plateau"), marks=pytest.mark.slow
        ),
        # A validation is not waited for: the state of one step before it is there.
        pytest.param(
            8,
            "training",
            7,
            ("data.long_documents=windows", "data.max_windows_train=12"),
            marks=pytest.mark.slow,
        ),
        (8, "fit", 7, ("callbacks=early_stopping", *WITH_REPORT)),
        # The state between two steps is complete only where gradients are not being added up.
        (2, "training", 1, ("trainer.accumulate_grad_batches=3", "trainer.val_check_interval=0.5")),
        pytest.param(
            5, "training", 5, ("trainer.max_steps=13", "data.num_workers=1"), marks=pytest.mark.slow
        ),
        pytest.param(6, "training", 6, ("trainer.precision=bf16-mixed",), marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_goes_on_bit_for_bit(command: Command, step, during, stops_at, recipe):
    assert command("train", *RUN, *recipe, "hydra.run.dir=runs/whole").code == 0
    stopped = command(
        "train", *RUN, *recipe, *signal_at(step, during=during), "hydra.run.dir=runs/part"
    )
    assert stopped.code == 143
    assert "Traceback" not in stopped.output + stopped.errors
    assert checkpoint(Path("runs/part"))["global_step"] == stops_at
    assert not Path("runs/part/metrics.json").exists()

    resumed = command("train", *RUN, *recipe, "ckpt_path=last", "hydra.run.dir=runs/rest")
    assert resumed.code == 0, resumed.errors
    assert "runs/part/checkpoints/last.ckpt" in resumed.output
    assert_same_end(Path("runs/rest"), Path("runs/whole"))


def test_the_note_how_to_go_on_is_the_command(command: Command):
    stopped = command("train", *RUN, *signal_at(4, "SIGINT"), "hydra.run.dir=runs/part")
    assert stopped.code == 130
    assert "The run was ended by SIGINT" in stopped.output
    [line] = re.findall(r"^ +(python train\.py .*)$", stopped.output, re.MULTILINE)
    _, script, *arguments = shlex.split(line)
    assert script == "train.py"
    assert arguments[-1] == "ckpt_path=runs/part/checkpoints/last.ckpt"
    arguments = [a for a in arguments if not a.startswith("+callbacks.signal")]
    assert arguments[:-1] == list(RUN)
    assert command("train", *arguments, "hydra.run.dir=runs/rest").code == 0


@pytest.mark.slow
def test_the_newest_interrupted_run_is_resumed_once(command: Command):
    for name, step in (("a", 2), ("b", 3)):
        assert command("train", *RUN, *signal_at(step), f"hydra.run.dir=runs/{name}").code == 143
    other = command("train", *RUN, "ckpt_path=last", "data.seed=7", "hydra.run.dir=runs/other")
    assert other.code == 1
    assert "another split of them" in other.errors
    again = command(
        "train", *RUN, *signal_at(9), "ckpt_path=last", "hydra.run.dir=runs/c", "optimizer.lr=1e-5"
    )
    assert again.code == 143
    assert "runs/b/checkpoints/last.ckpt" in again.output
    # Where it stopped itself is the newest now, and what it went on from is done with.
    rest = command("train", *RUN, "ckpt_path=last", "hydra.run.dir=runs/d")
    assert rest.code == 0, rest.errors
    assert "runs/c/checkpoints/last.ckpt" in rest.output
    rest = command("train", *RUN, "ckpt_path=last", "hydra.run.dir=runs/e")
    assert "runs/a/checkpoints/last.ckpt" in rest.output
    none = command("train", *RUN, "ckpt_path=last", "hydra.run.dir=runs/f")
    assert none.code == 1
    assert "there is no run that was interrupted" in none.errors


@pytest.mark.slow
def test_a_signal_in_the_test_leaves_a_run_that_only_needs_its_test(command: Command, whole):
    stopped = command("train", *RUN, *signal_at(16, during="validate"), "hydra.run.dir=runs/part")
    assert stopped.code == 143
    resumed = command("train", *RUN, "ckpt_path=last", "hydra.run.dir=runs/rest")
    assert resumed.code == 0, resumed.errors
    assert "epoch 2/2" not in resumed.output
    metrics = Path("runs/rest/metrics.json").read_text()
    assert metrics == (whole / "metrics.json").read_text()


def test_a_run_goes_on_in_its_own_folder_too(command: Command, whole):
    assert command("train", *RUN, *signal_at(10), "hydra.run.dir=runs/part").code == 143
    last = "ckpt_path=runs/part/checkpoints/last.ckpt"
    assert command("train", *RUN, last, "hydra.run.dir=runs/part").code == 0
    assert_same_end(Path("runs/part"), whole)


@pytest.mark.slow
def test_an_interrupted_run_in_its_own_process(tmp_path):
    process = subprocess.Popen(
        [sys.executable, str(REPOSITORY / "train.py"), *RUN, "trainer.max_epochs=500",
         "+callbacks.progress.seconds_between_lines=0", "hydra.run.dir=run"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    seen = ""
    while "  2/" not in seen:
        line = process.stdout.readline()
        assert line, seen
        seen += line
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == 130, errors
    assert "ckpt_path=run/checkpoints/last.ckpt" in output
    assert errors == ""


def wait_for_save(process: subprocess.Popen, path: Path) -> None:
    before = path.stat().st_mtime_ns if path.exists() else 0
    wait_until(
        lambda: process.poll() is not None or (path.exists() and path.stat().st_mtime_ns != before)
    )
    assert process.poll() is None


@pytest.mark.slow
def test_a_killed_run_goes_on_bit_for_bit(command: Command):
    """With kill -9, at moments of no one's choosing, while it saves after every step."""
    run = (*RUN, "trainer.max_epochs=6", "callbacks.last_checkpoint.minutes=0")
    assert command("train", *run, "hydra.run.dir=runs/whole").code == 0
    last = Path("runs/part/checkpoints/last.ckpt")
    for delay in (0.1, 0.33, 0.7):
        resume = [f"ckpt_path={last}"] if last.exists() else []
        process = subprocess.Popen(
            [sys.executable, str(REPOSITORY / "train.py"), *run, *resume,
             "hydra.run.dir=runs/part"],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        wait_for_save(process, last)
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        checkpoint(Path("runs/part"))
    finish = command("train", *run, f"ckpt_path={last}", "hydra.run.dir=runs/part")
    assert finish.code == 0, finish.errors
    assert_same_end(Path("runs/part"), Path("runs/whole"))
    assert sorted(path.name for path in last.parent.iterdir()) == ["best.ckpt", "last.ckpt"]
