import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resumebert.data.readers import read_table
from resumebert.data.table import ResumeTable
from resumebert.utils.errors import UserError

FRAME = pd.DataFrame(
    {"id": [1, 2, 3], "text": ["x", "y", "z"], "labels": ["b;a", "", "a"], "A": [1, 0, 1]}
)


def save(folder: Path, found: object, name: str = "t.pkl") -> Path:
    (folder / name).write_bytes(pickle.dumps(found))
    return folder / name


def read(path: Path, **options: object) -> ResumeTable:
    return read_table(path, **{"labels_column": "labels", "allow_pickle": True, **options})


def error_of(path: Path, **options: object) -> str:
    with pytest.raises(UserError) as error:
        read(path, **options)
    message = str(error.value)
    assert "\n" not in message
    return message


class Touch:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("allow", [False, None, "yes", 1])
def test_a_pickle_is_not_loaded_unasked(tmp_path, allow):
    path = save(tmp_path, Touch(tmp_path / "made"))
    message = error_of(path, allow_pickle=allow)
    assert "runs whatever program its maker put into it" in message
    assert "data.allow_pickle=true" in message
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("name", ["t.pkl", "t.pickle", "t.PKL"])
def test_a_frame(tmp_path, name):
    table = read(save(tmp_path, FRAME, name))
    assert table.ids == ["1", "2", "3"]
    assert list(table.texts) == ["x", "y", "z"]
    assert table.labels.tolist() == [[1, 1], [0, 0], [1, 0]]
    assert read(tmp_path / name, labels_column=None, label_columns=["A"]).labels.sum() == 2


@pytest.mark.parametrize(
    "kind", ["object", "str", "category", "string[python]", "int8", "bool", "Int64", "float64"]
)
def test_columns_of_any_type(tmp_path, kind):
    frame = pd.DataFrame({"text": ["x", "y"], "A": [1, 0], "labels": ["b", "c"]})
    column = "labels" if kind in ("object", "str", "category", "string[python]") else "A"
    frame[column] = frame[column].astype(kind)
    frame["text"] = frame["text"].astype("category" if column == "labels" else "object")
    path = save(tmp_path, frame)
    assert read(path).label_names == ["b", "c"]
    table = read(path, labels_column=None, label_columns=["A"])
    assert table.labels.tolist() == [[1], [0]]


@pytest.mark.parametrize(
    "cell",
    [["a", "b"], ("a", "b"), {"b", "a"}, np.array(["a", "b"])],
    ids=lambda cell: type(cell).__name__,
)
def test_cells_that_hold_several_labels(tmp_path, cell):
    table = read(save(tmp_path, pd.DataFrame({"text": ["x"], "labels": [cell]})))
    assert table.label_names == ["a", "b"]


@pytest.mark.parametrize("cell", [None, np.nan, pd.NA, pd.NaT, 3, b"x", np.float64(2.5)])
def test_cells_without_text(tmp_path, cell):
    frame = pd.DataFrame({"text": pd.Series(["x", cell], dtype=object), "labels": ["a", "a"]})
    path = save(tmp_path, frame)
    assert "row 2: column 'text' holds" in error_of(path)
    assert len(read(path, on_bad_rows="skip")) == 1


def test_ids_in_the_index(tmp_path):
    frame = FRAME.assign(key=["k", "l", "m"]).set_index("key")
    assert read(save(tmp_path, frame), id_column="key").ids == ["k", "l", "m"]
    assert "'key2' (data.id_column" in error_of(tmp_path / "t.pkl", id_column="key2")


def test_many_rows(tmp_path):
    frame = pd.DataFrame({"text": [f"text {i}" for i in range(5000)], "labels": "a"})
    table = read(save(tmp_path, frame.sample(frac=1, random_state=0)))
    assert len(set(table.texts)) == 5000
    assert table.rows.tolist() == list(range(1, 5001))


@pytest.mark.parametrize("found", [[1], {"text": ["x"]}, FRAME["text"], "x", None], ids=str)
def test_a_pickle_of_something_else(tmp_path, found):
    assert "not a pandas DataFrame" in error_of(save(tmp_path, found))


def test_frames_that_do_not_fit(tmp_path):
    assert "no rows" in error_of(save(tmp_path, FRAME.iloc[:0]))
    assert "'text' (data.text_column" in error_of(save(tmp_path, FRAME.drop(columns="text")))
    twice = pd.concat([FRAME, FRAME["text"]], axis=1)
    assert "more than one column 'text'" in error_of(save(tmp_path, twice))


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cut=st.integers(1, 1500))
def test_a_pickle_cut_off_is_told(tmp_path, cut):
    whole = pickle.dumps(FRAME)
    path = tmp_path / "t.pkl"
    path.write_bytes(whole[: -min(cut, len(whole) - 1)])
    assert "can't be unpickled" in error_of(path)
