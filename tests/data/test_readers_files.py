"""Files as people have them: other separators, packings, JSON, folders; and hostile ones."""

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import error_of, read
from resumebert.data.readers import (
    columnar,
    csv_tables,
    files,
    json_tables,
    read_documents,
    read_table,
)
from resumebert.data.splitting import predefined_split, stratified_split
from resumebert.utils.errors import UserError

FUZZ = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ROWS = [("a nurse, in town; by day", "nurse;cook"), ("a cook\nof 5 | 6 years", "cook")]
OBJECTS = [{"text": text, "labels": labels} for text, labels in ROWS]
TEXTS = [text for text, _ in ROWS]


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode(errors="replace") if isinstance(content, str) else content)
    return path


def as_csv(separator: str = ",", rows: list[tuple[str, str]] = ROWS) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows([("text", "labels"), *rows])
    return text.getvalue()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt", ".tab"])
@pytest.mark.parametrize("start", ["", "\ufeff", "sep={}\r\n", '"sep={}"\n'])
def test_any_separator_under_any_ending(tmp_path, separator, suffix, start):
    path = write(tmp_path, f"t{suffix}", start.format(separator) + as_csv(separator))
    table = read(path)
    assert list(table.texts) == TEXTS
    assert table.label_names == ["cook", "nurse"]
    usual = {".csv": ",", ".tsv": "\t", ".tab": "\t"}.get(suffix)
    assert any("between its cells" in note for note in table.notes) == (
        separator != usual or "sep" in start
    )


def test_many_semicolons_in_texts_do_not_part_cells(tmp_path):
    rows = [("a; b; c; d;", "x"), ("e; f; g; h;", "y")] * 50
    for name in ("t.csv", "t.txt"):
        assert len(read(write(tmp_path, name, as_csv(",", rows)))) == 100


@pytest.mark.parametrize(("separator", "name"), [(";", "semicolon"), ("~", "~"), ("\t", "\\t")])
def test_a_separator_that_is_told(tmp_path, separator, name):
    path = write(tmp_path, "t.csv", as_csv(separator))
    assert list(read(path, separator=name).texts) == TEXTS
    assert "data.separator=;; is not one character" in error_of(path, separator=";;")
    assert "data.quoting=some" in error_of(path, quoting="some")


def test_an_unclear_separator_is_asked_for(tmp_path):
    message = error_of(write(tmp_path, "t.txt", "text;a|labels\nx;y|z\n"))
    assert "not clear what parts the cells" in message
    assert "data.separator=semicolon" in message


UNQUOTED = [*(f"person {k}\tnurse" for k in range(4)), '"Fast" and good\tcook']


@pytest.mark.parametrize(
    "lines",
    [
        ['"A nurse\tcook', "person 1\tnurse", 'says "yes."\tcook', "person 2\tnurse"],
        ["p\tcook", '"A nurse\tcook', 'called "ann"\tcook', "p\tnurse"],
        ["p\tnurse;cook", '"A\tnurse', "b\tcook;nurse", 'c"\tnurse'],
    ],
)
@pytest.mark.parametrize("separator", ["\t", ",", ";", "|"])
def test_rows_that_a_quotation_mark_swallows_are_told(tmp_path, lines, separator):
    lines = [line.replace(";", "/").replace("\t", separator) for line in ["text\tlabels", *lines]]
    path = write(tmp_path, "t.txt", "\n".join(lines) + "\n")
    options = {"separator": separator, "label_separator": "/"}
    assert "data.quoting=none" in error_of(path, **options)
    assert len(read(path, quoting="none", **options)) == len(lines) - 1
    try:
        table = read(path, on_bad_rows="skip", **options)
    except UserError:
        return
    assert len(table) + table.skipped_rows == len(lines) - 1


def test_swallowed_rows_among_columns_of_flags(tmp_path):
    rows = ["a\t1\t0", '"b\t0\t1', "c\t1\t1", 'd"\t0\t0', "e\t1\t0"]
    path = write(tmp_path, "t.tsv", "text\tA\tB\n" + "\n".join(rows))
    with pytest.raises(UserError, match=r"row 2 \(line 3\): .* swallowed 2 rows.*quoting=none"):
        read_table(path, label_columns=["A", "B"])


