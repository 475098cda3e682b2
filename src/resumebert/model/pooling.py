"""From the logits of windows to the logits of their documents.

Windows come as a flat batch, W of them, in any order: ``logits`` (W, L), and ``document`` (W,)
int64, which says which of the B ``documents`` each belongs to. Every document has a window. A
pooling returns (B, L). A new one is a function here and an entry in :data:`POOLINGS`, or a function
of your own package, named by ``model.pooling=mylab.top2``.

Those in :data:`SCORED_POOLINGS` also get (W, L) ``scores``, which a second linear head makes of the
same windows.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Pooling = Callable[[Tensor, Tensor, int], Tensor]
ScoredPooling = Callable[[Tensor, Tensor, Tensor, int], Tensor]

# Of gated pooling: how many windows the scores are averaged over, and how fast the gate closes.
# Trained with the rest of the model from 1 on, this slope came to 0.3 to 0.4 on the full corpus.
TOP = 4
SLOPE = 0.4


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


def top_pooling(logits: Tensor, document: Tensor, documents: int, count: int = TOP) -> Tensor:
    """Return the mean of each label's ``count`` highest logits; of all, where there are fewer."""
    windows, labels = logits.shape
    index = document.unsqueeze(1).expand_as(logits)
    places = torch.arange(windows, device=logits.device).unsqueeze(1).expand_as(logits)
    # The last row is for documents whose windows have run out.
    rest = torch.cat([logits, logits.new_full((1, labels), -torch.inf)])
    total, found = logits.new_zeros(documents, labels), logits.new_zeros(documents, labels)
    for _ in range(count):
        left = rest[:-1].detach()
        highest = max_pooling(left, document, documents)[document]
        wanted = torch.where((left == highest) & left.isfinite(), places, windows)
        # One window, although several may be equal.
        first = index.new_full((documents, labels), windows)
        first = first.scatter_reduce(0, index, wanted, "amin")
        is_there = first < windows
        total = total + torch.where(is_there, rest.gather(0, first), 0.0)
        found = found + is_there
        rest = rest.scatter(0, first, -torch.inf)
    return total / found


def gated_pooling(logits: Tensor, scores: Tensor, document: Tensor, documents: int) -> Tensor:
    """Return the maximum of the logits, and the scores as far as no window names any label.

    ``z_l = max_w t_wl + σ(−a · max_l max_w t_wl) · top_w d_wl`` with logits t, scores d, the mean
    of the :data:`TOP` highest scores and the :data:`SLOPE` a. A title in one window settles the
    labels of a text; then the gate is nearly shut, and what all texts of an occupation have in
    common (duties, skills), which by itself would make mistakes, adds little. Else it opens. It
    is a mixture of two experts whose gate is one's confidence (Jacobs et al., "Adaptive mixtures of
    local experts", 1991). It wants ``data.mask_label_words``, or no text of the training lacks a
    title.
    """
    named = max_pooling(logits, document, documents)
    gate = torch.sigmoid(-SLOPE * named.amax(dim=1, keepdim=True))
    return named + gate * top_pooling(scores, document, documents)


POOLINGS: dict[str, Pooling] = {
    "max": max_pooling,
    "logsumexp": logsumexp_pooling,
    "mean": mean_pooling,
}
# Those with weights of their own, which make the scores.
SCORED_POOLINGS: dict[str, ScoredPooling] = {
    "attention": attention_pooling,
    "gated": gated_pooling,
}
# Every value of model.pooling.
POOLING_NAMES = (*POOLINGS, *SCORED_POOLINGS)


def pooled(
    pooling: str | Pooling, logits: Tensor, scores: Tensor | None, document: Tensor, documents: int
) -> Tensor:
    """Return the logits (B, L) of documents, by one of ``POOLING_NAMES`` or a function."""
    if isinstance(pooling, str) and scores is not None:
        return SCORED_POOLINGS[pooling](logits, scores, document, documents)
    function = POOLINGS[pooling] if isinstance(pooling, str) else pooling
    return function(logits, document, documents)


def _sum(values: Tensor, document: Tensor, documents: int) -> Tensor:
    return values.new_zeros(documents, values.shape[1]).index_add(0, document, values)


def _counts(document: Tensor, documents: int, like: Tensor) -> Tensor:
    return _sum(like.new_ones(len(document), 1), document, documents)
