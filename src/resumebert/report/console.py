"""An evaluation on the screen: headline figures, a table a label, and what to beware of."""

import math

import torch
from rich.console import Console
from rich.table import Table

from resumebert.evaluation.comparison import Comparison
from resumebert.evaluation.decisions import Decisions
from resumebert.evaluation.metrics import undefined
from resumebert.evaluation.registry import METRICS, in_tables
from resumebert.evaluation.result import PLAIN_THRESHOLD, TUNED, EvaluationResult
from resumebert.utils.floats import to_probabilities

# Of more labels the table would scroll the rest away; metrics.json has all.
LABELS_SHOWN = 40


def print_result(
    console: Console, title: str, result: EvaluationResult, decisions: Decisions
) -> None:
    """Print what :func:`resumebert.evaluation.result.evaluate_scores` found.

    Tuned figures are those of the calibrated probabilities at the tuned thresholds, as the
    checkpoint is used; intervals are theirs.
    """
    console.print(_headline_table(title, result))
    console.print(_label_table(result))
    for note in [*notes(result), *decisions.notes]:
        console.print(note, style="yellow", highlight=False, soft_wrap=True)


def _headline_table(title: str, result: EvaluationResult) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(f"{len(result.truth):,} documents")
    table.add_column("at 0.5", justify="right")
    table.add_column("tuned", justify="right")
    table.add_column("95 % interval", justify="right")
    if result.baseline is not None:
        table.add_column("linear baseline", justify="right")
    for metric in in_tables(result.metrics):
        name = metric.name
        row = [metric.title, figure(result.metrics[name]), figure(result.metrics[TUNED + name])]
        row.append(interval(result, TUNED + name))
        if result.baseline is not None:
            row.append(with_interval(result.baseline, TUNED + name))
        table.add_row(*row)
    if "loss" in result.metrics:
        table.add_row("loss", figure(result.metrics["loss"]))
    return table


def _label_table(result: EvaluationResult) -> Table:
    table = Table(title="F1 of each label", title_justify="left", title_style="bold")
    table.add_column("label", overflow="fold")
    table.add_column("in truth", justify="right")
    table.add_column("at 0.5", justify="right")
    table.add_column("threshold", justify="right")
    table.add_column("tuned", justify="right")
    table.add_column("95 % interval", justify="right")
    if result.baseline is not None:
        table.add_column("baseline", justify="right")
    for column, name in enumerate(result.label_names[:LABELS_SHOWN]):
        row = [
            name,
            f"{result.metrics[f'support/{name}']:.0f}",
            figure(result.metrics[f"f1/{name}"]),
            f"{result.thresholds[column]:.2f}",
            figure(result.metrics[f"{TUNED}f1/{name}"]),
            interval(result, f"{TUNED}f1/{name}"),
        ]
        if result.baseline is not None:
            row.append(with_interval(result.baseline, f"{TUNED}f1/{name}"))
        table.add_row(*row)
    if len(result.label_names) > LABELS_SHOWN:
        table.caption = f"The first {LABELS_SHOWN} of {len(result.label_names)} labels."
    return table


def notes(result: EvaluationResult) -> list[str]:
    """Say in words what a reader of the figures must know: undefined metrics, silent labels."""
    names = list(result.label_names)
    absent = [name for name in names if result.metrics[f"support/{name}"] == 0]
    found = []
    if absent:
        found.append(
            f"No document has the label {', '.join(absent)}: its metrics are undefined (null), and "
            "it is left out of the macro and weighted averages."
        )
    found += decision_notes(result)
    rest = [name for name in undefined(result.metrics) if "/" not in name]
    if rest:
        found.append(f"Undefined on these documents (null): {', '.join(rest)}.")
    return found


def decision_notes(result: EvaluationResult) -> list[str]:
    """Call out the labels that are predicted for no document, or for all of them."""
    found = []
    present = {
        name: column
        for column, name in enumerate(result.label_names)
        if result.truth[:, column].any()
    }
    plain = to_probabilities(torch.from_numpy(result.logits)).numpy() >= PLAIN_THRESHOLD
    for words, predicted in (("at 0.5", plain), ("at the tuned thresholds", result.predicted)):
        silent = [name for name, column in present.items() if not predicted[:, column].any()]
        if silent:
            found.append(
                f"Never predicted {words}: {', '.join(silent)}. No probability reaches the "
                "threshold, so recall and F1 are 0 and precision is undefined (null)."
            )
        always = [
            name
            for column, name in enumerate(result.label_names)
            if predicted[:, column].all() and not result.truth[:, column].all()
        ]
        if always:
            found.append(
                f"Predicted {words} for every document: {', '.join(always)}. No probability lies "
                "below the threshold, so precision is no more than the label's share of them."
            )
    return found


def figure(value: float) -> str:
    """Return a metric with four decimals, – where it is undefined."""
    return "–" if math.isnan(value) else f"{value:.4f}"


def interval(result: EvaluationResult, name: str) -> str:
    """Return the interval of a metric, empty where there is none."""
    low, high = result.intervals.get(name, (math.nan, math.nan))
    return "" if math.isnan(low) or math.isnan(high) else f"[{low:.3f}, {high:.3f}]"


def with_interval(result: EvaluationResult, name: str) -> str:
    """Return a metric with its interval."""
    return f"{figure(result.metrics[name])} {interval(result, name)}".strip()


def print_comparison(console: Console, names: tuple[str, str], comparison: Comparison) -> None:
    """Print how far two models are apart, and whether by more than chance.

    Args:
        console: to print on.
        names: of what is compared to, and of the model evaluated.
        comparison: of the two in this order.
    """
    first, second = names
    table = Table(title=f"{second} against {first}", title_justify="left", title_style="bold")
    table.add_column(f"{comparison.documents:,} documents, tuned", overflow="fold")
    for words in ("compared to", "ckpt", "difference", "95 % interval", "p", "p (Holm)"):
        table.add_column(words, justify="right")
    shown = len(comparison.metrics) - sum("/" in name for name in comparison.metrics) + LABELS_SHOWN
    for name, found in list(comparison.metrics.items())[:shown]:
        low, high = found.low, found.high
        table.add_row(
            name if "/" in name else METRICS[name].title,
            figure(found.first),
            figure(found.second),
            signed(found.difference),
            "" if math.isnan(low) or math.isnan(high) else f"[{low:+.3f}, {high:+.3f}]",
            p_value(found.p),
            p_value(found.p_holm) if "/" in name else "",
        )
    console.print(table)
    console.print(
        f"They label {len(comparison.differing):,} of {comparison.documents:,} documents "
        "differently. p: of no difference, by approximate randomisation of "
        f"{comparison.groups:,} groups of duplicates; (Holm): corrected for the number of labels.",
        highlight=False,
        soft_wrap=True,
    )


def signed(value: float) -> str:
    """Return a difference with its sign."""
    return "–" if math.isnan(value) else f"{value:+.4f}"


def p_value(value: float) -> str:
    """Return a p-value with what digits it has."""
    return "–" if math.isnan(value) else f"{value:.2g}" if value < 0.1 else f"{value:.2f}"