def test_rows_swallowed_by_one_of_too_few_cells(tmp_path):
    rows = ["1\ta\tx", '2\t"b\tx', "3\tc\tx", '4\td\tx"', "5\te\tx"]
    path = write(tmp_path, "t.tsv", "\n".join(["id\ttext\tlabels", *rows]))
    assert "row 2 (line 3): a quotation mark opens a cell" in error_of(path)
    table = read(path, on_bad_rows="skip")
    assert (len(table), table.skipped_rows) == (2, 3)


def test_quoted_text_over_several_lines_is_text(tmp_path):
    rows = [("Ann, 12 High Street\nLondon, England\nnurse, mostly", "nurse"), ("b", "cook")]
    assert list(read(write(tmp_path, "t.csv", as_csv(",", rows))).texts) == [rows[0][0], "b"]


@pytest.mark.parametrize(
    ("row", "told"),
    [('"A nurse\tx', "unexpected end"), ('"Fast" and good\tx', "expected after")],
)
def test_a_broken_quotation_says_what_to_do(tmp_path, row, told):
    path = write(tmp_path, "t.tsv", f"text\tlabels\nb\tx\n{row}\n")
    for on_bad_rows in ("error", "skip"):
        message = error_of(path, on_bad_rows=on_bad_rows)
        assert told in message
        assert "data.quoting=none" in message
    assert list(read(path, quoting="none").texts) == ["b", row.partition("\t")[0]]


@pytest.mark.parametrize("row", ['says "yes", twice', 'a 5" nail', '"', '""', "ends in \\"])
def test_backslashes_before_quotation_marks(tmp_path, row):
    text = row.replace("\\", "\\\\").replace('"', '\\"')
    path = write(tmp_path, "t.csv", f'"text","labels"\n"{text}","x"\n"x \\"y\\" z","x"\n"b","x"\n')
    table = read(path)
    assert list(table.texts) == [row, 'x "y" z', "b"]
    assert "data.quoting=backslash" in table.notes[0]


def test_a_quotation_mark_inside_an_unquoted_cell(tmp_path):
    assert list(read(write(tmp_path, "t.csv", 'text,labels\na 5" nail,x\n')).texts) == ['a 5" nail']


