import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from helpers import error_of, read
from resumebert.utils.errors import UserError

datasets = pytest.importorskip("datasets")
datasets.disable_progress_bars()
COLUMNS = {"text": ["x", "y", "z"], "labels": [["b", "a"], [], ["a"]], "other": [1.5, None, 2.0]}


def save(
    folder: Path,
    columns: Mapping[str, Sequence[object]] | pa.Table,
    *,
    features: object = None,
    files: int = 1,
    state: Mapping[str, object] | None = None,
) -> Path:
    saved = (
        datasets.Dataset(columns)
        if isinstance(columns, pa.Table)
        else datasets.Dataset.from_dict(columns, features)
    )
    saved.save_to_disk(folder, num_shards=files)
    if state:
        told = json.loads((folder / "state.json").read_text())
        (folder / "state.json").write_text(json.dumps(told | dict(state)))
    return folder


def save_dict(folder: Path, **splits: Mapping[str, Sequence[object]]) -> Path:
    parts = {name: datasets.Dataset.from_dict(columns) for name, columns in splits.items()}
    datasets.DatasetDict(parts).save_to_disk(folder)
    return folder


@pytest.mark.parametrize("files", [1, 2, 3])
def test_a_dataset(tmp_path, files):
    table = read(save(tmp_path / "d", COLUMNS, files=files))
    assert list(table.texts) == ["x", "y", "z"]
    assert table.labels.tolist() == [[1, 1], [0, 0], [1, 0]]
    assert table.ids == ["1", "2", "3"]
    assert table.rows.tolist() == [1, 2, 3]
    assert table.split is None


def test_many_rows(tmp_path):
    texts = [f"text {i}" for i in range(5000)]
    columns = pa.table({"text": texts, "labels": ["a"] * 5000})
    folder = save(tmp_path / "d", columns, files=2)
    with pa.ipc.new_stream(folder / "data-00000-of-00002.arrow", columns.schema) as stream:
        stream.write_table(columns)
    table = read(folder)
    assert list(table.texts) == [*texts, *texts[2500:]]


@pytest.mark.parametrize("listed", [True, False])
def test_numbers_of_classes_are_named(tmp_path, listed):
    classes = datasets.ClassLabel(names=["B", "A"])
    text = datasets.Value("string")
    cells: list[object] = [[1, 0], [], [1]] if listed else [1, 0, 1]
    feature = datasets.Sequence(classes) if listed else classes
    features = datasets.Features({"text": text, "labels": feature})
    folder = save(tmp_path / "d", {"text": list("xyz"), "labels": cells}, features=features)
    table = read(folder)
    assert table.label_names == ["A", "B"]
    assert table.labels.tolist() == (
        [[1, 1], [0, 0], [1, 0]] if listed else [[1, 0], [0, 1], [1, 0]]
    )
    features = datasets.Features({"text": text, "labels": classes})
    save(tmp_path / "e", {"text": ["x", "y"], "labels": [0, -1]}, features=features)
    assert "row 2: column 'labels' holds [-1], neither" in error_of(tmp_path / "e")


def test_a_dict_of_datasets(tmp_path):
    columns = {"id": ["1", "2", "3"], **COLUMNS}
    folder = save_dict(tmp_path / "d", train=columns, validation=COLUMNS | {"id": ["1", "8", "9"]})
    table = read(folder)
    assert table.ids == [f"train/{i}" for i in (1, 2, 3)] + [f"validation/{i}" for i in (1, 8, 9)]
    assert table.split.tolist() == ["train"] * 3 + ["val"] * 3
    assert table.rows.tolist() == [1, 2, 3, 4, 5, 6]
    one = read(folder, dataset_split="validation")
    assert one.ids == ["1", "8", "9"]
    assert one.split is None
    assert len(read(folder, dataset_split=["validation", "train"])) == 6
    for wanted in ("test", ["train", "train"], []):
        message = error_of(folder, dataset_split=wanted)
        assert "has the splits 'train', 'validation'" in message


def test_rows_of_a_split_are_told(tmp_path):
    folder = save_dict(tmp_path / "d", train=COLUMNS, test=COLUMNS | {"text": ["x", None, " "]})
    message = error_of(folder)
    assert "row 5 (test, row 2): column 'text' holds null" in message
    assert "row 6 (test, row 3): column 'text' is blank" in message
    table = read(folder, on_bad_rows="skip")
    assert table.ids[-1] == "test/4"
    assert table.split.tolist() == ["train"] * 3 + ["test"]


