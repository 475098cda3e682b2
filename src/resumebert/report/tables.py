"""The tables of the report and the model card, and the figures on top of the report."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from markupsafe import Markup

from resumebert.charts.ranges import Range, forest_picture, range_picture, reach, shared_domain
from resumebert.charts.words import count, p_words
from resumebert.evaluation.comparison import Compared
from resumebert.evaluation.label_noise import SuspectLabel
from resumebert.evaluation.probes import Swap
from resumebert.evaluation.registry import MAIN, METRICS, OF_A_LABEL, Metric, in_tables
from resumebert.evaluation.result import TUNED, EvaluationResult, Interval
from resumebert.evaluation.slices import Slice, WordsRemoved
from resumebert.report.table import Column, Figure, Name, PValue, Table, table_of

SLICES_BY = {
    "length": "By length",
    "cut off": "By how much of the text was cut off",
    "windows": "By number of windows",
    "true labels": "By number of labels in truth",
    "label words": "By whether the label’s own name is in the text",
}
REMOVED = {
    "names": "Names of labels removed",
    "words": "All words of label names removed",
}
TOP1 = {
    "top1/accuracy": "top-1 accuracy",
    "top1/precision_weighted": "top-1 precision, weighted",
    "top1/recall_weighted": "top-1 recall, weighted",
    "top1/f1_weighted": "top-1 F1, weighted",
    "subset_accuracy": "subset accuracy, at 0.5",
    f"{TUNED}subset_accuracy": "subset accuracy, tuned",
    "f1_micro": "F1 micro, at 0.5",
    f"{TUNED}f1_micro": "F1 micro, tuned",
}
# heading → (hint, CSS classes)
MORE = {
    "metric": ("", "first"),
    "difference": ("this model minus the other", "strong"),
    "p (Holm)": ("corrected for the number of labels", ""),
    "wrong": ("labels that the model before missed or gave wrongly", ""),
    "text": ("", "words"),
    "mean change of the probability": ("", "strong"),
    "clear of zero": ("whether the interval leaves out zero", "flag"),
}
# Of more labels an exchange shows those that moved most, and the picture of a comparison those
# that differ most.
SWAPPED_LABELS = 25
COMPARED_LABELS = 20
DOCUMENTS_SHOWN = 30


@dataclass(frozen=True)
class Scores:
    """Metrics and intervals by name, of the baseline too if there is one; or the change of them."""

    metrics: Mapping[str, float]
    intervals: Mapping[str, Interval]
    baseline: "Scores | None" = None
    is_change: bool = False


# Where a figure is found, and its name there.
Place = tuple[EvaluationResult | Scores, str]


def of(found: EvaluationResult | Scores, name: str) -> Figure:
    """Return a metric with its interval."""
    signed = isinstance(found, Scores) and found.is_change
    return Figure(found.metrics.get(name, math.nan), found.intervals.get(name), signed=signed)


def _ranges(found: EvaluationResult | Scores, name: str) -> list[Range]:
    """Return the model's figure and the baseline's, to draw."""
    both = {"model": found, "baseline": found.baseline}
    return [
        (who, who, each.metrics.get(name, math.nan), each.intervals.get(name))
        for who, each in both.items()
        if each is not None
    ]


def _figures(
    places: Sequence[Place], heading: str, of_baseline: str, hint: str = "", kind: str = ""
) -> list[Column]:
    """Return the column of the model's figures and, if there is one, of the baseline's."""
    columns = [Column(heading, [of(found, name) for found, name in places], hint, kind)]
    others = [(found.baseline, name) for found, name in places]
    if any(found is not None for found, _ in others):
        cells = [None if found is None else of(found, name) for found, name in others]
        columns.append(Column(of_baseline, cells))
    return columns


def _pictures(heading: str, drawn: Sequence[Sequence[Range]]) -> Column:
    """Return the column of pictures that share one range of values; nothing drawn: no picture."""
    domain = shared_domain(value for ranges in drawn for value in reach(ranges))
    pictures = [range_picture(each, domain) if each else Markup("") for each in drawn]
    return Column(f"{heading}, {domain[0]:.1f} to 1", pictures)


@dataclass(frozen=True)
class Tile:
    """One of the figures on top; ``baseline`` is None where there is none."""

    metric: Metric
    figure: Figure
    baseline: Figure | None
    picture: Markup


def tiles(result: EvaluationResult) -> list[Tile]:
    """Return the figures on top: the main ones, and metrics of one's own."""
    own = [metric for metric in in_tables(result.metrics) if metric.function is not None]
    found = []
    for metric in [*(METRICS[name] for name in (*MAIN, "ece")), *own]:
        name, ranges = TUNED + metric.name, _ranges(result, TUNED + metric.name)
        values = reach(ranges)
        domain = shared_domain(values)
        if not _are_shares(metric, values):
            domain = (min([*values, 0.0]), math.ceil(max([*values, 1e-9]) * 50) / 50)
        theirs = None if result.baseline is None else of(result.baseline, name)
        picture = range_picture(ranges, domain, labelled=True)
        found.append(Tile(metric, of(result, name), theirs, picture))
    return found


