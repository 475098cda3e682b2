"""How good a model is on parts of a split: long documents, cut ones, those with many labels.

The caller supplies what it knows of the documents: their length in tokens, how many of these the
model reads, in how many windows, and, for the slices by label words, whether each label's name
stands in each text (:mod:`resumebert.evaluation.label_words`). All figures are at the tuned
thresholds, with 95 % bootstrap intervals by group of duplicates; the linear baseline's stand beside
them where the result has them.

Parts without a document are left out, and so is a division into a single part.
Slices are small and many: of twenty, one interval misses its true value by chance.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from resumebert.evaluation.areas import Flags
from resumebert.evaluation.intervals import bootstrap
from resumebert.evaluation.metrics import (
    Documents,
    Floats,
    Statistic,
    Weights,
    checked_documents,
    decision_counts,
    decision_metrics,
    sum_by_group,
)
from resumebert.evaluation.result import EvaluationResult, Interval

METRICS = ("f1_micro", "f1_macro", "subset_accuracy")
PAIR_METRICS = ("f1_micro", "f1_macro", "precision_micro", "recall_micro")
LENGTHS = (128, 256, 512, 1024, 2048, 4096)
WINDOWS = (1, 2, 4, 8, 16)
MOST_LABELS = 3
LEVEL = 0.95

Counts = npt.NDArray[np.int64]
Parts = Iterator[tuple[str, Flags]]


@dataclass(frozen=True)
class Slice:
    """Some of a split's documents, and how good a model is on them.

    Attributes:
        kind: what the documents are divided by, such as "length".
        name: which of them these are, such as "513 to 1,024 tokens".
        documents: how many.
        metrics: ``f1_micro``, ``f1_macro`` and ``subset_accuracy`` at the tuned thresholds; ``nan``
            where undefined.
        intervals: 95 % bootstrap intervals by the same names.
        baseline: the linear baseline's metrics on the same documents; None: there is none.
        baseline_intervals: theirs.
        pairs: how many (document, label) pairs, where these are divided rather than documents;
            ``metrics`` then has ``precision_micro`` and ``recall_micro`` in place of
            ``subset_accuracy``.
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

    Args:
        result: of n documents, with the baseline's if there is one.
        lengths: (n,) tokens of each document.
        read: (n,) how many of them the model reads.
        windows: (n,) in how many windows.
        resamples: of the bootstrap; 0: no intervals.
    """
    kept = read / np.maximum(lengths, 1)
    ways: tuple[tuple[str, Parts], ...] = (
        ("length", _ranges(lengths, LENGTHS, "token")),
        ("cut off", _cut_off(np.where(lengths > 0, 1 - kept, 0.0))),
        ("windows", _ranges(windows, WINDOWS, "window")),
        ("true labels", _cardinalities(result.truth.sum(axis=1))),
    )
    found = []
    for kind, parts in ways:
        filled = [(name, rows) for name, rows in parts if rows.any()]
        if len(filled) > 1:
            found += [slice_of(result, kind, name, rows, resamples) for name, rows in filled]
    return found


def slice_of(
    result: EvaluationResult, kind: str, name: str, rows: Flags, resamples: int = 2_000
) -> Slice:
    """Return how good a model is on the documents that (n,) ``rows`` marks."""
    measured = _measured(result, lambda one: _documents(one, rows), METRICS, resamples)
    return Slice(kind, name, int(rows.sum()), **measured)


def label_word_slices(
    result: EvaluationResult, named: Flags, *, resamples: int = 2_000
) -> list[Slice]:
    """Return how well labels are decided where their own name stands in the text, and where not.

    It is (document, label) pairs that are divided: a résumé may name one of its labels and not the
    other. In either part, precision is the share of the predicted pairs that are true, recall the
    share of the true pairs that are predicted. A model that copies titles has a high recall and a
    low precision where the name stands (it also stands where the label does not hold), and a low
    recall where it does not. ``f1_macro`` is over the labels with a true pair in the part;
    ``documents`` are those with a pair in it.

    Args:
        result: of n documents and L labels.
        named: (n, L) whether the label's name stands in the text.
        resamples: of the bootstrap; 0: no intervals.
    """
    not_named: Flags = ~named
    parts = {"label named in the text": named, "label not named": not_named}
    return [
        Slice(
            kind="label words",
            name=name,
            documents=int(part.any(axis=1).sum()),
            pairs=int(part.sum()),
            positives=int((result.truth & part).sum()),
            **_measured(result, partial(_pairs, part=part), PAIR_METRICS, resamples),
        )
        for name, part in parts.items()
        if part.any()
    ]


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
        level: which words were removed, of :mod:`resumebert.evaluation.label_words`.
        changed: (n,) whether a document had any.
        probabilities: (n, L), calibrated, of the documents without them.
        baseline_probabilities: the linear baseline's, of the same.
        resamples: of the bootstrap; 0: no intervals.
    """
    everything = np.ones(len(result.truth), dtype=np.bool_)
    masked = replace(result, probabilities=probabilities, baseline=None)
    change, intervals = _changes(result, masked, resamples)
    baseline_change, theirs = None, None
    if result.baseline is not None and baseline_probabilities is not None:
        masked_baseline = replace(result.baseline, probabilities=baseline_probabilities)
        masked = replace(masked, baseline=masked_baseline)
        baseline_change, theirs = _changes(result.baseline, masked_baseline, resamples)
    kind = f"label {level}"
    return WordsRemoved(
        level=level,
        documents=len(result.truth),
        changed=int(changed.sum()),
        before=slice_of(result, kind, "as they are", everything, resamples),
        after=slice_of(masked, kind, "removed", everything, resamples),
        change=change,
        intervals=intervals,
        baseline_change=baseline_change,
        baseline_intervals=theirs,
    )


