"""Searches: the space, trials over restarts and processes, what is reported to the study."""

import json
from pathlib import Path

import pytest
from filelock import FileLock
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from resumebert.sweeps.search import Search, Space, parse_space
from resumebert.sweeps.search_history import read_history
from resumebert.sweeps.status import RunStatus, write_status
from resumebert.sweeps.stopping import LOCK
from resumebert.utils.errors import UserError
from resumebert.utils.studies import JOURNAL, load_study

SPACE = "x=interval(0.0,1.0)"
RANDOM = OmegaConf.create({"_target_": "optuna.samplers.RandomSampler"})


def space_of(*overrides: str) -> tuple[Space, list[str]]:
    return parse_space(OverridesParser.create().parse_overrides(list(overrides)))


def search_in(folder: Path, *overrides: str, sampler=RANDOM) -> Search:
    folder.mkdir(exist_ok=True)
    return Search(folder, space_of(*overrides or (SPACE,))[0], sampler, 42, "val/f1", "max")


def finish(folder: Path, number: int, state: str, value: float | None = None) -> None:
    """Write what a trial's run leaves."""
    run = folder / str(number)
    run.mkdir(exist_ok=True)
    write_status(run, RunStatus(state, [], []))
    if value is not None:
        (run / "metrics.json").write_text(json.dumps({"val/f1": value, "test/f1": 1.0}))


def params(search: Search) -> list[float]:
    return [trial.params["x"] for trial in search.study.trials]


def test_hydras_grammar_becomes_distributions():
    space, fixed = space_of(
        "lr=tag(log,interval(1e-5,1e-3))", "share=interval(0,0.5)", "layers=int(interval(1,6))",
        "epochs=range(2,6)", "odd=range(1,8,3)", "size=8,16", "pool=choice(max,mean)",
        "limit=90", "lr2=1,2", "lr2=3",
    )  # fmt: skip
    assert space == {
        "lr": FloatDistribution(1e-5, 1e-3, log=True),
        "share": FloatDistribution(0.0, 0.5),
        "layers": IntDistribution(1, 6),
        "epochs": IntDistribution(2, 5),
        "odd": IntDistribution(1, 7, step=3),
        "size": CategoricalDistribution(["8", "16"]),
        "pool": CategoricalDistribution(["max", "mean"]),
    }
    assert fixed == ["limit=90", "lr2=3"]


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["x=1"], "nothing to search"),
        (["x=interval(2,1)"], "x=interval(2,1)"),
        (["x=tag(log,interval(0.0,1.0))"], "x=tag(log,interval(0.0,1.0))"),
    ],
)
def test_what_cannot_be_searched_is_said(overrides, words):
    with pytest.raises(UserError, match=r".") as error:
        space_of(*overrides)
    assert words in str(error.value)


def test_the_study_learns_the_outcome_of_each_run_by_validation_alone(tmp_path):
    search = search_in(tmp_path)
    assert search.next_trials(4, 10) == [0, 1, 2, 3]
    finish(tmp_path, 0, "finished", 0.7)
    finish(tmp_path, 1, "failed")
    finish(tmp_path, 2, "pruned")
    finish(tmp_path, 3, "finished", float("nan"))
    for number in range(4):
        search.record(number)
    states = [trial.state for trial in search.study.trials]
    assert states == [TrialState.COMPLETE, TrialState.FAIL, TrialState.PRUNED, TrialState.FAIL]
    assert search.study.best_value == 0.7
    assert search.next_trials(1, 10) == [4]


def test_a_search_ends_with_its_number_of_trials_failed_ones_counted(tmp_path):
    search = search_in(tmp_path)
    for number in range(3):
        assert search.next_trials(1, 3) == [number]
        finish(tmp_path, number, "failed")
        search.record(number)
    assert search.next_trials(1, 3) == []


