"""Texts that are unlike those the model was trained on, whose labels therefore mean little.

A text is compared with training documents in three ways: how many tokens it has (*length*), how
surprising its tokens are, at the frequencies that they have there (*words*: another language, no
known words), and how far what the encoder made of it lies from theirs (*content*). The last is the
Mahalanobis distance of features (Lee et al., "A simple unified framework for detecting
out-of-distribution samples", 2018), whose covariance is that of probabilistic principal components
(Tipping and Bishop, 1999), since there are often fewer documents than features.

Limits are quantiles of validation documents, which neither the model nor the comparison has seen:
of further documents like these at most the given share is marked (conformal p-values: Bates et al.,
"Testing for outliers with conformal p-values", 2023). Duplicates count as one.
"""

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from resumebert.evaluation.areas import Floats

Tokens = Sequence[npt.NDArray[np.integer]]

WAYS = ("length", "words", "content")
COMPONENTS = 32
# Of a token that the training documents do not have.
_UNSEEN = 0.5
_SMALLEST = 1e-12


@dataclass(frozen=True, eq=False)
class Familiarity:
    """What training documents are like, and how far from them validation documents are.

    Attributes:
        length: median of the logarithm of the number of tokens, plus one.
        surprise: V, minus the logarithm of each token's frequency.
        centre: H, mean of the features.
        directions: K of H, orthonormal: where features vary most.
        variances: K of them, above 0.
        rest: variance in each other direction, above 0.
        limits: by way, the score above which a text is marked.
    """

    length: float
    surprise: Floats
    centre: Floats
    directions: Floats
    variances: Floats
    rest: float
    limits: dict[str, float]

    def scores(self, tokens: Tokens, features: Floats) -> dict[str, Floats]:
        """Return (n,) scores by way, the higher the less alike.

        Args:
            tokens: the ids of n documents, without special tokens.
            features: (n, H).
        """
        counts = np.array([len(ids) for ids in tokens])
        centred = features - self.centre
        along = centred @ self.directions.T
        across = np.maximum((centred**2).sum(axis=1) - (along**2).sum(axis=1), 0)
        return {
            "length": np.abs(np.log1p(counts) - self.length),
            # Of no token nothing is known but the length.
            "words": np.array([self.surprise[ids].mean() if len(ids) else 0.0 for ids in tokens]),
            "content": (along**2 / self.variances).sum(axis=1) + across / self.rest,
        }

    def unlike(self, tokens: Tokens, features: Floats) -> list[list[str]]:
        """Return, for each of n documents, in which of :data:`WAYS` it is unlike; none: alike."""
        scores = self.scores(tokens, features)
        return [
            [way for way in WAYS if scores[way][i] > self.limits[way]] for i in range(len(tokens))
        ]

    def to_plain(self) -> dict[str, Any]:
        """Return plain values: arrays as text, since long lists are slow to read."""
        return {
            name: _to_text(value) if isinstance(value, np.ndarray) else value
            for name, value in vars(self).items()
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Familiarity":
        """Return what :meth:`to_plain` was called on; arrays may be lists too.

        Raises:
            ValueError: the values do not fit each other, or are not finite.
            TypeError: a key is missing or unknown.
        """
        arrays = {name: _array(plain[name]) for name in _ARRAYS if name in plain}
        found = cls(**{**plain, **arrays})
        numbers = [found.length, found.rest, *found.limits.values()]
        if not (
            all(type(x) is float and math.isfinite(x) for x in numbers)
            and all(np.isfinite(array).all() for array in arrays.values())
            and found.directions.size == len(found.centre) * len(found.variances)
            and set(found.limits) == set(WAYS)
            and min([found.rest, *found.variances]) > 0
        ):
            raise ValueError("what training documents are like is no description of these")
        shape = len(found.variances), len(found.centre)
        return replace(found, directions=found.directions.reshape(shape))


_ARRAYS = ("surprise", "centre", "directions", "variances")


def _to_text(array: Floats) -> str:
    return base64.b64encode(array.astype("<f8").tobytes()).decode()


def _array(value: Any) -> Floats:
    if isinstance(value, str):
        return np.frombuffer(base64.b64decode(value, validate=True), "<f8").astype(np.float64)
    return np.array(value, dtype=np.float64)


def fit_familiarity(
    tokens: Tokens,
    features: Floats,
    vocabulary: int,
    val_tokens: Tokens,
    val_features: Floats,
    val_groups: npt.NDArray[np.integer],
    share: float,
) -> Familiarity:
    """Describe training documents; find limits on validation documents, m of at least 1.

    Args:
        tokens: the ids of training documents, at least one.
        features: (n, H) of n training documents, the same or fewer.
        vocabulary: V.
        val_tokens: the ids of m validation documents.
        val_features: (m, H).
        val_groups: (m,) group number of each; duplicates share one.
        share: of documents like these that may be marked, in (0, 1); each way has a third of it.
    """
    counts = np.bincount(np.concatenate(tokens), minlength=vocabulary) + _UNSEEN
    centre = features.mean(axis=0)
    _, sizes, directions = np.linalg.svd(features - centre, full_matrices=False)
    variances = np.maximum(sizes**2 / max(len(features) - 1, 1), _SMALLEST)
    kept = min(COMPONENTS, len(variances) - 1, len(centre) - 1)
    rest = max(float(variances[kept:].sum()) / (len(centre) - kept), _SMALLEST)
    described = Familiarity(
        length=float(np.median(np.log1p([len(ids) for ids in tokens]))),
        surprise=np.log(counts.sum() / counts),
        centre=centre,
        directions=directions[:kept],
        variances=np.maximum(variances[:kept], rest),
        rest=rest,
        limits=dict.fromkeys(WAYS, 0.0),
    )
    scores = described.scores(val_tokens, val_features)
    limits = {way: _limit(scores[way], val_groups, share / len(WAYS)) for way in WAYS}
    return replace(described, limits=limits)


def _limit(scores: Floats, groups: npt.NDArray[np.integer], share: float) -> float:
    """Return the limit that at most ``share`` of new documents exceed; the highest score if few."""
    numbers = np.unique(groups, return_inverse=True)[1]
    highest = np.full(numbers.max() + 1, -np.inf)
    np.maximum.at(highest, numbers, scores)
    place = math.ceil((len(highest) + 1) * (1 - share))
    return float(np.sort(highest)[min(place, len(highest)) - 1])
