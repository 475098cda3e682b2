"""Windows without padding: FlashAttention's kernel, for GPUs alone, has a slow stand-in here."""

from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional
from transformers import BertConfig

from helpers import TINY_BERT
from resumebert.model import classifier, packing
from resumebert.model.classifier import ResumeClassifier

CONFIG = {**TINY_BERT, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
GPU = torch.device("cuda")


def slow_kernel(query, key, value, starts, starts_of_keys, longest, longest_key, scale=None):
    parts = [
        functional.scaled_dot_product_attention(
            *(part[start:end].transpose(0, 1) for part in (query, key, value)), scale=scale
        ).transpose(0, 1)
        for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)
    ]
    return torch.cat(parts)


@given(st.lists(st.integers(2, 30), min_size=1, max_size=9), st.sampled_from([16, 40, 1000]))
@settings(max_examples=20, deadline=None)
def test_packed_windows_score_and_learn_as_padded_ones_do(lengths, chunk_tokens):
    lengths = sorted(lengths, reverse=True)
    torch.manual_seed(len(lengths))
    model = ResumeClassifier(CONFIG, ["a", "b"], chunk_tokens=chunk_tokens).train()
    ids = torch.randint(1, CONFIG["vocab_size"], (len(lengths), lengths[0]))
    mask = (torch.arange(lengths[0]) < torch.tensor(lengths)[:, None]).long()
    documents = max(1, len(lengths) // 2)
    document = torch.arange(len(lengths)) % documents

    def scored() -> tuple[torch.Tensor, list[torch.Tensor]]:
        model.zero_grad()
        logits = model(ids * mask, mask, document, lengths, documents)
        logits.square().sum().backward()
        return logits.detach(), [p.grad.clone() for p in model.parameters() if p.grad is not None]

    padded, gradients = scored()
    with (
        patch.object(packing.varlen, "varlen_attn", slow_kernel),
        patch.object(classifier, "can_pack", lambda *arguments, **named: True),
    ):
        packed, others = scored()
        assert model.attention_kernel == packing.PACKED
    assert torch.allclose(packed, padded, atol=1e-5)
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(gradients, others, strict=True))


def test_places_of_tokens():
    places, positions, starts = packing.places_of_tokens([3, 1], 4)
    assert places.tolist() == [0, 1, 2, 4]
    assert positions.tolist() == [0, 1, 2, 0]
    assert np.array_equal(starts, [0, 3, 4])


@pytest.mark.parametrize(
    ("capability", "dtype", "settings_", "training", "packs"),
    [
        ((9, 0), torch.bfloat16, {}, True, True),
        ((8, 0), torch.float16, {}, False, True),
        # A GPU before Ampere, no half precision, weights that are dropped out, a head too odd.
        ((7, 5), torch.bfloat16, {}, True, False),
        ((9, 0), None, {}, True, False),
        ((9, 0), torch.bfloat16, {"attention_probs_dropout_prob": 0.1}, True, False),
        ((9, 0), torch.bfloat16, {"attention_probs_dropout_prob": 0.1}, False, True),
        ((9, 0), torch.bfloat16, {"hidden_size": 36, "num_attention_heads": 3}, True, False),
    ],
)
def test_when_windows_are_packed(capability, dtype, settings_, training, packs):
    config = BertConfig(**{**CONFIG, "hidden_size": 64, "num_attention_heads": 2, **settings_})
    with (
        patch("torch.cuda.get_device_capability", return_value=capability),
        patch("torch.is_autocast_enabled", return_value=dtype is not None),
        patch("torch.get_autocast_dtype", return_value=dtype),
    ):
        assert packing.can_pack(config, GPU, training=training) is packs
        assert not packing.can_pack(config, torch.device("cpu"), training=training)
