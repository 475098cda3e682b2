"""A text about a woman as the same text about a man, and the other way round.

Pronouns: she, her, hers, herself and he, his, him, himself. English has one "her" for "his" and
"him": it becomes "his" before what can begin a noun phrase, and "him" at the end of a clause,
before a sign and before a word that begins something else (a preposition, an article, an adverb in
-ly). So does "his" become "her" or "hers". "She asked her about it" and "her strong results" come
out right; of a verb that takes two objects ("gave her reports") "his" is made, which may be wrong.
Pronouns in capitals stay: HIS and HE are abbreviations in résumés. "They" stays: without it the
verbs would have to change as well.

Words: pairs such as waitress and waiter, and titles before a name. From men's words to women's only
those are changed that mean a man in a résumé: a host is a computer, an actor is part of a use case.
"""

import re
from typing import Literal

Gender = Literal["female", "male"]

# Each pronoun's other form before what can begin a noun phrase, and elsewhere.
_PRONOUNS: dict[Gender, dict[str, tuple[str, str]]] = {
    "male": {
        "she": ("he", "he"),
        "her": ("his", "him"),
        "hers": ("his", "his"),
        "herself": ("himself", "himself"),
    },
    "female": {
        "he": ("she", "she"),
        "his": ("her", "hers"),
        "him": ("her", "her"),
        "himself": ("herself", "herself"),
    },
}

# What can't begin the noun phrase that "her" would belong to: prepositions and particles;
# conjunctions, articles, determiners, pronouns; verbs that are no nouns, and adverbs without -ly.
_FUNCTION_WORDS = """
about above across after against along among around as at away back before behind below beside
between beyond by despite down during except for from in inside into near of off on onto out outside
over past since than through throughout to toward towards under until up upon via with within
without
and or but nor so yet if because although though while when where whether which who whom why how
what that this these those a an the each every some any no all both i you he she it we they me him
us them my your his its our their
is are was were be been has had do does did can could will would shall should may might must again
also always here never not now often once soon then there today too well
"""
_NO_NOUN = frozenset(_FUNCTION_WORDS.split())
# Adjectives and nouns in -ly.
_LY_WORDS = """
assembly daily early elderly family friendly hourly monthly only quarterly supply timely weekly
yearly
"""
_NOT_ADVERBS = frozenset(_LY_WORDS.split())
_NEXT_WORD = re.compile(r"[ \t]*\n?[ \t]*([A-Za-z][A-Za-z'’-]*)")

# A woman's word and the man's.
_PAIRS = """
woman:man women:men girl:boy girls:boys lady:gentleman ladies:gentlemen female:male mother:father
daughter:son daughters:sons wife:husband sorority:fraternity alumna:alumnus waitress:waiter
waitresses:waiters chairwoman:chairman spokeswoman:spokesman saleswoman:salesman
businesswoman:businessman policewoman:policeman congresswoman:congressman handywoman:handyman
servicewoman:serviceman sportswoman:sportsman
"""
# The man's word mostly means something else: it is not changed into the woman's.
_ONE_WAY = "sister:brother hostess:host actress:actor stewardess:steward seamstress:tailor"


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(women, men) for women, _, men in (pair.partition(":") for pair in text.split())]


_WORDS = {
    "male": dict(_pairs(_PAIRS + _ONE_WAY)),
    "female": {men: women for women, men in _pairs(_PAIRS)},
}
_WORD = {
    gender: re.compile(rf"\b({'|'.join(sorted(words, key=len, reverse=True))})\b", re.IGNORECASE)
    for gender, words in _WORDS.items()
}
# Small letters: MS is a degree and a company.
_TITLE = {
    "male": (re.compile(r"\b(?:Mrs|Ms|Miss)\b\.?(?=[ \t][A-Z])"), "Mr."),
    "female": (re.compile(r"\bMr\b\.?(?=[ \t][A-Z])"), "Ms."),
}


def swap_pronouns(text: str, to: Gender) -> str:
    """Return a text with the pronouns of ``to`` in place of the other gender's."""

    def swapped(match: re.Match[str]) -> str:
        word = match[0]
        if word.isupper():
            return word
        before_noun, elsewhere = _PRONOUNS[to][word.lower()]
        rest = text[match.end() :][:80]
        return _cased_as(word, before_noun if _begins_noun(rest) else elsewhere)

    return re.sub(rf"\b({'|'.join(_PRONOUNS[to])})\b", swapped, text, flags=re.IGNORECASE)


def swap_words(text: str, to: Gender) -> str:
    """Return a text with the gendered words and titles of ``to`` in place of the other gender's."""
    title, replacement = _TITLE[to]
    text = title.sub(replacement, text)
    return _WORD[to].sub(lambda match: _cased_as(match[0], _WORDS[to][match[0].lower()]), text)


def has_pronouns(text: str) -> bool:
    """Tell whether a text has a pronoun that :func:`swap_pronouns` would change, either way."""
    return any(swap_pronouns(text, to) != text for to in ("female", "male"))


def _begins_noun(rest: str) -> bool:
    match = _NEXT_WORD.match(rest)
    if match is None or match.start(1) == 0:
        # A sign or the end follows; of "his-and-hers" nothing is known.
        return re.match(r"[ \t]+[\d“\"'‘(]", rest) is not None
    word = match[1].lower()
    return word not in _NO_NOUN and not (word.endswith("ly") and word not in _NOT_ADVERBS)


def _cased_as(word: str, other: str) -> str:
    """Return ``other`` in the case of ``word``."""
    if word.isupper():
        return other.upper()
    return other[0].upper() + other[1:] if word[0].isupper() else other
