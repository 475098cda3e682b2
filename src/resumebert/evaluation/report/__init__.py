"""report.html and model_card.md: what a run found, for a reader who opens them first."""

from resumebert.evaluation.report.content import Compared, Curve, ReportInput
from resumebert.evaluation.report.history import read_history
from resumebert.evaluation.report.model_card import model_card, write_model_card
from resumebert.evaluation.report.page import report_html, write_report

__all__ = [
    "Compared",
    "Curve",
    "ReportInput",
    "model_card",
    "read_history",
    "report_html",
    "write_model_card",
    "write_report",
]
