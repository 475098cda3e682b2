"""Every example runs as it stands."""

import runpy
import sys

import pandas as pd
import pytest

from helpers import REPOSITORY
from resumebert import compose, train

EXAMPLES = REPOSITORY / "examples"


def run_example(name, *arguments):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [name, *map(str, arguments)])
        return runpy.run_path(str(EXAMPLES / name))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder that the example on training has left."""
    folder = tmp_path_factory.mktemp("examples") / "run"
    run_example("train_on_dataframe.py", folder)
    return folder


def test_training_on_a_dataframe_leaves_a_run(trained):
    assert (trained / "metrics.json").is_file()


def test_texts_are_labelled(trained):
    labeler = run_example("label_texts.py", trained)["labeler"]
    assert labeler.label_names == ["Nurse", "Teacher"]


def test_predictions_are_scored():
    found = run_example("score_predictions.py")
    low, high = found["intervals"]["f1_micro"]
    assert low < found["metrics"]["f1_micro"] < high
    assert found["difference"].low > 0


def test_corrections_are_added_to_the_training_documents(trained, tmp_path):
    table = run_example("train_on_dataframe.py", tmp_path / "run")["frame"]
    split = pd.read_csv(trained / "split.csv", dtype=str)["split"]
    table["labels"] = table["labels"].str.join(";")
    table.to_csv(tmp_path / "mine.csv", index=False)
    trains, tests = (table["text"][split == name].iloc[0] for name in ("train", "test"))
    # As the page saves them, of a training text, of a test text, and of a new one.
    texts = [trains, tests, "Nurse and teacher of nurses"]
    labels = ['["Teacher"]', '["Teacher"]', '["Nurse", "Teacher"]']
    corrections = pd.DataFrame({"id": ["a", "b", "c"], "text": texts, "labels": labels})
    corrections.to_csv(tmp_path / "corrections.csv", index=False)
    output = tmp_path / "both.parquet"
    run_example(
        "add_corrections.py", trained, tmp_path / "mine.csv", tmp_path / "corrections.csv", output
    )
    both = pd.read_parquet(output).set_index("text")
    assert len(both) == len(table) + 1
    assert both.loc[trains, ["id", "split"]].tolist() == ["a", "train"]
    assert both.loc[tests, "split"] == "test"
    assert both.loc[tests, "labels"].tolist() != ["Teacher"] or both.loc[tests, "id"] != "b"
    assert both.loc[texts[2], "labels"].tolist() == ["Nurse", "Teacher"]
    config = compose([
        "data=table", f"data.path={output}", "data.labels_column=labels", "data/split=column",
        "data.split_column=split", "model=bert_tiny", "data.long_documents=truncate",
        "trainer.max_epochs=1", "evaluation.report=false", f"output_dir={tmp_path / 'new'}",
    ])  # fmt: skip
    train(config)
    after = pd.read_csv(tmp_path / "new" / "split.csv", dtype=str)["split"]
    assert (after == "test").sum() == (split == "test").sum()


def test_no_example_is_left_out():
    named = {path.name for path in EXAMPLES.glob("*.py")}
    assert named == {
        "train_on_dataframe.py", "add_corrections.py", "label_texts.py", "score_predictions.py",
        # By tests/inference/test_export.py.
        "label_with_onnx.py",
    }  # fmt: skip
