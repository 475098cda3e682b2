"""Dropout with fewer random bits: as many elements, others each time, and the rest scaled."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from helpers import TINY_BERT
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.dropout import STEPS, Dropout


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_as_many_are_dropped_as_asked_and_the_mean_stays(p, dtype):
    torch.manual_seed(0)
    found = Dropout(p)(torch.ones(1000, 999, dtype=dtype)).float()
    assert (found == 0).double().mean() == pytest.approx(p, abs=0.002)
    kept = found[found != 0]
    assert kept.unique().numel() == 1
    assert kept[0] == pytest.approx(1 / (1 - p), rel=0.005)
    # Neither rows nor columns nor neighbours are dropped together.
    for part in (found[::2], found[:, ::4], found[:, 1::4], found[:, 3::4]):
        assert (part == 0).double().mean() == pytest.approx(p, abs=0.005)
    both = (found[:, 1:] == 0) & (found[:, :-1] == 0)
    assert both.double().mean() == pytest.approx(p * p, abs=0.005)


@given(st.lists(st.integers(0, 5), max_size=3), st.floats(0, 1))
def test_any_shape_and_share_and_the_gradient_is_where_something_is_kept(shape, p):
    given = torch.ones(shape, requires_grad=True)
    found = Dropout(p)(given)
    assert found.shape == given.shape
    found.sum().backward()
    assert torch.equal(given.grad, found.detach())
    assert torch.equal(Dropout(p).eval()(given), given)


def test_a_seed_repeats_it_and_the_next_call_does_not():
    one, ones = Dropout(0.5), torch.ones(64)
    torch.manual_seed(3)
    first, second = one(ones), one(ones)
    torch.manual_seed(3)
    assert torch.equal(one(ones), first)
    assert not torch.equal(first, second)


def test_the_model_uses_it_and_its_weights_keep_their_names():
    model = ResumeClassifier(TINY_BERT, ["A", "B"])
    kinds = {type(each) for each in model.modules() if isinstance(each, nn.Dropout)}
    assert kinds == {Dropout}
    assert not [name for name in model.state_dict() if "dropout" in name]
    assert STEPS == 2**16
