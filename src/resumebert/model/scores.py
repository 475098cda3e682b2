"""Collect the scores of a split's documents batch by batch, on one or several processes."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from resumebert.utils.floats import widest_float


class Scores:
    """The model's scores for n documents and L labels, in the order of the documents.

    Attributes:
        index: (n,) int64, the documents' positions in the table, ascending.
        logits: (n, L), float64 if the device has it.
        targets: (n, L) uint8, 0 or 1.
    """

    # Not a tuple or dataclass: torchmetrics squeezes one-element tensors inside those.
    def __init__(self, index: Tensor, logits: Tensor, targets: Tensor) -> None:
        self.index = index
        self.logits = logits
        self.targets = targets


class SplitScores(Metric):
    """Collect index, logits and targets of a split; :meth:`compute` returns them as Scores.

    Under DDP the documents of all ranks are gathered; ranks may have different numbers of
    documents, or none. The result is in the order of the documents, so that it does not depend on
    batches or ranks.

    Args:
        num_labels: L.
    """

    is_differentiable = False
    higher_is_better = None
    full_state_update = False

    index: list[Tensor]
    logits: list[Tensor]
    targets: list[Tensor]

    def __init__(self, num_labels: int) -> None:
        super().__init__()
        self.num_labels = num_labels
        for state in ("index", "logits", "targets"):
            self.add_state(state, default=[], dist_reduce_fx="cat")

    def update(self, index: Tensor, logits: Tensor, targets: Tensor) -> None:
        """Add a batch.

        Args:
            index: (B,) integers, the documents' positions in the table.
            logits: (B, L), any floating dtype; B may be 0.
            targets: (B, L), each 0 or 1, any dtype.

        Raises:
            ValueError: the shapes do not match each other or L.
        """
        shape = (len(index), self.num_labels)
        if logits.shape != shape or targets.shape != shape:
            raise ValueError(
                f"expected logits and targets of shape {shape}, but got {tuple(logits.shape)} and "
                f"{tuple(targets.shape)}"
            )
        # One dtype, whatever the model's, because all ranks must gather the same one. Targets
        # outside {0, 1} become 2, which the metrics refuse: a check here would wait for the device.
        valid = (targets == 0) | (targets == 1)
        self.index.append(index.detach().to(self.device, torch.int64))
        self.logits.append(logits.detach().to(self.device, widest_float(self.device)))
        self.targets.append(targets.detach().where(valid, 2).to(self.device, torch.uint8))

    def compute(self) -> Scores:
        """Return the scores of all documents since the last reset."""
        self._fill_empty_states()
        index = dim_zero_cat(self.index)
        order = index.argsort(stable=True)
        return Scores(
            index[order], dim_zero_cat(self.logits)[order], dim_zero_cat(self.targets)[order]
        )

    def sync(self, *args: Any, **kwargs: Any) -> None:
        """Gather the states of all ranks, as :meth:`torchmetrics.Metric.sync` does."""
        # For an empty list state, torchmetrics gathers a one-dimensional float tensor. It does not
        # match the other ranks' (n, L) states, and the collective hangs or fails.
        if not self._is_synced:
            self._fill_empty_states()
        super().sync(*args, **kwargs)

    def _fill_empty_states(self) -> None:
        """Give a rank without documents states of the right shape, dtype and device."""
        if isinstance(self.index, list) and not self.index:
            shape = (0, self.num_labels)
            self.index = [torch.zeros(0, device=self.device, dtype=torch.int64)]
            self.logits = [torch.zeros(shape, device=self.device, dtype=widest_float(self.device))]
            self.targets = [torch.zeros(shape, device=self.device, dtype=torch.uint8)]
