"""Tables of what lies behind the figures: slices, label words removed, the counterfactual probe."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from resumebert.charts.ranges import Range, range_picture, shared_domain
from resumebert.charts.words import count
from resumebert.evaluation.probes import Swap
from resumebert.evaluation.registry import METRICS
from resumebert.evaluation.result import Interval
from resumebert.evaluation.slices import Slice, WordsRemoved
from resumebert.report.metric_tables import Figure, reach

DOCUMENT_METRICS = ("f1_micro", "f1_macro", "subset_accuracy")
PAIR_METRICS = ("f1_micro", "precision_micro", "recall_micro")
# kind → title
TITLES = {
    "length": "By length",
    "cut off": "By how much of the text was cut off",
    "windows": "By number of windows",
    "true labels": "By number of labels in truth",
    "label words": "By whether the label’s own name stands in the text",
}
REMOVED = {
    "names": "Names of labels removed",
    "words": "All words of label names removed",
}
# Of more labels an exchange shows those that moved most.
LABELS_SHOWN = 25


@dataclass(frozen=True)
class SliceRow:
    """Some of the documents, or of the pairs of document and label."""

    name: str
    counts: list[int]
    figures: list[Figure]
    baseline: list[Figure] | None
    picture: Markup


@dataclass(frozen=True)
class SliceTable:
    """What one division of the documents gave."""

    title: str
    note: str
    counted: list[str]
    metrics: list[str]
    domain: tuple[float, float]
    rows: list[SliceRow]

    @property
    def has_baseline(self) -> bool:
        """Whether some row has the baseline's figures."""
        return any(row.baseline is not None for row in self.rows)


@dataclass(frozen=True)
class SwapRow:
    """What one exchange did to one label."""

    label: str
    documents: int
    change: Figure
    baseline: Figure | None
    flipped: int
    picture: Markup
    is_clear: bool


@dataclass(frozen=True)
class SwapTable:
    """What one exchange did."""

    name: str
    said: str
    rows: list[SwapRow]
    left_out: int

    @property
    def has_baseline(self) -> bool:
        """Whether the baseline's changes are known."""
        return any(row.baseline is not None for row in self.rows)


def slice_tables(slices: Sequence[Slice]) -> list[SliceTable]:
    """Return a table for each kind of slice, in the order in which the kinds come."""
    kinds: dict[str, list[Slice]] = {}
    for part in slices:
        kinds.setdefault(part.kind, []).append(part)
    return [_slice_table(TITLES.get(kind, f"By {kind}"), parts) for kind, parts in kinds.items()]


def _slice_table(title: str, parts: list[Slice]) -> SliceTable:
    of_pairs = any(part.pairs is not None for part in parts)
    names = PAIR_METRICS if of_pairs else DOCUMENT_METRICS
    domain = shared_domain(v for part in parts for v in reach(_ranges(part)))
    rows = []
    for part in parts:
        counts = [part.documents]
        if of_pairs:
            counts += [part.pairs or 0, part.positives or 0]
        own = _figures(part.metrics, part.intervals, names)
        rows.append(
            SliceRow(
                part.name,
                counts,
                own,
                None
                if part.baseline is None
                else _figures(part.baseline, part.baseline_intervals or {}, names),
                range_picture(_ranges(part), domain),
            )
        )
    note = (
        "Counted are pairs of a document and a label; precision and recall are of these pairs."
        if of_pairs
        else ""
    )
    counted = ["documents", "pairs", "pairs that hold"] if of_pairs else ["documents"]
    return SliceTable(title, note, counted, [METRICS[name].title for name in names], domain, rows)


def _figures(
    metrics: dict[str, float],
    intervals: dict[str, Interval],
    names: Sequence[str],
    *,
    signed: bool = False,
) -> list[Figure]:
    return [
        Figure(metrics.get(name, math.nan), intervals.get(name), signed=signed) for name in names
    ]


def _ranges(part: Slice) -> list[Range]:
    name = "f1_micro"
    own = part.metrics.get(name, math.nan)
    ranges: list[Range] = [("model", "model", own, part.intervals.get(name))]
    if part.baseline is not None:
        ends = (part.baseline_intervals or {}).get(name)
        ranges.append(("baseline", "baseline", part.baseline.get(name, math.nan), ends))
    return ranges


def removal_tables(removed: Sequence[WordsRemoved]) -> list[SliceTable]:
    """Return a table for each way of taking the labels' words out: before, after, change."""
    tables = []
    for removal in removed:
        table = _slice_table(
            REMOVED.get(removal.level, removal.level), [removal.before, removal.after]
        )
        theirs = removal.baseline_change
        change = SliceRow(
            "change",
            [removal.changed],
            _figures(removal.change, removal.intervals, DOCUMENT_METRICS, signed=True),
            None
            if theirs is None
            else _figures(theirs, removal.baseline_intervals or {}, DOCUMENT_METRICS, signed=True),
            Markup(""),
        )
        note = (
            f"In {removal.changed:,} of {count(removal.documents, 'document')} there was something "
            "to remove."
        )
        tables.append(
            SliceTable(
                table.title, note, table.counted, table.metrics, table.domain, [*table.rows, change]
            )
        )
    return tables


def swap_tables(swaps: Sequence[Swap]) -> list[SwapTable]:
    """Return a table for each exchange."""
    drawn = [v for s in swaps for v in reach(_swap_ranges(s))]
    known = [abs(v) for v in drawn if not math.isnan(v)]
    furthest = max([*known, 0.01]) * 1.05
    exchanges: dict[str, list[Swap]] = {}
    for swap in swaps:
        exchanges.setdefault(swap.name, []).append(swap)
    return [_swap_table(name, found, furthest) for name, found in exchanges.items()]


def _swap_table(name: str, swaps: list[Swap], furthest: float) -> SwapTable:
    by_size = sorted(swaps, key=lambda swap: -abs(swap.change))
    kept = {swap.label for swap in by_size[:LABELS_SHOWN]}
    clear = sum(_is_clear(swap) for swap in swaps)
    largest = by_size[0]
    said = (
        f"{clear} of {count(len(swaps), 'label')} clear of zero; largest change "
        f"{Figure(largest.change, signed=True).text}, {largest.label}"
    )
    rows = [_swap_row(swap, furthest) for swap in swaps if swap.label in kept]
    return SwapTable(name, said, rows, len(swaps) - len(rows))


def _swap_row(swap: Swap, furthest: float) -> SwapRow:
    theirs = swap.baseline_change
    return SwapRow(
        swap.label,
        swap.documents,
        Figure(swap.change, swap.interval, 4, signed=True),
        None if theirs is None else Figure(theirs, swap.baseline_interval, 4, signed=True),
        round(swap.flipped * swap.documents),
        range_picture(_swap_ranges(swap), (-furthest, furthest), zero=0.0),
        _is_clear(swap),
    )


def _swap_ranges(swap: Swap) -> list[Range]:
    ranges: list[Range] = [("model", f"model, {swap.label}", swap.change, swap.interval)]
    if swap.baseline_change is not None:
        ranges.append(("baseline", "baseline", swap.baseline_change, swap.baseline_interval))
    return ranges


def _is_clear(swap: Swap) -> bool:
    """Tell whether the interval leaves out zero."""
    return swap.interval[0] > 0 or swap.interval[1] < 0
