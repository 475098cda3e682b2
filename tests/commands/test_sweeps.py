"""train.py -m, as the README has it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import psutil
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

from helpers import LEAN, REPOSITORY, in_own_process, wait_until
from resumebert.sweeps.status import read_status
from resumebert.utils.studies import JOURNAL, load_study


def hyperparameters(run: Path) -> dict[str, object]:
    """Return what TensorBoard's HParams shows of a run."""
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    content = events.PluginTagToContent("hparams")["_hparams_/session_start_info"]
    start = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
    return {
        key: getattr(value, str(value.WhichOneof("kind"))) for key, value in start.hparams.items()
    }


def test_a_small_grid_with_a_failing_run_in_one_command(tmp_path):
    result = in_own_process(
        tmp_path, "train", "-m", *LEAN, "logger=tensorboard", "evaluation.report=true",
        "evaluation.probes=false", "optimizer.lr=1e-5,-1", "optimizer.eps=1e-7",
        "trainer.max_steps=1",
    )  # fmt: skip
    assert result.code == 1, result.errors
    [sweep] = (tmp_path / "outputs" / "sweeps").iterdir()
    assert "run 0: finished after" in result.output
    assert "failed: run 1: optimizer.lr=-1: must be a number above 0." in result.output
    assert "best on validation: optimizer.lr=1e-5" in result.output
    assert "Traceback" not in result.output + result.errors
    table = pd.read_csv(sweep / "leaderboard.csv").set_index("run")
    assert table["state"].to_dict() == {0: "finished", 1: "failed"}
    assert table.loc[0, ["val/f1_macro", "minutes", "documents_per_second"]].notna().all()
    assert 'href="0/report.html"' in (sweep / "leaderboard.html").read_text()
    # What is the same in all runs would hide it.
    assert hyperparameters(sweep / "0") == {"optimizer.lr": 1e-5}


@pytest.mark.slow
def test_a_search_continues_after_pruned_and_diverged_trials(tmp_path):
    result = in_own_process(
        tmp_path, "train", "hparams_search=random", *LEAN, "optimizer.lr=choice(1e-3,1e30)",
        "callbacks.pruning.pruner._target_=optuna.pruners.ThresholdPruner",
        "+callbacks.pruning.pruner.lower=2", "trainer.max_epochs=2", "hydra.sweeper.n_trials=4",
        "hydra.sweep.dir=sweep",
    )  # fmt: skip
    assert result.code == 1, result.errors
    assert "Traceback" not in result.output + result.errors
    trials = load_study(tmp_path / "sweep" / JOURNAL).trials
    states = {1e-3: "PRUNED", 1e30: "FAIL"}
    assert [trial.state.name for trial in trials] == [
        states[float(trial.params["optimizer.lr"])] for trial in trials
    ]
    assert {trial.state.name for trial in trials} == {"PRUNED", "FAIL"}
    table = pd.read_csv(tmp_path / "sweep" / "leaderboard.csv").set_index("run")
    for trial in trials:
        row = table.loc[trial.number]
        if trial.state.name == "PRUNED":
            assert list(trial.intermediate_values) == [1]
            assert (row["state"], "at validation 1" in row["reason"]) == ("pruned", True)
        else:
            assert (row["state"], "infinite or NaN" in row["reason"]) == ("failed", True)
    assert "ended early by the search" in (tmp_path / "sweep" / "leaderboard.html").read_text()


def process_of(run: Path) -> psutil.Process:
    """Wait for a run's process to train."""

    def found() -> list[psutil.Process]:
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if f"hydra.run.dir={run}" in (process.info["cmdline"] or [])
            and (run / "checkpoints" / "last.ckpt").exists()
        ]

    return wait_until(found)[0]


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_grid_of_24_with_a_killed_run_and_a_kill_and_restart_in_the_middle(tmp_path):
    sweep = tmp_path / "sweep"
    command = [
        sys.executable, str(REPOSITORY / "train.py"), "-m", *LEAN,
        "optimizer.lr=1e-4,2e-4,5e-4,1e-3", "data.batch_size=8,16", "trainer.max_epochs=2,3,4",
        f"hydra.sweep.dir={sweep}",
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as first:
        process_of(sweep / "2").kill()
        process_of(sweep / "5")
        os.kill(first.pid, signal.SIGKILL)
    finished = {number: (sweep / str(number) / "metrics.json").stat().st_mtime
                for number in (0, 1, 3, 4)}  # fmt: skip
    assert [read_status(sweep / str(number)).state for number in (2, 5)] == ["failed", "running"]
    # The killed run fails for good the second time.
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as second:
        process_of(sweep / "2").kill()
        output, _ = second.communicate()
    assert second.returncode == 1
    for number, written in finished.items():
        assert (sweep / str(number) / "metrics.json").stat().st_mtime == written
        assert f"run {number}: finished before" in output
    assert "run 5: resumes from its last checkpoint" in output
    assert "24 runs: 23 finished, 1 failed" in output
    table = pd.read_csv(sweep / "leaderboard.csv")
    assert len(table) == 24
    assert table.loc[table["state"] == "failed", "run"].tolist() == [2]
    assert table["best"].sum() == 1
