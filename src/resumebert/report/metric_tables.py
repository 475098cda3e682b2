"""The figures of a report as rows of tables: value, interval, and the baseline's beside them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from resumebert.charts.ranges import Range, range_picture, shared_domain
from resumebert.charts.words import ends, number, with_ends
from resumebert.evaluation.registry import MAIN, METRICS, OF_A_LABEL, Metric, in_tables
from resumebert.evaluation.result import TUNED, EvaluationResult, Interval

# Of each label, beside F1.
OTHERS = [kind for kind in OF_A_LABEL if kind != "f1"]


@dataclass(frozen=True)
class Figure:
    """A value with its interval, as text and to sort by; a difference shows its sign."""

    value: float
    interval: Interval | None = None
    digits: int = 3
    signed: bool = False

    @property
    def text(self) -> str:
        """The value."""
        return number(self.value, self.digits, signed=self.signed)

    @property
    def ends(self) -> str:
        """Its interval; nothing where there is none."""
        return ends(self.interval, self.digits, signed=self.signed)

    @property
    def sort(self) -> str:
        """What to sort by: an undefined value comes last."""
        return "" if math.isnan(self.value) else f"{self.value:.6g}"


@dataclass(frozen=True)
class HeadlineRow:
    """One metric: at 0.5 and tuned, of the model and of the baseline."""

    metric: Metric
    plain: Figure
    tuned: Figure
    baseline_plain: Figure | None
    baseline_tuned: Figure | None
    picture: Markup


@dataclass(frozen=True)
class LabelRow:
    """One label."""

    name: str
    column: int
    support: int
    threshold: float
    f1: Figure
    plain_f1: Figure
    baseline: Figure | None
    others: list[Figure]
    baseline_others: list[Figure]
    picture: Markup


def of(result: EvaluationResult, name: str) -> Figure:
    """Return a metric of a result with its interval."""
    return Figure(result.metrics.get(name, math.nan), result.intervals.get(name))


def _both(result: EvaluationResult, name: str) -> list[Range]:
    """Return the model's figure and the baseline's, to draw."""
    found = of(result, name)
    ranges: list[Range] = [("model", "model", found.value, found.interval)]
    if result.baseline is not None:
        other = of(result.baseline, name)
        ranges.append(("baseline", "baseline", other.value, other.interval))
    return ranges


def reach(ranges: Sequence[Range]) -> list[float]:
    """Return all values that have to be in a picture."""
    return [v for _, _, value, ends in ranges for v in (value, *(ends or ()))]


def tiles(result: EvaluationResult) -> list[HeadlineRow]:
    """Return the figures on top: the main ones, and metrics of one's own."""
    own = [metric for metric in in_tables(result.metrics) if metric.function is not None]
    metrics = [*(METRICS[name] for name in (*MAIN, "ece")), *own]
    return [_headline_row(result, each, _tile_picture(result, each)) for each in metrics]


def headline_rows(result: EvaluationResult) -> list[HeadlineRow]:
    """Return a row for each metric of all labels."""
    domain = headline_domain(result)
    return [
        _headline_row(
            result,
            metric,
            range_picture(_both(result, TUNED + metric.name), domain)
            if _is_share(result, metric)
            else Markup(""),
        )
        for metric in in_tables(result.metrics)
    ]


def _headline_row(result: EvaluationResult, metric: Metric, picture: Markup) -> HeadlineRow:
    tuned, other = TUNED + metric.name, result.baseline
    return HeadlineRow(
        metric=metric,
        plain=of(result, metric.name),
        tuned=of(result, tuned),
        baseline_plain=None if other is None else of(other, metric.name),
        baseline_tuned=None if other is None else of(other, tuned),
        picture=picture,
    )


def _is_share(result: EvaluationResult, metric: Metric) -> bool:
    """Tell whether a metric's values lie between 0 and 1, the best."""
    values = [v for v in reach(_both(result, TUNED + metric.name)) if not math.isnan(v)]
    return metric.direction == "max" and all(0 <= value <= 1 for value in values)


def headline_domain(result: EvaluationResult) -> tuple[float, float]:
    """Return the range of values that the pictures of all metrics but the errors share."""
    shares = [metric for metric in in_tables(result.metrics) if _is_share(result, metric)]
    return shared_domain(v for each in shares for v in reach(_both(result, TUNED + each.name)))


def _tile_picture(result: EvaluationResult, metric: Metric) -> Markup:
    ranges = _both(result, TUNED + metric.name)
    values = [value for value in reach(ranges) if not math.isnan(value)]
    if _is_share(result, metric):
        domain = shared_domain(values)
    else:
        domain = (min([*values, 0.0]), math.ceil(max([*values, 1e-9]) * 50) / 50)
    return range_picture(ranges, domain, labelled=True)


def label_rows(result: EvaluationResult) -> list[LabelRow]:
    """Return a row for each label."""
    drawn = [_both(result, f"{TUNED}f1/{name}") for name in result.label_names]
    domain = label_domain(result)
    other = result.baseline
    return [
        LabelRow(
            name=name,
            column=column,
            support=int(result.truth[:, column].sum()),
            threshold=float(result.thresholds[column]),
            f1=of(result, f"{TUNED}f1/{name}"),
            plain_f1=of(result, f"f1/{name}"),
            baseline=None if other is None else of(other, f"{TUNED}f1/{name}"),
            others=[of(result, f"{TUNED}{kind}/{name}") for kind in OTHERS],
            baseline_others=(
                [] if other is None else [of(other, f"{TUNED}{kind}/{name}") for kind in OTHERS]
            ),
            picture=range_picture(drawn[column], domain),
        )
        for column, name in enumerate(result.label_names)
    ]


def label_domain(result: EvaluationResult) -> tuple[float, float]:
    """Return the range of values that the labels' pictures share."""
    drawn = [_both(result, f"{TUNED}f1/{name}") for name in result.label_names]
    return shared_domain(value for ranges in drawn for value in reach(ranges))


def verdict(result: EvaluationResult, *, is_compared: bool = False) -> list[str]:
    """Say in sentences how good the model is, and whether it beats the baseline.

    Args:
        result: of the model, with the baseline's if there is one.
        is_compared: whether the two are compared document by document in the same report.
    """
    name = f"{TUNED}f1_micro"
    own = with_ends(result.metrics[name], result.intervals.get(name))
    subset = with_ends(
        result.metrics[f"{TUNED}subset_accuracy"],
        result.intervals.get(f"{TUNED}subset_accuracy"),
    )
    said = [
        f"On the {len(result.truth):,} documents of the {result.split} split the model reaches "
        f"F1 micro {own} at the thresholds tuned on validation, and gives {subset} of the "
        "documents exactly the right labels."
    ]
    other = result.baseline
    if other is None:
        return [*said, "No linear baseline was trained, so nothing says whether that is much."]
    trained = result.baseline_note or "trained on the same documents"
    said.append(
        f"A linear model over words, {trained}, reaches "
        f"{with_ends(other.metrics[name], other.intervals.get(name))}."
    )
    mine, theirs = result.intervals.get(name), other.intervals.get(name)
    if mine is None or theirs is None or math.isnan(mine[0] + theirs[0]):
        return said
    if mine[0] > theirs[1]:
        said.append("The model's interval lies wholly above the baseline's.")
    elif mine[1] < theirs[0]:
        said.append("The model is worse than the baseline: its interval lies wholly below.")
    elif is_compared:
        said.append("The two intervals overlap: see the comparison document by document.")
    else:
        said.append(
            "The two intervals overlap: they alone do not tell which is better, which takes a "
            "comparison document by document (eval.py compare_to=baseline)."
        )
    return said
