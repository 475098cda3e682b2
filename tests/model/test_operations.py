"""Operations of a step are compared with what PyTorch counts."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from helpers import TINY_BERT
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.layers import freeze
from resumebert.model.operations import measured_peak, step_operations


def counted(model: ResumeClassifier, windows: int, tokens: int) -> float:
    """Return what PyTorch counts of a step of windows of one length, without pooler and head."""
    model.bert.set_attn_implementation("eager")
    ids = torch.randint(1000, 2000, (windows, tokens))
    with FlopCounterMode(display=False) as counter:
        hidden = model.bert.bert.embeddings(ids)
        for layer in model.bert.bert.encoder.layer:
            found = layer(hidden)
            hidden = found[0] if isinstance(found, tuple) else found
        if hidden.requires_grad:
            hidden.sum().backward()
    return float(counter.get_total_flops())


@given(
    windows=st.integers(1, 4),
    tokens=st.integers(2, 30),
    embeddings=st.booleans(),
    layers=st.integers(0, 2),
)
def test_operations_are_those_that_pytorch_counts(windows, tokens, embeddings, layers):
    torch.manual_seed(0)
    model = ResumeClassifier({**TINY_BERT, "num_hidden_layers": 3}, ["A", "B"]).train()
    freeze(model.bert, embeddings=embeddings, layers=layers)
    found = step_operations(model.bert, [tokens] * windows)
    assert found == pytest.approx(counted(model, windows, tokens), rel=1e-9)


def test_short_windows_cost_less_than_their_number_says():
    model = ResumeClassifier(TINY_BERT, ["A"])
    assert step_operations(model.bert, [100]) > step_operations(model.bert, [50, 50])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_peak_is_measured(dtype):
    before = torch.get_rng_state()
    # The slowest machine does more than a tenth of a billion, and none a million billions.
    assert 1e8 < measured_peak(torch.device("cpu"), dtype) < 1e15
    assert torch.equal(torch.get_rng_state(), before)
