import codecs
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import error_of, read
from resumebert.data.readers import encodings, read_resume_corpus, read_table
from resumebert.data.table import LISTED_SKIPPED, Problems
from resumebert.utils.errors import UserError

FUZZ = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("encoding", "noted"),
    [
        ("utf-8", False),
        ("utf-8-sig", False),
        ("utf-16", False),
        ("utf-32", False),
        ("cp1252", True),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_an_encoding_is_detected(tmp_path, suffix, encoding, noted):
    text = "text,labels\né•,a\n" if suffix == "csv" else '{"text": "é•", "labels": "a"}\n'
    table = read(write(tmp_path, f"t.{suffix}", text.encode(encoding)))
    assert list(table.texts) == ["é•"]
    assert bool(table.notes) == noted


def test_the_whole_file_tells_its_encoding(tmp_path, monkeypatch):
    monkeypatch.setattr(encodings, "_CHUNK", 7)
    rows = ["x,a\n"] * 5000
    table = read(write(tmp_path, "t.csv", ("text,labels\n" + "".join(rows) + "é,a\n").encode()))
    assert table.texts[-1] == "é"
    assert not table.notes
    data = ("text,labels\n" + "".join(rows) + "é,a\n").encode("cp1252")
    table = read(write(tmp_path, "t.csv", data))
    assert table.texts[-1] == "é"
    assert "declare data.encoding" in table.notes[0]


def test_one_damage_does_not_make_utf_8_another_encoding(tmp_path, monkeypatch):
    data = ("text,labels\n" + "é…,a\n" * 100).encode() + b"\xc3x,a\n"
    for chunk in (1 << 20, 5):
        monkeypatch.setattr(encodings, "_CHUNK", chunk)
        message = error_of(write(tmp_path, "t.csv", data))
        assert "is not utf-8: 0xc3 in row 101" in message
    assert len(read(tmp_path / "t.csv", encoding="cp1252")) == 101


def test_text_with_replacement_characters_is_utf_8(tmp_path):
    path = write(tmp_path, "t.csv", "text,labels\n\ufffd\ufffd,a\n")
    assert list(read(path).texts) == ["\ufffd\ufffd"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8", "ascii", "shift_jis", "utf-7"])
@pytest.mark.parametrize("chunk", [3, 1 << 20])
def test_bytes_that_a_declared_encoding_lacks(tmp_path, monkeypatch, encoding, chunk):
    monkeypatch.setattr(encodings, "_CHUNK", chunk)
    start = "text,labels\nx,a\ny,a\n".encode(encoding)
    bad = {"utf-16": b"\x00\xdc\n\x00"}.get(encoding, b"\xff\xff\n")
    message = error_of(write(tmp_path, "t.csv", start + bad), encoding=encoding)
    assert f"is not {encoding}" in message
    assert f"row 3 (byte {len(start)} of the file)" in message


@FUZZ
@given(
    body=st.lists(
        st.sampled_from(
            ["é".encode(), b"\xe9", b"\xc3", b"a,b\n", b'"', b"\0", b"\xef\xbb\xbf", b"\xff\xfe"]
        ),
        max_size=20,
    ).map(b"".join),
    mark=st.sampled_from([b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF32_BE]),
)
def test_a_detected_encoding_reads_all_or_tells(tmp_path, body, mark):
    path = write(tmp_path, "t.csv", mark + b"text,labels\na,b\n" + body)
    message, table = "", None
    try:
        table = read(path)
    except UserError as error:
        message = str(error)
    assert "\n" not in message
    if table is None:
        return
    rows = (b"a,b\n" + body).replace(b'"', b"").count(b",b")
    assert len(table) <= rows + body.count(b'"')


BAD_ROWS = [
    {"id": "1", "text": "good", "labels": "a"},
    {"id": "2", "text": " ", "labels": "b"},
    {"id": "3", "text": 7, "labels": ["b", 1]},
    {"id": "1", "text": "again", "labels": "c"},
    {"id": "2", "text": "the first 2 is left out", "labels": "d;a"},
    {"id": None, "text": "x", "labels": "e"},
    {"id": "9", "text": "y"},
]

BAD_ROW_FREE = json.dumps({"id": "0", "text": "x", "labels": "a"})


def test_bad_rows_are_skipped_and_listed(tmp_path):
    lines = [json.dumps(row) for row in BAD_ROWS] + ["{", "", "[1]"]
    path = write(tmp_path, "t.jsonl", "\n".join(lines))
    assert "problems" in error_of(path)
    table = read(path, on_bad_rows="skip")
    assert table.ids == ["1", "2"]
    assert list(table.texts) == ["good", "the first 2 is left out"]
    assert table.rows.tolist() == [1, 5]
    assert table.label_names == ["a", "d"]
    assert table.labels.tolist() == [[1, 0], [1, 1]]
    assert table.skipped_rows == len(table.skipped) == 8
    told = "; ".join(table.skipped)
    for message in (
        "row 2: column 'text' is blank",
        "row 3: column 'text' holds 7, a int, not text; column 'labels' holds",
        "row 4: the id '1' is that of row 1 too",
        "row 6: column 'id' holds null",
        "row 7: has no key 'labels'",
        "row 8: is not JSON",
        "row 9: is blank; remove it",
        "row 10: is [1]",
    ):
        assert message in told


@FUZZ
@given(
    lines=st.lists(
        st.sampled_from([*(json.dumps(row) for row in BAD_ROWS), "{", "[1]", "null", '"\\ud800"'])
        | st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=9),
        max_size=9,
    )
)
def test_no_row_is_lost_unlisted(tmp_path, lines):
    lines = [BAD_ROW_FREE, *(line for line in lines if line.strip())]
    table = read(write(tmp_path, "t.jsonl", "\n".join(lines)), on_bad_rows="skip")
    assert len(table) + table.skipped_rows == len(lines)
    assert len(table.skipped) == table.skipped_rows


def test_bad_rows_of_a_csv_are_skipped(tmp_path):
    path = write(tmp_path, "t.csv", "text,A,B\nx,1,0\ny,2,0\nz,1\nw,0,1\nv,,3\n")
    table = read_table(path, label_columns=["A", "B"], on_bad_rows="skip")
    assert list(table.texts) == ["x", "w"]
    assert table.labels.tolist() == [[1, 0], [0, 1]]
    assert table.rows.tolist() == [1, 4]
    assert "holds '3', not 0 or 1" in table.skipped[-1]
    assert "may mean no or a missing value" in table.skipped[-1]
    assert table.skipped_rows == 3


def test_rows_with_unknown_labels_are_skipped(tmp_path):
    path = write(tmp_path, "t.csv", "text,labels\nx,a\ny,a;q\nz,r\nw,b\n")
    table = read(path, on_bad_rows="skip", label_names=["b", "a"])
    assert list(table.texts) == ["x", "w"]
    assert table.labels.tolist() == [[0, 1], [1, 0]]
    assert "row 2: has labels that data.label_names has not: 'q'" in table.skipped[0]


def test_what_concerns_the_whole_file_is_not_skipped(tmp_path):
    for content, told in (
        ("txt,labels\nx,a\n", "no column 'text'"),
        ('text,labels\nx,a\n"y', "is not csv"),
        ("text,labels\nx,\n", "no row has a label"),
        ("text,labels\n ,a\n ,a\n", "2 problems: row 1 (line 2): column 'text' is blank"),
    ):
        assert told in error_of(write(tmp_path, "t.csv", content), on_bad_rows="skip")
    message = error_of(write(tmp_path, "t.jsonl", "{x\n[\n"), on_bad_rows="skip")
    assert "data.on_bad_rows=skip leaves no row" in message


def test_the_list_of_skipped_rows_is_bounded():
    problems = Problems("s", skip_rows=True)
    for row in range(LISTED_SKIPPED + 500):
        for _ in range(100):
            problems.add_row(f"row {row}", "is odd", row)
    assert len(problems.skipped) == LISTED_SKIPPED + 1
    assert problems.skipped[-1] == "and 500 more"
    assert problems.skipped_rows == LISTED_SKIPPED + 500
    assert max(map(len, problems.skipped)) < 600
    assert len(problems.bad_rows) == LISTED_SKIPPED + 500
    problems.raise_if_any()


@pytest.mark.parametrize("columns", [{"labels_column": "labels"}, {"label_columns": ["a"]}])
def test_unlabelled_rows_are_kept_or_dropped(tmp_path, columns):
    path = write(tmp_path, "t.csv", "text,labels,a\nx,a,1\ny,,0\nz,a,1\n ,a,1\n")
    kept = read_table(path, on_bad_rows="skip", **columns)
    assert kept.labels[:, 0].tolist() == [1, 0, 1]
    assert kept.dropped_unlabelled == 0
    table = read_table(path, unlabelled="drop", on_bad_rows="skip", **columns)
    assert list(table.texts) == ["x", "z"]
    assert table.rows.tolist() == [1, 3]
    assert table.dropped_unlabelled == 1
    assert table.skipped_rows == 1


def test_nothing_but_unlabelled_rows(tmp_path):
    path = write(tmp_path, "t.csv", "text,labels\nx,\n")
    assert "drop leaves none" in error_of(path, unlabelled="drop", label_names=["a"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"unlabelled": "remove"}, "data.unlabelled=remove is none of its choices: keep, drop"),
        ({"on_bad_rows": True}, "data.on_bad_rows=True is none of its choices: error, skip"),
        ({"sheet": "a"}, "data.sheet=a is for Excel files"),
        ({"dataset_split": "train"}, "data.dataset_split=train is for folders"),
        ({"split_column": "text"}, "'text' is given for two purposes"),
        ({"split_column": "part"}, "'part' (data.split_column)"),
    ],
)
def test_choices_that_do_not_fit(tmp_path, options, told):
    assert told in error_of(write(tmp_path, "t.csv", "text,labels\nx,a\n"), **options)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_column_of_splits(tmp_path, suffix):
    names = ["train", "Validation", "dev", " TEST", "valid", "val"]
    columns = {"text": list("uvwxyz"), "labels": ["a"] * 6, "part": names}
    path = tmp_path / f"t.{suffix}"
    if suffix == "csv":
        rows = zip(*columns.values(), strict=True)
        path.write_text("\n".join(",".join(row) for row in [columns, *rows]))
    else:
        pq.write_table(pa.table(columns), path)
    table = read(path, split_column="part")
    assert table.split.tolist() == ["train", "val", "val", "test", "val", "val"]
    assert table.select(np.array([3, 0])).split.tolist() == ["test", "train"]
    assert read(path).split is None


