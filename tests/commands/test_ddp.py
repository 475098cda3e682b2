"""One run on several processes is the run of one, and one process speaks and writes for all."""

import json
import math
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from helpers import LIMIT, QUICK, REPOSITORY, Command, in_own_process, wait_until
from resumebert.evaluation.metrics import multilabel_metrics

# Dropout is each process's own. 63 documents in batches of 8: the last one, of 7, is dealt out
# unevenly. Of the windows of a batch 12 are drawn. Adam divides a gradient by its own size, so that
# where there is next to none, rounding alone decides the direction of a whole step. Beside an eps
# of 1 all gradients are small, and a step is in proportion to them.
LR = 0.1
RUN = (
    *QUICK, "trainer.max_epochs=2", "seed=3", "model.hidden_dropout=0", "scheduler.warmup=0",
    "trainer.precision=32-true", "evaluation.probes=false", "evaluation.label_noise=false",
    "evaluation.bootstrap_resamples=50", "data.long_documents=windows", "data.max_windows_train=12",
    f"optimizer.lr={LR}", "optimizer.eps=1", "optimizer.head_lr_factor=1",
    "optimizer.weight_decay=0",
)  # fmt: skip
TWO = ("trainer.accelerator=cpu", "trainer.devices=2")
STEPS = 16
# How far gradients may differ, as a share of their own norm. What a mistake does lies above it: a
# document left out, taken twice or weighed wrongly is one of at most 8 in one of 16 steps, and
# still some thousandths of the mean of the gradients where that step was the first. Rounding lies
# below it: one operation in float32 errs by 2^-24, a sum of n terms by about sqrt(n) of that. The
# longest sums here, over the 128 tokens of a batch or 128 columns, err by 7e-7, and a gradient is
# some 20 sums deep: 1.4e-5 if all of them erred in the same direction.
ROUNDING = 1e-4


@pytest.fixture(scope="session")
def alone(shared_run) -> Path:
    """The run of one process."""
    return shared_run("alone", *RUN)


def assert_alike(run: Path, other: Path) -> None:
    """Gradients, weights, losses and probabilities are equal up to the order of sums."""
    last, other_last = (
        torch.load(f / "checkpoints" / "last.ckpt", weights_only=True) for f in (run, other)
    )
    assert last["global_step"] == other_last["global_step"] == STEPS
    # The means of the gradients and of their squares that Adam keeps.
    for moment in ("exp_avg", "exp_avg_sq"):
        left, right = (
            [state[moment] for state in checkpoint["optimizer_states"][0]["state"].values()]
            for checkpoint in (last, other_last)
        )
        size = math.hypot(*(float(one.norm()) for one in left))
        for one, two in zip(left, right, strict=True):
            # Softmax cancels the gradient of a bias of the keys: what remains of it is rounding.
            assert (one - two).norm() <= ROUNDING * (one.norm() + 1e-4 * size), moment
    # A step is at most LR times a mean of gradients, which are clipped to a norm of 1.
    for name, weight in last["state_dict"].items():
        assert (weight - other_last["state_dict"][name]).norm() <= STEPS * LR * ROUNDING, name

    metrics, others = (json.loads((f / "metrics.json").read_text()) for f in (run, other))
    assert metrics.keys() == others.keys()
    for name, value in metrics.items():
        if name.endswith("/loss"):
            assert value == pytest.approx(others[name], rel=ROUNDING), name
        if name.endswith("/n") or "/support/" in name:
            assert value == others[name], name
    predictions, others = (pd.read_csv(f / "predictions_test.csv") for f in (run, other))
    for column in ("id", "true_labels"):
        assert predictions[column].tolist() == others[column].tolist()
    labels = predictions.columns[3:]
    decisions = last["resumebert"]["decisions"]
    # Calibration multiplies the logits, and what they err by.
    steepest = max(1.0, *map(abs, decisions["calibration"]["slopes"]))
    assert abs(predictions[labels] - others[labels]).max(axis=None) <= ROUNDING * steepest
    # Figures that rank documents or cut between them jump where two are as good as equal. They are
    # compared with those of the run's own probabilities, of which there is one a document.
    known = multilabel_metrics(
        torch.tensor(predictions[labels].to_numpy()),
        torch.tensor([[label in str(row).split(";") for label in labels]
                      for row in predictions["true_labels"]]),
        list(labels),
        decisions["thresholds"],
    )  # fmt: skip
    for name in ("f1_micro", "ap_macro", "auroc_macro", "ranking_loss", "hamming_loss"):
        assert metrics[f"test/tuned/{name}"] == pytest.approx(known[name], abs=1e-9), name


def assert_one_spoke(output: str, errors: str) -> None:
    assert output.count("epoch 2/2 validation") == 1
    assert output.count("Done in") == 1
    assert "Warning" not in output + errors


def test_two_processes_train_as_one(alone, tmp_path):
    result = in_own_process(tmp_path, "train", *RUN, "trainer=ddp", *TWO, "hydra.run.dir=run")
    assert result.code == 0, result.errors
    assert_alike(tmp_path / "run", alone)
    assert_one_spoke(result.output, result.errors)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    # The baseline is the first process's alone.
    both = [json.loads((f / "metrics.json").read_text()) for f in (tmp_path / "run", alone)]
    theirs = [{k: v for k, v in metrics.items() if "/baseline/" in k} for metrics in both]
    assert theirs[0] == theirs[1]
    assert theirs[0]["test/baseline/f1_micro"] > 0


