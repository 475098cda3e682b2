import os
import sys

import pytest

from resumebert.utils.processes import (
    first_process_only,
    is_first_process,
    prepare_process,
    processes_of_one_run,
)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, True),
        ({"RANK": "0", "LOCAL_RANK": "0"}, True),
        ({"RANK": "8", "LOCAL_RANK": "0"}, False),
        ({"LOCAL_RANK": "1", "NODE_RANK": "0"}, False),
        ({"NODE_RANK": "0"}, True),
        ({"NODE_RANK": "1"}, False),
        ({"SLURM_PROCID": "0"}, True),
        ({"SLURM_PROCID": "3"}, False),
        # Lightning's own processes inside a SLURM job.
        ({"SLURM_PROCID": "0", "LOCAL_RANK": "1"}, False),
    ],
)
def test_which_process_writes(monkeypatch, environment, expected):
    for name in ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    written = []
    first_process_only(written.append)("a file")
    assert is_first_process() is expected
    assert bool(written) is expected


def test_the_other_processes_get_no_folder_of_their_own(monkeypatch, tmp_path):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(sys, "argv", ["train.py"])
    prepare_process()
    assert sys.argv == ["train.py", "hydra.output_subdir=null"]
    monkeypatch.setenv("RESUMEBERT_OUTPUT_DIR", "/runs/first process's")
    prepare_process()
    assert sys.argv[-1] == 'hydra.run.dir="/runs/first process\'s"'
    mine = tmp_path / "by_my_clock"
    mine.mkdir()
    with processes_of_one_run(mine, None):
        assert not mine.exists()


def test_a_run_of_a_sweep_leaves_nothing_for_the_next(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["train.py", "-m", "seed=1,2"])
    monkeypatch.setenv("MASTER_ADDR", "before")
    with processes_of_one_run(tmp_path, ["seed=1"]):
        assert sys.argv == ["train.py", "seed=1", "hydra.mode=RUN"]
        os.environ |= {"LOCAL_RANK": "0", "MASTER_ADDR": "mine"}
    assert sys.argv == ["train.py", "-m", "seed=1,2"]
    assert "LOCAL_RANK" not in os.environ
    assert os.environ["MASTER_ADDR"] == "before"


@pytest.mark.parametrize(
    ("arguments", "environment", "is_refused"),
    [
        (["-m", "seed=1,2"], {"SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "0"}, True),
        (["hparams_search=random"], {"RANK": "0"}, True),
        (["hydra.mode=MULTIRUN", "seed=1,2"], {"RANK": "0"}, True),
        # A batch script, and a run of a search.
        (["-m", "seed=1,2"], {"SLURM_NTASKS": "2", "SLURM_PROCID": "0"}, False),
        (["hparams_search=random", "hydra.mode=RUN"], {"RANK": "0"}, False),
        (["hparams_search=random", "hparams_search=null"], {"RANK": "0"}, False),
    ],
)
def test_a_sweep_is_refused_on_several_processes(
    monkeypatch, capsys, arguments, environment, is_refused
):
    for name in ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
    if not is_refused:
        prepare_process()
        return
    with pytest.raises(SystemExit) as leave:
        prepare_process()
    assert leave.value.code == 1
    assert "Start the sweep as one process" in capsys.readouterr().err
