"""Learning-rate schedules: functions of an optimizer and the run's number of optimizer steps.

A new schedule is a function here and a file in ``conf/scheduler/``. Each group of parameters has a
peak of its own, the learning rate that its optimizer was made with; a schedule multiplies all peaks
by the same factor. In all of them the factor at a step (from 0) of a warm-up of w steps is
(step + 1) / (w + 1), so that the first step already learns, and step w is the first at the peak. A
warm-up longer than the run ends below the peak.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LinearLR, LRScheduler, ReduceLROnPlateau

# Several, if a schedule is stepped at more than one interval.
Schedule = LRScheduler | list[LRScheduler]


class PlateauSchedule(ReduceLROnPlateau):
    """Multiply the rates by ``factor`` when a metric has not improved for more than ``patience``.

    It is stepped with the metric's value, once an epoch. Any improvement counts, however small, as
    it does for the best checkpoint.

    Args:
        optimizer: its current rates are reduced.
        monitor: name of the metric; only whoever steps the schedule reads it.
        mode: whether the metric is better when smaller (min) or larger (max).
        factor: above 0 and below 1.
        patience: validations in a row without improvement that are let pass; the next one reduces.
        min_lr: learning rate that no group's reduction goes below.

    Raises:
        ValueError: ``factor`` is 1 or more, or ``mode`` is neither min nor max.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        *,
        monitor: str,
        mode: Literal["min", "max"],
        factor: float,
        patience: int,
        min_lr: float,
    ) -> None:
        super().__init__(
            optimizer,
            mode=mode,
            factor=factor,
            patience=patience,
            min_lr=min_lr,
            # Only `min_lr` is to end the reductions, and any improvement to put one off.
            eps=0.0,
            threshold=0.0,
        )
        self.monitor = monitor

    def go_on(self, state: Mapping[str, Any]) -> None:
        """Take over what another one has seen, of the same metric, and none of its settings."""
        if (state["monitor"], state["mode"]) == (self.monitor, self.mode):
            self.best, self.num_bad_epochs = state["best"], state["num_bad_epochs"]


def warmup_steps(warmup: float, total_steps: int) -> int:
    """Turn ``warmup`` into steps: a share of ``total_steps`` below 1, else a number of steps."""
    return round(warmup * total_steps) if warmup < 1 else int(warmup)


def linear_schedule(optimizer: Optimizer, total_steps: int, *, warmup: float = 0.1) -> LambdaLR:
    """Rise linearly to the peak over the warm-up, fall linearly to 0 at ``total_steps``.

    The schedule of BERT (Devlin et al. 2019). It is stepped once an optimizer step.
    """
    rise = warmup_steps(warmup, total_steps)
    return _with_warmup(optimizer, rise, lambda step: _remaining(step, rise, total_steps))


def cosine_schedule(
    optimizer: Optimizer, total_steps: int, *, warmup: float = 0.1, final_factor: float = 0.0
) -> LambdaLR:
    """Rise linearly to the peak, fall along half a cosine to ``final_factor`` of it at the end.

    One cycle of Loshchilov & Hutter 2017 ("SGDR"), without restarts: slower than a line near the
    peak and near the end, faster between. It is stepped once an optimizer step.

    Args:
        optimizer: its rates are the peaks.
        total_steps: of the run.
        warmup: see :func:`warmup_steps`.
        final_factor: from 0 to 1, reached at ``total_steps``.
    """
    rise = warmup_steps(warmup, total_steps)

    def fall(step: int) -> float:
        remaining = _remaining(step, rise, total_steps)
        return final_factor + (1 - final_factor) * (1 - math.cos(math.pi * remaining)) / 2

    return _with_warmup(optimizer, rise, fall)


def constant_schedule(optimizer: Optimizer, total_steps: int, *, warmup: float = 0.1) -> LambdaLR:
    """Rise linearly to the peak over the warm-up and stay there.

    It is stepped once an optimizer step; ``total_steps`` matters to a warm-up given as a share.
    """
    return _with_warmup(optimizer, warmup_steps(warmup, total_steps), lambda step: 1.0)


def inverse_sqrt_schedule(
    optimizer: Optimizer, total_steps: int, *, warmup: float = 0.1
) -> LambdaLR:
    """Rise linearly to the peak, then fall as one over the square root of the steps.

    The schedule of Vaswani et al. 2017, whose rate min(n^-0.5, n·w^-1.5) at step n (from 1) of a
    warm-up to step w is here divided by that at n = w: the factor is min(n / w, sqrt(w / n)). It
    does not depend on where the run ends but for a warm-up given as a share. Without a warm-up
    w = 1, and the second step is down to 0.71 already. It is stepped once an optimizer step.
    """
    rise = warmup_steps(warmup, total_steps)
    return _with_warmup(optimizer, rise, lambda step: math.sqrt((rise + 1) / (step + 1)))


def plateau_schedule(
    optimizer: Optimizer,
    total_steps: int,
    *,
    monitor: str,
    mode: Literal["min", "max"],
    warmup: float = 0.1,
    factor: float = 0.5,
    patience: int = 1,
    min_lr: float = 0.0,
) -> list[LRScheduler]:
    """Rise linearly to the peak, then reduce the rate whenever a metric stops improving.

    Args:
        optimizer: its rates are the peaks.
        total_steps: of the run; it matters to a warm-up given as a share.
        monitor: name of the metric, such as ``val/f1_macro``.
        mode: min or max; with the rest, see :class:`PlateauSchedule`.
        warmup: see :func:`warmup_steps`.
        factor: of each reduction.
        patience: validations without improvement that are let pass.
        min_lr: of every group.

    Returns:
        The warm-up, to be stepped once an optimizer step, and a :class:`PlateauSchedule`, to be
        stepped once an epoch.

    Raises:
        ValueError: ``factor`` is 1 or more, or ``mode`` is neither min nor max.
    """
    rise = warmup_steps(warmup, total_steps)
    return [
        # It multiplies the current rate, where a LambdaLR would set it and undo each reduction.
        LinearLR(optimizer, start_factor=1 / (rise + 1), total_iters=rise),
        PlateauSchedule(
            optimizer, monitor=monitor, mode=mode, factor=factor, patience=patience, min_lr=min_lr
        ),
    ]


def _with_warmup(optimizer: Optimizer, rise: int, after: Callable[[int], float]) -> LambdaLR:
    """Rise linearly for ``rise`` steps; from step ``rise`` on the factor is ``after(step)``."""
    return LambdaLR(optimizer, lambda step: (step + 1) / (rise + 1) if step < rise else after(step))


def _remaining(step: int, rise: int, total_steps: int) -> float:
    """Return how much of the steps after the warm-up is still to come, from 1 to 0."""
    return max(0.0, (total_steps - step) / max(1, total_steps - rise))
