"""The tables of the report and the model card, and the figures on top of the report."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from markupsafe import Markup

from resumebert.charts.ranges import Range, forest_picture, range_picture, reach, shared_domain
from resumebert.charts.words import count, p_words
from resumebert.evaluation.comparison import Compared
from resumebert.evaluation.label_noise import SuspectLabel
from resumebert.evaluation.probes import Swap
from resumebert.evaluation.registry import (
    MAIN,
    METRICS,
    OF_A_LABEL,
    Metric,
    direction_of,
    in_tables,
)
from resumebert.evaluation.result import TUNED, EvaluationResult
from resumebert.evaluation.slices import Slice, WordsRemoved
from resumebert.report.table import Figure, Name, PValue, Table, table_of

SLICES_BY = {
    "length": "By length",
    "cut off": "By how much of the text was cut off",
    "windows": "By number of windows",
    "true labels": "By number of labels in truth",
    "label words": "By whether the label’s own name is in the text",
}
REMOVED = {"names": "Names of labels removed", "words": "All words of label names removed"}
# The kind of a slice that is the change from one to another.
CHANGE = "change"
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
    "label": ("", "first"),
    "tuned": ("", "strong"),
    "at 0.5": ("of the sigmoid as it is, without calibration", ""),
    "have it": ("documents of this split that have the label", ""),
    "F1": (OF_A_LABEL["f1"].definition, "strong"),
    "F1 micro": (METRICS["f1_micro"].definition, "strong"),
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
# The model's figure and, if there is one, the baseline's.
Pair = tuple[Figure, Figure | None]


def of(result: EvaluationResult, name: str) -> Figure:
    """Return a metric of a result with its interval."""
    return Figure(result.metrics.get(name, math.nan), result.intervals.get(name))


def _pair(result: EvaluationResult, name: str) -> Pair:
    return of(result, name), None if result.baseline is None else of(result.baseline, name)


def _ranges(pair: Pair) -> list[Range]:
    both = zip(("model", "baseline"), pair, strict=True)
    return [(who, who, each.value, each.interval) for who, each in both if each is not None]


def _pictures(pairs: Sequence[Pair | None]) -> tuple[str, list[Markup]]:
    """Return the range of values that pictures of figures share, in words, and the pictures."""
    drawn = [[] if pair is None else _ranges(pair) for pair in pairs]
    domain = shared_domain(value for ranges in drawn for value in reach(ranges))
    pictures = [range_picture(ranges, domain) if ranges else Markup("") for ranges in drawn]
    return f"{domain[0]:.1f} to 1", pictures


def _are_shares(metric: Metric, pair: Pair) -> bool:
    """Tell whether a metric's values lie between 0 and 1, the best."""
    return metric.direction == "max" and all(0 <= value <= 1 for value in reach(_ranges(pair)))


def tiles(result: EvaluationResult) -> list[tuple[Metric, Figure, Figure | None, Markup]]:
    """Return the figures on top with baseline and picture: the main ones, and one's own metrics."""
    own = [metric for metric in in_tables(result.metrics) if metric.function is not None]
    found = []
    for metric in [*(METRICS[name] for name in (*MAIN, "ece")), *own]:
        pair = _pair(result, TUNED + metric.name)
        values = reach(_ranges(pair))
        domain = shared_domain(values)
        if not _are_shares(metric, pair):
            domain = (min([*values, 0.0]), math.ceil(max([*values, 1e-9]) * 50) / 50)
        found.append((metric, *pair, range_picture(_ranges(pair), domain, labelled=True)))
    return found


def headline_table(result: EvaluationResult) -> Table:
    """Return the table of all metrics of all labels."""
    metrics = in_tables(result.metrics)
    tuned = [_pair(result, TUNED + metric.name) for metric in metrics]
    drawn = [pair if _are_shares(m, pair) else None for m, pair in zip(metrics, tuned, strict=True)]
    domain, pictures = _pictures(drawn)
    rows = [
        (Name(m.title, m.definition, m.direction == "min"), *pair, picture, *_pair(result, m.name))
        for m, pair, picture in zip(metrics, tuned, pictures, strict=True)
    ]
    headings = (
        "metric", "tuned", "baseline, tuned", f"tuned, {domain}", "at 0.5", "baseline, at 0.5",
    )  # fmt: skip
    documents = count(len(result.truth), "document")
    return table_of(f"All metrics on the {result.split} split ({documents})", headings, rows, MORE)


