"""eval.py: a checkpoint on its own split, or on other labelled data."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.splitting import predefined_split
from resumebert.data.table import ResumeTable
from resumebert.data.tokenization import TextTokenizer
from resumebert.data.windows import window_length
from resumebert.evaluation.baseline import NOT_ASKED, LinearBaseline, linear_baseline, with_baseline
from resumebert.evaluation.comparison import Compared, compare_results
from resumebert.evaluation.decisions import stored_decisions, with_caution
from resumebert.evaluation.files import (
    write_comparison,
    write_disagreements,
    write_json,
    write_metrics,
    write_predictions,
)
from resumebert.evaluation.label_words import label_words
from resumebert.evaluation.own_calibration import calibration_class
from resumebert.evaluation.registry import load_metrics
from resumebert.evaluation.result import EvaluationResult, evaluate_split
from resumebert.evaluation.settings import EvaluationSettings
from resumebert.model.checkpoint import CheckpointExtras, load_checkpoint
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.losses import with_prevalences
from resumebert.model.stored_calls import LOSSES, checked_call, checked_data
from resumebert.report.console import (
    print_comparison,
    print_result,
    print_warnings,
    say_where,
)
from resumebert.tasks import build
from resumebert.tasks.compare import (
    BASELINE,
    TREATMENT,
    Other,
    load_other,
    score_other,
    warning_of_overlap,
)
from resumebert.tasks.reporting import Subject, report
from resumebert.utils.config_checks import check_max_length, check_values
from resumebert.utils.console import make_console
from resumebert.utils.durable_files import postpone, raising_postponed
from resumebert.utils.environment import environment
from resumebert.utils.errors import UserError
from resumebert.utils.folders import checkpoint_file, make_output_folder
from resumebert.utils.hardware import keep_freed_memory
from resumebert.utils.trust import is_dotted, packages, trusted

console = make_console()

OTHER_DATA = (
    "Warning: {source} is not as it was when the model was trained (its fingerprint differs): "
    "documents, labels or the split have changed. Documents that are tested here may have been "
    "trained on, and the figures are not those of the training run."
)


@raising_postponed()
def evaluate(config: DictConfig) -> dict[str, float]:
    """Evaluate ``config.ckpt`` and write metrics and predictions to ``config.output_dir``.

    Returns:
        The metrics, without the split's name before theirs.

    Raises:
        UserError: a value of the config, the checkpoint or the data is wrong.
    """
    config = deepcopy(config)
    check_values(config)
    trust = packages(config.trust)
    build.quiet_libraries()
    path = checkpoint_file(Path(str(config.ckpt)))
    model, extras = _load(path, config, trust)
    trained = OmegaConf.create(extras.config)
    other = None
    if config.compare_to not in (None, BASELINE):
        other = load_other(config.compare_to, model.label_names, trust)
    data = _data(config, extras, model)
    datamodule = _datamodule(data, trained, model, extras, path, **_overrides(config))
    if _is_own_data(config):
        datamodule = _as_split_then(datamodule, data, extras, path, **_overrides(config))
    settings = _settings(config, extras)
    load_metrics(settings.metrics)
    decisions = stored_decisions(extras.decisions, len(model.label_names), str(path), trust)
    label_words(model.label_names, settings.label_words)
    if len(datamodule.indices(datamodule.test_split)) == 0:
        raise UserError(
            f"split={datamodule.test_split}: no document is in it. Choose another, or split=all."
        )
    if _is_own_data(config) and datamodule.fingerprint != extras.split_fingerprint:
        warning = OTHER_DATA.format(source=datamodule.table.source)
        console.print(warning, style="bold yellow", soft_wrap=True)
    if not _is_own_data(config):
        print_warnings(console, datamodule.report)
    output_dir = make_output_folder(Path(config.output_dir))
    surroundings = environment()
    write_json(output_dir / "environment.json", surroundings)
    write_json(output_dir / "data_report.json", datamodule.report)

    split = config.split or "test"
    postpone()
    keep_freed_memory()
    trainer = build.evaluation_trainer(
        config.trainer.accelerator or "auto",
        config.trainer.precision or trained.trainer.precision,
    )
    trainer.test(model, datamodule=datamodule, verbose=False)
    if _is_own_data(config):
        decisions = with_caution(decisions, split)
    result = evaluate_split(split, model, "test", datamodule, decisions, settings)
    own, why = _trained_on(config, settings, datamodule, model, extras, path)
    result, baseline = _beside_baseline(config, settings, result, datamodule, own, why)
    write_metrics(output_dir / "metrics.json", [result])
    write_predictions(output_dir / f"predictions_{split}.csv", result)
    print_result(console, f"{split}, {path}", result, decisions)
    compared = None
    if config.compare_to is not None:
        compared = _compared(config, settings, result, other, datamodule, data, extras, path)
    subject = Subject(
        title=f"{split} of {datamodule.table.source}",
        model=model,
        datamodule=datamodule,
        trained=own if own is not None and own.fingerprint == extras.split_fingerprint else None,
        config=trained,
        precision=trainer.precision,
        device=trainer.strategy.root_device,
        facts={"checkpoint": str(path), "data": datamodule.table.source},
        results=[result],
        decisions=decisions,
        baseline=baseline,
    )
    report(subject, settings, surroundings, output_dir, console, compared)
    say_where(console, output_dir)
    return result.metrics


def _load(
    path: Path, config: DictConfig, trust: Sequence[str]
) -> tuple[ResumeClassifier, CheckpointExtras]:
    """Open a checkpoint; the model has the loss and the chunks that it was trained with."""
    model, extras = load_checkpoint(path, trust=trust)
    trained = OmegaConf.create(extras.config)
    model.chunk_tokens = trained.model.chunk_tokens
    # The loss is among the figures that an evaluation repeats.
    where = f"ckpt={config.ckpt}"
    loss = instantiate(checked_call(extras.config["loss"], LOSSES, where, trust))
    prevalences = torch.tensor(extras.prevalences, dtype=torch.float64)
    model.loss = with_prevalences(loss, prevalences)
    return model, extras


def _settings(config: DictConfig, extras: CheckpointExtras) -> EvaluationSettings:
    """Return ``evaluation`` of the checkpoint's config, but for what the user gave."""
    trained = dict(extras.config.get("evaluation", {}))
    stored = trained.pop("metrics", None) or []
    # To import what a file names is to run code: who evaluates says so.
    trust = packages(config.trust)
    if is_dotted(trained.get("calibration")):
        calibration_class(trained["calibration"], trust, f"ckpt={config.ckpt}")
    if config.evaluation.metrics is None and stored:
        trained["metrics"] = [name for name in stored if name.partition(".")[0] in trust]
        for name in trained["metrics"]:
            trusted(name, trust, f"ckpt={config.ckpt}", "metrics")
        if left_out := [name for name in stored if name not in trained["metrics"]]:
            names = ",".join(sorted({name.partition(".")[0] for name in left_out}))
            words = f"Left out: metrics of the run's own, {', '.join(left_out)}. trust=[{names}]"
            console.print(f"{words} adds them.", style="yellow", highlight=False, soft_wrap=True)
    settings = EvaluationSettings.of(trained, config.evaluation)
    return replace(settings, baseline=True) if config.compare_to == BASELINE else settings


