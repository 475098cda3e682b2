"""Areas under curves of scored documents, for many weightings of the documents at a time.

The scores are sorted once; each weighting then takes running sums of weights.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Weights = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]


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

    groups: Indices
    hit_groups: Indices
    ends: Indices
    hit_ends: Indices
    ties: Indices
    tie_starts: Indices
    tie_hit_starts: Indices

    @classmethod
    def of(cls, scores: Floats, truth: Flags, groups: Indices) -> "Curve":
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


def _running_sums(weights: Weights, groups: Indices) -> Weights:
    """Return (B, K + 1): the summed weights of the first 0, 1, … K of the (K,) groups."""
    sums = np.zeros((len(weights), len(groups) + 1), dtype=np.int32)
    np.cumsum(weights.take(groups, axis=1), axis=1, out=sums[:, 1:])
    return sums
