"""Resume from a checkpoint with other settings than it was trained with."""

import warnings
from collections.abc import Collection
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from resumebert.callbacks.averaging import AveragedWeights
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.schedules import PlateauSchedule

# Keys that the learning rate of a step depends on.
RATES = (
    "optimizer.", "scheduler.", "data.batch_size", "trainer.max_epochs", "trainer.max_steps",
    "trainer.accumulate_grad_batches", "trainer.limit_train_batches", "trainer.overfit_batches",
)  # fmt: skip


class NewSettings(Callback):
    """Restore a checkpoint's state, but take the settings from the config.

    Lightning restores settings along with the state: the optimizer's rates and decays, a schedule's
    peak and patience, early stopping's patience. With this callback, only the optimizer's moments,
    the position in the schedule and the best score so far come from the checkpoint. ``changed`` are
    the keys whose values differ from those of its run.
    """

    def __init__(self, changed: Collection[str]) -> None:
        self.changed = changed
        self._plateau: dict[str, Any] | None = None
        self._has_new_rates = any(key.startswith(RATES) for key in changed)

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Remove from the checkpoint what the config decides."""
        if trainer.state.fn != "fit":
            return
        if self._has_new_rates:
            warm_up, *others = checkpoint["lr_schedulers"] or [{}]
            is_over = warm_up.get("last_epoch", 0) >= warm_up.get("total_iters", 0)
            if others and is_over:
                self._plateau = others[0]
            checkpoint["lr_schedulers"] = []
        callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
        known = checkpoint["callbacks"]
        if any(key.startswith("loss.") for key in self.changed):
            # Values of different losses can't be compared.
            for key in [key for key in known if "'val/loss'" in key]:
                del known[key]
        for callback in callbacks:
            if hasattr(callback, "patience") and callback.state_key in known:
                known[callback.state_key]["patience"] = callback.patience
        averages = any(isinstance(callback, AveragedWeights) for callback in callbacks)
        if "current_model_state" in checkpoint and not averages:
            pl_module.load_state_dict(checkpoint["current_model_state"])

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Set the optimizer's settings, and its learning rates at this step of the schedule."""
        if not self._has_new_rates:
            return
        assert isinstance(pl_module, ResumeClassifier)
        [optimizer] = trainer.optimizers
        reached = [group["lr"] / group.get("initial_lr", 1) for group in optimizer.param_groups]
        for group, made in zip(optimizer.param_groups, pl_module.group_settings, strict=True):
            group.update(made)
        schedules = [item.scheduler for item in trainer.lr_scheduler_configs]
        of_steps = [s for s in schedules if not isinstance(s, PlateauSchedule)]
        with warnings.catch_warnings():
            # It would warn that the optimizer has not taken a step.
            warnings.simplefilter("ignore")
            for _ in range(trainer.global_step):
                for schedule in of_steps:
                    schedule.step()
        for schedule in schedules:
            if isinstance(schedule, PlateauSchedule) and self._plateau is not None:
                schedule.go_on(self._plateau)
                for group, share in zip(optimizer.param_groups, reached, strict=True):
                    group["lr"] *= share
