import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from resumebert.model.pooling import (
    POOLING_NAMES,
    SCORED_POOLINGS,
    SLOPE,
    TOP,
    pooled,
    top_pooling,
)


def pool(name: str, logits: torch.Tensor, scores: torch.Tensor, document: torch.Tensor, n: int):
    return pooled(name, logits, scores if name in SCORED_POOLINGS else None, document, n)


def reference(name: str, logits: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Pool the windows of one document, (n, L) each, in float64."""
    if name == "max":
        return logits.max(0)
    if name == "mean":
        return logits.mean(0)
    if name == "logsumexp":
        return np.logaddexp.reduce(logits, 0) - np.log(len(logits))
    if name == "gated":
        with np.errstate(over="ignore"):
            gate = 1 / (1 + np.exp(SLOPE * logits.max()))
        return logits.max(0) + gate * np.sort(scores, axis=0)[-TOP:].mean(0)
    weights = np.exp(scores - scores.max(0))
    return (weights * logits).sum(0) / weights.sum(0)


@given(
    counts=st.lists(st.integers(1, 9), min_size=1, max_size=8),
    labels=st.integers(1, 4),
    scale=st.sampled_from([1.0, 100.0, 1e4]),
    seed=st.integers(0, 999),
    name=st.sampled_from(POOLING_NAMES),
)
def test_pooling_is_that_of_each_document_alone(counts, labels, scale, seed, name):
    generator = np.random.default_rng(seed)
    document = generator.permutation(np.repeat(np.arange(len(counts)), counts))
    logits = scale * generator.normal(size=(len(document), labels))
    scores = scale * generator.normal(size=(len(document), labels))
    pooled = pool(name, *map(torch.from_numpy, (logits, scores, document)), len(counts))
    for row in range(len(counts)):
        expected = reference(name, logits[document == row], scores[document == row])
        assert pooled[row].numpy() == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", POOLING_NAMES)
def test_gradients_are_the_derivatives(name):
    torch.manual_seed(0)
    logits = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
    scores = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
    document = torch.tensor([1, 0, 2, 1, 1, 0, 2])
    assert torch.autograd.gradcheck(
        lambda z, s: pool(name, z, s, document, 3), (logits, scores), atol=1e-6
    )


@given(
    values=st.lists(st.sampled_from([-1.0, 0.0, 2.0]), min_size=1, max_size=7),
    count=st.integers(1, 5),
)
def test_equal_windows_count_one_by_one(values, count):
    logits = torch.tensor(values).unsqueeze(1)
    found = top_pooling(logits, torch.zeros(len(values), dtype=torch.int64), 1, count)
    assert found.item() == pytest.approx(np.mean(sorted(values)[-count:]))


@pytest.mark.parametrize("name", [name for name in POOLING_NAMES if name != "gated"])
def test_a_document_of_one_window_has_its_logits(name):
    logits = torch.randn(4, 2)
    pooled = pool(name, logits, torch.randn(4, 2), torch.arange(4), 4)
    assert torch.allclose(pooled, logits)
