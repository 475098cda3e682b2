"""Five pictures of one label, or of all together: how its scores part who has it from who has not.

Every picture has what the model gives, and where there is one what the linear baseline gives.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Scored:
    """Scores of n documents, or of all their pairs with labels, and what is true of them.

    Attributes:
        name: of the label, or words for all.
        truth: (n,).
        plain: (n,) probabilities, uncalibrated.
        calibrated: (n,) probabilities.
        threshold: of the calibrated ones; None: each label has its own.
        baseline: (n,) calibrated probabilities of the linear baseline; None: there is none.
        baseline_threshold: theirs.
        points: of a curve, at most.
    """

    name: str
    truth: Flags
    plain: Floats
    calibrated: Floats
    threshold: float | None = None
    baseline: Floats | None = None
    baseline_threshold: float | None = None
    points: int = svg.MAX_POINTS

    @property
    def has_both(self) -> bool:
        """Whether some have the label and some have not."""
        return bool(self.truth.any() and not self.truth.all())


def precision_recall(scored: Scored) -> Markup | None:
    """Draw precision against recall; None where no document has the label."""
    if not scored.truth.any():
        return None
    axes = Axes("recall", "precision")
    parts = [svg.rule(axes, 1.0, "hidden")]
    for who, kind, scores, threshold in _scorers(scored):
        precision, recall, cuts = precision_recall_curve(scored.truth, scores)
        # The last point is a convention: nothing is predicted there.
        parts.append(
            svg.line(
                axes,
                recall[:-1],
                precision[:-1],
                kind,
                who,
                steps=True,
                notes=cuts,
                limit=scored.points,
            )
        )
        parts.append(_chosen(axes, scored, scores, threshold, kind, who, lambda p, r, _: (r, p)))
    return svg.picture(axes, _described("Precision against recall", scored, pr_words), parts)


def roc(scored: Scored) -> Markup | None:
    """Draw the ROC curve; None where all documents have the label, or none."""
    if not scored.has_both:
        return None
    axes = Axes("share of false alarms", "recall")
    parts = [svg.slanted(axes)]
    for who, kind, scores, threshold in _scorers(scored):
        alarms, recall, cuts = roc_curve(scored.truth, scores)
        parts.append(svg.line(axes, alarms, recall, kind, who, notes=cuts, limit=scored.points))
        parts.append(_chosen(axes, scored, scores, threshold, kind, who, lambda _, r, a: (a, r)))
    return svg.picture(axes, _described("Recall against false alarms", scored, roc_words), parts)


def reliability(scored: Scored) -> Markup | None:
    """Draw how often a probability comes true, before and after calibration."""
    if not len(scored.truth):
        return None
    axes = Axes("probability", "share that has it")
    parts = [svg.slanted(axes)]
    said = []
    for who, kind, scores in (
        ("before calibration", "plain", scored.plain),
        ("calibrated", "model", scored.calibrated),
    ):
        mean, share, counts = reliability_bins(scores, scored.truth)
        parts.append(svg.line(axes, mean, share, f"{kind} thin", who))
        for x, y, count in zip(mean.tolist(), share.tolist(), counts.tolist(), strict=True):
            low, high = wilson_interval(y, count)
            told = (
                f"{who}: of {count:,} with a probability about {x:.2f}, {y:.0%} have it "
                f"[{low:.0%}–{high:.0%}]"
            )
            if kind == "model":
                parts.append(svg.upright(axes, x, low, high, kind))
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
    precision, recall, _ = ratios_at(GRID, scored.calibrated, scored.truth)
    f1 = f1_at(GRID, scored.calibrated, scored.truth)
    parts = [svg.rule(axes, 0.5, "half")]
    if scored.threshold is not None:
        parts.append(svg.rule(axes, scored.threshold, "chosen"))
    parts += [
        svg.line(axes, GRID, precision, "precision", "precision", limit=scored.points),
        svg.line(axes, GRID, recall, "recall", "recall", limit=scored.points),
        svg.line(axes, GRID, f1, "model", "F1", limit=scored.points),
    ]
    words = (
        f"Precision, recall and F1 against the threshold: {scored.name}. F1 is highest here, "
        f"{number(float(np.nanmax(f1)))}, at {GRID[np.nanargmax(f1)]:.2f}"
    )
    if scored.threshold is not None:
        chosen = f1_at(np.array([scored.threshold]), scored.calibrated, scored.truth)[0]
        parts.append(
            svg.point(
                axes, scored.threshold, float(chosen), "model",
                f"chosen threshold {scored.threshold:.3f}: F1 {number(float(chosen))}",
            )
        )  # fmt: skip
        words += f"; at the chosen threshold, {scored.threshold:.2f}, it is {number(float(chosen))}"
    return svg.picture(axes, f"{words}.", parts)


def histogram(scored: Scored) -> Markup | None:
    """Draw how the scores of who has the label are spread, upward, and of who has not, downward."""
    if not len(scored.truth):
        return None
    axes = Axes(
        "probability", "share of documents", y=(-1, 1),
        y_ticks=((1, "with"), (0, "0"), (-1, "w/o")), left=32,
    )  # fmt: skip
    parts, said = [], []
    zero = axes.place([0], [0])[0, 1]
    for words, kind, own, sign in (
        ("with the label", "model", scored.truth, 1),
        ("without it", "plain", ~scored.truth, -1),
    ):
        counts, edges = np.histogram(scored.calibrated[own], HISTOGRAM_BINS, (0, 1))
        if not counts.sum():
            continue
        said.append(f"{words}, {np.mean(scored.calibrated[own] >= 0.5):.0%} score 0.5 or more")
        # Square roots: next to the tall bars at 0 the others would not be seen.
        tops = axes.place(edges[:-1], sign * np.sqrt(counts / counts.sum()))
        width = tops[1, 0] - tops[0, 0] - 0.8
        bars = "".join(
            f"M{left + 0.4:.1f} {zero:.1f}V{top:.1f}h{width:.1f}V{zero:.1f}z"
            for left, top in tops[counts > 0].tolist()
        )
        parts.append(Markup('<path class="bar {}" d="{}"/>').format(kind, bars))
    if scored.threshold is not None:
        parts.append(svg.rule(axes, scored.threshold, "chosen"))
    return svg.picture(axes, f"How scores are spread: {scored.name}. {'; '.join(said)}.", parts)


def ratios_at(cuts: Floats, scores: Floats, truth: Flags) -> tuple[Floats, Floats, Floats]:
    """Return precision, recall and share of false alarms at thresholds; ``nan`` where 0/0."""
    hits, predicted = _counts_at(cuts, scores, truth)
    positives = truth.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        alarms = (predicted - hits) / (len(truth) - positives)
        return hits / predicted, hits / positives, alarms


def f1_at(cuts: Floats, scores: Floats, truth: Flags) -> Floats:
    """Return F1 at thresholds; ``nan`` where 0/0."""
    hits, predicted = _counts_at(cuts, scores, truth)
    with np.errstate(invalid="ignore", divide="ignore"):
        f1: Floats = 2 * hits / (predicted + truth.sum())
    return f1


def _counts_at(cuts: Floats, scores: Floats, truth: Flags) -> tuple[Floats, Floats]:
    """Return how many are rightly predicted, and how many at all, at thresholds."""
    everyone, own = np.sort(scores), np.sort(scores[truth])
    hits = len(own) - np.searchsorted(own, cuts)
    return hits.astype(np.float64), (len(everyone) - np.searchsorted(everyone, cuts)).astype(float)


def _scorers(scored: Scored) -> list[tuple[str, str, Floats, float | None]]:
    """Return name, CSS class, scores and threshold of the baseline, if any, and of the model."""
    scorers = [("model", "model", scored.calibrated, scored.threshold)]
    if scored.baseline is not None:
        scorers.insert(0, ("baseline", "baseline", scored.baseline, scored.baseline_threshold))
    return scorers


def _chosen(
    axes: Axes,
    scored: Scored,
    scores: Floats,
    threshold: float | None,
    kind: str,
    who: str,
    place: Callable[[float, float, float], tuple[float, float]],
) -> Markup:
    """Return the dot of the threshold in use."""
    if threshold is None:
        return Markup("")
    found = ratios_at(np.array([threshold]), scores, scored.truth)
    precision, recall, alarms = (float(values[0]) for values in found)
    told = (
        f"{who}, threshold {threshold:.3f}: precision {number(precision)}, recall {number(recall)}"
    )
    return svg.point(axes, *place(precision, recall, alarms), kind, told)


def pr_words(precision: float, recall: float, alarms: float) -> str:
    """Say what a point of the precision–recall curve is."""
    return f"precision {number(precision)}, recall {number(recall)}"


def roc_words(precision: float, recall: float, alarms: float) -> str:
    """Say what a point of the ROC curve is."""
    return f"recall {number(recall)}, false alarms {number(alarms)}"


def _described(what: str, scored: Scored, words: Callable[[float, float, float], str]) -> str:
    said = []
    for who, _, scores, threshold in reversed(_scorers(scored)):
        if threshold is not None:
            found = ratios_at(np.array([threshold]), scores, scored.truth)
            said.append(f"{who} at its threshold: {words(*(float(v[0]) for v in found))}")
    return f"{what}: {scored.name}. {'; '.join(said)}"
