"""Training speed: tokens and documents per second, and the share of padding."""

import json
import time
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from resumebert.data.batching import Batch
from resumebert.utils.durable_files import write_text


class Throughput(Callback):
    """Log ``throughput/…`` every ``log_every_n_steps`` steps, averaged over those steps.

    ``tokens_per_second`` counts tokens without padding, on this process times the number of
    processes. Validation and the writing of checkpoints are not part of the time. The averages over
    all steps are written to ``throughput.json`` in the run's folder.
    """

    def __init__(self) -> None:
        self.tokens_per_second: float | None = None
        self._begin()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin to count a run."""
        self._begin()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the run's averages, if it had a step."""
        if trainer.is_global_zero and self._run_seconds > 0 and trainer.default_root_dir:
            figures = {
                "documents_per_second": trainer.world_size
                * self._run_documents
                / self._run_seconds,
                "tokens_per_second": trainer.world_size * self._run_tokens / self._run_seconds,
                "seconds_in_steps": self._run_seconds,
            }
            path = Path(trainer.default_root_dir) / "throughput.json"
            write_text(path, json.dumps(figures, indent=2) + "\n")

    def _begin(self) -> None:
        self._run_seconds, self._run_tokens, self._run_documents = 0.0, 0, 0
        self._reset()

    def _reset(self) -> None:
        self._seconds = 0.0
        self._tokens: int | Tensor = 0
        self._padded = 0
        self._documents = 0

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Start the clock of a batch."""
        self._start = time.perf_counter()

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Count a batch; log when it is time."""
        self._seconds += time.perf_counter() - self._start
        # On a GPU, the shape is known without waiting. The tokens are summed on the GPU and read
        # only when they are logged.
        self._tokens = self._tokens + batch["attention_mask"].sum()
        self._padded += batch["attention_mask"].numel()
        self._documents += len(batch["index"])
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]
        is_due = (batch_idx + 1) % every == 0
        if is_due or batch_idx + 1 == trainer.num_training_batches:
            tokens = int(self._tokens)
            self.tokens_per_second = trainer.world_size * tokens / self._seconds
            pl_module.log_dict(
                {
                    "throughput/tokens_per_second": self.tokens_per_second,
                    "throughput/documents_per_second": trainer.world_size
                    * self._documents
                    / self._seconds,
                    "throughput/real_token_share": tokens / self._padded,
                },
                batch_size=1,
            )
            self._run_seconds += self._seconds
            self._run_tokens += tokens
            self._run_documents += self._documents
            self._reset()
