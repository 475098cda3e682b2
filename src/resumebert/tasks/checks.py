"""What train.py checks once it knows the data, before the training takes its time."""

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from resumebert.data.datamodule import ResumeDataModule
from resumebert.tasks.analysis import find_label_words
from resumebert.tasks.early_checks import check_monitor
from resumebert.utils.errors import UserError


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
    find_label_words(table.label_names, config.evaluation.label_words)


def do_without_validation(config: DictConfig, console: Console) -> None:
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
                f"callbacks.{name} watches {watched}, and no document is in the validation split. "
                "Raise data.shares.val, or leave this callback out."
            )
        callback.monitor = None
    if watched := OmegaConf.select(config, "scheduler.monitor"):
        raise UserError(
            f"scheduler=plateau watches {watched}, and no document is in the validation split. "
            "Raise data.shares.val, or choose another schedule."
        )
    console.print(
        "No document is in the validation split: best.ckpt will be the last epoch's.",
        style="yellow",
        soft_wrap=True,
    )
