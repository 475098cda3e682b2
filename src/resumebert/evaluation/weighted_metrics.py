"""Every metric of documents that count more than once or not at all, for many weightings at a time.

A resample gives each group a weight and copies nothing: all counts of a block of resamples are one
matrix product, and the areas under curves are sorted once and then take running sums of weights.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from resumebert.evaluation.metrics import CALIBRATION_BINS

Floats = npt.NDArray[np.float64]
Weights = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
# Of (B, G) weights of G groups in B resamples: each metric's (B,) values.
Statistic = Callable[[Weights], dict[str, Floats]]

RATIOS = ("f1", "precision", "recall")
# Weights of documents held at once: few enough to stay in a core's cache.
_BLOCK = 2**18


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
    groups: npt.NDArray[np.intp]
    label_names: Sequence[str]

    @property
    def num_groups(self) -> int:
        """G."""
        return int(self.groups.max(initial=-1)) + 1

    @property
    def rows(self) -> int:
        """How many resamples are computed with at once, so that memory is bounded."""
        return max(1, _BLOCK // max(1, len(self.truth)))


def checked_documents(
    probabilities: npt.ArrayLike,
    targets: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    label_names: Sequence[str],
    groups: npt.ArrayLike | None,
) -> Documents:
    """Return the arguments of :func:`bootstrap_intervals` as documents, or raise ValueError."""
    scores, truth = np.asarray(probabilities, dtype=np.float64), np.asarray(targets)
    limits = np.asarray(thresholds, dtype=np.float64)
    names = tuple(label_names)
    numbers = np.arange(len(scores)) if groups is None else np.asarray(groups)
    if not names or len(set(names)) != len(names):
        raise ValueError("label_names must be distinct, and at least one")
    if scores.ndim != 2 or scores.shape != truth.shape or scores.shape[1] != len(names):
        raise ValueError(
            f"expected probabilities and targets of shape (n, {len(names)}), one column per label "
            f"name, but got {scores.shape} and {truth.shape}"
        )
    if limits.shape not in ((), (len(names),)):
        raise ValueError(
            f"thresholds must be one number or one for each of the {len(names)} labels, but have "
            f"shape {limits.shape}"
        )
    if numbers.shape != scores.shape[:1]:
        raise ValueError(f"expected {len(scores)} group numbers, but got shape {numbers.shape}")
    for what, values in (("probabilities", scores), ("thresholds", limits)):
        if not ((values >= 0) & (values <= 1)).all():
            raise ValueError(f"{what} must lie in [0, 1]")
    if not ((truth == 0) | (truth == 1)).all():
        raise ValueError("targets must be 0 or 1")
    places = np.unique(numbers, return_inverse=True)[1]
    return Documents(scores, scores >= limits, truth.astype(np.bool_), places, names)


def weighted_metrics(documents: Documents) -> Statistic:
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
            "ap_micro": np.concatenate([average_precision(Passed.of(pairs, w)) for w in parts]),
            "lrap": lrap,
            "coverage_error": coverage,
            "ranking_loss": loss,
            "ece": np.abs(gaps).sum(axis=0) / len(documents.label_names),
        }

    return statistic


def sum_by_group(values: Floats, documents: Documents) -> Floats:
    """Return (G, K) sums over the documents of each group of (n, K) values."""
    sums = np.zeros((documents.num_groups, values.shape[1]))
    np.add.at(sums, documents.groups, values)
    return sums


@np.errstate(invalid="ignore")
def decision_counts(documents: Documents) -> Floats:
    """Return (n, 3 L + 9) numbers whose sums :func:`decision_metrics` takes.

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
    """Return the (B,) metrics of decisions, by name.

    Args:
        counts: (B, 3 L + 9) sums over documents of :func:`decision_counts`.
        label_names: L names.
    """
    labels = len(label_names)
    by_label, own, defined = counts[:, : 3 * labels], counts[:, -9:-6], counts[:, -6:-3]
    hits, predicted, positives = np.split(by_label, 3, axis=1)
    exact, wrong, documents = counts[:, -3:].T
    micro = _ratios(hits.sum(axis=1), predicted.sum(axis=1), positives.sum(axis=1))
    found = {"subset_accuracy": exact / documents, "hamming_loss": wrong / (documents * labels)}
    for place, (name, values) in enumerate(
        zip(RATIOS, _ratios(hits, predicted, positives), strict=True)
    ):
        values = np.where(positives > 0, values, np.nan)
        found[f"{name}_micro"] = micro[place]
        found[f"{name}_macro"] = _mean_of_defined(values, np.ones_like(values))
        found[f"{name}_weighted"] = _mean_of_defined(values, positives)
        found[f"{name}_samples"] = own[:, place] / defined[:, place]
        found |= _by_label(name, values, label_names)
    return found


