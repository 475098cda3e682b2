"""Every example runs as it stands."""

import runpy
import sys

import pytest

from helpers import REPOSITORY

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


def test_no_example_is_left_out():
    named = {path.name for path in EXAMPLES.glob("*.py")}
    assert named == {
        "train_on_dataframe.py", "label_texts.py", "score_predictions.py",
        # By tests/inference/test_export.py.
        "label_with_onnx.py",
    }  # fmt: skip
