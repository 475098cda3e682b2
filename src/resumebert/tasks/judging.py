"""From the scores of a trained model to results: decisions, figures, the baseline beside them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.splitting import with_train_fraction
from resumebert.evaluation.baseline import (
    COSTS,
    DEFAULT_COST,
    LinearBaseline,
    NoWordsError,
    fit_baseline,
)
from resumebert.evaluation.decisions import DecisionOptions, Decisions
from resumebert.evaluation.judgement import judge
from resumebert.evaluation.outputs import TRAIN_DOCUMENTS
from resumebert.evaluation.results import SplitResult
from resumebert.model.checkpoint import CheckpointExtras
from resumebert.model.classifier import ResumeClassifier

# Characters that the baseline trains on in a minute of one slow core, with its C chosen among five,
# and with the one C that it otherwise has: see `linear_baseline`.
TUNED_CHARACTERS = 40_000_000
BASELINE_CHARACTERS = 150_000_000

NOT_ASKED = (
    "evaluation.baseline=false left it out; python eval.py ckpt=… evaluation.baseline=true adds it."
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
        baseline: the linear model; None: there is none, and the results say why.
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
    trained = extras.config.get("evaluation", {})
    given = OmegaConf.create({key: value for key, value in trained.items() if value is not None})
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
    merged: DictConfig = OmegaConf.merge(defaults, given)  # type: ignore[assignment]
    return merged


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


def linear_baseline(
    asked: bool | str, datamodule: ResumeDataModule, options: DecisionOptions, console: Console
) -> tuple[LinearBaseline | None, str]:
    """Train the linear baseline on the training documents; choose by the validation documents.

    Of ``auto`` it takes about a minute: of many documents its C is not chosen but 1, which is one
    model a label rather than five, and of very many it is trained on some of them, drawn at random.
    Their characters are counted, not the seconds, so that a run and its repetition agree on any
    machine.

    Args:
        asked: ``evaluation.baseline``.
        datamodule: set up.
        options: what its calibration and thresholds are chosen by.
        console: told where it is not as asked.

    Returns:
        The model, if there is one, and what is to be said of it:
        ``SplitResult.baseline_note``.
    """
    if asked is False:
        return None, NOT_ASKED
    texts, labels = datamodule.table.texts, datamodule.table.labels
    train, val = (datamodule.indices(split) for split in ("train", "val"))
    costs, note = COSTS, ""
    if asked == "auto":
        train, costs, note = _within_a_minute(datamodule)
    if note:
        _say(console, f"The linear baseline is {note}.")
    try:
        baseline = fit_baseline(
            select(texts, train),
            labels[train],
            select(texts, val),
            labels[val],
            datamodule.table.label_names,
            costs=costs,
            options=options,
            val_groups=datamodule.groups[val],
        )
    except NoWordsError as error:
        why = f"There is nothing for it to learn from: {error}."
        _say(console, f"No linear baseline. {why}")
        return None, why
    return baseline, note


def _within_a_minute(
    datamodule: ResumeDataModule,
) -> tuple[npt.NDArray[np.int64], tuple[float, ...], str]:
    """Return which training documents take about a minute, the Cs to try, and what is left out."""
    train, texts = datamodule.indices("train"), datamodule.table.texts
    characters = sum(len(texts[i]) for i in train)
    if characters <= TUNED_CHARACTERS:
        return train, COSTS, ""
    kept, trained = train, "the same documents"
    if characters > BASELINE_CHARACTERS:
        share = BASELINE_CHARACTERS / characters
        split = with_train_fraction(datamodule.split, share, datamodule.seed, datamodule.groups)
        kept = np.flatnonzero(split == "train")
        trained = f"{len(kept):,} of the {len(train):,} training documents, drawn at random,"
    note = (
        f"trained on {trained} with C = {DEFAULT_COST:g} rather than the best of several, to take "
        "about a minute (evaluation.baseline=true: on all, with the best C)"
    )
    return kept, (DEFAULT_COST,), note


def _say(console: Console, words: str) -> None:
    console.print(words, style="yellow", highlight=False, soft_wrap=True)


def select(texts: Sequence[str], index: npt.NDArray[np.int64]) -> list[str]:
    """Return the texts at (k,) positions."""
    return [texts[i] for i in index]


def with_baseline(
    result: SplitResult,
    baseline: LinearBaseline | None,
    note: str,
    texts: Sequence[str],
    *,
    resamples: int,
) -> SplitResult:
    """Return ``result`` with what the baseline gives for the same documents.

    Args:
        result: the model's.
        baseline: the linear model, if there is one.
        note: what is to be said of it, or why there is none.
        texts: all of the table, cleaned.
        resamples: of the bootstrap.
    """
    if baseline is None:
        return replace(result, baseline_note=note)
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
    )
    counted = {TRAIN_DOCUMENTS: float(baseline.documents)}
    found = replace(found, metrics=found.metrics | counted)
    return replace(result, baseline=found, baseline_note=note)
