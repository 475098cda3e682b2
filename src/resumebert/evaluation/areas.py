"""Areas under curves of scored documents, for many weightings of the documents at a time.

The scores are sorted once; each weighting then takes running sums of weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Weights = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]

KINDS = ("ap", "auroc")


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

    @np.errstate(divide="ignore", invalid="ignore")
    def areas(self, weights: Weights, kinds: Sequence[str] = KINDS) -> dict[str, Floats]:
        """Return the (B,) areas of some of ``KINDS`` at (B, G) weights.

        ``ap`` is average precision as scikit-learn has it, ties passed at once; nan if no weight is
        on a true entry. ``auroc`` is the area under the ROC curve, ties counted half (Hanley and
        McNeil 1982); nan as well if no weight is on a false one.
        """
        ranked, hits = (_running_sums(weights, of) for of in (self.groups, self.hit_groups))
        passed = ranked.take(self.ends, axis=1).astype(np.float64)
        true = hits.take(self.hit_ends, axis=1).astype(np.float64)
        # What is gained at each of the m scores, where so much has been passed, of it so much true.
        gained, true = true[:, 1:] - true[:, :-1], true[:, 1:]
        positives = hits[:, -1].astype(np.float64)
        found = {}
        if "ap" in kinds:
            precision = true / np.maximum(passed, 1)
            found["ap"] = np.asarray(np.einsum("bm,bm->b", gained, precision) / positives)
        if "auroc" in kinds:
            false = passed - true
            # In whole numbers up to the division, so that the order of documents cannot matter.
            lost = 2 * np.einsum("bm,bm->b", gained, false)
            if len(self.ties):
                before = ranked.take(self.tie_starts, axis=1)
                before -= hits.take(self.tie_hit_starts, axis=1)
                tied = false.take(self.ties, axis=1) - before
                lost -= np.einsum("bt,bt->b", gained.take(self.ties, axis=1), tied)
            negatives = ranked[:, -1] - positives
            found["auroc"] = np.asarray(1 - lost / (2 * positives * negatives))
        return found


def _running_sums(weights: Weights, groups: Indices) -> Weights:
    """Return (B, K + 1): the summed weights of the first 0, 1, … K of the (K,) groups."""
    sums = np.zeros((len(weights), len(groups) + 1), dtype=np.int32)
    np.cumsum(weights.take(groups, axis=1), axis=1, out=sums[:, 1:])
    return sums
