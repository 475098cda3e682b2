"""A search's runs that lag behind end early."""

import json
from pathlib import Path

import optuna
import pytest
from lightning.pytorch import Trainer
from lightning.pytorch.demos.boring_classes import BoringModel

from resumebert.callbacks.pruning import TrialPruning
from resumebert.utils.studies import begin_study, load_study


class Scored(BoringModel):
    """Validates to the given values, one after another."""

    def __init__(self, values: list[float]) -> None:
        super().__init__()
        self.values = list(values)

    def on_validation_epoch_end(self) -> None:
        self.log("val/f1", self.values.pop(0))


def fit(folder: Path, callback: TrialPruning, values: list[float]) -> None:
    trainer = Trainer(
        accelerator="cpu", max_epochs=len(values), limit_train_batches=1, limit_val_batches=1,
        callbacks=[callback], logger=False, enable_checkpointing=False, num_sanity_val_steps=0,
        enable_progress_bar=False, enable_model_summary=False, default_root_dir=folder,
    )  # fmt: skip
    trainer.fit(Scored(values))


@pytest.fixture
def journal(tmp_path) -> Path:
    begin_study(tmp_path / "study.log", "max").ask()
    return tmp_path / "study.log"


def reported(journal: Path) -> dict[int, float]:
    return load_study(journal).trials[0].intermediate_values


def test_each_validation_is_reported(tmp_path, journal):
    pruning = TrialPruning(optuna.pruners.NopPruner(), "val/f1", str(journal), 0)
    fit(tmp_path, pruning, [0.25, 0.5, 0.75])
    assert reported(journal) == {1: 0.25, 2: 0.5, 3: 0.75}
    assert not (tmp_path / "pruned.json").exists()
    resumed = TrialPruning(optuna.pruners.NopPruner(), "val/f1", str(journal), 0)
    resumed.load_state_dict(pruning.state_dict())
    fit(tmp_path, resumed, [0.5])
    assert reported(journal)[4] == 0.5


def test_a_hopeless_run_leaves_word_and_ends_with_0(tmp_path, journal):
    pruning = TrialPruning(optuna.pruners.ThresholdPruner(lower=0.4), "val/f1", str(journal), 0)
    with pytest.raises(SystemExit) as leave:
        fit(tmp_path, pruning, [0.5, 0.25, 0.75])
    assert leave.value.code == 0
    assert reported(journal) == {1: 0.5, 2: 0.25}
    reason = json.loads((tmp_path / "pruned.json").read_text())["reason"]
    assert "val/f1 was 0.2500 at validation 2" in reason


def test_an_undefined_metric_is_not_reported(tmp_path, journal):
    pruning = TrialPruning(optuna.pruners.ThresholdPruner(lower=0.4), "val/f1", str(journal), 0)
    fit(tmp_path, pruning, [float("nan"), 0.5])
    assert reported(journal) == {2: 0.5}


@pytest.mark.parametrize("trial", [None, 0])
def test_a_run_of_no_open_trial_is_left_alone(tmp_path, journal, trial):
    load_study(journal).tell(0, 0.5)
    pruning = TrialPruning(optuna.pruners.ThresholdPruner(lower=0.4), "val/f1", str(journal), trial)
    fit(tmp_path, pruning, [0.1])
    assert reported(journal) == {}
