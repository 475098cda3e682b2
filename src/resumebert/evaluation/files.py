"""What an evaluation leaves behind: metrics.json, predictions, comparisons."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from resumebert.evaluation.baseline import TRAIN_DOCUMENTS
from resumebert.evaluation.comparison import Comparison, Disagreement
from resumebert.evaluation.metrics import to_json_values
from resumebert.evaluation.result import EvaluationResult, Interval, tuned_only
from resumebert.utils.durable_files import write_csv, write_text
from resumebert.utils.processes import first_process_only


@first_process_only
def write_json(path: Path, content: Any) -> None:
    """Write plain Python as indented JSON."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def write_metrics(path: Path, results: Sequence[EvaluationResult]) -> None:
    """Write one flat object of ``<split>/<metric>`` and ``…_ci``; an undefined metric is null.

    The linear baseline's are ``<split>/baseline/<metric>``, at its tuned thresholds;
    ``<split>/baseline/train_documents`` is how many it was trained on.
    """
    flat: dict[str, Any] = {}
    for result in results:
        flat |= _flat(f"{result.split}/", result.metrics, result.intervals)
        if result.baseline is not None:
            theirs = tuned_only(result.baseline.metrics)
            if TRAIN_DOCUMENTS in result.baseline.metrics:
                theirs[TRAIN_DOCUMENTS] = result.baseline.metrics[TRAIN_DOCUMENTS]
            ends = tuned_only(result.baseline.intervals)
            flat |= _flat(f"{result.split}/baseline/", theirs, ends)
    write_json(path, flat)


def _flat(
    prefix: str, metrics: Mapping[str, float], intervals: Mapping[str, Interval]
) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in to_json_values(metrics).items():
        flat[f"{prefix}{name}"] = value
        if name in intervals:
            ends = list(intervals[name])
            flat[f"{prefix}{name}_ci"] = None if any(map(math.isnan, ends)) else ends
    return flat


@first_process_only
def write_predictions(path: Path, result: EvaluationResult) -> None:
    """Write a csv: id, true labels, predicted labels, one column of probabilities a label.

    With abstention, there are ``review`` and ``expected_errors`` before the probabilities.
    """
    documents = pd.DataFrame(
        {
            "id": list(result.ids),
            "true_labels": [";".join(result.names(flags)) for flags in result.truth],
            "predicted_labels": [";".join(result.names(flags)) for flags in result.predicted],
        }
    )
    if result.review is not None:
        documents["review"] = result.review
        documents["expected_errors"] = result.expected_errors
    # Side by side, so that a label named "id" takes no other column's place.
    probabilities = pd.DataFrame(result.probabilities, columns=list(result.label_names))
    write_csv(path, pd.concat([documents, probabilities], axis=1))


def write_comparison(path: Path, comparison: Comparison, names: tuple[str, str]) -> None:
    """Write what a comparison of two models, by their names, found as JSON."""
    first, second = names
    head = {"first": first, "second": second, "difference": "second - first"}
    write_json(path, head | comparison.to_json())


def write_disagreements(path: Path, documents: Sequence[Disagreement]) -> None:
    """Write a csv of the documents that two models label differently: what is true, what each says.

    The first model is ``compare_to`` in the columns' names, the second ``ckpt``.
    """
    rows = [
        (
            each.id,
            ";".join(each.true_labels),
            ";".join(each.second),
            ";".join(each.first),
            each.wrong_second,
            each.wrong_first,
        )
        for each in documents
    ]
    columns = ["id", "true_labels", "ckpt", "compare_to", "wrong_ckpt", "wrong_compare_to"]
    write_csv(path, pd.DataFrame(rows, columns=columns))
