"""Searches as a command, in several processes and under other launchers."""

import signal

import joblib
import pandas as pd
import pytest

from helpers import LIMIT
from resumebert.utils.studies import load_study
from sweep_commands import start, starts, status, sweep, wait_for, wait_for_end

SEARCH = ("hydra/sweeper=study", "x=interval(0.0,1.0)")


def states(folder) -> list[str]:
    return [trial.state.name for trial in load_study(folder / "sweep" / "study.log").trials]


@pytest.mark.slow
def test_failing_trials_end_no_search_and_it_can_be_extended(tmp_path):
    search = (*SEARCH, "does=finish,crash,prune", "hydra.sweeper.seed=3")
    code, _, errors = sweep(tmp_path, *search, "hydra.sweeper.n_trials=4")
    assert errors == ""
    found = states(tmp_path)
    assert len(found) == 4
    assert len(set(found)) > 1
    assert code == ("FAIL" in found)
    _, _, errors = sweep(tmp_path, *search, "hydra.sweeper.n_trials=5")
    assert errors == ""
    assert states(tmp_path)[:4] == found
    assert len(states(tmp_path)) == 5
    assert [starts(tmp_path / "sweep" / str(number)) for number in range(5)] == [1] * 5
    assert len(pd.read_csv(tmp_path / "sweep" / "leaderboard.csv")) == 5
    assert "The search" in (tmp_path / "sweep" / "leaderboard.html").read_text()


def test_a_search_that_was_killed_continues_its_trial(tmp_path):
    search = (*SEARCH, "does=wait", "hydra.sweeper.n_trials=1")
    process = start(tmp_path, *search)
    wait_for(tmp_path / "sweep" / "0" / "started.txt")
    process.kill()
    process.communicate()
    assert states(tmp_path) == ["RUNNING"]
    code, output, errors = sweep(tmp_path, *search)
    assert code == 0, errors
    assert "run 0: resumes from its last checkpoint" in output
    assert states(tmp_path) == ["COMPLETE"]
    assert status(tmp_path / "sweep" / "0").attempts == 2


@pytest.mark.slow
def test_two_processes_work_on_one_study(tmp_path):
    search = (*SEARCH, "hydra.sweeper.n_trials=4")
    processes = [start(tmp_path, *search) for _ in range(2)]
    for process in processes:
        _, errors = process.communicate(timeout=LIMIT)
        assert process.returncode == 0, errors
    assert states(tmp_path) == ["COMPLETE"] * 4
    assert [starts(tmp_path / "sweep" / str(number)) for number in range(4)] == [1] * 4
    values = [trial.params["x"] for trial in load_study(tmp_path / "sweep" / "study.log").trials]
    assert len(set(values)) == 4


def test_a_search_of_nothing_is_one_message(tmp_path):
    code, _, errors = sweep(tmp_path, "hydra/sweeper=study", "x=0.5")
    assert code == 1
    assert errors.startswith("Error: A search has nothing to search")
    assert not (tmp_path / "sweep" / "0").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("launcher", "threads"),
    [
        (
            ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
            str(max(1, joblib.cpu_count() // 2)),
        ),
        (("hydra/launcher=submitit_local", "hydra.launcher.cpus_per_task=3"), "3"),
    ],
    ids=["joblib", "submitit_local"],
)
def test_another_launcher_gives_the_same_leaderboard(tmp_path, monkeypatch, launcher, threads):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    arguments = ("x=0.1,0.2", "does=finish,mistake")
    tables = []
    for name, options in (("one", ()), ("other", launcher)):
        code, output, errors = sweep(tmp_path, *arguments, *options, f"hydra.sweep.dir={name}")
        assert code == 1, errors
        assert "4 runs: 2 finished, 2 failed" in output
        table = pd.read_csv(tmp_path / name / "leaderboard.csv")
        tables.append(table.drop(columns=["minutes", "folder"]))
    pd.testing.assert_frame_equal(*tables)
    assert (tmp_path / "other" / "0" / "started.txt").read_text().split()[1] == threads


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_workers_of_joblib_end_with_the_sweep(tmp_path, number):
    process = start(
        tmp_path, "does=wait", "seed=1,2,3", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"
    )
    runs = [tmp_path / "sweep" / str(name) for name in range(2)]
    for run in runs:
        wait_for(run / "started.txt")
    process.send_signal(number)
    # Its output ends when the last of its workers does.
    output, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == (143 if number == signal.SIGTERM else -9)
    assert "To continue" in output
    for run in runs:
        wait_for_end(run)
        assert status(run).state == "interrupted"
    assert not (tmp_path / "sweep" / "2").exists()
