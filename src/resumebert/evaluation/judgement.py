"""From a model's scores of a split to everything that is said about it."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from resumebert.evaluation.decisions import Decisions
from resumebert.evaluation.intervals import bootstrap_intervals
from resumebert.evaluation.metrics import multilabel_metrics
from resumebert.evaluation.results import Floats, Interval, SplitResult
from resumebert.evaluation.top1 import top1_intervals, top1_metrics
from resumebert.utils.floats import to_probabilities

TUNED = "tuned/"
PLAIN_THRESHOLD = 0.5


def judge(
    split: str,
    logits: Floats,
    truth: npt.NDArray[np.bool_],
    decisions: Decisions,
    label_names: Sequence[str],
    *,
    ids: Sequence[str],
    index: npt.NDArray[np.int64],
    groups: npt.NDArray[np.int64],
    resamples: int,
    loss: float = math.nan,
) -> SplitResult:
    """Compute all metrics of a split, at 0.5 and as the model is used, and their intervals.

    Args:
        split: its name.
        logits: (n, L).
        truth: (n, L).
        decisions: from logits to probabilities and labels.
        label_names: L names.
        ids: n identifiers.
        index: (n,) positions in the table.
        groups: (n,) group number of each document; copies share one.
        resamples: of the bootstrap; 0: no intervals.
        loss: of the split, if there is one.
    """
    plain = to_probabilities(torch.from_numpy(logits)).numpy()
    calibrated = decisions.calibration.apply(logits)
    thresholds = np.array(decisions.thresholds)
    metrics: dict[str, float] = {} if math.isnan(loss) else {"loss": loss}
    intervals: dict[str, Interval] = {}
    for prefix, probabilities, limits in (
        ("", plain, np.full(len(label_names), PLAIN_THRESHOLD)),
        (TUNED, calibrated, thresholds),
    ):
        found = multilabel_metrics(
            torch.from_numpy(probabilities), torch.from_numpy(truth), label_names, limits.tolist()
        )
        metrics |= {
            f"{prefix}{name}": value
            for name, value in found.items()
            if not (prefix and _is_count(name))
        }
        if resamples and len(truth):
            ends = bootstrap_intervals(
                probabilities, truth, limits, label_names, groups, resamples=resamples
            )
            intervals |= {f"{prefix}{name}": interval for name, interval in ends.items()}
    metrics |= {f"top1/{name}": value for name, value in top1_metrics(logits, truth).items()}
    if resamples and len(truth):
        ends = top1_intervals(logits, truth, groups, resamples=resamples)
        intervals |= {f"top1/{name}": interval for name, interval in ends.items()}
    return SplitResult(
        split=split,
        label_names=list(label_names),
        ids=list(ids),
        index=index,
        groups=groups,
        truth=truth,
        logits=logits,
        probabilities=calibrated,
        thresholds=thresholds,
        metrics=metrics,
        intervals=intervals,
    )


def _is_count(name: str) -> bool:
    return name == "n" or name.startswith("support/")
