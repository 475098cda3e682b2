"""What TensorBoard shows of a run besides its curves: the config, and a row in HParams."""

import math
import os
from collections.abc import Mapping

from hydra.core.hydra_config import HydraConfig
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from resumebert.evaluation.registry import MAIN, load_metrics
from resumebert.settings.calls import as_yaml
from resumebert.settings.schema import TrainSettings, thawed
from resumebert.utils.command_line import SWEPT, Value, given_keys, simple
from resumebert.utils.durable_files import in_utf8

# What TensorBoard's HParams shows of a run of no sweep, beside what its command line gives.
HYPERPARAMETERS = (
    "model.name",
    "optimizer.lr",
    "optimizer.head_lr_factor",
    "optimizer.weight_decay",
    "scheduler.warmup",
    "data.batch_size",
    "data.long_documents",
    "data.max_length",
    "data.max_windows_train",
    "model.pooling",
    "data.limit",
    "trainer.max_epochs",
    "trainer.precision",
    "seed",
)


def log_config(trainer: Trainer, settings: TrainSettings) -> None:
    """Write the config: to TensorBoard as text, to a tracking service as its parameters."""
    plain = thawed(settings.whole.plain)
    text = as_yaml(plain)
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            indented = "".join(f"    {line}\n" for line in text.splitlines())
            logger.experiment.add_text("config", in_utf8(indented))
        elif not isinstance(logger, CSVLogger):
            logger.log_hyperparams(plain)


def log_hyperparameters(
    trainer: Trainer, settings: TrainSettings, results: Mapping[str, Mapping[str, float]]
) -> None:
    """Write the row in HParams, with what the run really reached: split → its metrics."""
    shown = {
        key: in_utf8(value) if isinstance(value, str) else value
        for key, value in (_swept(settings) or _usual(settings)).items()
    }
    own = [metric.name for metric in load_metrics(settings.evaluation.metrics)]
    metrics = {
        f"{split}/{name}": values[name]
        for split, values in results.items()
        for name in (*MAIN, *own, "loss")
        if math.isfinite(values[name])
    }
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.log_hyperparams(shown, metrics, step=trainer.global_step)
            logger.save()


def _usual(settings: TrainSettings) -> dict[str, Value]:
    """Return the keys that matter in most runs, and what the command line gives."""
    typed = list(HydraConfig.get().overrides.task) if HydraConfig.initialized() else []
    values: dict[str, Value] = {key: simple(settings.whole.at(key)) for key in HYPERPARAMETERS}
    values |= {key: _value(settings, key) for key in given_keys(typed)}
    values["loss"] = str(settings.loss["_target_"]).rpartition(".")[2]
    return {key: value for key, value in values.items() if value is not None}


def _swept(settings: TrainSettings) -> dict[str, Value]:
    """Return the keys that the run's sweep varies; empty if it is of none.

    TensorBoard shows the first five in the order of the alphabet, and would hide them among others.
    """
    values = {key: _value(settings, key) for key in os.environ.get(SWEPT, "").split()}
    # In the table too, a key that is null in this run is a column of the sweep.
    return {key: "null" if value is None else value for key, value in values.items()}


def _value(settings: TrainSettings, key: str) -> Value:
    """Return the value of a key, or the chosen option of a config group."""
    chosen = HydraConfig.get().runtime.choices if HydraConfig.initialized() else {}
    return str(chosen[key]) if key in chosen else simple(settings.whole.at(key))
