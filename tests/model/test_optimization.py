import pytest
import torch
from torch import nn

from resumebert.model.losses import binary_cross_entropy
from resumebert.model.optimization import adamw, linear_schedule, parameter_groups, warmup_steps


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(3, 3)
        self.norm = nn.LayerNorm(3)
        self.classifier = nn.Linear(3, 2)
        self.frozen = nn.Linear(2, 2).requires_grad_(False)


def test_only_matrices_are_decayed_and_the_head_has_its_own_rate():
    model = Small()
    groups = parameter_groups(model, lr=1e-3, weight_decay=0.1, head_lr_factor=5.0)
    settings = {
        id(parameter): (group["lr"], group["weight_decay"])
        for group in groups
        for parameter in group["params"]
    }
    assert settings[id(model.encoder.weight)] == (1e-3, 0.1)
    assert settings[id(model.encoder.bias)] == (1e-3, 0.0)
    assert settings[id(model.norm.weight)] == (1e-3, 0.0)
    assert settings[id(model.classifier.weight)] == (5e-3, 0.1)
    assert settings[id(model.classifier.bias)] == (5e-3, 0.0)
    assert id(model.frozen.weight) not in settings
    assert sum(len(group["params"]) for group in groups) == 6


def test_one_step_of_adamw_equals_the_formula():
    parameter = nn.Linear(1, 1, bias=False)
    before = parameter.weight.item()
    optimizer = adamw(parameter, lr=0.1, weight_decay=0.2, eps=1e-8)
    parameter.weight.grad = torch.tensor([[3.0]])
    optimizer.step()
    # The first step of Adam moves by lr · sign(gradient); decoupled decay multiplies before it.
    assert parameter.weight.item() == pytest.approx(before * (1 - 0.1 * 0.2) - 0.1, abs=1e-6)


@pytest.mark.parametrize(("warmup", "steps"), [(0, 0), (0.1, 10), (0.999, 100), (1, 1), (7, 7)])
def test_warmup_is_a_share_or_a_number_of_steps(warmup, steps):
    assert warmup_steps(warmup, 100) == steps


def test_linear_schedule_rises_and_falls_every_step():
    parameter = nn.Linear(1, 1)
    optimizer = adamw(parameter, lr=1.0)
    scheduler = linear_schedule(optimizer, 10, warmup=0.2)
    rates = []
    for _ in range(10):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert rates == pytest.approx(
        [1 / 3, 2 / 3, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8]
    )
    assert optimizer.param_groups[0]["lr"] == 0


def test_binary_cross_entropy_equals_its_formula():
    logits = torch.tensor([[0.5, -2.0], [3.0, 0.0]])
    targets = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    p = torch.sigmoid(logits)
    expected = -(targets * p.log() + (1 - targets) * (1 - p).log()).mean()
    assert binary_cross_entropy(logits, targets).item() == pytest.approx(expected.item(), abs=1e-6)
    assert binary_cross_entropy(logits.bfloat16(), targets).dtype == torch.float32