def zipped(content: bytes, *names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return data.getvalue()


PACKED = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zip": lambda content: zipped(content, "folder/", "folder/t.csv", "__MACOSX/._t.csv"),
}


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("kind", ["csv", "utf-16", "jsonl", "json"])
def test_packed_files(tmp_path, packed, kind):
    content = {
        "csv": as_csv(";").encode(),
        "utf-16": as_csv("\t").encode("utf-16"),
        "jsonl": "\n".join(map(json.dumps, OBJECTS)).encode(),
        "json": json.dumps(OBJECTS).encode(),
    }[kind]
    suffix = kind.replace("utf-16", "csv")
    for name in (f"t.{suffix}{packed}", f"t{packed}", "t.csv"):
        assert list(read(write(tmp_path, name, PACKED[packed](content))).texts) == TEXTS
    whole = PACKED[packed](content)
    message = error_of(write(tmp_path, f"cut{packed}", whole[: len(whole) // 2]))
    assert "damaged" in message


def test_a_zip_of_several_files(tmp_path):
    message = error_of(write(tmp_path, "t.zip", zipped(b"x", "a.csv", "b.csv")))
    assert "a zip of 2 files ('a.csv', 'b.csv')" in message
    message = error_of(write(tmp_path, "t.zip", zipped(b"x", "a.parquet")))
    assert "Unpack it" in message


FRAME = pd.DataFrame(OBJECTS)


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(map(json.dumps, OBJECTS)),
        json.dumps(OBJECTS),
        json.dumps(OBJECTS, indent=2),
        " \n" + json.dumps(OBJECTS, ensure_ascii=False) + "\n\n",
        json.dumps({"data": OBJECTS, "labels": ["cook", "nurse"]}),
        json.dumps({"version": 1, "resumes": OBJECTS, "notes": [{"a": 1}]}, indent=1),
        FRAME.to_json(),
        FRAME.to_json(orient="split"),
        FRAME.to_json(orient="table"),
        FRAME.to_json(orient="index"),
        json.dumps(FRAME.to_dict(orient="list"), indent=4),
    ],
)
@pytest.mark.parametrize("name", ["t.json", "t.jsonl", "t.ndjson", "t.txt", "t.csv", "t.dat", "t"])
def test_any_kind_of_json_under_any_ending(tmp_path, content, name):
    table = read(write(tmp_path, name, content))
    assert list(table.texts) == TEXTS
    assert table.label_names == ["cook", "nurse"]


def test_the_text_may_stand_in_an_object_of_the_row(tmp_path):
    rows = [{"id": i, "data": {"text": text}, "labels": ["a"]} for i, text in enumerate(TEXTS)]
    table = read(write(tmp_path, "t.json", json.dumps(rows)))
    assert list(table.texts) == TEXTS
    array, within = table.notes[:2]
    assert "an array of JSON objects" in array
    assert "from the object 'data'" in within


def test_keys_of_one_object_are_ids(tmp_path):
    path = write(tmp_path, "t.json", json.dumps({"b": OBJECTS[0], "a": OBJECTS[1]}))
    assert read(path).ids == ["b", "a"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('[{"text": "a", "labels": "b"}', "row 1 of the array: is not JSON"),
        ('[{"text": "a", "labels": "b"} {"text": "a"}]', "a comma or ] is missing"),
        ('[{"text": "a", "labels": "b"}] x', "goes on after its end"),
        ('[{"text": "a", "labels": "b"}, 7, {"text": "b"}]', "row 2: is 7, not a JSON object"),
        ('[{"text": "a", "labels": "b"}, {"text": "b}]', "row 2 of the array: is not JSON"),
        ('[{"text": "a", "labels": tru}]', "row 1 of the array: is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "holds no rows"),
        ('{"a": {"text": "a"},\n"b": [1]}', "not clear where in it the rows"),
        ('{"a": 1,\n"b"', "is not JSON"),
    ],
)
def test_malformed_json(tmp_path, content, told):
    assert told in error_of(write(tmp_path, "t.json", content))


@FUZZ
@given(
    rows=st.lists(st.text(max_size=30).filter(str.strip), min_size=1, max_size=8),
    piece=st.integers(1, 40),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
)
def test_arrays_are_read_in_pieces(tmp_path, rows, piece, indent, ascii_only):
    objects = [{"text": text, "labels": "x", "n": 17} for text in rows]
    content = json.dumps(objects, indent=indent, ensure_ascii=ascii_only)
    content = content.encode("utf-8", "surrogatepass")
    before, json_tables._PIECE = json_tables._PIECE, piece
    try:
        assert list(read(write(tmp_path, "t.json", content)).texts) == rows
    finally:
        json_tables._PIECE = before


def split_folder(folder: Path, names: list[str]) -> Path:
    for k, name in enumerate(names):
        content = as_csv(rows=[(f"{name} {n}", "x") for n in range(k + 1)]).encode()
        write(folder / "d", name, gzip.compress(content) if name.endswith(".gz") else content)
    return folder / "d"


@pytest.mark.parametrize(
    "names",
    [
        ["train.csv", "valid.csv", "test.csv"],
        ["train.csv.gz", "validation.csv.gz", "test.csv.gz"],
        ["Train.tsv", "DEV.tsv", "Test.tsv"],
        ["cv_train.csv", "cv-val.csv", "cv.test.csv"],
        ["train/a.csv", "val/a.csv", "test/a.csv"],
        ["data/training-0-of-1.csv", "data/eval-0-of-1.csv", "data/testing-0-of-1.csv"],
    ],
)
def test_files_named_after_splits(tmp_path, names):
    folder = split_folder(tmp_path, names)
    write(folder, "README.txt", "about")
    write(folder, "sample_submission.csv", "id,labels\n")
    table = read(folder)
    assert table.split.tolist() == ["train", "val", "val", "test", "test", "test"]
    assert table.ids[0].lower().startswith("train")
    assert len(set(table.ids)) == 6
    assert any("splits were taken from the files' names" in note for note in table.notes)
    assert any("files not read: 'sample_submission.csv'" in note for note in table.notes)
    split = stratified_split(table, np.arange(6), 1, train=0.8, val=0.1, test=0.1, keep_given=True)
    assert split.tolist() == table.split.tolist()
    assert len(read(folder, dataset_split=["train", "test"])) == 4
    assert read(folder, dataset_split="test").split is None
    assert "named after the splits" in error_of(folder, dataset_split="none")


def test_a_split_that_the_files_lack_is_dealt_from_training(tmp_path):
    for name, count in (("train", 80), ("test", 20)):
        rows = [(f"{name} {n}", "xy"[n % 2]) for n in range(count)]
        write(tmp_path / "d", f"{name}.csv", as_csv(rows=rows))
    table = read(tmp_path / "d")
    split = stratified_split(
        table, np.arange(100), 1, train=0.8, val=0.1, test=0.1, keep_given=True
    )
    assert (split == "val").sum() == 8
    assert (split[table.split == "test"] == "test").all()
    with pytest.raises(UserError, match="keep_given=false"):
        stratified_split(
            table, np.array([0, *range(98), 0]), 1, train=0.8, val=0.1, test=0.1, keep_given=True
        )


def test_problems_of_one_of_several_files_are_told_with_its_name(tmp_path):
    write(tmp_path / "d", "train.csv", "text,labels\na,x\nb,x\n")
    write(tmp_path / "d", "test.csv", "text,labels\na,x\n ,x\nc,x,y\n")
    message = error_of(tmp_path / "d")
    assert "test.csv, row 2 (line 3): column 'text' is blank" in message
    assert "test.csv, row 3 (line 4): has 3 cells" in message
    table = read(tmp_path / "d", on_bad_rows="skip")
    assert list(table.texts) == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["train.csv", "train.tsv", "test.csv"], "not clear which of them to read"),
        (["train.csv", "val.csv", "dev.csv"], "not clear which of them to read"),
        (["a.csv", "b.tsv"], "is a folder, where a file is expected"),
        (["a.csv", "b.txt"], "data=documents"),
        ([], "no table"),
    ],
)
def test_folders_of_unclear_purpose(tmp_path, names, told):
    (tmp_path / "d").mkdir()
    assert told in error_of(split_folder(tmp_path, names), label_separator=";")