def headline_table(result: EvaluationResult) -> Table:
    """Return the table of all metrics of all labels."""
    metrics = in_tables(result.metrics)
    plain: list[Place] = [(result, metric.name) for metric in metrics]
    tuned: list[Place] = [(result, TUNED + metric.name) for metric in metrics]
    ranges = [_ranges(*place) for place in tuned]
    drawn = [
        each if _are_shares(metric, reach(each)) else []
        for metric, each in zip(metrics, ranges, strict=True)
    ]
    hint = "of the sigmoid as it is, without calibration"
    return Table(
        f"All metrics on the {result.split} split ({count(len(result.truth), 'document')})",
        [
            Column("metric", [Name(m.title, m.definition, m.direction == "min") for m in metrics]),
            *_figures(tuned, "tuned", "baseline, tuned", kind="strong"),
            _pictures("tuned", drawn),
            *_figures(plain, "at 0.5", "baseline, at 0.5", hint),
        ],
    )


def _are_shares(metric: Metric, values: Sequence[float]) -> bool:
    """Tell whether a metric's values lie between 0 and 1, the best."""
    return metric.direction == "max" and all(0 <= value <= 1 for value in values)


def label_table(result: EvaluationResult, linked: Sequence[int] = ()) -> Table:
    """Return the table of each label; to the curves of some of them there are links."""
    names = result.label_names
    tuned: list[Place] = [(result, f"{TUNED}f1/{name}") for name in names]
    return Table(
        f"Each label on the {result.split} split",
        [
            Column("label", [
                Name(name, label=i, link=f"label-{i}" if i in linked else "")
                for i, name in enumerate(names)
            ], kind="first"),
            Column("have it", result.truth.sum(axis=0).tolist(),
                   "documents of this split that have the label"),
            *_figures(tuned, "F1", "baseline F1", kind="strong"),
            _pictures("F1", [_ranges(*place) for place in tuned]),
            *_other_metrics(result),
            Column("threshold", [Figure(float(threshold)) for threshold in result.thresholds]),
            Column("F1 at 0.5", [of(result, f"f1/{name}") for name in names]),
        ],
    )  # fmt: skip


def baseline_label_table(baseline: EvaluationResult) -> Table:
    """Return the table of each label of the linear baseline."""
    f1 = [of(baseline, f"{TUNED}f1/{name}") for name in baseline.label_names]
    label = Column("label", list(baseline.label_names), kind="first")
    return Table(
        "Each label, linear baseline", [label, Column("F1", f1), *_other_metrics(baseline)]
    )


def _other_metrics(result: EvaluationResult) -> list[Column]:
    """Return the columns of each label's metrics but F1."""
    return [
        Column(
            metric.title,
            [of(result, f"{TUNED}{kind}/{name}") for name in result.label_names],
            metric.definition,
        )
        for kind, metric in OF_A_LABEL.items()
        if kind != "f1"
    ]


