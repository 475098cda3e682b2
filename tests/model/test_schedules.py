import io
import math
import warnings
from functools import partial

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helpers import REPOSITORY
from resumebert.model.schedules import (
    PlateauSchedule,
    constant_schedule,
    cosine_schedule,
    inverse_sqrt_schedule,
    linear_schedule,
    plateau_schedule,
    warmup_steps,
)

QUICK = settings(deadline=None, max_examples=60)
PEAKS = (1.0, 10.0)
plateau_of = partial(plateau_schedule, monitor="val/f1_macro", mode="max")


def made_optimizer() -> torch.optim.Optimizer:
    groups = [{"params": [nn.Parameter(torch.zeros(1))], "lr": peak} for peak in PEAKS]
    return torch.optim.SGD(groups)


def rates_of(make, total_steps: int, steps: int, **arguments) -> list[float]:
    """Return the factor of each of ``steps`` optimizer steps, and the one after."""
    optimizer = made_optimizer()
    schedule = make(optimizer, total_steps, **arguments)
    warm = schedule[0] if isinstance(schedule, list) else schedule
    rates = []
    for _ in range(steps):
        rates.append(factor_of(optimizer))
        optimizer.step()
        warm.step()
    return [*rates, factor_of(optimizer)]


def factor_of(optimizer: torch.optim.Optimizer) -> float:
    factors = [
        group["lr"] / peak for group, peak in zip(optimizer.param_groups, PEAKS, strict=True)
    ]
    assert factors[0] == pytest.approx(factors[1], rel=1e-9)
    return factors[0]


def linear(step: int, rise: int, total: int) -> float:
    return (total - step) / (total - rise)


def cosine(step: int, rise: int, total: int, final: float = 0.0) -> float:
    progress = (step - rise) / (total - rise)
    return final + (1 - final) * (1 + math.cos(math.pi * progress)) / 2


def constant(step: int, rise: int, total: int) -> float:
    return 1.0


def inverse_sqrt(step: int, rise: int, total: int) -> float:
    # Vaswani et al. 2017, equation 3, with the model's width such that the peak is 1.
    n, w = step + 1, rise + 1
    return w**0.5 * min(n**-0.5, n * w**-1.5)


SHAPES = {
    linear_schedule: linear,
    cosine_schedule: cosine,
    partial(cosine_schedule, final_factor=0.1): partial(cosine, final=0.1),
    constant_schedule: constant,
    inverse_sqrt_schedule: inverse_sqrt,
    plateau_of: constant,
}
warmups = st.floats(0, 0.999) | st.integers(1, 150)


@pytest.mark.parametrize(("warmup", "steps"), [(0, 0), (0.1, 10), (0.999, 100), (1, 1), (7, 7)])
def test_warmup_is_a_share_or_a_number_of_steps(warmup, steps):
    assert warmup_steps(warmup, 100) == steps


@pytest.mark.parametrize(("make", "shape"), SHAPES.items())
@QUICK
@given(total=st.integers(1, 120), warmup=warmups)
def test_every_schedule_equals_its_closed_form(make, shape, total, warmup):
    rise = warmup_steps(warmup, total)
    rates = rates_of(make, total, total, warmup=warmup)[:-1]
    expected = [
        (step + 1) / (rise + 1) if step < rise else shape(step, rise, total)
        for step in range(total)
    ]
    assert rates == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert rates[0] > 0
    assert max(rates) == pytest.approx(1 if rise < total else total / (rise + 1))
    assert all(0 <= rate <= 1 + 1e-9 for rate in rates)


@pytest.mark.parametrize(
    ("make", "end"),
    [
        (linear_schedule, 0),
        (cosine_schedule, 0),
        (partial(cosine_schedule, final_factor=0.25), 0.25),
        (constant_schedule, 1),
        (inverse_sqrt_schedule, math.sqrt(11 / 101)),
        (plateau_of, 1),
    ],
)
def test_the_value_at_the_end(make, end):
    assert rates_of(make, 100, 100, warmup=0.1)[-1] == pytest.approx(end, abs=1e-12)


@pytest.mark.parametrize("make", SHAPES)
@pytest.mark.parametrize(("total", "warmup"), [(0, 0), (0, 0.1), (0, 5), (1, 1), (5, 5), (3, 50)])
def test_runs_that_are_too_short_or_go_on_stay_within_bounds(make, total, warmup):
    rates = rates_of(make, total, total + 60, warmup=warmup)
    assert all(math.isfinite(rate) and 0 <= rate <= 1 + 1e-9 for rate in rates)


def test_linear_and_cosine_cross_half_way_and_cosine_is_above_before():
    line = rates_of(linear_schedule, 40, 40, warmup=0)
    wave = rates_of(cosine_schedule, 40, 40, warmup=0)
    assert line[20] == pytest.approx(wave[20])
    assert all(w > s for s, w in zip(line[1:20], wave[1:20], strict=True))
    assert all(w < s for s, w in zip(line[21:40], wave[21:40], strict=True))


