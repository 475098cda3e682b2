"""Groups of documents that are duplicates, or nearly so, and must share a split."""

import hashlib
import sys
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice, pairwise

import numpy as np
import numpy.typing as npt

from resumebert.data.arrays import Groups, Ints, Labels
from resumebert.data.near_duplicates import MinHasher, Shingles, join_similar
from resumebert.utils.errors import UserError

# The words of n texts: code points of casefolded letters and digits, a 0 after each word; and where
# each text begins in them, and the last one ends, (n + 1,).
Words = tuple[npt.NDArray[np.uint32], Ints]
# So many that their shingles fit into the processor's cache.
_TEXTS_AT_ONCE = 64
# Odd, with bits well spread; a power of an odd number never becomes 0 in 64 bits.
_BASE_OF_CHARACTERS = np.uint64(0x9E3779B97F4A7C15)
_BASE_OF_WORDS = np.uint64(0xD1342543DE82EF95)


def text_digest(text: str) -> bytes:
    """Return a 16-byte digest of ``text``."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def exact_groups(texts: Sequence[str]) -> Ints:
    """Number the groups of texts that are equal but for case, punctuation and whitespace.

    Returns:
        (n,) group numbers, counted up from 0 in the order of first appearance.
    """
    return _numbered(digest for words in _blocks(texts) for digest in _digests(words))


def duplicate_groups(
    texts: Sequence[str],
    *,
    threshold: float = 0.8,
    ngram: int = 5,
    num_perm: int = 128,
    seed: int = 0,
) -> Ints:
    """Number the groups of texts that are duplicates, or nearly so.

    Texts that are equal but for case, punctuation and whitespace form groups, and groups join where
    the sets of word n-grams of two texts have a Jaccard index of ``threshold`` or more (see
    :mod:`resumebert.data.near_duplicates`). So two texts of a group may be less similar than that,
    if others connect them. A text of fewer than ``ngram`` words is a single n-gram: it may have
    duplicates, but no near-duplicates. Who shares a group does not depend on the texts' order.

    Time grows with the total length of the texts; memory is 4 bytes a permutation and text.

    Args:
        texts: the n texts, cleaned; read in order, and once more where near-duplicates are likely.
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
    digests: list[bytes] = []
    first_with: dict[bytes, int] = {}
    minima = [np.zeros((0, num_perm), dtype=np.uint32)]
    for words in _blocks(texts):
        new = []
        for place, digest in enumerate(_digests(words)):
            if digest not in first_with:
                first_with[digest] = len(digests)
                new.append(place)
            digests.append(digest)
        shingles, starts = _shingle(words, ngram)
        minima.append(hasher(shingles, starts[:-1])[new])

    # In the order of their digests, so that the order of the texts plays no part.
    ordered = sorted(first_with)
    place_of = {digest: place for place, digest in enumerate(first_with)}

    def shingles_of(place: int) -> Shingles:
        return _shingle(_split_words([texts[first_with[ordered[place]]]]), ngram)[0]

    distinct = np.concatenate(minima)[[place_of[digest] for digest in ordered]]
    joined = join_similar(distinct, shingles_of, threshold).tolist()
    group_of = dict(zip(ordered, joined, strict=True))
    return _numbered(group_of[digest] for digest in digests)


def conflicting_groups(groups: Groups, labels: Labels) -> Ints:
    """Return the numbers, ascending, of the groups whose documents differ in their labels."""
    _, first, place = np.unique(groups, return_index=True, return_inverse=True)
    differs = (labels != labels[first[place]]).any(axis=1)
    return np.unique(groups[differs])


def drop_duplicates(groups: Groups) -> Ints:
    """Return the positions, ascending, of the first document of each of the (n,) ``groups``."""
    return np.sort(np.unique(groups, return_index=True)[1])


