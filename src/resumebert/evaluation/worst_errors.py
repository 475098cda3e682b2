"""The worst errors of a split, with what in their text the model went by.

The caller supplies ``window_logits``, which for the document at a place in the result gives the
windows that the model read, with what each gives by itself. The window that decides a label is the
one that scores it highest: under max pooling it alone does, under the others it does most; for a
label that was missed it is the one that came nearest.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from resumebert.evaluation.areas import Floats
from resumebert.evaluation.label_words import LabelWords
from resumebert.evaluation.result import EvaluationResult
from resumebert.settings.schema import DEFAULTS

# About four windows of 256 tokens.
CHARACTERS = 4_000
# Shown around a deciding window.
CONTEXT = 300
ELLIPSIS = "\n[…]\n"
# Probabilities of 0 and 1 have no finite logit.
_MARGIN = 1e-9


@dataclass(frozen=True)
class Window:
    """A part of a text that the model read at once, and what it saw there.

    Attributes:
        start: its first character.
        end: the one after its last.
        logits: L, of this window alone.
    """

    start: int
    end: int
    logits: Sequence[float]


@dataclass(frozen=True)
class WordSpan:
    """A label's own words in a text.

    Attributes:
        start: the first character.
        end: the one after the last.
        label: whose name it is.
    """

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class Mistake:
    """A label that a document was wrongly given, or not given.

    Attributes:
        label: the label.
        predicted: True for a false alarm, False for a miss.
        probability: of the label, calibrated.
        threshold: from which on it is predicted.
        window: place in ``ErrorExample.windows`` of the one that scores the label highest.
    """

    label: str
    predicted: bool
    probability: float
    threshold: float
    window: int | None


@dataclass(frozen=True)
class ErrorExample:
    """A document whose labels a model got wrong, and what in it the model went by.

    Attributes:
        id: the document's identifier.
        row: its row in the source, as messages count rows.
        text: as much of it as matters; what is left out shows as […] on a line of its own.
        true_labels: names of its labels.
        predicted_labels: names of those predicted at the tuned thresholds.
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


WindowLogits = Callable[[int], list[Window]]


def worst_errors(
    result: EvaluationResult,
    texts: Sequence[str],
    rows: npt.NDArray[np.int64],
    words: LabelWords,
    window_logits: WindowLogits,
    *,
    count: int = DEFAULTS.errors,
    characters: int = CHARACTERS,
) -> list[ErrorExample]:
    """Return the documents with the most confident mistakes, those of all labels by turns.

    Args:
        result: of n documents.
        texts: n texts, as the model read them.
        rows: (n,) rows in the source.
        words: the labels' names.
        window_logits: see above.
        count: documents at most.
        characters: of a text at most, without the marks of what is left out.
    """
    return [
        _example(result, at, texts[at], int(rows[at]), words, window_logits(at), characters)
        for at in choose_errors(result, count)
    ]


def choose_errors(result: EvaluationResult, count: int) -> list[int]:
    """Return places of documents, the most confident mistake first.

    Each label's false alarms and its misses are lists of their own, the most confident mistake
    first; from these is drawn by turns, so that one bad label does not fill them all. Of duplicates
    only one is drawn.
    """
    errors = confidence(result)
    wrong = result.predicted != result.truth
    lists = []
    for label in range(len(result.label_names)):
        for predicted in (True, False):
            places = np.flatnonzero(wrong[:, label] & (result.predicted[:, label] == predicted))
            lists.append(places[np.argsort(-errors[places, label], kind="stable")])
    chosen: list[int] = []
    groups: set[int] = set()
    for place in _by_turns(lists):
        if len(chosen) == count:
            break
        if int(result.groups[place]) not in groups:
            groups.add(int(result.groups[place]))
            chosen.append(place)
    worst = np.where(wrong, errors, -np.inf).max(axis=1, initial=-np.inf)
    return sorted(chosen, key=lambda place: (-worst[place], place))


def confidence(result: EvaluationResult) -> Floats:
    """Return (n, L) how far each probability lies from its threshold, in logits."""
    probabilities, thresholds = (
        logit(np.clip(values, _MARGIN, 1 - _MARGIN))
        for values in (result.probabilities, result.thresholds)
    )
    return np.asarray(np.abs(probabilities - thresholds))


def _by_turns(lists: Sequence[npt.NDArray[np.intp]]) -> Iterator[int]:
    """Yield the first of each list, then the second of each, and so on."""
    for turn in range(max(map(len, lists), default=0)):
        for places in lists:
            if turn < len(places):
                yield int(places[turn])


def _example(
    result: EvaluationResult,
    at: int,
    text: str,
    row: int,
    words: LabelWords,
    windows: Sequence[Window],
    characters: int,
) -> ErrorExample:
    scores = np.array([window.logits for window in windows])
    predicted, truth = result.predicted[at], result.truth[at]
    mistakes = np.flatnonzero(predicted != truth)
    mistakes = mistakes[np.argsort(-confidence(result)[at, mistakes], kind="stable")]
    deciding = [int(scores[:, label].argmax()) for label in mistakes]
    ranges = _ranges_to_show(text, [windows[window] for window in deciding], characters)
    shown, moved = _excerpt(text, ranges, [windows[i] for i in dict.fromkeys(deciding)])
    places = {window: place for place, window in enumerate(dict.fromkeys(deciding))}
    kept = [place for place, window in enumerate(moved) if window is not None]
    return ErrorExample(
        id=result.ids[at],
        row=row,
        text=shown,
        true_labels=result.names(truth),
        predicted_labels=result.names(predicted),
        mistakes=[
            Mistake(
                label=result.label_names[int(label)],
                predicted=bool(predicted[label]),
                probability=float(result.probabilities[at, label]),
                threshold=float(result.thresholds[label]),
                window=kept.index(places[window]) if places[window] in kept else None,
            )
            for label, window in zip(mistakes, deciding, strict=True)
        ],
        windows=[window for window in moved if window is not None],
        spans=[
            WordSpan(span.start, span.end, result.label_names[label])
            for label in np.flatnonzero(predicted | truth).tolist()
            for span in words.spans(shown, label)
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
    ranges: list[tuple[int, int]] = []
    for window in deciding:
        room = characters - sum(end - start for start, end in ranges)
        start = max(0, window.start - CONTEXT)
        end = min(len(text), window.end + CONTEXT)
        if ranges and end - start > room:
            continue
        ranges = _merged([*ranges, (start, min(end, start + characters))])
    return ranges


def _merged(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return ranges in order, joined where they overlap or touch."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def _excerpt(
    text: str, ranges: Sequence[tuple[int, int]], windows: Sequence[Window]
) -> tuple[str, list[Window | None]]:
    """Return the parts of a text, joined by […], and the windows with their places there.

    A window that reaches out of what is shown is cut to it; None: nothing of it is shown.
    """
    shown = ""
    moved: list[Window | None] = [None] * len(windows)
    for start, end in ranges:
        shown += ELLIPSIS if shown or start > 0 else ""
        offset = len(shown) - start
        for place, window in enumerate(windows):
            first, last = max(window.start, start), min(window.end, end)
            if moved[place] is None and first < last:
                moved[place] = replace(window, start=first + offset, end=last + offset)
        shown += text[start:end]
    return shown + (ELLIPSIS if ranges[-1][1] < len(text) else ""), moved