def test_cells_that_name_no_split(tmp_path):
    path = write(tmp_path, "t.csv", "text,labels,part\nx,a,train\ny,a,eval\nz,a,\n")
    message = error_of(path, split_column="part")
    assert "row 2 (line 3): column 'part' holds 'eval', not one of train, val, test" in message
    table = read(path, split_column="part", on_bad_rows="skip")
    assert table.split.tolist() == ["train"]
    assert table.skipped_rows == 2


def test_the_corpus_is_skipped_through(tmp_path):
    for name in ("00001.txt", "00001.lab", "00002.txt", "00003.txt", "00003.lab", "00004.lab"):
        (tmp_path / name).write_bytes(b"x")
    for name, content in (("00003.txt", b"\xe9"), ("00005.txt", b"y"), ("00005.lab", b"")):
        (tmp_path / name).write_bytes(content)
    table = read_resume_corpus(tmp_path, encoding="utf-8", on_bad_rows="skip", unlabelled="drop")
    assert table.ids == ["00001"]
    assert table.skipped_rows == 3
    assert table.dropped_unlabelled == 1
    told = "; ".join(table.skipped)
    for message in ("00002.txt: has no .lab", "00004.lab: has no .txt", "00003.txt is not utf-8"):
        assert message in told
    table = read_resume_corpus(tmp_path, encoding="auto", on_bad_rows="skip")
    assert table.texts[1] == "é"
    assert "00003.txt is not UTF-8 and read as Windows-1252" in table.notes[0]
