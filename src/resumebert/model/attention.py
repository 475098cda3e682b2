"""Choose the attention kernel for training.

On a CPU, PyTorch's fused kernel is the fastest in the forward pass, but its backward pass takes
longer than the rest of a training step of a small BERT. For short windows, plain matrix products
are faster (benchmarks/training_step.py measures both). Their memory grows with the square of the
window length, so long windows and large steps keep the fused kernel.
"""

import torch

FUSED, PLAIN = "sdpa", "eager"
# For longer windows, the plain kernel's matrices cost more than the fused kernel's backward pass.
PLAIN_TOKENS = 256
# The most bytes that the plain kernel may keep for the backward pass.
PLAIN_BYTES = 4 * 2**30
# For each attention weight: the product, the weight in float32 and in bfloat16, and a gradient.
BYTES_A_WEIGHT = 12


def training_kernel(
    device: torch.device, windows: int, tokens: int, *, heads: int, layers: int, dropout: float
) -> str:
    """Return the attention kernel to train with, by its name in transformers.

    Args:
        device: the model's device.
        windows: number of windows in the step.
        tokens: length of the longest window.
        heads: number of heads in a layer.
        layers: number of layers in the encoder.
        dropout: dropout of attention weights; with it, a CPU does not fuse the kernel anyway.
    """
    held = windows * tokens**2 * heads * layers * BYTES_A_WEIGHT
    if device.type == "cpu" and not dropout and tokens <= PLAIN_TOKENS and held <= PLAIN_BYTES:
        return PLAIN
    return FUSED
