"""From a config to the objects of a run."""

import logging
import os
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from lightning.pytorch import Callback, Trainer, seed_everything
from lightning.pytorch.callbacks import Checkpoint, LearningRateMonitor, ProgressBar
from lightning.pytorch.loggers import Logger
from lightning.pytorch.plugins import CheckpointIO
from lightning.pytorch.profilers import AdvancedProfiler, Profiler, PyTorchProfiler, SimpleProfiler
from omegaconf import DictConfig, OmegaConf

from resumebert.callbacks.checkpointing import DurableCheckpointIO
from resumebert.data.cache import digest_file
from resumebert.data.cleaning import MASKING
from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.table import ResumeTable
from resumebert.data.tokenization import TextTokenizer
from resumebert.data.windows import Windowing, max_windows_train, window_length
from resumebert.evaluation.metrics import multilabel_decisions, multilabel_metrics
from resumebert.evaluation.registry import load_metrics
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.layers import freeze, keep_lowest_layers
from resumebert.model.lora import add_lora
from resumebert.model.losses import with_prevalences
from resumebert.model.pretrained import (
    PretrainedSource,
    check_weights,
    load_bert_config,
    load_head,
    load_weights,
)
from resumebert.utils.console import make_console
from resumebert.utils.errors import UserError
from resumebert.utils.hardware import check_accelerator, resolve_precision
from resumebert.utils.processes import is_first_process
from resumebert.utils.trust import imported, is_dotted

Kind = TypeVar("Kind")


def quiet_libraries() -> None:
    """Silence what the libraries say about themselves; warnings that matter to a user stay."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # Each retry would be told twice; the error at the end says what to do.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    for message in (
        r".*does not have many workers.*",
        r".*smaller than the logging interval.*",
        r".*Checkpoint directory .* exists and is not empty.*",
        r"The dirpath has changed from.*",
        # Where no validation has come yet; at the end it is said.
        r".*could not find the monitored key.*",
        # What changes on resuming is told in our own words.
        r"Be aware that when using `ckpt_path`.*",
        r"The checkpoint was not created with WeightAveraging.*",
        r".*isinstance\(treespec, LeafSpec\).*",
        r".*compute.* method of metric .* was called before the .*update.*",
        r".*lr_scheduler\.step\(\).* before .*optimizer\.step\(\).*",
        r".*Detected call of `lr_scheduler.step.*",
        r".*`training_step` returned `None`.*",
        # They are of all processes' documents already.
        r".*It is recommended to use `self.log\(.*sync_dist=True.*",
    ):
        warnings.filterwarnings("ignore", message=message)
    if not is_first_process():
        warnings.simplefilter("ignore")


def seed_run(seed: int) -> None:
    """Seed Python, NumPy, PyTorch and the workers of the data loaders."""
    seed_everything(seed, workers=True, verbose=False)


def pretrained_source(config: DictConfig) -> PretrainedSource:
    """Return where ``config.model`` comes from."""
    model = config.model
    return PretrainedSource(
        name=model.name,
        path=model.path,
        package=model.package,
        pip_name=model.pip_name,
        revision=model.revision,
        sha256=model.sha256,
    )


def bert_config(config: DictConfig, folder: Path) -> dict[str, Any]:
    """Return the architecture: the folder's, or ``model.random_config``, with our dropout rates."""
    overrides: dict[str, Any] = {
        "hidden_dropout_prob": config.model.hidden_dropout,
        "attention_probs_dropout_prob": config.model.attention_dropout,
    }
    if config.model.random_config is not None:
        overrides |= dict(config.model.random_config)
    return keep_lowest_layers(load_bert_config(folder, overrides), config.model.num_layers)


def datamodule(
    data: DictConfig,
    tokenizer: TextTokenizer,
    *,
    shuffle_seed: int,
    table: ResumeTable | None = None,
    **overrides: Any,
) -> ResumeDataModule:
    """Return the data module of a ``data`` config; ``overrides`` replace arguments of it.

    A table in memory takes the place of what its reader would read, and is not cached.
    """
    length = window_length(data.max_length, data.long_documents)
    arguments: dict[str, Any] = {
        "reader": instantiate(data.reader) if table is None else _reader_of(table),
        "splitter": instantiate(data.split),
        "cleaning": [*data.cleaning, *([MASKING] if data.mask_pii else [])],
        "windowing": Windowing(
            strategy=data.long_documents,
            max_length=length,
            stride=data.stride,
            max_windows_train=max_windows_train(data.max_windows_train, data.batch_size, length),
        ),
        "window_sampling": data.window_sampling,
        "batch_size": data.batch_size,
        "eval_batch_size": data.eval_batch_size,
        "limit": data.limit,
        "duplicates": data.duplicates,
        "near_duplicates": dict(data.near_duplicates),
        "train_fraction": data.train_fraction,
        "seed": data.seed,
        "num_workers": data.num_workers,
        "source_key": source_key(data.reader) if table is None else None,
    }
    return _class_of(data, ResumeDataModule, "data")(
        tokenizer=tokenizer, shuffle_seed=shuffle_seed, **{**arguments, **overrides}
    )


def _reader_of(table: ResumeTable) -> Callable[[], ResumeTable]:
    # A selection is not emptied when its texts are cleaned: the table stays the user's.
    return partial(table.select, np.arange(len(table)))


def _class_of(settings: DictConfig, kind: type[Kind], key: str) -> type[Kind]:
    """Return the class that a config names, ``kind`` or one derived of it."""
    target = settings.get("_target_")
    found = kind if target is None else imported(target, f"{key}._target_={target}")
    if not (isinstance(found, type) and issubclass(found, kind)):
        raise UserError(f"{key}._target_={target}: it is no {kind.__name__}.")
    return found


