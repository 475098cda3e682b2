"""Rows as they are written: the same in csv, JSON and parquet, and no formulas."""

import csv
import io
import json

import pytest

from resumebert.inference.inputs import Item
from resumebert.inference.labeler import Prediction, WindowScore
from resumebert.inference.rows import (
    Columns,
    csv_lines,
    json_lines,
    label_items,
    table,
)
from resumebert.utils.errors import UserError

COLUMNS = Columns(["A", "=B"], ["name"], with_text=True)


class Labeler:
    """Says of every text how long it is."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def predict(self, texts: list[str]) -> list[Prediction]:
        self.calls.append(len(texts))
        return [
            Prediction(
                labels=["=B"],
                probabilities={"A": 0.25, "=B": len(text) / 100},
                thresholds={"A": 0.5, "=B": 0.0},
                text=text,
                expected_errors=0.25,
                windows=[
                    WindowScore(0, 2, {"A": 0.1, "=B": 0.2}),
                    WindowScore(2, len(text), {"A": 0.0, "=B": 0.9}),
                ],
            )
            for text in texts
        ]


ITEMS = [
    Item("=1+1", "one text", kept=["+49 30 1234"]),
    Item("2", error="it is damaged", notes="n", kept=[None]),
    Item("3", "another text", kept=[-5]),
]
ROWS = [row for rows in label_items(Labeler(), ITEMS, COLUMNS) for row in rows]


def test_a_row_says_all_that_is_known():
    first, failed, last = ROWS
    assert first["passages"] == [{"label": "=B", "start": 2, "end": 8, "text": "e text"}]
    assert (first["windows"], first["error"], first["text_as_read"]) == (2, None, "one text")
    assert (failed["labels"], failed["passages"], failed["windows"]) == ([], [], 0)
    assert (failed["error"], failed["notes"]) == ("it is damaged", "n")
    assert failed["probabilities"] == {"A": None, "=B": None}
    assert last["probabilities"] == {"A": 0.25, "=B": 0.12}


def test_csv():
    text = csv_lines(ROWS, COLUMNS, header=True)
    header, *_ = csv.reader(io.StringIO(text))
    assert header == COLUMNS.names
    assert header[:3] == ["id", "name", "labels"]
    first, failed, last = csv.DictReader(io.StringIO(text))
    assert (first["id"], first["name"], first["labels"]) == ("'=1+1", "'+49 30 1234", "'=B")
    assert json.loads(first["passages"])[0]["label"] == "=B"
    assert last["name"] == "-5"
    assert (failed["error"], failed["probability/A"], failed["passages"]) == (
        "it is damaged", "", "",
    )  # fmt: skip


def test_json_and_parquet_hold_the_same():
    read = [json.loads(line) for line in json_lines(ROWS).splitlines()]
    assert read == ROWS
    found = table(read, COLUMNS)
    assert found.schema.names == COLUMNS.names
    assert found["name"].to_pylist() == ["+49 30 1234", None, "-5"]
    assert found["labels"].to_pylist() == [["=B"], [], ["=B"]]
    assert found["passages"].to_pylist() == [row["passages"] for row in ROWS]
    assert found["probability/=B"].to_pylist() == [0.08, None, 0.12]


def test_memory_is_bounded_whatever_comes():
    labeler = Labeler()
    many = (Item(str(i), "x") for i in range(5000))
    assert sum(map(len, label_items(labeler, many, Columns(["A", "=B"])))) == 5000
    assert max(labeler.calls) == 1024
    labeler = Labeler()
    large = (Item(str(i), "x" * 1_500_000) for i in range(10))
    assert sum(map(len, label_items(labeler, large, Columns(["A", "=B"])))) == 10
    assert max(labeler.calls) == 3


def test_columns_to_keep_have_names_of_their_own():
    with pytest.raises(UserError, match=r"keep_columns='labels': the output has a column of that"):
        Columns([], ["name", "labels"])
