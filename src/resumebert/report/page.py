"""report.html: one file, without network, of everything that a run found."""

import math
import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from markupsafe import Markup, escape

from resumebert.charts import (
    curves,
    matrices,
    policy_hash,
    script,
    stylesheet,
    svg,
    template,
)
from resumebert.charts.curves import Scored
from resumebert.charts.history import history_pictures
from resumebert.charts.words import number, with_ends
from resumebert.evaluation.abstention import review_curve
from resumebert.evaluation.result import ABSTAIN, TUNED, EvaluationResult
from resumebert.report import data_tables, sentences, tables
from resumebert.report.error_texts import MAX_CHARACTERS, marked_texts
from resumebert.report.inputs import ReportInput
from resumebert.report.table import table_of
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
CHARTS = {
    "Precision and recall": curves.precision_recall,
    "ROC": curves.roc,
    "Reliability": curves.reliability,
    "Thresholds": curves.threshold_curves,
    "Scores": curves.histogram,
}
# What each says, below the pictures of all labels together.
READINGS = {
    "Precision and recall": "The further up and to the right, the more of the true labels are "
    "found with fewer wrong ones.",
    "ROC": "The nearer to the upper left corner, the better the documents with a label are told "
    "from the others.",
    "Reliability": "On the diagonal, of the labels given a probability of 0.8, 80 % are right.",
    "Thresholds": "What another threshold would give: how F1, precision and recall move with it.",
    "Scores": "Above the line those with the label, below it those without: the further apart, "
    "the fewer doubtful decisions.",
}


def write_report(path: Path, report: ReportInput) -> None:
    """Write the report as one HTML file."""
    write_text(path, report_html(report))


def report_html(report: ReportInput) -> str:
    """Return the report as one HTML page, without anything outside it."""
    return template("resumebert.report", "page.html", breakable=breakable).render(_contents(report))


def _contents(report: ReportInput) -> dict[str, Any]:
    """Return all that the template shows."""
    result, analysis = report.result, report.analysis
    drawn = most_frequent(result)
    names = [result.label_names[column] for column in drawn]
    truth, predicted = result.truth[:, drawn], result.predicted[:, drawn]
    confused = matrices.confusion(truth, predicted)
    true, given = matrices.cooccurrence(truth, predicted)
    code = script() + _template("page.js")
    return {
        "report": report,
        "result": result,
        "analysis": analysis,
        "style": stylesheet() + Markup(_template("page.css")),
        "script": Markup(code),
        "script_hash": policy_hash(code),
        "sentences": sentences,
        "number": number,
        "tables": tables,
        "drawn": drawn,
        "charts": CHARTS,
        "readings": READINGS,
        "open_labels": OPEN_LABELS,
        "panels": list(panels(result, drawn)),
        "missed": int(confused.missed.sum()),
        "confusion": matrices.confusion_picture(confused, names),
        "confused_pairs": table_of(
            "The most frequent pairs",
            ("missed", "wrongly given instead", "documents", "of those missed"),
            matrices.frequent_confusions(confused, names),
        ),
        "cooccurrence": matrices.cooccurrence_picture(true, given, names),
        "different_pairs": table_of(
            "The pairs that differ most",
            ("label", "and", "have both", "are given both"),
            matrices.different_pairs(true, given, names),
        ),
        "review": _review(result),
        "history": history_pictures(report.history),
        "swaps": tables.swap_tables(analysis.swaps),
        "errors": (analysis.errors or [])[:ERRORS_SHOWN],
        "marked_texts": marked_texts,
        "most_characters": MAX_CHARACTERS,
        "suspects": tables.suspect_table((analysis.suspects or [])[:SUSPECTS_SHOWN]),
        "data": data_tables,
    }


def _review(result: EvaluationResult) -> Markup:
    """Draw what reviewing documents spares; nothing without documents."""
    if not len(result.truth):
        return Markup("")
    curve = review_curve(result.errors, result.expected_errors, result.groups)
    promise = None
    if result.abstention is not None:
        names = ("reviewed", "errors")
        share, errors = (result.metrics.get(f"{ABSTAIN}{name}", math.nan) for name in names)
        promise = (share, errors, result.abstention.level)
    return curves.review_picture(curve.reviewed, curve.errors, curve.limits, promise)


def most_frequent(result: EvaluationResult) -> list[int]:
    """Return the columns of the labels to draw, in their order: the most frequent ones."""
    order = np.argsort(-result.truth.sum(axis=0), kind="stable")
    kept: list[int] = np.sort(order[:LABELS_DRAWN]).tolist()
    return kept


def panels(
    result: EvaluationResult, columns: Sequence[int]
) -> Iterator[tuple[int, Scored, list[list[str]]]]:
    """Yield number, scores and words to each chart: of all labels together (-1), then of some."""
    plain = to_probabilities(torch.from_numpy(np.asarray(result.logits))).numpy()
    other = result.baseline
    together = Scored(
        "all labels together",
        result.truth.ravel(),
        plain.ravel(),
        result.probabilities.ravel(),
        baseline=None if other is None else other.probabilities.ravel(),
    )
    named = {"ap_micro": "AP", "auroc_macro": "mean AUROC", "ece": "ECE", "f1_micro": "F1"}
    yield -1, together, [*(_caption(result, name, words) for name, words in named.items()), []]
    for column in columns:
        name, threshold = result.label_names[column], float(result.thresholds[column])
        scored = Scored(
            name,
            result.truth[:, column],
            plain[:, column],
            result.probabilities[:, column],
            threshold,
            None if other is None else other.probabilities[:, column],
            None if other is None else float(other.thresholds[column]),
            min(svg.MAX_POINTS, max(FEWEST_POINTS, ALL_POINTS // len(columns))),
        )
        precision_recall, roc, f1 = (
            _caption(result, f"{kind}/{name}", words)
            for kind, words in (("ap", "AP"), ("auroc", "AUROC"), ("f1", "F1"))
        )
        yield column, scored, [precision_recall, roc, [], f1, [f"threshold {threshold:.3f}"]]


def _caption(result: EvaluationResult, name: str, words: str) -> list[str]:
    """Return a tuned figure with its interval, and the baseline's."""
    own = tables.of(result, TUNED + name)
    said = [f"{words} {with_ends(own.value, own.interval)}"]
    if result.baseline is not None and not math.isnan(own.value):
        other = tables.of(result.baseline, TUNED + name)
        said.append(f"baseline {with_ends(other.value, other.interval)}")
    return said


def breakable(name: str) -> Markup:
    """Return a name, escaped, that may be broken where its words are joined."""
    return Markup(re.sub(r"([_/.-])", r"\1<wbr>", str(escape(name))))


def _template(name: str) -> str:
    return (files("resumebert.report") / "templates" / name).read_text(encoding="utf-8")