def classifier(
    config: DictConfig, bert_config: dict[str, Any], folder: Path, datamodule: ResumeDataModule
) -> ResumeClassifier:
    """Return the model to train: pretrained weights of ``folder``, a head for the data's labels."""
    if config.model.random_config is None:
        check_weights(folder, bert_config)
    prevalences = torch.from_numpy(datamodule.prevalences)
    pooling = config.model.pooling
    model = _class_of(config.model, ResumeClassifier, "model")(
        bert_config,
        datamodule.table.label_names,
        pooling=imported(pooling, f"model.pooling={pooling}") if is_dotted(pooling) else pooling,
        chunk_tokens=config.model.chunk_tokens,
        loss=with_prevalences(instantiate(config.loss), prevalences),
        optimizer=instantiate(config.optimizer),
        scheduler=instantiate(config.scheduler),
        metrics=partial(multilabel_metrics, metrics=load_metrics(config.evaluation.metrics)),
        train_metrics=multilabel_decisions,
    )
    if config.model.random_config is None:
        load_weights(model.bert, folder)
    if config.model.lora is not None:
        add_lora(model.bert, **config.model.lora)
    freeze(model.bert, embeddings=config.model.freeze_embeddings, layers=config.model.freeze_layers)
    goes_on = config.model.random_config is None and load_head(model, model.label_names, folder)
    if goes_on:
        make_console().print(f"The head of {folder} knows these labels: training goes on from it.")
    else:
        model.start_from_prevalences(prevalences)
    return model


def source_key(reader: DictConfig) -> dict[str, Any]:
    """Return what a reader's result depends on: its settings, and the content of its files.

    Data without a path come with this code or are pinned by it (the sample, the corpus as fetched),
    and the cache's keys hold a digest of that.

    Returns:
        Plain JSON.
    """
    settings: dict[str, Any] = OmegaConf.to_container(reader, resolve=True)  # type: ignore[assignment]
    files = [Path(settings[name]) for name in ("path", "labels_file") if settings.get(name)]
    contents = [digest_file(file) for file in files if file.exists()]
    what = files[0].name if files else settings["_target_"].rpartition(".read_")[2]
    return {"what": what, "reader": settings, "contents": contents}


def trainer(
    config: DictConfig,
    callbacks: Sequence[Callback] = (),
    loggers: Sequence[Logger] = (),
    **overrides: Any,
) -> Trainer:
    """Return the trainer of ``config.trainer``; ``overrides`` replace arguments of it.

    Raises:
        UserError: the accelerator is not on this machine, or a plugin writes checkpoints.
    """
    settings = config.trainer
    check_accelerator(settings.accelerator)
    is_trial = bool(settings.fast_dev_run)
    wanted = {
        Checkpoint: settings.enable_checkpointing is not False and not is_trial,
        ProgressBar: settings.enable_progress_bar is not False,
        LearningRateMonitor: bool(loggers),
    }
    left_out = tuple(kind for kind, is_wanted in wanted.items() if not is_wanted)
    kept = [callback for callback in callbacks if not isinstance(callback, left_out)]
    plugins = list(instantiate(settings.plugins or []))
    if _is_any(plugins, CheckpointIO):
        raise UserError(
            "trainer.plugins: a plugin that writes checkpoints can't take the place of our own, "
            "which adds the digest that they are checked by. Leave it out."
        )
    arguments = {
        "precision": resolve_precision(settings.precision, settings.accelerator),
        "callbacks": kept,
        "logger": list(loggers) or False,
        "enable_checkpointing": _is_any(kept, Checkpoint),
        "enable_progress_bar": settings.enable_progress_bar or _is_any(kept, ProgressBar),
        "plugins": [DurableCheckpointIO(), *plugins],
        "profiler": _profiler(settings.profiler, config.output_dir),
    }
    made: Trainer = instantiate(config.trainer, **{**arguments, **overrides})
    return made


def _is_any(items: Sequence[Any], kind: type) -> bool:
    return any(isinstance(item, kind) for item in items)


def _profiler(name: str | None, folder: str) -> Profiler | None:
    kinds: dict[str, Callable[..., Profiler]] = {
        "simple": SimpleProfiler, "advanced": AdvancedProfiler, "pytorch": PyTorchProfiler,
    }  # fmt: skip
    return None if name is None else kinds[name](dirpath=folder, filename="profile")


def evaluation_trainer(accelerator: str, precision: str) -> Trainer:
    """Return a trainer that only tests, set up as training's own test was.

    Raises:
        UserError: the accelerator is not on this machine.
    """
    check_accelerator(accelerator)
    return Trainer(
        accelerator=accelerator,
        devices=1,
        precision=resolve_precision(precision, accelerator),  # type: ignore[arg-type]
        deterministic=True,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )


def instances(group: DictConfig | None) -> list[Any]:
    """Instantiate every entry of a group that has a ``_target_``; a null entry is left out.

    Raises:
        UserError: an entry takes a package that is not installed.
    """
    made = []
    entries: dict[str, Any] = dict(group or {})
    for name, entry in entries.items():
        try:
            made += [] if entry is None else [instantiate(entry)]
        except InstantiationException as error:
            if isinstance(error.__cause__, ModuleNotFoundError):
                raise UserError(
                    f"{entry._target_} takes a package that is not installed: pip install "
                    f"'resumebert[{name}]'. ({error.__cause__})"
                ) from error
            raise
    return made