def test_a_killed_search_continues_its_open_trial_and_draws_nothing_twice(tmp_path):
    first = search_in(tmp_path)
    first.next_trials(2, 5)
    finish(tmp_path, 0, "finished", 0.5)
    first.record(0)
    finish(tmp_path, 1, "running")
    drawn = first.study.trials[1].params["x"]
    # Its process is gone, and with it what it had locked.
    del first
    again = search_in(tmp_path)
    assert again.next_trials(1, 5) == [1]
    assert again.overrides(1)[0] == f"x={drawn}"
    assert again.next_trials(5, 5) == [2, 3, 4]
    assert len(set(params(again))) == 5


def test_the_same_seed_draws_the_same_interrupted_or_not(tmp_path):
    at_once = search_in(tmp_path / "a")
    at_once.next_trials(4, 4)
    for number in range(4):
        one = search_in(tmp_path / "b")
        assert one.next_trials(1, 4) == [number]
        finish(tmp_path / "b", number, "finished", 0.1)
        one.record(number)
    assert params(at_once) == params(one)


def test_processes_that_share_a_study_never_take_each_others_trials(tmp_path):
    one, other = search_in(tmp_path), search_in(tmp_path)
    assert one.next_trials(1, 3) == [0]
    finish(tmp_path, 0, "running")
    with FileLock(tmp_path / "0" / LOCK):
        assert other.next_trials(1, 3) == [1]
        finish(tmp_path, 1, "running")
        with FileLock(tmp_path / "1" / LOCK):
            assert one.next_trials(1, 3) == [2]
            assert one.next_trials(1, 3) == []
    assert len(set(params(one))) == 3


def test_a_trial_stays_with_the_process_that_took_it_before_its_run_has_begun(tmp_path):
    one, other = search_in(tmp_path), search_in(tmp_path)
    assert one.next_trials(1, 3) == [0]
    assert other.next_trials(1, 3) == [1]
    del one
    assert other.next_trials(2, 3) == [0, 2]


def test_a_study_by_another_metric_is_refused(tmp_path):
    search_in(tmp_path)
    with pytest.raises(UserError, match="not val/loss"):
        Search(tmp_path, space_of(SPACE)[0], None, 1, "val/loss", "min")
    with pytest.raises(UserError, match="needs a validation metric"):
        Search(tmp_path, space_of(SPACE)[0], None, 1, "test/f1", "max")


def test_tpe_finds_more_than_chance_and_says_which_key_mattered(tmp_path):
    sampler = OmegaConf.create({"_target_": "optuna.samplers.TPESampler", "n_startup_trials": 8})
    search = search_in(tmp_path, SPACE, "y=interval(0.0,1.0)", sampler=sampler)
    while numbers := search.next_trials(1, 30):
        x = search.study.trials[numbers[0]].params["x"]
        finish(tmp_path, numbers[0], "finished", 1 - (x - 0.3) ** 2)
        search.record(numbers[0])
    late = [trial.params["x"] for trial in search.study.trials[20:]]
    assert sum(abs(x - 0.3) < 0.2 for x in late) >= 7
    history = read_history(tmp_path)
    assert history.words == "30 trials: 30 complete"
    assert (history.metric, history.mode, len(history.values)) == ("val/f1", "max", 30)
    assert history.importances[0][0] == "x"
    assert history.importances[0][1] > 0.8


def test_a_trials_overrides_are_read_back_by_hydra(tmp_path):
    search = search_in(tmp_path / "it's (odd)", "x=1.25e-05,2", "name=a b,c")
    search.next_trials(1, 1)
    parsed = {
        override.key_or_group: override.value()
        for override in OverridesParser.create().parse_overrides(search.overrides(0))
    }
    assert parsed["x"] in (1.25e-05, 2)
    assert parsed["name"] in ("a b", "c")
    assert parsed["callbacks.pruning.trial"] == 0
    assert parsed["callbacks.pruning.journal"] == str(search.folder / JOURNAL)
    assert len(load_study(search.folder / JOURNAL).trials) == 1
