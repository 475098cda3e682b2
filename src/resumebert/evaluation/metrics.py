"""Multi-label metrics, computed once, over all documents of a split, in float64.

A prediction is ``probability >= threshold``. Every value equals scikit-learn's on the same
predictions; what is *undefined* is ``nan``, never 0:

* a ratio 0/0 is undefined and is left out of averages (scikit-learn's ``zero_division=np.nan``);
* a label without a positive example in the truth is undefined in each of its metrics and is left
  out of every macro and weighted average, so that an absent label is never counted as 0.

Documents may count more than once or not at all, for many weightings at a time. A resample gives
each group a weight and copies nothing: all counts of a block of resamples are one matrix product.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from resumebert.evaluation.areas import KINDS, Curve, Flags, Floats, Indices, Weights
from resumebert.evaluation.registry import Metric, metric_names
from resumebert.utils.errors import UserError
from resumebert.utils.floats import to_float64

# Of (B, G) weights of G groups in B resamples: each metric's (B,) values.
Statistic = Callable[[Weights], dict[str, Floats]]

RATIOS = ("f1", "precision", "recall")
CALIBRATION_BINS = 15
# Weights of documents held at once: few enough to stay in a core's cache.
_BLOCK = 2**18


def multilabel_metrics(
    probabilities: Tensor | npt.NDArray[Any],
    targets: Tensor | npt.NDArray[Any],
    label_names: Sequence[str],
    threshold: float | Sequence[float] = 0.5,
    metrics: Sequence[Metric] = (),
) -> dict[str, float]:
    """Compute every metric of n documents and L labels, and the counts.

    The definition of each is in :mod:`resumebert.evaluation.registry`. ``f1/<label>`` and the like
    are of one label; ``support/<label>`` is how many documents have it, ``n`` how many there are. A
    macro average is the mean over the labels with a positive example, a weighted one is weighted
    by their positives, and micro is of the counts summed over all labels, absent ones too.

    The area under the ROC curve of a label that every document has is undefined as well. The three
    ranking metrics follow scikit-learn for documents with no label or with all: LRAP 1, ranking
    loss 0, coverage 0 and L. Without documents everything but the counts is undefined.

    Definitions: the user guide of ``sklearn.metrics``, and for the ranking metrics Tsoumakas,
    Katakis and Vlahavas, "Mining multi-label data" (2010), with tied labels ranked last.

    Args:
        probabilities: (n, L), a tensor or an array, in [0, 1]; n may be 0.
        targets: (n, L), likewise, each 0 or 1, any dtype.
        label_names: the L label names, distinct, in the order of the columns.
        threshold: one number in [0, 1], or one per label.
        metrics: of one's own, see :mod:`resumebert.evaluation.registry`.

    Returns:
        The values by name; ``nan`` where undefined.

    Raises:
        ValueError: the arguments do not fit each other, or a value is not finite or out of range.
        UserError: a metric of one's own fails.
    """
    documents = _documents(probabilities, targets, label_names, threshold)
    found = estimates(weighted_metrics(documents, metrics), documents)
    names = metric_names(documents.label_names, metrics)
    return {name: found[name] for name in names} | documents.counts


def multilabel_decisions(
    probabilities: Tensor,
    targets: Tensor,
    label_names: Sequence[str],
    threshold: float | Sequence[float] = 0.5,
) -> dict[str, float]:
    """Compute what of :func:`multilabel_metrics` takes decisions alone, in a tenth of the time."""
    documents = _documents(probabilities, targets, label_names, threshold)
    counts = decision_counts(documents).sum(axis=0, keepdims=True)
    found = decision_metrics(counts, documents.label_names)
    return {name: float(value) for name, [value] in found.items()}


def _documents(
    probabilities: Tensor | npt.NDArray[Any],
    targets: Tensor | npt.NDArray[Any],
    label_names: Sequence[str],
    threshold: float | Sequence[float],
) -> "Documents":
    given = torch.as_tensor(probabilities)
    if not given.is_floating_point():
        raise ValueError(f"expected floating-point scores, but got {given.dtype}")
    scores, truth = (to_float64(x).cpu().numpy() for x in (given, torch.as_tensor(targets)))
    return checked_documents(scores, truth, threshold, label_names)


def to_json_values(metrics: Mapping[str, float]) -> dict[str, float | None]:
    """Return the metrics with ``None`` for what JSON has no number for: nan and the infinities."""
    return {name: float(v) if math.isfinite(v) else None for name, v in metrics.items()}


def undefined(metrics: Mapping[str, float]) -> list[str]:
    """Return the names of the metrics that are nan, in their order."""
    return [name for name, value in metrics.items() if math.isnan(value)]


@dataclass(frozen=True)
class Documents:
    """What a model gave for n documents and L labels, and what is true of them.

    Attributes:
        scores: (n, L), the higher the likelier.
        predicted: (n, L) decisions.
        truth: (n, L).
        groups: (n,) group number of each document, counted up from 0.
        label_names: L names.
    """

    scores: Floats
    predicted: Flags
    truth: Flags
    groups: Indices
    label_names: Sequence[str]

    @property
    def num_groups(self) -> int:
        """G."""
        return int(self.groups.max(initial=-1)) + 1

    @property
    def rows(self) -> int:
        """How many resamples are computed with at once, so that memory is bounded."""
        return max(1, _BLOCK // max(1, len(self.truth)))

    @property
    def counts(self) -> dict[str, float]:
        """``support/<label>``, how many documents have it, and ``n``, how many there are."""
        names = [*(f"support/{name}" for name in self.label_names), "n"]
        counts = [*self.truth.sum(axis=0).tolist(), len(self.truth)]
        return dict(zip(names, map(float, counts), strict=True))


def only_groups(groups: npt.ArrayLike) -> Documents:
    """Return documents of which nothing but the (n,) group numbers is known, to be resampled."""
    numbers = np.unique(groups, return_inverse=True)[1]
    nothing = np.zeros((len(numbers), 0))
    return Documents(nothing, nothing > 0, nothing > 0, numbers, ())


def estimates(statistic: Statistic, documents: Documents) -> dict[str, float]:
    """Return the values of a statistic for the documents as they are, by name."""
    found = statistic(np.ones((1, documents.num_groups), dtype=np.int32))
    return {name: float(value) for name, [value] in found.items()}


def difference(first: Mapping[str, Floats], second: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return second − first, by name."""
    return {name: second[name] - values for name, values in first.items()}


