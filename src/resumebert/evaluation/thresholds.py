"""Thresholds of labels, chosen on validation documents.

A label is predicted where its score is at least its threshold. All thresholds that predict
different documents are looked at: one midway between each two neighbouring scores. Duplicates count
as one document (:mod:`resumebert.evaluation.weighting`). A new objective is a function and an entry
in :data:`BEST`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from resumebert.evaluation.areas import Flags, Floats, Indices
from resumebert.evaluation.weighting import DECIMALS, Weighted, weighted
from resumebert.settings.schema import DEFAULTS, EvaluationSettings, Objective

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
    """The (L,) thresholds in [0, 1] from which on a label is predicted, and notes for a reader."""

    thresholds: Floats
    notes: list[str]


def tune_thresholds(
    probabilities: npt.NDArray[np.floating],
    targets: npt.NDArray[np.integer],
    label_names: Sequence[str],
    settings: EvaluationSettings = DEFAULTS,
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
    averaged, as a logit, over bootstrap samples of the groups (Breiman, "Bagging predictors",
    1996), unless ``threshold_resamples`` is 0, and that average then over the label, counted as its
    positives, and a prior, counted as 3: for F1 the labels' average threshold, for cost Elkan's. On
    résumés scored by a linear model and by MiniLM, the F1 on other documents rose against the plain
    optimum's by 1.9 to 2.9 points at 5 positives, 1.5 at 10, 0.9 at 20, 0.6 at 50, 0.2 at 200. The
    floors hold on the validation documents exactly: of averages they would not.

    Args:
        probabilities: (n, L), in [0, 1], calibrated where they will be; n may be 0.
        targets: (n, L) of 0 and 1.
        label_names: L names, for the notes.
        settings: of them ``thresholds``, the objective, and what belongs to it.
        groups: (n,) group number of each document; duplicates share one. None: there are none.

    Raises:
        ValueError: there is no such objective.
    """
    objective = settings.thresholds
    if objective not in OBJECTIVES:
        raise ValueError(f"objective={objective}: must be one of {', '.join(OBJECTIVES)}")
    elkans = settings.false_alarm_cost / (settings.false_alarm_cost + settings.miss_cost)
    default = elkans if objective == "cost" else DEFAULT
    thresholds = np.full(targets.shape[1], default)
    notes: list[str] = []
    if objective == "fixed":
        return TunedThresholds(thresholds, notes)
    there = np.asarray(targets.any(axis=0))
    names = [name for name, is_there in zip(label_names, there, strict=True) if is_there]
    if absent := [name for name in label_names if name not in names]:
        words = f"the label {', '.join(absent)}: its threshold is {default:g}."
        notes.append(f"No validation document has {words}")
    if not names:
        return TunedThresholds(thresholds, notes)
    documents = weighted(probabilities[:, there], targets[:, there], groups)
    if objective in ("f1", "cost"):
        prior = logit(elkans) if objective == "cost" else None
        thresholds[there] = _averaged(documents, settings, prior)
        return TunedThresholds(thresholds, notes)
    cuts = _cuts(documents)
    chosen = BEST[objective](cuts, settings)
    thresholds[there] = _at(cuts.thresholds, chosen)
    if objective == "precision":
        floor = settings.precision_floor
        reached = zip(names, _at(cuts.precision, chosen), _at(cuts.recall, chosen), strict=True)
        notes += [
            f"{name}: no threshold reaches a precision of {floor:g} on validation. It gets the one "
            f"of the highest, {precision:.3f}, where the recall is {recall:.3f}."
            for name, precision, recall in reached
            if precision < floor
        ]
    counts = zip(names, cuts.hits[-1].tolist(), strict=True)
    if few := [f"{name} ({count:.3g})" for name, count in counts if count < FEW_POSITIVES]:
        notes.append(
            f"Few validation documents have the label {', '.join(few)}: expect a lower {objective} "
            "on other documents than the floor that holds on these."
        )
    return TunedThresholds(thresholds, notes)


def mean_highest_f1(
    scores: npt.NDArray[np.floating],
    targets: npt.NDArray[np.integer],
    groups: npt.NDArray[np.integer] | None = None,
) -> float:
    """Return the mean F1 of the labels that some document has, each at its best threshold here.

    The (n, L) scores are on any scale, the higher the likelier. Without such a label it is 0.
    """
    there = targets.any(axis=0)
    if not there.any():
        return 0.0
    cuts = _cuts(weighted(scores[:, there], targets[:, there], groups), -np.inf, np.inf)
    return float(np.where(cuts.possible, cuts.f1, 0).max(axis=0).mean())


