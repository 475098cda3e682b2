import json
import shlex
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from helpers import error_of, read
from resumebert.data.cells.label_cells import BAD, EMPTY, NAMES, NULL, NUMBERS, parse_cell
from resumebert.data.cells.label_names import look_alikes
from resumebert.data.readers import read_documents, read_table
from resumebert.utils.errors import UserError

FOUR = ["a", "b", "c", "d"]
NAME = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)


def write(folder, cells, **columns):
    """Write a jsonl file with a column of labels, or several columns, and another text a row."""
    rows = cells if isinstance(cells[0], dict) and "text" in cells[0] else None
    rows = rows or [{"text": f"text {i}", "labels": cell} for i, cell in enumerate(cells)]
    for name, values in columns.items():
        for row, value in zip(rows, values, strict=True):
            row[name] = value
    path = folder / "t.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def labels_of(table):
    """Return the labels of each row."""
    return [
        {name for name, flag in zip(table.label_names, row, strict=True) if flag}
        for row in table.labels
    ]


@given(st.lists(NAME, max_size=5, unique=True))
def test_lists_are_read_as_python_numpy_and_json_print_them(names):
    array = np.array(names, dtype=object)
    wanted = {name.strip() for name in names if name.strip()}
    shown = [json.dumps(names), json.dumps(names, ensure_ascii=False), str(names)]
    shown += [str(tuple(names)), str(set(names)), repr(frozenset(names)), str(array), repr(array)]
    for text in shown:
        cell = parse_cell(text, ";")
        assert set(cell.values) == wanted, text
        assert cell.kind == (NAMES if wanted else EMPTY)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("('a')", ("a",)),
        ("[np.str_('a'), np.str_('b')]", ("a", "b")),
        ("array(['a', 'b'], dtype='<U1')", ("a", "b")),
        ("['a'\n 'b']", ("a", "b")),
        ("[\"it's\" 'x, y']", ("it's", "x, y")),
        ('c("a", "b")', ("a", "b")),
        ("[a, b c]", ("a", "b c")),
        ('{a,"b, c"}', ("a", "b, c")),
        ("(a);b", ("(a)", "b")),
        ("{a", ("{a",)),
        ("C:\\d", ("C:\\d",)),
        ("['C:\\d']", ("C:\\d",)),
        ("[1 0 0]", (1, 0, 0)),
        ("[1. 0. 0.]", (1, 0, 0)),
        ("[ True False]", (1, 0)),
        ("[np.int64(0), np.True_]", (0, 1)),
        ("tensor([0, 1])", (0, 1)),
        ('{"choices": ["a", "b"]}', ("a", "b")),
        ("[{'name': 'a'}, {'name': 'b', 'id': None}]", ("a", "b")),
        ("{'labels': ['a']}", ("a",)),
        ('[{"start": 0, "end": 1, "text": "w", "labels": ["a"]}]', ("a",)),
    ],
)
def test_other_ways_to_write_labels(text, values):
    assert parse_cell(text, ";").values == values


@pytest.mark.parametrize("text", ["set()", "()", "[]", "{}", "array([], dtype=object)", " "])
def test_empty_cells(text):
    assert parse_cell(text, ";").kind == EMPTY


@pytest.mark.parametrize(
    "text", ["['a' ... 'b']", "['a'; 'b']", "['a', None]", "[['a']]", "[1.5]", "[-1]", "[" * 10**5]
)
def test_cells_that_are_no_labels(text):
    assert parse_cell(text, ";").kind == BAD


@given(st.text(st.sampled_from("[](){}'\",:;ab01 .\\nset")))
def test_no_text_breaks_the_reader_of_labels(text):
    cell = parse_cell(text, ";")
    assert cell.kind != NULL
    if not set(text) & set("[({"):
        assert set(cell.values) == {part.strip() for part in text.split(";") if part.strip()}