def checked_documents(
    probabilities: npt.ArrayLike,
    targets: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    label_names: Sequence[str],
    groups: npt.ArrayLike | None = None,
) -> Documents:
    """Return the arguments, which :func:`bootstrap_intervals` describes, as documents.

    Raises:
        ValueError: they do not fit each other, or a value is not finite or out of range.
    """
    scores, truth = np.asarray(probabilities, dtype=np.float64), np.asarray(targets)
    limits, names = np.asarray(thresholds, dtype=np.float64), tuple(label_names)
    numbers = np.arange(len(scores)) if groups is None else np.asarray(groups)
    if not names or len(set(names)) != len(names):
        raise ValueError("label_names must be distinct, and at least one")
    if scores.ndim != 2 or scores.shape != truth.shape or scores.shape[1] != len(names):
        raise ValueError(
            f"expected probabilities and targets of shape (n, {len(names)}), one column per label "
            f"name, but got {scores.shape} and {truth.shape}"
        )
    if limits.shape not in ((), (len(names),)) or not ((limits >= 0) & (limits <= 1)).all():
        raise ValueError(
            f"a threshold must lie in [0, 1], and thresholds must be one number or one for each of "
            f"the {len(names)} labels, but got {limits.tolist()}"
        )
    if numbers.shape != scores.shape[:1]:
        raise ValueError(f"expected {len(scores)} group numbers, but got shape {numbers.shape}")
    bad = int((~np.isfinite(scores)).any(axis=1).sum())
    if bad:
        raise ValueError(
            "probabilities must be finite, but there are non-finite probabilities in "
            f"{bad} of {len(scores)} documents"
        )
    if not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError("probabilities must lie in [0, 1]; were logits passed?")
    if not ((truth == 0) | (truth == 1)).all():
        raise ValueError("targets must be 0 or 1")
    places = np.unique(numbers, return_inverse=True)[1]
    return Documents(scores, scores >= limits, truth.astype(np.bool_), places, names)