@dataclass(frozen=True)
class _Cuts:
    """All ways to cut L rankings of n documents: row k predicts the k highest, k from 0 to n.

    All are (n + 1, L). A cut that would part documents of one score is not ``possible``;
    ``predicted`` is the weight of the k documents, ``hits`` that of those which have the label, the
    last row being all that do.
    """

    thresholds: Floats
    possible: Flags
    predicted: Floats
    hits: Floats

    @property
    def precision(self) -> Floats:
        """0 where nothing is predicted."""
        return np.asarray(self.hits / _or_one(self.predicted))

    @property
    def recall(self) -> Floats:
        return np.asarray(self.hits / _or_one(self.hits[-1]))

    @property
    def f1(self) -> Floats:
        return np.asarray(2 * self.hits / _or_one(self.predicted + self.hits[-1]))


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


def _highest_f1(cuts: _Cuts, settings: EvaluationSettings) -> Indices:
    return np.where(cuts.possible, cuts.f1, -1).argmax(axis=0)


def _highest_recall(cuts: _Cuts, settings: EvaluationSettings) -> Indices:
    """Return the cuts of the highest recall at the floor, else those of the highest precision."""
    precision = np.where(cuts.possible, cuts.precision, -1)
    allowed = precision >= np.minimum(settings.precision_floor, precision.max(axis=0))
    return np.where(allowed, cuts.hits, -1).argmax(axis=0)


def _highest_precision(cuts: _Cuts, settings: EvaluationSettings) -> Indices:
    allowed = cuts.possible & (cuts.recall >= settings.recall_floor)
    precision = np.where(allowed, cuts.precision, -1)
    # From the end: at one precision, predicting more is more recall.
    return len(precision) - 1 - precision[::-1].argmax(axis=0)


def _lowest_cost(cuts: _Cuts, settings: EvaluationSettings) -> Indices:
    misses, false_alarms = cuts.hits[-1] - cuts.hits, cuts.predicted - cuts.hits
    cost = settings.miss_cost * misses + settings.false_alarm_cost * false_alarms
    return np.where(cuts.possible, cost, np.inf).argmin(axis=0)


# Objective → of all cuts, the best one for each label.
BEST: dict[str, Callable[[_Cuts, EvaluationSettings], Indices]] = {
    "f1": _highest_f1,
    "precision": _highest_recall,
    "recall": _highest_precision,
    "cost": _lowest_cost,
}


def _averaged(documents: Weighted, settings: EvaluationSettings, prior: float | None) -> Floats:
    """Return (L,) thresholds of probabilities, averaged as :func:`tune_thresholds` says.

    The prior is a logit; None: the labels' average, weighted by their positives.
    """
    best = BEST[settings.thresholds]
    if settings.threshold_resamples == 0:
        cuts = _cuts(documents)
        return _at(cuts.thresholds, best(cuts, settings))
    # A seed of its own: the same scores give the same thresholds, whatever the run's seed.
    generator = np.random.default_rng(0)
    groups = int(documents.groups.max()) + 1
    # All documents are a sample too, lest one with a rare label be in none.
    drawn = np.ones(groups, dtype=np.int64)
    total, times = np.zeros((2, documents.targets.shape[1]))
    for _ in range(settings.threshold_resamples + 1):
        cuts = _cuts(_repeated(documents, drawn))
        there = cuts.hits[-1] > 0
        thresholds = np.clip(_at(cuts.thresholds, best(cuts, settings)), _MARGIN, 1 - _MARGIN)
        total += np.where(there, logit(thresholds), 0)
        times += there
        drawn = np.bincount(generator.integers(groups, size=groups), minlength=groups)
    own, positives = total / times, documents.weights @ documents.targets
    if prior is None:
        prior = float(np.average(own, weights=positives))
    averaged = (positives * own + PRIOR_POSITIVES * prior) / (positives + PRIOR_POSITIVES)
    return np.asarray(expit(averaged))


def _repeated(documents: Weighted, times: npt.NDArray[np.int64]) -> Weighted:
    """Return documents whose groups count as often as (G,) ``times`` says."""
    times = times[documents.groups]
    rows = times > 0
    return Weighted(
        documents.values[rows],
        documents.targets[rows],
        (documents.weights * times)[rows],
        documents.groups[rows],
    )


def _at(values: Floats, chosen: Indices) -> Floats:
    """Return (L,) values, one row of (n + 1, L) a label."""
    return np.take_along_axis(values, chosen[None], axis=0)[0]
