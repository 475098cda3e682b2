"""What is to be labelled: in order, every row and file once, with the reason where it fails."""

import gzip
import io
import json
import sys
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import made
from resumebert.inference.inputs import InputOptions, Item, open_input
from resumebert.utils.errors import UserError

ROWS = [
    {"id": "a", "text": "Java", "name": "=1"},
    {"id": "b", "text": " ", "name": "B"},
    {"id": "c", "text": "Nurse", "name": "C"},
]


def items(path: Path | str, start: int = 0, **options: object) -> list[Item]:
    opened = open_input(path, InputOptions(**options))
    found = list(opened.items())
    count = opened.count()
    assert count in (None, len(found))
    return found[start:]


def standard_input(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    stream = io.TextIOWrapper(io.BufferedReader(io.BytesIO(data)))
    monkeypatch.setattr(sys, "stdin", stream)


def written(folder: Path, kind: str) -> Path:
    """Write ROWS as a table of a kind."""
    path = folder / f"t.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    elif kind == "xlsx":
        book = openpyxl.Workbook()
        for row in (list(ROWS[0]), *(list(row.values()) for row in ROWS)):
            book.active.append([f"'{cell}" if cell == "=1" else cell for cell in row])
        book.save(path)
    elif kind in ("jsonl", "json"):
        lines = [json.dumps(row) for row in ROWS]
        text = "\n".join(lines) if kind == "jsonl" else f"[{','.join(lines)}]"
        path.write_text(text, encoding="utf-8")
    else:
        mark = "\t" if kind == "tsv" else ","
        lines = [mark.join(row) for row in (ROWS[0], *(row.values() for row in ROWS))]
        path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["csv", "tsv", "json", "jsonl", "parquet", "xlsx"])
def test_tables_of_every_kind(tmp_path, kind):
    path = written(tmp_path, kind)
    first, blank, last = items(path, keep_columns=["name"])
    assert (first.id, first.text, first.error) == ("a", "Java", None)
    assert [cell.lstrip("'") for cell in first.kept] == ["=1"]
    assert (last.id, last.text, last.kept) == ("c", "Nurse", ("C",))
    assert (blank.id, blank.kept) == ("b", ("B",))
    assert "blank" in str(blank.error)
    opened = open_input(path, InputOptions())
    assert [item.id for item in opened.items(2)] == ["c"]


