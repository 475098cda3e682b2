"""What an evaluation found, as the report, the model card and metrics.json take it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Interval = tuple[float, float]
# Calibrated probabilities (n, L) of n texts, as the model gives them.
Scorer = Callable[[Sequence[str]], Floats]


@dataclass(frozen=True)
class SplitResult:
    """What one model gave for the n documents of a split, and how good that is.

    Attributes:
        split: "val", "test", "train" or "all".
        label_names: L names.
        ids: n identifiers.
        index: (n,) positions in the table.
        groups: (n,) group number of each document; copies share one.
        truth: (n, L).
        logits: (n, L), as the model gave them, for the linear baseline its decision values.
        probabilities: (n, L), calibrated.
        thresholds: (L,) tuned, of the calibrated probabilities.
        metrics: by the names of metrics.json without the split: ``f1_micro`` is at 0.5 of the plain
            sigmoid, ``tuned/f1_micro`` at ``thresholds`` of ``probabilities``; ``nan`` where
            undefined.
        intervals: 95 % bootstrap intervals by the same names.
        baseline: what the linear baseline gave for the same documents; None: there is none.
        baseline_note: what a reader must know of it: that it was trained on a part of the training
            documents, as it follows on "a linear model, "; where there is none, why not, as a
            sentence. Empty: it was trained on all of them.
    """

    split: str
    label_names: Sequence[str]
    ids: Sequence[str]
    index: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    truth: Flags
    logits: Floats
    probabilities: Floats
    thresholds: Floats
    metrics: dict[str, float]
    intervals: dict[str, Interval] = field(default_factory=dict)
    baseline: "SplitResult | None" = None
    baseline_note: str = ""

    @property
    def predicted(self) -> Flags:
        """(n, L) decisions, at the tuned thresholds."""
        return np.asarray(self.probabilities >= self.thresholds)


@dataclass(frozen=True)
class Slice:
    """Some of a split's documents, and how good a model is on them.

    Attributes:
        kind: what the documents were told apart by, such as "length".
        name: which of them these are, such as "513 to 1,024 tokens".
        documents: how many.
        metrics: ``f1_micro``, ``f1_macro`` and ``subset_accuracy`` at the tuned thresholds; ``nan``
            where undefined.
        intervals: 95 % bootstrap intervals by the same names.
        baseline: the linear baseline's metrics on the same documents; None: there is none.
        baseline_intervals: theirs.
        pairs: how many (document, label) pairs, where these are told apart rather than documents;
            ``metrics`` then has ``precision_micro`` and ``recall_micro`` as well, and
            ``subset_accuracy`` is ``nan``.
        positives: in how many of the pairs the document has the label.
    """

    kind: str
    name: str
    documents: int
    metrics: dict[str, float]
    intervals: dict[str, Interval]
    baseline: dict[str, float] | None = None
    baseline_intervals: dict[str, Interval] | None = None
    pairs: int | None = None
    positives: int | None = None


@dataclass(frozen=True)
class WordsRemoved:
    """How good a model is on a split's documents once the labels' own words are taken out of them.

    Attributes:
        level: "names" for whole names of labels, "words" for each of their words as well.
        documents: n of the split.
        changed: in how many of them there was something to remove.
        before: all n as they are.
        after: all n without the words.
        change: after − before, of the metrics of a slice.
        intervals: 95 %, of the change, from a paired bootstrap.
        baseline_change: the linear baseline's; None: there is none.
        baseline_intervals: theirs.
    """

    level: str
    documents: int
    changed: int
    before: Slice
    after: Slice
    change: dict[str, float]
    intervals: dict[str, Interval]
    baseline_change: dict[str, float] | None = None
    baseline_intervals: dict[str, Interval] | None = None


@dataclass(frozen=True)
class Swap:
    """What exchanging words that should not matter did to one label's probability.

    Attributes:
        name: what was exchanged, such as "she → he".
        label: the label.
        documents: how many had something to exchange.
        change: mean of probability after − before.
        interval: of the mean, 95 %, bootstrapped over documents.
        flipped: share of documents whose decision changed, in [0, 1].
        baseline_change: mean change of the linear baseline's probability; None: there is none.
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
class SuspectLabel:
    """A label that the data have, or have not, against confident scores.

    Attributes:
        split: of the document.
        id: the document's identifier.
        row: its row in the source, as messages count rows.
        label: the label.
        given: whether the data say that the document has it.
        probability: of the label, calibrated.
        judge: who scored it: "model", or "linear, out of fold" where the model was trained on it.
        excerpt: the beginning of the text.
        quality: how far the document's labels as a whole agree with the scores, in [0, 1]: the
            lower, the more there is to doubt.
    """

    split: str
    id: str
    row: int
    label: str
    given: bool
    probability: float
    judge: str
    excerpt: str
    quality: float = float("nan")


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


@dataclass(frozen=True)
class Analysis:
    """What lies behind the figures of a split.

    Attributes:
        slices: how good the model is on parts of the split.
        words_removed: how good it is without the labels' own words.
        swaps: what names and gendered words do to its probabilities.
        suspects: labels of the data that may be wrong, the most doubtful document first; None: not
            looked for.
        errors: the documents with the most confident mistakes; None: not looked for.
        notes: what a reader must know of how these were found, by the attribute that it is of, such
            as ``swaps``.
    """

    slices: list[Slice] = field(default_factory=list)
    words_removed: list[WordsRemoved] = field(default_factory=list)
    swaps: list[Swap] = field(default_factory=list)
    suspects: list[SuspectLabel] | None = None
    errors: list[ErrorExample] | None = None
    notes: dict[str, str] = field(default_factory=dict)
