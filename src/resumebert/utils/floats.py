"""Floats in the widest type that a device has."""

import torch
from torch import Tensor


def to_probabilities(logits: Tensor) -> Tensor:
    """Return the sigmoid of logits of any shape and floating dtype, in float64.

    Equal logits give equal probabilities. With ``torch.sigmoid`` on a CPU, the last bit depends on
    the element's index, which breaks ties at random; in float32, all logits above 17 would tie.
    """
    return 1 / (1 + torch.exp(-to_float64(logits)))


def widest_float(device: torch.device) -> torch.dtype:
    """Return the widest floating dtype of a device: Apple's GPUs have no float64."""
    return torch.float32 if device.type == "mps" else torch.float64


def to_float64(values: Tensor) -> Tensor:
    """Return the values in float64, detached; on the CPU if the device has no float64."""
    if widest_float(values.device) != torch.float64:
        values = values.cpu()
    return values.detach().double()
