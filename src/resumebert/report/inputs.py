"""What goes into a report, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from resumebert.charts.history import Curve
from resumebert.evaluation.analysis import Analysis
from resumebert.evaluation.comparison import Compared
from resumebert.evaluation.result import EvaluationResult
from resumebert.report.table import Table


@dataclass(frozen=True)
class ReportInput:
    """All that a report can show; what is left out is not shown, or is said to be missing.

    The report is of the first of ``results``; other splits' stand beside it. ``analysis`` is of the
    first, and ``notes`` are what a reader must know.
    """

    title: str
    results: Sequence[EvaluationResult]
    created: str = ""
    notes: Sequence[str] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    analysis: Analysis = field(default_factory=Analysis)
    compared: Compared | None = None
    history: Sequence[Curve] = ()
    speed: Sequence[Table] = ()
    data_report: Mapping[str, Any] | None = None
    config_yaml: str = ""
    environment: Mapping[str, Any] | None = None

    @property
    def result(self) -> EvaluationResult:
        """What the report is of."""
        return self.results[0]