def _trained_on(
    config: DictConfig,
    settings: EvaluationSettings,
    datamodule: ResumeDataModule,
    model: ResumeClassifier,
    extras: CheckpointExtras,
    path: Path,
) -> tuple[ResumeDataModule | None, str]:
    """Return the documents that the model was trained on; None, and why, if they can't be read.

    The baseline is trained on them, and the probe leaves them out: without either they are not
    read.
    """
    if _is_own_data(config):
        return datamodule, ""
    if not settings.baseline and not (settings.report and settings.probes):
        return None, ""
    trained = OmegaConf.create(extras.config)
    try:
        return _datamodule(_own_data(config, extras), trained, model, extras, path), ""
    except UserError as error:
        return None, f"The documents of the training run can't be read. {error}"


def _beside_baseline(
    config: DictConfig,
    settings: EvaluationSettings,
    result: EvaluationResult,
    datamodule: ResumeDataModule,
    own: ResumeDataModule | None,
    why: str,
) -> tuple[EvaluationResult, LinearBaseline | None]:
    """Put the baseline's figures beside the model's, trained on the documents of the run.

    Raises:
        UserError: ``compare_to=baseline``, and there is none.
    """
    baseline, note = None, NOT_ASKED
    if own is not None:
        baseline, note = linear_baseline(own, settings, console)
    elif settings.baseline:
        note = why
        console.print(f"No linear baseline. {why}", style="yellow", highlight=False, soft_wrap=True)
    if baseline is None and config.compare_to == BASELINE:
        raise UserError(f"compare_to=baseline: there is no linear baseline. {note}")
    return with_baseline(result, baseline, note, datamodule.table.texts, settings), baseline


