"""model_card.md: what a model is, how good, for what, and for what not."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import escape
from omegaconf import OmegaConf

from resumebert.report import metric_tables
from resumebert.report.analysis_tables import removal_tables, slice_tables, swap_tables
from resumebert.report.cautions import missing, warnings
from resumebert.report.comparison_table import compared_to_baseline, compared_words
from resumebert.report.data_tables import command_of, data_tables
from resumebert.report.inputs import ReportInput, template
from resumebert.report.metric_tables import Figure
from resumebert.utils.durable_files import write_text

# What of the config a reader wants to know, with its words.
RECIPE = (
    ("model.name", "pretrained model"),
    ("data.max_length", "tokens of a window"),
    ("data.long_documents", "long documents"),
    ("model.pooling", "pooling of windows"),
    ("loss._target_", "loss"),
    ("optimizer.lr", "learning rate"),
    ("data.batch_size", "batch size"),
    ("trainer.max_epochs", "epochs"),
    ("seed", "seed"),
)


def write_model_card(path: Path, report: ReportInput) -> None:
    """Write the model card as Markdown."""
    write_text(path, model_card(report))


def model_card(report: ReportInput) -> str:
    """Return the model card as Markdown."""
    result = report.result
    # HTML's escapes are of no use in Markdown: the filter md escapes.
    text = template("model_card.md", autoescape=False, md=escaped, figure=_figure).render(
        report=report,
        result=result,
        verdict=metric_tables.verdict(result, is_compared=compared_to_baseline(report)),
        compared=None if report.compared is None else compared_words(report.compared),
        warnings=warnings(report),
        missing=missing(report),
        headline_rows=metric_tables.headline_rows(result),
        label_rows=metric_tables.label_rows(result),
        slices=slice_tables(report.analysis.slices),
        words_removed=removal_tables(report.analysis.words_removed),
        swaps=swap_tables(report.analysis.swaps),
        data=None if report.data_report is None else data_tables(report.data_report),
        recipe=recipe(report.config_yaml),
        command=command_of(report),
    )
    return re.sub(r"\n{3,}", "\n\n", text)


def recipe(config_yaml: str) -> list[tuple[str, str]]:
    """Return words and value of the settings that make a recipe, where the config has them."""
    config = OmegaConf.create(config_yaml or "{}")
    plain: Any = OmegaConf.to_container(config, resolve=False)
    found = [(words, _select(plain, key)) for key, words in RECIPE]
    return [
        (words, str(value).rpartition(".")[2] if words == "loss" else str(value))
        for words, value in found
        if value is not None
    ]


def _select(values: Any, key: str) -> Any:
    for part in key.split("."):
        if not isinstance(values, Mapping):
            return None
        values = values.get(part)
    return values


def escaped(text: object) -> str:
    """Return text on one line that Markdown shows as it is, in a table too."""
    line = " ".join(str(text).split())
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", str(escape(line)).replace("&#39;", "'"))


def _figure(figure: Figure | None) -> str:
    if figure is None:
        return "none"
    return f"{figure.text} [{figure.ends}]" if figure.ends else figure.text