def test_vaswanis_schedule_in_its_own_numbers():
    d_model, warmup = 512, 4000
    peak = d_model**-0.5 * warmup**-0.5
    rates = rates_of(inverse_sqrt_schedule, 10_000, 10_000, warmup=warmup - 1)
    for n in (1, 100, 3999, 4000, 4001, 10_000):
        expected = d_model**-0.5 * min(n**-0.5, n * warmup**-1.5)
        assert peak * rates[n - 1] == pytest.approx(expected)


def test_plateau_reduces_after_more_than_patience_epochs_without_improvement():
    optimizer = made_optimizer()
    _, plateau = plateau_of(optimizer, 10, warmup=0, factor=0.5, patience=1)
    factors = []
    for value in [0.3, 0.4, 0.4, 0.39, 0.41, 0.2, 0.2, 0.2, 0.2]:
        plateau.step(value)
        factors.append(factor_of(optimizer))
    assert factors == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125]


def test_plateau_counts_the_smallest_improvement_and_minds_the_mode():
    optimizer = made_optimizer()
    plateau = plateau_of(optimizer, 10, warmup=0, mode="min", patience=0)[1]
    for value in (0.5, 0.5 - 1e-9, 0.5 - 2e-9):
        plateau.step(value)
    assert factor_of(optimizer) == 1
    plateau.step(0.6)
    assert factor_of(optimizer) == 0.5


def test_plateau_stops_at_the_floor_and_never_raises_a_rate():
    optimizer = made_optimizer()
    plateau = plateau_of(optimizer, 10, warmup=0, factor=0.1, patience=0, min_lr=2.0)[1]
    for _ in range(5):
        plateau.step(0.0)
    assert [group["lr"] for group in optimizer.param_groups] == [1.0, 2.0]


@QUICK
@given(
    total=st.integers(1, 60),
    warmup=warmups,
    values=st.lists(st.floats(0, 1), min_size=1, max_size=10),
    steps_per_epoch=st.integers(1, 8),
    factor=st.floats(0.1, 0.9),
    patience=st.integers(0, 2),
)
def test_the_warm_up_never_undoes_a_reduction(
    total, warmup, values, steps_per_epoch, factor, patience
):
    optimizer = made_optimizer()
    warm, plateau = plateau_of(optimizer, total, warmup=warmup, factor=factor, patience=patience)
    rise = warmup_steps(warmup, total)
    step, reductions, best, bad = 0, 0, -math.inf, 0
    for value in values:
        for _ in range(steps_per_epoch):
            optimizer.step()
            warm.step()
            step += 1
            expected = min(1, (step + 1) / (rise + 1)) * factor**reductions
            assert factor_of(optimizer) == pytest.approx(expected, rel=1e-6)
        plateau.step(value)
        best, bad = (value, 0) if value > best else (best, bad + 1)
        if bad > patience:
            reductions, bad = reductions + 1, 0
        expected = min(1, (step + 1) / (rise + 1)) * factor**reductions
        assert factor_of(optimizer) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("stop", [1, 3, 6, 11])
@pytest.mark.parametrize("make", SHAPES)
def test_a_resumed_schedule_goes_on_as_if_it_had_not_stopped(make, stop):
    def step(optimizer, schedules, number):
        optimizer.step()
        schedules[0].step()
        if len(schedules) > 1 and number % 2:
            schedules[1].step(0.5)

    def made():
        optimizer = made_optimizer()
        schedule = make(optimizer, 12, warmup=5)
        return optimizer, schedule if isinstance(schedule, list) else [schedule]

    optimizer, schedules = made()
    for number in range(stop):
        step(optimizer, schedules, number)
    file = io.BytesIO()
    torch.save([optimizer.state_dict(), *(s.state_dict() for s in schedules)], file)
    file.seek(0)
    states = torch.load(file, weights_only=True)
    resumed, resumed_schedules = made()
    resumed.load_state_dict(states[0])
    for schedule, state in zip(resumed_schedules, states[1:], strict=True):
        schedule.load_state_dict(state)
    for number in range(stop, 14):
        step(optimizer, schedules, number)
        step(resumed, resumed_schedules, number)
        assert factor_of(resumed) == factor_of(optimizer)


@pytest.mark.parametrize("path", sorted((REPOSITORY / "conf" / "scheduler").glob("*.yaml")))
def test_every_config_makes_a_schedule(path):
    overrides = [f"scheduler={path.stem}", "output_dir=somewhere", "monitor.metric=val/loss"]
    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        config = compose("train", overrides=[*overrides, "monitor.mode=min"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        factory = instantiate(config.scheduler)
        schedule = factory(made_optimizer(), 100)
    defaults = {**factory.func.__kwdefaults__}
    if path.stem == "plateau":
        warm, plateau = schedule
        assert isinstance(plateau, PlateauSchedule)
        assert (plateau.monitor, plateau.mode) == ("val/loss", "min")
        assert warm.total_iters == 10
        defaults |= {"monitor": "val/loss", "mode": "min"}
    assert factory.keywords == defaults
