"""The scores of a single-label evaluation, for comparison with work that used them."""

import numpy as np
import numpy.typing as npt

from resumebert.evaluation.intervals import bootstrap
from resumebert.evaluation.metrics import Documents, Floats, Statistic, Weights, sum_by_group
from resumebert.settings.schema import DEFAULTS

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
    statistic, documents = _statistic(scores, truth, np.arange(len(truth)))
    found = statistic(np.ones((1, documents.num_groups), dtype=np.int32))
    return {name: float(value) for name, [value] in found.items()}


def top1_intervals(
    scores: npt.NDArray[np.floating],
    truth: npt.NDArray[np.bool_],
    groups: npt.NDArray[np.integer],
    *,
    resamples: int = DEFAULTS.bootstrap_resamples,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Return the bootstrap interval of each of :func:`top1_metrics`, over groups of documents.

    Args:
        scores: (n, L), n at least 1.
        truth: (n, L).
        groups: (n,) integers, the same for duplicates.
        resamples: how many.
        level: in (0, 1).
        seed: of the resamples.
    """
    statistic, documents = _statistic(scores, truth, groups)
    return bootstrap(statistic, documents, resamples=resamples, level=level, seed=seed)


def _statistic(
    scores: npt.NDArray[np.floating], truth: npt.NDArray[np.bool_], groups: npt.NDArray[np.integer]
) -> tuple[Statistic, Documents]:
    predicted, true = scores.argmax(axis=1), truth.argmax(axis=1)
    classes = np.arange(truth.shape[1])
    columns = [predicted[:, None] == classes, true[:, None] == classes]
    nothing = np.zeros((len(truth), 0))
    documents = Documents(
        nothing, nothing > 0, nothing > 0, np.unique(groups, return_inverse=True)[1], []
    )
    counts = np.hstack([columns[0] & columns[1], *columns]).astype(np.float64)
    table = sum_by_group(counts, documents)

    def statistic(weights: Weights) -> dict[str, Floats]:
        return _of_counts(*np.split(weights @ table, 3, axis=1))

    return statistic, documents


@np.errstate(invalid="ignore")
def _of_counts(hits: Floats, predicted: Floats, true: Floats) -> dict[str, Floats]:
    """Return the (B,) metrics of (B, L) documents hit, predicted and true of each class."""
    shares = true / true.sum(axis=1, keepdims=True)
    ratios = {
        "precision_weighted": hits / np.maximum(predicted, 1),
        "recall_weighted": hits / np.maximum(true, 1),
        "f1_weighted": 2 * hits / np.maximum(predicted + true, 1),
    }
    found = {"accuracy": hits.sum(axis=1) / true.sum(axis=1)}
    return found | {name: (shares * values).sum(axis=1) for name, values in ratios.items()}