def weighted_metrics(documents: Documents, metrics: Sequence[Metric] = ()) -> Statistic:
    """Return :func:`multilabel_metrics` without its counts, as a function of groups' weights.

    Its values are those of the documents repeated as often as their groups' weights say.
    """
    decisions = decision_counts(documents)
    per_document = [decisions, *_document_rankings(documents), _calibration_gaps(documents)]
    table = sum_by_group(np.column_stack(per_document), documents)
    curves = label_curves(documents)
    pairs = Curve.of(
        documents.scores.ravel(),
        documents.truth.ravel(),
        np.repeat(documents.groups, len(documents.label_names)),
    )

    @np.errstate(divide="ignore", invalid="ignore")
    def statistic(weights: Weights) -> dict[str, Floats]:
        sums = weights @ table
        counts, others = np.split(sums, [decisions.shape[1]], axis=1)
        lrap, coverage, loss, *gaps = (others / counts[:, -1:]).T
        found = decision_metrics(counts, documents.label_names)
        found |= curve_metrics(curves, weights)
        # In parts, so that all pairs take no more memory than the documents of one label.
        parts = np.array_split(weights, len(documents.label_names))
        return found | {
            "ap_micro": np.concatenate([pairs.areas(part, ["ap"])["ap"] for part in parts]),
            "lrap": lrap,
            "coverage_error": coverage,
            "ranking_loss": loss,
            "ece": np.abs(gaps).sum(axis=0) / len(documents.label_names),
            **own_metrics(metrics, documents, weights),
        }

    return statistic


def own_metrics(
    metrics: Sequence[Metric], documents: Documents, weights: Weights
) -> dict[str, Floats]:
    """Return the (B,) values of a user's metrics, of documents repeated as the weights say.

    Raises:
        UserError: one fails, or what it returns is no number.
    """
    parts = documents.scores, documents.truth, documents.predicted
    found = {metric.name: np.full(len(weights), np.nan) for metric in metrics}
    for place, times in enumerate(weights if len(documents.truth) and metrics else ()):
        rows = np.repeat(np.arange(len(documents.truth)), times[documents.groups])
        drawn = [part[rows] for part in parts]
        for metric in metrics:
            assert metric.function is not None
            try:
                found[metric.name][place] = float(metric.function(*drawn))
            except Exception as error:
                raise UserError(
                    f"evaluation.metrics: {metric.name} failed on {len(rows)} documents "
                    f"({type(error).__name__}: {error}). It must return a number for any "
                    "documents, nan where it is undefined."
                ) from error
    return found


def sum_by_group(values: Floats, documents: Documents) -> Floats:
    """Return (G, K) sums over the documents of each group of (n, K) values."""
    sums = np.zeros((documents.num_groups, values.shape[1]))
    np.add.at(sums, documents.groups, values)
    return sums


def decision_statistic(documents: Documents, names: Sequence[str]) -> Statistic:
    """Return those metrics of decisions, as a function of groups' weights."""
    table = sum_by_group(decision_counts(documents), documents)

    def statistic(weights: Weights) -> dict[str, Floats]:
        found = decision_metrics(weights @ table, documents.label_names)
        return {name: found[name] for name in names}

    return statistic


@np.errstate(invalid="ignore")
def decision_counts(documents: Documents) -> Floats:
    """Return (n, 3 L + 9) counts of each document.

    Of each label hits, predicted, true; of the document its own F1, precision and recall with 0
    for undefined, whether each is defined, whether all labels are right, the wrong ones, and 1.
    """
    predicted, truth = documents.predicted, documents.truth
    hits = predicted & truth
    own = np.column_stack(_ratios(*(flags.sum(axis=1) for flags in (hits, predicted, truth))))
    wrong = (predicted != truth).sum(axis=1)
    columns = [hits, predicted, truth, np.nan_to_num(own), ~np.isnan(own), wrong == 0, wrong]
    return np.column_stack([*columns, np.ones(len(truth))]).astype(np.float64)


