"""Groups of documents that are copies of each other and so must share a split."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_NOT_A_WORD = re.compile(r"[\W_]+")


def text_digest(text: str) -> bytes:
    """Return a 16-byte digest of ``text``."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def normalised_digest(text: str) -> bytes:
    """Return a digest of ``text`` that ignores case, punctuation and whitespace."""
    normalised = _NOT_A_WORD.sub(" ", text.casefold()).strip()
    return text_digest(normalised)


def exact_groups(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """Number the groups of texts that are equal but for case, punctuation and whitespace.

    Returns:
        (n,) group numbers, counted up from 0 in the order of first appearance.
    """
    numbers: dict[bytes, int] = {}
    return np.array(
        [numbers.setdefault(normalised_digest(text), len(numbers)) for text in texts],
        dtype=np.int64,
    )
