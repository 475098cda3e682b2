"""Near-duplicates by MinHash and locality-sensitive hashing (LSH).

The similarity of two texts is the Jaccard index of their sets of shingles (word n-grams). MinHash
(Broder 1997, "On the resemblance and containment of documents") keeps of each text, for each of
``num_perm`` random permutations of all shingles, the smallest one it has: two texts agree in a
share of these minima that estimates their similarity s. Banding (Leskovec, Rajaraman & Ullman,
"Mining of Massive Datasets", 3.4) cuts the minima into b bands of r: two texts agree in a whole
band, and so become candidates, with probability 1 - (1 - s^r)^b.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from resumebert.data.arrays import Ints

# Of the pairs just at the threshold, the share that banding must propose.
_RECALL_AT_THRESHOLD = 0.99
# A candidate is compared in full unless its estimate is so many standard errors too low.
_STANDARD_ERRORS = 3.0
# In a bucket of the hash, how many following texts each is compared with: a page of boilerplate
# that half the texts share must not cost the square of their number.
_NEIGHBOURS = 16
# A text for which so many full comparisons have failed is compared no more: likewise.
_MOST_REJECTIONS = 16
_PAIRS_AT_ONCE = 8192
_SETS_KEPT = 2048

Shingles = npt.NDArray[np.uint64]
Minima = npt.NDArray[np.uint32]


class MinHasher:
    """Reduces sets of shingles to ``num_perm`` minima; the seed draws the permutations."""

    def __init__(self, num_perm: int, seed: int) -> None:
        generator = np.random.default_rng(seed)
        # An odd factor makes the product modulo 2^32 a permutation of 32-bit numbers.
        factors = generator.integers(2**31, size=num_perm, dtype=np.uint32)
        self._factors = factors * np.uint32(2) + np.uint32(1)
        self._terms = generator.integers(2**32, size=num_perm, dtype=np.uint32)

    def __call__(self, shingles: Shingles, starts: Ints) -> Minima:
        """Return the (n, num_perm) minima of n texts, whose shingles begin at the (n,) ``starts``.

        Each text has one shingle at least.
        """
        values = (shingles >> np.uint64(32)).astype(np.uint32)
        permuted = np.empty_like(values)
        minima = np.empty((len(starts), len(self._factors)), dtype=np.uint32)
        for k, (factor, term) in enumerate(zip(self._factors, self._terms, strict=True)):
            np.multiply(values, factor, out=permuted)
            permuted += term
            minima[:, k] = np.minimum.reduceat(permuted, starts)
        return minima


def choose_rows(threshold: float, num_perm: int) -> int:
    """Return the most rows r a band may have so that pairs at the threshold are candidates.

    The more rows, the fewer candidates. The probability 1 - (1 - s^r)^b at s = ``threshold``, with
    b = ``num_perm // r`` bands, stays at 0.99 at least (or at what one row a band can do).
    """
    recalls = {r: 1 - (1 - threshold**r) ** (num_perm // r) for r in range(2, num_perm + 1)}
    return max((r for r, recall in recalls.items() if recall >= _RECALL_AT_THRESHOLD), default=1)


def join_similar(minima: Minima, shingles_of: Callable[[int], Shingles], threshold: float) -> Ints:
    """Group texts that a chain of pairs with Jaccard ≥ ``threshold`` connects.

    Candidates come from the (n, num_perm) minima; the Jaccard index that decides is that of the
    shingles, which ``shingles_of`` returns for a text, now and then again. Where more than 16 texts
    are much alike but not enough to join, not every pair is compared, so that time stays
    proportional to n. Memory is that of the minima and of one band's candidates.

    Returns:
        (n,) the number of the first text of each text's group.
    """
    forest = list(range(len(minima)))
    rejected: set[tuple[int, int]] = set()
    rejections = [0] * len(minima)

    @lru_cache(maxsize=_SETS_KEPT)
    def distinct(text: int) -> Shingles:
        return np.unique(shingles_of(text))

    keys = _band_keys(minima, choose_rows(threshold, minima.shape[1]))
    for band in range(len(keys)):
        pairs = _bucket_pairs(keys, band)
        roots = _roots(forest)
        pairs = pairs[roots[pairs[:, 0]] != roots[pairs[:, 1]]]
        for pair in _likely_pairs(pairs, minima, threshold):
            if pair in rejected or max(rejections[text] for text in pair) >= _MOST_REJECTIONS:
                continue
            first, second = sorted(_root(forest, text) for text in pair)
            if first == second:
                continue
            one, other = distinct(pair[0]), distinct(pair[1])
            union = len(np.union1d(one, other))
            if (len(one) + len(other) - union) / union >= threshold:
                forest[second] = first
                continue
            rejected.add(pair)
            for text in pair:
                rejections[text] += 1
    return _roots(forest)


def _root(forest: list[int], text: int) -> int:
    """Return the first text of the group of ``text``, shortening the way there."""
    while forest[text] != text:
        forest[text] = forest[forest[text]]
        text = forest[text]
    return text


def _roots(forest: list[int]) -> Ints:
    roots = np.array(forest, dtype=np.int64)
    while (roots != roots[roots]).any():
        roots = roots[roots]
    return roots


def _band_keys(minima: Minima, rows: int) -> npt.NDArray[np.uint64]:
    """Return a (b, n) hash of each text's minima in each band of ``rows``."""
    bands = minima.shape[1] // rows
    keys = np.zeros((bands, len(minima)), dtype=np.uint64)
    for column in range(bands * rows):
        keys[column // rows] *= np.uint64(0xD1342543DE82EF95)
        keys[column // rows] += minima[:, column]
    return keys


def _bucket_pairs(keys: npt.NDArray[np.uint64], band: int) -> Ints:
    """Return (p, 2) pairs of texts that agree in ``band``, the smaller number first.

    In a large bucket, texts that agree in the next band too are neighbours.
    """
    order = np.lexsort((keys[(band + 1) % len(keys)], keys[band]))
    sorted_keys = keys[band][order]
    pairs = [np.zeros((0, 2), dtype=np.int64)]
    for distance in range(1, min(_NEIGHBOURS, len(order) - 1) + 1):
        same = np.flatnonzero(sorted_keys[distance:] == sorted_keys[:-distance])
        if not len(same):
            break
        pairs.append(np.stack([order[same], order[same + distance]], axis=1))
    return np.sort(np.concatenate(pairs), axis=1)


def _likely_pairs(pairs: Ints, minima: Minima, threshold: float) -> list[tuple[int, int]]:
    """Return the pairs whose estimated similarity leaves them a chance, the most similar first."""
    error = (threshold * (1 - threshold) / minima.shape[1]) ** 0.5
    parts = np.split(pairs, range(_PAIRS_AT_ONCE, len(pairs), _PAIRS_AT_ONCE))
    estimates = np.concatenate(
        [(minima[part[:, 0]] == minima[part[:, 1]]).mean(axis=1) for part in parts]
    )
    likely = np.flatnonzero(estimates >= threshold - _STANDARD_ERRORS * error)
    likely = likely[np.argsort(-estimates[likely], kind="stable")]
    return [(int(first), int(second)) for first, second in pairs[likely]]
