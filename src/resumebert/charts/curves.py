"""Five pictures of how well the scores of a label, or of all, tell who has it; and of a review."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from sklearn.metrics import precision_recall_curve, roc_curve

from resumebert.charts import svg
from resumebert.charts.svg import Axes
from resumebert.charts.words import number

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

GRID = np.linspace(0, 1, 101)
BINS = 10
# Neighbouring bins of the reliability diagram are put together until each has so many documents.
FEWEST_IN_A_BIN = 10
_Z = 1.959964  # Of a 95 % interval.
HISTOGRAM_BINS = 20
BAR_GAP = 0.002
ALARMS = "false positive rate"


@dataclass(frozen=True)
class Scored:
    """Scores of n documents, or of all their pairs with labels, and what is true of them.

    All arrays are (n,); ``plain`` are probabilities before calibration. Thresholds are of
    calibrated probabilities, None where each label has its own. ``baseline`` is None where there
    is none. A curve has at most so many ``points``.
    """

    name: str
    truth: Flags
    plain: Floats
    calibrated: Floats
    threshold: float | None = None
    baseline: Floats | None = None
    baseline_threshold: float | None = None
    points: int = svg.MAX_POINTS


def precision_recall(scored: Scored) -> Markup | None:
    """Draw precision against recall; None where no document has the label."""
    if not scored.truth.any():
        return None
    axes, lines = Axes("recall", "precision"), []
    for who, scores, _ in _scorers(scored):
        precision, recall, cuts = precision_recall_curve(scored.truth, scores)
        # The last point is a convention: nothing is predicted there.
        lines.append(
            svg.line(
                axes, recall[:-1], precision[:-1], who, who,
                steps=True, notes=cuts, limit=scored.points,
            )
        )  # fmt: skip
    return _with_thresholds(scored, "Precision against recall", axes, lines)


def roc(scored: Scored) -> Markup | None:
    """Draw the ROC curve; None where all documents have the label, or none."""
    if not scored.truth.any() or scored.truth.all():
        return None
    axes = Axes(ALARMS, "recall")
    parts = [svg.diagonal(axes)]
    for who, scores, _ in _scorers(scored):
        alarms, recall, cuts = roc_curve(scored.truth, scores)
        parts.append(svg.line(axes, alarms, recall, who, who, notes=cuts, limit=scored.points))
    return _with_thresholds(scored, "Recall against false positive rate", axes, parts)


def _scorers(scored: Scored) -> list[tuple[str, Floats, float | None]]:
    """Return name (a CSS class), scores and threshold: of the baseline, if any, and the model."""
    scorers = [("model", scored.calibrated, scored.threshold)]
    if scored.baseline is not None:
        scorers.insert(0, ("baseline", scored.baseline, scored.baseline_threshold))
    return scorers


def _with_thresholds(scored: Scored, title: str, axes: Axes, parts: list[Markup]) -> Markup:
    """Return the picture of curves with a dot at each threshold in use."""
    said: list[str] = []
    for who, scores, threshold in _scorers(scored):
        if threshold is None:
            continue
        ratios = ratios_at(threshold, scores, scored.truth)
        x, y = float(ratios[axes.x_name]), float(ratios[axes.y_name])
        words = f"{axes.y_name} {number(y)}, {axes.x_name} {number(x)}"
        parts.append(svg.point(axes, x, y, who, f"{who}, threshold {threshold:.3f}: {words}"))
        said.insert(0, f"{who} at its threshold: {words}")
    return svg.picture(axes, f"{title}: {scored.name}. {'; '.join(said)}", parts)


def reliability(scored: Scored) -> Markup | None:
    """Draw how often a probability comes true, before and after calibration."""
    if not len(scored.truth):
        return None
    axes = Axes("probability", "share with the label")
    parts, said = [svg.diagonal(axes)], []
    for who, kind, scores in (
        ("before calibration", "plain", scored.plain),
        ("calibrated", "model", scored.calibrated),
    ):
        mean, share, counts = reliability_bins(scores, scored.truth)
        parts.append(svg.line(axes, mean, share, f"{kind} thin", who))
        for x, y, count in zip(mean.tolist(), share.tolist(), counts.tolist(), strict=True):
            low, high = wilson_interval(y, count)
            ends = f"[{low:.0%}–{high:.0%}]"
            told = f"{who}: of {count:,} with probability about {x:.2f}, {y:.0%} have it {ends}"
            if kind == "model":
                parts.append(svg.segment(axes, (x, low), (x, high), "whisker thin model"))
            parts.append(svg.point(axes, x, y, kind, told, 3.0))
        gaps = np.abs(mean - share) * counts
        said.append(f"{who}, the mean gap is {gaps.sum() / counts.sum():.3f}")
    words = f"How often a probability comes true: {scored.name}; {'; '.join(said)}."
    return svg.picture(axes, words, parts)


def reliability_bins(
    probabilities: Floats, truth: Flags
) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Return of each bin: mean probability, share that is true, how many.

    The bins are of one width, but for those put together because they have few documents.
    """
    bins = np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)
    merged, inside, current = np.zeros(BINS, dtype=np.int64), 0, 0
    counts = np.bincount(bins, minlength=BINS)
    for place, count in enumerate(counts.tolist()):
        merged[place] = current
        inside += count
        if inside >= FEWEST_IN_A_BIN and counts[place + 1 :].sum() >= FEWEST_IN_A_BIN:
            current, inside = current + 1, 0
    bins = merged[bins]
    counts = np.bincount(bins)
    mean = np.bincount(bins, probabilities) / counts
    share = np.bincount(bins, truth.astype(np.float64)) / counts
    return mean, share, counts


