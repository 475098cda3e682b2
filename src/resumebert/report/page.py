"""report.html: one file, without network, of everything that a run found."""

import base64
import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from markupsafe import Markup, escape

from resumebert.charts import curves, matrices, script, stylesheet, svg
from resumebert.charts.curves import Scored
from resumebert.charts.history import history_pictures
from resumebert.charts.words import number, with_ends
from resumebert.evaluation.registry import OF_A_LABEL
from resumebert.evaluation.result import TUNED, EvaluationResult
from resumebert.evaluation.top1 import TOP1_WHY
from resumebert.report import metric_tables
from resumebert.report.analysis_tables import removal_tables, slice_tables, swap_tables
from resumebert.report.cautions import missing, warnings
from resumebert.report.comparison_table import compared_table, compared_to_baseline
from resumebert.report.data_tables import command_of, data_tables, environment_rows
from resumebert.report.error_texts import shown_error
from resumebert.report.inputs import ReportInput, template
from resumebert.report.metric_tables import Figure, of
from resumebert.utils.durable_files import write_text
from resumebert.utils.floats import to_probabilities

# So many labels' pictures are open at once; the others open when asked for.
OPEN_LABELS = 12
SUSPECTS_SHOWN = 100
ERRORS_SHOWN = 25
# Pictures are of so many labels at most, the most frequent ones; tables are of all.
LABELS_DRAWN = 100
# Of many labels the curves have fewer points each, so that the page stays small.
ALL_POINTS = 5_000
FEWEST_POINTS = 50
CHARTS = (
    ("Precision and recall", curves.precision_recall),
    ("ROC", curves.roc),
    ("Reliability", curves.reliability),
    ("Thresholds", curves.threshold_curves),
    ("Scores", curves.histogram),
)


@dataclass(frozen=True)
class Panel:
    """The pictures of one label."""

    name: str
    column: int
    support: int
    documents: int
    captions: list[list[str]]
    charts: list[tuple[str, Markup | None]]
    is_open: bool


def write_report(path: Path, report: ReportInput) -> None:
    """Write the report as one HTML file."""
    write_text(path, report_html(report))


def report_html(report: ReportInput) -> str:
    """Return the report as one HTML page, without anything outside it."""
    return template("page.html", autoescape=True, breakable=breakable).render(_contents(report))


def _contents(report: ReportInput) -> dict[str, Any]:
    """Return all that the template shows."""
    result, analysis = report.result, report.analysis
    names = list(result.label_names)
    drawn = most_frequent(result)
    names_drawn = [names[column] for column in drawn]
    confused = matrices.confusion(result.truth[:, drawn], result.predicted[:, drawn])
    true, given = matrices.cooccurrence(result.truth[:, drawn], result.predicted[:, drawn])
    code = script() + _template("page.js")
    return {
        "report": report,
        "result": result,
        "style": stylesheet() + Markup(_template("page.css")),
        "script": Markup(code),
        "script_hash": _sha256(code),
        "verdict": metric_tables.verdict(result, is_compared=compared_to_baseline(report)),
        "warnings": warnings(report),
        "missing": missing(report),
        "tiles": metric_tables.tiles(result),
        "tables": [
            (r, metric_tables.headline_rows(r), metric_tables.headline_domain(r))
            for r in report.results
        ],
        "label_metrics": [OF_A_LABEL[kind] for kind in metric_tables.OTHERS],
        "label_rows": metric_tables.label_rows(result),
        "label_domain": metric_tables.label_domain(result),
        "panels": panels(result, drawn),
        "drawn": drawn,
        "confusion": matrices.confusion_picture(confused, names_drawn),
        "confused_pairs": matrices.frequent_confusions(confused, names_drawn),
        "missed": int(confused.missed.sum()),
        "cooccurrence": matrices.cooccurrence_picture(true, given, names_drawn),
        "different_pairs": matrices.different_pairs(true, given, names_drawn),
        "history": history_pictures(report.history),
        "slices": slice_tables(analysis.slices),
        "words_removed": removal_tables(analysis.words_removed),
        "swaps": swap_tables(analysis.swaps),
        "errors": [shown_error(error, names) for error in (analysis.errors or [])[:ERRORS_SHOWN]],
        "suspects": (analysis.suspects or [])[:SUSPECTS_SHOWN],
        "data": None if report.data_report is None else data_tables(report.data_report),
        "top1": top1_rows(result),
        "top1_why": TOP1_WHY,
        "top1_distance": top1_distance(result),
        "compared": compared_table(report.compared),
        "command": command_of(report),
        "environment": environment_rows(report.environment or {}),
    }