def top1_table(result: EvaluationResult) -> Table:
    """Return single-label scores and, for comparison, what is right, of the same predictions."""
    known: list[Place] = [(result, name) for name in TOP1 if name in result.metrics]
    names = Column("of the same predictions", [TOP1[name] for _, name in known])
    return Table("Single-label scores", [names, *_figures(known, "model", "baseline")])


def slice_tables(slices: Sequence[Slice]) -> list[Table]:
    """Return a table for each kind of slice, in the order in which the kinds come."""
    kinds = dict.fromkeys(part.kind for part in slices)
    return [
        _slice_table(SLICES_BY.get(kind, f"By {kind}"), [s for s in slices if s.kind == kind])
        for kind in kinds
    ]


def removal_tables(removed: Sequence[WordsRemoved]) -> list[Table]:
    """Return a table for each way of taking the labels' words out: before, after, change."""
    tables = []
    for each in removed:
        change = Slice(
            "", "change", each.changed, each.change, each.intervals,
            each.baseline_change, each.baseline_intervals,
        )  # fmt: skip
        note = f"{each.changed:,} of {count(each.documents, 'document')} had words to remove."
        title = REMOVED.get(each.level, each.level)
        tables.append(_slice_table(title, [each.before, each.after], change, note))
    return tables


def _slice_table(
    title: str, parts: Sequence[Slice], change: Slice | None = None, note: str = ""
) -> Table:
    """Return the table of parts of the documents, or of two of them and the change between them."""
    rows = [*parts] if change is None else [*parts, change]
    scores = [_scores(part, is_change=part is change) for part in rows]
    columns = [
        Column("", [part.name for part in rows]),
        Column("documents", [part.documents for part in rows]),
    ]
    names = ("f1_micro", "f1_macro", "subset_accuracy")
    if any(part.pairs is not None for part in parts):
        names = ("f1_micro", "precision_micro", "recall_micro")
        note = "Counted are pairs of a document and a label; precision and recall are of these."
        columns.append(Column("pairs", [part.pairs or 0 for part in rows]))
        columns.append(Column("pairs in truth", [part.positives or 0 for part in rows]))
    for name in names:
        heading, kind = METRICS[name].title, "strong" if name == names[0] else ""
        columns += _figures([(found, name) for found in scores], heading, "baseline", kind=kind)
        if name == names[0]:
            drawn = [[] if found.is_change else _ranges(found, name) for found in scores]
            columns.append(_pictures(heading, drawn))
    return Table(title, columns, note=note)


def _scores(part: Slice, *, is_change: bool) -> Scores:
    theirs = None
    if part.baseline is not None:
        theirs = Scores(part.baseline, part.baseline_intervals or {}, is_change=is_change)
    return Scores(part.metrics, part.intervals, theirs, is_change)


def swap_tables(swaps: Sequence[Swap]) -> list[Table]:
    """Return a table for each exchange; all pictures share one range of values."""
    values = reach(one for swap in swaps for one in _swap_ranges(swap))
    furthest = max([0.01, *map(abs, values)]) * 1.05
    names = dict.fromkeys(swap.name for swap in swaps)
    return [_swap_table([swap for swap in swaps if swap.name == name], furthest) for name in names]


def _swap_table(swaps: Sequence[Swap], furthest: float) -> Table:
    by_size = sorted(swaps, key=lambda swap: -abs(swap.change))
    kept = {swap.label for swap in by_size[:SWAPPED_LABELS]}
    rows = [
        (
            swap.label,
            swap.documents,
            Figure(swap.change, swap.interval, 4, signed=True),
            _baseline_change(swap),
            range_picture(_swap_ranges(swap), (-furthest, furthest), zero=0.0),
            round(swap.flipped * swap.documents),
            "yes" if _is_clear(swap) else "no",
        )
        for swap in swaps
        if swap.label in kept
    ]
    headings = (
        "label", "documents", "mean change of the probability", "baseline’s change",
        "with interval", "decisions that changed", "clear of zero",
    )  # fmt: skip
    left_out = len(swaps) - len(rows)
    largest = f"{Figure(by_size[0].change, signed=True).text}, {by_size[0].label}"
    clear = sum(map(_is_clear, swaps))
    return replace(
        table_of(swaps[0].name, headings, rows, MORE),
        summary=f"{clear} of {count(len(swaps), 'label')} clear of zero; largest change {largest}",
        note=f"The {left_out} labels that moved least are left out." if left_out else "",
    )


