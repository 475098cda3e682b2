"""From the logits of windows to the logits of their documents.

Windows come as a flat batch, W of them, in any order: ``logits`` (W, L), and ``document`` (W,)
int64, which says which of the B ``documents`` each belongs to. Every document has a window. A
pooling returns (B, L). A new one is a function here and an entry in :data:`POOLINGS`, or a function
of your own package, named by ``model.pooling=mylab.top2``.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Pooling = Callable[[Tensor, Tensor, int], Tensor]


def max_pooling(logits: Tensor, document: Tensor, documents: int) -> Tensor:
    """Return each label's highest logit: a document has a label if one of its windows does."""
    index = document.unsqueeze(1).expand_as(logits)
    lowest = logits.new_full((documents, logits.shape[1]), -torch.inf)
    return lowest.scatter_reduce(0, index, logits, "amax", include_self=False)


def mean_pooling(logits: Tensor, document: Tensor, documents: int) -> Tensor:
    """Return each label's mean logit."""
    return _sum(logits, document, documents) / _counts(document, documents, logits)


def logsumexp_pooling(logits: Tensor, document: Tensor, documents: int) -> Tensor:
    """Return the log of the mean of the exponentials: between the mean and the maximum.

    ``log(1/n * sum_w exp(z_w))``; every window gets a gradient, the highest the most (Pinheiro &
    Collobert, "From image-level to pixel-level labeling with convolutional networks", 2015, with
    r = 1).
    """
    # The sum's scale is taken out, or large logits would overflow; its gradient cancels.
    highest = max_pooling(logits.detach(), document, documents)
    total = _sum(torch.exp(logits - highest[document]), document, documents)
    return highest + torch.log(total / _counts(document, documents, logits))


def attention_pooling(logits: Tensor, scores: Tensor, document: Tensor, documents: int) -> Tensor:
    """Return each label's mean logit, weighted by a softmax of its ``scores`` (W, L) over windows.

    Label-wise attention (Mullenbach et al., "Explainable prediction of medical codes from clinical
    text", 2018): each label attends to the windows that matter to it. There the windows' features
    are averaged and then scored; as the head is linear, averaging its logits is the same.
    """
    highest = max_pooling(scores.detach(), document, documents)
    weights = torch.exp(scores - highest[document])
    return _sum(weights * logits, document, documents) / _sum(weights, document, documents)


POOLINGS: dict[str, Pooling] = {
    "max": max_pooling,
    "logsumexp": logsumexp_pooling,
    "mean": mean_pooling,
}
# Every value of model.pooling; attention has weights of its own and so is no plain function.
POOLING_NAMES = (*POOLINGS, "attention")


def _sum(values: Tensor, document: Tensor, documents: int) -> Tensor:
    return values.new_zeros(documents, values.shape[1]).index_add(0, document, values)


def _counts(document: Tensor, documents: int, like: Tensor) -> Tensor:
    return _sum(like.new_ones(len(document), 1), document, documents)
