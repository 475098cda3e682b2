"""What train.py checks once it knows the data, before the training takes its time."""

from collections.abc import Sequence

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from resumebert.data.datamodule import ResumeDataModule
from resumebert.evaluation.metrics import LOWER_IS_BETTER, metric_names
from resumebert.tasks.analysis import find_label_words
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
    _check_monitor(config, table.label_names)
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


def _check_monitor(config: DictConfig, label_names: Sequence[str]) -> None:
    """Check that the best checkpoint is chosen by a metric that there is, the right way round.

    Raises:
        UserError: it is not.
    """
    metric, mode = config.monitor.metric, config.monitor.mode
    names = ["loss", *metric_names(label_names)]
    known = [f"val/{name}" for name in names if name != "n" and not name.startswith("support/")]
    if metric not in known:
        overall = [name for name in known if name.count("/") == 1]
        raise UserError(
            f"monitor.metric={metric}: there is no such validation metric. Choose one of "
            f"{', '.join(overall)}, or one of a single label, such as {known[-1]}."
        )
    right = "min" if metric.removeprefix("val/") in LOWER_IS_BETTER else "max"
    if mode != right:
        raise UserError(
            f"monitor.mode={mode}: the best {metric} is its {right}imum, and the worst checkpoint "
            f"would be kept. Give monitor.mode={right}."
        )
