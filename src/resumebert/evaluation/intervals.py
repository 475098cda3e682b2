"""How far the choice of documents moves each metric: bootstrap intervals, by groups of documents.

Duplicates of a document stand and fall together, so whole groups of them are resampled (the
cluster bootstrap: Field and Welsh, "Bootstrapping clustered data", 2007). The model and its
thresholds stay as they are: what another training run would give is not in the interval. The
metrics count documents, as scikit-learn's do; it is their uncertainty that goes by groups.

The intervals are Efron's BCa ("Better bootstrap confidence intervals", 1987; DiCiccio and Efron,
"Bootstrap confidence intervals", 1996): percentiles of the resamples, chosen by how far the
resamples lie to one side of the estimate and by how much its spread changes with its value. How
often they hold the true value is in ``docs/decisions.md``. All are too short where few documents
decide: for a label with some fifteen groups of positives and an area under the ROC curve of 0.96,
BCa held 86 % and percentiles 80 % (``benchmarks/intervals.py --coverage``).
"""

from collections.abc import Iterator, Sequence
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

from resumebert.evaluation.metrics import (
    Documents,
    Floats,
    Statistic,
    Weights,
    checked_documents,
    estimates,
    weighted_metrics,
)
from resumebert.evaluation.registry import Metric
from resumebert.settings.schema import DEFAULTS
from resumebert.utils.progress import Phase

Interval = tuple[float, float]
Kind = Literal["bca", "percentile"]

LEVEL = 0.95
# Parts to leave out one at a time: enough for a third moment, whatever the number of groups.
JACKKNIFE_PARTS = 1000
# Values that differ by less are equal but for rounding.
ROUNDING = 1e-12


def bootstrap_intervals(
    probabilities: npt.ArrayLike,
    targets: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    label_names: Sequence[str],
    groups: npt.ArrayLike | None = None,
    *,
    resamples: int = DEFAULTS.bootstrap_resamples,
    level: float = LEVEL,
    seed: int = 0,
    metrics: Sequence[Metric] = (),
) -> dict[str, Interval]:
    """Return an interval for each metric of :func:`multilabel_metrics` but ``support/…`` and ``n``.

    A label that no document of a resample has is left out of that resample's averages, and a
    metric that is undefined in a resample goes without it. Of a label without an error all
    resamples are alike, and both ends are the value itself: that says nothing of the true one.

    Args:
        probabilities: (n, L), in [0, 1].
        targets: (n, L) of 0 and 1.
        thresholds: one number in [0, 1], or one per label.
        label_names: the L label names, distinct.
        groups: (n,) integers, the same for duplicates; None: there are none.
        resamples: how many, at least 1.
        level: in how many of all samples the interval is to hold the true value, in (0, 1).
        seed: of the resamples.
        metrics: of one's own, see :mod:`resumebert.evaluation.registry`; each is called for every
            resample.

    Returns:
        The lower and the upper end by name, in the metric's units. Both are ``nan`` where the
        metric is undefined on the documents themselves, or where there are fewer than two groups.

    Raises:
        ValueError: the arguments do not fit each other, or a value is out of its range.
    """
    documents = checked_documents(probabilities, targets, thresholds, label_names, groups)
    statistic = weighted_metrics(documents, metrics)
    return bootstrap(statistic, documents, resamples=resamples, level=level, seed=seed)


def measured(
    statistic: Statistic, documents: Documents, resamples: int, kind: Kind = "bca"
) -> tuple[dict[str, float], dict[str, Interval]]:
    """Return the values of a statistic and their 95 % intervals; of 0 resamples no intervals."""
    ends = bootstrap(statistic, documents, resamples=resamples, kind=kind) if resamples else {}
    return estimates(statistic, documents), ends


def bootstrap(
    statistic: Statistic,
    documents: Documents,
    *,
    resamples: int,
    level: float = LEVEL,
    seed: int = 0,
    kind: Kind = "bca",
) -> dict[str, Interval]:
    """Return the interval of each value of a statistic of the documents' groups, by name.

    The ``kind`` is ``percentile`` for what is as likely to lie above as below the true value.

    Raises:
        ValueError: resamples or level is out of its range.
    """
    if resamples < 1 or not 0 < level < 1:
        raise ValueError(
            f"resamples must be at least 1 and level in (0, 1), but are {resamples} and {level}"
        )
    values = estimates(statistic, documents)
    if documents.num_groups < 2:
        return dict.fromkeys(values, (np.nan, np.nan))
    draws, parts = np.random.default_rng(seed).spawn(2)
    with Phase("intervals", resamples, "resamples") as phase:
        replicates = of_all(statistic, resampled(documents, resamples, draws), phase)
    if kind == "percentile":
        return {n: percentile_interval(v, replicates[n], level) for n, v in values.items()}
    jackknife = of_all(statistic, left_out(documents, parts))
    return {n: bca_interval(v, replicates[n], jackknife[n], level) for n, v in values.items()}


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


def of_all(
    statistic: Statistic, blocks: Iterator[Weights], phase: Phase | None = None
) -> dict[str, Floats]:
    """Return the statistic of all blocks of weights, one after the other."""
    found = []
    for block in blocks:
        found.append(statistic(block))
        if phase is not None:
            phase.add(len(block))
    return {name: np.concatenate([values[name] for values in found]) for name in found[0]}


def percentile_interval(estimate: float, replicates: Floats, level: float) -> Interval:
    """Return the percentiles between which ``level`` of the resamples lie; see `bca_interval`."""
    return _percentiles(estimate, replicates, [(1 - level) / 2, (1 + level) / 2])


def bca_interval(estimate: float, replicates: Floats, jackknife: Floats, level: float) -> Interval:
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
    # A sixth of the skewness of the parts' influence on the estimate.
    influence = jackknife[~np.isnan(jackknife)]
    influence = influence - influence.mean() if len(influence) else influence
    spread = (influence**2).sum()
    acceleration = -(influence**3).sum() / (6 * spread**1.5) if spread > ROUNDING**2 else 0.0
    shares = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        z = bias + normal.inv_cdf(tail)
        # From 1 / acceleration on, which few groups can reach, the correction has no limit.
        limited = acceleration * z < 1
        shares.append(normal.cdf(bias + z / (1 - acceleration * z)) if limited else float(z > 0))
    return _percentiles(estimate, replicates, shares)


def _percentiles(estimate: float, replicates: Floats, shares: list[float]) -> Interval:
    known = replicates[~np.isnan(replicates)]
    if np.isnan(estimate) or not len(known):
        return np.nan, np.nan
    low, high = np.quantile(known, shares)
    return float(low), float(high)
