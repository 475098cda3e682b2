"""Labels of the data that are probably wrong: given, or not given, against confident scores.

Confident learning (Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in
dataset labels", 2021), one label at a time: a label that a document has is doubted if the document
scores as those without it do on average, and one that it has not, if it scores as those with it do.
Documents are ranked by all their labels together (Thyagarajan, Snorrason, Northcutt and Mueller,
"Identifying incorrect annotations in multi-label classification data", 2023): the probabilities of
what the data say, each 1 where the scores agree entirely, pooled by an exponential moving average
from the highest to the lowest. Values equal those of the library cleanlab.

The scores must come from a model that was not trained on the document: for validation and test
documents the model's own, for training documents those of a linear model trained on the other folds
(:func:`out_of_fold_probabilities`). What is listed is to be looked at by a person: a confident
score may as well be the model's mistake.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from resumebert.data.table import ResumeTable
from resumebert.evaluation.areas import Flags, Floats
from resumebert.evaluation.baseline import DEFAULT_COST, NoWordsError, out_of_fold_values
from resumebert.evaluation.calibration import fit_calibration
from resumebert.evaluation.result import excerpt
from resumebert.evaluation.weighting import weighted
from resumebert.utils.durable_files import write_csv

MODEL = "model"
LINEAR = "linear, out of fold"
FOLDS = 5
# Weight of the next lower value in the moving average: the authors' choice.
ALPHA = 0.8
MOST = 500


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
        scored_by: "model", or "linear, out of fold" where the model was trained on the document.
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
    scored_by: str
    excerpt: str
    quality: float


@dataclass(frozen=True)
class ScoredSplit:
    """The n documents of a split, and scores of a model that was not trained on them.

    Attributes:
        split: its name.
        table: the documents.
        probabilities: (n, L), calibrated.
        scored_by: who gave them: ``MODEL`` or ``LINEAR``.
        groups: (n,) group number of each; duplicates share one. None: there are none.
    """

    split: str
    table: ResumeTable
    probabilities: Floats
    scored_by: str
    groups: npt.NDArray[np.int64] | None = None


def suspect_labels(
    splits: Sequence[ScoredSplit], label_names: Sequence[str], *, most: int = MOST
) -> list[SuspectLabel]:
    """List the ``most`` doubtful labels, those of the most doubtful document first.

    Each split is looked at by itself. A label that all its documents have, or none, is not doubted
    there: there is nothing to compare with.
    """
    found = [suspect for split in splits for suspect in _of_split(split, label_names)]
    found.sort(key=lambda suspect: suspect.quality)  # Stable: a document's labels stay together.
    return found[:most]


def _of_split(split: ScoredSplit, label_names: Sequence[str]) -> list[SuspectLabel]:
    """Return the doubtful labels of a split, a document's most doubtful one first."""
    table, probabilities = split.table, split.probabilities
    given = table.labels.astype(np.bool_)
    agreement, quality = (f(given, probabilities) for f in (self_confidence, document_quality))
    where = np.argwhere(doubtful(given, probabilities, split.groups)).tolist()
    where.sort(key=lambda place: (quality[place[0]], place[0], agreement[tuple(place)]))
    return [
        SuspectLabel(
            split=split.split,
            id=table.ids[row],
            row=int(table.rows[row]),
            label=label_names[label],
            given=bool(given[row, label]),
            probability=float(probabilities[row, label]),
            scored_by=split.scored_by,
            excerpt=excerpt(table.texts[row]),
            quality=float(quality[row]),
        )
        for row, label in where
    ]


def doubtful(
    given: Flags, probabilities: Floats, groups: npt.NDArray[np.int64] | None = None
) -> Flags:
    """Return (n, L): which of (n, L) labels confident learning doubts, either way.

    Duplicates count as one document in the averages that a document is held against.
    """
    known = weighted(probabilities, given, groups)
    scores, has, weights = known.values, known.targets, known.weights
    agreement = self_confidence(given, probabilities)
    against = 1 - agreement
    with np.errstate(invalid="ignore"):
        # Mean probability of a label among those that have it, and of its absence among the rest.
        present = weights @ (scores * has) / (weights @ has)
        absent = weights @ ((1 - scores) * ~has) / (weights @ ~has)
    own, other = np.where(given, present, absent), np.where(given, absent, present)
    # A comparison with nan, of a label that all or no documents have, is false.
    return (against >= other) & ((agreement < own) | (against > agreement))


def self_confidence(given: Flags, probabilities: Floats) -> Floats:
    """Return (n, L) probabilities of what the data say."""
    return np.where(given, probabilities, 1 - probabilities)


def document_quality(given: Flags, probabilities: Floats) -> Floats:
    """Return (n,) how far a document's labels agree with the scores, in [0, 1]."""
    falling = -np.sort(-self_confidence(given, probabilities), axis=1)
    average = falling[:, 0]
    for column in falling.T[1:]:
        average = ALPHA * column + (1 - ALPHA) * average
    return np.asarray(average)


def out_of_fold_probabilities(
    table: ResumeTable, groups: npt.NDArray[np.int64], *, cost: float = DEFAULT_COST
) -> Floats | None:
    """Return (n, L) probabilities from linear models that saw neither a text nor a duplicate.

    They are calibrated by Platt's method on all texts, which costs two numbers a label; duplicates,
    which share one of the (n,) group numbers, count as one. None if there are fewer than two
    groups, or no words to learn from. ``cost`` is C of the linear models.
    """
    folds = min(FOLDS, len(np.unique(groups)))
    if folds < 2:
        return None
    labels = table.labels
    try:
        values = out_of_fold_values(table.texts, labels, groups, cost=cost, folds=folds)
    except NoWordsError:
        return None
    return fit_calibration(values, labels, table.label_names, "platt", groups).apply(values)


def write_suspects(path: Path, suspects: Sequence[SuspectLabel]) -> None:
    """Write a csv with a column for each attribute, in the order given."""
    columns = [each.name for each in fields(SuspectLabel)]
    frame = pd.DataFrame(map(vars, suspects), columns=columns)
    write_csv(path, frame.round({"probability": 4, "quality": 4}))