def test_splits_of_unclear_purpose(tmp_path):
    folder = save_dict(tmp_path / "d", train=COLUMNS, unsupervised=COLUMNS)
    assert "'unsupervised' is none of train, validation, test" in error_of(folder)
    assert read(folder, dataset_split=["unsupervised"]).split is None
    columns = COLUMNS | {"part": ["train", "test", "dev"]}
    folder = save_dict(tmp_path / "e", one=columns, two=columns)
    assert read(folder, split_column="part").split.tolist() == ["train", "test", "val"] * 2


def test_a_split_that_is_not_there(tmp_path):
    assert "is one dataset without" in error_of(save(tmp_path, COLUMNS), dataset_split="train")


def test_a_selection_of_rows(tmp_path):
    datasets.Dataset.from_dict(COLUMNS).select([2, 0]).save_to_disk(tmp_path)
    assert list(read(tmp_path).texts) == ["z", "x"]


def test_the_library_is_missing(tmp_path, monkeypatch):
    save(tmp_path, COLUMNS)
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert "pip install datasets" in error_of(tmp_path)


@pytest.mark.parametrize(
    "files",
    [
        None,
        [],
        "x",
        ["a.arrow"],
        [{}],
        [{"filename": "../a/data-00000-of-00001.arrow"}],
        [{"filename": "/a"}],
        [{"filename": 3}],
    ],
    ids=str,
)
def test_a_state_that_lists_no_files(tmp_path, files):
    save(tmp_path / "a", COLUMNS)
    folder = save(tmp_path / "b", COLUMNS, state={"_data_files": files})
    assert "is damaged" in error_of(folder)


@pytest.mark.parametrize("splits", [None, [], ["../x"], [3], [""], {"a": 1}], ids=str)
def test_a_dict_that_lists_no_splits(tmp_path, splits):
    folder = save_dict(tmp_path, train=COLUMNS)
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": splits}))
    assert "is damaged" in error_of(folder)


@pytest.mark.parametrize("name", ["state.json", "dataset_info.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_damaged_json(tmp_path, name, content):
    folder = save(tmp_path, COLUMNS)
    (folder / name).write_bytes(content)
    assert "is damaged" in error_of(folder)


def test_missing_files(tmp_path):
    folder = save_dict(tmp_path, train=COLUMNS, test=COLUMNS)
    (folder / "test" / "data-00000-of-00001.arrow").unlink()
    assert "is damaged" in error_of(folder)
    (folder / "test" / "state.json").unlink()
    assert "is damaged" in error_of(folder)


def test_columns_that_do_not_fit(tmp_path):
    assert "'body' (data.text_column" in error_of(save(tmp_path, COLUMNS), text_column="body")
    assert "holds double, not text" in error_of(tmp_path, text_column="other")
    folder = save_dict(tmp_path / "d", train=COLUMNS, test={"text": ["x"], "label": ["a"]})
    assert "have different columns" in error_of(folder)
    empty = save(tmp_path / "e", pa.table(COLUMNS).slice(0, 0))
    assert "columns and no rows" in error_of(empty)


def test_a_folder_of_something_else(tmp_path):
    assert "is a folder, where a file is expected" in error_of(tmp_path)


def test_an_arrow_file_cut_off_between_two_batches(tmp_path):
    folder = save(tmp_path, COLUMNS)
    path = folder / "data-00000-of-00001.arrow"
    whole = path.read_bytes()
    for data in (whole[:-8], whole[: len(whole) // 2], whole + whole, b"", b"\xff" * 4 + bytes(4)):
        path.write_bytes(data)
        assert "damaged or cut off" in error_of(folder)


def test_text_that_is_not_utf_8(tmp_path):
    raw = pa.array([b"ok", b"\xe9t"])
    text = pa.Array.from_buffers(pa.string(), 2, raw.buffers())
    folder = save(tmp_path, pa.table({"text": text, "labels": ["a", "a"]}))
    assert "row 2: column 'text' is not UTF-8 at byte 0" in error_of(folder)


@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(at=244, noise=b"\x80", cut=1)
@given(at=st.integers(0, 2200), noise=st.binary(max_size=8), cut=st.integers(0, 8))
def test_a_malformed_arrow_file_is_told_or_read_whole(tmp_path, at, noise, cut):
    folder = save(tmp_path, COLUMNS)
    path = folder / "data-00000-of-00001.arrow"
    data = path.read_bytes()
    path.write_bytes(data[:at] + noise + data[at + cut :])
    message, table = "", None
    try:
        table = read(folder)
    except UserError as error:
        message = str(error)
    assert "\n" not in message
    if table is None:
        return
    assert len(table) == 3
