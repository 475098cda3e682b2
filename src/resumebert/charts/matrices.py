"""Which labels are confused, and which occur together: squares of labels by labels."""

import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from resumebert.charts.svg import LETTER, Axes, box, document, element, segment, shortened, text

Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
# Beyond so many labels the squares are too small for figures.
LABELS_WITH_FIGURES = 16
LISTED_PAIRS = 12
SHADES = 10
_LONGEST_NAME = 40


class Confusion(NamedTuple):
    """What is wrongly given to documents that have a label and are not given it.

    Of each label there are (L,) ``positives``, documents that have it, and (L,) ``missed``, those
    of them that are not given it. ``instead`` (L, L) counts the missed of each row that are wrongly
    given the label of a column, ``nothing`` (L,) those that are given no wrong label.
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
        for name, missed, positives in zip(label_names, found.missed, found.positives, strict=True)
    ]
    hues = np.full(counts.shape, "model")
    hues[:, 0] = "plain"
    return _squares(
        rows,
        ["no wrong label", *label_names],
        counts,
        counts / np.maximum(found.missed, 1)[:, None],
        hues,
        "confusion",
        "Rows: labels that were missed. Columns: labels wrongly given to the same documents. The "
        "most frequent pairs are in the table below.",
    )


def cooccurrence_picture(true: Counts, given: Counts, label_names: Sequence[str]) -> Markup:
    """Draw the documents with two labels: in truth above the diagonal, as predicted below."""
    upper = np.triu(np.ones_like(true, dtype=np.bool_), 1)
    counts = np.where(upper, true, given)
    np.fill_diagonal(counts, 0)
    return _squares(
        label_names,
        label_names,
        counts,
        np.sqrt(counts / max(1, int(counts.max(initial=0)))),
        np.where(upper, "truth", "model"),
        "pairs",
        "Documents with two labels: above the diagonal in truth, below it as predicted. The pairs "
        "that differ most are in the table below.",
    )


def frequent_confusions(
    found: Confusion, label_names: Sequence[str]
) -> list[tuple[str, str, int, int]]:
    """Return the most frequent (missed, given instead, how often, of how many missed)."""
    return [
        (label_names[i], label_names[j], int(found.instead[i, j]), int(found.missed[i]))
        for i, j in _largest(found.instead)
    ]


def different_pairs(
    true: Counts, given: Counts, label_names: Sequence[str]
) -> list[tuple[str, str, int, int]]:
    """Return the pairs of labels whose numbers differ most: (a, b, in truth, as predicted)."""
    return [
        (label_names[a], label_names[b], int(true[a, b]), int(given[a, b]))
        for a, b in _largest(np.triu(np.abs(true - given), 1))
    ]


def _largest(counts: Counts) -> list[tuple[int, int]]:
    """Return row and column of the largest counts above 0."""
    order = np.argsort(-counts, axis=None, kind="stable")[:LISTED_PAIRS]
    rows, columns = np.unravel_index(order, counts.shape)
    return [(i, j) for i, j in zip(rows.tolist(), columns.tolist(), strict=True) if counts[i, j]]


def _squares(
    rows: Sequence[str],
    columns: Sequence[str],
    counts: Counts,
    shares: npt.NDArray[np.float64],
    hues: npt.NDArray[np.str_],
    told: str,
    description: str,
) -> Markup:
    """Draw a square for each of (R, C) counts that is not 0, the fuller the larger its share.

    ``hues`` are CSS classes; ``told`` says how the page's script words what a square is.
    """
    has_figures = len(rows) <= LABELS_WITH_FIGURES
    side = 30.0 if has_figures else 17.0
    row_names, column_names = (
        [shortened(name, _LONGEST_NAME) for name in names] for names in (rows, columns)
    )
    left = round(12 + LETTER * max(map(len, row_names)))
    top = round(12 + LETTER * max(map(len, column_names)) * 0.72)
    # Slanting names reach to the right of their columns.
    axes = Axes(
        "", "", (0, len(columns)), (len(rows), 0), left=left, top=top, right=top * 0.9, bottom=4,
        width=left + side * len(columns) + top * 0.9, height=top + side * len(rows) + 4,
    )  # fmt: skip
    parts = [segment(axes, (0, row), (len(columns), row), "grid") for row in range(len(rows) + 1)]
    parts += [segment(axes, (at, 0), (at, len(rows)), "grid") for at in range(len(columns) + 1)]
    for row, name in enumerate(row_names):
        parts.append(text(left - 6, axes.at(0, row + 0.5)[1] + 4, name, _LONGEST_NAME, "end"))
    for column, name in enumerate(column_names):
        place = f"translate({axes.at(column + 0.5, 0)[0] + 3:.0f} {top - 6}) rotate(-45)"
        parts.append(element("text", "", name, transform=place))
    # One path for all squares of a shade: a hundred labels have ten thousand squares.
    shades = np.ceil(shares * SHADES).astype(np.int64)
    margin = 1 / side
    for hue, shade in sorted({*zip(hues[counts > 0], shades[counts > 0].tolist(), strict=True)}):
        squares = np.argwhere((counts > 0) & (hues == hue) & (shades == shade)).tolist()
        path = "".join(
            box(axes, (at + margin, row + margin), (at + 1 - margin, row + 1 - margin))
            for row, at in squares
        )
        opacity = f"{0.1 + 0.9 * shade / SHADES:.2f}"
        parts.append(element("path", f"cell {hue}", fill_opacity=opacity, d=path))
    for row, column in np.argwhere(counts).tolist() if has_figures else ():
        kind = "count strong" if shares[row, column] > 0.5 else "count"
        x, y = axes.at(column + 0.5, row + 0.5)
        parts.append(element("text", kind, str(counts[row, column]), x=x, y=y + 4))
    return document(
        "matrix", (axes.width, axes.height), description, parts,
        width=axes.width, height=axes.height, data_told=told, data_grid=f"{left} {top} {side:g}",
        data_rows=json.dumps(list(rows)), data_columns=json.dumps(list(columns)),
        data_counts=";".join(" ".join(map(str, row)) for row in counts.tolist()),
    )  # fmt: skip
