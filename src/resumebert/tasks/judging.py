"""From the scores of a trained model to results: decisions, figures, the baseline beside them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from resumebert.data.datamodule import ResumeDataModule
from resumebert.evaluation.baseline import LinearBaseline, fit_baseline
from resumebert.evaluation.decisions import DecisionOptions, Decisions, plain_decisions
from resumebert.evaluation.judgement import judge
from resumebert.evaluation.results import SplitResult
from resumebert.model.checkpoint import CheckpointExtras
from resumebert.model.classifier import ResumeClassifier
from resumebert.utils.errors import UserError

# Characters that the baseline trains on in a minute of one slow core: see `wants_baseline`.
BASELINE_CHARACTERS = 40_000_000

WITHOUT_DECISIONS = (
    "The checkpoint has no tuned thresholds and no calibration: it was written before its training "
    "had ended, or by an older version. Probabilities are the plain sigmoid's, thresholds 0.5."
)


# Of splits that the training has used, what their figures are worth.
FLATTERED = {
    "train": "The model was trained on these documents: their figures flatter.",
    "val": "The checkpoint, its calibration and its thresholds were chosen by these documents: "
    "their figures flatter.",
    "all": "The model was trained on some of these documents: their figures flatter.",
}


@dataclass(frozen=True)
class Judgement:
    """What was found of a run, for everything that tells of it.

    Attributes:
        results: of each split, with the baseline's beside it.
        decisions: from the model's logits to probabilities and labels.
        baseline: the linear model; None: there is none.
    """

    results: list[SplitResult]
    decisions: Decisions
    baseline: LinearBaseline | None = None


def decision_options(evaluation: DictConfig) -> DecisionOptions:
    """Return what a config's ``evaluation`` says of calibration and thresholds."""
    return DecisionOptions(
        **{field.name: evaluation[field.name] for field in fields(DecisionOptions)}
    )


def trained_evaluation(extras: CheckpointExtras) -> DictConfig:
    """Return ``evaluation`` of a checkpoint's config; of an older version's, today's defaults."""
    trained: DictConfig = OmegaConf.create(extras.config.get("evaluation", {}))
    defaults = {field.name: field.default for field in fields(DecisionOptions)} | {
        "bootstrap_resamples": 10_000,
        "baseline": "auto",
        "report": True,
        "slices": True,
        "probes": True,
        "label_noise": True,
        "errors": 20,
        "label_words": None,
    }
    merged: DictConfig = OmegaConf.merge(defaults, trained)  # type: ignore[assignment]
    return merged


def stored_decisions(extras: CheckpointExtras, label_names: Sequence[str], path: Path) -> Decisions:
    """Return a checkpoint's decisions; the plain sigmoid at 0.5, with a note, if it has none.

    Raises:
        UserError: they are damaged.
    """
    if extras.decisions is None:
        return plain_decisions(len(label_names), [WITHOUT_DECISIONS])
    try:
        decisions = Decisions.from_plain(extras.decisions)
        if len(decisions.thresholds) != len(label_names):
            raise ValueError("they are of another number of labels")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(
            f"{path}: the checkpoint's calibration and thresholds are damaged ({error}); use "
            "another copy of it."
        ) from error
    return decisions


def cautioned(decisions: Decisions, split: str) -> Decisions:
    """Return ``decisions`` with a note, if a run's own split has been used to train the model."""
    note = FLATTERED.get(split)
    return decisions if note is None else replace(decisions, notes=[note, *decisions.notes])


def judge_scores(
    split: str,
    model: ResumeClassifier,
    stage: str,
    datamodule: ResumeDataModule,
    decisions: Decisions,
    *,
    resamples: int,
) -> SplitResult:
    """Judge what the last pass of a trainer gave.

    Args:
        split: what the documents are called.
        model: which scored them.
        stage: in which pass, ``val`` or ``test``.
        datamodule: the documents' own.
        decisions: from logits to probabilities and labels.
        resamples: of the bootstrap; 0: no intervals.
    """
    scores = model.scores[stage]
    index = scores.index.cpu().numpy()
    return judge(
        split,
        scores.logits.double().cpu().numpy(),
        scores.targets.cpu().numpy().astype(bool),
        decisions,
        model.label_names,
        ids=[str(datamodule.table.ids[i]) for i in index],
        index=index,
        groups=datamodule.groups[index],
        resamples=resamples,
        loss=model.results[stage]["loss"],
    )


def wants_baseline(asked: bool | str, datamodule: ResumeDataModule, console: Console) -> bool:
    """Tell whether to train the baseline; of ``auto``, whether the training texts are few enough.

    The texts are counted, not the seconds, so that a run and its repetition agree on any machine.
    """
    if asked != "auto":
        return bool(asked)
    texts = datamodule.table.texts
    characters = sum(len(texts[i]) for i in datamodule.indices("train"))
    if characters <= BASELINE_CHARACTERS:
        return True
    console.print(
        f"No linear baseline: its training on {characters / 1e6:,.0f} M characters would take more "
        "than about a minute. evaluation.baseline=true trains it.",
        style="yellow",
        highlight=False,
        soft_wrap=True,
    )
    return False


def train_baseline(datamodule: ResumeDataModule, options: DecisionOptions) -> LinearBaseline:
    """Train the linear model on the training documents; choose by the validation documents."""
    texts, labels = datamodule.table.texts, datamodule.table.labels
    train, val = (datamodule.indices(split) for split in ("train", "val"))
    return fit_baseline(
        select(texts, train),
        labels[train],
        select(texts, val),
        labels[val],
        datamodule.table.label_names,
        options=options,
    )


def select(texts: Sequence[str], index: npt.NDArray[np.int64]) -> list[str]:
    """Return the texts at (k,) positions."""
    return [texts[i] for i in index]


def with_baseline(
    result: SplitResult, baseline: LinearBaseline, texts: Sequence[str], *, resamples: int
) -> SplitResult:
    """Return ``result`` with what the baseline gives for the same documents.

    Args:
        result: the model's.
        baseline: the linear model.
        texts: all of the table, cleaned.
        resamples: of the bootstrap.
    """
    found = judge(
        result.split,
        baseline.decision_values(select(texts, result.index)),
        result.truth,
        baseline.decisions,
        result.label_names,
        ids=result.ids,
        index=result.index,
        groups=result.groups,
        resamples=resamples,
        plain_intervals=False,
    )
    return replace(result, baseline=found)
