"""What TensorBoard shows of a run besides its curves: the config, and a row in HParams."""

import math
from collections.abc import Mapping

from hydra.core.hydra_config import HydraConfig
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import DictConfig, OmegaConf

from resumebert.utils.settings import Value, given_keys, value_of

# What TensorBoard's HParams shows of a run, beside the keys that its command line gives.
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
    """Write the config as text."""
    text = OmegaConf.to_yaml(config, resolve=True)
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            indented = "".join(f"    {line}\n" for line in text.splitlines())
            logger.experiment.add_text("config", indented)


def log_hyperparameters(
    trainer: Trainer, config: DictConfig, results: Mapping[str, Mapping[str, float]]
) -> None:
    """Write the row in HParams, with the metrics that the run really reached.

    Args:
        trainer: the trainer that has ended.
        config: the run's config.
        results: split → its metrics.
    """
    settings = {key: value_of(config, {}, key) for key in HYPERPARAMETERS} | _given(config)
    settings = {key: value for key, value in settings.items() if value is not None}
    settings["loss"] = str(config.loss._target_).rpartition(".")[2]
    metrics = {
        f"{split}/{name}": values[name]
        for split, values in results.items()
        for name in ("f1_micro", "f1_macro", "ap_macro", "subset_accuracy", "loss")
        if math.isfinite(values[name])
    }
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.log_hyperparams(settings, metrics, step=trainer.global_step)
            logger.save()


def _given(config: DictConfig) -> dict[str, Value]:
    """Return what the command line gives; in a sweep, the swept keys are among them."""
    if not HydraConfig.initialized():
        return {}
    hydra = HydraConfig.get()
    choices = {str(group): str(option) for group, option in hydra.runtime.choices.items()}
    return {key: value_of(config, choices, key) for key in given_keys(hydra.overrides.task)}
