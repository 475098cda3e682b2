"""The worst errors of a split, with what in their text the model went by.

The window that decides a label is the one that scores it highest: under max pooling it alone does,
under the others it does most; for a label that was missed it is the one that came nearest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, zip_longest
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from resumebert.data.label_words import LabelWords
from resumebert.evaluation.areas import Floats
from resumebert.evaluation.result import EvaluationResult
from resumebert.settings.schema import DEFAULTS

# About four windows of 256 tokens.
CHARACTERS = 4_000
# Shown around a deciding window.
CONTEXT = 300
# Shown of a mistake, for and against it.
WORDS = 8
ELLIPSIS = "\n[…]\n"
# Probabilities of 0 and 1 have no finite logit.
_MARGIN = 1e-9


@dataclass(frozen=True)
class Window:
    """A part of a text that the model read at once, and its L logits of this part alone."""

    start: int
    end: int
    logits: Sequence[float]


@dataclass(frozen=True)
class WordSpan:
    """A label's own words in a text: from the first character to the one after the last."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class WordWeight:
    """A word, and how much it speaks for a label.

    Attributes:
        start: its first character in the text.
        end: the one after its last.
        word: as it stands there.
        weight: by how much the label's logit falls without it; below 0: it speaks against.
    """

    start: int
    end: int
    word: str
    weight: float


def strongest(words: Sequence[WordWeight], count: int) -> list[WordWeight]:
    """Return the ``count`` words with the largest weights, for or against, largest first."""
    return sorted(words, key=lambda word: -abs(word.weight))[:count]


@dataclass(frozen=True)
class Mistake:
    """A label that a document was wrongly given, or not given.

    Attributes:
        label: the label.
        predicted: True for a false alarm, False for a miss.
        probability: of the label, calibrated.
        threshold: from which on it is predicted.
        window: place in ``ErrorExample.windows`` of the one that scores the label highest; None: it
            is not shown.
        words: that speak most for and against the label, with places in ``ErrorExample.text``;
            empty: they were not looked for.
    """

    label: str
    predicted: bool
    probability: float
    threshold: float
    window: int | None
    words: list[WordWeight] = field(default_factory=list)


@dataclass(frozen=True)
class ErrorExample:
    """A document whose labels a model got wrong, and what in it the model went by.

    Attributes:
        id: the document's identifier.
        row: its row in the source, as messages count rows.
        text: as much of it as matters; what is left out shows as […] on a line of its own.
        true_labels: their names.
        predicted_labels: those predicted at the tuned thresholds.
        mistakes: the labels decided wrongly, the most confident mistake first.
        windows: those that decided one of ``mistakes``, with places in ``text``.
        spans: the names of the true and of the predicted labels, with places in ``text``.
    """

    id: str
    row: int
    text: str
    true_labels: list[str]
    predicted_labels: list[str]
    mistakes: list[Mistake]
    windows: list[Window]
    spans: list[WordSpan]


def worst_errors(
    result: EvaluationResult,
    texts: Sequence[str],
    rows: npt.NDArray[np.int64],
    words: LabelWords,
    window_logits: Callable[[int], list[Window]],
    word_weights: Callable[[int, int], list[WordWeight]] | None = None,
    *,
    count: int = DEFAULTS.errors,
    explained: int = DEFAULTS.explain,
    characters: int = CHARACTERS,
) -> list[ErrorExample]:
    """Return the documents with the most confident mistakes, those of all labels by turns.

    Args:
        result: of n documents.
        texts: n texts, as the model read them.
        rows: (n,) rows in the source.
        words: the labels' names.
        window_logits: the windows that the model read of the document at a place in the result.
        word_weights: the words of the document at a place, for the label of a column.
        count: documents at most.
        explained: of how many of them the words are looked for, each for its first mistake.
        characters: of a text at most, without the marks of what is left out.
    """
    return [
        _example(
            result, at, texts[at], int(rows[at]), words, window_logits(at), characters,
            word_weights if number < explained else None,
        )
        for number, at in enumerate(choose_errors(result, count))
    ]  # fmt: skip


