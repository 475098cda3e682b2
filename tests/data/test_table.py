import pickle
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from resumebert.data.table import Problems, ResumeTable, TextColumn, name_list, shorten
from resumebert.utils.errors import UserError

TEXTS = ["a", "é•", "", "d", "e"]


def make_column() -> TextColumn:
    return TextColumn(pa.chunked_array([pa.array(TEXTS[:2]), pa.array(TEXTS[2:])]))


def test_a_text_column_is_a_sequence():
    column = make_column()
    assert len(column) == 5
    assert list(column) == TEXTS
    assert column == TEXTS
    assert column != TEXTS[1:]
    assert column != "aébde"
    assert [column[i] for i in range(-5, 5)] == TEXTS * 2
    assert column[np.int64(1)] == "é•"
    assert column[1:4] == TEXTS[1:4]
    assert column[::-1] == TEXTS[::-1]
    assert "d" in column
    assert repr(column) == "TextColumn of 5 texts"
    for index in (5, -6):
        with pytest.raises(IndexError):
            column[index]


def test_a_text_column_of_texts():
    texts = [f"{i}•" for i in range(5000)]
    assert TextColumn.of(text for text in texts) == texts
    assert TextColumn.of([]) == []


def test_a_column_is_drained():
    column = make_column()
    part = column.select(np.array([3, 0]))
    assert list(part.drain()) == list(part) == ["d", "a"]
    assert list(column.drain()) == TEXTS
    assert len(column) == 0
    assert list(column) == list(column.drain()) == []


def test_a_selection_of_a_selection():
    column = make_column().select(np.array([4, 1, 1, 0]))
    assert column == ["e", "é•", "é•", "a"]
    assert column.select(np.array([3, 0])) == ["a", "e"]
    assert column.select(np.array([], int)) == []
    assert pickle.loads(pickle.dumps(column)) == ["e", "é•", "é•", "a"]


@pytest.mark.parametrize("texts", [TEXTS, make_column()], ids=["list", "column"])
def test_select_keeps_rows_together(texts):
    labels = np.eye(5, dtype=np.uint8)
    table = ResumeTable(list("vwxyz"), texts, labels, list("ABCDE"), np.arange(1, 6), "s")
    assert table.select(np.array([0])).split is None
    split = np.array(["train", "val", "test", "test", "val"])
    table = replace(table, split=split, skipped=["row 9: x"], skipped_rows=1, notes=["n"])
    part = table.select(np.array([3, 0]))
    assert part.ids == ["y", "v"]
    assert list(part.texts) == ["d", "a"]
    assert part.rows.tolist() == [4, 1]
    assert np.array_equal(part.labels, labels[[3, 0]])
    assert len(part) == 2
    assert part.split.tolist() == ["test", "train"]
    assert (part.skipped, part.skipped_rows, part.notes) == (["row 9: x"], 1, ["n"])


def test_problems_are_shown_together():
    problems = Problems("f.csv")
    problems.raise_if_any()
    problems.add("row 1", "is odd")
    with pytest.raises(UserError, match=r"^f.csv has a problem: row 1: is odd\. Mend"):
        problems.raise_if_any()
    for i in range(2, 27):
        problems.add(f"row {i}", "is odd")
    with pytest.raises(UserError) as error:
        problems.raise_if_any()
    message = str(error.value)
    assert "26 problems" in message
    assert "row 20: is odd; and 6 more." in message
    assert "row 21" not in message


def test_values_in_messages_stay_on_one_short_line():
    assert shorten("a\nb") == "'a\\nb'"
    assert len(shorten("x" * 10**6)) < 70
    assert len(shorten(list(range(1000)))) < 70
    assert name_list([]) == "none"
    assert name_list([str(i) for i in range(25)]).endswith("'19' and 5 more")
