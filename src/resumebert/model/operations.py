"""How many operations a training step has to do, and how many the device could do meanwhile.

Model FLOPs utilisation (MFU; Chowdhery et al., "PaLM", 2022, appendix B) is the one by the other.
It counts what a step has to compute, and nothing that is computed again or for padding. For windows
of T tokens each, hidden size H and intermediate size I, the forward pass of a layer is ::

    2 · (4 · H² + 2 · H · I) · ΣT  +  4 · H · ΣT²      multiply-adds as two operations:

the matrices of every token, and the two products of attention. The backward pass does as much for
the gradient of the inputs, if something below is trained, and for that of the matrices, as far as
they are trained; attention has no matrices, and its products have two inputs each. Embeddings,
normalisation, dropout, the head and the optimizer are left out.
"""

import time
from collections.abc import Sequence

import torch
from torch import nn
from transformers.models.bert.modeling_bert import BertForSequenceClassification

# Of the matrices that the peak is measured with; larger ones fill a GPU.
_SIDE_CPU, _SIDE_GPU = 1024, 4096
_TURNS = 3


def step_operations(model: BertForSequenceClassification, lengths: Sequence[int]) -> float:
    """Return the operations of a training step over windows of these numbers of tokens."""
    config = model.config
    hidden, tokens = config.hidden_size, sum(lengths)
    matrices = 2.0 * (4 * hidden**2 + 2 * hidden * config.intermediate_size) * tokens
    attention = 4.0 * hidden * sum(length**2 for length in lengths)
    # What makes queries, keys and values of the inputs.
    first = 6.0 * hidden**2 * tokens
    below = _trained_share(model.bert.embeddings) > 0
    total = 0.0
    for layer in model.bert.encoder.layer:
        share = _trained_share(layer)
        if below or share:
            total += matrices * (2 + share) + attention * 3 - (0 if below else first)
        else:
            total += matrices + attention
        below |= share > 0
    return total


def _trained_share(module: nn.Module) -> float:
    sizes = [(each.numel(), each.requires_grad) for each in module.parameters() if each.ndim > 1]
    return sum(size for size, is_trained in sizes if is_trained) / sum(size for size, _ in sizes)


def measured_peak(device: torch.device, dtype: torch.dtype) -> float:
    """Return how many operations a second a device does in products of large matrices.

    The fastest of a few turns, which take some hundredths of a second. What the run draws at random
    stays as it was.
    """
    side = _SIDE_CPU if device.type == "cpu" else _SIDE_GPU
    generator = torch.Generator(device).manual_seed(0)
    one, other = torch.randn(2, side, side, device=device, generator=generator).to(dtype)
    fastest = float("inf")
    # The first turn also loads what it needs.
    for _ in range(1 + _TURNS):
        started = time.perf_counter()
        product = one @ other
        product[0, 0].item()  # Waits for a GPU.
        fastest = min(fastest, time.perf_counter() - started)
    return 2 * side**3 / fastest
