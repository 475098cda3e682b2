import math
from functools import partial

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from helpers import REPOSITORY
from resumebert.model.losses import (
    asymmetric,
    binary_cross_entropy,
    focal,
    weighted_binary_cross_entropy,
    with_prevalences,
    zlpr,
)

QUICK = settings(deadline=None, max_examples=60)


def mean_of_elements(logits, targets, present, absent):
    """Return the mean of t·present(p) + (1 - t)·absent(p), with p = sigmoid(logit), in Python."""
    total = 0.0
    for row, target_row in zip(logits.tolist(), targets.tolist(), strict=True):
        for s, t in zip(row, target_row, strict=True):
            p = 1 / (1 + math.exp(-s))
            total += t * present(p) + (1 - t) * absent(p)
    return total / logits.numel()


def smoothed(targets: Tensor, epsilon: float) -> Tensor:
    return torch.full_like(targets, epsilon / 2).masked_fill(targets > 0.5, 1 - epsilon / 2)


@st.composite
def batches(draw, largest_logit: float = 12.0):
    """Draw float64 logits and 0/1 targets, both (B, L)."""
    documents, labels = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    logits = generator.uniform(-largest_logit, largest_logit, (documents, labels))
    targets = generator.random((documents, labels)) < draw(st.sampled_from([0, 0.2, 0.5, 1]))
    return torch.from_numpy(logits), torch.from_numpy(targets.astype(np.float64))


shares = st.floats(0, 1)
gammas = st.sampled_from([0.0, 0.3, 1.0, 2.0, 4.0])


@QUICK
@given(batches(), shares)
def test_binary_cross_entropy_equals_its_formula(batch, epsilon):
    logits, targets = batch
    expected = mean_of_elements(
        logits, smoothed(targets, epsilon), lambda p: -math.log(p), lambda p: -math.log(1 - p)
    )
    actual = binary_cross_entropy(logits, targets, label_smoothing=epsilon).item()
    assert actual == pytest.approx(expected, rel=1e-9)


@QUICK
@given(batches(), shares, st.floats(0, 2), st.floats(1, 20), st.integers(0, 100))
def test_weighted_binary_cross_entropy_equals_its_formula(batch, epsilon, power, max_weight, seed):
    logits, targets = batch
    prevalences = np.random.default_rng(seed).uniform(1e-3, 1 - 1e-3, logits.shape[1])
    expected = 0.0
    for label, p in enumerate(prevalences):
        weight = min(max(((1 - p) / p) ** power, 1 / max_weight), max_weight)
        expected += mean_of_elements(
            logits[:, [label]],
            smoothed(targets[:, [label]], epsilon),
            lambda p, weight=weight: -weight * math.log(p),
            lambda p: -math.log(1 - p),
        )
    actual = weighted_binary_cross_entropy(
        logits,
        targets,
        prevalences=torch.from_numpy(prevalences),
        power=power,
        max_weight=max_weight,
        label_smoothing=epsilon,
    )
    assert actual.item() == pytest.approx(expected / logits.shape[1], rel=1e-9)


@QUICK
@given(batches(), gammas, st.none() | shares, shares)
def test_focal_equals_its_formula(batch, gamma, alpha, epsilon):
    logits, targets = batch
    of_present, of_absent = (1, 1) if alpha is None else (alpha, 1 - alpha)
    expected = mean_of_elements(
        logits,
        smoothed(targets, epsilon),
        lambda p: -of_present * (1 - p) ** gamma * math.log(p),
        lambda p: -of_absent * p**gamma * math.log(1 - p),
    )
    actual = focal(logits, targets, gamma=gamma, alpha=alpha, label_smoothing=epsilon).item()
    assert actual == pytest.approx(expected, rel=1e-9)


@QUICK
@given(batches(), gammas, gammas, st.sampled_from([0.0, 0.05, 0.2, 0.5]))
def test_asymmetric_equals_its_formula(batch, gamma_pos, gamma_neg, clip):
    logits, targets = batch

    def absent(p: float) -> float:
        shifted = max(p - clip, 0.0)
        return -(shifted**gamma_neg) * math.log(1 - shifted)

    expected = mean_of_elements(
        logits, targets, lambda p: -((1 - p) ** gamma_pos) * math.log(p), absent
    )
    actual = asymmetric(logits, targets, gamma_pos=gamma_pos, gamma_neg=gamma_neg, clip=clip).item()
    assert actual == pytest.approx(expected, rel=1e-9, abs=1e-12)