ANNOTATION = {"from_name": "role", "type": "choices", "value": {"choices": ["a", "b"]}}


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ([{"name": "a", "id": 0}, {"name": "b", "id": 1}], {"a", "b"}),
        ([{"title": "a"}], {"a"}),
        ({"labels": ["a", "b"]}, {"a", "b"}),
        ([{"label": ["a"], "points": [{"text": "w"}]}, {"label": ["b"]}], {"a", "b"}),
        ([[0, 3, "a"], [4, 9, "b"]], {"a", "b"}),
        ({"entities": [[0, 3, "a"]]}, {"a"}),
        ([{"label": "a", "start_offset": 0, "end_offset": 3}], {"a"}),
        ({"a": 1.0, "b": 0.0}, {"a"}),
        ({"a": True, "b": False}, {"a"}),
        ({"a": 0.5, "b": 0.49}, {"a"}),
        ([{"label": "a", "score": 0.9}, {"label": "b", "score": 0.2}], {"a"}),
        ([{"result": [ANNOTATION]}], {"a", "b"}),
        ([{"result": [ANNOTATION]}, {"result": [ANNOTATION]}], {"a", "b"}),
        ([{"result": [ANNOTATION]}, {"result": [], "was_cancelled": True}], {"a", "b"}),
        ([{"result": [ANNOTATION, {"value": {"text": ["x"]}, "from_name": "note"}]}], {"a", "b"}),
    ],
)
def test_objects_and_annotations(tmp_path, cell, names):
    table = read(write(tmp_path, [cell, []]))
    assert labels_of(table) == [names, set()]
    assert len(table.notes) == 1
    assert bool(table.warnings) == ("0.4" in str(cell) or "0.9" in str(cell))


def test_one_choice_may_stand_beside_several(tmp_path):
    assert labels_of(read(write(tmp_path, ["a", {"choices": ["a", "b"]}]))) == [{"a"}, {"a", "b"}]


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ([{"result": [ANNOTATION]}, {"result": []}], "annotations that differ"),
        ([{"result": [ANNOTATION, ANNOTATION | {"from_name": "b"}]}], "several questions"),
        ({"a": 3.0}, "neither labels"),
        ({"a": "b"}, "neither labels"),
        (True, "data.label_columns"),
        ([{"name": "a"}, {"id": 3}], "neither labels"),
    ],
)
def test_objects_that_are_unclear(tmp_path, cell, told):
    message = error_of(write(tmp_path, [cell]))
    assert "row 1: column 'labels' holds" in message
    assert told in message


def test_a_text_within_an_object(tmp_path):
    rows = [{"data": {"text": "x", "id": "7"}, "labels": ["a"]}, {"data": {"body": "y"}}]
    rows = [{"text": 0, **row, "labels": ["a"]} for row in rows]
    table = read(write(tmp_path, rows), text_column="data")
    assert list(table.texts) == ["x", "y"]


@pytest.mark.parametrize(
    ("cells", "names", "labels"),
    [
        (["[0, 1, 0, 0]", "[1 0 0 1]", "[]"], FOUR, [{"b"}, {"a", "d"}, set()]),
        (["1 0 0 1", "0;1;0;0", "0, 0, 0, 0"], FOUR, [{"a", "d"}, {"b"}, set()]),
        ([[0, 1, 0, 0], [1.0, 0.0, 0.0, 1.0]], FOUR, [{"b"}, {"a", "d"}]),
        ([[True, False], [False, True]], FOUR[:2], [{"a"}, {"b"}]),
        ([[0, 2], [], [3]], FOUR, [{"a", "c"}, set(), {"d"}]),
        (["0;2", "", "3.0"], FOUR, [{"a", "c"}, set(), {"d"}]),
        ([0, 3, None], FOUR, [{"a"}, {"d"}, set()]),
        ([[3, 3, 1], [0, 1], [1, 0]], FOUR, [{"b", "d"}, {"a", "b"}, {"a", "b"}]),
        ([["0", "1"], ["1", "0"]], FOUR[:2], [{"b"}, {"a"}]),
        ([0, 3, 1], None, [{"0"}, {"3"}, {"1"}]),
        ([[0, 3], [1.0]], None, [{"0", "3"}, {"1"}]),
        ([10, 20], ["20", "10"], [{"10"}, {"20"}]),
        ([{"label": 1}, {"label": 0}], FOUR, [{"b"}, {"a"}]),
    ],
)
def test_numbers_for_labels(tmp_path, cells, names, labels):
    table = read(write(tmp_path, cells), label_names=names)
    assert labels_of(table) == labels
    assert "Column 'labels'" in table.notes[-1]


