"""Write last.ckpt, from which a run resumes exactly, and best.ckpt, which a resumed run keeps."""

import random
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO

from resumebert.data.batching import ResumableLoader
from resumebert.model.checkpoint_file import read_checkpoint, write_checkpoint
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.scores import NAMES, of_all_processes
from resumebert.utils.durable_files import replacing
from resumebert.utils.interruption import Interruption, NotedSignal, interrupt_from_now_on

# What to do after a step. The number of a signal, larger than both, means to save and to end.
CONTINUE, SAVE = 0, 1
# The key of a checkpoint for the state that Lightning does not save, as plain values and tensors:
# ``loader`` of the ResumableLoader, ``random`` with an entry for each process, and ``scores`` of
# the epoch's training batches so far, from all processes.
KEY = "training_state"


class LastCheckpoint(Checkpoint):
    """Write ``last.ckpt`` every few minutes, before a validation, after an epoch and on a signal.

    It holds everything that the rest of the training depends on, so that a resumed run ends with
    the same weights as an uninterrupted one: what Lightning saves (weights, optimizer, schedule,
    progress, callbacks, the batches seen), the random states, and the scores of the epoch's
    training batches so far.

    SIGINT and SIGTERM end the training after the current optimizer step. They end a validation at
    once, or after its current batch where several processes share the run: the checkpoint of one
    step before it is there, and the validation is repeated. Where there is none, since every step
    is validated, they wait for its end. A second signal ends the run at once.

    Args:
        dirpath: the folder of the file.
        minutes: time between two saves within an epoch; 0: after every step.

    Raises:
        Interruption: a signal came, and the checkpoint is written.
    """

    def __init__(self, dirpath: str, minutes: float = 10.0) -> None:
        self.path = Path(dirpath) / "last.ckpt"
        self.minutes = minutes
        self._signal = NotedSignal()
        self._saved_at = 0.0
        self._epoch_is_over = False
        self._step = 0
        # The step that last.ckpt holds the state after; None: it has not been written.
        self._saved_step: int | None = None
        self._state: dict[str, Any] | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Use the folder of the first process on all processes."""
        self.path = trainer.strategy.broadcast(self.path)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add what Lightning does not save; on all processes."""
        assert isinstance(pl_module, ResumeClassifier)
        loader = trainer.train_dataloader
        assert isinstance(loader, ResumableLoader)
        checkpoint[KEY] = {
            # The epoch may end before the loader does, for example by trainer.limit_train_batches.
            "loader": {"batches": 0} if self._epoch_is_over else loader.state_dict(),
            "random": of_all_processes(_random_state(pl_module.device)),
            "scores": pl_module.split_scores["train"].collected(),
        }

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Keep the state until the training starts: setup still draws random numbers."""
        if trainer.state.fn == "fit":
            self._state = checkpoint.get(KEY)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Skip the batches seen, start the clock, and note signals from now on."""
        loader = trainer.train_dataloader
        # Lightning restores the loader's state only if the loader is made later. Ours exists
        # already, because the schedule has asked for the number of batches.
        if self._state is not None and isinstance(loader, ResumableLoader):
            loader.load_state_dict(self._state["loader"])
        self._saved_at = time.monotonic()
        self._signal.start()

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restore the state saved at the end of an epoch, before the iterator draws its number."""
        self._restore(trainer, pl_module)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Restore the state saved within an epoch, after the iterator has drawn its number."""
        self._restore(trainer, pl_module)
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
        """Save if it is time or a signal came."""
        # Not now if the state would be incomplete: a checkpoint holds no accumulated gradients, and
        # no validation that is due before the next batch.
        if trainer.global_step == self._step or _validates_next(trainer, batch_idx):
            return
        is_time = time.monotonic() - self._saved_at >= 60 * self.minutes
        # A validation can take longer than all the steps before it.
        next_step = range(batch_idx + 1, batch_idx + 1 + trainer.accumulate_grad_batches)
        is_time |= any(_validates_next(trainer, later) for later in next_step)
        decision = _agree(trainer, self._signal.signum or (SAVE if is_time else CONTINUE))
        if decision != CONTINUE:
            self._save(trainer)
        if decision > SAVE:
            raise Interruption(decision)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save; end the run if a signal came."""
        self._epoch_is_over = True
        self._save(trainer)
        self._stop_if_asked(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restore the signal handlers; end the run if a signal came after the last step."""
        self._signal.stop()
        self._stop_if_asked(trainer)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let a signal end a validation at once if it can be repeated."""
        if trainer.state.fn == "validate":
            interrupt_from_now_on()
        elif self._can_be_repeated(trainer):
            self._stop_if_asked(trainer)
            self._signal.at_once = trainer.world_size == 1

    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, *arguments: Any, **named: Any
    ) -> None:
        """End the run on all processes if a signal came to one of them."""
        if trainer.world_size > 1 and self._can_be_repeated(trainer):
            self._stop_if_asked(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let a signal wait for the current step again."""
        self._signal.at_once = False

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let a signal end a test at once."""
        interrupt_from_now_on()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Restore the signal handlers."""
        self._signal.stop()

    def _stop_if_asked(self, trainer: Trainer) -> None:
        decision = _agree(trainer, self._signal.signum)
        if decision > SAVE:
            raise Interruption(decision)

    def _can_be_repeated(self, trainer: Trainer) -> bool:
        """Return whether last.ckpt is of one step before this validation at most.

        It holds no validation that is due, so it is written a step before.
        """
        return (
            trainer.state.fn == "fit"
            and not trainer.sanity_checking
            and self._saved_step is not None
            and trainer.global_step - self._saved_step <= 1
        )

    def _restore(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restore the random states, unless there were more or fewer processes, and the scores."""
        if self._state is None:
            return
        assert isinstance(pl_module, ResumeClassifier)
        if len(self._state["random"]) == trainer.world_size:
            _set_random_state(self._state["random"][trainer.global_rank], pl_module.device)
        scores = self._state["scores"]
        if scores is not None and trainer.is_global_zero:
            of_epoch = pl_module.split_scores["train"]
            of_epoch.reset()
            of_epoch.update(*(scores[name].to(pl_module.device) for name in NAMES))
        self._state = None

    def _save(self, trainer: Trainer) -> None:
        trainer.save_checkpoint(self.path)
        self._saved_at, self._saved_step = time.monotonic(), trainer.global_step


class BestCheckpoint(ModelCheckpoint):
    """Lightning's ModelCheckpoint, except that a run resumed in a new folder keeps the best one.

    Lightning forgets the best score when the folder changes, and would take the next validation
    for the best. Here the file is copied and its score stays the one to beat.
    """

    _resumed_from: Path | None = None

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Note the checkpoint's folder: the best checkpoint is in it, even if it was moved."""
        self._resumed_from = Path(trainer.ckpt_path).parent if trainer.ckpt_path else None
        self._is_first = trainer.is_global_zero

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the state, and copy the best checkpoint if the folder has changed.

        Lightning would delete files by the paths in the state. They come from a file, so they are
        only used to look for the best checkpoint.
        """
        target = Path(self.dirpath or "") / f"{self.filename}{self.FILE_EXTENSION}"
        before = Path(state_dict["best_model_path"] or "-").parent
        beside = [folder / target.name for folder in (self._resumed_from, before) if folder]
        source = next((path for path in beside if path.is_file()), None)
        if not state_dict["best_model_path"] or source is None:
            # The next validation gives the best checkpoint.
            return
        if source.resolve() != target.resolve() and self._is_first:
            read_checkpoint(source, "ckpt_path")  # Refuses a damaged file.
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
    """Write checkpoints under another name, sync and rename them; read them only if undamaged.

    Lightning writes to the folder for temporary files, which may be on another disk, and does not
    notice damage. Errors are those of :mod:`resumebert.model.checkpoint_file`.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Save ``checkpoint`` as the file ``path``, with a digest of its content."""
        write_checkpoint(checkpoint, Path(path))

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read the file ``path``, always with ``weights_only=True``."""
        return read_checkpoint(Path(path), "ckpt_path")


def _validates_next(trainer: Trainer, batch_idx: int) -> bool:
    """Return whether a validation or the epoch's end comes before the next training batch."""
    if batch_idx + 1 >= trainer.num_training_batches:
        return True
    every, done = trainer.val_check_batch, batch_idx
    if trainer.check_val_every_n_epoch is None:
        done = trainer.fit_loop.epoch_loop.total_batch_idx
    return every is not None and (done + 1) % every == 0


def _agree(trainer: Trainer, decision: int) -> int:
    """Return the largest decision of all processes, so that all act alike."""
    if trainer.world_size == 1:
        return decision
    mine = torch.tensor(decision, device=trainer.strategy.root_device)
    return int(trainer.strategy.reduce(mine, reduce_op="max"))


def _random_state(device: torch.device) -> dict[str, Any]:
    name, keys, *rest = np.random.get_state(legacy=True)
    return {
        "torch": torch.get_rng_state(),
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(np.asarray(keys, dtype=np.int64)), *rest),
        "cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
    }


def _set_random_state(state: dict[str, Any], device: torch.device) -> None:
    torch.set_rng_state(state["torch"])
    random.setstate(state["python"])
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    if state["cuda"] is not None and device.type == "cuda":
        torch.cuda.set_rng_state(state["cuda"], device)
