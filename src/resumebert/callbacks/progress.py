"""Show the progress of a training: one bar for all epochs, or lines in a log file."""

import time
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

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
        self._task: TaskID | None = None
        self._enabled = True
        self._last_line = 0.0
        self._loss: float | None = None

    def disable(self) -> None:
        """Show nothing (the trainer calls this on all processes but the first)."""
        self._enabled = False

    def enable(self) -> None:
        """Show progress again."""
        self._enabled = True

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Open the bar."""
        self._started = time.monotonic()
        self._first_step = trainer.global_step
        self._last_line = self._started
        if self._enabled and self.console.is_terminal:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=None),
                MofNCompleteColumn(),
                TextColumn("{task.fields[figures]}"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                console=self.console,
                expand=True,
            )
            self._progress.start()
            self._task = self._progress.add_task(
                self._epoch(trainer),
                total=_total_steps(trainer, pl_module),
                completed=trainer.global_step,
                figures="",
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
        if not self._enabled:
            return
        is_due = time.monotonic() - self._last_line >= self.seconds_between_lines
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]
        if batch_idx % every == 0 or is_due:
            loss = trainer.callback_metrics.get("train/loss")
            self._loss = None if loss is None else float(loss)
        if self._progress is not None and self._task is not None:
            self._progress.update(
                self._task,
                completed=trainer.global_step,
                description=self._epoch(trainer),
                figures=self._figures(trainer),
            )
        elif is_due:
            self._print_line(trainer, _total_steps(trainer, pl_module))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the validation that just ended."""
        is_shown = self._enabled and not trainer.sanity_checking and trainer.state.fn == "fit"
        if is_shown and isinstance(pl_module, ResumeClassifier):
            values = pl_module.results["val"]
            self.console.print(
                f"{self._epoch(trainer)} validation: loss {values['loss']:.4f}  "
                f"F1 micro {values['f1_micro']:.4f}  macro {values['f1_macro']:.4f}",
                highlight=False,
                soft_wrap=True,
            )

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Close the bar."""
        self._stop()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Close the bar, so that the error is printed below it."""
        self._stop()

    def _stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _epoch(self, trainer: Trainer) -> str:
        epochs = trainer.max_epochs if trainer.max_epochs and trainer.max_epochs > 0 else "?"
        return f"epoch {trainer.current_epoch + 1}/{epochs}"

    def _figures(self, trainer: Trainer) -> str:
        figures = []
        if self._loss is not None:
            figures.append(f"loss {self._loss:.3f}")
        if "val/f1_micro" in trainer.callback_metrics:
            figures.append(f"val F1 {float(trainer.callback_metrics['val/f1_micro']):.3f}")
        figures += [
            f"{callback.tokens_per_second:,.0f} tokens/s"
            for callback in trainer.callbacks  # type: ignore[attr-defined]
            if isinstance(callback, Throughput) and callback.tokens_per_second is not None
        ]
        return "  ".join(figures)

    def _print_line(self, trainer: Trainer, total: int) -> None:
        self._last_line = time.monotonic()
        done = trainer.global_step - self._first_step
        left = (self._last_line - self._started) / max(1, done) * (total - trainer.global_step)
        self.console.print(
            f"{self._epoch(trainer)}  step {trainer.global_step}/{total}  "
            f"{self._figures(trainer)}  about {duration(left)} left",
            highlight=False,
        )


def _total_steps(trainer: Trainer, pl_module: LightningModule) -> int:
    if isinstance(pl_module, ResumeClassifier):
        return pl_module.total_steps
    return int(trainer.estimated_stepping_batches)