@pytest.mark.parametrize(
    ("cells", "names", "told"),
    [
        ([[0, 1, 1], [1, 0, 0]], None, "data.label_names is not given: name all 3"),
        (["0 1 1", "1 0 0"], None, "data.label_names is not given: name all 3"),
        ([[0, 1, 1], [1, 0, 0]], FOUR, "data.label_names has 4 names: name all 3"),
        ([1, 2, 3, 4], FOUR, "row 4: column 'labels' holds [4], where data.label_names has 4"),
        ([1, 2, 3, 4], FOUR, "counted from 1"),
        ([[0, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0]], FOUR, "row 3: column 'labels' holds [1, 0, 0]"),
        ([[0, 2, 0, 1], [1, 0, 0, 0]], FOUR, "holds 4 numbers in each row, and not all are 0"),
        ([0, -1], FOUR, "row 2: column 'labels' holds -1"),
        ([0, "a", 1], None, "row 2: column 'labels' holds ['a'] (names), where most have numbers"),
        ([[{"name": "a"}], ["b"], [{"name": "c"}]], None, "row 2: column 'labels' holds ['b']"),
    ],
)
def test_numbers_and_mixtures_that_are_unclear(tmp_path, cells, names, told):
    assert told in error_of(write(tmp_path, cells), label_names=names)


def test_what_may_be_meant_otherwise_is_said(tmp_path):
    assert "counted from 1" in read(write(tmp_path, [1, 2]), label_names=FOUR).warnings[0]
    assert "data.label_columns=[labels]" in read(write(tmp_path, ["yes", "no"])).warnings[0]
    odd = read(write(tmp_path, [0, "a", 1]), on_bad_rows="skip")
    assert odd.skipped_rows == 1


def test_null_is_no_label(tmp_path):
    path = write(tmp_path, [None, ["a"], float("nan"), []])
    table = read(path)
    assert labels_of(table) == [set(), {"a"}, set(), set()]
    assert "null in 2 of 4 rows" in table.notes[0]
    assert read(path, unlabelled="drop").dropped_unlabelled == 3


@pytest.mark.parametrize("other", ["['a']", [{"name": "a"}], {"a": 1.0}, [2, 3]])
def test_what_python_prints_for_a_missing_list_is_null(tmp_path, other):
    table = read(write(tmp_path, ["None", "nan", other, other, other]))
    assert "null in 2 of 5 rows" in table.notes[0]
    assert not table.labels[:2].any()


def test_scores_in_arrow(tmp_path):
    path = tmp_path / "t.parquet"
    kind = pa.map_(pa.string(), pa.float64())
    for cells in (
        pa.array([[("a", 1.0), ("b", 0.0)], [("b", 1.0)]], kind),
        pa.array([{"a": 1.0, "b": None}, {"a": None, "b": 1.0}]),
    ):
        pq.write_table(pa.table({"text": ["x", "y"], "labels": cells}), path)
        assert labels_of(read(path)) == [{"a"}, {"b"}]


def test_long_cells_that_begin_alike_are_told_apart(tmp_path):
    padding = [{"name": f"label {i}"} for i in range(60)]
    cells = [[*padding, {"name": "a"}], [*padding, {"name": "b"}]]
    for written in (cells, list(map(json.dumps, cells))):
        table = read(write(tmp_path, written))
        assert [row - {n["name"] for n in padding} for row in labels_of(table)] == [{"a"}, {"b"}]


# Flags


