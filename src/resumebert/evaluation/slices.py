"""How good a model is on parts of a split: long documents, cut ones, those with many labels.

The caller says what it knows of the documents: their length in tokens, how many of these the model
reads, in how many windows, and whether each label's name stands in each text
(:mod:`resumebert.data.label_words`). All figures are at the tuned thresholds, with 95 %
bootstrap intervals by group of duplicates, and the linear baseline's beside them where the result
has one.

Parts without a document are left out, and so is a division into a single part.
Slices are small and many: of twenty, one interval misses its true value by chance.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from resumebert.evaluation.areas import Flags
from resumebert.evaluation.intervals import measured
from resumebert.evaluation.metrics import Floats, Weights, decision_statistic, difference
from resumebert.evaluation.result import EvaluationResult, Interval

METRICS = ("f1_micro", "f1_macro", "subset_accuracy")
PAIR_METRICS = ("f1_micro", "f1_macro", "precision_micro", "recall_micro")
# The ends of the ranges of tokens, windows and labels.
LENGTHS = (128, 256, 512, 1024, 2048, 4096)
WINDOWS = (1, 2, 4, 8, 16)
LABELS = (0, 1, 2)

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Slice:
    """Some of a split's documents, and how good a model is on them.

    Attributes:
        kind: what the documents are divided by, such as "length".
        name: which of them these are, such as "513 to 1,024 tokens".
        documents: how many.
        metrics: those of ``METRICS`` at the tuned thresholds; ``nan`` where undefined.
        intervals: 95 % bootstrap intervals by the same names.
        baseline: the linear baseline's metrics on the same documents; None: there is none.
        baseline_intervals: theirs.
        pairs: how many (document, label) pairs, where these are divided rather than documents; the
            metrics are then ``PAIR_METRICS``.
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


def document_slices(
    result: EvaluationResult,
    lengths: Counts,
    read: Counts,
    windows: Counts,
    *,
    resamples: int = 2_000,
) -> list[Slice]:
    """Return the slices by length, share cut off, number of windows and number of true labels.

    Of each of the n documents, ``lengths`` is its tokens, ``read`` how many of them the model
    reads, and ``windows`` in how many windows. With 0 ``resamples`` there are no intervals.
    """
    cut = np.where(lengths > 0, 1 - read / np.maximum(lengths, 1), 0.0)
    ways: dict[str, dict[str, Flags]] = {
        "length": dict(_ranges(lengths, 0, LENGTHS, "token")),
        "cut off": {
            "nothing": cut == 0,
            "less than half": (cut > 0) & (cut < 0.5),
            "half and more": cut >= 0.5,
        },
        "windows": dict(_ranges(windows, 1, WINDOWS, "window")),
        "true labels": dict(_ranges(result.truth.sum(axis=1), 0, LABELS, "label")),
    }
    found = []
    for kind, parts in ways.items():
        filled = [(name, rows) for name, rows in parts.items() if rows.any()]
        if len(filled) > 1:
            found += [slice_of(result, kind, name, rows, resamples) for name, rows in filled]
    return found


def slice_of(
    result: EvaluationResult, kind: str, name: str, rows: Flags, resamples: int = 2_000
) -> Slice:
    """Return how good a model is on the documents that (n,) ``rows`` marks."""
    return Slice(kind, name, int(rows.sum()), **_figures(result.only(rows), METRICS, resamples))


