"""train.py: fit, choose the best checkpoint, validate and test it, write everything down."""

import time
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint, Timer
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig, OmegaConf, open_dict

from resumebert.callbacks.loggers import lenient
from resumebert.callbacks.new_settings import NewSettings
from resumebert.callbacks.tensorboard import log_config, log_hyperparameters
from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.split_manifest import write_split
from resumebert.data.table import ResumeTable
from resumebert.data.tokenization import TextTokenizer
from resumebert.data.windows import window_length
from resumebert.evaluation.baseline import LinearBaseline, linear_baseline, with_baseline
from resumebert.evaluation.decisions import Decisions, fit_decisions, with_caution
from resumebert.evaluation.files import write_json, write_metrics, write_predictions
from resumebert.evaluation.result import EvaluationResult, evaluate_split
from resumebert.evaluation.settings import EvaluationSettings
from resumebert.model.checkpoint import (
    CheckpointExtras,
    Resumable,
    attach_extras,
    global_step,
    load_checkpoint,
    open_resumable,
    store_decisions,
)
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.layers import prepare_encoder
from resumebert.model.lora import merge_lora
from resumebert.model.pretrained import locate
from resumebert.model.sharding import FullySharded
from resumebert.model.stored_calls import IN_MEMORY
from resumebert.report.console import describe_data, print_result, say_where
from resumebert.tasks import build
from resumebert.tasks.checks import (
    check_against_data,
    check_passes,
    check_trial,
    do_without_validation,
    no_validation,
)
from resumebert.tasks.parallel import check_parallel
from resumebert.tasks.reporting import Subject, report
from resumebert.tasks.resuming import (
    check_same_split,
    overrides_in_sweep,
    says_how_to_go_on,
)
from resumebert.tasks.run_settings import (
    check_changes,
    check_same_model,
    overrides_to_store,
    say_changes,
    store_config,
)
from resumebert.utils.config_checks import check_max_length, check_values
from resumebert.utils.console import make_console
from resumebert.utils.durable_files import postpone, raising_postponed, tell_or_raise
from resumebert.utils.environment import environment
from resumebert.utils.errors import UnwrittenError, UserError
from resumebert.utils.folders import keeping_nothing, make_output_folder
from resumebert.utils.hardware import check_accelerator, keep_freed_memory, resolve_precision
from resumebert.utils.interrupted_runs import newest_interrupted, note_origin
from resumebert.utils.processes import processes_of_one_run

console = make_console()

# Keys of a config that are paths; relative ones are relative to where the command was typed.
PATHS = (
    "data.path",
    "data.reader.path",
    "data.labels_file",
    "data.split.manifest",
    "model.path",
    "ckpt_path",
    "output_dir",
)


def train(config: DictConfig, *, table: ResumeTable | None = None) -> float | None:
    """Train, evaluate and write a run to ``config.output_dir``.

    Args:
        config: as :func:`resumebert.compose` gives it; it is not changed.
        table: documents in memory, in place of those that ``config.data`` says where to read. They
            are cleaned and split as ``config.data`` says, and neither cached nor stored.

    Returns:
        The best value of ``config.monitor.metric``, which a search optimises.

    Raises:
        UserError: a value of the config, the data, the model or the checkpoint to resume from is
            wrong, or the loss diverged.
        Interruption: SIGINT or SIGTERM ended the run; the screen says how to go on with it.
    """
    config = deepcopy(config)
    if table is not None:
        config.data.reader = {"_target_": IN_MEMORY}
    output_dir = Path(config.output_dir).absolute()
    with (
        processes_of_one_run(output_dir, overrides_in_sweep(config)),
        says_how_to_go_on(output_dir, console),
        raising_postponed(),
    ):
        check_values(config)
        if not config.trainer.fast_dev_run:
            return _train(config, table)
        check_trial(config)
        with keeping_nothing(config):
            _train(config, table)
        console.print("trainer.fast_dev_run: every part ran. Nothing was kept.", highlight=False)
        return None


