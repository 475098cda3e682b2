"""Training speed: tokens and documents per second, and the share of padding."""

import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

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
        # Seconds, documents, tokens, and tokens with padding: of all steps logged, and since then.
        self._run: dict[str, Any] = defaultdict(int)
        self._recent: dict[str, Any] = defaultdict(int)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin to count a run."""
        self._run.clear()
        self._recent.clear()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the run's averages, if it had a step."""
        if trainer.is_global_zero and self._run["seconds"] > 0 and trainer.default_root_dir:
            rates = _rates(self._run, trainer.world_size)
            figures = {**rates, "seconds_in_steps": self._run["seconds"]}
            path = Path(trainer.default_root_dir) / "throughput.json"
            write_text(path, json.dumps(figures, indent=2) + "\n")

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
        recent = self._recent
        recent["seconds"] += time.perf_counter() - self._start
        recent["documents"] += len(batch["index"])
        # On a GPU, the shape is known without waiting. The tokens are summed on the GPU and read
        # only when they are logged.
        recent["tokens"] += batch["attention_mask"].sum()
        recent["padded"] += batch["attention_mask"].numel()
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]
        if (batch_idx + 1) % every and batch_idx + 1 != trainer.num_training_batches:
            return
        recent["tokens"] = int(recent["tokens"])
        found = _rates(recent, trainer.world_size)
        self.tokens_per_second = found["tokens_per_second"]
        found["real_token_share"] = recent["tokens"] / recent["padded"]
        logged = {f"throughput/{name}": value for name, value in found.items()}
        pl_module.log_dict(logged, batch_size=1)
        for name, value in recent.items():
            self._run[name] += value
        recent.clear()


def _rates(counts: dict[str, Any], processes: int) -> dict[str, float]:
    return {
        f"{what}_per_second": processes * counts[what] / counts["seconds"]
        for what in ("documents", "tokens")
    }