def wilson_interval(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson, "Probable inference", 1927)."""
    centre = share + _Z**2 / (2 * count)
    reach = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    scale = 1 + _Z**2 / count
    return max(0.0, (centre - reach) / scale), min(1.0, (centre + reach) / scale)


def threshold_curves(scored: Scored) -> Markup | None:
    """Draw precision, recall and F1 against the threshold; None where no document has the label."""
    if not scored.truth.any():
        return None
    axes = Axes("threshold", "value")
    ratios = ratios_at(GRID, scored.calibrated, scored.truth)
    f1 = ratios["F1"]
    parts = [svg.rule(axes, 0.5, "half")]
    for name, kind in (("precision", "precision"), ("recall", "recall"), ("F1", "model")):
        parts.append(svg.line(axes, GRID, ratios[name], kind, name, limit=scored.points))
    words = f"The highest F1 is {number(float(np.nanmax(f1)))}, at {GRID[np.nanargmax(f1)]:.2f}"
    if scored.threshold is not None:
        own = float(ratios_at(scored.threshold, scored.calibrated, scored.truth)["F1"])
        told = f"threshold in use, {scored.threshold:.3f}: F1 {number(own)}"
        parts.append(svg.rule(axes, scored.threshold, "chosen"))
        parts.append(svg.point(axes, scored.threshold, own, "model", told))
        words += f"; at the threshold in use, {scored.threshold:.2f}, it is {number(own)}"
    title = f"Precision, recall and F1 against the threshold: {scored.name}"
    return svg.picture(axes, f"{title}. {words}.", parts)


def histogram(scored: Scored) -> Markup | None:
    """Draw how the scores of who has the label are spread, upward, and of who has not, downward."""
    if not len(scored.truth):
        return None
    axes = Axes(
        "probability", "share of documents", y=(-1, 1),
        y_ticks=((1, "with"), (0, "0"), (-1, "w/o")), left=32,
    )  # fmt: skip
    parts, said = [], []
    for words, kind, own, sign in (
        ("with the label", "model", scored.truth, 1),
        ("without it", "plain", ~scored.truth, -1),
    ):
        if not own.any():
            continue
        counts, edges = np.histogram(scored.calibrated[own], HISTOGRAM_BINS, (0, 1))
        said.append(f"{words}, {np.mean(scored.calibrated[own] >= 0.5):.0%} score 0.5 or more")
        # Square roots: next to the tall bars at 0 the others would not be seen.
        heights = sign * np.sqrt(counts / counts.sum())
        bars = [
            svg.box(axes, (left + BAR_GAP, 0), (right - BAR_GAP, height))
            for (left, right), height in zip(pairwise(edges), heights, strict=True)
            if height
        ]
        parts.append(svg.element("path", f"bar {kind}", d="".join(bars)))
    if scored.threshold is not None:
        parts.append(svg.rule(axes, scored.threshold, "chosen"))
    return svg.picture(axes, f"How scores are spread: {scored.name}. {'; '.join(said)}.", parts)


def ratios_at(cuts: npt.ArrayLike, scores: Floats, truth: Flags) -> dict[str, Floats]:
    """Return precision, recall, F1 and false positive rate at thresholds; ``nan`` where 0/0."""
    everyone, own = np.sort(scores), np.sort(scores[truth])
    hits = len(own) - np.searchsorted(own, cuts)
    predicted = len(everyone) - np.searchsorted(everyone, cuts)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "precision": hits / predicted,
            "recall": hits / np.float64(len(own)),
            "F1": 2 * hits / (predicted + len(own)),
            ALARMS: (predicted - hits) / np.float64(len(everyone) - len(own)),
        }


def review_picture(
    reviewed: Floats, errors: Floats, limits: Floats, promise: tuple[float, float, float] | None
) -> Markup:
    """Draw the mean errors of the documents that are decided against the share that is reviewed.

    All are (m,), a point for each limit; the ``promise`` is the share that is reviewed, the mean
    errors of the others, and the level that these are to stay under.
    """
    top = max(0.05, float(errors.max()), promise[2] if promise else 0.0)
    axes = Axes(
        "share reviewed", "wrong or missed", y=(0, top),
        x_ticks=[(share, f"{share:.0%}") for share in (0, 0.5, 1)],
        y_ticks=[(share, f"{share:.1%}") for share in (0, top / 2, top)],
        width=330, height=220, left=44,
    )  # fmt: skip
    parts = [svg.line(axes, reviewed, errors, "model", "limit", notes=limits)]
    words = f"With none reviewed, {errors[-1]:.1%} of the labels are wrong or missed"
    if promise is not None:
        share, found, level = promise
        told = f"in use: {share:.0%} reviewed, {found:.1%} wrong or missed in the others"
        parts.append(svg.segment(axes, (0, level), (1, level), "rule chosen", f"{level:.1%}"))
        parts.append(svg.point(axes, share, found, "model", told))
        words += f"; {told}"
    return svg.picture(axes, f"Errors against the share reviewed. {words}.", parts)
