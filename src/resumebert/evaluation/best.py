"""After the training: score with the best checkpoint, fit its decisions, compute every figure."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from lightning.pytorch import Trainer
from rich.console import Console

from resumebert.data.datamodule import ResumeDataModule
from resumebert.evaluation.areas import Floats
from resumebert.evaluation.baseline import LinearBaseline, linear_baseline, with_baseline
from resumebert.evaluation.decisions import Decisions, fit_decisions, with_caution
from resumebert.evaluation.result import EvaluationResult, evaluate_split
from resumebert.model.checkpoint import global_step, load_checkpoint, store_decisions
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.sharding import FullySharded
from resumebert.settings.schema import EvaluationSettings, TrainSettings
from resumebert.utils.durable_files import tell_or_raise
from resumebert.utils.errors import UnwrittenError
from resumebert.utils.progress import Phase


def score_best(
    trainer: Trainer,
    model: ResumeClassifier,
    datamodule: ResumeDataModule,
    settings: TrainSettings,
    best: str | None,
    *,
    is_validated: bool,
    score_texts: Callable[[Sequence[str]], Floats],
) -> Decisions:
    """Score validation and test with the best checkpoint, and put the decisions into it.

    ``best`` is its path, whose weights ``model`` has after this; None: the last weights are scored.
    ``score_texts`` gives the (n, L) logits of n texts, for validation documents without the labels'
    words, if the training had such.

    Returns:
        Calibration and thresholds, of the validation documents alone, if it ``is_validated``.
    """
    to_load = best
    logits = np.zeros((0, len(model.label_names)))
    truth = logits.astype(np.uint8)
    groups, views = None, []
    if is_validated:
        # The training's last validation may have been of the best checkpoint's very weights. Merged
        # factors of LoRA are the same weights but for rounding.
        is_scored = (
            best is not None
            and model.scored_at.get("val") == trainer.global_step == global_step(Path(best))
            and settings.model.lora is None
        )
        if not is_scored:
            trainer.validate(
                model, datamodule=datamodule, ckpt_path=to_load, verbose=False, weights_only=True
            )
            to_load = None  # It is loaded now.
        scores = model.scores["val"]
        logits, truth = scores.logits.double().cpu().numpy(), scores.targets.cpu().numpy()
        index = scores.index.cpu().numpy()
        groups = datamodule.groups[index]
        if trainer.is_global_zero:
            masked = datamodule.masked_texts(index)
            views = [(share, score_texts(texts)) for share, texts in masked]
    with Phase("calibration and thresholds"):
        decisions = fit_decisions(
            logits, truth, model.label_names, settings.evaluation, groups, views
        )
    if trainer.is_global_zero and best is not None:
        store_in_run(decisions, Path(best))
    if len(datamodule.indices("test")) > 0 and settings.trainer.limit_test_batches != 0:
        trainer.test(
            model, datamodule=datamodule, ckpt_path=to_load, verbose=False, weights_only=True
        )
    return decisions


def store_in_run(decisions: Decisions, best: Path) -> None:
    """Put the decisions into best.ckpt, and into last.ckpt beside it; say so if they can't be."""
    try:
        _store(decisions, best)
    except UnwrittenError as error:
        tell_or_raise(error)


def _store(decisions: Decisions, best: Path) -> None:
    store_decisions(best, decisions.to_plain())
    last = best.with_name("last.ckpt")
    if not last.exists():
        return
    if global_step(last) != global_step(best):
        note = (
            "Calibration and thresholds were fitted to the scores of best.ckpt, of other weights."
        )
        decisions = replace(decisions, notes=[*decisions.notes, note])
    store_decisions(last, decisions.to_plain())


def whole_model(
    trainer: Trainer, model: ResumeClassifier, settings: TrainSettings, best: str | None
) -> ResumeClassifier:
    """Return the model to score further texts with, on one process alone."""
    if best is None or not isinstance(trainer.strategy, FullySharded):
        return model
    # Of a sharded model each process holds a part, and the others have nothing more to score.
    named = (settings.model.pooling, settings.model._target_)
    whole, _ = load_checkpoint(Path(best), trust=[name.partition(".")[0] for name in named])
    whole.chunk_tokens = model.chunk_tokens
    return whole


def evaluate_run(
    model: ResumeClassifier,
    datamodule: ResumeDataModule,
    decisions: Decisions,
    settings: EvaluationSettings,
    console: Console,
) -> tuple[list[EvaluationResult], Decisions, LinearBaseline | None]:
    """Compute the figures of the splits that were scored, with the linear baseline's beside them.

    Returns:
        The results, the decisions with notes on what the figures are worth, and the baseline.
    """
    results = [
        evaluate_split(split, model, split, datamodule, decisions, settings)
        for split in model.scores
    ]
    if not results:
        return results, decisions, None
    # Without a test split the figures to look at are those of validation.
    decisions = with_caution(decisions, results[-1].split)
    partial = [
        f"Only {len(result.ids)} of {documents} documents of the {result.split} split were scored "
        f"(trainer.limit_{result.split}_batches, trainer.overfit_batches)."
        for result in results
        if len(result.ids) < (documents := int((datamodule.split == result.split).sum()))
    ]
    decisions = replace(decisions, notes=[*partial, *decisions.notes])
    baseline, note = linear_baseline(datamodule, settings, console)
    texts = datamodule.table.texts
    with Phase("figures of the linear baseline"):
        results = [with_baseline(result, baseline, note, texts, settings) for result in results]
    return results, decisions, baseline
