"""The documents that two models label differently, and which of the two is nearer to the truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from resumebert.evaluation.comparison import differing
from resumebert.evaluation.results import Flags, SplitResult

EXCERPT = 200


@dataclass(frozen=True)
class Disagreement:
    """A document that two models label differently.

    Attributes:
        id: the document's identifier.
        row: its row in the source, as messages count rows.
        true_labels: names of its labels.
        first: names of those that the first model gives.
        second: the second model's.
        wrong_first: how many labels the first model has wrong, missed or given wrongly.
        wrong_second: the second model's.
        excerpt: the beginning of the text.
    """

    id: str
    row: int
    true_labels: list[str]
    first: list[str]
    second: list[str]
    wrong_first: int
    wrong_second: int
    excerpt: str


def disagreements(
    first: SplitResult,
    second: SplitResult,
    texts: Sequence[str],
    rows: npt.NDArray[np.int64],
) -> list[Disagreement]:
    """Return the documents that two models label differently, the most different ones first.

    Those come first on which most labels differ, and of these those on which the probabilities of
    the labels lie furthest apart.

    Args:
        first: of n documents.
        second: of the same, in the same order.
        texts: n texts.
        rows: (n,) rows in the source.
    """
    other = first.predicted != second.predicted
    gaps = (np.abs(first.probabilities - second.probabilities) * other).sum(axis=1)
    places = differing(first.predicted, second.predicted)
    places.sort(key=lambda place: (-int(other[place].sum()), -float(gaps[place]), place))
    wrong = [(result.predicted != result.truth).sum(axis=1) for result in (first, second)]
    return [
        Disagreement(
            id=second.ids[place],
            row=int(rows[place]),
            true_labels=_names(second, second.truth[place]),
            first=_names(second, first.predicted[place]),
            second=_names(second, second.predicted[place]),
            wrong_first=int(wrong[0][place]),
            wrong_second=int(wrong[1][place]),
            excerpt=" ".join(texts[place][:EXCERPT].split()),
        )
        for place in places
    ]


def _names(result: SplitResult, flags: Flags) -> list[str]:
    return [name for name, flag in zip(result.label_names, flags, strict=True) if flag]