def test_broken_rows_keep_their_place(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("text,name\none,1\ntwo\n,\nthree,3\n\nfour,4\n")
    opened = open_input(path, InputOptions(keep_columns=["name"]))
    found = list(opened.items())
    # A row of empty cells is none, and is told apart.
    assert ["2 blank or broken lines" in remark for remark in opened.remarks] == [True]
    assert [item.id for item in found] == ["1", "2", "3", "4"]
    assert [item.text for item in found if item.error is None] == ["one", "three", "four"]
    assert "has 1 cells where the header has 2" in str(found[1].error)
    assert list(found[1].kept) == [None]

    path = tmp_path / "t.jsonl"
    path.write_text('{"id": 1, "text": "one"}\nbroken\n{"id": 2}\n3\n{"id": 4, "text": "x"}\n')
    found = items(path, keep_columns=[])
    assert [item.id for item in found] == ["1", "", "", "", "4"]
    assert [item.error is None for item in found] == [True, False, False, False, True]
    assert "is not JSON" in str(found[1].error)


def test_many_broken_rows_are_each_told(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,text\n" + "".join(f"{i},\n" for i in range(5000)))
    found = items(path)
    assert [item.id for item in found] == [str(i) for i in range(5000)]
    assert all("blank" in str(item.error) for item in found)


@given(st.lists(st.sampled_from(["a,b", "a", ",b", "a,b,c", ""]), min_size=1, max_size=40))
def test_a_row_for_each_row(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("rows") / "t.csv"
    path.write_text("\n".join(["text,x", *lines, "a,b"]) + "\n")
    found = items(path)
    rows = [*filter(None, lines), "a,b"]
    assert [item.id for item in found] == [str(i + 1) for i in range(len(rows))]
    assert [item.error is None for item in found] == [row == "a,b" for row in rows]


def test_a_row_of_json_may_lack_what_is_kept(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"text": "one", "x": [1]}\n{"text": "two"}\n')
    assert [item.kept for item in items(path, keep_columns=["x"])] == [([1],), (None,)]


FILES = {
    "b/cv.docx": made.whole_word_document()[0],
    "a.txt": b"plain text",
    "b/c.pdf": made.table([["one", "two"]]),
    "b/d.pdf": b"%PDF-1.7 damaged",
    "no ending": b"<p>a page</p>",
    "z.txt": b"",
    "p.jpg": b"\xff\xd8\xff\xe0 a picture",
}


@pytest.mark.parametrize("is_zip", [False, True])
def test_every_file_of_a_folder_or_zip(tmp_path, is_zip):
    folder = tmp_path / "cvs"
    for name, data in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    path = folder
    if is_zip:
        path = tmp_path / "cvs.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name in sorted(FILES):
                archive.write(folder / name, name)
    found = {item.id: item for item in items(path, workers=1)}
    assert list(found) == sorted(FILES)
    assert found["no ending"].text == "a page"
    failed = {name: item.error for name, item in found.items() if item.error}
    assert set(failed) == {"b/d.pdf", "p.jpg", "z.txt"}
    assert failed["z.txt"] == "it is empty (0 bytes)"
    rest = list(open_input(path, InputOptions(workers=1)).items(5))
    assert [item.id for item in rest] == sorted(FILES)[5:]


def test_hidden_text_is_marked(tmp_path):
    (tmp_path / "cv.html").write_text("<p>seen</p><p style='display: none'>secret words</p>")
    [found] = items(tmp_path / "cv.html", workers=1)
    assert (found.id, found.text) == ("cv.html", "seen")
    assert "hidden_text: 12 characters" in found.notes
    [kept] = items(tmp_path / "cv.html", workers=1, keep_hidden=True)
    assert "secret words" in kept.text


def test_lines(tmp_path):
    path = tmp_path / "t.txt"
    path.write_bytes("ein Koch\r\n\nzwei Köche".encode("cp1252"))
    found = items(path, read_as="lines")
    assert [(item.id, item.text) for item in found] == [
        ("1", "ein Koch"), ("2", ""), ("3", "zwei Köche"),
    ]  # fmt: skip
    assert found[1].error == "the line is blank"
    (tmp_path / "t.gz").write_bytes(gzip.compress(b"one\ntwo\n"))
    assert [item.text for item in items(tmp_path / "t.gz", 1, read_as="lines")] == ["two"]


def test_a_zip_of_one_table_is_a_table(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("t.csv", "text\none\ntwo\n")
    assert [item.text for item in items(tmp_path / "t.zip")] == ["one", "two"]


def test_standard_input(monkeypatch):
    standard_input(monkeypatch, b"a text\nof two lines")
    assert [(item.id, item.text) for item in open_input("-", InputOptions()).items()] == [
        ("stdin", "a text\nof two lines")
    ]
    standard_input(monkeypatch, b"one\ntwo\n")
    lines = open_input("-", InputOptions(read_as="lines"))
    assert lines.count() is None
    assert [item.text for item in lines.items()] == ["one", "two"]
    for data, options in (
        (b'{"text": "one"}\n{"text": "two"}\n', InputOptions()),
        (b"text;x\none;1\ntwo;2\n", InputOptions(read_as="table")),
    ):
        standard_input(monkeypatch, data)
        table = open_input("-", options)
        assert table.count() == 2
        assert [item.text for item in table.items(1)] == ["two"]


def test_mistakes_name_the_keys_of_predict(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("test,name\none,1\n")
    with pytest.raises(UserError, match=r"'text' \(text_column; did you mean 'test'\?\)"):
        items(path)
    with pytest.raises(UserError, match=r"'age' \(keep_columns\)"):
        items(path, text_column="test", keep_columns=["age"])
    with pytest.raises(UserError, match=r"^encoding=x is not"):
        items(path, text_column="test", encoding="x")
    with pytest.raises(UserError, match=r"There is no file or folder .*\(input\).*Check input\."):
        items(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no files"):
        items(tmp_path / "empty")
    with pytest.raises(UserError, match="no columns to keep"):
        items(tmp_path, keep_columns=["name"])
    path.write_bytes(b"text\none\n\xff\n")
    with pytest.raises(UserError, match=r"encoding=cp1252"):
        items(path, encoding="utf-8")
    path.write_text('text\none\n"two\nthree\n')
    opened = open_input(path, InputOptions())
    with pytest.raises(UserError, match="quoting=none"):
        opened.count()
    standard_input(monkeypatch, b"")
    with pytest.raises(UserError, match="standard input is empty"):
        open_input("-", InputOptions(read_as="table"))
