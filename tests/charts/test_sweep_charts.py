"""The leaderboard's pictures."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resumebert.charts.scales import Scale, scale_of
from resumebert.charts.sweeps import (
    effect_chart,
    history_chart,
    importance_chart,
    parallel_chart,
)

FINITE = st.floats(-1e3, 1e3)


@given(FINITE, st.floats(1e-2, 1e3))
def test_a_linear_axis_has_three_to_six_round_ticks_inside(low, width):
    ticks = Scale(low=low, high=low + width).ticks()
    places = [place for place, _ in ticks]
    assert 3 <= len(ticks) <= 6
    assert places == sorted(places)
    assert places[0] >= -1e-6
    assert places[-1] <= 1 + 1e-6
    steps = [after - before for before, after in pairwise(places)]
    assert max(steps) == pytest.approx(min(steps), abs=1e-6)


def test_ticks_are_numbers_one_would_choose():
    assert [word for _, word in Scale(low=0.0564, high=0.311).ticks()] == ["0.1", "0.2", "0.3"]
    assert [word for _, word in Scale(low=0, high=22).ticks()] == ["0", "10", "20"]


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=9))
def test_an_axis_holds_its_values(values):
    found = scale_of(values)
    assert all(-1e-6 <= found.at(value) <= 1 + 1e-6 for value in values)


def test_the_history_shows_pruned_trials_hollow_and_the_best_so_far():
    picture = history_chart([(0, 0.5), (2, 0.75)], [(1, 0.25)], "val/f1", "max")
    assert picture.count('class="dot model faint"') == 2
    assert picture.count('class="dot model hollow"') == 1
    assert "trial 1, pruned at 0.2500" in picture
    assert history_chart([(0, 0.5)], [], "val/f1", "min").count("<circle") == 1


def test_every_run_is_a_line_and_the_best_is_drawn_last():
    settings = [["<b>", 1e-5], ["c", 1e-3], ["c", 1e-4]]
    chart = parallel_chart(settings, ["a", "lr"], "val/f1", [0.5, 0.9, 0.7], {1})
    assert chart.count('class="line') == 3
    assert chart.index("line best") > chart.rindex("line model run")
    assert "<b>" not in chart
    assert "a=c lr=0.001: 0.9000" in chart


def test_an_effect_has_a_dot_a_run_and_a_mean_a_value():
    points = [("x", 0.5), ("x", 0.7), ("y", 0.9)]
    chart = effect_chart("loss", "val/f1", points, [("x", 0.6), ("y", 0.9)])
    assert chart.count("<circle") == 3
    assert chart.count('class="whisker best"') == 2
    assert 'class="line' not in chart  # Words lie on no line.


def test_the_longest_bar_is_of_the_key_that_matters_most():
    chart = importance_chart([("optimizer.lr", 0.75), ("a.very.long.key.that.does.not.fit", 0.25)])
    assert "optimizer.lr: 75%" in chart
    assert "<title>a.very.long.key.that.does.not.fit</title>" in chart
