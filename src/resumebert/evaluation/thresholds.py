"""Thresholds of labels, chosen on validation documents.

A label is predicted where its score is at least its threshold. All thresholds that predict
different documents are looked at: one midway between each two neighbouring scores. Duplicates count
as one document (:mod:`resumebert.evaluation.weighting`). A new objective is a function of
:class:`_Cuts` here, and an entry in :data:`OBJECTIVES`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import get_args

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from resumebert.evaluation.areas import Floats
from resumebert.evaluation.weighting import DECIMALS, Weighted, weighted
from resumebert.settings.schema import DEFAULTS, Objective

Indices = npt.NDArray[np.intp]

OBJECTIVES = get_args(Objective)
DEFAULT = 0.5
# How many documents with a label its own threshold must have behind it to count as much as the
# prior. 2 to 5 were equally good for F1, 3 to 20 for cost.
PRIOR_POSITIVES = 3.0
# With fewer, precision on other documents fell short of a floor of 0.8 by 0.03 to 0.12.
FEW_POSITIVES = 50
# Probabilities of 0 and 1 have no finite logit; beyond this nothing is decided.
_MARGIN = 1e-12


@dataclass(frozen=True)
class TunedThresholds:
    """The thresholds of L labels.

    Attributes:
        thresholds: (L,) probabilities in [0, 1] from which on a label is predicted.
        notes: what a reader must know: labels that no document has, floors out of reach.
    """

    thresholds: Floats
    notes: list[str]


def tune_thresholds(
    probabilities: npt.NDArray[np.floating],
    targets: npt.NDArray[np.integer],
    label_names: Sequence[str],
    objective: Objective = DEFAULTS.thresholds,
    *,
    precision_floor: float = DEFAULTS.precision_floor,
    recall_floor: float = DEFAULTS.recall_floor,
    miss_cost: float = DEFAULTS.miss_cost,
    false_alarm_cost: float = DEFAULTS.false_alarm_cost,
    resamples: int = DEFAULTS.threshold_resamples,
    groups: npt.NDArray[np.integer] | None = None,
) -> TunedThresholds:
    """Choose each label's threshold on validation documents, duplicates counted as one.

    ============= ==================================================================================
    objective     threshold
    ============= ==================================================================================
    ``fixed``     0.5
    ``f1``        of the highest F1
    ``precision`` of the highest recall among those whose precision reaches ``precision_floor``; if
                  none does, of the highest precision, and a note says so
    ``recall``    of the highest precision among those whose recall reaches ``recall_floor``
    ``cost``      of the lowest ``miss_cost`` · misses + ``false_alarm_cost`` · false alarms
    ============= ==================================================================================

    Of equally good thresholds the one that predicts fewest is taken; for ``recall`` most. A label
    that no document has keeps 0.5, and for ``cost`` the threshold false_alarm_cost /
    (false_alarm_cost + miss_cost), which is the best for calibrated probabilities (Elkan, "The
    foundations of cost-sensitive learning", 2001).

    The optimum on a few documents fits their chance. For ``f1`` and ``cost`` it is therefore
    averaged, as a logit, over ``resamples`` bootstrap samples of the groups (Breiman, "Bagging
    predictors", 1996), and that average then over the label, counted as its positives, and a prior,
    counted as 3: for F1 the labels' average threshold, for cost Elkan's. On résumés scored by a
    linear model and by MiniLM, the F1 on other documents rose against the plain optimum's by 1.9 to
    2.9 points at 5 positives, 1.5 at 10, 0.9 at 20, 0.6 at 50, 0.2 at 200. The floors hold on the
    validation documents exactly: of averages they would not.

    Args:
        probabilities: (n, L), in [0, 1], calibrated where they will be; n may be 0.
        targets: (n, L) of 0 and 1.
        label_names: L names, for the notes.
        objective: one of :data:`OBJECTIVES`.
        precision_floor: in (0, 1].
        recall_floor: in (0, 1].
        miss_cost: of a label not predicted that a document has; above 0.
        false_alarm_cost: of a label predicted that a document has not; above 0.
        resamples: bootstrap samples; 0: the plain optimum on the validation documents.
        groups: (n,) group number of each document; duplicates share one. None: there are none.

    Raises:
        ValueError: there is no such objective.
    """
    if objective not in OBJECTIVES:
        raise ValueError(f"objective={objective}: must be one of {', '.join(OBJECTIVES)}")
    bayes = false_alarm_cost / (false_alarm_cost + miss_cost)
    default = bayes if objective == "cost" else DEFAULT
    thresholds = np.full(targets.shape[1], default)
    if objective == "fixed":
        return TunedThresholds(thresholds, [])
    there = np.flatnonzero(targets.any(axis=0))
    names = [label_names[label] for label in there.tolist()]
    notes = _absent_note([name for name in label_names if name not in names], default)
    if not names:
        return TunedThresholds(thresholds, notes)
    documents = weighted(probabilities[:, there], targets[:, there], groups)
    if objective == "f1":
        thresholds[there] = _averaged(_highest_f1, documents, resamples)
    elif objective == "cost":
        best = partial(_lowest_cost, miss_cost=miss_cost, false_alarm_cost=false_alarm_cost)
        thresholds[there] = _averaged(best, documents, resamples, prior=logit(bayes))
    else:
        cuts = _cuts(documents)
        if objective == "precision":
            chosen = _highest_recall(cuts, precision_floor)
            notes += _unreachable_notes(cuts, chosen, precision_floor, names)
        else:
            chosen = _highest_precision(cuts, recall_floor)
        thresholds[there] = cuts.thresholds_at(chosen)
        notes += _few_note(cuts.hits[-1], names, objective)
    return TunedThresholds(thresholds, notes)


def best_f1_thresholds(
    scores: npt.NDArray[np.floating],
    targets: npt.NDArray[np.integer],
    default: float = 0.5,
    groups: npt.NDArray[np.integer] | None = None,
) -> Floats:
    """Return for each label the threshold with the highest F1 on these very documents.

    Of equally good ones the one that predicts fewest is taken.

    Args:
        scores: (n, L), on any scale, the higher the likelier.
        targets: (n, L) of 0 and 1.
        default: the threshold of a label that no document has, for which there is no F1.
        groups: as in :func:`tune_thresholds`.
    """
    chosen = np.full(targets.shape[1], default, dtype=np.float64)
    there = np.flatnonzero(targets.any(axis=0))
    if len(there) > 0:
        cuts = _cuts(weighted(scores[:, there], targets[:, there], groups), -np.inf, np.inf)
        chosen[there] = cuts.thresholds_at(_highest_f1(cuts))
    return chosen


@dataclass(frozen=True)
class _Cuts:
    """All ways to cut L rankings of n documents: row k predicts the k highest, k from 0 to n.

    Attributes:
        thresholds: (n + 1, L).
        possible: (n + 1, L), False where it would part documents of one score.
        predicted: (n + 1, L), the weight of these k.
        hits: (n + 1, L), the weight of those that have the label; the last row is all that do.
    """

    thresholds: Floats
    possible: npt.NDArray[np.bool_]
    predicted: Floats
    hits: Floats

    @property
    def precision(self) -> Floats:
        """(n + 1, L); 0 where nothing is predicted."""
        precision: Floats = self.hits / _or_one(self.predicted)
        return precision

    @property
    def recall(self) -> Floats:
        """(n + 1, L); 0 where no document has the label."""
        recall: Floats = self.hits / _or_one(self.hits[-1])
        return recall

    def thresholds_at(self, chosen: Indices) -> Floats:
        """Return (L,) thresholds, ``chosen`` being one cut a label."""
        return _at(self.thresholds, chosen)


Best = Callable[[_Cuts], Indices]


def _cuts(documents: Weighted, low: float = 0.0, high: float = 1.0) -> _Cuts:
    """Return the cuts of n documents' scores; ``low`` and ``high`` bound what a score can be."""
    scores = documents.values
    order = np.argsort(-scores, axis=0, kind="stable")
    ordered = np.take_along_axis(scores, order, axis=0)
    edge = np.ones((1, scores.shape[1]))
    above, below = np.vstack([high * edge, ordered]), np.vstack([ordered, low * edge])
    middle = above / 2 + below / 2
    possible = above > below
    # Everything can be predicted, even where the lowest score is as low as can be.
    possible[-1] = True
    weights = documents.weights[order]
    return _Cuts(
        # Between neighbouring floats there is none, and below the lowest may lie infinity.
        thresholds=np.where(middle > below, middle, above),
        possible=possible,
        predicted=_running_sums(weights),
        hits=_running_sums(weights * np.take_along_axis(documents.targets, order, axis=0)),
    )


def _running_sums(weights: Floats) -> Floats:
    """Return (n + 1, L): the sums of the first 0, 1, … n of (n, L) weights."""
    sums = np.zeros((len(weights) + 1, weights.shape[1]))
    np.cumsum(weights, axis=0, out=sums[1:])
    return sums.round(DECIMALS)


def _or_one(weights: Floats) -> Floats:
    """Return weights to divide by: 1 for those of 0, above which 0 stands."""
    return np.where(weights > 0, weights, 1)


def _highest_f1(cuts: _Cuts) -> Indices:
    f1 = 2 * cuts.hits / _or_one(cuts.predicted + cuts.hits[-1])
    return np.where(cuts.possible, f1, -1).argmax(axis=0)


def _highest_recall(cuts: _Cuts, precision_floor: float) -> Indices:
    """Return the cuts of the highest recall at the floor, else those of the highest precision."""
    precision = np.where(cuts.possible, cuts.precision, -1)
    allowed = precision >= np.minimum(precision_floor, precision.max(axis=0))
    return np.where(allowed, cuts.hits, -1).argmax(axis=0)


def _highest_precision(cuts: _Cuts, recall_floor: float) -> Indices:
    allowed = cuts.possible & (cuts.recall >= recall_floor)
    precision = np.where(allowed, cuts.precision, -1)
    # From the end: at one precision, predicting more is more recall.
    return len(precision) - 1 - precision[::-1].argmax(axis=0)


def _lowest_cost(cuts: _Cuts, miss_cost: float, false_alarm_cost: float) -> Indices:
    misses, false_alarms = cuts.hits[-1] - cuts.hits, cuts.predicted - cuts.hits
    cost = miss_cost * misses + false_alarm_cost * false_alarms
    return np.where(cuts.possible, cost, np.inf).argmin(axis=0)


def _averaged(
    best: Best, documents: Weighted, resamples: int, prior: float | None = None
) -> Floats:
    """Return (L,) thresholds of probabilities, averaged as :func:`tune_thresholds` says.

    Args:
        best: the objective.
        documents: some of them have each label.
        resamples: bootstrap samples of the groups; 0: no averages.
        prior: a logit; None: the labels' average, weighted by their positives.
    """
    if resamples == 0:
        cuts = _cuts(documents)
        return cuts.thresholds_at(best(cuts))
    # A seed of its own: the same scores give the same thresholds, whatever the run's seed.
    generator = np.random.default_rng(0)
    groups = int(documents.groups.max()) + 1
    # All documents are a sample too, lest one with a rare label be in none.
    samples = [np.ones(groups, dtype=np.int64)]
    samples += [
        np.bincount(generator.integers(groups, size=groups), minlength=groups)
        for _ in range(resamples)
    ]
    labels = documents.targets.shape[1]
    total, times = np.zeros(labels), np.zeros(labels)
    for drawn in samples:
        cuts = _cuts(_drawn(documents, drawn))
        there = cuts.hits[-1] > 0
        thresholds = np.clip(cuts.thresholds_at(best(cuts)), _MARGIN, 1 - _MARGIN)
        total += np.where(there, logit(thresholds), 0)
        times += there
    own, positives = total / times, documents.weights @ documents.targets
    if prior is None:
        prior = float(np.average(own, weights=positives))
    averaged: Floats = expit(
        (positives * own + PRIOR_POSITIVES * prior) / (positives + PRIOR_POSITIVES)
    )
    return averaged


def _drawn(documents: Weighted, times: npt.NDArray[np.int64]) -> Weighted:
    """Return documents whose groups are drawn, each as often as (G,) ``times`` says."""
    times = times[documents.groups]
    rows = times > 0
    return Weighted(
        documents.values[rows],
        documents.targets[rows],
        (documents.weights * times)[rows],
        documents.groups[rows],
    )


def _absent_note(names: Sequence[str], default: float) -> list[str]:
    if not names:
        return []
    return [
        f"No validation document has the label {', '.join(names)}: its threshold is {default:g}."
    ]


def _unreachable_notes(
    cuts: _Cuts, chosen: Indices, floor: float, names: Sequence[str]
) -> list[str]:
    return [
        f"{name}: no threshold reaches a precision of {floor:g} on validation. It gets the one of "
        f"the highest, {precision:.3f}, where the recall is {recall:.3f}."
        for name, precision, recall in zip(
            names, _at(cuts.precision, chosen), _at(cuts.recall, chosen), strict=True
        )
        if precision < floor
    ]


def _few_note(positives: Floats, names: Sequence[str], kind: str) -> list[str]:
    counts = zip(names, positives.tolist(), strict=True)
    few = [f"{name} ({count:.3g})" for name, count in counts if count < FEW_POSITIVES]
    if not few:
        return []
    return [
        f"Few validation documents have the label {', '.join(few)}: expect a lower {kind} on "
        "other documents than the floor that holds on these."
    ]


def _at(values: Floats, chosen: Indices) -> Floats:
    """Return (L,) values, one row of (n + 1, L) a label."""
    return np.take_along_axis(values, chosen[None], axis=0)[0]