def _train(config: DictConfig, table: ResumeTable | None) -> float | None:
    check_accelerator(config.trainer.accelerator)
    build.quiet_libraries()
    started = time.monotonic()
    run: Resumable | None = None
    changed: Mapping[str, Any] = {}
    if config.ckpt_path == "last":
        config.ckpt_path = str(newest_interrupted(Path(config.output_dir).absolute().parent))
    if config.ckpt_path is not None:
        checkpoint = Path(config.ckpt_path).expanduser().resolve()
        config.ckpt_path = str(checkpoint)
        run = open_resumable(checkpoint)
    # The checkpoint says what "auto" meant.
    config.data.max_length = window_length(config.data.max_length, config.data.long_documents)
    _make_paths_absolute(config)
    output_dir = Path(config.output_dir)
    if run is not None:
        changed = check_changes(run, _with_precision(config))
    make_output_folder(output_dir)
    if run is not None:
        note_origin(checkpoint, output_dir)
        console.print(f"Going on from {checkpoint}", highlight=False, soft_wrap=True)
        say_changes(changed, run.step, console)
    loggers = build.instances(config.get("logger"))
    folder = locate(build.pretrained_source(config))
    bert_config = build.bert_config(config, folder)
    check_max_length(
        config.data.max_length, bert_config["max_position_embeddings"], config.model.name
    )
    build.seed_run(config.seed)

    tokenizer = TextTokenizer.from_folder(folder)
    if run is not None:
        check_same_model(run, bert_config, tokenizer, checkpoint)
    datamodule = build.datamodule(config.data, tokenizer, shuffle_seed=config.seed, table=table)
    datamodule.setup()
    if run is not None:
        check_same_split(str(checkpoint), run.extras.split_fingerprint, datamodule.fingerprint)
    check_against_data(config, datamodule)
    describe_data(console, datamodule.report)

    # From here on memory is taken and freed step by step; reading the data is another matter.
    keep_freed_memory()
    model = build.classifier(config, bert_config, folder, datamodule)
    if reason := no_validation(config, datamodule):
        do_without_validation(config, reason, console)

    callbacks = build.instances(config.get("callbacks"))
    if run is not None:
        of_epoch = run.batches // config.trainer.accumulate_grad_batches
        model.resumed_epoch = (run.step - of_epoch, run.epochs)
    if changed:
        callbacks.append(NewSettings(changed))
    trainer = build.trainer(config, callbacks, [lenient(logger) for logger in loggers])
    check_parallel(config, trainer, datamodule)
    check_passes(config, datamodule, trainer.world_size, console)
    # A run that is refused leaves nothing.
    write_split(output_dir / "split.csv", datamodule.table, datamodule.split, datamodule.groups)
    write_json(output_dir / "data_report.json", datamodule.report)
    surroundings = environment()
    write_json(output_dir / "environment.json", surroundings)
    prepare_encoder(
        model.bert,
        trainer.strategy.root_device,
        gradient_checkpointing=config.model.gradient_checkpointing,
        compile=config.model.compile,
    )
    store_config(config)
    attach_extras(model, _extras(config, tokenizer, datamodule))
    log_config(trainer, config)
    console.print(
        f"{config.model.path or config.model.name}: {_parameters(model)} on "
        f"{trainer.accelerator.__class__.__name__.removesuffix('Accelerator')}, precision "
        f"{trainer.precision}",
        highlight=False,
        soft_wrap=True,
    )
    # What is lost by now is more than a small file.
    postpone()
    _fit(trainer, model, datamodule, config)
    # best.ckpt has LoRA merged in, and is loaded into `model` now.
    if config.model.lora is not None:
        merge_lora(model.bert)
    decisions = _score_best(trainer, model, datamodule, config)
    if config.trainer.fast_dev_run:
        return None
    if trainer.is_global_zero:
        settings = EvaluationSettings.of(config.evaluation)
        results, decisions, baseline = _evaluate(model, datamodule, decisions, settings)
        best = _best_checkpoint(trainer)
        _write(results, decisions, output_dir, "best checkpoint" if best else "last weights")
        subject = Subject(
            title=f"Run {output_dir.name}",
            model=_whole(trainer, model, config),
            datamodule=datamodule,
            trained=datamodule,
            config=config,
            precision=trainer.precision,
            device=trainer.strategy.root_device,
            facts={
                "checkpoint": "checkpoints/best.ckpt" if best else "none was kept",
                "data": datamodule.table.source,
            },
            results=results,
            decisions=decisions,
            baseline=baseline,
        )
        report(subject, settings, surroundings, output_dir, console)
        log_hyperparameters(trainer, config, model.results)
        say_where(console, output_dir, time.monotonic() - started)
    # Never a test figure: a search that optimised it would be dishonest.
    metric = config.monitor.metric.partition("/")[2]
    return model.results["val"][metric] if "val" in model.results else None