def test_parts_of_one_table(tmp_path):
    table = read(split_folder(tmp_path, ["part-0.csv", "part-1.csv"]))
    assert list(table.texts) == ["part-0.csv 0", "part-1.csv 0", "part-1.csv 1"]
    assert table.split is None
    assert table.ids == ["1", "2", "3"]


def documents(folder: Path, names: list[str]) -> Path:
    for name in names:
        write(folder / "cvs", name, f"text of {name}")
    return folder / "cvs"


def listed(folder: Path, names: list[str], **options: object) -> list[str]:
    rows = "".join(f"{name},x\n" for name in names)
    labels = write(folder, "labels.csv", f"file,labels\n{rows}")
    return list(read_documents(folder / "cvs", labels_file=labels, labels_column="labels").texts)


@pytest.mark.parametrize(
    "name",
    [
        r"C:\Users\Me\cvs\a\Ä 1.txt",
        r"a\Ä 1.TXT",
        "/home/me/cvs/a/Ä 1.txt",
        r"\\server\share\a\ä 1.txt",
        "cvs/a/Ä 1.txt",
        "../x/A/A\u0308 1.txt",
        "Ä 1",
        "file.link/Ä 1.txt",
    ],
)
def test_names_of_documents_from_other_systems(tmp_path, name):
    folder = documents(tmp_path, ["a/Ä 1.txt", "a/2.txt", "b/2.txt"])
    (folder / "file.link").symlink_to(folder / "a")
    names = [name, "a/2.txt", r"b\2.txt"]
    assert listed(tmp_path, names) == ["text of a/Ä 1.txt", "text of a/2.txt", "text of b/2.txt"]


@pytest.mark.parametrize("name", [r"C:\x\2.txt", "c/2.txt", "A/3.txt", "../2.TXT"])
def test_names_that_are_not_clear(tmp_path, name):
    documents(tmp_path, ["a/1.txt", "a/2.txt", "b/2.txt"])
    with pytest.raises(UserError, match=r"which (may be|is no document there)"):
        listed(tmp_path, ["a/1.txt", name])


def test_a_relative_path_is_not_shortened(tmp_path):
    documents(tmp_path, ["a/1.txt"])
    with pytest.raises(UserError, match=r"which is no document there"):
        listed(tmp_path, ["b/1.txt"])


