"""eval.py compare_to=…, as the README has it."""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch

from helpers import LEAN, Command
from resumebert.charts.words import number
from resumebert.model.checkpoint_file import write_checkpoint

# Of what describes one model alone, nothing.
ALONE = ("evaluation.probes=false", "evaluation.slices=false", "evaluation.label_noise=false")


@pytest.fixture(scope="session")
def other(shared_run) -> Path:
    """Another run's folder: other weights, another way of reading, the same split."""
    return shared_run("other", *LEAN, "data.max_length=32", "optimizer.lr=1e-2", "seed=3")


def json_of(path: Path) -> dict:
    return json.loads(path.read_text())


def test_two_runs(command: Command, trained, other, tmp_path):
    run, _ = trained
    settings = ("evaluation.report=true", "evaluation.bootstrap_resamples=200", *ALONE)
    result = command(
        "eval", f"ckpt={other}", f"compare_to={run}", *settings, f"hydra.run.dir={tmp_path}/e"
    )
    assert result.code == 0, result.errors
    found = json_of(tmp_path / "e" / "comparison.json")
    assert found["first"] == f"{run}/checkpoints/best.ckpt"
    assert found["second"] == f"{other}/checkpoints/best.ckpt"
    first, second = (json_of(folder / "metrics.json") for folder in (run, other))
    for name in ("f1_micro", "f1_macro", "subset_accuracy", "f1/Software_Developer"):
        values = found["metrics"][name]
        assert values["first"] == pytest.approx(first[f"test/tuned/{name}"], abs=1e-12)
        assert values["second"] == pytest.approx(second[f"test/tuned/{name}"], abs=1e-12)
        assert values["low"] <= values["high"]
        assert 0 < values["p"] <= 1
    predictions = [
        pd.read_csv(folder / "predictions_test.csv", keep_default_na=False, index_col="id")
        for folder in (run, other)
    ]
    decided = [frame["predicted_labels"] for frame in predictions]
    differing = decided[0].index[decided[0] != decided[1].loc[decided[0].index]]
    rows = pd.read_csv(tmp_path / "e" / "disagreements.csv", keep_default_na=False, index_col="id")
    assert sorted(rows.index) == sorted(differing)
    assert len(rows) == len(found["differing"])
    for name, row in rows.iterrows():
        assert row["compare_to"] == decided[0][name]
        assert row["ckpt"] == decided[1][name]
        truth, said = (set(filter(None, row[key].split(";"))) for key in ("true_labels", "ckpt"))
        assert row["wrong_ckpt"] == len(truth ^ said)
    report = (tmp_path / "e" / "report.html").read_text()
    assert '<section id="comparison"' in report
    assert number(values["difference"], 3, signed=True) in report
    # Two runs of little training may decide alike.
    assert len(rows) == 0 or f"{len(rows)} of {found['documents']}. On " in report
    assert "## Compared with" in (tmp_path / "e" / "model_card.md").read_text()
    assert "95 % interval" in result.output
    assert "Holm" in result.output
    assert "Warning" not in result.output


def test_a_run_with_itself_differs_in_nothing(command: Command, trained, tmp_path):
    last = trained[0] / "checkpoints" / "last.ckpt"
    plain = ("evaluation.baseline=false", "evaluation.report=false")
    settings = (f"compare_to={last}", f"hydra.run.dir={tmp_path}/e", *plain)
    result = command("eval", f"ckpt={trained[0]}", *settings)
    assert result.code == 0, result.errors
    found = json_of(tmp_path / "e" / "comparison.json")
    assert found["differing"] == []
    assert {values["difference"] for values in found["metrics"].values()} <= {0.0, None}
    assert len(pd.read_csv(tmp_path / "e" / "disagreements.csv")) == 0


def test_the_linear_baseline(command: Command, trained, tmp_path):
    run, _ = trained
    settings = ("compare_to=baseline", "evaluation.baseline=false", *ALONE)
    result = command("eval", f"ckpt={run}", *settings, f"hydra.run.dir={tmp_path}/e")
    assert result.code == 0, result.errors
    found = json_of(tmp_path / "e" / "comparison.json")
    metrics = json_of(run / "metrics.json")
    values = found["metrics"]["f1_micro"]
    assert found["first"] == "the linear baseline"
    assert (
        "this model differs from the linear baseline by"
        in (tmp_path / "e" / "report.html").read_text()
    )
    assert values["first"] == metrics["test/baseline/f1_micro"]
    assert values["second"] == metrics["test/tuned/f1_micro"]


def test_other_data(command: Command, trained, other, tmp_path):
    labels = ["Java_Developer", "Web_Developer;Software_Developer", "", "Project_manager"]
    texts = [f"Resume number {i}: a Java and Spring developer" for i in range(4)]
    pd.DataFrame({"text": texts, "labels": labels}).to_csv(tmp_path / "new.csv", index=False)
    data = ("data=table", f"data.path={tmp_path}/new.csv", "data.labels_column=labels")
    result = command(
        "eval", f"ckpt={other}", f"compare_to={trained[0]}", *data, f"hydra.run.dir={tmp_path}/e"
    )
    assert result.code == 0, result.errors
    assert json_of(tmp_path / "e" / "comparison.json")["documents"] == 4


def test_other_label_sets_and_missing_checkpoints_are_refused(command: Command, trained, tmp_path):
    best = trained[0] / "checkpoints" / "best.ckpt"
    content = torch.load(best, weights_only=True)
    content["hyper_parameters"]["label_names"][0] = "Nurse"
    write_checkpoint(content, tmp_path / "nurse.ckpt")
    folder = f"hydra.run.dir={tmp_path}/e"
    result = command("eval", f"ckpt={best}", f"compare_to={tmp_path}/nurse.ckpt", folder)
    assert result.code == 1
    assert "do not know the same labels" in result.errors
    assert "Traceback" not in result.errors
    assert "Nurse" in result.errors
    missing = command("eval", f"ckpt={best}", f"compare_to={tmp_path}/no.ckpt", folder)
    assert missing.code == 1
    assert f"compare_to={tmp_path}/no.ckpt: there is no such file" in missing.errors


def test_a_model_that_was_trained_on_the_documents_is_called_out(
    command: Command, trained, tmp_path
):
    # The same documents, dealt out another way.
    assert command("train", *LEAN, "data/split=random", f"hydra.run.dir={tmp_path}/run").code == 0
    plain = ("evaluation.baseline=false", *ALONE)
    settings = (f"compare_to={tmp_path}/run", f"hydra.run.dir={tmp_path}/e", *plain)
    result = command("eval", f"ckpt={trained[0]}", *settings)
    assert result.code == 0, result.errors
    assert "and the comparison favours it" in result.output
    assert "and the comparison favours it" in (tmp_path / "e" / "report.html").read_text()