@QUICK
@given(batches(), shares)
def test_zlpr_equals_brute_force(batch, epsilon):
    logits, targets = batch
    expected = 0.0
    rows = zip(logits.tolist(), smoothed(targets, epsilon).tolist(), strict=True)
    for row, target_row in rows:
        pairs = list(zip(row, target_row, strict=True))
        expected += math.log(1 + sum((1 - t) * math.exp(s) for s, t in pairs))
        expected += math.log(1 + sum(t * math.exp(-s) for s, t in pairs))
    actual = zlpr(logits, targets, label_smoothing=epsilon).item()
    assert actual == pytest.approx(expected / len(logits), rel=1e-9)


def test_zlpr_compares_every_present_label_with_every_absent_one():
    logits = torch.tensor([[1.0, -0.5, 2.0]])
    present, absent = [1.0, 2.0], [-0.5]
    # (1 + Σ e^a)(1 + Σ e^-b) written out: pairs, and each label against the threshold 0.
    pairs = sum(math.exp(a - b) for a in absent for b in present)
    alone = sum(math.exp(a) for a in absent) + sum(math.exp(-b) for b in present)
    actual = zlpr(logits, torch.tensor([[1.0, 0.0, 1.0]])).item()
    assert actual == pytest.approx(math.log(1 + alone + pairs), abs=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
def test_zlpr_of_a_document_with_all_labels_or_none(sign):
    logits = torch.tensor([[0.3, -1.0, 2.0]], dtype=torch.float64)
    targets = torch.full_like(logits, float(sign < 0))
    expected = torch.log1p(torch.exp(sign * logits).sum()).item()
    assert zlpr(logits, targets).item() == pytest.approx(expected, rel=1e-12)


@QUICK
@given(batches(largest_logit=40.0))
def test_what_reduces_to_binary_cross_entropy(batch):
    logits, targets = batch
    expected = functional.binary_cross_entropy_with_logits(logits, targets).item()
    halves = torch.full((logits.shape[1],), 0.5)
    skewed = torch.full((logits.shape[1],), 0.01)
    reduced = {
        "smoothing 0": binary_cross_entropy(logits, targets, label_smoothing=0.0),
        "prevalence 0.5": weighted_binary_cross_entropy(logits, targets, prevalences=halves),
        "power 0": weighted_binary_cross_entropy(logits, targets, prevalences=skewed, power=0),
        "focal, gamma 0": focal(logits, targets, gamma=0),
        "focal, gamma 0, alpha 0.5": 2 * focal(logits, targets, gamma=0, alpha=0.5),
        "asymmetric of zeros": asymmetric(logits, targets, gamma_pos=0, gamma_neg=0, clip=0),
    }
    for name, loss in reduced.items():
        assert loss.item() == pytest.approx(expected, rel=1e-9), name
    if logits.shape[1] == 1:
        assert zlpr(logits, targets).item() == pytest.approx(expected, rel=1e-9)


@QUICK
@given(batches(largest_logit=40.0), gammas)
def test_asymmetric_of_one_gamma_without_margin_is_focal(batch, gamma):
    actual = asymmetric(*batch, gamma_pos=gamma, gamma_neg=gamma, clip=0).item()
    assert actual == pytest.approx(focal(*batch, gamma=gamma).item(), rel=1e-9)


def test_an_absent_label_below_the_margin_costs_nothing_and_has_no_gradient():
    logits = torch.logit(torch.tensor([[0.01, 0.049, 0.06]])).requires_grad_()
    asymmetric(logits, torch.zeros(1, 3), gamma_neg=1, clip=0.05).backward()
    assert logits.grad[0, :2].tolist() == [0, 0]
    assert logits.grad[0, 2] > 0


def test_the_best_constant_prediction_of_the_weighted_loss():
    prevalence, power = 0.1, 0.5
    targets = torch.zeros(1000, 1, dtype=torch.float64)
    targets[: int(prevalence * 1000)] = 1
    odds = (prevalence / (1 - prevalence)) ** (1 - power)
    logit = torch.tensor([[math.log(odds)]], dtype=torch.float64, requires_grad=True)
    weighted_binary_cross_entropy(
        logit.expand(1000, 1), targets, prevalences=targets.mean(0), power=power
    ).backward()
    assert logit.grad.item() == pytest.approx(0, abs=1e-12)


def test_prevalences_of_0_and_1_give_the_extreme_weights():
    logits = torch.zeros(1, 2)
    loss = weighted_binary_cross_entropy(
        logits, torch.ones(1, 2), prevalences=torch.tensor([0.0, 1.0]), max_weight=4
    )
    assert loss.item() == pytest.approx((4 + 1 / 4) / 2 * math.log(2))


PREVALENCES = torch.tensor([0.0, 0.02, 0.4, 1.0])
LOSSES = {
    "bce": binary_cross_entropy,
    "bce, smoothed": partial(binary_cross_entropy, label_smoothing=0.1),
    "weighted": partial(weighted_binary_cross_entropy, prevalences=PREVALENCES),
    "weighted, smoothed": partial(
        weighted_binary_cross_entropy, prevalences=PREVALENCES, power=1, label_smoothing=0.1
    ),
    "focal": focal,
    "focal, gamma 0.3": partial(focal, gamma=0.3, alpha=0.25),
    "focal, smoothed": partial(focal, label_smoothing=0.1),
    "asymmetric": asymmetric,
    "asymmetric, gammas below 1": partial(asymmetric, gamma_pos=0.3, gamma_neg=0.3),
    "asymmetric, no margin": partial(asymmetric, gamma_pos=0.3, gamma_neg=0.3, clip=0),
    "asymmetric, zeros": partial(asymmetric, gamma_pos=0, gamma_neg=0, clip=0),
    "zlpr": zlpr,
    "zlpr, smoothed": partial(zlpr, label_smoothing=0.1),
}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())


