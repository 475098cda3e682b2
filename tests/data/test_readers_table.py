import csv
import gzip
import io
import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from resumebert.data.readers import read_sample, read_table
from resumebert.data.table import ResumeTable
from resumebert.utils.errors import UserError

MESSY = st.text(
    st.characters(codec="utf-8") | st.sampled_from('",;\t\r\n\0\ufeff\u2028\x85\\ab01'), max_size=30
)
FILLED = MESSY.filter(lambda text: text.strip())
FUZZ = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read_labels(path: Path, **options: object) -> ResumeTable:
    return read_table(path, **{"labels_column": "labels", **options})


def error_of(path: Path | str | None, **options: object) -> str:
    with pytest.raises(UserError) as error:
        read_labels(path, **options)
    message = str(error.value)
    assert "\n" not in message
    return message


def write_kind(folder: Path, suffix: str, columns: dict[str, list[str]]) -> Path:
    """Write columns of strings as a file of the kind that ``suffix`` tells."""
    path = folder / f"t{suffix}"
    rows = list(zip(*columns.values(), strict=True))
    if suffix == ".parquet":
        pq.write_table(pa.table(columns), path)
        return path
    text = io.StringIO()
    if ".jsonl" in suffix:
        text.writelines(json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in rows)
    else:
        writer = csv.writer(text, delimiter="\t" if ".tsv" in suffix else ",")
        writer.writerows([list(columns), *rows])
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data) if suffix.endswith(".gz") else data)
    return path


ALL_KINDS = [".csv", ".tsv", ".jsonl", ".parquet", ".csv.gz", ".tsv.gz", ".jsonl.gz", ".CSV"]


@pytest.mark.parametrize("suffix", ALL_KINDS)
def test_labels_in_one_column(tmp_path, suffix):
    columns = {
        "id": ["x", "007", "NA"],
        "labels": ["b;a", "", " c ; b;;b"],
        "text": ["null", ' "A, b"\n\n\tç•', "nan\0"],
    }
    table = read_labels(write_kind(tmp_path, suffix, columns))
    assert table.ids == columns["id"]
    assert list(table.texts) == columns["text"]
    assert table.label_names == ["a", "b", "c"]
    assert table.labels.tolist() == [[1, 1, 0], [0, 0, 0], [0, 1, 1]]
    assert table.labels.dtype == np.uint8
    assert table.rows.tolist() == [1, 2, 3]
    assert table.rows.dtype == np.int64
    assert table.source.endswith(suffix)


@pytest.mark.parametrize("suffix", ALL_KINDS)
def test_a_column_for_each_label(tmp_path, suffix):
    columns = {"B": ["1", "0", "1.0"], "body": ["x", "y", "z"], "A": ["0.0", " 1", "True"]}
    path = write_kind(tmp_path, suffix, columns)
    table = read_table(path, text_column="body", label_columns=["B", "A"])
    assert table.label_names == ["B", "A"]
    assert table.labels.tolist() == [[1, 0], [0, 1], [1, 1]]
    assert table.ids == ["1", "2", "3"]
    table = read_table(path, text_column="body", label_columns=["B", "A"], label_names=["A", "B"])
    assert table.labels.tolist() == [[0, 1], [1, 0], [1, 1]]
    assert table.label_names == ["A", "B"]


