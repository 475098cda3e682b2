"""A table as columns of plain cells; the report writes it as HTML, the model card as Markdown."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from resumebert.charts.words import ends, number, p_words
from resumebert.evaluation.result import Interval


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


class PValue(Figure):
    """A p-value."""

    @property
    def text(self) -> str:
        """The value, with the digits that it has."""
        return p_words(self.value)


@dataclass(frozen=True)
class Name:
    """The name of a row: ``hint`` is for who points at it, ``link`` a place in the page.

    ``is_loss`` tells that lower figures are better, ``label`` which label the row is of.
    """

    text: str
    hint: str = ""
    is_loss: bool = False
    label: int | None = None
    link: str = ""


# A picture is Markup.
Cell = str | int | Figure | Name | Markup | None


@dataclass(frozen=True)
class Column:
    """A column of a table; ``hint`` is for who points at the heading, ``kind`` are CSS classes."""

    heading: str
    cells: Sequence[Cell]
    hint: str = ""
    kind: str = ""

    @property
    def is_picture(self) -> bool:
        """Whether its cells are pictures."""
        return any(isinstance(cell, Markup) for cell in self.cells)

    @property
    def is_number(self) -> bool:
        """Whether its cells are numbers."""
        return any(isinstance(cell, int | Figure) for cell in self.cells)


@dataclass(frozen=True)
class Table:
    """A table; the first of its columns names the rows. ``note`` is what a reader must know."""

    title: str
    columns: Sequence[Column]
    summary: str = ""
    note: str = ""

    @property
    def rows(self) -> list[tuple[Cell, ...]]:
        """The cells of each row."""
        return list(zip(*(column.cells for column in self.columns), strict=True))

    @property
    def is_sortable(self) -> bool:
        """Whether it makes sense to sort the rows."""
        return len(self.rows) > 1 and any(column.is_number for column in self.columns)

    def only(self, *headings: str) -> "Table":
        """Return the table with some of its columns, as far as it has them."""
        return replace(self, columns=[c for c in self.columns if c.heading in headings])


def table_of(
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    more: Mapping[str, tuple[str, str]] | None = None,
) -> Table:
    """Return a table of rows, without empty columns; ``more`` is heading → hint and CSS classes."""
    columns = [
        Column(heading, [row[place] for row in rows], *(more or {}).get(heading, ("", "")))
        for place, heading in enumerate(headings)
    ]
    return Table(title, [c for c in columns if any(cell is not None for cell in c.cells)])