def read_flags(folder, cells, suffix, **options):
    if suffix == "parquet":
        path = folder / "t.parquet"
        pq.write_table(pa.table({"text": ["t"] * len(cells), "A": cells}), path)
    else:
        path = write(folder, [{"text": "t"} for _ in cells], A=cells)
    return read_table(path, label_columns=["A"], **options)


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
@pytest.mark.parametrize(
    ("cells", "flags"),
    [
        (["yes", "No", "YES "], [1, 0, 1]),
        (["Y", "n"], [1, 0]),
        (["t", "F", "True"], [1, 0, 1]),
        (["on", "off"], [1, 0]),
        (["x", "", "X"], [1, 0, 1]),
        (["✓", " ", "✔\ufe0f"], [1, 0, 1]),
        (["WAHR", "FALSCH"], [1, 0]),
        (["1", "", None], [1, 0, 0]),
        (["1.0", "nan", "NaN"], [1, 0, 0]),
        ([1.0, float("nan"), None], [1, 0, 0]),
        ([True, None], [1, 0]),
        (["yes", "-"], [1, 0]),
        (["yes", "0"], [1, 0]),
    ],
)
def test_yes_and_no(tmp_path, suffix, cells, flags):
    table = read_flags(tmp_path, cells, suffix)
    assert table.labels[:, 0].tolist() == flags
    assert "In column 'A': " in table.notes[0]


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
@pytest.mark.parametrize(
    ("cells", "row", "told"),
    [
        (["1", "0", ""], 3, "nothing, which may mean no or a missing value, as the column has '0'"),
        ([1.0, float("nan"), 0.0], 2, "may mean no or a missing value"),
        ([True, None, False], 2, "may mean no or a missing value"),
        (["yes", "n/a", "no"], 2, "'n/a', which may mean no or a missing value"),
        (["✓", "x", ""], 2, "'x', which may mean yes or no, as the column has '✓'"),
        (["1", "?"], 2, "'?', not 0 or 1"),
    ],
)
def test_flags_that_are_unclear(tmp_path, suffix, cells, row, told):
    with pytest.raises(UserError) as error:
        read_flags(tmp_path, cells, suffix)
    assert f"row {row}: column 'A' holds {told}" in str(error.value) or told in str(error.value)
    assert f"row {row}: " in str(error.value)
    assert read_flags(tmp_path, cells, suffix, on_bad_rows="skip").skipped_rows == 1


# Doubts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nurse", "nurse"),
        ("Ｎurse", "nurse"),
        ("nurses", "nurse"),
        ("Bosses", "boss"),
        ("companies", "company"),
        ("front end", "Front-End"),
        ("Software_Developer", "software  developers"),
        ("Inge\u0301nieur", "ingénieur\u200b"),
        ("nurse’s aide", "nurse's aide"),
    ],
)
def test_look_alikes(one, other):
    assert look_alikes([one, other, "z"], {other: 2, one: 1}) == [[other, one]]


@pytest.mark.parametrize(("one", "other"), [("C", "C++"), ("C#", "C"), ("bus", "bu"), ("-", "_")])
def test_labels_that_are_not_alike(one, other):
    assert look_alikes([one, other], {}) == []


def test_look_alikes_are_told_and_united(tmp_path):
    path = write(tmp_path, ["Nurse", "nurse", "nurse", "Ｎurse;cook"])
    table = read(path)
    assert "'nurse' (2), 'Nurse' (1), 'Ｎurse' (1)" in table.warnings[0]
    united = read(path, label_aliases="auto")
    assert labels_of(united) == [{"nurse"}, {"nurse"}, {"nurse"}, {"nurse", "cook"}]
    assert "'Nurse' as 'nurse'" in united.notes[0]
    assert not united.warnings
    assert "type data.label_aliases=auto" in error_of(path, label_names=["Nurse", "cook"])
    known = read(path, label_names=["Nurse", "cook"], label_aliases="auto")
    assert known.labels.sum(axis=0).tolist() == [4, 1]


def test_look_alike_columns_are_told_and_united(tmp_path):
    path = write(tmp_path, [{"text": "x"}, {"text": "y"}], Nurse=[1, 0], nurses=[0, 1], cook=[0, 1])
    columns = ["Nurse", "nurses", "cook"]
    assert "'Nurse' (1), 'nurses' (1)" in read_table(path, label_columns=columns).warnings[0]
    table = read_table(path, label_columns=columns, label_aliases={"nurses": "Nurse"})
    assert table.label_names == ["Nurse", "cook"]
    assert table.labels.tolist() == [[1, 0], [1, 1]]


