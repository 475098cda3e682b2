"""Training speed: tokens and documents per second, padding, and what the time goes into."""

import json
import math
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from resumebert.data.batching import Batch, ResumableLoader
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.operations import measured_peak, step_operations
from resumebert.utils.durable_files import write_text

# What a step's time is divided into. On a GPU these are the times of the host, which runs ahead:
# what the GPU is still busy with is waited for in the part after it.
PARTS = ("data", "forward", "backward", "optimizer")


class Throughput(Callback):
    """Log ``throughput/…`` every ``log_every_n_steps`` steps, averaged over those steps.

    ``tokens_per_second`` counts tokens without padding, on this process times the number of
    processes, ``real_token_share`` is what they are of all with padding, ``waiting_share`` how much
    of the time is spent waiting for data, and ``flops_utilisation`` what the step has to compute
    against a peak that is measured at the start (:mod:`resumebert.model.operations`). Validation
    and the writing of checkpoints are not part of the time. The averages over all steps, and the
    seconds of each part of a step, are written to ``throughput.json`` in the run's folder.
    """

    def __init__(self) -> None:
        self.tokens_per_second: float | None = None
        self.peak = math.nan  # Operations a second.
        # Seconds of the parts, documents, tokens, tokens with padding, and operations: of all steps
        # logged, and since then.
        self._run: dict[str, float] = defaultdict(float)
        self._recent: dict[str, float] = defaultdict(float)
        self._waited = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin to count a run."""
        self._run.clear()
        self._recent.clear()
        self._waited = _waited(trainer)
        is_half = trainer.precision in ("bf16-mixed", "bf16-true", "16-mixed", "16-true")
        self.peak = measured_peak(pl_module.device, torch.bfloat16 if is_half else torch.float32)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the run's averages, if it had a step."""
        if trainer.is_global_zero and self._run["documents"] > 0 and trainer.default_root_dir:
            figures = {
                **self._rates(self._run, trainer.world_size),
                "peak_flops_per_second": self.peak,
                "seconds_in_steps": _seconds(self._run),
                "seconds": {part: self._run[part] for part in PARTS},
            }
            path = Path(trainer.default_root_dir) / "throughput.json"
            write_text(path, json.dumps(figures, indent=2) + "\n")

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Start the clock of a batch."""
        self._mark = time.perf_counter()

    def on_before_backward(self, *_: Any) -> None:
        """Count what the forward pass took."""
        self._lap("forward")

    def on_after_backward(self, *_: Any) -> None:
        """Count what the backward pass took."""
        self._lap("backward")

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Count a batch; log when it is time."""
        recent, lengths = self._recent, batch["window_lengths"]
        self._lap("optimizer")
        recent["data"] += _waited(trainer) - self._waited
        self._waited = _waited(trainer)
        recent["documents"] += len(batch["index"])
        recent["tokens"] += sum(lengths)
        recent["padded"] += batch["attention_mask"].numel()
        if isinstance(pl_module, ResumeClassifier):
            recent["operations"] += step_operations(pl_module.bert, lengths)
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]
        if (batch_idx + 1) % every and batch_idx + 1 != trainer.num_training_batches:
            return
        found = self._rates(recent, trainer.world_size)
        self.tokens_per_second = found["tokens_per_second"]
        logged = {f"throughput/{name}": value for name, value in found.items()}
        pl_module.log_dict(logged, batch_size=1)
        for name, value in recent.items():
            self._run[name] += value
        recent.clear()

    def _lap(self, part: str) -> None:
        now = time.perf_counter()
        self._recent[part] += now - self._mark
        self._mark = now

    def _rates(self, counts: dict[str, float], processes: int) -> dict[str, float]:
        seconds = _seconds(counts)
        return {
            "documents_per_second": processes * counts["documents"] / seconds,
            "tokens_per_second": processes * counts["tokens"] / seconds,
            "real_token_share": counts["tokens"] / counts["padded"],
            "waiting_share": counts["data"] / seconds,
            "flops_utilisation": counts["operations"] / seconds / self.peak,
        }


def _seconds(counts: dict[str, float]) -> float:
    return sum(counts[part] for part in PARTS)


def _waited(trainer: Trainer) -> float:
    loader = trainer.train_dataloader
    return loader.waited if isinstance(loader, ResumableLoader) else 0.0
