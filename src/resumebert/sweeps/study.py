"""What a search's study tells: how it went, which keys mattered. Read from the sweep's folder."""

from dataclasses import dataclass
from pathlib import Path

# The study of a search, in the sweep's folder: Optuna's journal.
JOURNAL = "study.log"


@dataclass(frozen=True)
class Search:
    """A study's history.

    Attributes:
        words: how many trials came to what.
        metric: what was searched for.
        mode: ``max`` or ``min``.
        values: (trial, value) of the completed ones, in order.
        importances: (key, share) of the value's variance, the largest first; empty where there are
            too few trials to tell.
    """

    words: str
    metric: str
    mode: str
    values: list[tuple[int, float]]
    importances: list[tuple[str, float]]


def read_search(folder: Path) -> Search | None:
    """Return the study in a sweep's folder; None where there is none."""
    if not (folder / JOURNAL).exists():
        return None
    return None