def _whole(trainer: Trainer, model: ResumeClassifier, config: DictConfig) -> ResumeClassifier:
    """Return the model to score further texts with, on one process alone."""
    best = _best_checkpoint(trainer)
    if best is None or not isinstance(trainer.strategy, FullySharded):
        return model
    # Of a sharded model each process holds a part, and the others have nothing more to score.
    named = (config.model.pooling, config.model._target_)
    whole, _ = load_checkpoint(Path(best), trust=[name.partition(".")[0] for name in named])
    whole.chunk_tokens = model.chunk_tokens
    return whole


def _parameters(model: ResumeClassifier) -> str:
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    words = f"{sum(size for size, _ in sizes) / 1e6:.1f} M parameters"
    if not all(is_trained for _, is_trained in sizes):
        words += f", {sum(size for size, is_trained in sizes if is_trained) / 1e6:.1f} M trained,"
    return words


def _score_best(
    trainer: Trainer, model: ResumeClassifier, datamodule: ResumeDataModule, config: DictConfig
) -> Decisions:
    """Score validation and test with the best checkpoint, and put the decisions into it.

    Returns:
        Calibration and thresholds, of the validation documents alone.
    """
    best = _best_checkpoint(trainer)
    to_load = best
    if no_validation(config, datamodule) is None:
        if not _is_scored(trainer, model, best, config):
            trainer.validate(
                model, datamodule=datamodule, ckpt_path=to_load, verbose=False, weights_only=True
            )
            to_load = None  # It is loaded now.
        scores = model.scores["val"]
        logits, truth = scores.logits.double().cpu().numpy(), scores.targets.cpu().numpy()
        groups = datamodule.groups[scores.index.cpu().numpy()]
    else:
        logits = truth = np.zeros((0, len(model.label_names)))
        groups = None
    settings = EvaluationSettings.of(config.evaluation)
    decisions = fit_decisions(logits, truth, model.label_names, settings, groups)
    if trainer.is_global_zero and best is not None:
        try:
            _store(decisions, Path(best))
        except UnwrittenError as error:
            tell_or_raise(error)
    if len(datamodule.indices("test")) > 0 and config.trainer.limit_test_batches != 0:
        trainer.test(
            model, datamodule=datamodule, ckpt_path=to_load, verbose=False, weights_only=True
        )
    return decisions


def _is_scored(
    trainer: Trainer, model: ResumeClassifier, best: str | None, config: DictConfig
) -> bool:
    """Tell whether the training's last validation was of the best checkpoint's very weights."""
    return (
        best is not None
        and model.scored_at.get("val") == trainer.global_step == global_step(Path(best))
        # Merged factors are the same weights but for rounding.
        and config.model.lora is None
    )


def _store(decisions: Decisions, best: Path) -> None:
    """Put the decisions into best.ckpt, and into last.ckpt beside it."""
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


def _evaluate(
    model: ResumeClassifier,
    datamodule: ResumeDataModule,
    decisions: Decisions,
    settings: EvaluationSettings,
) -> tuple[list[EvaluationResult], Decisions, LinearBaseline | None]:
    """Compute the figures of validation and test, the baseline's beside them."""
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
    results = [with_baseline(result, baseline, note, texts, settings) for result in results]
    return results, decisions, baseline