def _compared(
    config: DictConfig,
    settings: EvaluationSettings,
    result: EvaluationResult,
    other: Other | None,
    datamodule: ResumeDataModule,
    data: DictConfig,
    extras: CheckpointExtras,
    path: Path,
) -> Compared:
    """Compare the result with that of the other model, or of the linear baseline."""
    if other is None:
        assert result.baseline is not None
        name, first, warning = "the linear baseline", result.baseline, ""
    else:
        name, first = str(other.path), score_other(other, result, data, config, settings)
        warning = warning_of_overlap(other, extras, result) if _is_own_data(config) else ""
    if warning:
        console.print(f"Warning: {warning}", style="bold yellow", soft_wrap=True)
    names, table, folder = (name, str(path)), datamodule.table, Path(config.output_dir)
    compared = compare_results(first, result, names, table, settings.bootstrap_resamples, warning)
    write_comparison(folder / "comparison.json", compared.found, names)
    write_disagreements(folder / "disagreements.csv", compared.documents)
    print_comparison(console, names, compared.found)
    return compared


def _is_own_data(config: DictConfig) -> bool:
    """Tell whether no ``data=…`` was given, so that the training run's own are evaluated."""
    return OmegaConf.select(config, "data") is None


def _data(config: DictConfig, extras: CheckpointExtras, model: ResumeClassifier) -> DictConfig:
    """Return the config of the data to evaluate on: the training run's, or ``config.data``."""
    if _is_own_data(config):
        return _own_data(config, extras)
    data = _as_trained(config, OmegaConf.create(extras.config["data"]))
    # An absent label is no mismatch where labels are listed rather than given a column each.
    if "label_names" in data and data.get("label_columns") is None and not data.label_names:
        data.label_names = model.label_names
    return data


def _own_data(config: DictConfig, extras: CheckpointExtras) -> DictConfig:
    """Return the config of the training run's data, once it calls nothing but our own."""
    where, trust = f"ckpt={config.ckpt}", packages(config.trust)
    return OmegaConf.create(checked_data(extras.config["data"], where, trust))


def _overrides(config: DictConfig) -> dict[str, Any]:
    """Return which documents of the data are evaluated, and how many at once."""
    overrides: dict[str, Any] = {"test_split": config.split or "test"}
    if config.batch_size is not None:
        overrides["eval_batch_size"] = config.batch_size
    if config.split is None and not _is_own_data(config):
        overrides["splitter"] = _all_in_test
    return overrides


def _datamodule(
    data: DictConfig,
    trained: DictConfig,
    model: ResumeClassifier,
    extras: CheckpointExtras,
    path: Path,
    **overrides: Any,
) -> ResumeDataModule:
    """Return the documents of a ``data`` config, as the model reads them, set up."""
    tokenizer = TextTokenizer.from_files(extras.tokenizer_files, str(path))
    check_max_length(
        window_length(data.max_length, data.long_documents),
        model.bert.config.max_position_embeddings,
        trained.model.name,
    )
    made = build.datamodule(
        data, tokenizer, shuffle_seed=0, label_names=model.label_names, **overrides
    )
    made.setup()
    return made


def _as_split_then(
    datamodule: ResumeDataModule,
    data: DictConfig,
    extras: CheckpointExtras,
    path: Path,
    **overrides: Any,
) -> ResumeDataModule:
    """Return the documents in the split of the run's ``split.csv``, if it was another one then.

    How documents are dealt out may have changed since. The file is used only if documents and
    split are, with it, those that the model was trained with.
    """
    manifest = path.resolve().parent.parent / "split.csv"
    if datamodule.fingerprint == extras.split_fingerprint or not manifest.is_file():
        return datamodule
    splitter = partial(predefined_split, manifest=manifest, allow_straddling=True)
    overrides |= {"splitter": splitter, "train_fraction": 1.0}
    made = build.datamodule(
        data,
        datamodule.tokenizer,
        shuffle_seed=0,
        label_names=datamodule.label_names,
        **overrides,
    )
    try:
        made.setup()
    except UserError:
        return datamodule
    return made if made.fingerprint == extras.split_fingerprint else datamodule


def _as_trained(config: DictConfig, trained: DictConfig) -> DictConfig:
    """Treat the text of ``config.data`` as in training, but for what the user typed; return it."""
    overrides = HydraConfig.get().overrides.task if config.typed is None else config.typed
    typed = {override.split("=")[0].lstrip("+~") for override in overrides}
    for key in TREATMENT:
        if f"data.{key}" not in typed:
            config.data[key] = trained[key]
    data: DictConfig = config.data
    return data


def _all_in_test(
    table: ResumeTable, groups: npt.NDArray[np.int64], seed: int
) -> npt.NDArray[np.str_]:
    """Split nothing off: data that were not trained on are tested as a whole."""
    return np.full(len(table), "test")
