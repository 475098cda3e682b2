"""Which windows and words of a text speak for and against its labels.

The *share* of a window is the derivative of the text's logit by the window's: with ``max`` pooling
1 for the window that decides, with ``logsumexp`` and ``attention`` a softmax, with ``mean`` equal.
With ``gated`` the derivative by its score is added, so that windows count that name no label.

The *weight* of a word is what its occlusion changes: the label's logit, minus the logit with the
word replaced by [MASK] in every window that holds it (Zeiler and Fergus, "Visualizing and
understanding convolutional networks", 2014; Li, Monroe and Jurafsky, "Understanding neural networks
through representation erasure", 2016). It needs no gradients, so that an ONNX model is explained
too. ``benchmarks/faithfulness.py`` measures how faithful the weights are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from markupsafe import Markup

from resumebert.charts.highlights import Mark, highlighted
from resumebert.data.arrays import TokenIds
from resumebert.evaluation.areas import Floats
from resumebert.evaluation.worst_errors import WordWeight, strongest
from resumebert.inference.scoring import TextScorer

# Of to_html: the colours of words against and for, which take how strong they are; of windows.
_STYLE = (
    "background: rgb(217 119 6 / {:.2f}); border-bottom: 2px dashed rgb(217 119 6)",
    "background: rgb(37 99 235 / {:.2f}); border-bottom: 2px solid rgb(37 99 235)",
)
_WINDOW = "background: rgb(100 116 139 / 0.12)"
# Not marked are words of less than this part of the strongest weight, and windows of less share.
_WEAK, _FAINT = 0.15, 0.05
# Windows of a label whose words are looked at: those with the largest shares, up to this part of
# all of it, and so many at most.
_PART, _WINDOWS = 0.9, 3
# Of more words than this, groups of neighbours are occluded first, and then the words of those that
# change most: as many words as this in all.
_WORDS, _GROUP = 64, 8
_WORD = re.compile(r"\w+(?:[.&'’/+#-]+\w+)*[+#]*")


@dataclass(frozen=True)
class WindowShare:
    """A part of a text that the model read at once, and its share of a label's score.

    Attributes:
        start: its first character in the text.
        end: the one after its last.
        share: in [0, 1]; those of all windows of a label sum to 1.
    """

    start: int
    end: int
    share: float


@dataclass(frozen=True)
class Explanation:
    """What in a text speaks for and against one label.

    Attributes:
        text: as the model read it, cleaned.
        label: its name.
        probability: calibrated, in [0, 1].
        threshold: from which on the label is given.
        windows: all windows of the text, in order.
        words: those that were looked at, of the windows with the largest shares, in order.
    """

    text: str
    label: str
    probability: float
    threshold: float
    windows: list[WindowShare]
    words: list[WordWeight]

    @property
    def decided(self) -> bool:
        """Whether the label is given."""
        return self.probability >= self.threshold

    def strongest(self, count: int = 5) -> list[WordWeight]:
        """Return the ``count`` words with the largest weights, for or against, largest first."""
        return strongest(self.words, count)

    def to_html(self) -> str:
        """Return the text in HTML that needs no stylesheet, with words and windows marked.

        A word for the label is blue, one against it orange and dashed, the stronger the more of its
        colour; beside a window stands its share. A notebook shows an explanation this way.
        """
        most = max((abs(word.weight) for word in self.words), default=0.0)
        words = [
            Mark(
                word.start,
                word.end,
                "span",
                {
                    "style": _STYLE[word.weight > 0].format(abs(word.weight) / most * 0.5),
                    "title": f"{word.weight:+.2f}",
                },
            )
            for word in self.words
            if abs(word.weight) > most * _WEAK
        ]
        windows = [
            Mark(w.start, w.end, "span", {"style": _WINDOW, "title": f"share {w.share:.2f}"})
            for w in self.windows
            if w.share > _FAINT and len(self.windows) > 1
        ]
        return Markup(
            '<div style="max-width: 60rem; line-height: 1.6"><p><b>{}</b> {}: probability {:.2f}, '
            'threshold {:.2f}</p><div style="white-space: pre-wrap; overflow-wrap: anywhere">{}'
            "</div></div>"
        ).format(
            self.label,
            "is given" if self.decided else "is not given",
            self.probability,
            self.threshold,
            highlighted(self.text, [words, windows]),
        )

    _repr_html_ = to_html


@dataclass(frozen=True)
class ReadText:
    """A text as the model reads it, with the scores of its W windows for L labels."""

    ids: TokenIds
    places: npt.NDArray[np.int64]  # (T, 2) characters of each token
    windows: list[npt.NDArray[np.int32]]  # numbers of the tokens of each
    logits: torch.Tensor  # (W, L)
    attention: torch.Tensor | None


def read_text(scorer: TextScorer, text: str) -> ReadText:
    """Read a text, cleaned already, and score its windows."""
    ids, places = scorer.tokenizer.encode_with_places(text)
    windows = scorer.windowing.windows(np.arange(len(ids), dtype=np.int32))
    return ReadText(ids, places, windows, *scorer.score_windows([ids[w] for w in windows]))


def explain_text(
    scorer: TextScorer, text: str, columns: Sequence[int]
) -> list[tuple[list[WindowShare], list[WordWeight]]]:
    """Return what in a text, cleaned already, speaks for labels, given by their columns.

    Cost: about as many windows as the labels' strongest windows have words, at most 128 a label.
    """
    read = read_text(scorer, text)
    places, windows = read.places, read.windows
    words = _words(text, places)
    shares = _shares(scorer, read, columns)
    found = []
    for column, of_label in zip(columns, shares.T, strict=True):
        shown = [
            WindowShare(
                int(places[window[0], 0]) if len(window) else 0,
                int(places[window[-1], 1]) if len(window) else len(text),
                share,
            )
            for window, share in zip(windows, of_label.tolist(), strict=True)
        ]
        weights = _weights(scorer, read, words, column, _chosen(of_label))
        weighed = []
        for at, weight in weights:
            start, end = words[at][0]
            weighed.append(WordWeight(start, end, text[start:end], weight))
        found.append((shown, weighed))
    return found


Word = tuple[tuple[int, int], npt.NDArray[np.int64]]


def _words(text: str, places: npt.NDArray[np.int64]) -> list[Word]:
    """Return the words of a text: where each is, and the numbers of its tokens."""
    found = []
    for match in _WORD.finditer(text):
        first = int(np.searchsorted(places[:, 1], match.start(), side="right"))
        last = int(np.searchsorted(places[:, 0], match.end(), side="left"))
        if first < last:
            found.append((match.span(), np.arange(first, last)))
    return found


def _shares(scorer: TextScorer, read: ReadText, columns: Sequence[int]) -> Floats:
    """Return (W, columns) the share of each window; equal ones where nothing depends on them."""
    count = len(read.windows)
    logits, scores = read.logits.clone().requires_grad_(), read.attention
    by = [logits]
    if scorer.model.pooling_name == "gated" and scores is not None:
        scores = scores.clone().requires_grad_()
        by.append(scores)
    pooled = scorer.model.pool(logits, scores, torch.zeros(count, dtype=torch.int64), 1)
    shares = np.full((count, len(columns)), 1 / count)
    for place, column in enumerate(columns):
        if not pooled.requires_grad:
            continue
        gradients = torch.autograd.grad(pooled[0, column], by, retain_graph=True)
        part = torch.stack(gradients)[:, :, column].abs().sum(dim=0).double().numpy()
        if part.sum() > 0:
            shares[:, place] = part / part.sum()
    return shares


def _chosen(shares: Floats) -> list[int]:
    """Return the windows whose words are looked at."""
    order = np.argsort(-shares, kind="stable")
    enough = int(np.searchsorted(np.cumsum(shares[order]), _PART)) + 1
    return sorted(order[: min(enough, _WINDOWS)].tolist())


def _weights(
    scorer: TextScorer, read: ReadText, words: Sequence[Word], column: int, windows: Sequence[int]
) -> list[tuple[int, float]]:
    """Return words of some windows, in order, by their number, and the weight of each."""
    inside = np.zeros(len(read.ids), dtype=np.bool_)
    for window in windows:
        inside[read.windows[window]] = True
    candidates = [number for number, (_, tokens) in enumerate(words) if inside[tokens].any()]
    if len(candidates) > _WORDS:
        groups = [candidates[at : at + _GROUP] for at in range(0, len(candidates), _GROUP)]
        changes = falls(scorer, read, [_tokens(words, group) for group in groups], column)
        best = np.argsort(-np.abs(changes), kind="stable")[: _WORDS // _GROUP]
        candidates = [number for at in sorted(best.tolist()) for number in groups[at]]
    changes = falls(scorer, read, [_tokens(words, [number]) for number in candidates], column)
    return list(zip(candidates, changes.tolist(), strict=True))


def _tokens(words: Sequence[Word], numbers: Sequence[int]) -> npt.NDArray[np.int64]:
    return np.concatenate([words[number][1] for number in numbers])


def falls(
    scorer: TextScorer, read: ReadText, occluded: Sequence[npt.NDArray[np.int64]], column: int
) -> Floats:
    """Return (n,) by how much a label's logit falls where n sets of tokens are masked."""
    ids = np.tile(read.ids, (len(occluded), 1))
    for row, tokens in zip(ids, occluded, strict=True):
        row[tokens] = scorer.tokenizer.mask_id
    # Only windows that hold a masked token are scored anew.
    changed = [
        (row, place)
        for row in range(len(occluded))
        for place, window in enumerate(read.windows)
        if (ids[row, window] != read.ids[window]).any()
    ]
    if not changed:
        return np.zeros(len(occluded))
    scored = scorer.score_windows([ids[row, read.windows[place]] for row, place in changed])
    rows, places = (torch.tensor(numbers) for numbers in zip(*changed, strict=True))

    def with_changed(before: torch.Tensor, now: torch.Tensor) -> torch.Tensor:
        every = before.repeat(len(occluded), 1, 1)
        every[rows, places] = now
        return every.flatten(0, 1)

    logits = with_changed(read.logits, scored[0])
    attention = None
    if read.attention is not None and scored[1] is not None:
        attention = with_changed(read.attention, scored[1])
    count = len(read.windows)
    document = torch.arange(len(occluded)).repeat_interleave(count)
    pool = scorer.model.pool
    after = pool(logits, attention, document, len(occluded))[:, column]
    before = pool(read.logits, read.attention, torch.zeros(count, dtype=torch.int64), 1)[0, column]
    return np.asarray((before - after).double().numpy())
