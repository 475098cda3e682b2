"""What TensorBoard shows of a run besides its curves: the config, and a row in HParams."""

import math
import os
from collections.abc import Mapping

from hydra.core.hydra_config import HydraConfig
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from omegaconf import DictConfig, OmegaConf

from resumebert.evaluation.registry import MAIN, load_metrics
from resumebert.utils.durable_files import in_utf8
from resumebert.utils.settings import SWEPT, Value, given_keys, value_of

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


def log_config(trainer: Trainer, config: DictConfig) -> None:
    """Write the config: to TensorBoard as text, to a tracking service as its parameters."""
    text = OmegaConf.to_yaml(config, resolve=True)
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            indented = "".join(f"    {line}\n" for line in text.splitlines())
            logger.experiment.add_text("config", in_utf8(indented))
        elif not isinstance(logger, CSVLogger):
            logger.log_hyperparams(OmegaConf.to_container(config, resolve=True))  # type: ignore[arg-type]


def log_hyperparameters(
    trainer: Trainer, config: DictConfig, results: Mapping[str, Mapping[str, float]]
) -> None:
    """Write the row in HParams, with the metrics that the run really reached.

    Args:
        trainer: the trainer that has ended.
        config: the run's config.
        results: split → its metrics.
    """
    settings = {
        key: in_utf8(value) if isinstance(value, str) else value
        for key, value in (_swept(config) or _usual(config)).items()
    }
    own = [metric.name for metric in load_metrics(config.evaluation.metrics)]
    metrics = {
        f"{split}/{name}": values[name]
        for split, values in results.items()
        for name in (*MAIN, *own, "loss")
        if math.isfinite(values[name])
    }
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.log_hyperparams(settings, metrics, step=trainer.global_step)
            logger.save()


def _usual(config: DictConfig) -> dict[str, Value]:
    """Return the keys that matter in most runs, and what the command line gives."""
    settings = {key: value_of(config, {}, key) for key in HYPERPARAMETERS}
    settings |= {key: value_of(config, _choices(), key) for key in given_keys(_overrides())}
    settings["loss"] = str(config.loss._target_).rpartition(".")[2]
    return {key: value for key, value in settings.items() if value is not None}


def _swept(config: DictConfig) -> dict[str, Value]:
    """Return the keys that the run's sweep varies; empty if it is of none.

    TensorBoard shows the first five in the order of the alphabet, and would hide them among others.
    """
    keys = os.environ.get(SWEPT, "").split()
    values = {key: value_of(config, _choices(), key) for key in keys}
    # In the table too, a key that is null in this run is a column of the sweep.
    return {key: "null" if value is None else value for key, value in values.items()}


def _choices() -> dict[str, str]:
    if not HydraConfig.initialized():
        return {}
    return {str(name): str(option) for name, option in HydraConfig.get().runtime.choices.items()}


def _overrides() -> list[str]:
    return list(HydraConfig.get().overrides.task) if HydraConfig.initialized() else []