def _write(
    results: Sequence[EvaluationResult], decisions: Decisions, output_dir: Path, weights: str
) -> None:
    """Write metrics and predictions, and print the figures of the test, or of validation."""
    write_metrics(output_dir / "metrics.json", results)
    for result in results:
        if result.split == "test":
            write_predictions(output_dir / "predictions_test.csv", result)
    if results:
        shown = results[-1]
        name = "validation" if shown.split == "val" else shown.split
        print_result(console, f"{name}, {weights}", shown, decisions)


def _fit(
    trainer: Trainer, model: ResumeClassifier, datamodule: ResumeDataModule, config: DictConfig
) -> None:
    try:
        trainer.fit(model, datamodule=datamodule, ckpt_path=config.ckpt_path, weights_only=True)
    except MisconfigurationException as error:
        raise UserError(
            f"Training can't be run with these settings: {error} (If monitor.metric="
            f"{config.monitor.metric} is undefined on the validation split because no document "
            "has the label, choose another metric or give more data.)"
        ) from error
    _keep_last_weights(trainer, config)


def _keep_last_weights(trainer: Trainer, config: DictConfig) -> None:
    """See that there is a best.ckpt where one is kept, though no validation has chosen it."""
    for callback in _keepers_of_best(trainer):
        if not callback.best_model_path:
            path = Path(callback.dirpath or "") / "best.ckpt"
            trainer.save_checkpoint(path, weights_only=True)
            callback.best_model_path = str(path)
            _warn("There was no validation in training: best.ckpt holds the last weights.")
    if _best_checkpoint(trainer) is None and not config.trainer.fast_dev_run:
        _warn("No checkpoint is kept: the last weights are scored, and are gone after that.")
    if any(isinstance(c, Timer) and (c.time_remaining() or 0) <= 0 for c in _callbacks(trainer)):
        _warn(
            f"trainer.max_time={config.trainer.max_time} ended the training after step "
            f"{trainer.global_step} of {trainer.estimated_stepping_batches}."
        )


def _callbacks(trainer: Trainer) -> list[Callback]:
    return trainer.callbacks  # type: ignore[attr-defined]


def _warn(line: str) -> None:
    console.print(line, style="yellow", highlight=False, soft_wrap=True)


def _best_checkpoint(trainer: Trainer) -> str | None:
    """Return the path of the best checkpoint; None, for the current weights, if none is kept."""
    return next((c.best_model_path for c in _keepers_of_best(trainer) if c.best_model_path), None)


def _keepers_of_best(trainer: Trainer) -> list[ModelCheckpoint]:
    found = [c for c in trainer.checkpoint_callbacks if isinstance(c, ModelCheckpoint)]
    return [callback for callback in found if callback.filename == "best"]


def _make_paths_absolute(config: DictConfig) -> None:
    """Write relative paths out, so that the config in the checkpoint holds from any folder."""
    for key in PATHS:
        value = OmegaConf.select(config, key, throw_on_missing=False)
        # A label file that is not here is looked for in data.path.
        if value is None or (key == "data.labels_file" and not Path(value).expanduser().is_file()):
            continue
        with open_dict(config):
            OmegaConf.update(config, key, str(Path(value).expanduser().resolve()))


def _with_precision(config: DictConfig) -> DictConfig:
    """Return the config with the precision that is meant, which an evaluation repeats."""
    config = config.copy()
    config.trainer.precision = resolve_precision(
        config.trainer.precision, config.trainer.accelerator
    )
    return config


def _extras(
    config: DictConfig,
    tokenizer: TextTokenizer,
    datamodule: ResumeDataModule,
) -> CheckpointExtras:
    return CheckpointExtras(
        tokenizer_files=tokenizer.files,
        split_fingerprint=datamodule.fingerprint,
        config=OmegaConf.to_container(_with_precision(config), resolve=True),  # type: ignore[arg-type]
        prevalences=datamodule.prevalences.tolist(),
        overrides=overrides_to_store(config, PATHS),
    )
