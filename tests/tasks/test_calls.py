"""Training and evaluation called from Python, without a command line."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers import LEAN, make_table
from resumebert import UserError, compose, evaluate, train
from resumebert.data.table import TextColumn
from resumebert.model.checkpoint import load_checkpoint

SETTINGS = (*LEAN, "data.limit=null", "trainer.accelerator=cpu")


@pytest.fixture(scope="module")
def table():
    texts = [f"{'Nurse on ward' if i % 2 else 'Driver of lorry'} <b>{i}</b>" for i in range(60)]
    table = make_table(texts)
    return table.with_texts(TextColumn.of(texts))


@pytest.fixture(scope="module")
def run(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("calls") / "run"
    config = compose([*SETTINGS, f"output_dir={folder}"])
    train(config, table=table)
    # The table is the user's, and the config too.
    assert table.texts[0] == "Driver of lorry <b>0</b>"
    assert config.data.reader._target_.endswith("read_sample")
    return folder


def evaluated(run: Path, folder: Path, *overrides: str) -> dict[str, float]:
    given = [f"ckpt={run}", f"output_dir={folder}", "trainer.accelerator=cpu", *overrides]
    return evaluate(compose(given, name="eval"))


def test_a_table_in_memory_is_trained_on_and_not_read_again(run, table, tmp_path):
    assert len(pd.read_csv(run / "split.csv")) == len(table)
    _, extras = load_checkpoint(run)
    assert extras.config["data"]["reader"] == {"_target_": "resumebert.data.table.ResumeTable"}
    with pytest.raises(UserError, match=r"table in memory.*data=table data\.path="):
        evaluated(run, tmp_path)


def test_other_documents_are_treated_as_in_training(run, table, tmp_path):
    split = pd.read_csv(run / "split.csv", dtype=str).set_index("id")["split"]
    rows = np.flatnonzero([split[name] == "test" for name in table.ids])
    frame = pd.DataFrame({"text": [table.texts[i] for i in rows]})
    for place, name in enumerate(table.label_names):
        frame[name] = table.labels[rows, place]
    frame.to_csv(tmp_path / "test.csv", index=False)
    own = ["data=table", f"data.path={tmp_path / 'test.csv'}", "data.label_columns=[A,B]"]
    metrics = json.loads((run / "metrics.json").read_text())
    found = evaluated(run, tmp_path / "as_trained", *own)
    assert found["loss"] == pytest.approx(metrics["test/loss"], abs=1e-6)
    # What is typed counts, here as on the command line.
    other = evaluated(run, tmp_path / "shorter", *own, "data.max_length=3")
    assert other["loss"] != pytest.approx(metrics["test/loss"], abs=1e-6)