@pytest.mark.parametrize("kind", [pa.int64(), pa.uint8(), pa.float32(), pa.bool_(), pa.float64()])
def test_flags_of_any_type_in_parquet(tmp_path, kind):
    flags = pa.array([0, 1, 1]).cast(kind)
    pq.write_table(pa.table({"text": ["a", "b", "c"], "A": flags}), tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet", label_columns=["A"])
    assert table.labels.tolist() == [[0], [1], [1]]


def test_flags_of_any_type_in_jsonl(tmp_path):
    cells = [0, 1, True, False, 0.0, 1.0, "1", "0", " 1.0"]
    lines = [json.dumps({"text": "x", "A": cell}) for cell in cells]
    table = read_table(write(tmp_path, "t.jsonl", "\n".join(lines)), label_columns=["A"])
    assert table.labels[:, 0].tolist() == [0, 1, 1, 0, 0, 1, 1, 0, 1]


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        ([0, 2], "2"),
        ([0.5, None], "0.5"),
        (["maybe", "1"], "'maybe'"),
        ([[1], [0]], "[1]"),
        ([2**63 - 1, 0], "9223372036854775807"),
    ],
)
def test_flags_that_are_none(tmp_path, cells, shown):
    pq.write_table(pa.table({"text": ["a", "b"], "A": cells}), tmp_path / "t.parquet")
    lines = [json.dumps({"text": "x", "A": cell}) for cell in cells]
    write(tmp_path, "t.jsonl", "\n".join(lines))
    for name in ("t.parquet", "t.jsonl"):
        with pytest.raises(UserError) as error:
            read_table(tmp_path / name, label_columns=["A"])
        assert f"column 'A' holds {shown}, not 0 or 1" in str(error.value)


def test_flags_that_are_none_in_csv_are_told_with_row_and_line(tmp_path):
    path = write(tmp_path, "t.csv", 'text,A\n"x\ny",1\nz,2\nw,?\n')
    with pytest.raises(UserError) as error:
        read_table(path, label_columns=["A"])
    assert "2 problems: row 2 (line 4): column 'A' holds '2', not 0 or 1" in str(error.value)
    assert "row 3 (line 5): column 'A' holds '?', not 0 or 1" in str(error.value)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_lists_of_labels_in_json(tmp_path, suffix):
    columns = {"text": ["a", "b", "c"], "labels": ['["x;y", "z"]', "[]", "z"]}
    table = read_labels(write_kind(tmp_path, suffix, columns))
    assert table.label_names == ["x;y", "z"]
    assert table.labels.tolist() == [[1, 1], [0, 0], [0, 1]]


def test_real_lists_of_labels(tmp_path):
    labels = [["b", "a"], [], ["a"]]
    pq.write_table(pa.table({"text": ["a", "b", "c"], "labels": labels}), tmp_path / "t.parquet")
    lines = [json.dumps({"text": "x", "labels": cell}) for cell in labels]
    for path in (tmp_path / "t.parquet", write(tmp_path, "t.jsonl", "\n".join(lines))):
        assert read_labels(path).labels.tolist() == [[1, 1], [0, 0], [1, 0]]


@pytest.mark.parametrize("cell", ["['a', None]", "[1]", "[", '["a"', "[" * 100_000])
def test_cells_that_only_look_like_a_list(tmp_path, cell):
    columns = {"text": ["a", "b"], "labels": ["a", cell]}
    assert "row 2" in error_of(write_kind(tmp_path, ".parquet", columns))


@pytest.mark.parametrize("cell", [True, 3, {"a": 1}, ["a", None], [["a"]]])
def test_cells_that_hold_no_labels(tmp_path, cell):
    lines = [json.dumps({"text": "x", "labels": labels}) for labels in ("a", cell)]
    message = error_of(write(tmp_path, "t.jsonl", "\n".join(lines)))
    assert "row 2: column 'labels' holds" in message


def test_label_names_give_set_and_order(tmp_path):
    path = write_kind(tmp_path, ".csv", {"text": ["a", "b"], "labels": ["y", "x|y"]})
    table = read_labels(path, label_separator="|", label_names=["z", "y", "x"])
    assert table.label_names == ["z", "y", "x"]
    assert table.labels.tolist() == [[0, 1, 0], [0, 1, 1]]
    message = error_of(path, label_separator="|", label_names=["y", "w"])
    assert "'x' (first in row 2)" in message
    assert "labels in the data: 'x', 'y'" in message
    assert "data.label_names: 'y', 'w'" in message


def test_the_order_of_labels_is_not_that_of_rows(tmp_path):
    for cells in (["b", "a"], ["a", "b"]):
        path = write_kind(tmp_path, ".csv", {"text": ["x", "y"], "labels": cells})
        assert read_labels(path).label_names == ["a", "b"]