def label_table(result: EvaluationResult, linked: Sequence[int] = ()) -> Table:
    """Return the table of each label; to the curves of some of them there are links."""
    others = {kind: metric for kind, metric in OF_A_LABEL.items() if kind != "f1"}
    tuned = [_pair(result, f"{TUNED}f1/{name}") for name in result.label_names]
    domain, pictures = _pictures(tuned)
    rows = [
        (
            Name(name, label=column, link=f"label-{column}" if column in linked else ""),
            int(result.truth[:, column].sum()),
            *tuned[column],
            pictures[column],
            *(of(result, f"{TUNED}{kind}/{name}") for kind in others),
            Figure(float(result.thresholds[column])),
            of(result, f"f1/{name}"),
        )
        for column, name in enumerate(result.label_names)
    ]
    titles = {metric.title: (metric.definition, "") for metric in others.values()}
    headings = (
        "label", "have it", "F1", "baseline F1", f"F1, {domain}", *titles, "threshold", "F1 at 0.5",
    )  # fmt: skip
    return table_of(f"Each label on the {result.split} split", headings, rows, MORE | titles)


def top1_table(result: EvaluationResult) -> Table:
    """Return single-label scores and, for comparison, what is right, of the same predictions."""
    known = {name: words for name, words in TOP1.items() if name in result.metrics}
    rows = [(words, *_pair(result, name)) for name, words in known.items()]
    headings = ("of the same predictions", "model", "baseline")
    return table_of("Single-label scores", headings, rows)


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
            CHANGE, CHANGE, each.changed, each.change, each.intervals,
            each.baseline_change, each.baseline_intervals,
        )  # fmt: skip
        table = _slice_table(REMOVED.get(each.level, each.level), [each.before, each.after, change])
        note = f"{each.changed:,} of {count(each.documents, 'document')} had words to remove."
        tables.append(replace(table, note=note))
    return tables


def _slice_table(title: str, parts: Sequence[Slice]) -> Table:
    names, note = ("f1_micro", "f1_macro", "subset_accuracy"), ""
    if any(part.pairs is not None for part in parts):
        names = ("f1_micro", "precision_micro", "recall_micro")
        note = "Counted are pairs of a document and a label; precision and recall are of these."
    pairs = [[_slice_pair(part, name) for name in names] for part in parts]
    domain, pictures = _pictures(
        [None if part.kind == CHANGE else pair[0] for part, pair in zip(parts, pairs, strict=True)]
    )
    rows = [
        (part.name, part.documents, part.pairs, part.positives, *first, picture, *second, *third)
        for part, (first, second, third), picture in zip(parts, pairs, pictures, strict=True)
    ]
    titles = [METRICS[name].title for name in names]
    headings = (
        "", "documents", "pairs", "pairs in truth", titles[0], "baseline",
        f"{titles[0]}, {domain}", titles[1], "baseline", titles[2], "baseline",
    )  # fmt: skip
    return replace(table_of(title, headings, rows, MORE), note=note)


def _slice_pair(part: Slice, name: str) -> Pair:
    signed = part.kind == CHANGE
    own = Figure(part.metrics.get(name, math.nan), part.intervals.get(name), signed=signed)
    if part.baseline is None:
        return own, None
    ends = (part.baseline_intervals or {}).get(name)
    return own, Figure(part.baseline.get(name, math.nan), ends, signed=signed)


def swap_tables(swaps: Sequence[Swap]) -> list[Table]:
    """Return a table for each exchange; all pictures share one range of values."""
    values = reach(one for swap in swaps for one in _ranges(_swap_pair(swap)))
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
            *_swap_pair(swap),
            range_picture(_ranges(_swap_pair(swap)), (-furthest, furthest), zero=0.0),
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


def _swap_pair(swap: Swap) -> Pair:
    own = Figure(swap.change, swap.interval, 4, signed=True)
    if swap.baseline_change is None:
        return own, None
    return own, Figure(swap.baseline_change, swap.baseline_interval, 4, signed=True)


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
            Name(metric_title(name), is_loss=direction_of(name) == "min"),
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
            is_loss = direction_of(name) == "min"
            rows.append((shown, each.difference, (each.low, each.high), words, is_loss))
    return forest_picture(rows), len(left_out)


def disagreement_table(compared: Compared) -> Table:
    """Return the documents that the two models label differently, the most different ones first."""
    headings = (
        "document", "row", "true labels", "this model", "wrong", "the other", "wrong", "text",
    )  # fmt: skip
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
