"""Parameter groups, optimizers and learning-rate schedules."""

from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

HEAD = "classifier."


def parameter_groups(
    model: nn.Module, lr: float, weight_decay: float, head_lr_factor: float
) -> list[dict[str, Any]]:
    """Split the trainable parameters by decay and by learning rate.

    Tensors with fewer than two dimensions (biases, LayerNorm gains) are not decayed: shrinking them
    regularises nothing and moves normalised activations. The classification head starts from
    nothing while the encoder is pretrained, hence a rate of its own.
    """
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            is_head = name.startswith(HEAD) or f".{HEAD}" in name
            groups.setdefault((is_head, parameter.ndim >= 2), []).append(parameter)
    return [
        {
            "name": ("head" if is_head else "encoder") + ("" if decayed else "_no_decay"),
            "params": parameters,
            "lr": lr * head_lr_factor if is_head else lr,
            "weight_decay": weight_decay if decayed else 0.0,
        }
        for (is_head, decayed), parameters in groups.items()
    ]


def adamw(
    model: nn.Module,
    *,
    lr: float,
    weight_decay: float = 0.01,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    head_lr_factor: float = 1.0,
    fused: bool = True,
) -> torch.optim.Optimizer:
    """AdamW (Loshchilov & Hutter 2019) over :func:`parameter_groups`.

    Args:
        model: a ``BertForSequenceClassification``.
        lr: peak learning rate of the encoder.
        weight_decay: of matrices.
        betas: decay rates of the two moments.
        eps: added to the root of the second moment.
        head_lr_factor: the head's learning rate as a multiple of ``lr``.
        fused: one kernel a step in place of a loop over some hundred tensors; it can't be combined
            with float16's gradient scaling and clipping.
    """
    groups = parameter_groups(model, lr, weight_decay, head_lr_factor)
    return torch.optim.AdamW(groups, lr=lr, betas=(betas[0], betas[1]), eps=eps, fused=fused)


def warmup_steps(warmup: float, total_steps: int) -> int:
    """Turn ``warmup`` into steps: a share of ``total_steps`` below 1, else a number of steps."""
    return round(warmup * total_steps) if warmup < 1 else int(warmup)


def linear_schedule(
    optimizer: torch.optim.Optimizer, total_steps: int, *, warmup: float = 0.1
) -> LambdaLR:
    """Rise linearly from 0 to the peak over the warm-up, fall linearly to 0 at ``total_steps``.

    The schedule of BERT (Devlin et al. 2019). It is stepped once an optimizer step.
    """
    rise = warmup_steps(warmup, total_steps)

    def factor(step: int) -> float:
        if step < rise:
            return (step + 1) / (rise + 1)
        return max(0.0, (total_steps - step) / max(1, total_steps - rise))

    return LambdaLR(optimizer, factor)