def choose_errors(result: EvaluationResult, count: int) -> list[int]:
    """Return places of documents, the most confident mistake first.

    Each label's false alarms and its misses are lists of their own, the most confident mistake
    first; from these is drawn by turns, so that one bad label does not fill them all. Of duplicates
    only one is drawn.
    """
    errors, predicted = confidence(result), result.predicted
    wrong = predicted != result.truth
    lists = []
    for label in range(len(result.label_names)):
        for flags in (wrong & predicted, wrong & ~predicted):
            places = np.flatnonzero(flags[:, label])
            lists.append(places[np.argsort(-errors[places, label], kind="stable")].tolist())
    by_turns = (place for place in chain(*zip_longest(*lists)) if place is not None)
    # The first of each group.
    chosen: dict[int, int] = {}
    for place in by_turns:
        if len(chosen) < count:
            chosen.setdefault(int(result.groups[place]), place)
    worst = np.where(wrong, errors, -np.inf).max(axis=1, initial=-np.inf)
    return sorted(chosen.values(), key=lambda place: (-worst[place], place))


def confidence(result: EvaluationResult) -> Floats:
    """Return (n, L) how far each probability lies from its threshold, in logits."""
    probabilities, thresholds = (
        logit(np.clip(values, _MARGIN, 1 - _MARGIN))
        for values in (result.probabilities, result.thresholds)
    )
    return np.asarray(np.abs(probabilities - thresholds))


def _example(
    result: EvaluationResult,
    at: int,
    text: str,
    row: int,
    words: LabelWords,
    windows: Sequence[Window],
    characters: int,
    word_weights: Callable[[int, int], list[WordWeight]] | None,
) -> ErrorExample:
    scores = np.array([window.logits for window in windows])
    predicted, truth = result.predicted[at], result.truth[at]
    wrong = np.flatnonzero(predicted != truth)
    wrong = wrong[np.argsort(-confidence(result)[at, wrong], kind="stable")]
    deciding = [int(scores[:, label].argmax()) for label in wrong]
    ranges = _ranges_to_show(text, [windows[number] for number in deciding], characters)
    shown, moved = _excerpt(text, ranges, {number: windows[number] for number in deciding})
    numbers = list(moved)
    weights: dict[int, WordWeight] = {}
    if word_weights is not None and len(wrong):
        weights = dict(enumerate(strongest(word_weights(at, int(wrong[0])), WORDS)))
    _, moved_words = _excerpt(text, ranges, weights)
    return ErrorExample(
        id=result.ids[at],
        row=row,
        text=shown,
        true_labels=result.names(truth),
        predicted_labels=result.names(predicted),
        mistakes=[
            Mistake(
                label=result.label_names[label],
                predicted=bool(predicted[label]),
                probability=float(result.probabilities[at, label]),
                threshold=float(result.thresholds[label]),
                window=numbers.index(number) if number in moved else None,
                words=list(moved_words.values()) if place == 0 else [],
            )
            for place, (label, number) in enumerate(zip(wrong.tolist(), deciding, strict=True))
        ],
        windows=list(moved.values()),
        spans=[
            WordSpan(start, end, result.label_names[label])
            for label in np.flatnonzero(predicted | truth).tolist()
            for start, end in words.spans(shown, label)
        ],
    )


def _ranges_to_show(
    text: str, deciding: Sequence[Window], characters: int
) -> list[tuple[int, int]]:
    """Return the parts of a text to show, in order: all of it, or what surrounds the windows.

    The windows come in order of importance; those for which there is no room are left out.
    """
    if len(text) <= characters:
        return [(0, len(text))]
    # Of each character whether it is shown, and False after the last.
    shown = np.zeros(len(text) + 1, dtype=np.bool_)
    for window in deciding:
        start, end = max(0, window.start - CONTEXT), min(len(text), window.end + CONTEXT)
        if not shown.any() or end - start <= characters - shown.sum():
            shown[start : min(end, start + characters)] = True
    edges = np.flatnonzero(np.diff(shown, prepend=False))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


Part = TypeVar("Part", Window, WordWeight)


def _excerpt(
    text: str, ranges: Sequence[tuple[int, int]], windows: dict[int, Part]
) -> tuple[str, dict[int, Part]]:
    """Return the parts of a text, joined by […], and the windows with their places there.

    A window that reaches out of what is shown is cut to it, and left out if nothing of it is shown.
    """
    shown = ""
    moved: dict[int, Part] = {}
    for start, end in ranges:
        shown += ELLIPSIS if shown or start > 0 else ""
        offset = len(shown) - start
        for number, window in windows.items():
            first, last = max(window.start, start), min(window.end, end)
            if number not in moved and first < last:
                moved[number] = replace(window, start=first + offset, end=last + offset)
        shown += text[start:end]
    ending = ELLIPSIS if ranges[-1][1] < len(text) else ""
    return shown + ending, {number: moved[number] for number in windows if number in moved}
