"""Show the progress of a training, and of what is validated and tested."""

import time
from contextlib import ExitStack
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar

from resumebert.callbacks.throughput import Throughput
from resumebert.model.classifier import ResumeClassifier
from resumebert.utils.console import make_console
from resumebert.utils.progress import SECONDS, Phase, showing


class RunProgress(ProgressBar):
    """Show epoch, step, loss, validation F1, tokens/s and the time left.

    In a terminal this is one bar for all epochs. Elsewhere it is a line about every
    ``seconds_between_lines`` seconds and one after each validation. The batches of a validation and
    of the test are counted too.
    """

    def __init__(self, seconds_between_lines: float = SECONDS) -> None:
        super().__init__()
        self.seconds_between_lines = seconds_between_lines
        self.console = make_console()
        self._enabled = True
        self._loss, self._loss_read = "", 0.0
        self._counted = Phase("")
        self._training, self._evaluation = ExitStack(), ExitStack()

    def disable(self) -> None:
        """Show nothing (the trainer calls this on all processes but the first)."""
        self._enabled = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin to show the training."""
        if not self._enabled:
            return
        self._training.enter_context(showing(self.console, self.seconds_between_lines))
        total = getattr(pl_module, "total_steps", trainer.estimated_stepping_batches)
        phase = Phase(_epoch(trainer), total, "steps", done=trainer.global_step)
        self._phase = self._training.enter_context(phase)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Show a step, and the loss as often as metrics are logged."""
        if not self._enabled:
            return
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]
        now = time.monotonic()
        is_due = now - self._loss_read >= self.seconds_between_lines
        # Not at each step, because it waits for the GPU.
        if (batch_idx % every == 0 or is_due) and "train/loss" in trainer.callback_metrics:
            self._loss_read = now
            self._loss = f"loss {float(trainer.callback_metrics['train/loss']):.3f}"
        self._phase.what, self._phase.figures = _epoch(trainer), self._figures(trainer)
        self._phase.add(trainer.global_step - self._phase.done)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin to count the batches of a validation."""
        if not trainer.sanity_checking:
            self._count("validation", sum(trainer.num_val_batches))

    def on_validation_batch_end(self, *_: Any) -> None:
        """Count a batch."""
        self._counted.add()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the validation that just ended."""
        self._evaluation.close()
        is_shown = self._enabled and not trainer.sanity_checking and trainer.state.fn == "fit"
        if is_shown and isinstance(pl_module, ResumeClassifier):
            values = pl_module.results["val"]
            self.console.print(
                f"{_epoch(trainer)} validation: loss {values['loss']:.4f}  "
                f"F1 micro {values['f1_micro']:.4f}  macro {values['f1_macro']:.4f}",
                highlight=False,
                soft_wrap=True,
            )

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin to count the batches of the test."""
        self._count("test", sum(trainer.num_test_batches))

    def on_test_batch_end(self, *_: Any) -> None:
        """Count a batch."""
        self._counted.add()

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End the count."""
        self._evaluation.close()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End what is shown."""
        self._evaluation.close()
        self._training.close()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """End what is shown, so that the error is printed below it."""
        self.on_train_end(trainer, pl_module)

    def _count(self, what: str, batches: float) -> None:
        self._counted = Phase(what, batches, "batches")
        if self._enabled:
            self._evaluation.enter_context(self._counted)

    def _figures(self, trainer: Trainer) -> str:
        figures = [self._loss] if self._loss else []
        if "val/f1_micro" in trainer.callback_metrics:
            figures.append(f"val F1 {float(trainer.callback_metrics['val/f1_micro']):.3f}")
        callbacks = trainer.callbacks  # type: ignore[attr-defined]
        speeds = [c.tokens_per_second for c in callbacks if isinstance(c, Throughput)]
        figures += [f"{speed:,.0f} tokens/s" for speed in speeds if speed is not None]
        return "  ".join(figures)


def _epoch(trainer: Trainer) -> str:
    epochs = trainer.max_epochs if trainer.max_epochs and trainer.max_epochs > 0 else "?"
    return f"training, epoch {trainer.current_epoch + 1}/{epochs}"