def most_frequent(result: EvaluationResult) -> list[int]:
    """Return the columns of the labels to draw, in their order: the most frequent ones."""
    order = np.argsort(-result.truth.sum(axis=0), kind="stable")
    kept: list[int] = np.sort(order[:LABELS_DRAWN]).tolist()
    return kept


def panels(result: EvaluationResult, columns: Sequence[int]) -> list[Panel]:
    """Return the pictures of all labels together, then of each of some."""
    plain = to_probabilities(torch.from_numpy(np.asarray(result.logits))).numpy()
    other = result.baseline
    points = min(svg.MAX_POINTS, max(FEWEST_POINTS, ALL_POINTS // len(columns)))
    together = Scored(
        "all labels together",
        result.truth.ravel(),
        plain.ravel(),
        result.probabilities.ravel(),
        baseline=None if other is None else other.probabilities.ravel(),
    )
    found = [_panel(together, result, -1, 0)]
    for column in columns:
        scored = Scored(
            result.label_names[column],
            result.truth[:, column],
            plain[:, column],
            result.probabilities[:, column],
            float(result.thresholds[column]),
            None if other is None else other.probabilities[:, column],
            None if other is None else float(other.thresholds[column]),
            points,
        )
        found.append(_panel(scored, result, column, len(found)))
    return found


def _panel(scored: Scored, result: EvaluationResult, column: int, place: int) -> Panel:
    ends = ("_micro", "_macro") if column < 0 else (f"/{scored.name}",) * 2
    captions = [
        _caption(result, f"{TUNED}ap{ends[0]}", "AP"),
        _caption(result, f"{TUNED}auroc{ends[1]}", "AUROC" if column >= 0 else "mean AUROC"),
        _caption(result, f"{TUNED}ece", "ECE") if column < 0 else [],
        _caption(result, f"{TUNED}f1{ends[0]}", "F1"),
        [] if scored.threshold is None else [f"threshold {scored.threshold:.3f}"],
    ]
    return Panel(
        scored.name,
        column,
        int(scored.truth.sum()),
        len(scored.truth),
        captions,
        [(title, draw(scored)) for title, draw in CHARTS],
        place < OPEN_LABELS,
    )


def _caption(result: EvaluationResult, name: str, words: str) -> list[str]:
    """Return a figure with its interval, and the baseline's."""
    value, interval = result.metrics.get(name, math.nan), result.intervals.get(name)
    said = [f"{words} {with_ends(value, interval)}"]
    if result.baseline is not None and not math.isnan(value):
        other = result.baseline
        theirs = with_ends(other.metrics.get(name, math.nan), other.intervals.get(name))
        said.append(f"baseline {theirs}")
    return said


def breakable(name: str) -> Markup:
    """Return a name, escaped, that may be broken where its words are joined."""
    return Markup(re.sub(r"([_/.-])", r"\1<wbr>", str(escape(name))))


def top1_rows(result: EvaluationResult) -> list[tuple[str, Figure, Figure | None]]:
    """Return single-label scores and, for comparison, what is right, of the same predictions."""
    rows = (
        ("top-1 accuracy", "top1/accuracy"),
        ("top-1 precision, weighted", "top1/precision_weighted"),
        ("top-1 recall, weighted", "top1/recall_weighted"),
        ("top-1 F1, weighted", "top1/f1_weighted"),
        ("subset accuracy, at 0.5", "subset_accuracy"),
        ("subset accuracy, tuned", f"{TUNED}subset_accuracy"),
        ("F1 micro, at 0.5", "f1_micro"),
        ("F1 micro, tuned", f"{TUNED}f1_micro"),
    )
    other = result.baseline
    return [
        (words, of(result, name), None if other is None else of(other, name))
        for words, name in rows
        if name in result.metrics
    ]


def top1_distance(result: EvaluationResult) -> str:
    """Say how far the top-1 accuracy is from what is right, of the same predictions."""
    found = [
        result.metrics.get(name, math.nan)
        for name in ("top1/accuracy", f"{TUNED}subset_accuracy", f"{TUNED}f1_micro")
    ]
    if any(map(math.isnan, found)):
        return ""
    accuracy, subset, micro = found
    return (
        f"Here the top-1 accuracy is {number(accuracy)}: {_aside(accuracy - subset)} the share of "
        f"documents with every label right ({number(subset)}), and {_aside(accuracy - micro)} F1 "
        f"micro ({number(micro)})."
    )


def _aside(difference: float) -> str:
    return f"{number(abs(difference))} {'above' if difference >= 0 else 'below'}"


def _template(name: str) -> str:
    return (files("resumebert.report") / "templates" / name).read_text(encoding="utf-8")


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
