"""last.ckpt, from which a run goes on exactly where it was, and best.ckpt, which goes along."""

import shutil
import time
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO

from resumebert.callbacks.training_state import TrainingState, collect, restore
from resumebert.data.batching import ResumableLoader
from resumebert.model.checkpoint_file import read_checkpoint, write_checkpoint
from resumebert.model.classifier import ResumeClassifier
from resumebert.utils.durable_files import replacing
from resumebert.utils.interruption import Interruption, NotedSignal, interrupt_from_now_on

# What the processes agree on after a step; a signal's number is larger than both.
GO_ON, SAVE = 0, 1
# Where a checkpoint has what Lightning does not save.
KEY = "training_state"


class LastCheckpoint(Checkpoint):
    """Write ``last.ckpt`` after every epoch, every so many minutes, and when a signal ends the run.

    It holds all that the rest of the training depends on, so that a run that goes on from it ends
    with the weights of one that was never interrupted: besides what Lightning saves (weights,
    optimizer, schedule, progress, callbacks, the batches seen) the random states and the scores of
    the epoch's training batches so far.

    SIGINT and SIGTERM end the training with the optimizer step that they meet, or, where they meet
    an epoch's last step or a validation, at the end of it. A second one ends the run at once.

    Args:
        dirpath: the folder of the file.
        minutes: between two saves within an epoch; 0: after every step.

    Raises:
        Interruption: when a signal came and the checkpoint is written.
    """

    def __init__(self, dirpath: str, minutes: float = 10.0) -> None:
        self.path = Path(dirpath) / "last.ckpt"
        self.minutes = minutes
        self._signal = NotedSignal()
        self._saved_at = 0.0
        self._epoch_is_over = False
        self._step = 0
        self._state: TrainingState | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Agree on the folder: that of the first process."""
        self.path = trainer.strategy.broadcast(self.path)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add what Lightning does not save; on all processes."""
        assert isinstance(pl_module, ResumeClassifier)
        loader = trainer.train_dataloader
        assert isinstance(loader, ResumableLoader)
        # trainer.limit_train_batches and others end an epoch before the loader does.
        seen = {"batches": 0} if self._epoch_is_over else loader.state_dict()
        checkpoint[KEY] = collect(seen, pl_module.train_scores, pl_module.device)

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Keep it until the training starts: until then other things draw random numbers."""
        if trainer.state.fn == "fit":
            self._state = checkpoint.get(KEY)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave out the batches seen; start the clock; note signals from now on."""
        loader = trainer.train_dataloader
        # Lightning saves the loader's state too, but loads it only into a loader that is made
        # later than ours: the schedule has asked for the number of batches by then.
        if self._state is not None and isinstance(loader, ResumableLoader):
            loader.load_state_dict(self._state["loader"])
        self._saved_at = time.monotonic()
        self._signal.start()

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on from the end of an epoch: making an iterator draws a random number, as it did."""
        self._restore(pl_module)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Go on within an epoch: here the iterator has drawn its random number already."""
        self._restore(pl_module)
        self._epoch_is_over = False
        self._step = trainer.global_step

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Save if it is time or a signal came, and the state between two steps is complete."""
        # Gradients that are still being added up are in no checkpoint, nor is a validation that is
        # due before the next batch.
        if trainer.global_step == self._step or _validates_next(trainer, batch_idx):
            return
        is_time = time.monotonic() - self._saved_at >= 60 * self.minutes
        decision = _agree(trainer, self._signal.signum or (SAVE if is_time else GO_ON))
        if decision != GO_ON:
            self._save(trainer)
        if decision > SAVE:
            raise Interruption(decision)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save; end here if a signal came meanwhile."""
        self._epoch_is_over = True
        self._save(trainer)
        self._stop_if_asked(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave signals alone again; end here if one came after the last step."""
        self._signal.stop()
        self._stop_if_asked(trainer)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let a signal end an evaluation after the training at once: it can be had again."""
        if trainer.state.fn == "validate":
            interrupt_from_now_on()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let a signal end a test at once."""
        interrupt_from_now_on()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Leave signals alone again."""
        self._signal.stop()

    def _stop_if_asked(self, trainer: Trainer) -> None:
        decision = _agree(trainer, self._signal.signum)
        if decision > SAVE:
            raise Interruption(decision)

    def _restore(self, pl_module: LightningModule) -> None:
        if self._state is not None:
            assert isinstance(pl_module, ResumeClassifier)
            restore(self._state, pl_module.train_scores, pl_module.device)
            self._state = None

    def _save(self, trainer: Trainer) -> None:
        trainer.save_checkpoint(self.path)
        self._saved_at = time.monotonic()


class BestCheckpoint(ModelCheckpoint):
    """Lightning's ModelCheckpoint, except that a run that goes on in a new folder keeps the best.

    Lightning forgets the best score when the folder changes, and would take the first validation
    for the best. Here the file is copied and remains the one to beat.
    """

    _resumed_from: Path | None = None

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Note where the checkpoint lies: the best one lies beside it, even if it was moved."""
        self._resumed_from = Path(trainer.ckpt_path).parent if trainer.ckpt_path else None
        self._is_first = trainer.is_global_zero

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the state, and bring the best checkpoint along if the folder has changed.

        Of the paths in the state, which Lightning would remove files by, none is used but to look
        for a file of the best checkpoint's name.
        """
        target = Path(self.dirpath or "") / f"{self.filename}{self.FILE_EXTENSION}"
        before = Path(state_dict["best_model_path"] or "-").parent
        beside = [folder / target.name for folder in (self._resumed_from, before) if folder]
        source = next((path for path in beside if path.is_file()), None)
        if not state_dict["best_model_path"] or source is None:
            # As if there had been no validation yet: the next one gives the best.
            return
        if source.resolve() != target.resolve() and self._is_first:
            read_checkpoint(source, "ckpt_path")  # A damaged one is not to be handed on.
            with source.open("rb") as old, replacing(target) as new:
                shutil.copyfileobj(old, new)
        score = state_dict["best_model_score"]
        super().load_state_dict(
            state_dict
            | {
                "dirpath": self.dirpath,
                "best_model_path": str(target),
                "best_k_models": {} if score is None else {str(target): score},
                "kth_best_model_path": str(target),
                "last_model_path": "",
            }
        )


class DurableCheckpointIO(TorchCheckpointIO):
    """Write a checkpoint beside its place, see it onto the disk, then rename it there.

    Lightning's own goes through the folder for temporary files, and from another disk nothing can
    be renamed; and it reads what was damaged since.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Save ``checkpoint`` as the file ``path``, with a digest of its content.

        Raises:
            UserError: it can't be written; what was there before is still there.
        """
        write_checkpoint(checkpoint, Path(path))

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read the file ``path``, always with ``weights_only=True``.

        Raises:
            UserError: it is not there, or damaged.
        """
        return read_checkpoint(Path(path), "ckpt_path")


def _validates_next(trainer: Trainer, batch_idx: int) -> bool:
    """Tell whether a validation, or the end of the epoch, comes before the next training batch."""
    if batch_idx + 1 >= trainer.num_training_batches:
        return True
    every, done = trainer.val_check_batch, batch_idx
    if trainer.check_val_every_n_epoch is None:
        done = trainer.fit_loop.epoch_loop.total_batch_idx
    return every is not None and (done + 1) % every == 0


def _agree(trainer: Trainer, decision: int) -> int:
    """Return the largest decision of all processes, so that all of them act alike."""
    if trainer.world_size == 1:
        return decision
    mine = torch.tensor(decision, device=trainer.strategy.root_device)
    return int(trainer.strategy.reduce(mine, reduce_op="max"))
