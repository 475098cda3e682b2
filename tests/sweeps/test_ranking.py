"""The table over runs: what was swept, repeats together, the best, effects."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import make_run

from resumebert.sweeps.ranking import make_leaderboard, spread, value_words
from resumebert.sweeps.runs import find_runs


def leaderboard_of(folder):
    return make_leaderboard(find_runs([folder]))


def test_swept_keys_are_those_that_differ_with_defaults_where_a_run_does_not_give_them(tmp_path):
    make_run(tmp_path / "0", ["optimizer.lr=1e-5", "data.batch_size=8"], {"val/f1_macro": 0.5})
    make_run(tmp_path / "1", ["data.batch_size=8"], {"val/f1_macro": 0.6})
    leaderboard = leaderboard_of(tmp_path)
    assert leaderboard.keys == ["optimizer.lr"]
    assert [group.settings["optimizer.lr"] for group in leaderboard.groups] == [2e-4, 1e-5]
    assert leaderboard.common == {"data.batch_size": 8}


def test_groups_are_named_by_their_option_and_sweep_keys_are_no_settings(tmp_path):
    for number, loss in enumerate(("bce", "focal")):
        overrides = [f"loss={loss}", f"callbacks.pruning.trial={number}"]
        make_run(tmp_path / str(number), overrides, {"val/f1_macro": 0.5}, choices={"loss": loss})
    leaderboard = leaderboard_of(tmp_path)
    assert [group.settings for group in leaderboard.groups] == [{"loss": "bce"}, {"loss": "focal"}]


def test_runs_that_differ_in_seed_or_fold_are_one_group(tmp_path):
    figures = {}
    for number, (lr, seed, fold) in enumerate(
        (lr, seed, fold) for lr in (1e-5, 1e-4) for seed in (1, 2) for fold in (0, 1)
    ):
        value = 0.5 + 1000 * lr + 0.01 * seed + 0.003 * fold
        figures.setdefault(lr, []).append(value)
        overrides = [f"optimizer.lr={lr}", f"seed={seed}", f"data.fold={fold}"]
        make_run(tmp_path / str(number), overrides, {"val/f1_macro": value})
    leaderboard = leaderboard_of(tmp_path)
    assert (leaderboard.keys, leaderboard.repeats) == (["optimizer.lr"], ["seed", "data.fold"])
    assert len(leaderboard.groups) == 2
    for group in leaderboard.groups:
        found = group.spread("val/f1_macro")
        expected = figures[group.settings["optimizer.lr"]]
        assert found.n == 4
        assert found.mean == pytest.approx(statistics.mean(expected))
        assert found.sd == pytest.approx(statistics.stdev(expected))
    assert leaderboard.best.settings == {"optimizer.lr": 1e-4}


def test_the_best_is_best_on_validation_whatever_the_test_figures_say(tmp_path):
    make_run(tmp_path / "0", ["optimizer.lr=1e-5"], {"val/f1_macro": 0.7, "test/f1_macro": 0.1})
    make_run(tmp_path / "1", ["optimizer.lr=1e-4"], {"val/f1_macro": 0.6, "test/f1_macro": 0.9})
    assert leaderboard_of(tmp_path).best.settings == {"optimizer.lr": 1e-5}


def test_without_a_validation_figure_nothing_is_best(tmp_path):
    overrides = ["optimizer.lr=1e-5", "monitor.metric=test/f1_macro"]
    make_run(tmp_path / "0", overrides, {"test/f1_macro": 0.9})
    make_run(tmp_path / "1", ["optimizer.lr=1e-4"], {"val/f1_macro": None, "test/f1_macro": 0.1})
    leaderboard = leaderboard_of(tmp_path)
    assert leaderboard.monitor is None
    assert leaderboard.best is None


def test_lower_is_better_where_the_runs_say_so(tmp_path):
    for number, loss in enumerate((0.4, 0.2, 0.3)):
        overrides = [f"optimizer.lr={number + 1}", "monitor.metric=val/loss", "monitor.mode=min"]
        make_run(tmp_path / str(number), overrides, {"val/loss": loss})
    leaderboard = leaderboard_of(tmp_path)
    assert [group.settings["optimizer.lr"] for group in leaderboard.groups] == [2, 3, 1]
    assert leaderboard.best is leaderboard.groups[0]


def test_a_group_with_a_failed_repeat_is_not_the_best_of_complete_ones(tmp_path):
    make_run(tmp_path / "0", ["optimizer.lr=1", "seed=1"], {"val/f1_macro": 0.9})
    make_run(tmp_path / "1", ["optimizer.lr=1", "seed=2"], None, state="failed", reason="NaN")
    make_run(tmp_path / "2", ["optimizer.lr=2", "seed=1"], {"val/f1_macro": 0.7})
    make_run(tmp_path / "3", ["optimizer.lr=2", "seed=2"], {"val/f1_macro": 0.8})
    leaderboard = leaderboard_of(tmp_path)
    assert leaderboard.best.settings == {"optimizer.lr": 2}
    assert [run.reason for run in leaderboard.failed] == ["NaN"]
    assert leaderboard.states == {"finished": 3, "failed": 1}


def test_main_effects_count_and_average_over_the_other_keys(tmp_path):
    values = {(1, 8): 0.1, (1, 16): 0.3, (2, 8): 0.5, (2, 16): 0.9}
    for number, ((lr, size), value) in enumerate(values.items()):
        overrides = [f"optimizer.lr={lr}", f"data.batch_size={size}"]
        make_run(tmp_path / str(number), overrides, {"val/f1_macro": value})
    effects = {effect.key: dict(effect.at) for effect in leaderboard_of(tmp_path).effects}
    assert effects["optimizer.lr"]["1"].mean == pytest.approx(0.2)
    assert effects["optimizer.lr"]["2"].mean == pytest.approx(0.7)
    assert effects["data.batch_size"]["16"].mean == pytest.approx(0.6)
    assert effects["data.batch_size"]["16"].n == 2
    assert (effects["data.batch_size"]["16"].low, effects["data.batch_size"]["16"].high) == (
        0.3,
        0.9,
    )


def test_a_number_of_many_values_is_seen_by_quarters(tmp_path):
    for number in range(12):
        overrides = [f"optimizer.lr={(number + 1) * 1e-5}"]
        make_run(tmp_path / str(number), overrides, {"val/f1_macro": number / 12})
    [effect] = leaderboard_of(tmp_path).effects
    assert effect.is_continuous
    assert [found.n for _, found in effect.at] == [3, 3, 3, 3]
    assert effect.at[0][0] == "1e-5 to 3e-5"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3.118e-5, 3.137e-5, 8.657e-5, 4.293e-4], True),
        ([1e-5, 2e-5, 5e-5, 1e-4, 2.5e-4], False),
        ([64, 128, 256, 512, 1024], False),
    ],
)
def test_numbers_that_a_search_drew_are_continuous_and_typed_ones_are_not(
    tmp_path, values, expected
):
    for number, value in enumerate(values):
        make_run(tmp_path / str(number), [f"optimizer.lr={value}"], {"val/f1_macro": number / 9})
    [effect] = leaderboard_of(tmp_path).effects
    assert effect.is_continuous is expected
    assert sum(found.n for _, found in effect.at) == len(values)
    if expected:
        assert effect.at[0][0] == "3.118e-5"


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_spread_is_that_of_the_statistics_module(values):
    found = spread(values)
    assert found.low <= found.mean + 1e-6
    assert found.mean - 1e-6 <= found.high
    assert found.sd == (statistics.stdev(values) if len(values) > 1 else None)


@pytest.mark.parametrize(
    ("value", "words"),
    [(5e-5, "5e-5"), (2e-4, "2e-4"), (0.01, "0.01"), (0.0, "0"), (8, "8"), (True, "true"),
     (None, "null"), ("max", "max"), (1.23456e-5, "1.235e-5"), (-1.0, "-1")],
)  # fmt: skip
def test_values_are_written_as_typed(value, words):
    assert value_words(value) == words