def test_links(tmp_path):
    folder = documents(tmp_path, ["a/1.txt"])
    (tmp_path / "whole").symlink_to(folder)
    (folder / "loop").symlink_to(folder)
    (folder / "b.txt").symlink_to(folder / "a" / "1.txt")
    labels = write(tmp_path, "l.csv", "file,labels\na/1.txt,x\n")
    for path in (folder, tmp_path / "whole"):
        table = read_documents(path, labels_file=labels, labels_column="labels")
        assert table.ids == ["a/1.txt"]
    (folder / "stored").write_text("of another ending")
    (folder / "2.txt").symlink_to(folder / "stored")
    assert listed(tmp_path, ["b.txt", "2"]) == ["text of a/1.txt", "of another ending"]
    outside = write(tmp_path / "outside", "2.txt", "secret").parent
    for target, name in ((outside, "out"), (outside / "2.txt", "2.txt")):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)
        with pytest.raises(UserError, match=f"'{name}' in .* is a link that leads out"):
            read_documents(folder, labels_file=labels, labels_column="labels")
        (folder / name).unlink()


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_names_that_are_not_utf_8(tmp_path):
    try:
        folder = documents(tmp_path, [os.fsdecode(b"caf\xe9.txt"), os.fsdecode(b"\xff.txt")])
    except OSError:
        pytest.skip("the file system refuses such names")
    labels = write(tmp_path, "l.csv", "file,labels\ncafé.txt,x\nÿ,x\n")
    table = read_documents(folder, labels_file=labels, labels_column="labels")
    assert list(map(str.encode, table.ids)) == [b"caf\\udce9.txt", b"\\udcff.txt"]
    path = write(tmp_path, os.fsdecode(b"\xff.csv"), "text;labels\na;x\n")
    table = read(path)
    assert "\\udcff.csv" in table.source
    for text in (table.source, *table.notes, error_of(path, text_column="b")):
        assert text.encode()
    assert error_of(tmp_path / os.fsdecode(b"none\xff.csv")).encode()


@pytest.mark.parametrize("end", [".csv", ".jsonl", ".json"])
def test_a_text_larger_than_any_resume(tmp_path, monkeypatch, end):
    for module, name in ((csv_tables, "_MAX_LINE"), (json_tables, "MAX_ROW")):
        monkeypatch.setattr(module, name, 1000)
    rows = [("a", "x"), ("b" * 5000, "x"), ("c", "x")]
    objects = [{"text": text, "labels": labels} for text, labels in rows]
    content = {
        ".csv": as_csv(rows=rows),
        ".jsonl": "\n".join(map(json.dumps, objects)),
        ".json": json.dumps(objects),
    }[end]
    path = write(tmp_path, f"t{end}", content)
    monkeypatch.setattr(json_tables, "_PIECE", 100)
    assert "longer than" in error_of(path)
    if end == ".jsonl":
        assert list(read(path, on_bad_rows="skip").texts) == ["a", "c"]
    for module, name in ((csv_tables, "_MAX_LINE"), (json_tables, "MAX_ROW")):
        monkeypatch.setattr(module, name, 100_000)
    monkeypatch.setattr("resumebert.data.cells.columns.MAX_DOCUMENT_BYTES", 1000)
    assert "row 2" in error_of(path)
    assert list(read(path, on_bad_rows="skip").texts) == ["a", "c"]


