"""What train.py checks once it knows the data, before the training takes its time."""

import math
import os

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from resumebert.data.datamodule import ResumeDataModule, SplitName
from resumebert.evaluation.label_words import label_words
from resumebert.evaluation.own_calibration import calibration_class
from resumebert.sweeps.supervisor import IN_SWEEP
from resumebert.tasks.early_checks import check_monitor
from resumebert.utils.errors import UserError
from resumebert.utils.trust import is_dotted


def check_against_data(config: DictConfig, datamodule: ResumeDataModule) -> None:
    """Check that there is something to train on, and what a config says of the labels.

    Raises:
        UserError: there is not, or a value of the config does not fit the labels.
    """
    table = datamodule.table
    if len(datamodule.indices("train")) == 0:
        raise UserError(
            f"{table.source}: no document is in the train split, so there is nothing to train on. "
            "Name a split with training documents, or choose data/split=stratified."
        )
    check_monitor(config, table.label_names)
    label_words(table.label_names, config.evaluation.label_words)
    if is_dotted(config.evaluation.calibration):
        calibration_class(config.evaluation.calibration)


def check_trial(config: DictConfig) -> None:
    """Check that ``trainer.fast_dev_run`` is asked of something that it can try.

    Raises:
        UserError: it is not.
    """
    asked = {
        "ckpt_path": config.ckpt_path is not None,
        "-m": IN_SWEEP in os.environ,
    }
    for key, is_asked in asked.items():
        if is_asked:
            raise UserError(
                f"trainer.fast_dev_run={config.trainer.fast_dev_run}: it tries the start of one "
                f"run and keeps nothing of it. Leave {key} out."
            )


def check_passes(
    config: DictConfig, datamodule: ResumeDataModule, processes: int, console: Console
) -> None:
    """Check what the trainer is to read and validate against the number of batches there are.

    Raises:
        UserError: a share of the batches is none of them, or validation is never reached.
    """
    trainer, data = config.trainer, config.data
    if trainer.fast_dev_run:
        return
    sizes: dict[str, int] = {"train": data.batch_size, "val": data.eval_batch_size * processes}
    sizes["test"] = sizes["val"]
    splits: tuple[SplitName, ...] = ("train", "val", "test")
    batches: dict[str, int] = {s: math.ceil(len(datamodule.indices(s)) / sizes[s]) for s in splits}
    shares = [(f"limit_{split}_batches", split) for split in splits]
    for key, split in [*shares, ("overfit_batches", "train"), ("overfit_batches", "val")]:
        share, there_are = trainer[key], batches[split]
        if share and there_are and share < 1 / there_are:
            raise UserError(
                f"trainer.{key}={share}: of {there_are} {split} batches that is not one. Give a "
                f"share of at least {math.ceil(1000 / there_are) / 1000:g}, or a number of batches."
            )
    if trainer.overfit_batches:
        console.print(
            f"trainer.overfit_batches={trainer.overfit_batches}: the same batches are trained on "
            "in every epoch, and as many of the validation split are validated on.",
            style="yellow",
            highlight=False,
            soft_wrap=True,
        )
    limit = trainer.overfit_batches or trainer.limit_train_batches or 1.0
    trained = (
        min(limit, batches["train"]) if isinstance(limit, int) else int(limit * batches["train"])
    )
    every = trainer.val_check_interval
    if isinstance(every, int) and every > trained and trainer.check_val_every_n_epoch is not None:
        raise UserError(
            f"trainer.val_check_interval={every}: an epoch has {trained} batches, so validation "
            f"would never come. Give {trained} at most, a share of an epoch (1.0, 0.5), or "
            "trainer.check_val_every_n_epoch=null, which counts batches over all epochs."
        )


def no_validation(config: DictConfig, datamodule: ResumeDataModule) -> str | None:
    """Return why nothing is validated; None where something is."""
    if len(datamodule.indices("val")) == 0:
        return "no document is in the validation split"
    trainer = config.trainer
    if trainer.limit_val_batches == 0 and not (trainer.overfit_batches or trainer.fast_dev_run):
        return "trainer.limit_val_batches=0"
    return None


def do_without_validation(config: DictConfig, reason: str, console: Console) -> None:
    """Keep the last weights as the best ones, where there is nothing to choose by.

    Raises:
        UserError: a callback or a schedule can't do without validation.
    """
    for name, callback in (config.callbacks or {}).items():
        watched = callback and (callback.get("monitor") or callback.get("metric"))
        if not watched:
            continue
        if not callback._target_.endswith("Checkpoint"):
            raise UserError(
                f"callbacks.{name} watches {watched}, and nothing is validated: {reason}. Validate "
                "(data.shares.val, trainer.limit_val_batches), or leave this callback out."
            )
        callback.monitor = None
    if watched := OmegaConf.select(config, "scheduler.monitor"):
        raise UserError(
            f"scheduler=plateau watches {watched}, and nothing is validated: {reason}. Validate "
            "(data.shares.val, trainer.limit_val_batches), or choose another schedule."
        )
    console.print(
        f"Nothing is validated ({reason}): best.ckpt will be the last epoch's.",
        style="yellow",
        soft_wrap=True,
    )