def test_no_label_at_all(tmp_path):
    path = write_kind(tmp_path, ".csv", {"text": ["a"], "labels": [""]})
    assert "no row has a label" in error_of(path)
    assert read_labels(path, label_names=["a"]).labels.tolist() == [[0]]


@pytest.mark.parametrize(
    "cells", [[1, 2], [1.0, 2.0], ["1", "2"], pa.array([1, 2], pa.uint64())], ids=str
)
def test_ids_become_strings(tmp_path, cells):
    columns = {"text": ["a", "b"], "labels": ["x", "x"], "key": cells}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    assert read_labels(tmp_path / "t.parquet", id_column="key").ids == ["1", "2"]
    assert read_labels(tmp_path / "t.parquet").ids == ["1", "2"]


@pytest.mark.parametrize("cell", [None, "", "  ", True, 1.5, [1], {"a": 1}])
def test_ids_that_are_none(tmp_path, cell):
    lines = [json.dumps({"id": i, "text": "x", "labels": "a"}) for i in ("k", cell)]
    message = error_of(write(tmp_path, "t.jsonl", "\n".join(lines)))
    assert "row 2: column 'id' holds" in message
    assert "which is no id" in message


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_repeated_ids(tmp_path, suffix):
    columns = {"id": ["a", "b", "a", "b"], "text": ["t"] * 4, "labels": ["x"] * 4}
    message = error_of(write_kind(tmp_path, suffix, columns))
    assert "2 problems: row 3: the id 'a' is that of row 1 too" in message
    assert "row 4: the id 'b' is that of row 2 too" in message


def test_all_problems_are_told_together(tmp_path):
    rows = ["id,text,labels"]
    rows += ["1,,a", "1,x,[", "2,y", "3,z,a,b", '4,"   \n",a']
    message = error_of(write(tmp_path, "t.csv", "\n".join(rows)))
    assert "6 problems" in message
    for told in (
        "row 1 (line 2): column 'text' is blank",
        "row 2 (line 3): column 'labels' holds '[', neither",
        "row 3 (line 4): has 2 cells where the header has 3",
        "row 4 (line 5): has 4 cells",
        "row 5 (line 6): column 'text' is blank",
        "row 2: the id '1' is that of row 1 too",
    ):
        assert told in message


def test_only_twenty_problems_are_shown(tmp_path):
    message = error_of(write_kind(tmp_path, ".csv", {"text": [" "] * 50, "labels": ["a"] * 50}))
    assert "50 problems" in message
    assert message.count("is blank") == 20
    assert "and 30 more" in message


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_many_rows(tmp_path, suffix):
    count = 10_000
    texts = [f"text {i}" for i in range(count)]
    texts[7000] = "\u00a0"
    columns = {"text": texts, "labels": [f"l{i % 7}" for i in range(count)]}
    assert "row 7001" in error_of(write_kind(tmp_path, suffix, columns))
    columns["text"] = texts[:7000] + texts[7001:] + ["last"]
    table = read_labels(write_kind(tmp_path, suffix, columns))
    assert list(table.texts) == columns["text"]
    assert table.rows.tolist() == list(range(1, count + 1))
    assert table.labels.argmax(1).tolist() == [i % 7 for i in range(count)]


def test_no_such_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = error_of("missing.csv")
    assert "no file or folder missing.csv" in message
    assert "data.path" in message


def test_no_path():
    assert "data.path=PATH" in error_of(None)
    assert "data.path=PATH" in error_of("")


def test_a_path_that_no_system_takes():
    assert "no file or folder" in error_of("a\0b.csv")
    assert "x" * 300 in error_of("x" * 300 + ".csv")


def test_a_folder_where_a_file_is_expected(tmp_path):
    assert "is a folder, where a file is expected" in error_of(tmp_path)


def test_something_that_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "t.csv")
    assert "is not a file" in error_of(tmp_path / "t.csv")