def _check_settings(threshold: float, ngram: int, num_perm: int) -> None:
    if not 0 < threshold <= 1:
        raise UserError(
            f"data.near_duplicates.threshold={threshold}: it is a Jaccard index above 0 and up to "
            "1. Choose 0.8 for near-duplicates, or 1 for exact duplicates only."
        )
    for name, value, least, default in (("ngram", ngram, 1, 5), ("num_perm", num_perm, 16, 128)):
        if value < least:
            raise UserError(
                f"data.near_duplicates.{name}={value}: it must be {least} or more. The default is "
                f"{default}."
            )


def _numbered(names: Iterable[Hashable]) -> Ints:
    """Count names up from 0 in the order of first appearance."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)


def _blocks(texts: Iterable[str]) -> Iterator[Words]:
    """Yield the words of a few texts at a time."""
    rest = iter(texts)
    while block := list(islice(rest, _TEXTS_AT_ONCE)):
        yield _split_words(block)


def _split_words(texts: Sequence[str]) -> Words:
    """Split each text into runs of letters and digits, whatever case they are in."""
    folded = [text.casefold() for text in texts]
    # One more character each, so that the last word ends and no text is without a character.
    lengths = np.array([len(text) + 1 for text in folded], dtype=np.int64)
    joined = "".join(f"{text}\0" for text in folded)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    in_word = _word_characters()[codes]
    keep = in_word.copy()
    keep[1:] |= in_word[:-1]
    kept = np.add.reduceat(keep, np.cumsum(lengths) - lengths, dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(kept, dtype=np.int64)])
    return (codes * in_word)[keep], offsets


def _digests(words: Words) -> list[bytes]:
    """Return a 16-byte digest of each text's words."""
    codes, offsets = words
    return [
        hashlib.blake2b(codes[start:end].tobytes(), digest_size=16).digest()
        for start, end in pairwise(offsets.tolist())
    ]


@lru_cache(maxsize=1)
def _word_characters() -> npt.NDArray[np.bool_]:
    """Return for each code point whether it belongs to a word."""
    return np.array([chr(code).isalnum() for code in range(sys.maxunicode + 1)])


def _shingle(words: Words, ngram: int) -> tuple[Shingles, Ints]:
    """Hash every ``ngram`` consecutive words of each text (its shingles) into 64 bits.

    A text of fewer words, or of none, is one shingle as a whole.

    Returns:
        (s,) hashes, repeated where the text repeats itself, and (n + 1,) where each text begins.
    """
    codes, offsets = words
    ends = np.flatnonzero(codes == 0)
    hashes = _hash_words(codes, ends)
    counts = np.diff(np.searchsorted(ends, offsets))
    # A place for every word, and for those that a short text lacks: they stay 0.
    places = np.maximum(counts, ngram)
    first_place = np.cumsum(places) - places
    first_word = np.cumsum(counts) - counts
    padded = np.zeros(int(places.sum()), dtype=np.uint64)
    padded[np.arange(len(hashes)) + np.repeat(first_place - first_word, counts)] = hashes
    windows = places - ngram + 1
    starts = np.concatenate([[0], np.cumsum(windows)])
    first = np.arange(starts[-1]) + np.repeat(first_place - starts[:-1], windows)
    rolling = np.zeros(len(padded) - ngram + 1, dtype=np.uint64)
    for offset in range(ngram):
        rolling *= _BASE_OF_WORDS
        rolling += padded[offset : offset + len(rolling)]
    return _mix(rolling[first]), starts


def _hash_words(codes: npt.NDArray[np.uint32], ends: Ints) -> Shingles:
    """Return a hash of each word; ``ends`` are the places of the 0 after each."""
    if not len(ends):
        return np.zeros(0, dtype=np.uint64)
    lengths = np.diff(ends, prepend=-1)
    starts = ends - lengths + 1
    powers = np.full(int(lengths.max()), _BASE_OF_CHARACTERS)
    powers[0] = 1
    powers = np.cumprod(powers)
    place_in_word = np.arange(len(codes)) - np.repeat(starts, lengths)
    return _mix(np.add.reduceat(codes * powers[place_in_word], starts))


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Let each bit depend on all bits: the finaliser of MurmurHash3, a bijection."""
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return values ^ (values >> np.uint64(33))
