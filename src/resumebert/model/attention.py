"""Which kernel computes attention: what is fastest differs by device, and by the pass.

On a CPU PyTorch's fused kernel is the fastest forwards, but its backward pass takes longer than
all the rest of a step of a small BERT. Plain matrix products are faster there while windows are
short (benchmarks/training_step.py measures both); their memory grows with the square of the
window, so long ones, and large steps, keep the fused kernel.
"""

import torch

FUSED, PLAIN = "sdpa", "eager"
# Beyond so many tokens the plain kernel's matrices cost more than the fused kernel's backward pass.
PLAIN_TOKENS = 256
# What the plain kernel may hold for the backward pass.
PLAIN_BYTES = 4 * 2**30
# Of one weight: the product, the weight in float32 and in bfloat16, and a gradient.
BYTES_A_WEIGHT = 12


def training_kernel(
    device: torch.device, windows: int, tokens: int, *, heads: int, layers: int, dropout: float
) -> str:
    """Return the attention kernel to train with, by its name in transformers.

    Args:
        device: the model's.
        windows: in a step.
        tokens: of the longest window.
        heads: of a layer.
        layers: of the encoder.
        dropout: of attention weights; with it the fused kernel is not fused on a CPU either.
    """
    held = windows * tokens**2 * heads * layers * BYTES_A_WEIGHT
    if device.type == "cpu" and not dropout and tokens <= PLAIN_TOKENS and held <= PLAIN_BYTES:
        return PLAIN
    return FUSED
