"""The reading order of a page: lines, columns and tables, by where words stand and were written."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from math import ceil
from statistics import median

# Of a page with more pieces (a chart, a map), the order in which it was written is taken.
_MOST_PIECES = 1500
# Points.
_STEP = 3
# A gutter passes at least so many lines on either side; fewer are a heading with a date.
_FEWEST_LINES = 3
# A line of a column has so many words; the cell of a table has fewer.
_WORDS_OF_PROSE = 4


@dataclass(slots=True)
class Piece:
    """A part of a line without a wide gap; y grows downwards, ``order`` is that of writing."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    order: int

    @property
    def middle(self) -> float:
        """The height at which it stands."""
        return (self.y0 + self.y1) / 2


def in_reading_order(pieces: Sequence[Piece]) -> str:
    """Return the text of a page: columns one after the other, tables row by row."""
    if len(pieces) > _MOST_PIECES:
        return "\n".join(piece.text for piece in pieces)
    return "\n".join(_arranged(pieces))


def _arranged(pieces: Sequence[Piece]) -> list[str]:
    """Return the lines of a region: what is above its columns, these, and what is below them."""
    if (parts := _columns(pieces)) is None:
        return _rows(pieces)
    above, left, right, below = parts
    return [*_arranged(above), *_side_by_side(left, right), *_arranged(below)]


def _columns(pieces: Sequence[Piece]) -> tuple[list[Piece], ...] | None:
    """Return what is above, left of, right of and below the longest gutter; None: there is none."""
    by_height = sorted(pieces, key=lambda piece: piece.middle)
    best: tuple[list[Piece], ...] | None = None
    best_score = (_FEWEST_LINES - 1, 0.0)
    last_start = max((piece.x0 for piece in pieces), default=0)
    # In steps that no gutter is narrower than, so that there are few.
    for x in sorted({_STEP * ceil(p.x1 / _STEP) for p in pieces if p.x1 < last_start}):
        start = 0
        for blocked, run in groupby(by_height, partial(_crosses, x)):
            band = list(run)
            end = start + len(band)
            left = [piece for piece in band if piece.x1 <= x]
            right = [piece for piece in band if piece.x0 >= x]
            if not blocked and left and right:
                width = min(p.x0 for p in right) - max(p.x1 for p in left)
                score = (_lines_beside(left, right), width)
                if score > best_score:
                    best_score = score
                    best = by_height[:start], left, right, by_height[end:]
            start = end
    return best


def _crosses(x: float, piece: Piece) -> bool:
    return piece.x0 < x < piece.x1


def _lines_beside(left: Sequence[Piece], right: Sequence[Piece]) -> int:
    """Return how many lines of the shorter side stand beside the other."""
    top = max(min(p.y0 for p in left), min(p.y0 for p in right))
    bottom = min(max(p.y1 for p in left), max(p.y1 for p in right))
    return min(
        len({round(p.middle) for p in side if top <= p.middle <= bottom}) for side in (left, right)
    )


def _side_by_side(left: Sequence[Piece], right: Sequence[Piece]) -> list[str]:
    """Return the lines of two columns, or those of a table."""
    both = sorted([*left, *right], key=lambda piece: piece.order)
    is_left = {id(piece) for piece in left}
    cells = [list(run) for _, run in groupby(both, lambda piece: id(piece) in is_left)]
    if len(cells) == 2 or not _stand_in_rows(left, right):
        return [*_arranged(left), *_arranged(right)]
    # Written cell by cell, each of several lines: that is the order.
    if len(cells) <= min(len(left), len(right)):
        return [line for cell in cells for line in _arranged(cell)]
    return [*_arranged(left), *_arranged(right)] if _are_prose(left, right) else _rows(both)


def _are_prose(left: Sequence[Piece], right: Sequence[Piece]) -> bool:
    """Return whether two sides are columns of prose: lines of some words, and a narrow gutter."""
    start, end = max(p.x1 for p in left), min(p.x0 for p in right)
    widths = (start - min(p.x0 for p in left), max(p.x1 for p in right) - end)
    words = (median(len(p.text.split()) for p in side) for side in (left, right))
    return min(words) >= _WORDS_OF_PROSE and end - start < min(widths) / 2


def _stand_in_rows(left: Sequence[Piece], right: Sequence[Piece]) -> bool:
    """Return whether the lines of the shorter side stand at the height of lines of the other."""
    shorter, other = sorted((left, right), key=len)
    beside = [
        any(abs(piece.middle - p.middle) < (piece.y1 - piece.y0) / 4 for p in other)
        for piece in shorter
    ]
    return sum(beside) >= 0.8 * len(beside)


def _rows(pieces: Sequence[Piece]) -> list[str]:
    """Return lines from top to bottom, each from left to right."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.middle):
        if rows and piece.middle - rows[-1][-1].middle < (piece.y1 - piece.y0) / 2:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return ["\t".join(p.text for p in sorted(row, key=lambda p: p.x0)) for row in rows]
