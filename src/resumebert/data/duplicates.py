"""Groups of documents that are duplicates, or nearly so, and must share a split."""

import hashlib
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from resumebert.data.near_duplicates import MinHasher, Shingles, join_similar
from resumebert.data.shingling import Words, shingle, split_words
from resumebert.utils.errors import UserError

_TEXTS_AT_ONCE = 64


def text_digest(text: str) -> bytes:
    """Return a 16-byte digest of ``text``."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def exact_groups(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """Number the groups of texts that are equal but for case, punctuation and whitespace.

    Returns:
        (n,) group numbers, counted up from 0 in the order of first appearance.
    """
    return _numbered(digest for words in _blocks(texts) for digest in words.digests())


def duplicate_groups(
    texts: Sequence[str],
    *,
    threshold: float = 0.8,
    ngram: int = 5,
    num_perm: int = 128,
    seed: int = 0,
) -> npt.NDArray[np.int64]:
    """Number the groups of texts that are duplicates, or nearly so.

    Texts that are equal but for case, punctuation and whitespace form groups, and groups join where
    the sets of word n-grams of two texts have a Jaccard index of ``threshold`` or more (see
    :mod:`resumebert.data.near_duplicates`); so two texts of a group may be less similar than that,
    if others connect them. A text of fewer than ``ngram`` words is a single n-gram: it may have
    duplicates, but no near-duplicates. Who shares a group does not depend on the texts' order.

    Time grows with the total length of the texts; memory is 4 bytes a permutation and text.

    Args:
        texts: the n texts, cleaned; read one after the other, then again those of which some may be
            near-duplicates.
        threshold: least Jaccard index of near-duplicates, above 0; 1: only duplicates form groups.
        ngram: words in an n-gram.
        num_perm: permutations for MinHash; fewer take less time and miss more pairs.
        seed: of the permutations.

    Returns:
        (n,) group numbers, counted up from 0 in the order of first appearance.

    Raises:
        UserError: an argument is out of its range.
    """
    _check_settings(threshold, ngram, num_perm)
    if threshold == 1:
        return exact_groups(texts)
    hasher = MinHasher(num_perm, seed)
    known: dict[bytes, int] = {}
    distinct: list[int] = []
    originals: list[int] = []
    minima = [np.zeros((0, num_perm), dtype=np.uint32)]
    for words in _blocks(texts):
        new = []
        for place, digest in enumerate(words.digests()):
            if digest not in known:
                known[digest] = len(known)
                originals.append(len(distinct))
                new.append(place)
            distinct.append(known[digest])
        shingles, starts = shingle(words, ngram)
        minima.append(hasher(shingles, starts[:-1])[new])

    # In the order of their digests, so that the order of the texts plays no part.
    order = [known[digest] for digest in sorted(known)]

    def shingles_of(place: int) -> Shingles:
        return shingle(split_words([texts[originals[order[place]]]]), ngram)[0]

    joined = join_similar(np.concatenate(minima)[order], shingles_of, threshold)
    group_of_original = np.empty(len(order), dtype=np.int64)
    group_of_original[order] = joined
    return _numbered(group_of_original[distinct].tolist())


def conflicting_groups(
    groups: npt.NDArray[np.int64], labels: npt.NDArray[np.uint8]
) -> npt.NDArray[np.int64]:
    """Return the numbers, ascending, of the groups whose documents don't all have the same labels.

    Args:
        groups: (n,) group number of each document.
        labels: (n, L) of 0 and 1.
    """
    _, first, place = np.unique(groups, return_index=True, return_inverse=True)
    differs = (labels != labels[first[place]]).any(axis=1)
    return np.unique(groups[differs])


def drop_duplicates(groups: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the positions, ascending, of the first document of each of the (n,) ``groups``."""
    return np.sort(np.unique(groups, return_index=True)[1])


def _check_settings(threshold: float, ngram: int, num_perm: int) -> None:
    if not 0 < threshold <= 1:
        raise UserError(
            f"data.near_duplicates.threshold={threshold}: it is a Jaccard index above 0 and up to "
            "1. Choose 0.8 for near-duplicates, or 1 for exact duplicates only."
        )
    for name, value, least in (("ngram", ngram, 1), ("num_perm", num_perm, 16)):
        if value < least:
            raise UserError(
                f"data.near_duplicates.{name}={value}: it must be {least} or more. The default is "
                f"{5 if name == 'ngram' else 128}."
            )


def _blocks(texts: Iterable[str]) -> Iterator[Words]:
    """Yield the words of a few texts at a time: so many that their shingles fit into a cache."""
    rest = iter(texts)
    while block := list(islice(rest, _TEXTS_AT_ONCE)):
        yield split_words(block)


def _numbered(names: Iterable[Hashable]) -> npt.NDArray[np.int64]:
    """Count names up from 0 in the order of first appearance."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)
