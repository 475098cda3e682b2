"""Which documents are sent to a person, so that the labels of the others can be relied on.

A document's *errors* are its labels that are wrongly given or missed, as a share of those that are
given or true (the Jaccard distance; 0 where there are none). Its *expected errors* are those that
the calibrated probabilities foresee. It is decided where these are within a limit, else it is
marked for review. The limit is chosen on validation documents by Learn then Test (Angelopoulos,
Bates, Candès, Jordan, Lei, "Learn then Test", 2021), so that, with a given confidence, the mean
errors of decided documents are at most a given level. ``docs/abstaining.md`` says what is promised,
why it holds, and what can't be promised.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import rel_entr
from scipy.stats import binom

from resumebert.evaluation.areas import Flags, Floats, Indices, Weights
from resumebert.evaluation.metrics import Documents, Statistic, only_groups

# Limits that are tried, from the level on: each is so much higher than the one before it.
STEP = 2**0.25
# Multiples of the level where tests start, each with its part of the risk of a false promise.
# These decided as many documents as a start at every octave, or more (docs/abstaining.md).
STARTS = (1, 2, 4)
# Exact up to twice as many labels.
_MOST_NODES = 32


@dataclass(frozen=True)
class Abstention:
    """Which documents are decided, and what was promised of them.

    Attributes:
        level: the mean errors of decided documents that are promised not to be exceeded.
        confidence: of the promise.
        limit: expected errors up to which a document is decided; None: it can be promised of no
            limit, so that every document is for review.
        documents: validation documents that the limit was chosen on, duplicates counted once.
        reviewed: share of them that is for review.
        errors: mean errors of the others; None: there are none.
    """

    level: float
    confidence: float
    limit: float | None
    documents: int
    reviewed: float
    errors: float | None

    def review(self, expected: Floats) -> Flags:
        """Return (n,) which documents a person should look at, by their (n,) expected errors."""
        return expected > (-1.0 if self.limit is None else self.limit)

    @property
    def notes(self) -> list[str]:
        """Say so if every document is for review, and what it would take."""
        if self.limit is not None:
            return []
        level, sure = f"{self.level:g}", f"{self.confidence:.0%}"
        return [
            f"evaluation.abstain={level}: every document is marked for review. On the "
            f"{self.documents} validation documents kept for it (half of them, duplicates counted "
            f"once), no share of documents has labels of which at most {level} are wrong or missed "
            f"with {sure} confidence. It takes at least {fewest(self.level, self.confidence)} such "
            "documents without an error. Allow a higher level, have more validation documents, or "
            "train a better model."
        ]

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Abstention":
        """Return what ``dataclasses.asdict`` made a dictionary of.

        Raises:
            ValueError: a value is impossible.
            TypeError: a key is missing or unknown.
        """
        found = cls(**plain)
        shares = (found.level, found.confidence, found.reviewed)
        limit = 0.0 if found.limit is None else found.limit
        if not all(type(share) is float and 0 <= share <= 1 for share in (*shares, limit)):
            raise ValueError("abstention is out of range")
        return found


def expected_errors(probabilities: Floats, thresholds: npt.ArrayLike) -> Floats:
    """Return (n,) expected errors, in [0, 1], of documents with (n, L) calibrated probabilities.

    They are exact if labels are independent given the document. With k labels given, H of them
    right and M missed, the errors are 1 - H / (k + M), and E[1 / (k + M)] is the integral over t in
    [0, 1] of t^(k-1) E[t^M], a polynomial, by Gauss-Legendre. With none given, it is the chance
    that there is one. The (L,) thresholds are those from which on a label is given.
    """
    given = probabilities >= np.asarray(thresholds)
    count = given.sum(axis=1)
    missed, hits = np.where(given, 0, probabilities), np.where(given, probabilities, 0)
    nodes, weights = np.polynomial.legendre.leggauss(min(given.shape[1] // 2 + 1, _MOST_NODES))
    share = np.zeros(len(given))
    for t, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        share += weight * t ** np.maximum(count - 1, 0) * np.prod(1 - missed * (1 - t), axis=1)
    some = 1 - np.prod(1 - missed, axis=1)
    return np.asarray(np.clip(np.where(count, 1 - hits.sum(axis=1) * share, some), 0, 1))


def errors_of(truth: Flags, given: Flags) -> Floats:
    """Return (n,) errors of documents, both (n, L)."""
    either = (truth | given).sum(axis=1)
    return np.asarray((truth != given).sum(axis=1) / np.maximum(either, 1))


def fit_abstention(
    errors: Floats,
    expected: Floats,
    level: float,
    confidence: float,
    groups: npt.NDArray[np.integer],
) -> Abstention:
    """Choose the limit of expected errors on documents that nothing else was fitted to.

    Limits are tested from the lowest on. Each start has a part of 1 - confidence, and a limit whose
    test succeeds hands on what it had to the next one (the fallback procedure: Wiens, "A fixed
    sequence Bonferroni procedure", 2003), so that the chance that any false promise succeeds is at
    most 1 - confidence. The last one that succeeds is taken.

    Args:
        errors: (n,), in [0, 1].
        expected: (n,) expected errors.
        level: of the mean errors of decided documents, in (0, 1).
        confidence: in (0, 1).
        groups: (n,) group number of each document; duplicates, which count as one, share it.
    """
    numbers, weights = _weighed(groups)
    chosen, risk = None, 0.0
    limits, starts = _limits(level)
    for limit, is_start in zip(limits, starts, strict=True):
        risk += is_start * (1 - confidence) / sum(starts)
        decided = weights * (expected <= limit)
        # Of a group some documents may be decided, and others not.
        sums = np.bincount(numbers, decided * (errors - level))
        some = np.bincount(numbers, decided) > 0
        if p_value(level + sums[some], level) <= risk:
            chosen = limit
        else:
            risk = 0.0
    decided = weights * (expected <= (-1 if chosen is None else chosen))
    total, count = float(decided.sum()), len(np.unique(groups))
    return Abstention(
        level=float(level),
        confidence=float(confidence),
        limit=chosen,
        documents=count,
        reviewed=min(1.0, max(0.0, 1 - total / max(count, 1))),
        errors=float(decided @ errors) / total if total else None,
    )


def p_value(values: npt.NDArray[np.floating], level: float) -> float:
    """Return how likely values so low are, if their expectation is above ``level``.

    The (n,) values are independent, in [0, 1], and of one distribution, whichever it is: the
    Hoeffding-Bentkus inequality, as Learn then Test has it (proposition 7). 1 if n is 0.
    """
    count = len(values)
    mean = min(float(values.mean()), level) if count else level
    divergence = float(rel_entr([mean, 1 - mean], [level, 1 - level]).sum())
    # Sums of thirds and the like are whole but for rounding.
    bentkus = math.e * binom.cdf(math.ceil(round(mean * count, 6)), count, level)
    return float(min(1.0, math.exp(-count * divergence), bentkus))


def fewest(level: float, confidence: float) -> int:
    """Return the smallest number of documents without an error by which anything is promised."""
    risk = (1 - confidence) / sum(_limits(level)[1])
    return math.ceil(math.log(risk) / math.log(1 - level))


def _limits(level: float) -> tuple[list[float], list[bool]]:
    """Return the limits to test, rising to 1, and which of them are starts; no data decide them."""
    steps = math.ceil(math.log(1 / level) / math.log(STEP))
    limits = [level * STEP**step for step in range(steps)] + [1.0]
    return limits, [any(math.isclose(limit, level * start) for start in STARTS) for limit in limits]


def review_statistic(
    errors: Floats, reviewed: Flags, groups: npt.NDArray[np.integer]
) -> tuple[Statistic, Documents]:
    """Measure what the (n,) documents that are reviewed cost, and what they spare.

    Returns:
        ``reviewed``, the share of documents, and ``errors``, the mean errors of the others, nan
        where there are none, as a function of the (n,) groups' weights; duplicates count as one.
        And the documents, to be resampled.
    """
    numbers, weights = _weighed(groups)
    columns = (weights, weights * ~reviewed, weights * ~reviewed * errors)
    table = np.column_stack([np.bincount(numbers, column) for column in columns])

    @np.errstate(invalid="ignore")
    def statistic(times: Weights) -> dict[str, Floats]:
        documents, decided, wrong = (times @ table).T
        return {"reviewed": 1 - decided / documents, "errors": wrong / decided}

    return statistic, only_groups(groups)


@dataclass(frozen=True)
class ReviewCurve:
    """Mean errors of the documents that are decided, at every share that is reviewed.

    Attributes:
        reviewed: (m,) shares of the documents, falling to 0; duplicates count as one.
        errors: (m,) mean errors of the others.
        limits: (m,) expected errors up to which they are decided.
    """

    reviewed: Floats
    errors: Floats
    limits: Floats


def review_curve(errors: Floats, expected: Floats, groups: npt.NDArray[np.integer]) -> ReviewCurve:
    """Return the curve of n documents; n is at least 1, arguments as for :func:`fit_abstention`."""
    weights = _weighed(groups)[1]
    order = np.argsort(expected, kind="stable")
    limits, ends = expected[order], np.cumsum(weights[order])
    # Documents of one value are decided together.
    last = np.append(limits[1:] > limits[:-1], True)
    sums = np.cumsum((weights * errors)[order])
    reviewed = np.maximum(0, 1 - ends[last] / ends[-1])
    return ReviewCurve(reviewed, sums[last] / ends[last], limits[last])


def _weighed(groups: npt.NDArray[np.integer]) -> tuple[Indices, Floats]:
    """Return (n,) groups, numbered from 0, and the share of its group that each document is."""
    numbers, sizes = np.unique(groups, return_inverse=True, return_counts=True)[1:]
    return numbers, 1 / sizes[numbers]
