"""Collect the scores of a split's documents batch by batch, on one or several processes."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed

from resumebert.utils.floats import widest_float

NAMES = ("index", "logits", "targets")


@dataclass(frozen=True)
class Scores:
    """The model's scores for n documents and L labels, in the order of the documents.

    Attributes:
        index: (n,) int64, the documents' positions in the table, ascending.
        logits: (n, L), float64 if the device has it.
        targets: (n, L) uint8, 0 or 1.
    """

    index: Tensor
    logits: Tensor
    targets: Tensor


class SplitScores:
    """Collect index, logits and targets of a split; :meth:`compute` returns them as Scores.

    The result does not depend on batches or processes. Processes may have different numbers of
    documents, or none.

    Args:
        num_labels: L.
    """

    def __init__(self, num_labels: int) -> None:
        self.num_labels = num_labels
        self.device = torch.device("cpu")
        self.reset()

    def reset(self) -> None:
        """Forget all documents."""
        self.index: list[Tensor] = []
        self.logits: list[Tensor] = []
        self.targets: list[Tensor] = []

    def update(self, index: Tensor, logits: Tensor, targets: Tensor) -> None:
        """Add a batch of B documents, 0 or more, with their positions ``index`` (B,) in the table.

        Args:
            index: (B,) integers.
            logits: (B, L), any floating dtype.
            targets: (B, L), each 0 or 1, any dtype.

        Raises:
            ValueError: the shapes do not match each other or L.
        """
        shape = (len(index), self.num_labels)
        if logits.shape != shape or targets.shape != shape:
            found = f"{tuple(logits.shape)} and {tuple(targets.shape)}"
            raise ValueError(f"expected logits and targets of shape {shape}, but got {found}")
        self.device = logits.device
        # One dtype, whatever the model's. Targets outside {0, 1} become 2, which the metrics
        # refuse: a check here would wait for the device.
        valid = (targets == 0) | (targets == 1)
        self.index.append(index.detach().to(self.device, torch.int64))
        self.logits.append(logits.detach().to(self.device, widest_float(self.device)))
        self.targets.append(targets.detach().where(valid, 2).to(self.device, torch.uint8))

    def collected(self) -> dict[str, Tensor]:
        """Return index, logits and targets so far, of all processes, on the CPU."""
        collected = self
        if not self.index:
            # An empty batch has the shapes and types that the other processes' parts have. It is
            # not kept: it would be on the CPU, the batches to come may be on a GPU.
            collected = SplitScores(self.num_labels)
            collected.update(torch.zeros(0), *torch.zeros(2, 0, self.num_labels))
        own = {name: torch.cat(getattr(collected, name)).cpu() for name in NAMES}
        parts = of_all_processes(own)
        return {name: torch.cat([part[name] for part in parts]) for name in NAMES}

    def compute(self) -> Scores:
        """Return the scores of all documents since the last reset."""
        found = self.collected()
        order = found["index"].argsort(stable=True)
        return Scores(**{name: values[order].to(self.device) for name, values in found.items()})


def of_all_processes(value: Any) -> list[Any]:
    """Return the ``value`` of each process, in their order; must be called on all of them."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return [value]
    values = [None] * distributed.get_world_size()
    distributed.all_gather_object(values, value)
    return values
