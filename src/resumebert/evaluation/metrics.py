"""Multi-label metrics of one split: computed once, over all its documents, in float64.

A prediction is ``probability >= threshold``. Every value equals scikit-learn's on the same
predictions; what is *undefined* is ``nan``, never 0:

* a ratio 0/0 is undefined and is left out of averages (scikit-learn's ``zero_division=np.nan``);
* a label without a positive example in the truth is undefined in each of its metrics and is left
  out of every macro and weighted average, so that an absent label is never counted as 0.

The counts come from torchmetrics. The curves and rankings are computed here: torchmetrics' ranking
loss breaks ties by ``argsort``, its LRAP loops over documents in Python and sums in float32, its
average precision and AUROC divide in float32 and call an absent label 0.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad
from torchmetrics.functional.classification import multilabel_stat_scores

CALIBRATION_BINS = 15
# Entries ranked at once: some 300 MB of temporaries.
_BLOCK = 2**22


def to_probabilities(logits: Tensor) -> Tensor:
    """Return the sigmoid of logits of any shape and floating dtype, in float64.

    Equal logits give equal probabilities, whatever their place. ``torch.sigmoid`` does not: on a
    CPU the last bit of its result depends on the element's index, which breaks ties at random. And
    in float32 the sigmoid is 1 from logit 17 on, which makes ties; in float64 from 37 on.
    """
    return 1 / (1 + torch.exp(-to_float64(logits)))


def widest_float(device: torch.device) -> torch.dtype:
    """Return the widest floating dtype of a device: Apple's GPUs have no float64."""
    return torch.float32 if device.type == "mps" else torch.float64


def to_float64(values: Tensor) -> Tensor:
    """Return the values in float64, detached, on the CPU where the device has none."""
    if widest_float(values.device) != torch.float64:
        values = values.cpu()
    return values.detach().double()


def multilabel_metrics(
    probabilities: Tensor,
    targets: Tensor,
    label_names: Sequence[str],
    threshold: float | Sequence[float] = 0.5,
) -> dict[str, float]:
    """Compute every metric of n documents and L labels.

    =========================== ====================================================================
    key                         value
    =========================== ====================================================================
    ``f1_*``                    2 TP / (2 TP + FP + FN), in [0, 1]; ``precision_*`` TP / (TP + FP)
                                and ``recall_*`` TP / (TP + FN) likewise
    ``…_micro``                 of the counts summed over all labels, absent ones too
    ``…_macro``                 mean over the labels with a positive example
    ``…_weighted``              mean over those labels, weighted by their positives
    ``…_samples``               mean of each document's own value
    ``subset_accuracy``         share of documents with every label right, in [0, 1]
    ``hamming_loss``            share of (document, label) pairs that are wrong, in [0, 1]
    ``ap_micro``, ``ap_macro``  average precision, Σ (Rₙ − Rₙ₋₁) Pₙ not interpolated, in (0, 1];
                                of all pairs, and the mean over labels
    ``auroc_macro``             mean over labels of the area under the ROC curve, in [0, 1]
    ``lrap``                    label ranking average precision, in (0, 1]
    ``coverage_error``          mean rank of the lowest-ranked true label, in [0, L]
    ``ranking_loss``            share of (true, false) label pairs ranked wrongly, in [0, 1]
    ``ece``                     calibration error of all pairs, in [0, 1]; see :func:`_ece`
    ``f1/<label>``, …           ``f1``, ``precision``, ``recall``, ``ap``, ``auroc`` of one label
    ``support/<label>``         positives of one label in the truth
    ``n``                       documents
    =========================== ====================================================================

    The area under the ROC curve of a label that every document has is undefined as well. The three
    ranking metrics follow scikit-learn for documents with no label or with all: LRAP 1, ranking
    loss 0, coverage 0 and L. Without documents everything but the counts is undefined.

    Definitions: the user guide of ``sklearn.metrics``, and for the ranking metrics Tsoumakas,
    Katakis and Vlahavas, "Mining multi-label data" (2010), with tied labels ranked last.

    Args:
        probabilities: (n, L), in [0, 1], computed with in float64; n may be 0.
        targets: (n, L), each 0 or 1, any dtype.
        label_names: the L label names, distinct, in the order of the columns.
        threshold: one number in [0, 1], or one per label.

    Returns:
        The values by name; ``nan`` where undefined.

    Raises:
        ValueError: the arguments do not fit each other, or a value is not finite or out of range.

    """
    names = _checked_names(label_names)
    limits = _checked_threshold(threshold, len(names))
    _check_shapes(probabilities, targets, len(names))
    # Else `searchsorted` warns that it copies.
    probabilities = to_float64(probabilities).contiguous()
    targets = targets.to(probabilities.device)
    _check_values(probabilities, targets)

    truth = targets.bool()
    predicted = probabilities >= torch.as_tensor(limits, dtype=torch.float64, device=truth.device)
    overall, by_label = _count_ratios(predicted, truth)
    columns = zip(probabilities.T.contiguous(), truth.T.contiguous(), strict=True)
    average_precision, auroc = (
        torch.stack(areas)
        for areas in zip(*(_curve_areas(*column) for column in columns), strict=True)
    )
    ap_micro, _ = _curve_areas(probabilities.flatten(), truth.flatten())
    by_label |= {"ap": average_precision, "auroc": auroc, "support": truth.sum(0).double()}
    overall |= {
        "subset_accuracy": (predicted == truth).all(1).double().mean(),
        "hamming_loss": (predicted != truth).double().mean(),
        "ap_micro": ap_micro,
        "ap_macro": average_precision.nanmean(),
        "auroc_macro": auroc.nanmean(),
        **_ranking_metrics(probabilities, truth),
        "ece": _ece(probabilities, truth),
    }
    metrics = {name: float(value) for name, value in overall.items()}
    for kind, values in by_label.items():
        metrics |= {f"{kind}/{name}": v for name, v in zip(names, values.tolist(), strict=True)}
    return metrics | {"n": float(len(truth))}


