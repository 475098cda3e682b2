"""Losses: functions of logits and targets, both (B, L), to a scalar.

A new loss is a function here and a file in ``conf/loss/``. Logits may have any float dtype. They
are taken to float32 at least, so that bfloat16 costs no precision here, and every loss and its
gradient are finite for logits up to ±1e4. Targets are 0 or 1. ``label_smoothing`` is ε of Szegedy
et al. 2016, from 0 to 1: a target t becomes t·(1 - ε) + ε/2, which bounds the logit that fits best.

Logit 0, probability 0.5, parts present from absent under all of them, but only plain cross-entropy
is at its least where sigmoid(logit) is the share of documents that have the label.
"""

import inspect
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

Loss = Callable[[Tensor, Tensor], Tensor]


def binary_cross_entropy(
    logits: Tensor, targets: Tensor, *, label_smoothing: float = 0.0
) -> Tensor:
    """Mean binary cross-entropy over documents and labels."""
    logits, targets = _prepared(logits, targets, label_smoothing)
    return functional.binary_cross_entropy_with_logits(logits, targets)


def weighted_binary_cross_entropy(
    logits: Tensor,
    targets: Tensor,
    *,
    prevalences: Tensor,
    power: float = 0.5,
    max_weight: float = 10.0,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Binary cross-entropy with more weight on the documents that have a rare label.

    A label of prevalence p counts ((1 - p) / p)^power where present, 1 where absent; mean over
    documents and labels. The best constant prediction has odds (p / (1 - p))^(1 - power): power 0
    is :func:`binary_cross_entropy`, power 1 makes every label look like a coin toss.

    ``prevalences`` (L,), from 0 to 1, come from :func:`with_prevalences`; ``power`` is at least 0.
    Weights stay in [1 / max_weight, max_weight], so that neither a single document rules a step nor
    a label that all documents have goes unlearnt; ``max_weight`` is at least 1.
    """
    logits, targets = _prepared(logits, targets, label_smoothing)
    prevalences = prevalences.to(logits)
    weights = ((1 - prevalences) / prevalences).pow(power).clamp(1 / max_weight, max_weight)
    return functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=weights)


def focal(
    logits: Tensor,
    targets: Tensor,
    *,
    gamma: float = 2.0,
    alpha: float | None = None,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Focal loss (Lin et al. 2017): cross-entropy that fades on what is predicted well.

    With p = sigmoid(logit), a present label costs -α·(1 - p)^γ·log p and an absent one
    -(1 - α)·p^γ·log(1 - p); mean over documents and labels. A smoothed target t costs t of the one
    and 1 - t of the other. Focusing already holds confidence back (Mukhoti et al. 2020), so less
    smoothing is needed. γ is at least 0; 0 is cross-entropy. α is from 0 to 1; None: weight 1 for
    both in place of α and 1 - α.
    """
    logits, targets = _prepared(logits, targets, label_smoothing)
    # Powers as exponentials of logarithms: for γ < 1, p^γ has no finite derivative at p = 0.
    log_p, log_not_p = functional.logsigmoid(logits), functional.logsigmoid(-logits)
    present = torch.exp(gamma * log_not_p) * log_p
    absent = torch.exp(gamma * log_p) * log_not_p
    if alpha is not None:
        present, absent = alpha * present, (1 - alpha) * absent
    return -(targets * present + (1 - targets) * absent).mean()


def asymmetric(
    logits: Tensor,
    targets: Tensor,
    *,
    gamma_pos: float = 0.0,
    gamma_neg: float = 4.0,
    clip: float = 0.05,
) -> Tensor:
    """Asymmetric loss (Ridnik et al. 2021): absent labels fade faster than present ones.

    With p = sigmoid(logit) and p_m = max(p - clip, 0), a present label costs
    -(1 - p)^gamma_pos·log p and an absent one -p_m^gamma_neg·log(1 - p_m). An absent label of
    p ≤ clip costs nothing, and one scored near 1, which may be a wrong target, has almost no
    gradient. The gammas are at least 0, ``clip`` is below 1; all 0 is cross-entropy.

    The mean over documents and labels is taken, where the authors' code takes the sum: the scale
    matters to the clipping of the gradient's norm, though not to AdamW. There is no label
    smoothing, since it would make the very labels cost again that ``clip`` lets go.
    """
    logits, targets = _prepared(logits, targets)
    log_p, log_not_p = functional.logsigmoid(logits), functional.logsigmoid(-logits)
    present = torch.exp(gamma_pos * log_not_p) * log_p
    # log(1 - p_m) = min(0, log(1 - p + clip)), without the cancellation of 1 - p for a large logit.
    log_not_shifted = torch.logaddexp(log_not_p, logits.new_full((), clip).log()).clamp(max=0)
    # Above 0, where a power below 1 has no finite derivative.
    shifted = (-torch.expm1(log_not_shifted)).clamp(min=torch.finfo(logits.dtype).tiny)
    absent = shifted.pow(gamma_neg) * log_not_shifted
    return -(targets * present + (1 - targets) * absent).mean()


def zlpr(logits: Tensor, targets: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """ZLPR (Su et al. 2022): present labels are to score above absent ones, and 0 lies between.

    With logits s, a document costs log(1 + Σ_absent e^s) + log(1 + Σ_present e^-s); mean over
    documents, so it grows with the logarithm of L. The labels of a document weigh on each other, as
    in a softmax, which spares rare labels the pull of many easy absences. Label smoothing is in the
    paper's form for soft targets t: log(1 + Σ (1 - t)·e^s) + log(1 + Σ t·e^-s).
    """
    logits, targets = _prepared(logits, targets, label_smoothing)
    zeros = logits.new_zeros(len(logits), 1)
    absent = torch.cat([zeros, logits + torch.log(1 - targets)], dim=1)
    present = torch.cat([zeros, -logits + torch.log(targets)], dim=1)
    return (absent.logsumexp(dim=1) + present.logsumexp(dim=1)).mean()


def with_prevalences(loss: Loss, prevalences: Tensor) -> Loss:
    """Bind the labels' shares of training documents, (L,), to a loss that takes ``prevalences``."""
    if "prevalences" in inspect.signature(loss).parameters:
        return partial(loss, prevalences=prevalences)  # type: ignore[call-arg]
    return loss


def _prepared(
    logits: Tensor, targets: Tensor, label_smoothing: float = 0.0
) -> tuple[Tensor, Tensor]:
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return logits, targets.to(logits.dtype) * (1 - label_smoothing) + label_smoothing / 2
