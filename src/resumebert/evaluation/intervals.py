"""How far the choice of documents moves each metric: bootstrap intervals, by groups of documents.

Copies of a document stand and fall together, so what is resampled is whole groups of them (the
cluster bootstrap: Field and Welsh, "Bootstrapping clustered data", 2007). The model and its
thresholds stay as they are: what another training run would give is not in the interval.

The intervals are Efron's BCa ("Better bootstrap confidence intervals", 1987; DiCiccio and Efron,
"Bootstrap confidence intervals", 1996): percentiles of the resamples, chosen by how far the
resamples lie to one side of the estimate and by how much its spread changes with its value. On
simulated samples of 500 documents in 360 groups (``benchmarks/intervals.py --coverage``) the F1s'
95 % intervals held the true value in 93 to 95 % of the samples, for a model with F1s of 0.5 to 0.9;
plain percentiles did as well, basic intervals in 90 to 94 %, and BCa with copies resampled apart in
85 to 88 %. For a model with F1s of 0.9 to 0.97 BCa held 93 to 96 % and percentiles, for single
labels, 90 to 92 %. All are too short where few documents decide: for a label with some fifteen
groups of positives and an area under the ROC curve of 0.96, BCa held 86 % and percentiles 80 %.

A resample gives each group a weight and copies nothing: all counts of a block of resamples are one
matrix product, and the areas under curves are sorted once and then take running sums of weights.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

from resumebert.evaluation.metrics import CALIBRATION_BINS

Floats = npt.NDArray[np.float64]
Weights = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
# Of (B, G) weights of G groups in B resamples: each metric's (B,) values.
Statistic = Callable[[Weights], dict[str, Floats]]
Kind = Literal["bca", "percentile"]

RATIOS = ("f1", "precision", "recall")
# Parts to leave out one at a time: enough for a third moment, whatever the number of groups.
JACKKNIFE_PARTS = 1000
# Values that differ by less are equal but for rounding.
ROUNDING = 1e-12
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


def bootstrap_intervals(
    probabilities: npt.ArrayLike,
    targets: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    label_names: Sequence[str],
    groups: npt.ArrayLike | None = None,
    *,
    resamples: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Return an interval for each metric of :func:`multilabel_metrics` but ``support/…`` and ``n``.

    A label that no document of a resample has is left out of that resample's averages, and a
    metric that is undefined in a resample goes without it. Of a label without an error all
    resamples are alike, and both ends are the value itself: that says nothing of the true one.

    Args:
        probabilities: (n, L), in [0, 1].
        targets: (n, L) of 0 and 1.
        thresholds: one number in [0, 1], or one per label.
        label_names: the L label names, distinct.
        groups: (n,) integers, the same for documents that are copies; None: there are no copies.
        resamples: how many.
        level: in how many of all samples the interval is to hold the true value, in (0, 1).
        seed: of the resamples.

    Returns:
        The lower and the upper end by name, in the metric's units. Both are ``nan`` where the
        metric is undefined on the documents themselves, or where there are fewer than two groups.

    Raises:
        ValueError: the arguments do not fit each other, or a value is out of its range.
    """
    documents = checked_documents(probabilities, targets, thresholds, label_names, groups)
    return bootstrap(
        weighted_metrics(documents), documents, resamples=resamples, level=level, seed=seed
    )


def bootstrap(
    statistic: Statistic,
    documents: Documents,
    *,
    resamples: int,
    level: float,
    seed: int,
    kind: Kind = "bca",
) -> dict[str, tuple[float, float]]:
    """Return the interval of each value of a statistic, by name.

    Args:
        statistic: of the weights of the documents' groups.
        documents: what is resampled.
        resamples: how many, at least 1.
        level: in (0, 1).
        seed: of the resamples.
        kind: ``percentile`` for what is as likely to lie above as below the true value.

    Raises:
        ValueError: resamples or level is out of its range.
    """
    if resamples < 1 or not 0 < level < 1:
        raise ValueError(
            f"resamples must be at least 1 and level in (0, 1), but are {resamples} and {level}"
        )
    found = statistic(np.ones((1, documents.num_groups), dtype=np.int32))
    estimates = {name: float(value[0]) for name, value in found.items()}
    if documents.num_groups < 2:
        return dict.fromkeys(estimates, (np.nan, np.nan))
    draws, parts = np.random.default_rng(seed).spawn(2)
    replicates = evaluate(statistic, resampled(documents, resamples, draws))
    if kind == "percentile":
        return {
            name: percentile_interval(value, replicates[name], level)
            for name, value in estimates.items()
        }
    jackknife = evaluate(statistic, left_out(documents, parts))
    return {
        name: bca_interval(value, replicates[name], jackknife[name], level)
        for name, value in estimates.items()
    }


