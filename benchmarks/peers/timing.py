"""Two ways in turn, and what one costs beside the other."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self


def seconds(work: Callable[[], object]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@dataclass(frozen=True)
class Row:
    """What one peer did with a workload, in turns with resumebert.

    Attributes:
        ratios: how many times as fast as it resumebert was, in each turn.
        rate: its own documents a second, the median.
        agreement: share of the decisions that are the same; None: nothing was decided.
    """

    workload: str
    peer: str
    ours: str
    ratios: Sequence[float]
    rate: float
    agreement: float | None = None

    @classmethod
    def of(
        cls,
        workload: str,
        peer: str,
        ours: str,
        times: Mapping[str, Sequence[float]],
        documents: int,
        agreement: float | None = None,
    ) -> Self:
        """Return the row of some documents, of the seconds of each turn by name."""
        ratios = [first / second for first, second in zip(times[peer], times[ours], strict=True)]
        rate = documents / statistics.median(times[peer])
        return cls(workload, peer, ours, ratios, rate, agreement)

    @property
    def ratio(self) -> float:
        """The median."""
        return statistics.median(self.ratios)

    def __str__(self) -> str:
        agreed = "" if self.agreement is None else f", {self.agreement:.2%} of decisions the same"
        return (
            f"{self.ours} is {self.ratio:.2f} times as fast [{min(self.ratios):.2f}, "
            f"{max(self.ratios):.2f}] as {self.peer} ({self.rate:.2f} documents/s){agreed}"
        )
