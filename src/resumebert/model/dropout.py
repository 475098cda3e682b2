"""Dropout whose random numbers cost a quarter of PyTorch's on a CPU."""

import torch
from torch import Tensor, nn

# A number in 65,536 decides over an element: four of them are in each random number of 64 bits.
STEPS = 2**16


class Dropout(nn.Dropout):
    """``nn.Dropout`` that draws 16 random bits for each element on a CPU, where PyTorch draws 64.

    Elements are kept with the probability 1 − p, to 1 in 65,536, and scaled by its inverse
    (Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014).
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with some elements zero, if the module is in training."""
        dropped = round(self.p * STEPS)
        if not self.training or input.device.type != "cpu" or not 0 < dropped < STEPS:
            return super().forward(input)
        count = input.numel()
        drawn = torch.empty(-(-count // 4), dtype=torch.int64).random_(-(2**63), None)
        bits = drawn.view(torch.int16)[:count].view(input.shape)
        kept = (bits >= dropped - STEPS // 2).to(input.dtype)
        return input * (kept * (STEPS / (STEPS - dropped)))


def use_fast_dropout(module: nn.Module) -> None:
    """Replace every ``nn.Dropout`` below ``module``, in place; no weight changes its name."""
    for parent in module.modules():
        for name, child in parent.named_children():
            if type(child) is nn.Dropout:
                setattr(parent, name, Dropout(child.p))
