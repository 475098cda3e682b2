"""train.py: fit, choose the best checkpoint, validate and test it, write everything down."""

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from lightning.pytorch import seed_everything
from omegaconf import DictConfig

from resumebert.callbacks.loggers import lenient
from resumebert.callbacks.new_settings import NewSettings
from resumebert.callbacks.tensorboard import log_config, log_hyperparameters
from resumebert.callbacks.trainer import (
    best_checkpoint,
    check_batches,
    check_processes,
    fit,
    make_trainer,
    no_validation,
    run_callbacks,
    say_what_trains,
)
from resumebert.data.build import datamodule as build_datamodule
from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.label_words import label_words
from resumebert.data.split_manifest import write_split
from resumebert.data.table import ResumeTable
from resumebert.data.tokenization import TextTokenizer
from resumebert.evaluation.areas import Floats
from resumebert.evaluation.best import evaluate_run, score_best, store_in_run, whole_model
from resumebert.evaluation.files import write_json, write_metrics, write_predictions
from resumebert.evaluation.metrics import multilabel_decisions, multilabel_metrics
from resumebert.evaluation.own_calibration import calibration_class
from resumebert.evaluation.registry import load_metrics
from resumebert.inference.scoring import familiarity, scorer_of_run
from resumebert.model.build import bert_config, classifier, pretrained_source
from resumebert.model.checkpoint import CheckpointExtras, attach_extras
from resumebert.model.layers import prepare_encoder
from resumebert.model.lora import merge_lora
from resumebert.model.pretrained import locate
from resumebert.model.resuming import config_to_store, resume, says_how_to_go_on
from resumebert.model.stored_calls import IN_MEMORY
from resumebert.model.stored_command import overrides_to_store, store_config
from resumebert.report.console import describe_data, print_result, say_where
from resumebert.settings.calls import made_of_group
from resumebert.settings.compose import train_settings
from resumebert.settings.rules import check_max_length
from resumebert.settings.schema import TrainSettings, thawed
from resumebert.sweeps.supervisor import IN_SWEEP
from resumebert.tasks.early_checks import check_monitor
from resumebert.tasks.reporting import Subject, report
from resumebert.utils.console import make_console, quiet_libraries, warn
from resumebert.utils.durable_files import postpone, raising_postponed
from resumebert.utils.environment import environment
from resumebert.utils.errors import UserError
from resumebert.utils.folders import make_output_folder, read_json
from resumebert.utils.hardware import check_accelerator, keep_freed_memory
from resumebert.utils.interrupted_runs import note_origin
from resumebert.utils.processes import processes_of_one_run
from resumebert.utils.progress import seconds_by_phase, showing
from resumebert.utils.trust import is_dotted

console = make_console()


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
    changes: dict[str, Any] = {}
    if table is not None:
        changes["data.reader"] = {"_target_": IN_MEMORY}
    output_dir = Path(config.output_dir).absolute()
    with (
        processes_of_one_run(output_dir, _overrides_in_sweep(config)),
        showing(console),
        says_how_to_go_on(output_dir, console),
        raising_postponed(),
    ):
        settings = train_settings(config, changes)
        if not settings.trainer.fast_dev_run:
            return _train(settings, table)
        _check_trial(settings)
        with tempfile.TemporaryDirectory() as folder:
            _train(train_settings(config, {**changes, "output_dir": folder}), table)
        console.print("trainer.fast_dev_run: every part ran. Nothing was kept.", highlight=False)
        return None