@every_loss
def test_gradients_agree_with_differences(loss):
    generator = torch.Generator().manual_seed(0)
    logits = (3 * torch.randn(6, 4, generator=generator, dtype=torch.float64)).requires_grad_()
    targets = (torch.rand(6, 4, generator=generator) < 0.4).double()
    targets[0], targets[1] = 0, 1
    assert torch.autograd.gradcheck(lambda x: loss(x, targets), logits)


@every_loss
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_extreme_logits_give_finite_losses_and_gradients(loss, dtype):
    extremes = torch.tensor([0, 1e-30, 17, 50, 89, 104, 800, 1e4])
    extremes = torch.cat([extremes, -extremes])[:, None].expand(-1, 4)
    for targets in (torch.zeros(16, 4), torch.ones(16, 4), torch.eye(4).repeat(4, 1)):
        logits = extremes.to(dtype).clone().requires_grad_()
        value = loss(logits, targets)
        value.backward()
        assert value.isfinite()
        assert value >= 0
        assert logits.grad.isfinite().all()


@every_loss
def test_dtypes(loss):
    generator = torch.Generator().manual_seed(1)
    logits = 4 * torch.randn(8, 4, generator=generator)
    targets = (torch.rand(8, 4, generator=generator) < 0.4).float()
    expected = loss(logits, targets)
    assert expected.dtype == torch.float32
    assert expected.shape == ()
    assert loss(logits.double(), targets).dtype == torch.float64
    assert loss(logits.double(), targets).item() == pytest.approx(expected.item(), rel=1e-5)
    coarse = logits.bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        under_autocast = loss(coarse, targets)
    assert under_autocast.dtype == torch.float32
    assert under_autocast.item() == loss(coarse.float(), targets).item()
    assert loss(logits, targets.to(torch.uint8)).item() == expected.item()


@every_loss
def test_a_better_prediction_costs_less(loss):
    targets = torch.tensor([[1.0, 0.0, 0.0, 1.0]])
    right = 2 * targets - 1
    assert loss(right, targets) < loss(torch.zeros(1, 4), targets) < loss(-right, targets)


def test_prevalences_are_bound_to_the_loss_that_asks_for_them():
    prevalences = torch.tensor([0.1, 0.5], dtype=torch.float64)
    logits, targets = torch.tensor([[0.3, -2.0]]), torch.tensor([[1.0, 0.0]])
    bound = with_prevalences(partial(weighted_binary_cross_entropy, power=1), prevalences)
    expected = weighted_binary_cross_entropy(logits, targets, prevalences=prevalences, power=1)
    assert bound(logits, targets) == expected
    for other in (binary_cross_entropy, partial(focal, gamma=1)):
        assert with_prevalences(other, prevalences) is other


FUNCTIONS = {
    "bce": binary_cross_entropy,
    "bce_weighted": weighted_binary_cross_entropy,
    "focal": focal,
    "asymmetric": asymmetric,
    "zlpr": zlpr,
}


@pytest.mark.parametrize("path", sorted((REPOSITORY / "conf" / "loss").glob("*.yaml")))
def test_every_config_gives_its_function_with_the_functions_own_defaults(path):
    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        config = compose("train", overrides=[f"loss={path.stem}", "output_dir=somewhere"])
    loss = instantiate(config.loss)
    assert loss.func is FUNCTIONS[path.stem]
    defaults = loss.func.__kwdefaults__ or {}
    assert loss.keywords == {k: v for k, v in defaults.items() if k != "prevalences"}
    logits, targets = torch.tensor([[0.3, -2.0]]), torch.tensor([[1.0, 0.0]])
    assert with_prevalences(loss, targets.mean(0))(logits, targets).isfinite()
