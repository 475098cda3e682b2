"""The leaderboard's pictures."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resumebert.sweeps.plots import Axis, axis, history_plot

FINITE = st.floats(-1e3, 1e3)


@given(FINITE, st.floats(1e-2, 1e3))
def test_a_linear_axis_has_three_to_six_round_ticks_inside(low, width):
    ticks = Axis(0.0, 100.0, low=low, high=low + width).ticks()
    places = [place for place, _ in ticks]
    assert 3 <= len(ticks) <= 6
    assert places == sorted(places)
    assert places[0] >= -1e-6
    assert places[-1] <= 100 + 1e-6
    steps = [after - before for before, after in pairwise(places)]
    assert max(steps) == pytest.approx(min(steps), abs=1e-6)


def test_ticks_are_numbers_one_would_choose():
    assert [word for _, word in Axis(0, 1, low=0.0564, high=0.311).ticks()] == ["0.1", "0.2", "0.3"]
    assert [word for _, word in Axis(0, 1, low=0, high=22).ticks()] == ["0", "10", "20"]


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=9))
def test_an_axis_holds_its_values(values):
    found = axis(values, 10.0, 20.0)
    assert all(10 - 1e-6 <= found.at(value) <= 20 + 1e-6 for value in values)


def test_the_history_shows_pruned_trials_hollow_and_the_best_so_far():
    picture = history_plot([(0, 0.5), (2, 0.75)], [(1, 0.25)], "val/f1", "max")
    assert picture.count('class="dot"') == 2
    assert picture.count('class="dot hollow"') == 1
    assert "trial 1, pruned at 0.2500" in picture
    assert history_plot([(0, 0.5)], [], "val/f1", "min").count("<circle") == 1
