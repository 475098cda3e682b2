"""Thresholds of labels, chosen on validation documents."""

import numpy as np
import numpy.typing as npt


def best_f1_thresholds(
    scores: npt.NDArray[np.floating], targets: npt.NDArray[np.integer], default: float = 0.5
) -> npt.NDArray[np.float64]:
    """Return for each label the threshold with the highest F1: exact, over all cut points.

    A label is predicted where its score is at least its threshold. Thresholds lie midway between
    two neighbouring scores. Of equally good ones the one that predicts fewest is taken.

    Args:
        scores: (n, L), the higher the likelier.
        targets: (n, L) of 0 and 1.
        default: the threshold of a label that no document has, for which there is no F1.
    """
    chosen = np.full(targets.shape[1], default, dtype=np.float64)
    for label in np.flatnonzero(targets.any(axis=0)):
        order = np.argsort(-scores[:, label], kind="stable")
        ordered = scores[order, label].astype(np.float64)
        hits = np.cumsum(targets[order, label])
        predicted = np.arange(1, len(ordered) + 1)
        f1 = 2 * hits / (predicted + hits[-1])
        # Documents with one score are predicted together or not at all.
        ends = np.append(ordered[:-1] > ordered[1:], True)
        cut = int(np.argmax(np.where(ends, f1, -1)))
        below = ordered[cut + 1] if cut + 1 < len(ordered) else -np.inf
        chosen[label] = ordered[cut] if np.isinf(below) else (ordered[cut] + below) / 2
    return chosen
