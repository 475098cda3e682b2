import numpy as np
import pandas as pd
import pytest

from resumebert.data.table import ResumeTable
from resumebert.utils.errors import UserError


@pytest.mark.parametrize(
    "labels",
    [
        [["b", "a"], [], ["a"]],
        [("b", "a"), (), {"a"}],
        [np.array(["b", "a"]), np.array([]), np.array(["a"])],
        ["b;a", "", "a"],
        ["b;a", None, "a"],
        ["b;a", float("nan"), "a"],
        pd.array(["b;a", pd.NA, "a"], dtype="string"),
        pd.Categorical(["b;a", None, "a"]),
    ],
    ids=str,
)
def test_a_column_of_labels(labels):
    frame = pd.DataFrame({"body": list("xyz"), "tags": labels}, index=[7, 7, 9])
    table = ResumeTable.from_frame(frame, text_column="body", labels_column="tags")
    assert table.ids == ["1", "2", "3"]
    assert list(table.texts) == ["x", "y", "z"]
    assert table.label_names == ["a", "b"]
    assert table.labels.tolist() == [[1, 1], [0, 0], [1, 0]]
    assert table.rows.tolist() == [1, 2, 3]
    dropped = ResumeTable.from_frame(
        frame, text_column="body", labels_column="tags", unlabelled="drop"
    )
    assert dropped.rows.tolist() == [1, 3]


@pytest.mark.parametrize("dtype", [int, bool, float, "Int64", "boolean", "category", str])
def test_columns_of_flags(dtype):
    flags = pd.DataFrame({"A": [1, 0, 1], "B": [0, 0, 1]}).astype(dtype)
    frame = flags.assign(text=list("xyz"), id=[3, 1, 2], part=["train", "test", "dev"])
    table = ResumeTable.from_frame(frame, label_columns=["A", "B"], split_column="part")
    assert table.labels.tolist() == [[1, 0], [0, 0], [1, 1]]
    assert table.ids == ["3", "1", "2"]
    assert table.split.tolist() == ["train", "test", "val"]


def test_columns_without_a_name():
    table = ResumeTable.from_frame(pd.DataFrame([["x", "a"]]), text_column=0, labels_column=1)
    assert table.label_names == ["a"]


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_what_is_wrong_is_told_with_its_row(missing):
    frame = pd.DataFrame({"text": ["x", missing, 5], "labels": ["a", "a", "a"]}, dtype=object)
    with pytest.raises(UserError, match=r"(?s)row 2: column 'text'.*row 3: .*5, a int") as caught:
        ResumeTable.from_frame(frame, labels_column="labels")
    assert str(caught.value).startswith("the DataFrame has 2 problems")
    assert len(ResumeTable.from_frame(frame, labels_column="labels", on_bad_rows="skip")) == 1
    with pytest.raises(UserError, match="has no column 'body'"):
        ResumeTable.from_frame(frame, text_column="body", labels_column="labels")
    with pytest.raises(UserError, match="Exactly one of"):
        ResumeTable.from_frame(frame)
    with pytest.raises(UserError, match="no row"):
        ResumeTable.from_frame(frame[:0], labels_column="labels")


def test_many_rows_and_two_columns_of_a_name():
    frame = pd.DataFrame({"text": [f"text {i}" for i in range(5000)], "labels": ["a"] * 5000})
    assert len(ResumeTable.from_frame(frame, labels_column="labels")) == 5000
    twice = pd.concat([frame, frame], axis=1)
    with pytest.raises(UserError, match="more than one column"):
        ResumeTable.from_frame(twice, labels_column="labels")
