"""The words of the labels' own names: where they stand in a text, and the text without them.

A label's name is cut into words at underscores, spaces, hyphens, slashes, commas and where a small
letter meets a capital (``Front_End_Developer``, ``FrontEndDeveloper``: front, end, developer). It
is found whatever the case, with any or no separator between the words (front-end developer,
Frontend Developer), each word in the singular or the plural (systems administrator, Java
developers, developer's). Synonyms are no variants of a name, unless the caller says so.

There are two levels. A **name** is the whole of it; that is what a job title copies. **Words** are
its single content words as well (java, developer), wherever they stand: far more is removed, skills
too, and what is left has nothing of the label's name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np

from resumebert.data.arrays import Flags
from resumebert.utils.errors import UserError

Level = Literal["names", "words"]
LEVELS: tuple[Level, ...] = ("names", "words")

# Words that say nothing of a label by themselves.
FUNCTION_WORDS = frozenset(
    ("a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with")
)
# Such an abbreviation in capitals is not looked for in small letters: "IT" is not "it".
ABBREVIATION = 3

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+(?:[+#]+(?![^\W_]))?")
_BETWEEN = r"[\s_/.,&-]{0,3}"
_START, _END = r"(?<![^\W_])", r"(?![^\W_])"


@dataclass(frozen=True)
class LabelWords:
    """What to look for: by level, a pattern for each of L labels.

    Those of the level "names" are of whole names and their variants, those of "words" of these and
    of their single content words.
    """

    label_names: Sequence[str]
    patterns: Mapping[Level, Sequence[re.Pattern[str]]]
    # By level, one pattern for the words of any label: a text is searched once, not L times.
    any_label: Mapping[Level, re.Pattern[str]]

    def spans(self, text: str, label: int, level: Level = "names") -> list[tuple[int, int]]:
        """Return where a label's name (or words) begin and end in a text, in order."""
        return [match.span() for match in self.patterns[level][label].finditer(text)]

    def named(self, texts: Sequence[str], level: Level = "names") -> Flags:
        """Return (n, L): whether a text has a label's name, or one of its words."""
        found = [[p.search(text) is not None for p in self.patterns[level]] for text in texts]
        return np.array(found, dtype=np.bool_).reshape(len(texts), len(self.label_names))

    def removed(self, text: str, level: Level) -> str:
        """Return a text without the names (or words) of any label, until none is left."""
        while True:
            shorter = self.any_label[level].sub("", text)
            if shorter == text:
                return text
            text = re.sub(r"(?<=[ \t])[ \t]+", "", shorter)

    def without(self, level: Level, texts: Iterable[str]) -> list[str]:
        """Return :meth:`removed` of each text."""
        return [self.removed(text, level) for text in texts]


def label_words(
    label_names: Sequence[str], more: Mapping[str, Sequence[str]] | None = None
) -> LabelWords:
    """Return what to look for.

    Args:
        label_names: L names.
        more: further names of a label, such as ``{"Software_Developer": ["software engineer"]}``;
            they are varied as the label's own name is.

    Raises:
        UserError: ``more``, which is ``evaluation.label_words``, names a label that there is not.
    """
    unknown = set(more or {}) - set(label_names)
    if unknown:
        raise UserError(
            f"evaluation.label_words: further names are given for {', '.join(sorted(unknown))}, "
            f"which is no label; the labels are {', '.join(label_names)}."
        )
    found: dict[Level, list[list[str]]] = {"names": [], "words": []}
    for label in label_names:
        phrases = [split_name(name) for name in [label, *(more or {}).get(label, ())]]
        # Of a name without a letter or digit nothing can be found. One of a single word is that
        # word, and as careful with its capitals.
        wholes = [
            _alone(phrase[0]) if len(phrase) == 1 else _BETWEEN.join(map(_inflected, phrase))
            for phrase in phrases
            if phrase
        ]
        single = dict.fromkeys(
            word
            for phrase in phrases
            for word in phrase
            if word.lower() not in FUNCTION_WORDS or _is_abbreviation(word)
        )
        found["names"].append(_longest_first(wholes))
        found["words"].append([*_longest_first(wholes), *map(_alone, single)])
    return LabelWords(
        list(label_names),
        {level: [_pattern(one) for one in of_labels] for level, of_labels in found.items()},
        {level: _pattern(_longest_first(chain(*all_of))) for level, all_of in found.items()},
    )


def split_name(name: str) -> list[str]:
    """Return the words of a label's name, as they are written there."""
    return _WORD.findall(_CAMEL.sub(" ", name))


def _is_abbreviation(word: str) -> bool:
    return word.isupper() and len(word) <= ABBREVIATION


def _alone(word: str) -> str:
    return rf"(?-i:{re.escape(word)})(?![+#])" if _is_abbreviation(word) else _inflected(word)


def _inflected(word: str) -> str:
    """Return a pattern of an English noun in singular and plural, and of its possessive."""
    if len(word) == 1:
        # "C" is not "C++".
        return rf"{re.escape(word)}(?![+#])"
    singular = _singular(word.lower())
    forms = sorted({word.lower(), singular, _plural(singular)}, key=len, reverse=True)
    return rf"(?:{'|'.join(map(re.escape, forms))})(?:['’]s?(?![^\W_]))?"


def _singular(word: str) -> str:
    if len(word) <= ABBREVIATION or not word.endswith("s"):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    return word if word.endswith(("ss", "us", "is")) else word[:-1]


def _plural(word: str) -> str:
    if not word[-1].isalpha():
        return word
    if word.endswith("y") and len(word) > 1 and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    if word.endswith("sis"):
        return word[:-2] + "es"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh", "z")) else "s")


def _longest_first(alternatives: Iterable[str]) -> list[str]:
    """Return different alternatives, the longest first: the first that matches is taken."""
    return sorted(dict.fromkeys(alternatives), key=len, reverse=True)


def _pattern(alternatives: Sequence[str]) -> re.Pattern[str]:
    if not alternatives:
        return re.compile(r"(?!)")
    return re.compile(rf"{_START}(?:{'|'.join(alternatives)}){_END}", re.IGNORECASE)
