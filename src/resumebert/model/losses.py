"""Losses: functions of logits and targets, both (B, L), to a scalar.

A new loss is a function here and a file in ``conf/loss/``.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

Loss = Callable[[Tensor, Tensor], Tensor]


def binary_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean binary cross-entropy over documents and labels.

    Args:
        logits: (B, L), any float dtype; taken to float32 at least.
        targets: (B, L), 0 or 1.
    """
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return functional.binary_cross_entropy_with_logits(logits, targets.to(logits.dtype))
