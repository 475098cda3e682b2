"""Which labels are taken for which, and which go together: squares of labels by labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from resumebert.evaluation.results import SplitResult

Counts = npt.NDArray[np.int64]
# Beyond so many labels the squares are too small for figures.
LABELS_WITH_FIGURES = 16
LISTED_PAIRS = 12
_LONGEST_NAME = 40
# Of a letter, in pixels.
_LETTER = 6.3


@dataclass(frozen=True)
class Confusion:
    """Of the documents that have label i and are not given it, how many are wrongly given j.

    Attributes:
        missed: (L,) documents that have a label and are not given it.
        positives: (L,) documents that have it.
        instead: (L, L), row i missed, column j wrongly given.
        nothing: (L,) of the missed, those that are given no wrong label at all.
    """

    missed: Counts
    positives: Counts
    instead: Counts
    nothing: Counts


def confusion(result: SplitResult) -> Confusion:
    """Count the labels that are predicted where another is missed, at the tuned thresholds."""
    missed = result.truth & ~result.predicted
    alarms = result.predicted & ~result.truth
    return Confusion(
        missed.sum(axis=0),
        result.truth.sum(axis=0),
        _together(missed, alarms),
        (missed & ~alarms.any(axis=1, keepdims=True)).sum(axis=0),
    )


def cooccurrence(result: SplitResult) -> tuple[Counts, Counts]:
    """Return (L, L) documents that have two labels, and that are given two; diagonals: one."""
    return _together(result.truth, result.truth), _together(result.predicted, result.predicted)


def _together(left: npt.NDArray[np.bool_], right: npt.NDArray[np.bool_]) -> Counts:
    # float64 counts exactly, and is the type whose product runs in a tuned library.
    return (left.T.astype(np.float64) @ right.astype(np.float64)).astype(np.int64)


def confusion_picture(found: Confusion, label_names: Sequence[str]) -> Markup:
    """Draw the missed labels by what was wrongly given in their place."""
    columns = ["no wrong label", *label_names]
    counts = np.column_stack([found.nothing, found.instead])
    shares = counts / np.maximum(found.missed, 1)[:, None]

    def told(row: int, column: int) -> str:
        where = "no wrong label is given" if column == 0 else f"{columns[column]} is wrongly given"
        return (
            f"{label_names[row]} is missed in {found.missed[row]:,} of {found.positives[row]:,} "
            f"documents; in {counts[row, column]:,} of those {where}"
        )

    rows = [
        f"{name} ({missed:,} of {positives:,})"
        for name, missed, positives in zip(
            label_names, found.missed.tolist(), found.positives.tolist(), strict=True
        )
    ]
    return _squares(
        rows, columns, counts, shares, told,
        "Rows: labels that were missed. Columns: labels wrongly given to the same documents. The "
        "most frequent pairs are in the table below.",
        lambda row, column: "model" if column else "plain",
    )  # fmt: skip


def cooccurrence_picture(true: Counts, given: Counts, label_names: Sequence[str]) -> Markup:
    """Draw the documents with two labels: in truth above the diagonal, as predicted below."""
    upper = np.triu(np.ones_like(true, dtype=bool), 1)
    counts = np.where(upper, true, given)
    np.fill_diagonal(counts, 0)
    shares = np.sqrt(counts / max(1, int(counts.max(initial=0))))

    def told(row: int, column: int) -> str:
        a, b = sorted((row, column))
        return (
            f"{label_names[a]} and {label_names[b]}: {true[a, b]:,} documents have both, "
            f"{given[a, b]:,} are given both"
        )

    return _squares(
        label_names, label_names, counts, shares, told,
        "Documents with two labels: above the diagonal in truth, below it as predicted. The pairs "
        "that differ most are in the table below.",
        lambda row, column: "truth" if column > row else "model",
    )  # fmt: skip


def frequent_confusions(
    found: Confusion, label_names: Sequence[str]
) -> list[tuple[str, str, int, int]]:
    """Return the most frequent (missed, given instead, how often, of how many missed)."""
    order = np.argsort(-found.instead, axis=None, kind="stable")[:LISTED_PAIRS]
    pairs = [divmod(int(place), len(label_names)) for place in order]
    return [
        (label_names[i], label_names[j], int(found.instead[i, j]), int(found.missed[i]))
        for i, j in pairs
        if found.instead[i, j]
    ]


def different_pairs(
    true: Counts, given: Counts, label_names: Sequence[str]
) -> list[tuple[str, str, int, int]]:
    """Return the pairs of labels whose numbers differ most: (a, b, in truth, as predicted)."""
    rows, columns = np.triu_indices(len(label_names), 1)
    gaps = np.abs(true - given)[rows, columns]
    return [
        (label_names[a], label_names[b], int(true[a, b]), int(given[a, b]))
        for a, b in (
            (int(rows[place]), int(columns[place]))
            for place in np.argsort(-gaps, kind="stable")[:LISTED_PAIRS]
            if gaps[place]
        )
    ]


def _squares(
    rows: Sequence[str],
    columns: Sequence[str],
    counts: Counts,
    shares: npt.NDArray[np.float64],
    told: Callable[[int, int], str],
    description: str,
    kind: Callable[[int, int], str],
) -> Markup:
    """Draw a square for each count that is not 0, the fuller the larger its share."""
    side = 30.0 if len(rows) <= LABELS_WITH_FIGURES else 17.0
    row_names, column_names = [_short(name) for name in rows], [_short(name) for name in columns]
    left = 12 + _LETTER * max(map(len, row_names))
    top = 12 + _LETTER * max(map(len, column_names)) * 0.72
    width = left + side * len(columns) + top * 0.9
    height = top + side * len(rows) + 4
    parts = [
        Markup('<text x="{:.0f}" y="{:.0f}" text-anchor="end">{}</text>').format(
            left - 6, top + side * (row + 0.5) + 4, name
        )
        for row, name in enumerate(row_names)
    ]
    for column, name in enumerate(column_names):
        x, y = left + side * (column + 0.5) + 3, top - 6
        parts.append(
            Markup('<text transform="translate({:.0f} {:.0f}) rotate(-45)">{}</text>').format(
                x, y, name
            )
        )
    lines = "".join(f"M{left:g} {top + side * k:g}h{side * len(columns):g}" for k in _upto(rows))
    lines += "".join(f"M{left + side * k:g} {top:g}v{side * len(rows):g}" for k in _upto(columns))
    parts.append(Markup('<path class="grid" d="{}"/>').format(lines))
    for row, column in np.argwhere(counts).tolist():
        x, y = left + side * column, top + side * row
        share = float(shares[row, column])
        parts.append(
            Markup(
                '<rect class="cell {}" x="{:g}" y="{:g}" width="{:g}" height="{:g}" '
                'fill-opacity="{:.2f}" data-tip="{}"/>'
            ).format(
                kind(row, column), x + 1, y + 1, side - 2, side - 2, 0.1 + 0.9 * share,
                told(row, column),
            )
        )  # fmt: skip
        if len(rows) <= LABELS_WITH_FIGURES:
            parts.append(
                Markup('<text class="count {}" x="{:g}" y="{:g}">{}</text>').format(
                    "strong" if share > 0.5 else "", x + side / 2, y + side / 2 + 4,
                    int(counts[row, column]),
                )
            )  # fmt: skip
    return Markup(
        '<svg class="matrix" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" height="{1:.0f}" '
        'role="img" aria-label="{2}">{3}</svg>'
    ).format(width, height, description, Markup("").join(parts))


def _upto(names: Sequence[str]) -> range:
    return range(len(names) + 1)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