@dataclass(frozen=True)
class Curve:
    """K scored entries, sorted once, for the areas under their curves at any weights.

    Only where a true entry is passed do the areas grow: at the m distinct scores of these.

    Attributes:
        groups: (K,) the entries' groups, highest score first.
        hit_groups: (P,) those of the true entries, in the same order.
        ends: (m,) how many entries score no less than each of the m.
        hit_ends: (m + 1,) 0, then how many true entries do.
        ties: (t,) which of the m some false entry shares.
        tie_starts: (t,) how many entries score more.
        tie_hit_starts: (t,) how many true entries do.
    """

    groups: npt.NDArray[np.intp]
    hit_groups: npt.NDArray[np.intp]
    ends: npt.NDArray[np.intp]
    hit_ends: npt.NDArray[np.intp]
    ties: npt.NDArray[np.intp]
    tie_starts: npt.NDArray[np.intp]
    tie_hit_starts: npt.NDArray[np.intp]

    @classmethod
    def of(cls, scores: Floats, truth: Flags, groups: npt.NDArray[np.intp]) -> "Curve":
        """Sort (K,) scores, each true or not and of a group."""
        order = np.argsort(-scores, kind="stable")
        falling, hits = -scores[order], truth[order]
        levels = np.unique(falling[hits])
        starts, hit_starts = falling.searchsorted(levels), falling[hits].searchsorted(levels)
        ends = falling.searchsorted(levels, "right")
        hit_ends = falling[hits].searchsorted(levels, "right")
        ties = np.flatnonzero(ends - starts > hit_ends - hit_starts)
        return cls(
            groups=groups[order],
            hit_groups=groups[order][hits],
            ends=ends,
            hit_ends=np.append(0, hit_ends),
            ties=ties,
            tie_starts=starts[ties],
            tie_hit_starts=hit_starts[ties],
        )


@dataclass(frozen=True)
class Passed:
    """What a curve has passed at each of its m scores, from the highest down, at (B, G) weights.

    Attributes:
        curve: the curve.
        ranked: (B, K + 1) weight of the first 0, 1, … K entries.
        hits: (B, P + 1) weight of the first 0, 1, … P true entries.
        all: (B, m) weight of the entries passed.
        true: (B, m) weight of the true ones.
        gained: (B, m) weight of the true ones of the score itself.
    """

    curve: Curve
    ranked: Weights
    hits: Weights
    all: Floats
    true: Floats
    gained: Floats

    @classmethod
    def of(cls, curve: Curve, weights: Weights) -> "Passed":
        """Sum up the weights."""
        ranked = _running_sums(weights, curve.groups)
        hits = _running_sums(weights, curve.hit_groups)
        passed = ranked.take(curve.ends, axis=1).astype(np.float64)
        true = hits.take(curve.hit_ends, axis=1).astype(np.float64)
        return cls(curve, ranked, hits, passed, true[:, 1:], true[:, 1:] - true[:, :-1])


@np.errstate(invalid="ignore")
def average_precision(passed: Passed) -> Floats:
    """Return (B,) average precision as scikit-learn has it, ties passed at once; nan if no hit."""
    precision = passed.true / np.maximum(passed.all, 1)
    return np.asarray(np.einsum("bm,bm->b", passed.gained, precision) / passed.hits[:, -1])


@np.errstate(divide="ignore", invalid="ignore")
def roc_area(passed: Passed) -> Floats:
    """Return (B,) areas under the ROC curve, ties counted half (Hanley and McNeil 1982).

    ``nan`` where no weight is on true or none on false entries.
    """
    positives = passed.hits[:, -1].astype(np.float64)
    false = passed.all - passed.true
    # In whole numbers up to the division, so that the order of documents cannot matter.
    lost = 2 * np.einsum("bm,bm->b", passed.gained, false)
    curve = passed.curve
    if len(curve.ties):
        before = passed.ranked.take(curve.tie_starts, axis=1)
        before -= passed.hits.take(curve.tie_hit_starts, axis=1)
        tied = false.take(curve.ties, axis=1) - before
        lost -= np.einsum("bt,bt->b", passed.gained.take(curve.ties, axis=1), tied)
    return np.asarray(1 - lost / (2 * positives * (passed.ranked[:, -1] - positives)))


AREAS = {"ap": average_precision, "auroc": roc_area}


def label_curves(documents: Documents) -> dict[str, Curve]:
    """Return each label's curve by its name."""
    columns = zip(documents.label_names, documents.scores.T, documents.truth.T, strict=True)
    return {name: Curve.of(scores, truth, documents.groups) for name, scores, truth in columns}


@np.errstate(invalid="ignore")
def curve_metrics(
    curves: Mapping[str, Curve], weights: Weights, kinds: Sequence[str] = tuple(AREAS)
) -> dict[str, Floats]:
    """Return the (B,) areas of the labels at (B, G) weights and their means, by name.

    Args:
        curves: by label.
        weights: of the groups.
        kinds: ``ap`` for average precision, ``auroc`` for the area under the ROC curve.
    """
    areas: dict[str, list[Floats]] = {kind: [] for kind in kinds}
    for curve in curves.values():
        passed = Passed.of(curve, weights)
        for kind in kinds:
            areas[kind].append(AREAS[kind](passed))
    found = {}
    for kind, columns in areas.items():
        values = np.column_stack(columns)
        found[f"{kind}_macro"] = _mean_of_defined(values, np.ones_like(values))
        found |= _by_label(kind, values, list(curves))
    return found


def _running_sums(weights: Weights, groups: npt.NDArray[np.intp]) -> Weights:
    """Return (B, K + 1): the summed weights of the first 0, 1, … K of the (K,) groups."""
    sums = np.empty((len(weights), len(groups) + 1), dtype=np.int32)
    sums[:, 0] = 0
    np.cumsum(weights.take(groups, axis=1), axis=1, out=sums[:, 1:])
    return sums


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
    """Return (n, 15): truth minus probability, summed over the document's pairs of each bin."""
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