def _baseline_change(swap: Swap) -> Figure | None:
    if swap.baseline_change is None:
        return None
    return Figure(swap.baseline_change, swap.baseline_interval, 4, signed=True)


def _swap_ranges(swap: Swap) -> list[Range]:
    ranges: list[Range] = [("model", f"model, {swap.label}", swap.change, swap.interval)]
    if swap.baseline_change is not None:
        ranges.append(("baseline", "baseline", swap.baseline_change, swap.baseline_interval))
    return ranges


def _is_clear(swap: Swap) -> bool:
    """Tell whether the interval leaves out zero."""
    return swap.interval[0] > 0 or swap.interval[1] < 0


def is_of_label(name: str) -> bool:
    """Tell whether a metric's name is that of one label's F1."""
    return name.startswith("f1/")


def metric_title(name: str) -> str:
    """Return the title of a metric of a comparison."""
    return f"F1 of {name.removeprefix('f1/')}" if is_of_label(name) else METRICS[name].title


def comparison_table(compared: Compared) -> Table:
    """Return the metrics of both models and their differences."""
    first, second = compared.intervals
    rows = [
        (
            metric_title(name),
            Figure(each.difference, (each.low, each.high), signed=True),
            Figure(each.second, second.get(name)),
            Figure(each.first, first.get(name)),
            PValue(each.p),
            PValue(each.p_holm) if is_of_label(name) else None,
        )
        for name, each in compared.found.metrics.items()
    ]
    headings = ("metric", "difference", "this model", "the other", "p", "p (Holm)")
    return table_of("Differences", headings, rows, MORE)


def comparison_picture(compared: Compared) -> tuple[Markup, int]:
    """Return the picture of the differences, and how many labels are left out of it."""
    found = compared.found.metrics
    of_labels = [name for name in found if is_of_label(name)]
    sizes = {name: np.nan_to_num(abs(found[name].difference)) for name in of_labels}
    left_out = sorted(of_labels, key=lambda name: -sizes[name])[COMPARED_LABELS:]
    rows = []
    for name, each in found.items():
        if name not in left_out:
            words = f"p = {p_words(each.p)}"
            if is_of_label(name):
                words += f", Holm {p_words(each.p_holm)}"
            shown = name.removeprefix("f1/") if is_of_label(name) else METRICS[name].title
            rows.append((shown, each.difference, (each.low, each.high), words))
    return forest_picture(rows), len(left_out)


def disagreement_table(compared: Compared) -> Table:
    """Return the documents that the two models label differently, the most different ones first."""
    headings = (
        "document",
        "row",
        "true labels",
        "this model",
        "wrong",
        "the other",
        "wrong",
        "text",
    )
    rows = [
        (
            each.id, each.row, ", ".join(each.true_labels), ", ".join(each.second),
            each.wrong_second, ", ".join(each.first), each.wrong_first, each.excerpt,
        )
        for each in compared.documents[:DOCUMENTS_SHOWN]
    ]  # fmt: skip
    return table_of("Documents that they label differently", headings, rows, MORE)


def suspect_table(suspects: Sequence[SuspectLabel]) -> Table:
    """Return the labels of the data that may be wrong."""
    headings = (
        "document", "split", "row", "label", "the data say", "probability", "scored by", "text",
    )  # fmt: skip
    rows = [
        (
            each.id, each.split, each.row, each.label, "yes" if each.given else "no",
            Figure(each.probability), each.scored_by, each.excerpt[:160],
        )
        for each in suspects
    ]  # fmt: skip
    return table_of("Suspect labels", headings, rows, MORE)
