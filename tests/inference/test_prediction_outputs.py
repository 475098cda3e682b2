"""A file of rows is whole or not there, and goes on where it stopped."""

import csv
import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resumebert.inference import outputs
from resumebert.inference.inputs import Item
from resumebert.inference.outputs import fingerprint, open_output, output_format
from resumebert.inference.rows import Columns
from resumebert.utils.errors import UserError

COLUMNS = Columns(["A"])
COMMAND = {"ckpt": "1", "keep_columns": ["é"]}
ROWS = [COLUMNS.row(Item(f"r{i}", error="é" * (i % 7)), None) for i in range(60)]
FORMATS = ["csv", "jsonl", "parquet"]


class StoppedError(Exception):
    """As if the command were interrupted."""


def ids(path: Path) -> list[str]:
    if path.suffix == ".parquet":
        return pq.read_table(path)["id"].to_pylist()
    lines = path.read_text(encoding="utf-8").splitlines()
    if path.suffix == ".csv":
        return [row["id"] for row in csv.DictReader(lines)]
    return [json.loads(line)["id"] for line in lines]


def work(path: Path, stop: int = 60, **options: object) -> int:
    """Write the rows that are missing, to the one at ``stop``; return how many were there."""
    with open_output(str(path), None, COLUMNS, COMMAND, **options) as output:
        before = output.done
        for start in range(before, stop, 7):
            output.write(ROWS[start : min(start + 7, stop)])
        if stop < 60:
            raise StoppedError
    return before


@pytest.mark.parametrize("kind", FORMATS)
@given(stops=st.lists(st.integers(0, 59), max_size=4).map(sorted), lost=st.booleans())
def test_nothing_is_twice_or_missing(tmp_path_factory, kind, stops, lost):
    folder = tmp_path_factory.mktemp("out")
    path, done = folder / f"F.{kind}", 0
    for stop in stops:
        with pytest.raises(StoppedError):
            work(path, stop)
        assert not path.exists()
        done = max(done, stop)
        if lost:
            # Killed while it wrote more than it noted.
            with Path(f"{path}.partial").open("ab") as file:
                file.write(b'"r99,half a ro')
    assert work(path) == done
    assert ids(path) == [f"r{i}" for i in range(60)]
    assert list(folder.iterdir()) == [path]


def test_a_file_that_is_there_stays(tmp_path):
    path = tmp_path / "new" / "F.csv"
    work(path)
    with pytest.raises(UserError, match=r"the file is there already.*overwrite=true"):
        work(path)
    before = path.read_bytes()
    with pytest.raises(StoppedError):
        work(path, 5, overwrite=True)
    assert path.read_bytes() == before
    # What was begun with overwrite=true is gone on with.
    assert work(path) == 5
    assert path.read_bytes() == before
    assert work(path, overwrite=True) == 0


def test_another_command_is_refused(tmp_path):
    path = tmp_path / "F.jsonl"
    with pytest.raises(StoppedError):
        work(path, 20)
    with (
        pytest.raises(UserError, match=r"holds 20 rows of a command.*another 'ckpt'"),
        open_output(str(path), None, COLUMNS, {**COMMAND, "ckpt": "2"}),
    ):
        pass
    assert work(path) == 20
    assert ids(path) == [f"r{i}" for i in range(60)]


def test_what_is_damaged_is_told(tmp_path):
    path = tmp_path / "F.csv"
    with pytest.raises(StoppedError):
        work(path, 20)
    partial = Path(f"{path}.partial")
    os.truncate(partial, 10)
    with pytest.raises(UserError, match=r"damaged \(bytes are missing\).*overwrite=true"):
        work(path)
    Path(f"{partial}.json").write_text("[")
    with pytest.raises(UserError, match="damaged"):
        work(path)
    assert work(path, overwrite=True) == 0


def test_two_commands_can_not_write_one_file(tmp_path):
    path = str(tmp_path / "F.csv")
    with (
        open_output(path, None, COLUMNS, COMMAND),
        pytest.raises(UserError, match="another command is writing it"),
        open_output(path, None, COLUMNS, COMMAND),
    ):
        pass


def test_a_full_disk_loses_nothing(tmp_path, monkeypatch):
    path = tmp_path / "F.csv"

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    def fill() -> None:
        with open_output(str(path), None, COLUMNS, COMMAND) as output:
            output.write(ROWS[:10])
            output._note()
            monkeypatch.setattr(outputs.os, "fsync", full)
            output.write(ROWS[10:20])

    with pytest.raises(OSError, match="No space"):
        fill()
    monkeypatch.undo()
    assert not path.exists()
    assert work(path) == 10
    assert ids(path) == [f"r{i}" for i in range(60)]


def test_standard_output(capsys):
    for format, lines in ((None, 3), ("csv", 4)):
        with open_output("-", format, COLUMNS, COMMAND) as output:
            output.write(ROWS[:2])
            output.write(ROWS[2:3])
            assert output.done == 3
        assert len(capsys.readouterr().out.splitlines()) == lines


def test_formats(tmp_path):
    assert output_format("a/F.CSV", None) == "csv"
    assert output_format("F.txt", "jsonl") == "jsonl"
    assert output_format("-", None) == "jsonl"
    with pytest.raises(UserError, match=r"ending is none of \.csv, \.jsonl"):
        output_format("F.xlsx", None)
    with pytest.raises(UserError, match="standard output takes csv or jsonl"):
        output_format("-", "parquet")
    (tmp_path / "F.csv").mkdir()
    with pytest.raises(UserError, match="is a folder"):
        work(tmp_path / "F.csv")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="can't be written"):
        work(tmp_path / "file" / "F.csv")


def test_a_fingerprint_is_of_names_sizes_and_times(tmp_path):
    file = tmp_path / "a" / "F"
    file.parent.mkdir()
    file.write_text("one")
    first = fingerprint(tmp_path), fingerprint(file)
    assert (fingerprint(tmp_path), fingerprint(file)) == first
    file.write_text("three")
    assert fingerprint(tmp_path) != first[0]
    assert fingerprint(file) != first[1]