@pytest.mark.slow
def test_a_sharded_model_trains_as_a_whole_one(alone, tmp_path):
    result = in_own_process(tmp_path, "train", *RUN, "trainer=fsdp", *TWO, "hydra.run.dir=run")
    assert result.code == 0, result.errors
    assert_alike(tmp_path / "run", alone)
    assert_one_spoke(result.output, result.errors)
    again = in_own_process(tmp_path, "eval", "ckpt=run", "hydra.run.dir=eval")
    assert again.code == 0, again.errors


@pytest.mark.slow
def test_under_torchrun(alone, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2",
         f"--master-port={free_port()}", str(REPOSITORY / "train.py"), *RUN, "trainer=ddp", *TWO,
         "hydra.run.dir=run"],
        cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert_alike(tmp_path / "run", alone)
    assert_one_spoke(done.stdout, "")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.slow
def test_under_the_environment_of_slurm(alone, tmp_path):
    job = {
        "SLURM_JOB_ID": "4711",
        "SLURM_JOB_NAME": "train",
        "SLURM_NTASKS": "2",
        "SLURM_NTASKS_PER_NODE": "2",
        "SLURM_NODELIST": "127.0.0.1",
        "SLURM_NODEID": "0",
        "MASTER_PORT": str(free_port()),
    }
    tasks = [
        subprocess.Popen(
            [sys.executable, str(REPOSITORY / "train.py"), *RUN, "trainer=ddp", *TWO,
             "hydra.run.dir=run"],
            cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=os.environ | job | {"SLURM_PROCID": rank, "SLURM_LOCALID": rank},
        )
        for rank in ("0", "1")
    ]  # fmt: skip
    outputs = [task.communicate(timeout=LIMIT) for task in tasks]
    assert [task.returncode for task in tasks] == [0, 0], outputs
    assert outputs[1][0] == ""
    assert_alike(tmp_path / "run", alone)


@pytest.mark.slow
def test_the_runs_of_a_sweep_start_processes_and_no_sweeps(alone, tmp_path):
    result = in_own_process(
        tmp_path, "train", "-m", *RUN, "trainer=ddp", *TWO, "trainer.gradient_clip_val=1,0.5",
        "hydra.sweep.dir=sweep",
    )  # fmt: skip
    assert result.code == 0, result.errors
    runs = sorted(path.name for path in (tmp_path / "sweep").iterdir() if path.is_dir())
    assert runs == ["0", "1"]
    assert [path.name for path in tmp_path.iterdir()] == ["sweep"]
    assert_alike(tmp_path / "sweep" / "0", alone)
    assert result.output.count(": finished after") == 2


@pytest.mark.slow
@pytest.mark.parametrize(("during", "step"), [("training", 11), ("fit", STEPS // 2)])
def test_a_signal_to_one_process_ends_both_and_both_go_on(tmp_path, monkeypatch, during, step):
    paths = (str(REPOSITORY / "tests"), os.environ.get("PYTHONPATH", ""))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    run = [*RUN, "trainer=ddp", *TWO, "model.hidden_dropout=0.1"]
    whole = in_own_process(tmp_path, "train", *run, "hydra.run.dir=runs/whole")
    assert whole.code == 0, whole.errors
    stopped = in_own_process(
        tmp_path, "train", *run, "+callbacks.signal._target_=helpers.SendSignal",
        f"+callbacks.signal.step={step}", f"+callbacks.signal.during={during}",
        "+callbacks.signal.rank=1", "hydra.run.dir=runs/part",
    )  # fmt: skip
    assert stopped.code == 143, stopped.errors
    assert "ckpt_path=runs/part/checkpoints/last.ckpt" in stopped.output
    rest = in_own_process(tmp_path, "train", *run, "ckpt_path=last", "hydra.run.dir=runs/rest")
    assert rest.code == 0, rest.errors
    assert_alike(tmp_path / "runs" / "rest", tmp_path / "runs" / "whole")


@pytest.mark.slow
def test_processes_end_with_the_one_that_started_them(tmp_path):
    process = subprocess.Popen(
        [sys.executable, str(REPOSITORY / "train.py"), *RUN, "trainer=ddp", *TWO,
         "trainer.max_epochs=500", "hydra.run.dir=run"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    wait_until(lambda: last.exists() or process.poll() is not None)
    assert process.poll() is None
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert children
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: not any(is_running(child) for child in children))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("trainer=ddp", *TWO, "data.batch_size=1"), "data.batch_size=1"),
        (("trainer=fsdp", *TWO, "callbacks=ema"), "trainer=fsdp"),
        (("trainer=fsdp", *TWO, "model/lora=default"), "trainer=fsdp"),
    ],
)
def test_what_does_not_go_with_several_processes(command: Command, tmp_path, arguments, words):
    result = command("train", *RUN, *arguments, f"hydra.run.dir={tmp_path}/run")
    assert result.code == 1
    assert result.errors.startswith("Error: ")
    assert words in result.errors


def test_a_sweep_is_not_started_by_several_processes(command: Command, monkeypatch, tmp_path):
    monkeypatch.setenv("RANK", "0")
    result = command("train", "-m", *RUN, "seed=1,2", f"hydra.sweep.dir={tmp_path}/sweep")
    assert result.code == 1
    assert "Start the sweep as one process" in result.errors
    assert not (tmp_path / "sweep").exists()


def free_port() -> int:
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return int(any_port.getsockname()[1])


def is_running(process: str) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
