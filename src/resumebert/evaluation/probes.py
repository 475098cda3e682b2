"""A counterfactual probe: what names and gendered words do to a model's probabilities.

A screening tool must not score a résumé by who wrote it. The probe takes fictional résumés, writes
each in two versions that differ in nothing but a name, pronouns or gendered words, scores both and
reports the change of each label's probability, with its interval, and how many decisions it turns.
After Bertrand and Mullainathan, "Are Emily and Greg more employable than Lakisha and Jamal?"
(2004), and the gender swapping of Zhao et al., "Gender bias in coreference resolution" (2018).

====================== =============================================================================
exchange               the two versions
====================== =============================================================================
first name             the same last name and origin; a woman's and a man's first name
pronouns               she and he, with their other forms
gendered words         waitress and waiter, chairwoman and chairman, women's and men's team …
all three together     of the three above
name                   an anglophone name and one of another origin, first and last, of one gender
====================== =============================================================================

Few of the sample's résumés speak of a person: three in four have a name, one in ten "she" or "he",
none a gendered word. So that all documents have something to exchange, a résumé without a name gets
one on top; one without pronouns a sentence after its first line; and each a line with gendered
words there. These are read wherever a model reads the beginning of a text.

Limits. The probe finds what these words do in résumés like the sample's, not discrimination in the
data a model was trained on or in what is done with its answers. An interval that excludes 0 says
that a change is systematic, not that it is large (even a linear model over words changes its
probabilities by a hundredth), so look at the size and at the decisions turned. With 13 exchanges
and ten labels some intervals exclude 0 by chance: one in twenty. E-mail addresses keep the initials
of the name they had, and rare names have more tokens, so that the end of a truncated document
moves by a few words. Ten origins are no list of all, and names say them only roughly.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from resumebert.evaluation.areas import Floats, Weights
from resumebert.evaluation.gendered_words import Gender, has_pronouns, swap_pronouns, swap_words
from resumebert.evaluation.intervals import Interval, measured
from resumebert.evaluation.metrics import only_groups
from resumebert.evaluation.names import GENDERS, NAMES, ORIGINS

# Calibrated probabilities (n, L) of n texts, as a model gives them.
Scorer = Callable[[Sequence[str]], Floats]

DOCUMENTS = 50
# Of longer texts most of what would be scored is far from what differs.
CHARACTERS = 2_000
# The origin that names of the others are compared with.
REFERENCE = "anglophone"
UNKNOWN = (np.nan, np.nan)

SENTENCE = "She leads her team with care, and colleagues often ask her for advice."
# As of a woman; a document gets one of them.
LINES = (
    "Before that waitress and hostess at a restaurant.",
    "Chairwoman of the alumni association.",
    "Captain of the women's football team.",
    "Earlier jobs: saleswoman, later spokeswoman of a museum.",
    "Mother of two; coach of the girls' chess club.",
    "Worked as an actress and stewardess at first.",
    "Member of a sorority; mentor in the women's network.",
    "Businesswoman of the year in a local contest.",
)


@dataclass(frozen=True)
class Swap:
    """What exchanging words that should not matter did to one label's probability.

    Attributes:
        name: what was exchanged, such as "pronouns: she → he".
        label: the label.
        documents: how many had something to exchange.
        change: mean of probability after − before.
        interval: of the mean, 95 %, bootstrapped over documents.
        flipped: share of documents whose decision changed, in [0, 1].
        baseline_change: the linear baseline's; None: there is none.
        baseline_interval: its interval.
    """

    name: str
    label: str
    documents: int
    change: float
    interval: Interval
    flipped: float
    baseline_change: float | None = None
    baseline_interval: Interval | None = None


@dataclass(frozen=True)
class Exchange:
    """n texts before and after what the name says was exchanged in them."""

    name: str
    before: list[str]
    after: list[str]


def probe(
    score: Scorer,
    exchanges: Sequence[Exchange],
    thresholds: Floats,
    label_names: Sequence[str],
    *,
    baseline: Scorer | None = None,
    resamples: int = 2_000,
) -> list[Swap]:
    """Score both versions of all documents; return the change by exchange and label.

    The score of n texts is their calibrated probabilities (n, L), and so is the linear baseline's,
    whose changes stand beside the model's. With 0 ``resamples`` of the documents there are no
    intervals.
    """
    texts = list(dict.fromkeys(text for e in exchanges for text in (*e.before, *e.after)))
    place = {text: number for number, text in enumerate(texts)}
    probabilities = score(texts)
    others = None if baseline is None else baseline(texts)
    swaps = []
    for exchange in exchanges:
        before, after = ([place[text] for text in v] for v in (exchange.before, exchange.after))
        flipped = (probabilities[before] >= thresholds) != (probabilities[after] >= thresholds)
        change = probabilities[after] - probabilities[before]
        means, ends = _means(change, label_names, resamples)
        theirs: dict[str, float] = {}
        their_ends: dict[str, Interval] = {}
        if others is not None:
            theirs, their_ends = _means(others[after] - others[before], label_names, resamples)
        swaps += [
            Swap(
                name=exchange.name,
                label=name,
                documents=len(change),
                change=means[name],
                interval=ends.get(name, UNKNOWN),
                flipped=share,
                baseline_change=theirs.get(name),
                baseline_interval=their_ends.get(name, UNKNOWN) if theirs else None,
            )
            for name, share in zip(label_names, flipped.mean(axis=0).tolist(), strict=True)
        ]
    return swaps


def _means(
    change: Floats, label_names: Sequence[str], resamples: int
) -> tuple[dict[str, float], dict[str, Interval]]:
    """Return each label's mean of (n, L) changes, and its interval, if there are resamples."""

    def means(weights: Weights) -> dict[str, Floats]:
        averages = weights @ change / weights.sum(axis=1, keepdims=True)
        return dict(zip(label_names, averages.T, strict=True))

    return measured(means, only_groups(np.arange(len(change))), resamples)


