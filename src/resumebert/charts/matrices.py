"""Which labels are taken for which, and which go together: squares of labels by labels."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from resumebert.charts.svg import LETTER, shortened

Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
# Beyond so many labels the squares are too small for figures.
LABELS_WITH_FIGURES = 16
LISTED_PAIRS = 12
SHADES = 10
_LONGEST_NAME = 40


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


def confusion(truth: Flags, predicted: Flags) -> Confusion:
    """Count the labels that are predicted where another is missed, of (n, L) decisions."""
    missed, alarms = truth & ~predicted, predicted & ~truth
    return Confusion(
        missed.sum(axis=0),
        truth.sum(axis=0),
        _together(missed, alarms),
        (missed & ~alarms.any(axis=1, keepdims=True)).sum(axis=0),
    )


def cooccurrence(truth: Flags, predicted: Flags) -> tuple[Counts, Counts]:
    """Return (L, L) documents that have two labels, and that are given two; diagonals: one."""
    return _together(truth, truth), _together(predicted, predicted)


def _together(left: npt.NDArray[np.bool_], right: npt.NDArray[np.bool_]) -> Counts:
    # float64 counts exactly, and is the type whose product runs in a tuned library.
    return (left.T.astype(np.float64) @ right.astype(np.float64)).astype(np.int64)


def confusion_picture(found: Confusion, label_names: Sequence[str]) -> Markup:
    """Draw the missed labels by what was wrongly given in their place."""
    counts = np.column_stack([found.nothing, found.instead])
    rows = [
        f"{name} ({missed:,} of {positives:,})"
        for name, missed, positives in zip(
            label_names, found.missed.tolist(), found.positives.tolist(), strict=True
        )
    ]
    kinds = np.ones_like(counts)
    kinds[:, 0] = 0
    return _squares(
        rows,
        ["no wrong label", *label_names],
        counts,
        counts / np.maximum(found.missed, 1)[:, None],
        ("plain", "model"),
        kinds,
        "confusion",
        "Rows: labels that were missed. Columns: labels wrongly given to the same documents. The "
        "most frequent pairs are in the table below.",
    )


def cooccurrence_picture(true: Counts, given: Counts, label_names: Sequence[str]) -> Markup:
    """Draw the documents with two labels: in truth above the diagonal, as predicted below."""
    upper = np.triu(np.ones_like(true), 1)
    counts = np.where(upper, true, given)
    np.fill_diagonal(counts, 0)
    return _squares(
        label_names,
        label_names,
        counts,
        np.sqrt(counts / max(1, int(counts.max(initial=0)))),
        ("model", "truth"),
        upper,
        "pairs",
        "Documents with two labels: above the diagonal in truth, below it as predicted. The pairs "
        "that differ most are in the table below.",
    )


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
    hues: tuple[str, str],
    kinds: Counts,
    told: str,
    description: str,
) -> Markup:
    """Draw a square for each count that is not 0, the fuller the larger its share.

    Args:
        rows: R names.
        columns: C names.
        counts: (R, C).
        shares: (R, C), in [0, 1].
        hues: two CSS classes.
        kinds: (R, C), which of the hues a square has.
        told: how the page's script words what it tells of a square that is pointed at.
        description: for who cannot see it.
    """
    side = 30.0 if len(rows) <= LABELS_WITH_FIGURES else 17.0
    row_names, column_names = (
        [shortened(name, _LONGEST_NAME) for name in names] for names in (rows, columns)
    )
    left = round(12 + LETTER * max(map(len, row_names)))
    top = round(12 + LETTER * max(map(len, column_names)) * 0.72)
    width = left + side * len(columns) + top * 0.9
    height = top + side * len(rows) + 4
    parts = [*_names(row_names, column_names, left, top, side)]
    lines = "".join(f"M{left:g} {top + side * k:g}h{side * len(columns):g}" for k in _upto(rows))
    lines += "".join(f"M{left + side * k:g} {top:g}v{side * len(rows):g}" for k in _upto(columns))
    parts.append(Markup('<path class="grid" d="{}"/>').format(lines))
    # One path for all squares of a shade: a hundred labels have ten thousand squares.
    shades = np.ceil(shares * SHADES).astype(np.int64)
    for hue, shade in sorted(
        {*zip(kinds[counts > 0].tolist(), shades[counts > 0].tolist(), strict=True)}
    ):
        places = np.argwhere((counts > 0) & (kinds == hue) & (shades == shade)).tolist()
        path = "".join(
            f"M{left + side * column + 1:g} {top + side * row + 1:g}h{side - 2:g}v{side - 2:g}"
            f"h-{side - 2:g}z"
            for row, column in places
        )
        parts.append(
            Markup('<path class="cell {}" fill-opacity="{:.2f}" d="{}"/>').format(
                hues[hue], 0.1 + 0.9 * shade / SHADES, path
            )
        )
    if len(rows) <= LABELS_WITH_FIGURES:
        parts += [
            Markup('<text class="count {}" x="{:g}" y="{:g}">{}</text>').format(
                "strong" if shares[row, column] > 0.5 else "",
                left + side * (column + 0.5),
                top + side * (row + 0.5) + 4,
                int(counts[row, column]),
            )
            for row, column in np.argwhere(counts).tolist()
        ]
    numbers = ";".join(" ".join(map(str, row)) for row in counts.tolist())
    return Markup(
        '<svg class="matrix" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" height="{1:.0f}" '
        'role="img" aria-label="{2}" data-told="{3}" data-grid="{4} {5} {6:g}" data-rows="{7}" '
        'data-columns="{8}" data-counts="{9}">{10}</svg>'
    ).format(
        width, height, description, told, left, top, side, json.dumps(list(rows)),
        json.dumps(list(columns)), numbers, Markup("").join(parts),
    )  # fmt: skip


def _names(
    rows: Sequence[str], columns: Sequence[str], left: int, top: int, side: float
) -> list[Markup]:
    """Write the names of rows at the left, and those of columns on top, slanting."""
    return [
        Markup('<text x="{:.0f}" y="{:.0f}" text-anchor="end">{}</text>').format(
            left - 6, top + side * (row + 0.5) + 4, name
        )
        for row, name in enumerate(rows)
    ] + [
        Markup('<text transform="translate({:.0f} {:.0f}) rotate(-45)">{}</text>').format(
            left + side * (column + 0.5) + 3, top - 6, name
        )
        for column, name in enumerate(columns)
    ]


def _upto(names: Sequence[str]) -> range:
    return range(len(names) + 1)
