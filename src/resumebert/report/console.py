"""What train.py and eval.py print of the data, an evaluation, a comparison and a run's folder."""

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from resumebert.charts.words import p_words
from resumebert.evaluation.comparison import Comparison
from resumebert.evaluation.decisions import Decisions
from resumebert.evaluation.registry import in_tables
from resumebert.evaluation.result import TUNED, EvaluationResult, Interval
from resumebert.report.data_tables import LEFT_OUT, data_notes
from resumebert.report.sentences import notes
from resumebert.report.tables import is_of_label, metric_title
from resumebert.utils.command_line import command_line

# Of more labels a table would scroll the rest away; data_report.json and metrics.json have all.
DATA_LABELS = 25
LABELS_SHOWN = 40
OUTPUTS: Mapping[str, str] = {
    "report.html": "the report: figures, curves, errors, data",
    "model_card.md": "what the model is, how good, and what it is not for",
    "metrics.json": "every metric of the splits, with intervals",
    "predictions_*.csv": "each résumé: true and predicted labels, calibrated probabilities",
    "suspect_labels.csv": "labels of the data that look wrong",
    "comparison.json": "how far the two models are apart, with intervals and p-values",
    "disagreements.csv": "the résumés that the two label differently",
    "checkpoints/best.ckpt": "the model, with all it takes to use it",
    "checkpoints/last.ckpt": "to go on from: ckpt_path=…",
    "split.csv": "which résumé trained, validated, tested",
    "data_report.json": "what was read and what the model sees of it",
    "environment.json": "versions, hardware, command line",
    "throughput.json": "how fast the training was",
    "*profile*": "where the time of training, validation or test went",
    "csv/metrics.csv": "curves",
    "tensorboard": "curves",
}


def _say(console: Console, words: str, style: str = "") -> None:
    console.print(words, style=style, highlight=False, soft_wrap=True, markup=False)


def _table(
    title: str | None,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    at_left: Sequence[int] = (0,),
) -> Table:
    """Return a table whose columns are aligned at the right, but for those at the left."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place in at_left else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def print_result(
    console: Console, title: str, result: EvaluationResult, decisions: Decisions
) -> None:
    """Print figures at 0.5, and tuned as the checkpoint is used: intervals are of these."""
    rows = [[metric.title, *_figures(result, metric.name)] for metric in in_tables(result.metrics)]
    if "loss" in result.metrics:
        rows.append(["loss", _figure(result.metrics["loss"])])
    headings = [f"{len(result.truth):,} documents", "at 0.5", "tuned", "95 % interval"]
    baseline = [] if result.baseline is None else ["linear baseline"]
    console.print(_table(title, [*headings, *baseline], rows))

    rows = []
    for column, name in enumerate(result.label_names[:LABELS_SHOWN]):
        plain, *tuned = _figures(result, f"f1/{name}")
        support, threshold = result.metrics[f"support/{name}"], result.thresholds[column]
        rows.append([name, f"{support:.0f}", plain, f"{threshold:.2f}", *tuned])
    headings = ["label", "in truth", "at 0.5", "threshold", "tuned", "95 % interval"]
    table = _table("F1 of each label", [*headings, *(["baseline"] if baseline else [])], rows)
    if len(result.label_names) > LABELS_SHOWN:
        table.caption = f"The first {LABELS_SHOWN} of {len(result.label_names)} labels."
    console.print(table)
    for note in [*notes(result), *decisions.notes]:
        _say(console, note, "yellow")


def _figures(result: EvaluationResult, name: str) -> list[str]:
    """Return a metric at 0.5, tuned, its interval and, if there is one, the baseline's."""
    tuned = TUNED + name
    cells = [
        _figure(result.metrics[name]),
        _figure(result.metrics[tuned]),
        _interval(result.intervals.get(tuned)),
    ]
    if result.baseline is not None:
        ends = _interval(result.baseline.intervals.get(tuned))
        cells.append(f"{_figure(result.baseline.metrics[tuned])} {ends}".strip())
    return cells


def _figure(value: float, form: str = ".4f") -> str:
    return "–" if math.isnan(value) else f"{value:{form}}"


def _interval(ends: Interval | None, form: str = ".3f") -> str:
    if ends is None or any(map(math.isnan, ends)):
        return ""
    return f"[{ends[0]:{form}}, {ends[1]:{form}}]"


def print_comparison(console: Console, names: tuple[str, str], comparison: Comparison) -> None:
    """Print how far a model is from the one it is compared to, named first, and if by chance."""
    first, second = names
    found_of = comparison.metrics
    shown = len(found_of) - sum(map(is_of_label, found_of)) + LABELS_SHOWN
    rows = [
        [
            metric_title(name),
            _figure(found.first),
            _figure(found.second),
            _figure(found.difference, "+.4f"),
            _interval((found.low, found.high), "+.3f"),
            p_words(found.p),
            p_words(found.p_holm) if is_of_label(name) else "",
        ]
        for name, found in list(found_of.items())[:shown]
    ]
    headings = ["compared to", "ckpt", "difference", "95 % interval", "p", "p (Holm)"]
    title = f"{second} against {first}"
    console.print(_table(title, [f"{comparison.documents:,} documents, tuned", *headings], rows))
    _say(
        console,
        f"They label {len(comparison.differing):,} of {comparison.documents:,} documents "
        "differently. p: of no difference, by approximate randomisation of "
        f"{comparison.groups:,} groups of duplicates; (Holm): corrected for the number of labels.",
    )


