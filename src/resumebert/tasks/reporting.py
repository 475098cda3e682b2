"""Analyse a run's results, and write what a person opens first: the report and the model card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from resumebert.data.datamodule import ResumeDataModule
from resumebert.evaluation.analysis import Analysis, analyse
from resumebert.evaluation.baseline import LinearBaseline
from resumebert.evaluation.comparison import Compared
from resumebert.evaluation.decisions import Decisions
from resumebert.evaluation.label_noise import write_suspects
from resumebert.evaluation.result import EvaluationResult
from resumebert.evaluation.settings import EvaluationSettings
from resumebert.inference.scoring import TextScorer
from resumebert.model.classifier import ResumeClassifier
from resumebert.report import ReportInput, read_history, write_model_card, write_report
from resumebert.utils.interrupted_runs import runs_so_far


@dataclass(frozen=True)
class Subject:
    """What a report is of.

    Attributes:
        title: of the report.
        model: trained; in training's precision after this, where that is a "true" one.
        datamodule: set up; the documents that were scored are in it.
        trained: set up; the documents that the model was trained on, with their split. None: they
            can't be told any more.
        config: of the run that trained the model.
        precision: resolved.
        device: to score texts on.
        facts: further names and values for the head of the report.
        results: of one or more splits, the one that the report is of last.
        decisions: from the model's logits to probabilities and labels.
        baseline: the linear model; None: there is none, and the results say why.
    """

    title: str
    model: ResumeClassifier
    datamodule: ResumeDataModule
    trained: ResumeDataModule | None
    config: DictConfig
    precision: str
    device: torch.device
    facts: Mapping[str, str]
    results: Sequence[EvaluationResult]
    decisions: Decisions
    baseline: LinearBaseline | None


def report(
    subject: Subject,
    settings: EvaluationSettings,
    environment: Mapping[str, Any],
    output_dir: Path,
    console: Console,
    compared: Compared | None = None,
) -> None:
    """Analyse the last of the results and write all that tells of it.

    Args:
        subject: what it is of.
        settings: the config's ``evaluation``.
        environment: as written to environment.json.
        output_dir: where to; ``tensorboard/`` or ``csv/`` in it hold the history of a training, or
            of the last part of one that was resumed.
        console: for what the reader of the screen should know.
        compared: with another model, if it was.
    """
    results = subject.results[::-1]
    if not settings.report or not results:
        return
    console.print("Looking into the figures for the report …", highlight=False)
    found = _analysis(subject, settings)
    content = ReportInput(
        title=subject.title,
        results=results,
        created=f"{datetime.now(UTC):%-d %B %Y, %H:%M} UTC",
        notes=subject.decisions.notes,
        facts={"model": _name(subject), **subject.facts},
        analysis=found,
        compared=compared,
        history=read_history(runs_so_far(output_dir)),
        data_report=subject.datamodule.report,
        config_yaml=OmegaConf.to_yaml(subject.config, resolve=True),
        environment=environment,
    )
    write_report(output_dir / "report.html", content)
    write_model_card(output_dir / "model_card.md", content)
    if found.suspects is not None:
        write_suspects(output_dir / "suspect_labels.csv", found.suspects)


def _analysis(subject: Subject, settings: EvaluationSettings) -> Analysis:
    datamodule = subject.datamodule
    scorer = TextScorer(
        subject.model,
        datamodule.tokenizer,
        datamodule.windowing,
        batch_size=datamodule.eval_batch_size,
        precision=subject.precision,
        device=subject.device,
    )
    return analyse(
        subject.results[-1],
        datamodule,
        scorer,
        subject.decisions,
        trained=subject.trained,
        baseline=subject.baseline,
        others=subject.results[:-1],
        settings=settings,
    )


def _name(subject: Subject) -> str:
    model = subject.config.model
    size = sum(parameter.numel() for parameter in subject.model.parameters()) / 1e6
    return f"{model.path or model.name}, {size:.1f} M parameters"