def test_permission_denied(tmp_path, monkeypatch):
    path = write(tmp_path, "t.csv", "text,labels\na,b\n")
    path.chmod(0)
    if os.geteuid() == 0:

        def deny(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", deny)
    assert "permission denied" in error_of(path)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet", ".csv.gz"])
def test_an_empty_file(tmp_path, suffix):
    assert "is an empty file" in error_of(write(tmp_path, f"t{suffix}", ""))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("t.csv", "id,text,labels\n", "a header and no rows"),
        ("t.csv", "id,text,labels\n\n\n", "a header and no rows"),
        ("t.csv", "\n\nid,text,labels\n", "line of column names"),
        ("t.csv", "\ufeff", "line of column names"),
        ("t.csv.gz", gzip.compress(b"", mtime=0), "line of column names"),
        ("t.jsonl", "\n \n", "only blank lines"),
        ("t.jsonl", "\ufeff", "holds no rows"),
    ],
)
def test_files_without_rows(tmp_path, name, content, told):
    assert told in error_of(write(tmp_path, name, content))


def test_a_parquet_without_rows(tmp_path):
    path = write_kind(tmp_path, ".parquet", {"text": ["a"], "labels": ["a"]})
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    assert "columns and no rows" in error_of(path)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_missing_columns(tmp_path, suffix):
    path = write_kind(tmp_path, suffix, {"Text": ["a"], "label": ["b"], "n": ["1"]})
    message = error_of(path, id_column="key")
    assert "'text' (data.text_column; did you mean 'Text'?)" in message
    assert "'labels' (data.labels_column; did you mean 'label'?)" in message
    assert "'key' (data.id_column)" in message
    assert "Its columns: 'Text', 'label', 'n'" in message
    with pytest.raises(UserError, match=r"'m' \(data.label_columns"):
        read_table(path, text_column="Text", label_columns=["n", "m"])


def test_a_column_twice(tmp_path):
    message = error_of(write(tmp_path, "t.csv", "text,labels,text\na,b,c\n"))
    assert "more than one column 'text'" in message


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"labels_column": None}, "neither is given"),
        ({"label_columns": ["a"]}, "both are given"),
        ({"labels_column": None, "label_columns": []}, "data.label_columns is empty"),
        ({"labels_column": None, "label_columns": "A"}, "Write data.label_columns=[A]"),
        ({"labels_column": None, "label_columns": ["A", "A"]}, "names 'A' twice"),
        ({"labels_column": None, "label_columns": ["A"], "label_names": ["B"]}, "not the same"),
        ({"label_names": ["b", "b"]}, "data.label_names names 'b' twice"),
        ({"label_names": []}, "data.label_names is empty"),
        ({"label_separator": ""}, "data.label_separator is empty"),
        ({"text_column": "labels"}, "'labels' is given for two purposes"),
        ({"encoding": "utf-9"}, "data.encoding=utf-9 is not a text encoding"),
        ({"encoding": "rot13"}, "is not a text encoding"),
        ({"encoding": "a\0"}, "is not a text encoding"),
    ],
)
def test_options_that_do_not_fit(tmp_path, options, told):
    assert told in error_of(write(tmp_path, "t.csv", "text,labels\na,b\n"), **options)


@pytest.mark.parametrize("name", ["t", "t.pdf", "t.parquet.gz", "t.xls", "t.xlsx.gz"])
def test_an_unknown_suffix(tmp_path, name):
    message = error_of(write(tmp_path, name, "x"))
    assert "only .csv, .tsv, " in message
    assert ".parquet, .xlsx, .xlsm can be read" in message


@pytest.mark.parametrize("name", ["t.pkl", "t.pickle", "t.pkl.gz"])
def test_a_pickle_is_not_loaded(tmp_path, name):
    message = error_of(write(tmp_path, name, b"cos\nsystem\n(S'touch loaded'\ntR."))
    assert "runs whatever program" in message
    assert "to_parquet" in message


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["a", 3], "row 2: column 'text' holds 3, a int, not text"),
        (["a", None], "row 2: column 'text' holds null, not text"),
        (["a", ["b"]], "row 2: column 'text' holds ['b'], a list, not text"),
        (["a", True], "row 2"),
    ],
)
def test_cells_without_text_in_jsonl(tmp_path, cells, told):
    lines = [json.dumps({"text": cell, "labels": "a"}) for cell in cells]
    assert told in error_of(write(tmp_path, "t.jsonl", "\n".join(lines)))


