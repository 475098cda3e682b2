"""A training whose loss or weights are no numbers any more is stopped, and spoils no checkpoint."""

from collections.abc import Iterable

import torch
from lightning.pytorch import Trainer
from torch import Tensor

from resumebert.data.problems import name_list
from resumebert.utils.errors import UserError


class Divergence:
    """The losses since the last look at them: to look waits for the GPU, to note does not."""

    def __init__(self) -> None:
        # Of each batch: its documents, and whether its loss was finite.
        self._noted: list[tuple[Tensor, Tensor]] = []

    def note(self, index: Tensor, loss: Tensor) -> None:
        """Note the loss of a batch, whose documents are at ``index`` of the data's table."""
        self._noted.append((index, loss.detach().isfinite()))

    def check(self, trainer: Trainer, weights: Iterable[Tensor] = ()) -> None:
        """Look at what was noted, and at weights.

        Raises:
            UserError: on every process, if on any a loss or a weight is infinite or NaN.
        """
        noted, self._noted = self._noted, []
        flags = [is_finite for _, is_finite in noted]
        # Of a sharded weight this process's part.
        own = (each.to_local() if hasattr(each, "to_local") else each for each in weights)
        flags += [each.detach().isfinite().all() for each in own]
        finite = torch.stack(flags).tolist() if flags else []
        # All processes must stop together: one that remains would wait for the others.
        if trainer.strategy.reduce_boolean_decision(all(finite)):
            return
        table = getattr(getattr(trainer, "datamodule", None), "table", None)
        what, where = "training loss", ""
        if all(finite[: len(noted)]):
            what = "weights"
        elif table is not None:
            index = noted[finite.index(False)][0].tolist()
            where = (
                f", first in the batch of the documents {name_list([table.ids[i] for i in index])}"
            )
        raise UserError(
            f"The {what} became infinite or NaN by step {trainer.global_step}{where}. "
            "Lower optimizer.lr, lengthen scheduler.warmup, or train with "
            "trainer.precision=32-true. Checkpoints are from before it."
        )
