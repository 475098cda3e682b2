"""End a run of a search early if its validation metric lags behind earlier runs."""

import json
import math
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from resumebert.utils.durable_files import write_text
from resumebert.utils.studies import load_study


class TrialPruning(Callback):
    """Report each validation to the run's trial, and end the run if the pruner says so.

    A pruned run writes ``pruned.json`` into its folder and exits with 0: it has no final metrics,
    and nothing went wrong. Optuna compares runs at the same number of validations. A run without a
    trial, or whose trial has ended, is not pruned.

    ``journal`` is the file of the study, and ``trial`` the run's number in it; ``pruner`` is one of
    Optuna's, and ``metric`` the validation metric to compare.
    """

    def __init__(
        self, pruner: Any, metric: str, journal: str | None = None, trial: int | None = None
    ) -> None:
        self.pruner, self.metric, self.journal, self.number = pruner, metric, journal, trial
        self._validations = 0
        self._trial: Any = None

    def state_dict(self) -> dict[str, Any]:
        """Return the number of validations so far."""
        return {"validations": self._validations}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue counting."""
        self._validations = state_dict["validations"]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Open the trial, in the first process, unless its outcome is already in the study."""
        if not trainer.is_global_zero or self.journal is None or self.number is None:
            return
        import optuna

        study = load_study(Path(self.journal), self.pruner)
        found = study.get_trials(deepcopy=False)[self.number]
        if not found.state.is_finished():
            self._trial = optuna.trial.Trial(study, found._trial_id)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report the metric; end the run if the pruner says so."""
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        self._validations += 1
        value = float(trainer.callback_metrics.get(self.metric, math.nan))
        is_hopeless = False
        if self._trial is not None and math.isfinite(value):
            self._trial.report(value, self._validations)
            is_hopeless = self._trial.should_prune()
        # All processes of a run must decide alike.
        if trainer.strategy.broadcast(is_hopeless):
            if trainer.is_global_zero:
                reason = (
                    f"{self.metric} was {value:.4f} at validation {self._validations}, behind the "
                    f"other trials ({type(self.pruner).__name__})"
                )
                content = {"reason": reason, "metric": self.metric, "value": value}
                path = Path(trainer.default_root_dir) / "pruned.json"
                write_text(path, json.dumps(content) + "\n")
            raise SystemExit(0)
