"""Analyse a run's results, and write what a person opens first: the report and the model card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from lightning.pytorch import Trainer
from rich.console import Console

from resumebert.data.datamodule import ResumeDataModule
from resumebert.evaluation.analysis import analyse
from resumebert.evaluation.baseline import LinearBaseline
from resumebert.evaluation.comparison import Compared
from resumebert.evaluation.decisions import Decisions
from resumebert.evaluation.label_noise import write_suspects
from resumebert.evaluation.result import EvaluationResult
from resumebert.inference.explaining import explain_text
from resumebert.inference.scoring import TextScorer, scorer_of_run
from resumebert.model.classifier import ResumeClassifier
from resumebert.report import ReportInput, read_history, write_model_card, write_report
from resumebert.report.speed_tables import speed_tables
from resumebert.report.table import Table
from resumebert.settings.calls import as_yaml
from resumebert.settings.schema import EvaluationSettings, Options
from resumebert.utils.folders import read_json
from resumebert.utils.interrupted_runs import runs_so_far
from resumebert.utils.progress import Phase, seconds_by_phase


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a report is of."""

    title: str
    checkpoint: str  # what to call it
    config: Options  # of the run that trained the model, resolved
    model: ResumeClassifier  # in training's precision after this, where that is a "true" one
    trainer: Trainer  # on whose device and in whose precision texts are scored
    datamodule: ResumeDataModule  # the documents that were scored are in it
    trained: ResumeDataModule | None  # what the model was trained on; None: it is not known
    results: Sequence[EvaluationResult]  # the one that the report is of last
    decisions: Decisions
    baseline: LinearBaseline | None  # None: there is none, and the results say why
    compared: Compared | None = None  # with another model

    @cached_property
    def scorer(self) -> TextScorer:
        """Scores further texts, which are clean already, as the trainer did."""
        return scorer_of_run(self.trainer, self.model, self.datamodule)


def report(
    subject: Subject,
    settings: EvaluationSettings,
    environment: Mapping[str, Any],
    output_dir: Path,
    console: Console,
) -> None:
    """Analyse the last of the results and write all that tells of it.

    ``tensorboard/`` or ``csv/`` in ``output_dir`` hold the history of a training, or of the last
    part of one that was resumed. ``environment`` is as written to environment.json.
    """
    if not settings.report or not subject.results:
        return
    console.print("Looking into the figures for the report …", highlight=False)
    datamodule, chosen = subject.datamodule, subject.config["model"]
    found = analyse(
        subject.results[-1],
        datamodule,
        subject.scorer,
        subject.decisions,
        trained=subject.trained,
        baseline=subject.baseline,
        others=subject.results[:-1],
        word_weights=lambda text, column: explain_text(subject.scorer, text, [column])[0][1],
        settings=settings,
    )
    size = sum(parameter.numel() for parameter in subject.model.parameters()) / 1e6
    content = ReportInput(
        title=subject.title,
        results=subject.results[::-1],
        created=f"{datetime.now(UTC):%-d %B %Y, %H:%M} UTC",
        notes=subject.decisions.notes,
        facts={
            "model": f"{chosen['path'] or chosen['name']}, {size:.1f} M parameters",
            "checkpoint": subject.checkpoint,
            "data": datamodule.table.source,
        },
        analysis=found,
        compared=subject.compared,
        history=read_history(runs_so_far(output_dir)),
        speed=_speed(output_dir),
        data_report=datamodule.report,
        config_yaml=as_yaml(subject.config),
        environment=environment,
    )
    with Phase("writing the report"):
        write_report(output_dir / "report.html", content)
        write_model_card(output_dir / "model_card.md", content)
    if found.suspects is not None:
        write_suspects(output_dir / "suspect_labels.csv", found.suspects)


def _speed(output_dir: Path) -> list[Table]:
    trained = read_json(output_dir / "throughput.json")
    return speed_tables(trained, seconds_by_phase()) if trained else []