def _train(settings: TrainSettings, table: ResumeTable | None) -> float | None:
    check_accelerator(settings.trainer.accelerator)
    quiet_libraries()
    started = time.monotonic()
    resumed = resume(settings)
    output_dir = make_output_folder(Path(settings.output_dir))
    if resumed is not None:
        note_origin(resumed.checkpoint, output_dir)
        resumed.say_changes(console)
    loggers = made_of_group(settings.logger)
    folder = locate(pretrained_source(settings.model))
    architecture = bert_config(settings.model, folder)
    positions = architecture["max_position_embeddings"]
    check_max_length(settings.data.max_length, positions, settings.model.name)
    seed_everything(settings.seed, workers=True, verbose=False)

    tokenizer = TextTokenizer.from_folder(folder)
    if resumed is not None:
        resumed.check_model(architecture, tokenizer)
    datamodule = build_datamodule(
        settings.data,
        tokenizer,
        shuffle_seed=settings.seed,
        table=table,
        further_names=thawed(settings.evaluation.label_words),
    )
    datamodule.setup()
    if resumed is not None:
        resumed.check_split(datamodule.fingerprint)
    _check_labels(settings, datamodule)
    describe_data(console, datamodule.report)

    # From here on memory is taken and freed step by step; reading the data is another matter.
    keep_freed_memory()
    metrics = partial(multilabel_metrics, metrics=load_metrics(settings.evaluation.metrics))
    model = classifier(
        settings, architecture, folder, datamodule,
        metrics=metrics, train_metrics=multilabel_decisions,
    )  # fmt: skip
    unvalidated = no_validation(settings, datamodule)
    callbacks = run_callbacks(settings, unvalidated)
    if unvalidated is not None:
        warn(console, f"Nothing is validated ({unvalidated}): best.ckpt will be the last epoch's.")
    if resumed is not None:
        model.resumed_epoch = resumed.epoch(settings.trainer.accumulate_grad_batches)
        if resumed.changed:
            callbacks.append(NewSettings(resumed.changed))
    trainer = make_trainer(settings, callbacks, [lenient(logger) for logger in loggers])
    check_processes(settings, trainer, datamodule)
    check_batches(settings, datamodule, trainer.world_size)
    if settings.trainer.overfit_batches and not settings.trainer.fast_dev_run:
        words = "the same batches are trained on in every epoch, and as many of the validation "
        words += "split are validated on."
        warn(console, f"trainer.overfit_batches={settings.trainer.overfit_batches}: {words}")
    # A run that is refused leaves nothing.
    write_split(output_dir / "split.csv", datamodule.table, datamodule.split, datamodule.groups)
    write_json(output_dir / "data_report.json", datamodule.report)
    surroundings = environment()
    write_json(output_dir / "environment.json", surroundings)
    prepare_encoder(
        model.bert,
        trainer.strategy.root_device,
        gradient_checkpointing=settings.model.gradient_checkpointing,
        compile=settings.model.compile,
    )
    store_config(settings)
    extras = CheckpointExtras(
        tokenizer_files=tokenizer.files,
        split_fingerprint=datamodule.fingerprint,
        config=config_to_store(settings),
        prevalences=datamodule.prevalences.tolist(),
        overrides=overrides_to_store(settings),
    )
    attach_extras(model, extras)
    log_config(trainer, settings)
    say_what_trains(console, trainer, model, settings)

    # What is lost by now is more than a small file.
    postpone()
    fit(trainer, model, datamodule, settings, console)
    # best.ckpt has LoRA merged in, and is loaded into `model` now.
    if settings.model.lora is not None:
        merge_lora(model.bert)
    best = best_checkpoint(trainer)

    def score_texts(texts: Sequence[str]) -> Floats:
        whole = whole_model(trainer, model, settings, best)
        return scorer_of_run(trainer, whole, datamodule).logits(texts)

    fitted = score_best(
        trainer, model, datamodule, settings, best,
        is_validated=unvalidated is None, score_texts=score_texts,
    )  # fmt: skip
    if settings.trainer.fast_dev_run:
        return None
    if trainer.is_global_zero:
        results, decisions, baseline = evaluate_run(
            model, datamodule, fitted, settings.evaluation, console
        )
        write_metrics(output_dir / "metrics.json", results)
        for result in results:
            if result.split == "test":
                write_predictions(output_dir / "predictions_test.csv", result)
        if results:
            name = results[-1].split.replace("val", "validation")
            weights = "best checkpoint" if best else "last weights"
            print_result(console, f"{name}, {weights}", results[-1], decisions)
        subject = Subject(
            title=f"Run {output_dir.name}",
            model=whole_model(trainer, model, settings, best),
            datamodule=datamodule,
            trained=datamodule,
            config=settings.whole.plain,
            trainer=trainer,
            checkpoint="checkpoints/best.ckpt" if best else "none was kept",
            results=results,
            decisions=decisions,
            baseline=baseline,
        )
        report(subject, settings.evaluation, surroundings, output_dir, console)
        if best is not None:
            known = familiarity(subject.scorer, datamodule, settings.evaluation.unlike_training)
            if known is not None:
                store_in_run(replace(fitted, familiarity=known), Path(best))
        _note_phases(output_dir / "throughput.json")
        log_hyperparameters(trainer, settings, model.results)
        say_where(console, output_dir, time.monotonic() - started)
    # Never a test figure: a search that optimised it would be dishonest.
    metric = settings.monitor.metric.partition("/")[2]
    return model.results["val"][metric] if "val" in model.results else None


def _note_phases(path: Path) -> None:
    """Add to throughput.json how long each part of the run took."""
    if known := read_json(path):
        write_json(path, known | {"seconds_by_phase": seconds_by_phase()})


def _check_trial(settings: TrainSettings) -> None:
    """Check that ``trainer.fast_dev_run`` is asked of something that it can try."""
    asked = {"ckpt_path": settings.ckpt_path is not None, "-m": IN_SWEEP in os.environ}
    for key, is_asked in asked.items():
        if is_asked:
            raise UserError(
                f"trainer.fast_dev_run={settings.trainer.fast_dev_run}: it tries the start of one "
                f"run and keeps nothing of it. Leave {key} out."
            )


def _check_labels(settings: TrainSettings, datamodule: ResumeDataModule) -> None:
    """Check that there is something to train on, and what the settings say of the labels."""
    table = datamodule.table
    if len(datamodule.indices("train")) == 0:
        raise UserError(
            f"{table.source}: no document is in the train split, so there is nothing to train on. "
            "Name a split with training documents, or choose data/split=stratified."
        )
    check_monitor(settings.monitor, settings.evaluation.metrics, table.label_names)
    label_words(table.label_names, settings.evaluation.label_words)
    if is_dotted(settings.evaluation.calibration):
        calibration_class(settings.evaluation.calibration)


def _overrides_in_sweep(config: DictConfig) -> list[str] | None:
    """Return what was typed for this run of a sweep; None if it is no sweep's, or one process."""
    is_sweep = HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN
    trainer = config.trainer
    if not is_sweep or (trainer.strategy == "auto" and trainer.devices == 1):
        return None
    return list(HydraConfig.get().overrides.task)
