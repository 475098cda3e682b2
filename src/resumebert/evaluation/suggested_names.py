"""Further names of labels that the training documents suggest.

A label has more names than its own: who is a Software_Developer calls it software engineer. What a
linear model weighs most for a label and what is spelled like its name is likely one of them. A
person decides which: ``evaluation.label_words`` takes them.
"""

from difflib import SequenceMatcher

import numpy as np

from resumebert.data.label_words import FUNCTION_WORDS, LabelWords, split_name
from resumebert.evaluation.baseline import LinearBaseline

# Terms of a label that are looked at, the weightiest first, and how many of them are named.
LOOKED_AT, NAMED = 30, 3
# Of two spellings: the share of equal letters from which on they are alike.
ALIKE = 0.85
# So many first letters make two words kin: develop, developer, development.
KIN = 5


def suggested_names(baseline: LinearBaseline, words: LabelWords) -> dict[str, list[str]]:
    """Return label → up to :data:`NAMED` terms of one or two words, the weightiest first.

    Labels for which there are none are left out, and so are terms that ``words`` finds already.
    """
    terms = baseline.vectorizer.get_feature_names_out()
    found = {}
    for column, name in enumerate(words.label_names):
        weights = baseline.weights[:, column]
        first = np.argsort(-weights, kind="stable")[:LOOKED_AT]
        heavy = [str(terms[place]) for place in first if weights[place] > 0]
        known = words.named(heavy)[:, column]
        chosen: list[str] = []
        for term, is_known in zip(heavy, known, strict=True):
            # A longer term says nothing new.
            holds_another = any(set(other.split()) <= set(term.split()) for other in chosen)
            if not is_known and not holds_another and _is_like(term, name):
                chosen.append(term)
        if chosen:
            found[name] = chosen[:NAMED]
    return found


def _is_like(term: str, name: str) -> bool:
    """Tell whether a term is spelled like a name, or is its first word with another one after it.

    Titles are told apart by their last word: network administrator, network engineer.
    """
    own = [word.lower() for word in split_name(name) if word.lower() not in FUNCTION_WORDS]
    parts = term.split()
    if set(parts) <= set(own) or parts[-1] in FUNCTION_WORDS:
        return False
    if SequenceMatcher(None, "".join(parts), "".join(own)).ratio() >= ALIKE:
        return True
    return len(parts) > 1 and len(own) > 1 and _are_kin(parts[0], own[0])


def _are_kin(one: str, other: str) -> bool:
    return one == other or (min(len(one), len(other)) >= KIN and one[:KIN] == other[:KIN])
