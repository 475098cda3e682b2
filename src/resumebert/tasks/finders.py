"""Look for a learning rate and a batch size before the training, on copies of the model."""

import copy
import dataclasses
import gc
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from hydra.utils import instantiate
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities.memory import is_oom_error
from lightning.pytorch.utilities.seed import isolate_rng
from omegaconf import DictConfig
from rich.console import Console
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader

from resumebert.callbacks.progress import RunProgress
from resumebert.data.batching import Batch, LengthBatchSampler
from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.windows import max_windows_train
from resumebert.evaluation.outputs import write_json
from resumebert.model.classifier import ResumeClassifier
from resumebert.utils.durable_files import write_csv
from resumebert.utils.errors import UserError
from resumebert.utils.hardware import resolve_precision
from resumebert.utils.host_memory import HostMemory

# A loss of so many times the lowest before it does not come down again; Lightning's figure too.
DIVERGED = 4.0
# Of the loss so far in its running mean, by which it is seen to diverge.
MEMORY = 0.8
# Fewer losses than this make no curve.
MIN_STEPS = 10


def find(
    config: DictConfig,
    trainer: Trainer,
    model: ResumeClassifier,
    datamodule: ResumeDataModule,
    console: Console,
) -> None:
    """Search what ``config.find`` asks for, and put it into config, model and data module.

    Weights, random state and the order of the batches are left as they were. The output folder gets
    ``found.json`` and, of a learning rate, ``lr_finder.csv``; TensorBoard gets its curve as text.

    Args:
        config: the run's; ``optimizer.lr``, ``data.batch_size`` and ``data.max_windows_train`` are
            changed.
        trainer: the run's, not yet used.
        model: ready to be trained, on the host.
        datamodule: set up.
        console: where a line before and after each search goes.

    Raises:
        UserError: the settings don't go with a search, or nothing was found.
    """
    if not (config.find.lr or config.find.batch_size):
        return
    if config.ckpt_path is not None:
        raise UserError(
            "find.lr=true and find.batch_size=true are for the start of a run: one that goes on "
            "from ckpt_path keeps its learning rate. Leave them out; found.json in the folder of "
            "the interrupted run has what was found."
        )
    if trainer.world_size > 1:
        raise UserError(
            "find.lr=true and find.batch_size=true search on one device. Run them with "
            "trainer.devices=1, then give the run on several devices what they found: "
            "data.batch_size, of all devices together, can be as many times as large."
        )
    if config.find.lr_min >= config.find.lr_max:
        raise UserError(
            f"find.lr_min={config.find.lr_min:g}: it must be below find.lr_max="
            f"{config.find.lr_max:g}."
        )
    found: dict[str, Any] = {}
    with isolate_rng():
        if config.find.batch_size:
            found |= _use_batch_size(config, trainer, model, datamodule, console)
        # With the batches that the run will have.
        if config.find.lr:
            found |= _use_lr(config, trainer, model, datamodule, console)
    write_json(Path(config.output_dir) / "found.json", found)


# --- learning rate --------------------------------------------------------------------------------


