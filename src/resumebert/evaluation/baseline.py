"""The linear baseline: TF-IDF of the whole text and a linear model a label."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from resumebert.evaluation.thresholds import best_f1_thresholds

Kind = Literal["svm", "logistic"]
COSTS = (0.1, 0.3, 1.0, 3.0, 10.0)
MAX_FEATURES = 300_000


@dataclass(frozen=True)
class LinearScores:
    """What a linear model gave for the n documents it was asked about.

    Attributes:
        scores: (n, L), each label's distance from its decision boundary.
        thresholds: (L,) from which on a label is predicted.
        cost: the C that was chosen.
    """

    scores: npt.NDArray[np.float64]
    thresholds: npt.NDArray[np.float64]
    cost: float

    @property
    def predicted(self) -> npt.NDArray[np.bool_]:
        """(n, L) decisions."""
        return self.scores >= self.thresholds


def fit_linear(
    train: Sequence[str],
    train_labels: npt.NDArray[np.uint8],
    val: Sequence[str],
    val_labels: npt.NDArray[np.uint8],
    test: Sequence[str],
    *,
    kind: Kind = "svm",
    costs: Sequence[float] = COSTS,
) -> LinearScores:
    """Train on ``train``, choose C and thresholds on ``val``, score ``test``.

    Words and pairs of words, sublinear TF-IDF, one model a label. C is that of the highest mean F1
    over the labels on ``val``, each label at its best threshold there.

    Args:
        train: texts.
        train_labels: (n, L) of 0 and 1.
        val: texts to choose by.
        val_labels: theirs.
        test: texts to score.
        kind: a support vector machine or a logistic regression.
        costs: the Cs to choose from.
    """
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2),
        min_df=3 if len(train) >= 1000 else 1,
        max_features=MAX_FEATURES,
        sublinear_tf=True,
        dtype=np.float32,
    )
    known = vectorizer.fit_transform(train)
    asked, unknown = vectorizer.transform(val), vectorizer.transform(test)
    best: tuple[float, LinearScores] | None = None
    for cost in costs:
        on_val = np.zeros(val_labels.shape)
        on_test = np.zeros((len(test), val_labels.shape[1]))
        for label in range(train_labels.shape[1]):
            column = train_labels[:, label]
            if column.min() == column.max():  # Nothing to tell apart.
                on_val[:, label] = on_test[:, label] = 1.0 if column.any() else -1.0
                continue
            model = _model(kind, cost).fit(known, column)
            on_val[:, label] = model.decision_function(asked)
            on_test[:, label] = model.decision_function(unknown)
        thresholds = best_f1_thresholds(on_val, val_labels, default=0.0)
        quality = _mean_f1(on_val >= thresholds, val_labels)
        if best is None or quality > best[0]:
            best = quality, LinearScores(on_test, thresholds, cost)
    assert best is not None
    return best[1]


def _model(kind: Kind, cost: float) -> LinearSVC | LogisticRegression:
    if kind == "svm":
        return LinearSVC(C=cost)
    # Its C is on another scale: that of the log-likelihood.
    return LogisticRegression(C=10 * cost, solver="liblinear")


def _mean_f1(predicted: npt.NDArray[np.bool_], labels: npt.NDArray[np.uint8]) -> float:
    """Return the mean F1 of the labels that some document has."""
    there = labels.any(axis=0)
    hits = (predicted & (labels > 0)).sum(axis=0)[there]
    f1 = 2 * hits / (predicted.sum(axis=0)[there] + labels.sum(axis=0)[there])
    return float(f1.mean()) if there.any() else 0.0
