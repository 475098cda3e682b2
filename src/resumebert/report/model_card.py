"""model_card.md: what a model is, how good, for what, and for what not."""

import re
from pathlib import Path
from typing import Any

from markupsafe import escape
from omegaconf import OmegaConf

from resumebert.charts import template
from resumebert.report import data_tables, sentences, tables
from resumebert.report.inputs import ReportInput
from resumebert.report.table import Cell, Figure, Name, Table
from resumebert.utils.durable_files import write_text

# What of the config a reader wants to know, with its words.
RECIPE = {
    "model.name": "pretrained model",
    "data.max_length": "tokens of a window",
    "data.long_documents": "long documents",
    "model.pooling": "pooling of windows",
    "loss._target_": "loss",
    "optimizer.lr": "learning rate",
    "data.batch_size": "batch size",
    "trainer.max_epochs": "epochs",
    "seed": "seed",
}
LABEL_COLUMNS = ("label", "have it", "threshold", "F1", "baseline F1", "precision", "recall")


def write_model_card(path: Path, report: ReportInput) -> None:
    """Write the model card as Markdown."""
    write_text(path, model_card(report))


def model_card(report: ReportInput) -> str:
    """Return the model card as Markdown."""
    # HTML's escapes are of no use in Markdown: the filter md escapes.
    text = template(
        "resumebert.report", "model_card.md", autoescape=False, md=escaped, table=_table
    ).render(
        report=report,
        result=report.result,
        analysis=report.analysis,
        labels=tables.label_table(report.result).only(*LABEL_COLUMNS),
        recipe=recipe(report.config_yaml),
        sentences=sentences,
        tables=tables,
        data=data_tables,
    )
    return re.sub(r"\n{3,}", "\n\n", text)


def recipe(config_yaml: str) -> list[tuple[str, str]]:
    """Return words and value of the settings that make a recipe, where the config has them."""
    config: Any = OmegaConf.to_container(OmegaConf.create(config_yaml or "{}"), resolve=False)
    known = {key: data_tables.inside(config, key) for key in RECIPE}
    return [
        (RECIPE[key], str(value).rpartition(".")[2] if key == "loss._target_" else str(value))
        for key, value in known.items()
        if value is not None
    ]


def escaped(text: object) -> str:
    """Return text on one line that Markdown shows as it is, in a table too."""
    line = " ".join(str(text).split())
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", str(escape(line)).replace("&#39;", "'"))


def _table(table: Table) -> str:
    """Return a table without its pictures as Markdown, with its title and note."""
    columns = [column for column in table.columns if not column.is_picture]
    lines = [
        [escaped(column.heading) for column in columns],
        ["---" for _ in columns],
        *zip(*([_cell(cell) for cell in column.cells] for column in columns), strict=True),
    ]
    rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    note = f"\n\n{escaped(table.note)}" if table.note else ""
    return f"**{escaped(table.title)}**\n\n{rows}{note}\n"


def _cell(cell: Cell) -> str:
    if isinstance(cell, Figure):
        return f"{cell.text} [{cell.ends}]" if cell.ends else cell.text
    if isinstance(cell, Name):
        return escaped(cell.text) + (" (lower is better)" if cell.is_loss else "")
    if isinstance(cell, int):
        return f"{cell:,}"
    return "" if cell is None else escaped(cell)