@np.errstate(divide="ignore", invalid="ignore")
def decision_metrics(counts: Floats, label_names: Sequence[str]) -> dict[str, Floats]:
    """Return the (B,) metrics of decisions by name, of (B, 3 L + 9) :func:`decision_counts`."""
    labels = len(label_names)
    by_label, own, defined = counts[:, : 3 * labels], counts[:, -9:-6], counts[:, -6:-3]
    hits, predicted, positives = np.split(by_label, 3, axis=1)
    exact, wrong, documents = counts[:, -3:].T
    micro = _ratios(hits.sum(axis=1), predicted.sum(axis=1), positives.sum(axis=1))
    found = {"subset_accuracy": exact / documents, "hamming_loss": wrong / (documents * labels)}
    ratios = _ratios(hits, predicted, positives)
    for place, (name, values) in enumerate(zip(RATIOS, ratios, strict=True)):
        values = np.where(positives > 0, values, np.nan)
        found[f"{name}_micro"] = micro[place]
        found[f"{name}_macro"] = _mean_of_defined(values, np.ones_like(values))
        found[f"{name}_weighted"] = _mean_of_defined(values, positives)
        found[f"{name}_samples"] = own[:, place] / defined[:, place]
        found |= _by_label(name, values, label_names)
    return found


def label_curves(documents: Documents) -> dict[str, Curve]:
    """Return each label's curve by its name."""
    columns = zip(documents.label_names, documents.scores.T, documents.truth.T, strict=True)
    return {name: Curve.of(scores, truth, documents.groups) for name, scores, truth in columns}


@np.errstate(invalid="ignore")
def curve_metrics(
    curves: Mapping[str, Curve], weights: Weights, kinds: Sequence[str] = KINDS
) -> dict[str, Floats]:
    """Return the (B,) areas under each label's curve at (B, G) weights, and their means, by name.

    Of the ``kinds``, ``ap`` is average precision and ``auroc`` the area under the ROC curve.
    """
    areas = [curve.areas(weights, kinds) for curve in curves.values()]
    found = {}
    for kind in kinds:
        values = np.column_stack([of_label[kind] for of_label in areas])
        found[f"{kind}_macro"] = _mean_of_defined(values, np.ones_like(values))
        found |= _by_label(kind, values, list(curves))
    return found


def _document_rankings(documents: Documents) -> tuple[Floats, Floats, Floats]:
    """Return (n,) LRAP, coverage error and ranking loss of each document, tied labels last."""
    scores, truth = documents.scores, documents.truth
    rank, hits_above = np.zeros(truth.shape), np.zeros(truth.shape)
    for label, own in enumerate(scores.T):
        no_lower = scores >= own[:, None]
        rank[:, label] = no_lower.sum(axis=1)
        hits_above[:, label] = (no_lower & truth).sum(axis=1)
    positives = truth.sum(axis=1)
    pairs = positives * (truth.shape[1] - positives)
    lrap = (hits_above / rank).sum(axis=1, where=truth) / np.maximum(positives, 1)
    loss = (rank - hits_above).sum(axis=1, where=truth) / np.maximum(pairs, 1)
    coverage = rank.max(axis=1, where=truth, initial=0)
    return np.where(pairs > 0, lrap, 1.0), coverage, loss


def _calibration_gaps(documents: Documents) -> Floats:
    """Return (n, 15): truth minus probability, summed over the document's pairs of each bin.

    The calibration error is the mean over all (document, label) pairs of |share of positives − mean
    probability| of the pair's bin, with 15 bins ((b − 1)/15, b/15] and 0 in the first (Guo et al.,
    "On calibration of modern neural networks", 2017).
    """
    edges = np.arange(1, CALIBRATION_BINS) / CALIBRATION_BINS
    bins = edges.searchsorted(documents.scores)
    gaps = documents.truth - documents.scores
    return np.column_stack(
        [gaps.sum(axis=1, where=bins == number) for number in range(CALIBRATION_BINS)]
    )


def _ratios(hits: Floats, predicted: Floats, true: Floats) -> tuple[Floats, Floats, Floats]:
    """Return F1, precision and recall of counts of one shape; nan where 0/0."""
    return 2 * hits / (predicted + true), hits / predicted, hits / true


def _mean_of_defined(values: Floats, weights: Floats) -> Floats:
    """Return the (B,) weighted means of those of (B, L) values that are not nan."""
    defined = ~np.isnan(values)
    total = (values * weights).sum(axis=1, where=defined)
    return np.asarray(total / weights.sum(axis=1, where=defined))


def _by_label(kind: str, values: Floats, label_names: Sequence[str]) -> dict[str, Floats]:
    return {f"{kind}/{name}": v for name, v in zip(label_names, values.T, strict=True)}