def describe_data(console: Console, report: Mapping[str, Any]) -> None:
    """Print a :func:`resumebert.data.report.data_report`: what is wrong with the data is first."""
    print_warnings(console, report)
    facts = _table(f"data: {report['source']}", ["", ""], _facts(report), at_left=(0, 1))
    facts.show_header, facts.box = False, box.SIMPLE_HEAD
    facts.columns[0].no_wrap = True
    console.print(facts)
    console.print(_labels(report))
    for note in report["understood"]:
        _say(console, f"Note: {note}")
    for note in data_notes(report):
        _say(console, note, "yellow")


def print_warnings(console: Console, report: Mapping[str, Any]) -> None:
    """Print what is probably wrong with the data of a report."""
    for warning in report["warnings"]:
        _say(console, warning, "bold yellow")


def _facts(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    read = [f"{report['rows_read']:,} read", f"{report['rows_used']:,} used"]
    left_out = [f"{report[key]:,} {words}" for key, words in LEFT_OUT.items() if report[key]]
    duplicates, tokens, windows = report["duplicates"], report["tokens"], report["windows"]
    facts = [
        ("rows", ", ".join(read + left_out)),
        (
            "duplicates",
            f"{duplicates['groups_of_duplicates']:,} groups with "
            f"{duplicates['surplus_duplicates']:,} surplus documents, "
            f"{report['straddling_groups']} across splits",
        ),
    ]
    if not tokens["total"]:
        return facts
    quantiles = tokens["quantiles"]
    lengths = (
        f"{tokens['total']:,}; a document: median {quantiles['0.5']:,.0f}, 5 % to 95 % "
        f"{quantiles['0.05']:,.0f} to {quantiles['0.95']:,.0f}, longest {quantiles['1']:,.0f}"
    )
    reads = (
        f"{tokens['share_of_tokens_read']:.1%} of them, with data.long_documents="
        f"{tokens['long_documents']} and data.max_length={tokens['max_length']}"
    )
    if tokens["documents_truncated"]:
        reads += f"; {tokens['share_of_documents_truncated']:.1%} of the documents are cut"
    else:
        reads += f": {windows['per_document']:.1f} windows a document, "
        reads += f"at most {windows['quantiles']['1']:,.0f}"
    return [*facts, ("tokens", lengths), ("the model reads", reads)]


def _labels(report: Mapping[str, Any]) -> Table:
    """Return the table of labels by split; a split without documents has no column."""
    splits = {name: part for name, part in report["splits"].items() if part["documents"]}
    parts = splits.values()

    def row(name: str, counts: Sequence[int], last: str) -> list[str]:
        of_each = zip(counts, parts, strict=True)
        shares = [(f"{n:,}", f"{n / part['documents']:.1%}") for n, part in of_each]
        return [name, *chain(*shares), last]

    names = shown = report["label_names"]
    if len(names) > DATA_LABELS:
        in_all = {name: sum(part["labels"][name] for part in parts) for name in names}
        shown = sorted(names, key=lambda name: -in_all[name])[:DATA_LABELS]
    rows = []
    for name in shown:
        companions = report["label_cooccurrence"][name].items()
        often = next((f"{other} ({times:,})" for other, times in companions), "–")
        rows.append(row(name, [part["labels"][name] for part in parts], often))
    if len(shown) < len(names):
        rows.append([f"… {len(names) - len(shown)} more, in data_report.json"])
    rows.append(row("no label", [part["without_label"] for part in parts], ""))
    cardinality = report["label_cardinality"]
    labels_each = "" if cardinality is None else f"{cardinality:.2f} labels a document"
    totals = chain(*((f"{part['documents']:,}", "") for part in parts))
    rows.append(["documents", *totals, labels_each])

    headings = ["label", *chain(*((name, "") for name in splits)), "most often with"]
    table = _table(None, headings, rows, at_left=(0, len(headings) - 1))
    table.box = box.SIMPLE_HEAD
    table.rows[-2].style, table.rows[-1].style = "dim", "bold"
    return table


def say_where(console: Console, output_dir: Path, seconds: float | None = None) -> None:
    """Print what lies in a run's folder and, of a training that took so long, what to do next."""
    folder = output_dir
    if folder.is_relative_to(Path.cwd()):
        folder = folder.relative_to(Path.cwd())
    took = "" if seconds is None else f"Done in {seconds / 60:.1f} minutes. "
    _say(console, f"{took}Everything lies in {folder}:")
    for pattern, words in OUTPUTS.items():
        for path in sorted(output_dir.glob(pattern)):
            _say(console, f"  {path.relative_to(output_dir).as_posix():24} {words}")
    if (output_dir / "checkpoints").exists():
        _say(console, f"Evaluate again:  {command_line('python', 'eval.py', ckpt=folder)}")
    if (output_dir / "tensorboard").exists():
        watch = command_line("tensorboard", "--logdir", str(folder.parent))
        _say(console, f"Watch:           {watch}")