def label_word_slices(
    result: EvaluationResult, named: Flags, *, resamples: int = 2_000
) -> list[Slice]:
    """Return how well labels are decided where their own name stands in the text, and where not.

    It is (document, label) pairs that are divided: a résumé may name one of its labels and not the
    other. Precision is the share of a part's predicted pairs that are true, recall the share of its
    true pairs that are predicted. A model that copies titles has a high recall and a low precision
    where the name stands (it also stands where the label does not hold), and a low recall where it
    does not. ``f1_macro`` is over the labels with a true pair in the part; ``documents`` are those
    with a pair in it.

    Whether the label's name stands in the text is ``named``, (n, L). With 0 ``resamples`` there are
    no intervals.
    """
    found = []
    for name, part in (("label named in the text", named), ("label not named", ~named)):
        rows = np.asarray(part.any(axis=1))
        if rows.any():
            figures = _figures(result.only(rows), PAIR_METRICS, resamples, part[rows])
            positives = int((result.truth & part).sum())
            found.append(
                Slice(
                    "label words",
                    name,
                    int(rows.sum()),
                    pairs=int(part.sum()),
                    positives=positives,
                    **figures,
                )
            )
    return found


def words_removed(
    result: EvaluationResult,
    level: str,
    changed: Flags,
    probabilities: Floats,
    baseline_probabilities: Floats | None = None,
    *,
    resamples: int = 2_000,
) -> WordsRemoved:
    """Compare what a model gives for documents with what it gives without the labels' words.

    The fall is how much of the figure is title copying, at most: a text without its title is also
    a text that no model was trained on.

    Args:
        result: of the n documents as they are.
        level: which words were removed, of :mod:`resumebert.data.label_words`.
        changed: (n,) whether a document had any.
        probabilities: (n, L), calibrated, of the documents without them.
        baseline_probabilities: the linear baseline's, of the same.
        resamples: of the bootstrap; 0: no intervals.
    """
    theirs = None
    if result.baseline is not None and baseline_probabilities is not None:
        theirs = replace(result.baseline, probabilities=baseline_probabilities)
    masked = replace(result, probabilities=probabilities, baseline=theirs)
    everything = np.ones(len(result.truth), dtype=np.bool_)
    before, after = (
        slice_of(one, f"label {level}", name, everything, resamples)
        for one, name in ((result, "as they are"), (masked, "removed"))
    )
    found = WordsRemoved(
        level,
        len(result.truth),
        int(changed.sum()),
        before,
        after,
        *_change(result, masked, resamples),
    )
    if result.baseline is None or theirs is None:
        return found
    change, ends = _change(result.baseline, theirs, resamples)
    return replace(found, baseline_change=change, baseline_intervals=ends)


def _figures(
    result: EvaluationResult, names: Sequence[str], resamples: int, pairs: Flags | None = None
) -> dict[str, Any]:
    """Return the figures of a slice: those of a result, and of its baseline if it has one.

    Of (n, L) ``pairs``, only those are decided and true: one that is neither is in no count of the
    ratios.
    """
    keys = ("metrics", "intervals"), ("baseline", "baseline_intervals")
    found: dict[str, Any] = {}
    for one, names_of in zip((result, result.baseline), keys, strict=True):
        if one is not None:
            documents = one.documents
            if pairs is not None:
                decided, true = documents.predicted & pairs, documents.truth & pairs
                documents = replace(documents, predicted=decided, truth=true)
            figures = measured(decision_statistic(documents, names), documents, resamples)
            found |= dict(zip(names_of, figures, strict=True))
    return found


def _change(
    before: EvaluationResult, after: EvaluationResult, resamples: int
) -> tuple[dict[str, float], dict[str, Interval]]:
    """Return after − before of each metric, and the interval of a paired bootstrap."""
    first, second = (decision_statistic(one.documents, METRICS) for one in (before, after))

    def paired(weights: Weights) -> dict[str, Floats]:
        return difference(first(weights), second(weights))

    return measured(paired, before.documents, resamples, kind="percentile")


def _ranges(
    values: Counts, start: int, ends: Sequence[int], unit: str
) -> Iterator[tuple[str, Flags]]:
    """Yield the ranges of values from ``start`` up to each of ``ends``, and beyond."""
    for end in ends:
        name = f"{start:,} to {end:,} {unit}s"
        if start == end:
            name = f"{end or 'no'} {unit}{'' if end == 1 else 's'}"
        yield name, (start <= values) & (values <= end)
        start = end + 1
    yield f"{start:,} {unit}s and more", values >= start
