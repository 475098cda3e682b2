"""What an evaluation leaves behind: metrics.json, predictions, the table on the screen."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from rich.console import Console
from rich.table import Table

from resumebert.evaluation.metrics import to_json_values, undefined
from resumebert.utils.processes import first_process_only

HEADLINES = (
    ("f1_micro", "F1 micro"),
    ("f1_macro", "F1 macro"),
    ("f1_weighted", "F1 weighted"),
    ("f1_samples", "F1 per document"),
    ("precision_micro", "precision micro"),
    ("recall_micro", "recall micro"),
    ("ap_macro", "average precision macro"),
    ("auroc_macro", "AUROC macro"),
    ("subset_accuracy", "subset accuracy"),
    ("hamming_loss", "Hamming loss"),
    ("lrap", "LRAP"),
    ("coverage_error", "coverage error"),
    ("ranking_loss", "ranking loss"),
    ("ece", "calibration error"),
    ("loss", "loss"),
)
PER_LABEL = ("f1", "precision", "recall", "ap", "auroc")


@first_process_only
def write_json(path: Path, content: Any) -> None:
    """Write plain Python as indented JSON."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_metrics(path: Path, results: Mapping[str, Mapping[str, float]]) -> None:
    """Write one flat object of ``<split>/<metric>``; an undefined metric is null."""
    flat = {
        f"{split}/{name}": value
        for split, metrics in results.items()
        for name, value in to_json_values(metrics).items()
    }
    write_json(path, flat)


@first_process_only
def write_predictions(
    path: Path,
    ids: Sequence[str],
    label_names: Sequence[str],
    labels: npt.NDArray[np.uint8],
    probabilities: npt.NDArray[np.float64],
    thresholds: Sequence[float],
) -> None:
    """Write a csv: id, true labels, predicted labels, one probability column a label.

    Args:
        path: where to.
        ids: n ids.
        label_names: L names.
        labels: (n, L) the truth, 0 or 1.
        probabilities: (n, L).
        thresholds: L probabilities from which on a label is predicted.
    """
    predicted = probabilities >= np.asarray(thresholds)
    frame = pd.DataFrame(
        {
            "id": list(ids),
            "true_labels": join_labels(labels.astype(bool), label_names),
            "predicted_labels": join_labels(predicted, label_names),
        }
    )
    for column, name in enumerate(label_names):
        frame[name] = probabilities[:, column]
    frame.to_csv(path, index=False)


def join_labels(flags: npt.NDArray[np.bool_], label_names: Sequence[str]) -> list[str]:
    """Return for each row of (n, L) flags the names of the set ones, joined by ``;``."""
    names = np.array(label_names, dtype=object)
    return [";".join(names[row]) for row in flags]


def print_metrics(
    console: Console, title: str, metrics: Mapping[str, float], label_names: Sequence[str]
) -> None:
    """Print the headline metrics, a table a label, and what is undefined or never predicted."""
    headline = Table(title=title, show_header=False, title_justify="left", title_style="bold")
    headline.add_column("metric")
    headline.add_column("value", justify="right")
    headline.add_row("documents", f"{metrics['n']:.0f}")
    for name, words in HEADLINES:
        headline.add_row(words, _figure(metrics[name]))
    by_label = Table(title="per label", title_justify="left", title_style="bold")
    by_label.add_column("label")
    by_label.add_column("in truth", justify="right")
    for kind in PER_LABEL:
        words = kind if kind in ("precision", "recall") else kind.upper()
        by_label.add_column(words, justify="right")
    for name in label_names:
        by_label.add_row(
            name,
            f"{metrics[f'support/{name}']:.0f}",
            *(_figure(metrics[f"{kind}/{name}"]) for kind in PER_LABEL),
        )
    console.print(headline)
    console.print(by_label)
    for note in notes(metrics, label_names):
        console.print(note, style="yellow", highlight=False)


def notes(metrics: Mapping[str, float], label_names: Sequence[str]) -> list[str]:
    """Say in words what a reader of the figures must know: undefined metrics, silent labels."""
    absent = [name for name in label_names if metrics[f"support/{name}"] == 0]
    silent = [
        name
        for name in label_names
        if name not in absent and math.isnan(metrics[f"precision/{name}"])
    ]
    rest = [name for name in undefined(metrics) if "/" not in name]
    found = []
    if absent:
        found.append(
            f"No document has the label {', '.join(absent)}: its metrics are undefined (null), and "
            "it is left out of the macro and weighted averages."
        )
    if silent:
        found.append(
            f"Never predicted: {', '.join(silent)}. No probability reaches the threshold, so "
            "recall and F1 are 0 and precision is undefined (null)."
        )
    if rest:
        found.append(f"Undefined on these documents (null): {', '.join(rest)}.")
    return found


def _figure(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.4f}"