def test_aliases_name_labels(tmp_path):
    path = write(tmp_path, ["RN;cook", "Nurse", "NaN", "3"])
    aliases = {"RN": "Nurse", "NaN": None, 3: "cook", "absent": "x"}
    table = read(path, label_aliases=aliases, label_names=["Nurse", "cook"])
    pairs = read(path, label_aliases=[list(pair) for pair in aliases.items()])
    assert labels_of(pairs) == labels_of(table)
    assert labels_of(table) == [{"Nurse", "cook"}, {"Nurse"}, set(), {"cook"}]
    assert "no row has the label 'absent'" in table.warnings[0]
    assert "no row has 'x' but by an alias" in table.notes[0]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"label_aliases": {"a": "b", "b": "c"}}, "gives 'a' a name that is an alias itself"),
        ({"label_aliases": {"a": "a"}}, "a name that is an alias itself"),
        ({"label_aliases": "a"}, "neither auto nor a dictionary"),
        ({"label_aliases": {"a": "b"}, "label_names": ["a"]}, "data.label_names has it"),
        ({"rows": "per_row"}, "data.rows=per_row is none of its choices"),
    ],
)
def test_aliases_and_rows_that_do_not_fit(tmp_path, options, told):
    assert told in error_of(write(tmp_path, ["a"]), **options)


def typed(argument):
    """Return the value of an argument, as bash and Hydra take it."""
    key, _, value = argument.partition("=")
    if value.startswith("$'"):
        value = value.removeprefix("$").replace("\\t", "\t").replace("\\n", "\n")
    [word] = shlex.split(f"{key}={value}")
    return OverridesParser.create().parse_override(word).value()


@pytest.mark.parametrize("separator", [",", "|", "/", "\t", "\n", " / ", ", "])
def test_another_separator_is_recognised(tmp_path, separator):
    cells = [separator.join(names) for names in (["a", "b"], ["b", "c"], ["c", "a"], ["a"], ["b"])]
    path = write(tmp_path, cells)
    [warning] = read(path).warnings
    assert f"with {separator.strip(' ')!r} between: parted there, the 5 labels are 3" in warning
    assert typed(warning.split("type ")[1].rstrip(".")) == separator.strip(" ")
    assert "look like several" in error_of(path, label_names=["a", "b", "c"])
    assert not read(path, label_separator=separator).warnings


@pytest.mark.parametrize(
    "cells",
    [
        ["Sales, Retail", "Sales, Wholesale", "Marketing, Digital"],
        ["CI/CD", "C", "Java", "Go"],
        [["a, b"], ["a"], ["b"]],
        ["['a, b']", "['a']", "['b']"],
    ],
)
def test_labels_that_hold_a_separator_themselves(tmp_path, cells):
    assert not read(write(tmp_path, cells)).warnings


@pytest.mark.parametrize("name", ["nan", "NaN", "null", "None", "n/a", "NA", "-", "?"])
def test_labels_that_are_called_missing(tmp_path, name):
    path = write(tmp_path, [name, "a"])
    [warning] = read(path).warnings
    assert f"labels called {name!r}" in warning
    assert f"""'data.label_aliases=[["{name}",null]]'""" in warning
    assert labels_of(read(path, label_aliases=[[name, None]])) == [set(), {"a"}]


# A row for each document and label


LONG = [
    {"id": "1", "text": "one", "labels": "a"},
    {"id": "1", "text": "one ", "labels": "b"},
    {"id": "2", "text": "two", "labels": "a"},
    {"id": "3", "text": "three", "labels": "c"},
    {"id": "3", "text": "three", "labels": "a"},
]