def exchanges(texts: Sequence[str], *, documents: int = DOCUMENTS) -> list[Exchange]:
    """Write documents in the versions of all exchanges; 18 texts of each.

    Fictional résumés longer than ``CHARACTERS`` are left out. Up to ``documents`` are taken: those
    with pronouns of their own for at most one half, the others at random, the same ones each time.
    """
    chosen = list(enumerate(choose_documents(texts, documents)))
    if not chosen:
        return []
    women, men = ([_versions(text, i, to) for i, text in chosen] for to in GENDERS[:2])
    found = [
        Exchange(name, [texts[name] for texts in women], [texts[name] for texts in men])
        for name in women[0]
    ]
    by_origin = {
        origin: [with_name(text, i, origin, GENDERS[i % 2]) for i, text in chosen]
        for origin in ORIGINS
    }
    reference = by_origin.pop(REFERENCE)
    return found + [
        Exchange(f"name: {REFERENCE} → {origin}", reference, other)
        for origin, other in by_origin.items()
    ]


def choose_documents(texts: Sequence[str], documents: int) -> list[str]:
    """Return up to ``documents`` different texts, as :func:`exchanges` says."""
    different = [t for t in dict.fromkeys(texts) if t.strip() and len(t) <= CHARACTERS]
    shuffled = [different[i] for i in np.random.default_rng(0).permutation(len(different))]
    spoken = [text for text in shuffled if has_pronouns(text)][: documents // 2]
    taken = set(spoken)
    return spoken + [text for text in shuffled if text not in taken][: documents - len(spoken)]


def with_name(text: str, number: int, origin: str, gender: str) -> str:
    """Return a text with another full name in place of its own, or on top if it has none.

    The text's number chooses among the names of origin and gender.
    """
    firsts, lasts = NAMES[origin][gender], NAMES[origin]["last"]
    # Counted apart, so that names meet in all combinations.
    first = firsts[number % len(firsts)]
    name = f"{first} {lasts[number // len(firsts) % len(lasts)]}"
    own, _ = find_name(text)
    if own is None:
        return f"{name}\n{text}"
    return re.sub(
        rf"\b{re.escape(own)}\b",
        lambda match: name.upper() if match[0].isupper() else name,
        text,
        flags=re.IGNORECASE,
    )


@lru_cache(maxsize=4096)
def find_name(text: str) -> tuple[str | None, str]:
    """Return the first full name of the sample's people in a text, and its origin.

    None and the reference origin if there is none.
    """
    found = [(match.start(), match[0], o) for o in ORIGINS if (match := _pattern(o).search(text))]
    return min(found)[1:] if found else (None, REFERENCE)


@cache
def _pattern(origin: str) -> re.Pattern[str]:
    firsts = [name for gender in GENDERS for name in NAMES[origin][gender]]
    first, last = ("|".join(map(re.escape, names)) for names in (firsts, NAMES[origin]["last"]))
    return re.compile(rf"\b(?:{first})[ \t]+(?:{last})\b", re.IGNORECASE)


def _versions(text: str, number: int, gender: str) -> dict[str, str]:
    """Return a text with the name, the pronouns, the words of a gender, and with all of them."""
    to: Gender = "female" if gender == "female" else "male"
    _, origin = find_name(text)
    line = LINES[number % len(LINES)]
    spoken = text if has_pronouns(text) else _after_first_line(text, SENTENCE)
    together = with_name(_after_first_line(spoken, line), number, origin, gender)
    return {
        "first name: woman → man": with_name(text, number, origin, gender),
        "pronouns: she → he": swap_pronouns(spoken, to),
        "gendered words: waitress → waiter": swap_words(_after_first_line(text, line), to),
        "all three together: woman → man": swap_words(swap_pronouns(together, to), to),
    }


def _after_first_line(text: str, line: str) -> str:
    first, separator, rest = text.partition("\n")
    # A text without lines would put it at its end, which may never be read.
    return f"{first}\n{line}\n{rest}" if separator else f"{line}\n{text}"