@dataclass(frozen=True)
class LrSearch:
    """A learning-rate range test (Smith, "Cyclical learning rates", 2017, section 3.3).

    Attributes:
        rates: (n,) the ``optimizer.lr`` of each step, rising.
        losses: (n,) the loss of each step's batches, before it.
    """

    rates: npt.NDArray[np.float64]
    losses: npt.NDArray[np.float64]

    @property
    def smoothed(self) -> npt.NDArray[np.float64]:
        """(n,) losses averaged over a Hann window of a fifth of the curve, which has no lag."""
        window = np.hanning(2 * self._half_window + 3)[1:-1]
        weight = np.convolve(np.ones(len(self.losses)), window, "same")
        return np.convolve(self.losses, window, "same") / weight

    @property
    def suggestion(self) -> float | None:
        """The rate at which the loss falls fastest as the rate's logarithm grows, to two digits.

        None: the loss falls nowhere. The ends of the curve, where a mean is of few losses, are left
        out.
        """
        inner = slice(self._half_window, -self._half_window)
        slopes = np.gradient(self.smoothed, np.log(self.rates))[inner]
        steepest = int(np.argmin(slopes))
        return float(f"{self.rates[inner][steepest]:.1e}") if slopes[steepest] < 0 else None

    @property
    def _half_window(self) -> int:
        return max(1, len(self.losses) // 10)


class _DivergedError(Exception):
    """The rates are past any that can be used."""


class _RecordLosses(Callback):
    """Note the loss of each optimizer step, until it diverges."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self._loss = self._running = 0.0
        self._lowest = math.inf

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Add a batch's part of a step's loss; the last part completes it."""
        self._loss += float(outputs["loss"])
        if trainer.global_step == len(self.losses):
            return
        self.losses.append(self._loss)
        self._running = MEMORY * self._running + (1 - MEMORY) * self._loss
        self._loss = 0.0
        mean = self._running / (1 - MEMORY ** len(self.losses))
        self._lowest = min(self._lowest, mean)
        if not mean <= DIVERGED * self._lowest:
            raise _DivergedError


def search_lr(config: DictConfig, model: ResumeClassifier, loader: DataLoader[Batch]) -> LrSearch:
    """Train a copy of ``model`` with ``optimizer.lr`` rising from ``find.lr_min`` to ``lr_max``.

    All groups of parameters keep their rates relative to each other.

    Raises:
        UserError: the loss diverged before there was a curve.
    """
    steps = config.find.lr_steps
    rates = np.geomspace(config.find.lr_min, config.find.lr_max, steps)
    trial = copy.deepcopy(model)
    trial.scheduler_factory = lambda optimizer, _: LambdaLR(
        optimizer, lambda step: float(rates[min(step, steps - 1)]) / config.optimizer.lr
    )
    recorder = _RecordLosses()
    try:
        _fit(config, trial, loader, steps, [recorder, RunProgress()])
    except (_DivergedError, UserError):
        # The model, too, ends a training whose loss is no number.
        if len(recorder.losses) < MIN_STEPS:
            raise UserError(
                f"find.lr=true: the loss diverged in fewer than {MIN_STEPS} steps from find.lr_min="
                f"{config.find.lr_min:g}. Lower find.lr_min, or raise find.lr_steps."
            ) from None
    losses = np.array(recorder.losses)
    known = np.isfinite(losses)
    return LrSearch(rates[: len(losses)][known], losses[known])


def _use_lr(
    config: DictConfig,
    trainer: Trainer,
    model: ResumeClassifier,
    datamodule: ResumeDataModule,
    console: Console,
) -> dict[str, Any]:
    span = f"{config.find.lr_min:g} to {config.find.lr_max:g}"
    _say(console, f"learning rate: {config.find.lr_steps} steps at rates from {span}")
    search = search_lr(config, model, datamodule.train_dataloader())
    _write_curve(Path(config.output_dir) / "lr_finder.csv", search)
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.add_text("lr_finder", _as_markdown(search))
    if search.suggestion is None:
        raise UserError(
            f"find.lr=true: the loss fell at no rate from {span}; lr_finder.csv has the curve. "
            "Widen find.lr_min and find.lr_max, or give optimizer.lr."
        )
    config.optimizer.lr = search.suggestion
    model.optimizer_factory = instantiate(config.optimizer)
    is_whole = len(search.rates) == config.find.lr_steps
    _say(
        console,
        f"learning rate: the loss falls fastest at {search.suggestion:g}"
        + ("" if is_whole else f" and diverges at {search.rates[-1]:.1e}")
        + f"; training with optimizer.lr={search.suggestion:g}",
    )
    return {"optimizer.lr": search.suggestion}


def _write_curve(path: Path, search: LrSearch) -> None:
    columns = {"lr": search.rates, "loss": search.losses, "smoothed_loss": search.smoothed}
    write_csv(path, pd.DataFrame(columns))


def _as_markdown(search: LrSearch) -> str:
    rows = list(zip(search.rates, search.smoothed, strict=True))[:: max(1, len(search.rates) // 25)]
    lines = [f"| {rate:.1e} | {loss:.4f} |" for rate, loss in rows]
    return "\n".join(("| optimizer.lr | loss, smoothed |", "| --- | --- |", *lines))


# --- batch size -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class BatchSizeSearch:
    """The largest batch ``size`` that fits, and in words why none is larger."""

    size: int
    limit: str


def search_batch_size(
    config: DictConfig, model: ResumeClassifier, datamodule: ResumeDataModule, *, on_host: bool
) -> BatchSizeSearch:
    """Double ``data.batch_size`` until the memory, the split or ``find.max_batch_size`` end it.

    If ``data.batch_size`` itself does not fit, it is halved until it does. A host kills a process
    that is out of memory, so there a size is tried only if the memory it should take is free, going
    by what the size before took. The data module is left with the size tried last.

    Args:
        config: the run's.
        model: copies of it are trained.
        datamodule: set up.
        on_host: whether training is on the CPU.

    Raises:
        UserError: not even one document fits, or the host does not tell its free memory.
    """
    documents = len(datamodule.indices("train"))
    most = min(config.find.max_batch_size, documents)
    memory = HostMemory() if on_host else None
    size, too_large = int(config.data.batch_size), 0
    while not _fits(config, model, datamodule, size):
        if size == 1:
            raise UserError(
                "find.batch_size=true: a step on one document takes more than the memory. Lower "
                "data.max_windows_train or data.max_length, or take a smaller model."
            )
        size, too_large = size // 2, size
    while not too_large and size < most:
        larger = min(2 * size, most)
        has_room = memory is None or memory.has_room_for(larger / size)
        if has_room and _fits(config, model, datamodule, larger):
            size = larger
        else:
            too_large = larger
    if too_large:
        return BatchSizeSearch(size, f"{too_large} would take more than the memory")
    limit = "all of the training split" if size >= documents else "find.max_batch_size"
    return BatchSizeSearch(size, limit)


def _fits(
    config: DictConfig, model: ResumeClassifier, datamodule: ResumeDataModule, size: int
) -> bool:
    """Try two steps on the longest documents: the optimizer takes its memory in the first."""
    _resize(datamodule, size, _windows(config, size))
    loader = datamodule.train_dataloader()
    assert isinstance(loader.batch_sampler, LengthBatchSampler)
    loader.batch_sampler.shuffle = False
    try:
        _fit(config, copy.deepcopy(model), loader, 2, [])
    except RuntimeError as error:
        if not (isinstance(error, torch.OutOfMemoryError) or is_oom_error(error)):
            raise
        fits = False
    else:
        fits = True
    # Not in the handler, where the error still holds the frames and they the copy.
    gc.collect()
    torch.cuda.empty_cache()
    return fits


def _windows(config: DictConfig, size: int) -> int | None:
    """Return ``data.max_windows_train`` for ``size`` documents a batch: as many for each."""
    data = config.data
    windows = max_windows_train(data.max_windows_train, data.batch_size, data.max_length)
    return None if windows is None else windows * size // int(data.batch_size)


def _resize(datamodule: ResumeDataModule, size: int, windows: int | None) -> None:
    datamodule.batch_size = size
    datamodule.windowing = dataclasses.replace(datamodule.windowing, max_windows_train=windows)


def _use_batch_size(
    config: DictConfig,
    trainer: Trainer,
    model: ResumeClassifier,
    datamodule: ResumeDataModule,
    console: Console,
) -> dict[str, Any]:
    _say(console, f"batch size: doubling data.batch_size={config.data.batch_size}")
    on_host = trainer.strategy.root_device.type == "cpu"
    search = search_batch_size(config, model, datamodule, on_host=on_host)
    windows = _windows(config, search.size)
    _resize(datamodule, search.size, windows)
    config.data.batch_size, config.data.max_windows_train = search.size, windows
    _say(
        console,
        f"batch size: {search.size} ({search.limit}); training with data.batch_size={search.size} "
        f"data.max_windows_train={'null' if windows is None else windows}, "
        f"{len(datamodule.train_dataloader())} batches an epoch",
    )
    return {"data.batch_size": search.size, "data.max_windows_train": windows}


# --- both -----------------------------------------------------------------------------------------


def _fit(
    config: DictConfig,
    model: ResumeClassifier,
    loader: DataLoader[Batch],
    steps: int,
    callbacks: Sequence[Callback],
) -> None:
    """Train ``model`` as the run would, for so many optimizer steps, writing nothing."""
    trainer: Trainer = instantiate(
        config.trainer,
        precision=resolve_precision(config.trainer.precision, config.trainer.accelerator),
        max_epochs=-1,
        max_steps=steps,
        limit_val_batches=0,
        callbacks=list(callbacks),
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=any(isinstance(callback, ProgressBar) for callback in callbacks),
    )
    # Of a model that validates Lightning wants validation batches, though none is asked for.
    trainer.fit(model, loader, loader)


def _say(console: Console, line: str) -> None:
    console.print(line, highlight=False, soft_wrap=True)
