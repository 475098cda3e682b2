"""report.html and model_card.md: what a run found, for a reader who opens them first."""

from resumebert.report.inputs import Compared, Curve, ReportInput
from resumebert.report.model_card import model_card, write_model_card
from resumebert.report.page import report_html, write_report
from resumebert.report.training_log import read_history

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