def _documents(result: EvaluationResult, rows: npt.ArrayLike) -> Documents:
    rows = np.asarray(rows, dtype=np.bool_)
    return checked_documents(
        result.probabilities[rows],
        result.truth[rows],
        result.thresholds,
        result.label_names,
        result.groups[rows],
    )


def _pairs(result: EvaluationResult, part: Flags) -> Documents:
    """Return the documents with a pair in ``part``, as if only these pairs were decided and true.

    A pair outside that is neither predicted nor true is in no count of the ratios.
    """
    rows = part.any(axis=1)
    documents = _documents(result, rows)
    return replace(
        documents,
        predicted=documents.predicted & part[rows],
        truth=documents.truth & part[rows],
    )


def _statistic(documents: Documents, names: Sequence[str]) -> Statistic:
    table = sum_by_group(decision_counts(documents), documents)

    def statistic(weights: Weights) -> dict[str, Floats]:
        found = decision_metrics(weights @ table, documents.label_names)
        return {name: found[name] for name in names}

    return statistic


def _measured(
    result: EvaluationResult,
    part: Callable[[EvaluationResult], Documents],
    names: Sequence[str],
    resamples: int,
) -> dict[str, Any]:
    """Return what a slice says of a part of a result: metrics, intervals, the baseline's."""
    found: dict[str, Any] = {}
    keys = ("metrics", "intervals"), ("baseline", "baseline_intervals")
    for one, (values, ends) in zip((result, result.baseline), keys, strict=True):
        if one is not None:
            documents = part(one)
            statistic = _statistic(documents, names)
            found[values], found[ends] = _estimated(statistic, documents, resamples)
    return found


def _changes(
    before: EvaluationResult, after: EvaluationResult, resamples: int
) -> tuple[dict[str, float], dict[str, Interval]]:
    """Return after − before of each metric, and the interval of a paired bootstrap."""
    rows = np.ones(len(before.truth), dtype=np.bool_)
    documents = _documents(before, rows)
    first, second = (_statistic(d, METRICS) for d in (documents, _documents(after, rows)))

    def paired(weights: Weights) -> dict[str, Floats]:
        values = second(weights)
        return {name: values[name] - value for name, value in first(weights).items()}

    return _estimated(paired, documents, resamples, kind="percentile")


def _estimated(
    statistic: Callable[[Weights], dict[str, Floats]],
    documents: Documents,
    resamples: int,
    kind: str = "bca",
) -> tuple[dict[str, float], dict[str, Interval]]:
    found = statistic(np.ones((1, documents.num_groups), dtype=np.int32))
    values = {name: float(value[0]) for name, value in found.items()}
    if not resamples:
        return values, {}
    ends = bootstrap(
        statistic,
        documents,
        resamples=resamples,
        level=LEVEL,
        seed=0,
        kind=kind,  # type: ignore[arg-type]
    )
    return values, ends


def _ranges(values: Counts, ends: Sequence[int], unit: str) -> Parts:
    """Yield the parts with values up to each of ``ends``, and beyond."""
    start = 0 if unit == "token" else 1
    for end in ends:
        one = start == end
        name = f"{end:,} {unit}" if one else f"{start:,} to {end:,} {unit}s"
        yield name + ("s" if one and end > 1 else ""), (start <= values) & (values <= end)
        start = end + 1
    yield f"{start:,} {unit}s and more", values >= start


def _cut_off(share: Floats) -> Parts:
    yield "nothing", share == 0
    yield "less than half", (share > 0) & (share < 0.5)
    yield "half and more", share >= 0.5


def _cardinalities(counts: Counts) -> Parts:
    for count in range(MOST_LABELS):
        yield f"{count or 'no'} label{'' if count == 1 else 's'}", counts == count
    yield f"{MOST_LABELS} labels and more", counts >= MOST_LABELS
