"""Windows of any lengths through a BERT without padding, on a GPU.

The tokens of all windows stand one after the other in a single sequence. Everything but attention
works token by token and does not notice; attention gets the places where windows begin, and keeps
each to itself (FlashAttention for sequences of various lengths: Dao, "FlashAttention-2", 2023).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention import varlen
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.models.bert.configuration_bert import BertConfig

from resumebert.data.arrays import Ints

# The name of this attention in transformers.
PACKED = "resumebert_packed"
HALF = (torch.bfloat16, torch.float16)
# Of a head's width, what FlashAttention takes.
MOST_WIDE, MULTIPLE = 256, 8


def can_pack(config: BertConfig, device: torch.device, *, training: bool) -> bool:
    """Return whether a model can be run so, here and now.

    It takes a GPU of compute capability 8.0 and arithmetic in half precision. Attention weights
    can't be dropped out in training.
    """
    if device.type != "cuda" or torch.cuda.get_device_capability(device) < (8, 0):
        return False
    width = config.hidden_size // config.num_attention_heads
    is_half = torch.is_autocast_enabled("cuda") and torch.get_autocast_dtype("cuda") in HALF
    drops = training and config.attention_probs_dropout_prob > 0
    return is_half and not drops and width % MULTIPLE == 0 and width <= MOST_WIDE


def packed_features(
    encoder: Callable[..., Any], pooler: nn.Module, input_ids: Tensor, lengths: Sequence[int]
) -> Tensor:
    """Return the pooled features (W, H) of W windows.

    Args:
        encoder: a BERT whose attention is :data:`PACKED`.
        pooler: its pooler.
        input_ids: (W, T) token ids; tokens first, then padding.
        lengths: number of tokens of each window, on the host, so that the GPU is not waited for.
    """
    places, positions, starts = places_of_tokens(lengths, input_ids.shape[1])
    device = input_ids.device
    ends = _moved(starts.astype(np.int32), device)
    output = encoder(
        input_ids=input_ids.reshape(-1)[_moved(places, device)].unsqueeze(0),
        position_ids=_moved(positions, device).unsqueeze(0),
        starts=ends,
        longest=max(lengths),
    )
    features: Tensor = pooler(output.last_hidden_state[0, ends[:-1].long()].unsqueeze(1))
    return features


def places_of_tokens(lengths: Sequence[int], width: int) -> tuple[Ints, Ints, Ints]:
    """Return where the N tokens of W windows are, among W rows of ``width`` that hold padding.

    Returns:
        (N,) the places in the rows, one after the other; (N,) the position of each token in its
        window; (W + 1,) where each window begins among the N tokens, and N.
    """
    sizes = np.asarray(lengths, dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    positions = np.arange(starts[-1]) - np.repeat(starts[:-1], sizes)
    return np.repeat(np.arange(len(sizes)) * width, sizes) + positions, positions, starts


def _moved(values: Ints, device: torch.device) -> Tensor:
    host = torch.from_numpy(values)
    return host.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else host


def _attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    starts: Tensor,
    longest: int,
    scaling: float | None = None,
    **others: Any,
) -> tuple[Tensor, None]:
    """Attend within windows; query, key and value are (1, heads, N, width)."""
    q, k, v = (part.squeeze(0).transpose(0, 1) for part in (query, key, value))
    out = varlen.varlen_attn(q, k, v, starts, starts, longest, longest, scale=scaling)
    assert isinstance(out, Tensor)
    return out.unsqueeze(0), None


def _no_mask(*arguments: Any, **others: Any) -> None:
    """Mask nothing: there is no padding."""


AttentionInterface.register(PACKED, _attention)
AttentionMaskInterface.register(PACKED, _no_mask)
