"""What an evaluation leaves behind: metrics.json, predictions, comparisons."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from resumebert.evaluation.comparison import Comparison
from resumebert.evaluation.judgement import TUNED
from resumebert.evaluation.metrics import to_json_values
from resumebert.evaluation.results import Interval, SplitResult
from resumebert.utils.processes import first_process_only

_V = TypeVar("_V")


@first_process_only
def write_json(path: Path, content: Any) -> None:
    """Write plain Python as indented JSON."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_metrics(path: Path, results: Sequence[SplitResult]) -> None:
    """Write one flat object of ``<split>/<metric>`` and ``…_ci``; an undefined metric is null.

    The linear baseline's are ``<split>/baseline/<metric>``, at its tuned thresholds.
    """
    flat: dict[str, Any] = {}
    for result in results:
        flat |= _flat(f"{result.split}/", result.metrics, result.intervals)
        if result.baseline is not None:
            flat |= _flat(
                f"{result.split}/baseline/",
                tuned_only(result.baseline.metrics),
                tuned_only(result.baseline.intervals),
            )
    write_json(path, flat)


def tuned_only(values: Mapping[str, _V]) -> dict[str, _V]:
    """Return what is named ``tuned/…``, without that."""
    return {
        name.removeprefix(TUNED): value for name, value in values.items() if name.startswith(TUNED)
    }


def _flat(
    prefix: str, metrics: Mapping[str, float], intervals: Mapping[str, Interval]
) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in to_json_values(metrics).items():
        flat[f"{prefix}{name}"] = value
        if name in intervals:
            ends = [float(end) for end in intervals[name]]
            flat[f"{prefix}{name}_ci"] = None if any(map(math.isnan, ends)) else ends
    return flat


@first_process_only
def write_predictions(path: Path, result: SplitResult) -> None:
    """Write a csv: id, true labels, predicted labels, one column of probabilities a label."""
    documents = pd.DataFrame(
        {
            "id": list(result.ids),
            "true_labels": join_labels(result.truth, result.label_names),
            "predicted_labels": join_labels(result.predicted, result.label_names),
        }
    )
    # Side by side, so that a label named "id" takes no other column's place.
    probabilities = pd.DataFrame(result.probabilities, columns=list(result.label_names))
    pd.concat([documents, probabilities], axis=1).to_csv(path, index=False)


def write_comparison(path: Path, comparison: Comparison, names: tuple[str, str]) -> None:
    """Write what two models' comparison found.

    Args:
        path: where to.
        comparison: of the first with the second; each difference is the second minus the first.
        names: of the two.
    """
    write_json(
        path,
        {"first": names[0], "second": names[1], "difference": "second - first"}
        | comparison.to_json(),
    )


def write_disagreements(
    path: Path, first: SplitResult, second: SplitResult, differing: Sequence[int]
) -> None:
    """Write the documents that two models label differently: what is true, and what each says.

    Args:
        path: a csv.
        first: of what is compared to.
        second: of the model evaluated; the same documents in the same order.
        differing: positions among them.
    """
    rows, names = list(differing), second.label_names
    wrong = [(result.predicted != result.truth).sum(axis=1)[rows] for result in (first, second)]
    pd.DataFrame(
        {
            "id": [second.ids[row] for row in rows],
            "true_labels": join_labels(second.truth[rows], names),
            "ckpt": join_labels(second.predicted[rows], names),
            "compare_to": join_labels(first.predicted[rows], names),
            "wrong_ckpt": wrong[1],
            "wrong_compare_to": wrong[0],
        }
    ).to_csv(path, index=False)


def join_labels(flags: npt.NDArray[np.bool_], label_names: Sequence[str]) -> list[str]:
    """Return for each row of (n, L) flags the names of the set ones, joined by ``;``."""
    names = np.array(label_names, dtype=object)
    return [";".join(names[row]) for row in flags]
