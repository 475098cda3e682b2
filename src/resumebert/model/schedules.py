"""Learning-rate schedules: functions of an optimizer and the run's number of optimizer steps.

A new schedule is a function here and a file in ``conf/scheduler/``. It is stepped once an optimizer
step. Each parameter group has its own peak, which is the learning rate in the optimizer; a schedule
multiplies all peaks by the same factor. ``warmup`` is a number of steps, or below 1 a share of the
run's. During a warm-up of w steps, the factor at each step (from 0) is (step + 1) / (w + 1). So the
first step already learns, and step w is the first at the peak. A warm-up longer than the run ends
below the peak.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LinearLR, LRScheduler, ReduceLROnPlateau

# A list if its parts are stepped at different intervals.
Schedule = LRScheduler | list[LRScheduler]


class PlateauSchedule(ReduceLROnPlateau):
    """Reduce the rates when a metric stops improving; stepped with its value once an epoch.

    Attributes:
        monitor: name of the metric, for the code that steps the schedule.
    """

    monitor: str

    def go_on(self, state: Mapping[str, Any]) -> None:
        """Continue from another one's state if the metric is the same; keep these settings."""
        if (state["monitor"], state["mode"]) == (self.monitor, self.mode):
            self.best, self.num_bad_epochs = state["best"], state["num_bad_epochs"]


def warmup_steps(warmup: float, total_steps: int) -> int:
    """Turn ``warmup`` into steps: a share of ``total_steps`` below 1, else a number of steps."""
    return round(warmup * total_steps) if warmup < 1 else int(warmup)


def linear_schedule(optimizer: Optimizer, total_steps: int, *, warmup: float = 0.1) -> LambdaLR:
    """Rise linearly to the peak over the warm-up, fall linearly to 0 at ``total_steps``.

    The schedule of BERT (Devlin et al. 2019).
    """
    rise = warmup_steps(warmup, total_steps)
    return _with_warmup(optimizer, rise, lambda step: _remaining(step, rise, total_steps))


def cosine_schedule(
    optimizer: Optimizer, total_steps: int, *, warmup: float = 0.1, final_factor: float = 0.0
) -> LambdaLR:
    """Rise linearly to the peak, fall along half a cosine to ``final_factor`` of it at the end.

    One cycle of Loshchilov & Hutter 2017 ("SGDR"), without restarts; ``final_factor`` is from 0 to
    1, and reached at ``total_steps``.
    """
    rise = warmup_steps(warmup, total_steps)

    def fall(step: int) -> float:
        remaining = _remaining(step, rise, total_steps)
        return final_factor + (1 - final_factor) * (1 - math.cos(math.pi * remaining)) / 2

    return _with_warmup(optimizer, rise, fall)


def constant_schedule(optimizer: Optimizer, total_steps: int, *, warmup: float = 0.1) -> LambdaLR:
    """Rise linearly to the peak over the warm-up and stay there."""
    return _with_warmup(optimizer, warmup_steps(warmup, total_steps), lambda step: 1.0)


def inverse_sqrt_schedule(
    optimizer: Optimizer, total_steps: int, *, warmup: float = 0.1
) -> LambdaLR:
    """Rise linearly to the peak, then fall as one over the square root of the steps.

    The schedule of Vaswani et al. 2017, whose rate min(n^-0.5, n·w^-1.5) at step n (from 1) of a
    warm-up to step w is here divided by that at n = w: the factor is min(n / w, sqrt(w / n)). It
    depends on the length of the run only if the warm-up is a share. Without a warm-up w = 1, and
    the factor is 0.71 at the second step.
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

    Any improvement counts, however small, as for the best checkpoint.

    Args:
        optimizer: its rates are the peaks.
        total_steps: optimizer steps of the run.
        monitor: name of the metric, such as ``val/f1_macro``.
        mode: whether it is better when smaller (min) or larger (max).
        warmup: number or share of steps.
        factor: what the current rates are multiplied by, above 0 and below 1.
        patience: number of validations in a row without improvement before the rates are reduced.
        min_lr: the lowest learning rate of every group.

    Returns:
        The warm-up, to be stepped once an optimizer step, and a :class:`PlateauSchedule`.

    Raises:
        ValueError: ``factor`` is 1 or more, or ``mode`` is neither min nor max.
    """
    rise = warmup_steps(warmup, total_steps)
    # The warm-up multiplies the current rate. A LambdaLR would set it and undo each reduction.
    warm_up = LinearLR(optimizer, start_factor=1 / (rise + 1), total_iters=rise)
    # Only `min_lr` ends the reductions, and any improvement delays one.
    plateau = PlateauSchedule(
        optimizer, mode, factor, patience, threshold=0.0, min_lr=min_lr, eps=0.0
    )
    plateau.monitor = monitor
    return [warm_up, plateau]


def _with_warmup(optimizer: Optimizer, rise: int, after: Callable[[int], float]) -> LambdaLR:
    """Rise linearly for ``rise`` steps; from step ``rise`` on the factor is ``after(step)``."""
    return LambdaLR(optimizer, lambda step: (step + 1) / (rise + 1) if step < rise else after(step))


def _remaining(step: int, rise: int, total_steps: int) -> float:
    """Return the share of the steps after the warm-up that remains, from 1 to 0."""
    return max(0.0, (total_steps - step) / max(1, total_steps - rise))
