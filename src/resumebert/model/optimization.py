"""Parameter groups and optimizers."""

import re
from typing import Any

import torch
from torch import nn

# With any prefix: the model may be a BertForSequenceClassification or hold one.
HEAD = re.compile(r"(^|\.)(classifier|pooling)\.")
LAYER = re.compile(r"(^|\.)encoder\.layer\.(\d+)\.")
EMBEDDINGS = re.compile(r"(^|\.)embeddings\.")


def parameter_groups(
    model: nn.Module,
    lr: float,
    weight_decay: float,
    head_lr_factor: float,
    layer_decay: float = 1.0,
) -> list[dict[str, Any]]:
    """Split the trainable parameters by decay and by learning rate.

    Tensors with fewer than two dimensions (biases, LayerNorm gains) are not decayed: shrinking them
    does not regularise, and it moves normalised activations. The classification head and the
    attention pooling are not pretrained, so they have their own rate: ``lr * head_lr_factor``.

    Within the encoder, lower layers represent what is common to all texts and need less change
    (Howard & Ruder, "Universal language model fine-tuning for text classification", 2018, section
    3.2). With N layers, frozen ones included, layer k (0 is the lowest) learns at
    ``lr * layer_decay**(N - 1 - k)``, the embeddings at ``lr * layer_decay**N``, the pooler at
    ``lr`` (Clark et al., "ELECTRA", 2020, appendix B).

    ``model`` is a ``BertForSequenceClassification`` or holds one, LoRA or not. ``lr`` is the rate
    of the encoder's top layer. ``layer_decay`` is in (0, 1]; 1: one rate for the whole encoder.

    Returns:
        Groups for an optimizer, each with a ``name`` for the learning-rate monitor: ``encoder`` and
        ``head``, or with a layer decay ``embeddings``, ``layer_0`` …, ``pooler`` and ``head``. The
        names of groups without weight decay end with ``_no_decay``.
    """
    numbers = [
        int(found[2]) for name, _ in model.named_parameters() if (found := LAYER.search(name))
    ]
    layers = max(numbers, default=-1) + 1
    groups: dict[str, dict[str, Any]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        layer = LAYER.search(name)
        if HEAD.search(name):
            part, factor = "head", head_lr_factor
        elif layer_decay == 1:
            part, factor = "encoder", 1.0
        elif layer:
            part, factor = f"layer_{layer[2]}", layer_decay ** (layers - 1 - int(layer[2]))
        elif EMBEDDINGS.search(name):
            part, factor = "embeddings", layer_decay**layers
        else:
            part, factor = "pooler", 1.0
        is_decayed = parameter.ndim >= 2
        group = part if is_decayed else f"{part}_no_decay"
        settings = {"lr": lr * factor, "weight_decay": weight_decay if is_decayed else 0.0}
        groups.setdefault(group, {"name": group, "params": [], **settings})
        groups[group]["params"].append(parameter)
    return list(groups.values())


def adamw(
    model: nn.Module,
    *,
    lr: float,
    weight_decay: float = 0.01,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    head_lr_factor: float = 1.0,
    layer_decay: float = 1.0,
    fused: bool = True,
) -> torch.optim.Optimizer:
    """AdamW (Loshchilov & Hutter 2019) over :func:`parameter_groups`.

    ``lr`` is the peak rate, ``betas`` are the decay rates of the two moments, and ``eps`` is added
    to the root of the second. ``fused`` takes one kernel for each step instead of a loop over some
    hundred tensors. It can't be combined with float16's gradient scaling and clipping.
    """
    groups = parameter_groups(model, lr, weight_decay, head_lr_factor, layer_decay)
    return torch.optim.AdamW(groups, lr=lr, betas=(betas[0], betas[1]), eps=eps, fused=fused)
