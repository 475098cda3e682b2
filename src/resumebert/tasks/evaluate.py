"""eval.py: a checkpoint on its own split, or on other labelled data."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from omegaconf import DictConfig

from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.label_words import label_words
from resumebert.data.table import ResumeTable
from resumebert.evaluation.baseline import NOT_ASKED, LinearBaseline, linear_baseline, with_baseline
from resumebert.evaluation.comparison import Compared, compare_results
from resumebert.evaluation.decisions import with_caution
from resumebert.evaluation.files import (
    write_comparison,
    write_disagreements,
    write_json,
    write_metrics,
    write_predictions,
)
from resumebert.evaluation.registry import load_metrics
from resumebert.evaluation.result import EvaluationResult, evaluate_split
from resumebert.inference.evaluating import (
    BASELINE,
    Opened,
    documents,
    evaluation_settings,
    given_data,
    open_checkpoint,
    open_other,
    overlap,
    own_documents,
    score,
    score_other,
)
from resumebert.report.console import print_comparison, print_result, print_warnings, say_where
from resumebert.settings.compose import eval_settings
from resumebert.settings.schema import DataSettings, EvalSettings, EvaluationSettings
from resumebert.tasks.reporting import Subject, report
from resumebert.utils.console import make_console, quiet_libraries, warn
from resumebert.utils.durable_files import postpone, raising_postponed
from resumebert.utils.environment import environment
from resumebert.utils.errors import UserError
from resumebert.utils.folders import make_output_folder
from resumebert.utils.hardware import keep_freed_memory
from resumebert.utils.progress import showing
from resumebert.utils.trust import packages

console = make_console()

CHANGED_DATA = (
    "Warning: {source} is not as it was when the model was trained (its fingerprint differs): "
    "documents, labels or the split have changed. Documents that are tested here may have been "
    "trained on, and the figures are not those of the training run."
)


@showing(console)
@raising_postponed()
def evaluate(config: DictConfig) -> dict[str, float]:
    """Evaluate ``config.ckpt`` and write metrics and predictions to ``config.output_dir``.

    Returns:
        The metrics, without the split's name before theirs.

    Raises:
        UserError: a value of the config, the checkpoint or the data is wrong.
    """
    settings = eval_settings(config)
    trust = packages(settings.trust)
    quiet_libraries()
    opened = open_checkpoint(settings.ckpt, "ckpt", trust)
    opened.restore_loss()
    model, other = opened.model, None
    if settings.compare_to not in (None, BASELINE):
        other = open_other(str(settings.compare_to), model.label_names, trust)
    is_own = settings.data is None
    data = opened.own_data() if is_own else given_data(settings, opened)
    datamodule = (own_documents if is_own else documents)(opened, data, **_overrides(settings))
    source, split = datamodule.table.source, settings.split or "test"
    how = evaluation_settings(settings, opened.config.get("evaluation", {}), console)
    load_metrics(how.metrics)
    decisions = opened.decisions
    label_words(model.label_names, how.label_words)
    if len(datamodule.indices(datamodule.test_split)) == 0:
        raise UserError(f"split={split}: no document is in it. Choose another, or split=all.")
    if is_own and datamodule.fingerprint != opened.extras.split_fingerprint:
        warn(console, CHANGED_DATA.format(source=source), "bold yellow")
    if not is_own:
        print_warnings(console, datamodule.report)
    output_dir = make_output_folder(Path(settings.output_dir))
    surroundings = environment()
    write_json(output_dir / "environment.json", surroundings)
    write_json(output_dir / "data_report.json", datamodule.report)

    postpone()
    keep_freed_memory()
    trainer = score(opened, datamodule, settings.trainer)
    if is_own:
        decisions = with_caution(decisions, split)
    result = evaluate_split(split, model, "test", datamodule, decisions, how)
    trained, baseline, note = _baseline(settings, how, datamodule, opened)
    result = with_baseline(result, baseline, note, datamodule.table.texts, how)
    write_metrics(output_dir / "metrics.json", [result])
    write_predictions(output_dir / f"predictions_{split}.csv", result)
    print_result(console, f"{split}, {opened.path}", result, decisions)
    compared = None
    if settings.compare_to is not None:
        compared = _compare(settings, how, result, opened, other, datamodule, data)
    subject = Subject(
        title=f"{split} of {source}",
        model=model,
        datamodule=datamodule,
        trained=trained,
        config=opened.config,
        trainer=trainer,
        checkpoint=str(opened.path),
        results=[result],
        decisions=decisions,
        baseline=baseline,
        compared=compared,
    )
    report(subject, how, surroundings, output_dir, console)
    say_where(console, output_dir)
    return result.metrics


def _overrides(settings: EvalSettings) -> dict[str, Any]:
    """Return which documents of the data are evaluated, and how many at once."""
    overrides: dict[str, Any] = {"test_split": settings.split or "test"}
    if settings.batch_size is not None:
        overrides["eval_batch_size"] = settings.batch_size
    if settings.split is None and settings.data is not None:
        overrides["splitter"] = _all_in_test
    return overrides


def _all_in_test(table: ResumeTable, groups: Any, seed: int) -> npt.NDArray[np.str_]:
    """Split nothing off: data that were not trained on are tested as a whole."""
    return np.full(len(table), "test")


def _baseline(
    settings: EvalSettings, how: EvaluationSettings, datamodule: ResumeDataModule, opened: Opened
) -> tuple[ResumeDataModule | None, LinearBaseline | None, str]:
    """Return the training's documents if still as they were, the baseline of them, and a note."""
    baseline, note = None, NOT_ASKED
    trained = datamodule if settings.data is None else None
    if trained is None and (how.baseline or (how.report and how.probes)):
        try:
            trained = documents(opened, opened.own_data())
        except UserError as error:
            if how.baseline:
                note = f"The documents of the training run can't be read. {error}"
                warn(console, f"No linear baseline. {note}")
    if trained is not None:
        baseline, note = linear_baseline(trained, how, console)
    if baseline is None and settings.compare_to == BASELINE:
        raise UserError(f"compare_to=baseline: there is no linear baseline. {note}")
    is_same = trained is not None and trained.fingerprint == opened.extras.split_fingerprint
    return trained if is_same else None, baseline, note


def _compare(
    settings: EvalSettings,
    how: EvaluationSettings,
    result: EvaluationResult,
    opened: Opened,
    other: Opened | None,
    datamodule: ResumeDataModule,
    data: DataSettings,
) -> Compared:
    """Compare the result with that of the other model, or of the linear baseline."""
    warning = ""
    if other is None:
        assert result.baseline is not None
        name, first = "the linear baseline", result.baseline
    else:
        name, first = str(other.path), score_other(other, result, data, settings.trainer, how)
        warning = overlap(other, opened, result) if settings.data is None else ""
    if warning:
        warn(console, f"Warning: {warning}", "bold yellow")
    names, table, folder = (name, str(opened.path)), datamodule.table, Path(settings.output_dir)
    compared = compare_results(first, result, names, table, how.bootstrap_resamples, warning)
    write_comparison(folder / "comparison.json", compared.found, names)
    write_disagreements(folder / "disagreements.csv", compared.documents)
    print_comparison(console, names, compared.found)
    return compared
