"""Average the weights over the training steps; validate, save and test the average."""

from collections.abc import Callable
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor

from resumebert.model.classifier import ResumeClassifier
from resumebert.utils.errors import UserError


class AveragedWeights(WeightAveraging):
    """Lightning's weight averaging after every optimizer step, for our model and our checkpoints.

    Validation, best.ckpt and the final test use the average. Training continues from the weights
    as trained; last.ckpt holds both. Only parameters are averaged; buffers are the model's.

    Args:
        newest_share: the share of the newest weights, as a function of the number of weights in
            the average, 1 or more, and the run's optimizer steps: :func:`exponential` or
            :func:`equal`, with their keyword arguments bound.

    Raises:
        UserError: at the start of training, if the parameters themselves are in half precision.
    """

    def __init__(self, newest_share: Callable[[int, int], float]) -> None:
        # Lightning's default averages buffers too, and rounding to integers makes some of BERT's
        # position numbers one too small: 99 of 512 with a decay of 0.9999.
        super().__init__(use_buffers=False, multi_avg_fn=self._add)
        self.newest_share = newest_share
        self._total_steps = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Move the average to the model's device, and put it into all checkpoints."""
        if any(parameter.element_size() < 4 for parameter in pl_module.parameters()):
            raise UserError(
                f"trainer.precision={trainer.precision}: an average of weights in half precision "
                "is lost to rounding. Train with bf16-mixed or 32-true, or leave callbacks=ema or "
                "callbacks=swa out."
            )
        assert self._average_model is not None
        assert isinstance(pl_module, ResumeClassifier)
        self._total_steps = pl_module.total_steps
        # Lightning copied the model before it was moved to the device. The count stays on the host,
        # so that no step waits for the device.
        self._average_model.module.to(pl_module.device)
        # Lightning calls no callback for a checkpoint of weights only, such as best.ckpt. The state
        # dict shares its tensors with the average, so it stays up to date.
        pl_module.checkpoint_extras["state_dict"] = self._average_model.module.state_dict()

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Restore the average and the weights as trained; an evaluation has no average."""
        if self._average_model is not None:
            super().on_load_checkpoint(trainer, pl_module, checkpoint)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Forget the average, which the model now has, so that no later validation swaps it."""
        self._average_model = None
        if isinstance(pl_module, ResumeClassifier):
            pl_module.checkpoint_extras.pop("state_dict", None)

    def _add(self, averaged: list[Tensor], newest: list[Tensor], count: Tensor | int) -> None:
        assert self._average_model is not None
        share = self.newest_share(int(self._average_model.n_averaged), self._total_steps)
        torch._foreach_lerp_(averaged, newest, share)


def exponential(count: int, total_steps: int, *, decay: float) -> float:
    """Exponential moving average (Polyak & Juditsky 1992, with a horizon).

    The factor of the older weights' share in each step rises to ``decay``, from 0 to below 1, as
    (1 + count) / (10 + count), so that a short run forgets its initial weights. While it rises,
    87 % of the average comes from the last fifth of the steps; afterwards from the last
    2 / (1 - ``decay``) steps.
    """
    return 1 - min(decay, (1 + count) / (10 + count))


def equal(count: int, total_steps: int, *, start: float) -> float:
    """Average with equal weights (Izmailov et al. 2018, "SWA") over the end of the run.

    Before the share ``start`` of the steps, from 0 to below 1, the average is the newest weights.
    """
    begin = min(round(start * total_steps), total_steps - 1)
    return 1 / (count - begin + 1) if count >= begin else 1.0
