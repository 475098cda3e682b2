"""The trainer of a run, what it is refused for, and the training itself."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import (
    Checkpoint,
    LearningRateMonitor,
    ModelCheckpoint,
    ProgressBar,
    Timer,
)
from lightning.pytorch.loggers import Logger
from lightning.pytorch.plugins import CheckpointIO
from lightning.pytorch.profilers import AdvancedProfiler, Profiler, PyTorchProfiler, SimpleProfiler
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from rich.console import Console

from resumebert.callbacks.averaging import AveragedWeights
from resumebert.callbacks.checkpointing import DurableCheckpointIO
from resumebert.data.datamodule import ResumeDataModule, SplitName
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.sharding import FullySharded
from resumebert.settings.calls import made, made_of_group
from resumebert.settings.schema import Options, TrainSettings
from resumebert.utils.console import warn
from resumebert.utils.errors import UserError
from resumebert.utils.hardware import resolve_precision

PROFILERS: Mapping[str, type[Profiler]] = {
    "simple": SimpleProfiler, "advanced": AdvancedProfiler, "pytorch": PyTorchProfiler,
}  # fmt: skip
SPLITS: tuple[SplitName, ...] = ("train", "val", "test")


def make_trainer(
    settings: TrainSettings, callbacks: Sequence[Callback] = (), loggers: Sequence[Logger] = ()
) -> Trainer:
    """Return the trainer of ``settings.trainer``.

    Raises:
        UserError: a plugin writes checkpoints.
    """
    given = settings.trainer
    wanted = {
        Checkpoint: given.enable_checkpointing is not False and not given.fast_dev_run,
        ProgressBar: given.enable_progress_bar is not False,
        LearningRateMonitor: bool(loggers),
    }
    left_out = tuple(kind for kind, is_wanted in wanted.items() if not is_wanted)
    kept = [callback for callback in callbacks if not isinstance(callback, left_out)]
    plugins = [made(plugin) for plugin in given.plugins or ()]
    if _is_any(plugins, CheckpointIO):
        raise UserError(
            "trainer.plugins: a plugin that writes checkpoints can't take the place of our own, "
            "which adds the digest that they are checked by. Leave it out."
        )
    profiler = given.profiler and PROFILERS[given.profiler](
        dirpath=settings.output_dir, filename="profile"
    )
    # In search of errors PyTorch fills memory that nothing has been written to yet, if it is to be
    # deterministic: on a GPU a kernel for each tensor.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    found: Trainer = made(
        given.arguments,
        precision=resolve_precision(given.precision, given.accelerator),
        callbacks=kept,
        logger=list(loggers) or False,
        enable_checkpointing=_is_any(kept, Checkpoint),
        enable_progress_bar=given.enable_progress_bar or _is_any(kept, ProgressBar),
        plugins=[DurableCheckpointIO(), *plugins],
        profiler=profiler,
    )
    return found


def run_callbacks(settings: TrainSettings, unvalidated: str | None) -> list[Callback]:
    """Return the callbacks; ``unvalidated``: why nothing is, and the last weights are the best.

    Raises:
        UserError: a callback or the schedule watches the validation, and there is none.
    """
    if unvalidated is None:
        return made_of_group(settings.callbacks)
    advice = f"nothing is validated: {unvalidated}. Validate (data.shares.val, "
    advice += "trainer.limit_val_batches), or"
    replaced: dict[str, Options] = {}
    for name, callback in (settings.callbacks or {}).items():
        watched = callback and (callback.get("monitor") or callback.get("metric"))
        if watched and not callback["_target_"].endswith("Checkpoint"):
            raise UserError(
                f"callbacks.{name} watches {watched}, and {advice} leave this callback out."
            )
        if watched:
            replaced[name] = {"monitor": None}
    if watched := settings.scheduler.get("monitor"):
        raise UserError(
            f"scheduler=plateau watches {watched}, and {advice} choose another schedule."
        )
    return made_of_group(settings.callbacks, **replaced)


def no_validation(settings: TrainSettings, datamodule: ResumeDataModule) -> str | None:
    """Return why nothing is validated; None where something is."""
    if len(datamodule.indices("val")) == 0:
        return "no document is in the validation split"
    given = settings.trainer
    if given.limit_val_batches == 0 and not (given.overfit_batches or given.fast_dev_run):
        return "trainer.limit_val_batches=0"
    return None


def check_batches(settings: TrainSettings, datamodule: ResumeDataModule, processes: int) -> None:
    """Check what the trainer is to read and validate against the number of batches there are.

    Raises:
        UserError: a share of the batches is none of them, or validation is never reached.
    """
    given, data = settings.trainer, settings.data
    if given.fast_dev_run:
        return
    evaluated = data.eval_batch_size * processes
    sizes = {"train": data.batch_size, "val": evaluated, "test": evaluated}
    batches = {s: math.ceil(len(datamodule.indices(s)) / sizes[s]) for s in SPLITS}
    shares: tuple[tuple[str, SplitName, float | None], ...] = (
        ("limit_train_batches", "train", given.limit_train_batches),
        ("limit_val_batches", "val", given.limit_val_batches),
        ("limit_test_batches", "test", given.limit_test_batches),
        ("overfit_batches", "train", given.overfit_batches),
        ("overfit_batches", "val", given.overfit_batches),
    )
    for key, split, share in shares:
        there_are = batches[split]
        if share and there_are and share < 1 / there_are:
            raise UserError(
                f"trainer.{key}={share}: of {there_are} {split} batches that is not one. Give a "
                f"share of at least {math.ceil(1000 / there_are) / 1000:g}, or a number of batches."
            )
    limit = given.overfit_batches or given.limit_train_batches or 1.0
    there_are = batches["train"]
    trained = min(limit, there_are) if isinstance(limit, int) else int(limit * there_are)
    every = given.val_check_interval
    if isinstance(every, int) and every > trained and given.check_val_every_n_epoch is not None:
        raise UserError(
            f"trainer.val_check_interval={every}: an epoch has {trained} batches, so validation "
            f"would never come. Give {trained} at most, a share of an epoch (1.0, 0.5), or "
            "trainer.check_val_every_n_epoch=null, which counts batches over all epochs."
        )


def check_processes(
    settings: TrainSettings, trainer: Trainer, datamodule: ResumeDataModule
) -> None:
    """Check, before any process is started, that every process gets documents of every batch.

    Raises:
        UserError: there are too many processes, or what was chosen does not go with sharding.
    """
    processes, documents = trainer.world_size, settings.data.batch_size
    if documents < processes:
        raise UserError(
            f"data.batch_size={documents}: it counts the documents of a step over all processes, "
            f"of which there are {processes}. Give at least as many."
        )
    for split in SPLITS:
        documents = len(datamodule.indices(split))
        if 0 < documents < processes:
            raise UserError(
                f"trainer.devices={settings.trainer.devices}: the {split} split has {documents} "
                f"documents, fewer than the {processes} processes that share it. Use fewer "
                "processes, or more documents."
            )
    if not isinstance(trainer.strategy, FullySharded):
        return
    averages = _is_any(_callbacks(trainer), AveragedWeights)
    whole = {"callbacks=ema or swa": averages, "model.lora": settings.model.lora is not None}
    for key, is_asked in whole.items():
        if is_asked:
            raise UserError(
                f"{key}: it needs whole weights, and with trainer=fsdp no process has them. Use "
                "trainer=ddp."
            )


def say_what_trains(
    console: Console, trainer: Trainer, model: ResumeClassifier, settings: TrainSettings
) -> None:
    """Print the model, how large it is, and what it trains on."""
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    words = f"{sum(size for size, _ in sizes) / 1e6:.1f} M parameters"
    if not all(is_trained for _, is_trained in sizes):
        words += f", {sum(size for size, is_trained in sizes if is_trained) / 1e6:.1f} M trained,"
    name = settings.model.path or settings.model.name
    device = type(trainer.accelerator).__name__.removesuffix("Accelerator")
    words = f"{name}: {words} on {device}, precision {trainer.precision}"
    console.print(words, highlight=False, soft_wrap=True)


def fit(
    trainer: Trainer,
    model: ResumeClassifier,
    datamodule: ResumeDataModule,
    settings: TrainSettings,
    console: Console,
) -> None:
    """Train, and see that there is a best.ckpt where one is kept, whoever has chosen it.

    Raises:
        UserError: Lightning refuses the settings.
    """
    try:
        trainer.fit(model, datamodule=datamodule, ckpt_path=settings.ckpt_path, weights_only=True)
    except MisconfigurationException as error:
        raise UserError(
            f"Training can't be run with these settings: {error} (If monitor.metric="
            f"{settings.monitor.metric} is undefined on the validation split because no document "
            "has the label, choose another metric or give more data.)"
        ) from error
    for callback in _keepers_of_best(trainer):
        if not callback.best_model_path:
            callback.best_model_path = f"{callback.dirpath}/best.ckpt"
            trainer.save_checkpoint(callback.best_model_path, weights_only=True)
            warn(console, "There was no validation in training: best.ckpt holds the last weights.")
    if best_checkpoint(trainer) is None and not settings.trainer.fast_dev_run:
        warn(
            console, "No checkpoint is kept: the last weights are scored, and are gone after that."
        )
    if any(isinstance(c, Timer) and (c.time_remaining() or 0) <= 0 for c in _callbacks(trainer)):
        warn(
            console,
            f"trainer.max_time={settings.trainer.max_time} ended the training after step "
            f"{trainer.global_step} of {trainer.estimated_stepping_batches}.",
        )


def best_checkpoint(trainer: Trainer) -> str | None:
    """Return the path of the best checkpoint; None, for the current weights, if none is kept."""
    return next((c.best_model_path for c in _keepers_of_best(trainer) if c.best_model_path), None)


def _keepers_of_best(trainer: Trainer) -> Iterator[ModelCheckpoint]:
    for callback in trainer.checkpoint_callbacks:
        if isinstance(callback, ModelCheckpoint) and callback.filename == "best":
            yield callback


def _callbacks(trainer: Trainer) -> list[Callback]:
    return trainer.callbacks  # type: ignore[attr-defined]


def _is_any(items: Sequence[Any], kind: type) -> bool:
    return any(isinstance(item, kind) for item in items)
