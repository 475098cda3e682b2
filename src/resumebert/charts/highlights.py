"""Texts in HTML, with parts of them marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup


@dataclass(frozen=True)
class Mark:
    """An HTML element around a part of a text.

    Attributes:
        start: the part's first character.
        end: the one after its last.
        tag: of the element, such as ``mark``.
        attributes: of the element, not yet escaped.
    """

    start: int
    end: int
    tag: str
    attributes: Mapping[str, str]


def highlighted(
    text: str, layers: Sequence[Sequence[Mark]], begin: int = 0, end: int | None = None
) -> Markup:
    """Return the characters from ``begin`` to ``end``, escaped, with what the layers mark in them.

    Marks may overlap; those of a layer lie around those of the layers before it.
    """
    end = len(text) if end is None else end
    edges = {edge for layer in layers for mark in layer for edge in (mark.start, mark.end)}
    pieces = []
    for start, stop in pairwise(sorted({begin, end, *(e for e in edges if begin < e < end)})):
        piece = Markup("{}").format(text[start:stop])
        for mark in (mark for layer in layers for mark in layer):
            if mark.start <= start and stop <= mark.end:
                given = [Markup(' {}="{}"').format(*pair) for pair in mark.attributes.items()]
                piece = Markup("<{0}{1}>{2}</{0}>").format(mark.tag, Markup("").join(given), piece)
        pieces.append(piece)
    return Markup("").join(pieces)
