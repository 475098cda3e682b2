"""The scores of a single-label evaluation, for comparison with work that used them."""

import numpy as np
import numpy.typing as npt

from resumebert.evaluation.areas import Flags, Floats, Weights
from resumebert.evaluation.metrics import Documents, Statistic, only_groups, sum_by_group

TOP1_WHY = (
    "These are the scores of an evaluation that takes the label with the highest logit as the only "
    "prediction, and the first of a document's labels, in the order of the columns, as the only "
    "truth. They say little about a multi-label model: of a document with several labels all but "
    "one are ignored, and which one counts is an accident of their order; a document without "
    "labels counts as one of the first label; and whether the model knows how many labels a "
    "document has is never asked. They are here to compare with published figures of that kind, "
    "and with nothing else."
)


def top1_statistic(
    scores: npt.NDArray[np.floating], truth: Flags, groups: npt.NDArray[np.integer]
) -> tuple[Statistic, Documents]:
    """Score argmax against argmax of (n, L) scores and truth, as single-label evaluation does.

    Returns:
        ``accuracy``, and ``precision_weighted``, ``recall_weighted``, ``f1_weighted`` as
        scikit-learn has them with 0 for 0/0, ``nan`` without documents, as a function of the (n,)
        groups' weights; and the documents, to be resampled.
    """
    classes = np.arange(truth.shape[1])
    predicted, true = (values.argmax(axis=1)[:, None] == classes for values in (scores, truth))
    documents = only_groups(groups)
    counts = np.hstack([predicted & true, predicted, true]).astype(np.float64)
    table = sum_by_group(counts, documents)

    @np.errstate(invalid="ignore")
    def statistic(weights: Weights) -> dict[str, Floats]:
        hits, predicted, true = np.split(weights @ table, 3, axis=1)
        ratios = {
            "precision_weighted": hits / np.maximum(predicted, 1),
            "recall_weighted": hits / np.maximum(true, 1),
            "f1_weighted": 2 * hits / np.maximum(predicted + true, 1),
        }
        shares = true / true.sum(axis=1, keepdims=True)
        averages = {name: (shares * values).sum(axis=1) for name, values in ratios.items()}
        return {"accuracy": hits.sum(axis=1) / true.sum(axis=1)} | averages

    return statistic, documents
