"""Every finished recipe runs, on a few résumés of the sample with the tiny model."""

import json

import pytest

from helpers import REPOSITORY, Command

EXPERIMENTS = sorted(path.stem for path in (REPOSITORY / "conf" / "experiment").glob("*.yaml"))
SMALL = (
    "data=sample", "data.limit=90", "data.max_length=32", "model=bert_tiny", "trainer=cpu",
    "trainer.max_epochs=1", "model.num_layers=null", "model.freeze_layers=0",
    "evaluation.report=false", "evaluation.bootstrap_resamples=0", "evaluation.unlike_training=0",
)  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if f"{name}_cpu" in EXPERIMENTS else name
        for name in EXPERIMENTS
    ],
)
def test_an_experiment_runs(command: Command, tmp_path, name):
    result = command("train", f"experiment={name}", *SMALL, "hydra.run.dir=run")
    assert result.code == 0, result.errors
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert "test/f1_micro" in metrics