@pytest.mark.parametrize("packed", PACKED)
def test_a_file_that_unpacks_to_far_too_much(tmp_path, monkeypatch, packed):
    monkeypatch.setattr(files, "ALWAYS_UNPACKED_BYTES", 1_000_000)
    content = as_csv(rows=[("word " * 100_000, "x")] * 40).encode()
    path = write(tmp_path, f"t.csv{packed}", PACKED[packed](content))
    del content
    tracemalloc.start()
    message = error_of(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "is refused: unpacked" in message
    assert peak < 16_000_000


def test_a_large_document_is_not_read(tmp_path):
    folder = documents(tmp_path, ["1.txt", "2.txt"])
    with (folder / "2.txt").open("wb") as stream:
        stream.truncate(3 * 1000**3)
    labels = write(tmp_path, "l.csv", "file,labels\n1.txt,x\n2.txt,x\n")
    options = {"labels_file": labels, "labels_column": "labels"}
    with pytest.raises(UserError, match=r"row 2 \(line 3\), 2.txt: holds 3,000.0 MB"):
        read_documents(folder, **options)
    assert read_documents(folder, on_bad_rows="skip", **options).ids == ["1.txt"]


def test_more_text_than_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_LOOKED_EVERY", 1000)
    path = write(tmp_path, "t.csv", as_csv(rows=[("word " * 1000, "x")]))
    assert len(read(path)) == 1
    monkeypatch.setattr(files, "free_memory", lambda: 0.0)
    assert "does not fit into the memory" in error_of(path)


@pytest.mark.parametrize("blank", ["\n", " , \n", ",\n,\n"])
def test_a_blank_row_is_a_lost_row_unless_nothing_follows(tmp_path, blank):
    content = f"text,labels\na,x\n{blank}"
    assert list(read(write(tmp_path, "t.csv", content)).texts) == ["a"]
    path = write(tmp_path, "t.csv", f"{content}b,x\n")
    assert "a problem: line 3: is blank; remove it" in error_of(path)
    table = read(path, on_bad_rows="skip")
    assert list(table.texts) == ["a", "b"]
    assert table.skipped_rows == 1


IDS = [f"{k:05}" for k in range(12)]
SPLIT = ["train"] * 8 + ["val"] * 2 + ["test"] * 2


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("change", [str, lambda i: str(int(i)), lambda i: f"{int(i)}.0"])
def test_a_manifest_that_went_through_a_spreadsheet(tmp_path, separator, encoding, change):
    rows = [("id", "split"), *((change(i), s) for i, s in zip(IDS, SPLIT, strict=True))]
    content = "".join(separator.join(row) + "\r\n" for row in rows)
    path = write(tmp_path, "split.csv", content.encode(encoding))
    table = read(
        write(tmp_path, "t.csv", "id,text,labels\n" + "".join(f"{i},t{i},x\n" for i in IDS))
    )
    split = predefined_split(table, np.arange(12), 1, manifest=path)
    assert split.tolist() == SPLIT
    assert any("before a spreadsheet" in note for note in table.notes) == (change is not str)


def test_a_manifest_whose_ids_are_no_longer_clear(tmp_path):
    table = read(write(tmp_path, "t.csv", "id,text,labels\n007,a,x\n7,b,x\n"))
    for lines in ("007,train\n07,test\n", "0007,train\n7,test\n"):
        path = write(tmp_path, "split.csv", f"id,split\n{lines}")
        with pytest.raises(UserError, match="changed, it seems by a spreadsheet"):
            predefined_split(table, np.arange(2), 1, manifest=path)


def test_a_test_file_without_labels(tmp_path):
    write(tmp_path / "d", "train.csv", "text,labels\na,x\n")
    write(tmp_path / "d", "test.csv", "text\nb\n")
    message = error_of(tmp_path / "d")
    assert "test.csv in " in message
    assert "data.dataset_split=train" in message
    assert list(read(tmp_path / "d", dataset_split="train").texts) == ["a"]


def test_a_label_file_among_the_documents(tmp_path, monkeypatch):
    folder = documents(tmp_path, ["a/1.txt"])
    write(folder, "labels.txt", "file;labels\n1;x\n")
    monkeypatch.chdir(tmp_path)
    for labels_file in ("labels.txt", "cvs/labels.txt", folder / "labels.txt"):
        for path in ("cvs", folder):
            table = read_documents(path, labels_file=labels_file, labels_column="labels")
            assert table.ids == ["a/1.txt"]


def test_a_large_document_in_a_zip_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "d.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.txt", "a text")
        archive.writestr("2.txt", "word " * 3_000_000)
        archive.writestr("labels.csv", "file,labels\n1,x\n2,x\n")
    options = {"labels_file": "labels.csv", "labels_column": "labels"}
    with pytest.raises(UserError, match=r"2.txt: holds 15.0 MB"):
        read_documents(tmp_path / "d.zip", **options)
    assert read_documents(tmp_path / "d.zip", on_bad_rows="skip", **options).ids == ["1.txt"]


def test_repeated_text_in_parquet_is_read_in_small_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(columnar, "_BATCH_BYTES", 10_000)
    sizes = []
    monkeypatch.setattr(files, "_LOOKED_EVERY", -1)
    monkeypatch.setattr(files, "free_memory", lambda: sizes.append(1) or 1e12)
    path = tmp_path / "t.parquet"
    pd.DataFrame({"text": ["word " * 1000] * 100, "labels": "x"}).to_parquet(path)
    assert len(read(path)) == 100
    assert len(sizes) >= 50
