"""Train one set of weights; validate, keep and test a running average of them."""

from collections.abc import Callable
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor

from resumebert.model.classifier import ResumeClassifier
from resumebert.utils.errors import UserError

# The share of the newest weights in the average, given how many have gone into it and the number of
# optimizer steps of the run.
NewestShare = Callable[[int, int], float]


class AveragedWeights(WeightAveraging):
    """Lightning's weight averaging after every optimizer step, for our model and our checkpoints.

    Validation scores the average; best.ckpt and the final test have it. Training itself goes on
    from the weights as trained, which last.ckpt holds beside the average. Parameters are averaged;
    buffers are those of the model.

    Args:
        newest_share: :func:`exponential` or :func:`equal`, their other arguments given.

    Raises:
        UserError: at the start of training, if the parameters themselves are in half precision.
    """

    def __init__(self, newest_share: NewestShare) -> None:
        # Lightning's default averages buffers too, and rounding to integers makes some of BERT's
        # position numbers one too small: 99 of 512 with a decay of 0.9999.
        super().__init__(use_buffers=False, multi_avg_fn=self._add)
        self.newest_share = newest_share
        self._total_steps = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put the average where the model is, and into all checkpoints."""
        if any(parameter.element_size() < 4 for parameter in pl_module.parameters()):
            raise UserError(
                f"trainer.precision={trainer.precision}: an average of weights in half precision "
                "is lost to rounding. Train with bf16-mixed or 32-true, or leave callbacks=ema or "
                "callbacks=swa out."
            )
        assert self._average_model is not None
        assert isinstance(pl_module, ResumeClassifier)
        self._total_steps = pl_module.total_steps
        # Lightning copied the model before it went to the device; the count stays on the host, so
        # that no step waits for the device to read it.
        self._average_model.module.to(pl_module.device)
        # Lightning calls no callback for a checkpoint of weights only, such as best.ckpt. These
        # tensors are the average's own and change with it.
        pl_module.checkpoint_extras["state_dict"] = self._average_model.module.state_dict()

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Go on from the average and the weights as trained; to evaluate takes the model alone."""
        if self._average_model is not None:
            super().on_load_checkpoint(trainer, pl_module, checkpoint)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Leave the average as the model's weights, lest a later validation swap it for others."""
        self._average_model = None
        if isinstance(pl_module, ResumeClassifier):
            pl_module.checkpoint_extras.pop("state_dict", None)

    def _add(self, averaged: list[Tensor], newest: list[Tensor], count: Tensor | int) -> None:
        assert self._average_model is not None
        share = self.newest_share(int(self._average_model.n_averaged), self._total_steps)
        torch._foreach_lerp_(averaged, newest, share)


def exponential(count: int, total_steps: int, *, decay: float) -> float:
    """Exponential moving average (Polyak & Juditsky 1992, with a horizon).

    The decay rises to ``decay`` as (1 + count) / (10 + count), so that a short run forgets the
    weights that it started from: until then 87 % of the average is of the last fifth of the steps,
    afterwards of the last 2 / (1 - ``decay``) steps.

    Args:
        count: sets of weights in the average, 1 or more.
        total_steps: has no influence.
        decay: of the older weights' share a step, from 0 to below 1.
    """
    return 1 - min(decay, (1 + count) / (10 + count))


def equal(count: int, total_steps: int, *, start: float) -> float:
    """Equal weights from a point of the run on (Izmailov et al. 2018, "SWA"); before it, none.

    Args:
        count: sets of weights seen, 1 or more.
        total_steps: optimizer steps of the run.
        start: the share of the steps after which averaging begins, from 0 to below 1.
    """
    begin = min(round(start * total_steps), total_steps - 1)
    return 1 / (count - begin + 1) if count >= begin else 1.0
