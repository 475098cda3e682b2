"""train.py: fit, choose the best checkpoint, validate and test it, write everything down."""

import time
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig, OmegaConf, open_dict

from resumebert.callbacks.tensorboard import log_config, log_hyperparameters
from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.splitting import write_split
from resumebert.data.tokenization import TextTokenizer
from resumebert.evaluation.metrics import metric_names
from resumebert.evaluation.outputs import (
    print_metrics,
    write_json,
    write_metrics,
)
from resumebert.model.checkpoint import CheckpointExtras, attach_extras, check_resumable
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.pretrained import load_weights, locate
from resumebert.tasks import build
from resumebert.tasks.data_summary import describe_data
from resumebert.tasks.messages import say_where
from resumebert.utils.config_checks import check_max_length, check_values
from resumebert.utils.console import make_console
from resumebert.utils.environment import environment
from resumebert.utils.errors import UserError
from resumebert.utils.hardware import check_accelerator, resolve_precision
from resumebert.utils.output_folder import make_output_folder

console = make_console()


def train(config: DictConfig) -> float | None:
    """Train, evaluate and write a run to ``config.output_dir``.

    Returns:
        The best value of ``config.monitor.metric``, which a search optimises.

    Raises:
        UserError: a value of the config, the data, the model or the checkpoint to resume from is
            wrong, or the loss diverged.
    """
    check_values(config)
    check_accelerator(config.trainer.accelerator)
    build.quiet_libraries()
    started = time.monotonic()
    _make_paths_absolute(config)
    if config.ckpt_path is not None:
        check_resumable(Path(config.ckpt_path))
    output_dir = make_output_folder(Path(config.output_dir))
    folder = locate(build.pretrained_source(config))
    bert_config = build.bert_config(config, folder)
    check_max_length(
        config.data.max_length, bert_config["max_position_embeddings"], config.model.name
    )
    build.seed_run(config.seed)

    tokenizer = TextTokenizer.from_folder(folder)
    datamodule = build.datamodule(config.data, tokenizer, shuffle_seed=config.seed)
    datamodule.setup()
    describe_data(console, datamodule.report)
    write_split(output_dir / "split.csv", datamodule.table, datamodule.split, datamodule.groups)
    write_json(output_dir / "data_report.json", datamodule.report)
    write_json(output_dir / "environment.json", environment())

    model = ResumeClassifier(
        bert_config,
        datamodule.table.label_names,
        pooling=config.model.pooling,
        chunk_tokens=config.model.chunk_tokens,
        loss=instantiate(config.loss),
        optimizer=instantiate(config.optimizer),
        scheduler=instantiate(config.scheduler),
    )
    if config.model.random_config is None:
        load_weights(model.bert, folder)
    train_labels = datamodule.table.labels[datamodule.indices("train")]
    model.start_from_prevalences(torch.from_numpy(train_labels.mean(axis=0)))
    attach_extras(model, _extras(config, tokenizer, datamodule))

    trainer = build.trainer(
        config, build.instances(config.callbacks), build.instances(config.logger)
    )
    log_config(trainer, config)
    millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    console.print(
        f"{config.model.path or config.model.name}: {millions:.1f} M parameters on "
        f"{trainer.accelerator.__class__.__name__.removesuffix('Accelerator')}, precision "
        f"{trainer.precision}",
        highlight=False,
        soft_wrap=True,
    )
    _fit(trainer, model, datamodule, config)
    trainer.validate(
        model,
        datamodule=datamodule,
        ckpt_path=_best_checkpoint(trainer),
        verbose=False,
        weights_only=True,
    )
    label_names = datamodule.table.label_names
    if len(datamodule.indices("test")) > 0:
        trainer.test(model, datamodule=datamodule, verbose=False)
        build.write_scores(output_dir / "predictions_test.csv", model, datamodule.table)
        print_metrics(console, "test, best checkpoint", model.results["test"], label_names)
    else:
        print_metrics(console, "validation, best checkpoint", model.results["val"], label_names)
    results = dict(model.results)
    write_metrics(output_dir / "metrics.json", results)
    log_hyperparameters(trainer, config, results)
    say_where(console, output_dir, time.monotonic() - started)
    split, _, metric = config.monitor.metric.partition("/")
    return results[split][metric]


def _fit(
    trainer: Trainer, model: ResumeClassifier, datamodule: ResumeDataModule, config: DictConfig
) -> None:
    names = ["loss", *metric_names(model.label_names)]
    known = [f"val/{name}" for name in names if name != "n" and not name.startswith("support/")]
    if config.monitor.metric not in known:
        overall = [name for name in known if name.count("/") == 1]
        raise UserError(
            f"monitor.metric={config.monitor.metric}: there is no such validation metric. Choose "
            f"one of {', '.join(overall)}, or one of a single label, such as {known[-1]}."
        )
    try:
        trainer.fit(model, datamodule=datamodule, ckpt_path=config.ckpt_path, weights_only=True)
    except MisconfigurationException as error:
        raise UserError(
            f"Training can't be run with these settings: {error} (If monitor.metric="
            f"{config.monitor.metric} is undefined on the validation split because no document "
            "has the label, choose another metric or give more data.)"
        ) from error


def _best_checkpoint(trainer: Trainer) -> str | None:
    """Return the path of the best checkpoint; None, for the current weights, if none is kept."""
    for callback in trainer.checkpoint_callbacks:
        if isinstance(callback, ModelCheckpoint) and callback.monitor and callback.best_model_path:
            return callback.best_model_path
    return None


def _make_paths_absolute(config: DictConfig) -> None:
    """Write relative paths out, so that the config in the checkpoint holds from any folder."""
    for key in ("data.path", "data.split.manifest", "model.path", "ckpt_path", "output_dir"):
        value = OmegaConf.select(config, key, throw_on_missing=False)
        if value is not None:
            with open_dict(config):
                OmegaConf.update(config, key, str(Path(value).expanduser().resolve()))


def _extras(
    config: DictConfig, tokenizer: TextTokenizer, datamodule: ResumeDataModule
) -> CheckpointExtras:
    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    # What "auto" meant here, so that an evaluation elsewhere knows what it repeats.
    plain["trainer"]["precision"] = resolve_precision(
        config.trainer.precision, config.trainer.accelerator
    )
    return CheckpointExtras(
        tokenizer_files=tokenizer.files,
        split_fingerprint=datamodule.fingerprint,
        config=plain,
    )