def resampled(
    documents: Documents, resamples: int, generator: np.random.Generator
) -> Iterator[Weights]:
    """Yield (≤ rows, G) weights of resamples: how often each group is drawn in G draws."""
    groups = documents.num_groups
    for start in range(0, resamples, documents.rows):
        rows = min(documents.rows, resamples - start)
        drawn = generator.integers(0, groups, (rows, groups))
        drawn += np.arange(rows)[:, None] * groups
        counts = np.bincount(drawn.ravel(), minlength=rows * groups)
        yield counts.reshape(rows, groups).astype(np.int32)


def left_out(documents: Documents, generator: np.random.Generator) -> Iterator[Weights]:
    """Yield (≤ rows, G) weights of the jackknife: 0 for the groups of one part, 1 for all others.

    A part is one group; of more than ``JACKKNIFE_PARTS`` groups it is several, chosen at random.
    """
    parts = min(documents.num_groups, JACKKNIFE_PARTS)
    part = generator.permutation(documents.num_groups) % parts
    for start in range(0, parts, documents.rows):
        out = np.arange(start, min(start + documents.rows, parts))
        yield (part != out[:, None]).astype(np.int32)


def evaluate(statistic: Statistic, blocks: Iterator[Weights]) -> dict[str, Floats]:
    """Return the statistic of all blocks of weights, one after the other."""
    found = [statistic(block) for block in blocks]
    return {name: np.concatenate([values[name] for values in found]) for name in found[0]}


def percentile_interval(estimate: float, replicates: Floats, level: float) -> tuple[float, float]:
    """Return the percentiles between which ``level`` of the resamples lie; see `bca_interval`."""
    return _percentiles(estimate, replicates, [(1 - level) / 2, (1 + level) / 2])


def bca_interval(
    estimate: float, replicates: Floats, jackknife: Floats, level: float
) -> tuple[float, float]:
    """Return the ends of the BCa interval (Efron 1987); ``nan`` if there is nothing to go by.

    Args:
        estimate: of the sample itself.
        replicates: (R,) of the resamples; ``nan`` is left out.
        jackknife: (K,) of the sample without one part each time; ``nan`` is left out.
        level: in (0, 1).
    """
    # Of few documents many resamples give the estimate itself: half of them count as below it.
    below = np.count_nonzero(replicates < estimate - ROUNDING)
    below += np.count_nonzero(replicates <= estimate + ROUNDING)
    known = np.count_nonzero(~np.isnan(replicates))
    if not 0 < below < 2 * known:
        return percentile_interval(estimate, replicates, level)
    normal = NormalDist()
    bias = normal.inv_cdf(below / (2 * known))
    acceleration = _acceleration(jackknife[~np.isnan(jackknife)])
    shares = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        z = bias + normal.inv_cdf(tail)
        # From 1 / acceleration on, which few groups can reach, the correction has no limit.
        limited = acceleration * z < 1
        shares.append(normal.cdf(bias + z / (1 - acceleration * z)) if limited else float(z > 0))
    return _percentiles(estimate, replicates, shares)


def _percentiles(estimate: float, replicates: Floats, shares: list[float]) -> tuple[float, float]:
    known = replicates[~np.isnan(replicates)]
    if np.isnan(estimate) or not len(known):
        return np.nan, np.nan
    low, high = np.quantile(known, shares)
    return float(low), float(high)


def _acceleration(jackknife: Floats) -> float:
    """Return a sixth of the skewness of the parts' influence on the estimate."""
    influence = jackknife.mean() - jackknife if len(jackknife) else jackknife
    spread = (influence**2).sum()
    return float((influence**3).sum() / (6 * spread**1.5)) if spread > ROUNDING**2 else 0.0


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