def to_json_values(metrics: Mapping[str, float]) -> dict[str, float | None]:
    """Return the metrics with ``None`` for what JSON has no number for: nan and the infinities."""
    return {name: float(v) if math.isfinite(v) else None for name, v in metrics.items()}


def undefined(metrics: Mapping[str, float]) -> list[str]:
    """Return the names of the metrics that are nan, in their order."""
    return [name for name, value in metrics.items() if math.isnan(value)]


def _count_ratios(predicted: Tensor, truth: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return F1, precision and recall of (n, L) decisions: the averages, and (L,) per label."""
    label_counts = _counts(predicted, truth)
    support = truth.sum(0)
    micro = _f1_precision_recall(label_counts.sum(0))
    samples = _f1_precision_recall(_counts(predicted.T, truth.T))
    overall, by_label = {}, {}
    for name, values in _f1_precision_recall(label_counts).items():
        by_label[name] = values.where(support > 0, math.nan)
        overall[f"{name}_micro"] = micro[name]
        overall[f"{name}_macro"] = by_label[name].nanmean()
        overall[f"{name}_weighted"] = _weighted_mean(by_label[name], support)
        overall[f"{name}_samples"] = samples[name].nanmean()
    return overall, by_label


def _counts(predicted: Tensor, truth: Tensor) -> Tensor:
    """Return (columns, 5) int64 TP, FP, TN, FN, support of the columns of (rows, columns)."""
    columns = truth.shape[1]
    if truth.numel() == 0:  # torchmetrics cannot reshape it
        return torch.zeros(columns, 5, dtype=torch.int64, device=truth.device)
    # Unvalidated, because torchmetrics' validation refuses a single label.
    counts = multilabel_stat_scores(
        predicted.int(), truth.int(), num_labels=columns, average=None, validate_args=False
    )
    return counts.reshape(columns, 5)


def _f1_precision_recall(counts: Tensor) -> dict[str, Tensor]:
    """Return the three ratios, shaped (…), of counts (…, 5); nan where 0/0."""
    tp, fp, _, fn, _ = counts.double().unbind(-1)
    return {
        "f1": 2 * tp / (2 * tp + fp + fn),
        "precision": tp / (tp + fp),
        "recall": tp / (tp + fn),
    }


def _weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean of the values that are not nan; nan if there is none."""
    defined = ~values.isnan()
    return (values * weights)[defined].sum() / weights[defined].sum()


def _curve_areas(scores: Tensor, relevant: Tensor) -> tuple[Tensor, Tensor]:
    """Return average precision and ROC area of (K,) scores, (K,) relevant or not; nan if undefined.

    Average precision is the mean over the relevant entries of the precision at their score. The ROC
    area is the Mann–Whitney statistic with ties counted half (Hanley and McNeil 1982).
    """
    ordered, hits = scores.sort().values, scores[relevant].sort().values
    total, positives = len(ordered), len(hits)
    lower = torch.searchsorted(ordered, hits)
    not_higher = torch.searchsorted(ordered, hits, right=True)
    hits_above = positives - torch.searchsorted(hits, hits)
    precision = hits_above / (total - lower).double()
    # In whole numbers up to the division, so that the order of documents cannot matter.
    rank_sum = (lower + not_higher + 1).sum() - positives * (positives + 1)
    return precision.mean(), rank_sum.double() / (2 * positives * (total - positives))


def _ranking_metrics(scores: Tensor, relevant: Tensor) -> dict[str, Tensor]:
    """Return LRAP, coverage error and ranking loss of (n, L); each nan if n is 0."""
    rows = max(1, _BLOCK // relevant.shape[1])
    blocks = zip(scores.split(rows), relevant.split(rows), strict=True)
    parts = [_document_rankings(*block) for block in blocks]
    lrap, coverage, loss = torch.cat(parts, dim=1).mean(1)
    return {"lrap": lrap, "coverage_error": coverage, "ranking_loss": loss}


def _document_rankings(scores: Tensor, relevant: Tensor) -> Tensor:
    """Return (3, n) LRAP, coverage and ranking loss of each document of (n, L)."""
    ordered, order = scores.sort(dim=-1)
    hits = relevant.gather(-1, order)
    # How many labels, and how many true ones, score no less than each label, ties and itself
    # included: the first is the label's rank with ties ranked last.
    lower = torch.searchsorted(ordered, ordered)
    rank = relevant.shape[1] - lower
    positives = hits.sum(-1)
    hits_above = positives[:, None] - pad(hits.cumsum(-1), (1, 0)).gather(-1, lower)
    pairs = positives * (relevant.shape[1] - positives)
    lrap = (hits_above / rank.double() * hits).sum(-1) / positives
    coverage = (rank * hits).amax(-1).double()
    loss = ((rank - hits_above) * hits).sum(-1).double() / pairs
    return torch.stack([lrap.where(pairs > 0, 1.0), coverage, loss.where(pairs > 0, 0.0)])


def _ece(probabilities: Tensor, truth: Tensor) -> Tensor:
    """Return the expected calibration error of the probabilities of "yes"; nan if there is none.

    The mean over all (document, label) pairs of |share of positives − mean probability| of the
    pair's bin, with 15 bins ((b − 1)/15, b/15] and 0 in the first (Guo et al., "On calibration of
    modern neural networks", 2017). torchmetrics puts probability 1 in a bin of its own.
    """
    edges = torch.arange(1, CALIBRATION_BINS, device=truth.device).double() / CALIBRATION_BINS
    bins = torch.bucketize(probabilities, edges)
    gaps = truth.double() - probabilities
    # Masks rather than `bincount`, which has no deterministic CUDA version for weights.
    per_bin = torch.stack([gaps[bins == b].sum() for b in range(CALIBRATION_BINS)])
    return per_bin.abs().sum() / gaps.numel()


def _checked_names(label_names: Iterable[str]) -> tuple[str, ...]:
    """Return the label names as a tuple, or raise ValueError."""
    names = tuple(label_names)
    if not names:
        raise ValueError("label_names is empty: at least one label is needed")
    if len(set(names)) != len(names):
        raise ValueError("label_names has a name twice; the metrics of one would hide the other's")
    return names


def _checked_threshold(
    threshold: float | Sequence[float], num_labels: int
) -> float | tuple[float, ...]:
    """Return the threshold as a float or as a tuple of L floats, or raise ValueError."""
    values = torch.as_tensor(threshold, dtype=torch.float64)
    if values.shape not in ((), (num_labels,)):
        raise ValueError(
            f"threshold must be one number or one for each of the {num_labels} labels, "
            f"but has shape {tuple(values.shape)}"
        )
    if not bool(((values >= 0) & (values <= 1)).all()):
        raise ValueError(f"threshold must lie in [0, 1], but is {values.tolist()}")
    return float(values) if values.ndim == 0 else tuple(values.tolist())


def _check_shapes(scores: Tensor, targets: Tensor, num_labels: int) -> None:
    """Raise ValueError unless both are (n, L) and the scores are floating."""
    if scores.ndim != 2 or scores.shape != targets.shape or scores.shape[1] != num_labels:
        raise ValueError(
            f"expected scores and targets of shape (n, {num_labels}), one column per label name, "
            f"but got {tuple(scores.shape)} and {tuple(targets.shape)}"
        )
    if not scores.is_floating_point():
        raise ValueError(f"expected floating-point scores, but got {scores.dtype}")


def _check_values(probabilities: Tensor, targets: Tensor) -> None:
    """Raise ValueError unless probabilities are finite and in [0, 1] and targets are 0 or 1."""
    bad = int((~probabilities.isfinite()).any(1).sum())
    if bad:
        raise ValueError(f"non-finite probabilities in {bad} of {len(targets)} documents")
    if bool(((probabilities < 0) | (probabilities > 1)).any()):
        raise ValueError("probabilities outside [0, 1]; were logits passed?")
    if not bool(((targets == 0) | (targets == 1)).all()):
        raise ValueError("targets must be 0 or 1")
