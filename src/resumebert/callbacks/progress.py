"""Show the progress of a training: one bar for all epochs, or lines in a log file."""

import time
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar
from rich.progress import BarColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

from resumebert.callbacks.throughput import Throughput
from resumebert.model.classifier import ResumeClassifier
from resumebert.utils.console import duration, make_console


class RunProgress(ProgressBar):
    """Show epoch, step, loss, validation F1, tokens/s and the time left.

    In a terminal this is one rich progress bar for all epochs. Elsewhere it is a line about every
    ``seconds_between_lines`` seconds and one after each validation.
    """

    def __init__(self, seconds_between_lines: float = 15.0) -> None:
        super().__init__()
        self.seconds_between_lines = seconds_between_lines
        self.console = make_console()
        self._progress: Progress | None = None
        self._enabled = True
        self._last_line = 0.0
        self._loss = ""

    def disable(self) -> None:
        """Show nothing (the trainer calls this on all processes but the first)."""
        self._enabled = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Open the bar."""
        self._started = self._last_line = time.monotonic()
        self._first_step = trainer.global_step
        self._total: float = getattr(pl_module, "total_steps", trainer.estimated_stepping_batches)
        if self._enabled and self.console.is_terminal:
            self._progress = Progress(
                "{task.description}",
                BarColumn(bar_width=None),
                "{task.completed}/{task.total}  {task.fields[figures]}",
                TimeElapsedColumn(),
                "left",
                TimeRemainingColumn(),
                console=self.console,
                expand=True,
            )
            self._progress.start()
            done = trainer.global_step
            self._task = self._progress.add_task(
                _epoch(trainer), total=self._total, completed=done, figures=""
            )

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Show a step, as often as metrics are logged."""
        now, step = time.monotonic(), trainer.global_step
        is_due = now - self._last_line >= self.seconds_between_lines
        if not self._enabled or (self._progress is None and not is_due):
            return
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]
        # Not at each step, because it waits for the GPU.
        if (batch_idx % every == 0 or is_due) and "train/loss" in trainer.callback_metrics:
            self._loss = f"loss {float(trainer.callback_metrics['train/loss']):.3f}"
        epoch, figures = _epoch(trainer), self._figures(trainer)
        if self._progress is not None:
            self._progress.update(self._task, completed=step, description=epoch, figures=figures)
        else:
            self._last_line = now
            a_step = (now - self._started) / max(1, step - self._first_step)
            left = duration(a_step * (self._total - step))
            line = f"{epoch}  step {step}/{self._total}  {figures}  about {left} left"
            self.console.print(line, highlight=False)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the validation that just ended."""
        is_shown = self._enabled and not trainer.sanity_checking and trainer.state.fn == "fit"
        if is_shown and isinstance(pl_module, ResumeClassifier):
            values = pl_module.results["val"]
            self.console.print(
                f"{_epoch(trainer)} validation: loss {values['loss']:.4f}  "
                f"F1 micro {values['f1_micro']:.4f}  macro {values['f1_macro']:.4f}",
                highlight=False,
                soft_wrap=True,
            )

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Close the bar."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Close the bar, so that the error is printed below it."""
        self.on_train_end(trainer, pl_module)

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
    return f"epoch {trainer.current_epoch + 1}/{epochs}"