def test_cells_without_text_in_parquet(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"text": ["a", None, ""], "labels": ["a"] * 3}), path)
    message = error_of(path)
    assert "row 2: column 'text' holds null, not text; row 3: column 'text' is blank" in message
    for cells in ([1, 2], [["a"], ["b"]], [None, None], [b"a", b"b"]):
        pq.write_table(pa.table({"text": cells, "labels": ["a", "a"]}), path)
        assert "not text" in error_of(path)


@pytest.mark.parametrize("kind", [pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_kinds_of_text_in_parquet(tmp_path, kind):
    texts = pa.array(["a", "b", "a"]).cast(kind)
    pq.write_table(pa.table({"text": texts, "labels": texts}), tmp_path / "t.parquet")
    table = read_labels(tmp_path / "t.parquet")
    assert list(table.texts) == ["a", "b", "a"]
    assert table.label_names == ["a", "b"]


def test_parquet_whose_text_is_not_utf_8(tmp_path):
    texts = pa.Array.from_buffers(
        pa.string(), 2, pa.array([b"ok", b"\xe9t"]).buffers(), null_count=0
    )
    pq.write_table(pa.table({"text": texts, "labels": ["a", "a"]}), tmp_path / "t.parquet")
    assert "row 2: column 'text' is not UTF-8 at byte 0" in error_of(tmp_path / "t.parquet")


def test_parquet_whose_labels_are_not_utf_8(tmp_path):
    path = tmp_path / "t.parquet"
    labels = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xe9"]).buffers(), null_count=0)
    pq.write_table(pa.table({"text": ["a"], "labels": labels}), path)
    assert "damaged" in error_of(path)


def test_columns_with_dots_in_parquet(tmp_path):
    path = write_kind(tmp_path, ".parquet", {"a.text": ["x"], "a.labels": ["y"]})
    table = read_table(path, text_column="a.text", labels_column="a.labels")
    assert list(table.texts) == ["x"]


def test_damaged_parquet(tmp_path):
    texts = [os.urandom(50).hex() for _ in range(200)]
    path = write_kind(tmp_path, ".parquet", {"text": texts, "labels": ["a"] * 200})
    whole = path.read_bytes()
    for data in (whole[:-10], whole[: len(whole) // 2], whole[5:], b"PAR1", b"text,labels\na,b\n"):
        path.write_bytes(data)
        assert "damaged or cut off" in error_of(path)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_windows_encoding(tmp_path, suffix):
    path = tmp_path / f"t{suffix}"
    text = '\n{"text": "a", "labels": "b"}\n{"text": "é", "labels": "b"}\n'
    if suffix == ".csv":
        text = 'text,labels\n"a\nb",b\né,b\n'
    path.write_bytes(text.lstrip().encode("cp1252"))
    message = error_of(path, encoding="utf-8")
    at = path.read_bytes().index(b"\xe9")
    assert f"is not utf-8: 0xe9 in row 2 (byte {at} of the file)" in message
    assert "data.encoding=cp1252" in message
    assert read_labels(path, encoding="cp1252").texts[1] == "é"
    table = read_labels(path)
    assert table.texts[1] == "é"
    assert "is not UTF-8 and read as Windows-1252" in table.notes[0]


def test_bytes_undefined_in_windows_encoding(tmp_path):
    path = write(tmp_path, "t.csv", b"text,labels\na\x81\x8d\x8f\x90\x9d\x80,b\n")
    assert read_labels(path, encoding="windows-1252").texts[0] == "a\x81\x8d\x8f\x90\x9d€"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_other_byte_order_marks(tmp_path, suffix, encoding):
    path = write_kind(tmp_path, suffix, {"text": ["ü"], "labels": ["b"]})
    path.write_bytes(path.read_text().encode(encoding))
    for tried in ("utf-8", "cp1252"):
        message = error_of(path, encoding=tried)
        assert f"byte order mark of {encoding.upper()}" in message
        assert f"data.encoding={encoding}" in message
    assert list(read_labels(path, encoding=encoding).texts) == ["ü"]
    assert list(read_labels(path, encoding=f"{encoding}-le").texts) == ["ü"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", ["a nurse", "медсестра в больнице", "infirmière", "νοσοκόμα, κτλ"])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_no_byte_order_mark(tmp_path, suffix, text, encoding):
    path = write_kind(tmp_path, suffix, {"text": [text], "labels": ["b"]})
    path.write_bytes(path.read_bytes().decode().encode(encoding))
    table = read_labels(path)
    assert list(table.texts) == [text]
    assert f"{encoding.upper()} without a byte order mark" in table.notes[0]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_utf_8_mark_decides(tmp_path, suffix, encoding):
    path = write_kind(tmp_path, suffix, {"text": ["\ufeffü"], "labels": ["b"]})
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert list(read_labels(path, encoding=encoding).texts) == ["\ufeffü"]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_huge_cells(tmp_path, suffix):
    text = '"x, \n' * 400_000
    path = write_kind(tmp_path, suffix, {"text": [text, "b"], "labels": ["a", "a"]})
    limit = csv.field_size_limit()
    assert list(read_labels(path).texts) == [text, "b"]
    assert csv.field_size_limit() == limit


def test_surrogates_in_json(tmp_path):
    lines = [
        r'{"text": "a\ud800b", "labels": "x"}',
        r'{"text": "\ud83d\ude00 \udc80", "labels": "x"}',
        r'{"text": "c", "labels": ["\ud800"]}',
    ]
    table = read_labels(write(tmp_path, "t.jsonl", "\n".join(lines)))
    assert list(table.texts) == ["a\ufffdb", "\U0001f600 \ufffd", "c"]
    assert table.label_names == ["x", "\ufffd"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('text,labels\na,b\n"c,b\nd,b\n', "line 3: the record that begins here is not csv"),
        ('text,labels\n"a"b,c\n', "line 2: the record"),
        ("text,labels\na,b,c\n", "row 1 (line 2): has 3 cells where the header has 2"),
        ("text,labels\na,b\n\nc,d\n", "line 3: is blank"),
    ],
)
def test_malformed_csv(tmp_path, content, told):
    assert told in error_of(write(tmp_path, "t.csv", content))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n\n"])
def test_line_ends(tmp_path, end):
    content = end.rstrip("\n") or "\n"
    content = f"text,labels{content}a,b{content}c,d{end}"
    assert list(read_labels(write(tmp_path, "t.csv", content)).texts) == ["a", "c"]


def test_malformed_jsonl(tmp_path):
    lines = [
        '{"text": "a", "labels": "b"}',
        '{"text": "a", "labels": "b"',
        "[1]",
        '{"text": "a"}',
        "",
        "NaN",
        "[" * 100_000,
        '{"text": ' + "9" * 5000 + ', "labels": "b"}',
        '{"text": "a", "labels": "b", "id": 1}',
    ]
    message = error_of(write(tmp_path, "t.jsonl", "\n".join(lines) + "\n\n"))
    assert "8 problems" in message
    for told in (
        "row 2: is not JSON",
        "row 3: is [1], not a JSON object",
        "row 4: has no key 'labels'; its keys: 'text'",
        "row 5: is blank; remove it",
        "row 6: is nan",
        "row 7: is nested too deeply",
        "row 8: is not JSON",
        "row 9: has an id, and the first row has none",
    ):
        assert told in message


def test_damaged_gzip(tmp_path):
    whole = gzip.compress(b"text,labels\n" + os.urandom(9000).hex().encode() + b",b\n")
    for data in (whole[:-20], whole[:1000] + b"\0" * 50 + whole[1050:], b"text,labels\na,b\n"):
        assert "gzip" in error_of(write(tmp_path, "t.csv.gz", data))


def read_or_told(path: Path, **options: object) -> ResumeTable | None:
    """Return the table, or None after a UserError of one line."""
    message = "\n"
    try:
        return read_labels(path, **options)
    except UserError as error:
        message = str(error)
    assert "\n" not in message
    return None


@FUZZ
@given(rows=st.lists(st.tuples(FILLED, MESSY), min_size=1, max_size=8))
@example(rows=[("000", "0\x000\x80"), ("0", "0\x00")])
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_whatever_is_written_is_read(tmp_path, suffix, rows):
    texts, others = (list(column) for column in zip(*rows, strict=True))
    columns = {"other": others, "text": texts, "labels": ["a"] * len(rows)}
    assert list(read_labels(write_kind(tmp_path, suffix, columns)).texts) == texts


@FUZZ
@given(
    body=st.lists(
        st.sampled_from(
            [
                *(b'"', b'""', b",", b"\n", b"\r\n", b"\r", b"a", b"b,c", b"a,b\n", b" ", b"\0"),
                *(b"\xff", b"\xc3", b"\xa9", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80"),
                b"x" * 200_000,
            ]
        ),
        max_size=25,
    ).map(b"".join),
    header=st.sampled_from([b"text,labels\n", b"\xef\xbb\xbftext,labels\r\n", b""]),
)
@example(body=b'a,b\n"', header=b"text,labels\n")
@example(body=b'a,b\n""', header=b"text,labels\n")
def test_malformed_csv_is_told_or_read_whole(tmp_path, header, body):
    path = write(tmp_path, "t.csv", header + body)
    table = read_or_told(path, encoding="utf-8")
    if table is None:
        return
    limit = csv.field_size_limit(10**9)
    text = (header + body).decode("utf-8-sig")
    # At the end of a file, rows without anything in any cell are passed over.
    rows = [r for r in csv.reader(io.StringIO(text, newline="")) if any(map(str.strip, r))]
    csv.field_size_limit(limit)
    assert list(table.texts) == [row[0] for row in rows[1:]]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | MESSY, st.lists, max_leaves=5
)


@FUZZ
@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from(["id", "text", "labels"]), JSON_VALUES)
        | st.fixed_dictionaries({"text": FILLED, "labels": st.just("a")}),
        max_size=6,
    ),
    cut=st.integers(0, 400),
    noise=st.sampled_from([b"", b"\n", b"\xff", b"\0", b"\xef\xbb\xbf", b'"', b"}", b"\\ud800"]),
)
def test_malformed_jsonl_is_told_or_read_whole(tmp_path, rows, cut, noise):
    data = "".join(json.dumps(row, ensure_ascii=len(rows) % 2 == 0) + "\n" for row in rows).encode()
    data = data[:cut] + noise + data[cut:]
    table = read_or_told(write(tmp_path, "t.jsonl", data), encoding="utf-8")
    if table is None:
        return
    lines = [line for line in data.decode("utf-8-sig").split("\n") if line.strip()]
    assert len(table) == len(lines)
    fixed = [
        json.loads(line)["text"].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        for line in lines
    ]
    assert list(table.texts) == fixed


@FUZZ
@given(at=st.integers(0, 3000), noise=st.binary(max_size=20), cut=st.integers(0, 20))
def test_malformed_parquet_is_told_or_read_whole(tmp_path, at, noise, cut):
    columns = {"text": [f"text {i}" for i in range(50)], "labels": ["a", "b"] * 25}
    path = write_kind(tmp_path, ".parquet", columns)
    data = path.read_bytes()
    at = min(at, len(data))
    path.write_bytes(data[:at] + noise + data[at + cut :])
    table = read_or_told(path)
    if table is None:
        return
    assert len(table) == 50


def test_the_sample():
    table = read_sample()
    assert table.source == "the embedded sample"
    assert len(table) > 100
    assert len(set(table.ids)) == len(table)
    assert list(table.label_names) == sorted(table.label_names)
    assert table.labels.any(axis=0).all()
