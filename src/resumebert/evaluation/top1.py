"""The scores of a single-label evaluation, for comparison with work that used them."""

import math

import numpy as np
import numpy.typing as npt
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

TOP1_WHY = (
    "These are the scores of an evaluation that takes the label with the highest logit as the only "
    "prediction, and the first of a document's labels, in the order of the columns, as the only "
    "truth. They say little about a multi-label model: of a document with several labels all but "
    "one are ignored, and which one counts is an accident of their order; a document without "
    "labels counts as one of the first label; and whether the model knows how many labels a "
    "document has is never asked. They are here to compare with published figures of that kind, "
    "and with nothing else."
)


def top1_metrics(
    scores: npt.NDArray[np.floating], truth: npt.NDArray[np.bool_]
) -> dict[str, float]:
    """Score argmax against argmax, as single-label evaluation does.

    Args:
        scores: (n, L), the higher the likelier.
        truth: (n, L).

    Returns:
        ``accuracy``, and ``precision_weighted``, ``recall_weighted``, ``f1_weighted`` as
        scikit-learn has them with 0 for 0/0; ``nan`` without documents.
    """
    names = ("accuracy", "precision_weighted", "recall_weighted", "f1_weighted")
    if len(truth) == 0:
        return dict.fromkeys(names, math.nan)
    predicted, true = scores.argmax(axis=1), truth.argmax(axis=1)
    ratios = precision_recall_fscore_support(true, predicted, average="weighted", zero_division=0)
    values = (accuracy_score(true, predicted), *ratios[:3])
    return {name: float(value) for name, value in zip(names, values, strict=True)}
