"""A comparison of two models on the page: their differences, as rows, in a picture, in words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from resumebert.charts import svg
from resumebert.charts.svg import Axes
from resumebert.charts.words import count, listed, number, p_words, with_ends
from resumebert.evaluation.comparison import Compared, Difference, Disagreement
from resumebert.evaluation.registry import METRICS, direction_of
from resumebert.report.inputs import ReportInput
from resumebert.report.metric_tables import Figure

# In the picture; of more labels those that differ most. The table has all.
LABELS_DRAWN = 20
DOCUMENTS_SHOWN = 30
# Below this a difference is called more than chance.
LEVEL = 0.05
_LONGEST_NAME = 24
# Of a letter, in pixels, at the larger size that narrow screens have.
_LETTER = 7.0


@dataclass(frozen=True)
class ComparedRow:
    """One metric of both models."""

    name: str
    is_label: bool
    is_lower_better: bool
    first: Figure
    second: Figure
    difference: Figure
    p: float
    p_holm: float

    @property
    def p_words(self) -> str:
        """The p-value."""
        return p_words(self.p)

    @property
    def holm_words(self) -> str:
        """The p-value corrected for the number of labels; nothing where it is not of a label."""
        return p_words(self.p_holm) if self.is_label else ""


@dataclass(frozen=True)
class ComparedTable:
    """A comparison ready for the page."""

    other: str
    said: list[str]
    warning: str
    rows: list[ComparedRow]
    picture: Markup
    left_out: int
    documents: list[Disagreement]
    nearer: str


def compared_table(compared: Compared | None) -> ComparedTable | None:
    """Return what the page shows; None where there was no comparison."""
    if compared is None:
        return None
    rows = [_row(name, found, compared) for name, found in compared.found.metrics.items()]
    labels = sorted(
        (row for row in rows if row.is_label),
        key=lambda row: -abs(row.difference.value) if row.difference.sort else 0.0,
    )
    kept = {row.name for row in labels[:LABELS_DRAWN]}
    drawn = [row for row in rows if not row.is_label or row.name in kept]
    return ComparedTable(
        other=compared.names[0],
        said=compared_words(compared),
        warning=compared.warning,
        rows=rows,
        picture=forest(drawn),
        left_out=len(rows) - len(drawn),
        documents=list(compared.documents[:DOCUMENTS_SHOWN]),
        nearer=_nearer(compared.documents),
    )


def compared_to_baseline(report: ReportInput) -> bool:
    """Tell whether the report compares its model with the linear baseline."""
    return report.compared is not None and report.compared.with_baseline


def compared_words(compared: Compared) -> list[str]:
    """Say in sentences which model is better, and whether by more than chance."""
    found = compared.found.metrics
    said = [
        f"On the same {count(compared.found.documents, 'document')}, at the tuned thresholds of "
        f"each, this model differs from {_short_path(compared.names[0])} by "
        f"{_apart(found['f1_micro'])} in F1 micro and by {_apart(found['f1_macro'])} in F1 macro."
    ]
    clear = [
        f"{name.removeprefix('f1/')} ({number(each.difference, signed=True)})"
        for name, each in found.items()
        if each.p_holm < LEVEL
    ]
    labels = sum("/" in name for name in found)
    if clear:
        said.append(
            f"By more than chance differ, corrected for their number, {len(clear)} of "
            f"{count(labels, 'label')}: {listed(clear)}."
        )
    else:
        said.append("Of no label alone is the difference more than chance would give.")
    return said


def _apart(difference: Difference) -> str:
    ends = (difference.low, difference.high)
    if math.isnan(difference.p):
        return "an undefined value"
    verdict = "more" if difference.p < LEVEL else "no more"
    return (
        f"{with_ends(difference.difference, ends, signed=True)} (p = {p_words(difference.p)}: "
        f"{verdict} than chance would give)"
    )


def forest(rows: Sequence[ComparedRow]) -> Markup:
    """Draw the differences one below the other, each a dot on the line of its interval."""
    known = [
        abs(value)
        for row in rows
        for value in (row.difference.value, *(row.difference.interval or ()))
        if not math.isnan(value)
    ]
    furthest = max([*known, 0.005]) * 1.05
    tick = _round_below(furthest)
    names = [_cut(row.name) for row in rows]
    axes = Axes(
        "difference: this model − the other",
        "",
        x=(-furthest, furthest),
        y=(0.4 - len(rows), 0.6),
        x_ticks=[(value, number(value, 3, signed=True)) for value in (-tick, 0.0, tick)],
        y_ticks=[(-place, name) for place, name in enumerate(names)],
        width=460,
        height=24.0 * len(rows) + 46,
        left=round(14 + _LETTER * max(map(len, names))),
        bottom=36,
        right=22,
    )
    parts, said = [svg.rule(axes, 0.0, "chosen")], []
    for place, row in enumerate(rows):
        low, high = row.difference.interval or (math.nan, math.nan)
        above, below = ("baseline", "model") if row.is_lower_better else ("model", "baseline")
        kind = above if low > 0 else below if high < 0 else "plain"
        told = f"{row.name}: {with_ends(row.difference.value, (low, high), signed=True)}"
        told += f", p = {row.p_words}" + (f", Holm {row.holm_words}" if row.is_label else "")
        parts.append(svg.lying(axes, -place, low, high, kind))
        parts.append(svg.point(axes, row.difference.value, -place, kind, told, 4.0))
        said.append(told)
    words = f"Differences with 95 % intervals, this model minus the other. {'; '.join(said)}."
    return svg.picture(axes, words, parts, "forest")


def _row(name: str, found: Difference, compared: Compared) -> ComparedRow:
    is_label = "/" in name
    ends = [intervals.get(name) for intervals in compared.intervals]
    return ComparedRow(
        name=name.removeprefix("f1/") if is_label else METRICS[name].title,
        is_label=is_label,
        is_lower_better=direction_of(name) == "min",
        first=Figure(found.first, ends[0]),
        second=Figure(found.second, ends[1]),
        difference=Figure(found.difference, (found.low, found.high), signed=True),
        p=found.p,
        p_holm=found.p_holm,
    )


def _nearer(documents: Sequence[Disagreement]) -> str:
    """Say which of the two is right more often where they differ."""
    mine = sum(document.wrong_second < document.wrong_first for document in documents)
    theirs = sum(document.wrong_first < document.wrong_second for document in documents)
    return (
        f"On {mine:,} of them this model has fewer labels wrong, on {theirs:,} the other, on "
        f"{len(documents) - mine - theirs:,} both as many."
    )


def _round_below(value: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is no more than ``value``."""
    unit = 10.0 ** math.floor(math.log10(value))
    return unit * max((k for k in (1, 2, 5) if k * unit <= value), default=1)


def _cut(name: str) -> str:
    # In the middle: many names begin alike.
    half = _LONGEST_NAME // 2
    return name if len(name) <= _LONGEST_NAME else f"{name[:half]}…{name[1 - half :]}"


def _short_path(name: str) -> str:
    """Return the run's folder of a checkpoint, which tells more than the file's name."""
    path = Path(name)
    is_file_of_run = path.suffix == ".ckpt" and path.parent.name == "checkpoints"
    return path.parent.parent.name if is_file_of_run else name
