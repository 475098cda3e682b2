"""Texts as words without case and punctuation, and as hashed word n-grams (shingles)."""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

# Odd, with bits well spread; a power of an odd number never becomes 0 in 64 bits.
_BASE_OF_CHARACTERS = np.uint64(0x9E3779B97F4A7C15)
_BASE_OF_WORDS = np.uint64(0xD1342543DE82EF95)


@dataclass(frozen=True)
class Words:
    """The words of n texts, one after the other.

    Attributes:
        codes: (c,) code points of casefolded letters and digits, a 0 after each word.
        offsets: (n + 1,) where each text begins in ``codes``, and where the last one ends.
    """

    codes: npt.NDArray[np.uint32]
    offsets: npt.NDArray[np.int64]

    def digests(self) -> list[bytes]:
        """Return a 16-byte digest of each text's words."""
        bounds = self.offsets.tolist()
        return [
            hashlib.blake2b(self.codes[start:end].tobytes(), digest_size=16).digest()
            for start, end in pairwise(bounds)
        ]


def split_words(texts: Sequence[str]) -> Words:
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
    return Words(
        codes=(codes * in_word)[keep],
        offsets=np.concatenate([[0], np.cumsum(kept, dtype=np.int64)]),
    )


def shingle(words: Words, ngram: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Hash every ``ngram`` consecutive words of each text into 64 bits.

    A text of fewer words, or of none, is one shingle as a whole.

    Returns:
        (s,) hashes, repeated where the text repeats itself, and (n + 1,) where each text begins.
    """
    ends = np.flatnonzero(words.codes == 0)
    hashes = _hash_words(words.codes, ends)
    counts = np.diff(np.searchsorted(ends, words.offsets))
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


def _hash_words(
    codes: npt.NDArray[np.uint32], ends: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint64]:
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


@lru_cache(maxsize=1)
def _word_characters() -> npt.NDArray[np.bool_]:
    """Return for each code point whether it belongs to a word."""
    return np.array([chr(code).isalnum() for code in range(sys.maxunicode + 1)])
