"""The scores of a split's documents, collected batch by batch on one process or on many."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from resumebert.utils.floats import widest_float


class Scores:
    """What a model gave for n documents and L labels, in the order of the documents.

    Attributes:
        index: (n,) int64, the documents' positions in the table, ascending.
        logits: (n, L), float64 where the device has it.
        targets: (n, L) uint8, 0 or 1.
    """

    # No tuple and no dataclass: inside those torchmetrics squeezes tensors of one element.
    def __init__(self, index: Tensor, logits: Tensor, targets: Tensor) -> None:
        self.index = index
        self.logits = logits
        self.targets = targets

    index: Tensor
    logits: Tensor
    targets: Tensor


class SplitScores(Metric):
    """Collect index, logits and targets of a split; :meth:`compute` returns them as Scores.

    Under DDP the documents of all ranks are put together; a rank may have none, and ranks may
    differ in how many they have. The result is in the order of the documents, so that nothing
    computed of it depends on batches or ranks.

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
            ValueError: the shapes do not fit each other or L.
        """
        shape = (len(index), self.num_labels)
        if logits.shape != shape or targets.shape != shape:
            raise ValueError(
                f"expected logits and targets of shape {shape}, but got {tuple(logits.shape)} and "
                f"{tuple(targets.shape)}"
            )
        # One dtype whatever the model's, so that all ranks gather the same one. Targets outside
        # {0, 1} become 2, for the metrics to refuse: refusing here would wait for the device.
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
        # For an empty list state torchmetrics gathers a one-dimensional float tensor, which the
        # other ranks' (n, L) states do not match: the collective hangs or fails.
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