@pytest.mark.parametrize("flags", [False, True])
@pytest.mark.parametrize("ids", [False, True])
def test_a_row_for_each_label(tmp_path, ids, flags):
    rows = [{"key": row["id"], **row} for row in LONG]
    for row in rows:
        row |= {name: int(row["labels"] == name) for name in "abc"}
        del row["id"]
    path = write(tmp_path, rows)
    options = {"label_columns": ["a", "b", "c"]} if flags else {"labels_column": "labels"}
    if ids:
        options["id_column"] = "key"
        with pytest.raises(UserError, match="2 rows have the text of another row and"):
            read_table(path, **options)
        skipped = read_table(path, on_bad_rows="skip", **options)
        assert skipped.skipped_rows == 2
        assert "skipped, labels and all" in skipped.warnings[0]
    else:
        table = read_table(path, **options)
        assert len(table) == 5
        assert "contradict each other" in table.warnings[0]
    table = read_table(path, rows="per_label", **options)
    assert table.ids == (["1", "2", "3"] if ids else ["1", "3", "4"])
    assert table.rows.tolist() == [1, 3, 4]
    assert labels_of(table) == [{"a", "b"}, {"a"}, {"a", "c"}]
    assert table.united_rows == 2
    assert not table.warnings


def test_duplicates_with_several_labels_are_no_rows_per_label(tmp_path):
    rows = [{"text": "x", "labels": "a;b"}, {"text": "x", "labels": "a"}, {"text": "y"}]
    assert not read(write(tmp_path, [{"labels": "b", **row} for row in rows])).warnings


def test_what_can_not_be_united(tmp_path):
    rows = [dict(row, part="train") for row in LONG]
    rows[1]["text"] = "another"
    rows[4]["part"] = "test"
    options = {"rows": "per_label", "split_column": "part"}
    message = error_of(write(tmp_path, rows), **options)
    assert "row 2: the id '1' is that of row 1 too, with another text" in message
    assert "row 5: is in split test, and row 4 with its text in another" in message
    table = read(write(tmp_path, rows), on_bad_rows="skip", **options)
    assert labels_of(table) == [{"a"}, {"a"}, {"c"}]
    assert (len(table), table.skipped_rows, table.united_rows) == (3, 2, 0)


def test_a_first_row_that_is_bad_takes_no_labels_with_it(tmp_path):
    rows = [dict(row) for row in LONG]
    rows[0]["labels"] = "["
    table = read(write(tmp_path, rows), on_bad_rows="skip", rows="per_label")
    assert labels_of(table) == [{"b"}, {"a"}, {"a", "c"}]
    assert table.rows.tolist() == [2, 3, 4]


def test_documents_that_are_listed_once_for_each_label(tmp_path):
    for name in "xy":
        (tmp_path / f"{name}.txt").write_text(name)
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("file,label\nx.txt,a\nx.txt,b\ny.txt,a\n")
    options = {"labels_file": pairs, "labels_column": "label"}
    with pytest.raises(UserError, match=r"row 1 lists too \(a row for each label: data.rows="):
        read_documents(tmp_path, **options)
    skipped = read_documents(tmp_path, on_bad_rows="skip", **options)
    assert "1 rows list a document again and are skipped" in skipped.warnings[0]
    table = read_documents(tmp_path, rows="per_label", **options)
    assert table.ids == ["x.txt", "y.txt"]
    assert labels_of(table) == [{"a", "b"}, {"a"}]


@given(
    st.lists(
        st.tuples(st.sampled_from("xyz"), st.sampled_from("abc"), st.booleans()),
        min_size=1,
        max_size=12,
    )
)
def test_uniting_loses_no_label(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("united")
    cells = [{"text": text, "labels": label} for text, label, _ in rows]
    table = read(write(folder, cells), rows="per_label")
    wanted = {text: {label for other, label, _ in rows if other == text} for text, *_ in rows}
    assert dict(zip(table.texts, labels_of(table), strict=True)) == wanted
    assert len(table) + table.united_rows == len(rows)
    assert Counter(table.texts).most_common(1)[0][1] == 1


def test_numbers_are_kinds_of_their_own():
    assert parse_cell(3, ";").kind == parse_cell([3], ";").kind == NUMBERS
    assert parse_cell("3", ";").kind == NAMES
