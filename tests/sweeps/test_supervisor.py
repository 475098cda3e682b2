"""Runs in their own processes: the end of one ends no other, and finished ones are kept."""

import os
import signal
import subprocess
import sys

import pandas as pd
import psutil
import pytest

from helpers import LIMIT
from resumebert.sweeps.status import read_status
from resumebert.sweeps.stopping import noting_signals
from resumebert.sweeps.stopping import wait_for as wait_for_process
from sweep_commands import APP, start, starts, status, sweep, wait_for, wait_for_end


@pytest.mark.slow
def test_what_ends_a_run_ends_no_other_and_finished_runs_are_not_repeated(tmp_path):
    arguments = ("x=0.9", "does=mistake,crash,killed,prune,finish")
    code, output, errors = sweep(tmp_path, *arguments)
    assert code == 1
    assert errors == ""
    runs = [tmp_path / "sweep" / str(number) for number in range(5)]
    states = [status(run).state for run in runs]
    assert states == ["failed", "failed", "failed", "pruned", "finished"]
    assert status(runs[0]).reason == "x=0.9: is wrong."
    assert status(runs[1]).reason == "ValueError: a bug"
    assert "killed by SIGKILL" in str(status(runs[2]).reason)
    assert status(runs[3]).reason == "hopeless"
    assert "5 runs: 3 failed, 1 pruned, 1 finished" in output
    assert "best on validation: does=finish  val/f1_macro 0.9000" in output
    assert "failed: run 1: ValueError: a bug" in output
    assert len(pd.read_csv(tmp_path / "sweep" / "leaderboard.csv")) == 5

    assert sweep(tmp_path, *arguments)[0] == 1
    assert [starts(run) for run in runs] == [2, 2, 2, 1, 1]
    last = [(run / "started.txt").read_text().splitlines()[-1] for run in runs]
    # Only what was stopped from outside is resumed; what failed would fail again from there.
    assert [line.split()[0] != "None" for line in last] == [False, False, True, False, False]


def test_a_sweep_without_failures_ends_with_0_and_is_not_repeated(tmp_path):
    arguments = ("x=0.1,0.2", "hydra.sweep.dir='with (odd) name'")
    code, output, errors = sweep(tmp_path, *arguments)
    assert (code, errors) == (0, "")
    assert "2 runs: 2 finished" in output
    assert status(tmp_path / "with (odd) name" / "1").state == "finished"
    code, output, errors = sweep(tmp_path, *arguments)
    assert (code, errors) == (0, "")
    assert "run 1: finished before, val/f1_macro 0.2000" in output
    assert starts(tmp_path / "with (odd) name" / "1") == 1


def test_kill_9_ends_the_run_too_and_a_restart_resumes_it(tmp_path):
    process = start(tmp_path, "does=wait")
    run = tmp_path / "sweep" / "0"
    wait_for(run / "started.txt")
    process.kill()
    process.communicate()
    assert status(run).state == "running"
    wait_for_end(run)
    code, output, _ = sweep(tmp_path, "does=wait")
    assert code == 0
    assert "run 0: resumes from its last checkpoint" in output
    assert status(run).state == "finished"
    assert status(run).attempts == 2


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_stops_the_run_and_the_sweep(tmp_path, number, code):
    process = start(tmp_path, "does=wait", "seed=1,2")
    run = tmp_path / "sweep" / "0"
    wait_for(run / "started.txt")
    process.send_signal(number)
    output, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == code, errors
    assert "To continue" in output
    assert status(run).state == "interrupted"
    assert not (tmp_path / "sweep" / "1").exists()
    assert (tmp_path / "sweep" / "leaderboard.html").exists()


@pytest.mark.slow
def test_a_folder_of_another_sweep_is_refused(tmp_path):
    assert sweep(tmp_path, "x=0.1")[0] == 0
    code, _, errors = sweep(tmp_path, "x=0.2")
    assert code == 1
    assert errors.startswith("Error: hydra.sweep.dir=sweep holds another sweep: x=0.1.")
    assert status(tmp_path / "sweep" / "0").overrides == ["x=0.1"]


@pytest.mark.parametrize("is_early", [True, False])
def test_a_signal_reaches_a_run_once_even_while_it_starts(is_early):
    with noting_signals() as noted:
        if is_early:
            os.kill(os.getpid(), signal.SIGTERM)
        process = subprocess.Popen(["sleep", "60"], start_new_session=True)
        if not is_early:
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert wait_for_process(process, noted, as_worker=False) == -signal.SIGTERM
    assert noted == [signal.SIGTERM]


def test_an_unknown_key_fails_once_before_any_run(tmp_path):
    code, _, errors = sweep(tmp_path, "y=1,2,3")
    assert code == 1
    assert errors.count("Could not override 'y'") == 1
    assert "Traceback" not in errors
    assert not (tmp_path / "sweep" / "0").exists()


def test_a_single_run_is_as_ever(tmp_path):
    done = subprocess.run(
        [sys.executable, str(APP), "x=0.3", "hydra.run.dir=run"],
        cwd=tmp_path, env=dict(os.environ), check=True, timeout=LIMIT,
    )  # fmt: skip
    assert done.returncode == 0
    assert (tmp_path / "run" / "metrics.json").exists()
    assert read_status(tmp_path / "run") is None


@pytest.mark.slow
def test_a_sweep_continues_when_nobody_reads_its_output(tmp_path):
    process = start(tmp_path, "seed=1,2")
    wait_for(tmp_path / "sweep" / "0" / "started.txt")
    process.stdout.close()
    assert process.wait(timeout=LIMIT) in (0, 120)  # 120: Python could not flush.
    assert [status(tmp_path / "sweep" / name).state for name in "01"] == ["finished", "finished"]


@pytest.mark.slow
def test_a_job_whose_time_is_up_saves_and_ends_no_other(tmp_path):
    """The signal comes to all of its processes, as SLURM sends it."""
    process = start(
        tmp_path, "does=wait,finish", "hydra/launcher=submitit_local",
        "hydra.launcher.cpus_per_task=1",
    )  # fmt: skip
    run = tmp_path / "sweep" / "0"
    wait_for(run / "started.txt")
    number = int((run / "started.txt").read_text().split()[-1])
    for job in (psutil.Process(number), psutil.Process(number).parent()):
        job.send_signal(signal.SIGUSR2)
    output, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == 1, errors
    assert (status(run).state, status(run).exit_code) == ("interrupted", 143)
    assert status(tmp_path / "sweep" / "1").state == "finished"
    assert "2 runs: 1 interrupted, 1 finished" in output
    assert "To continue, repeat the command with hydra.sweep.dir=sweep." in output
