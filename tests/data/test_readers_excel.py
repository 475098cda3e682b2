import datetime
import io
import re
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from helpers import error_of, read
from resumebert.data.readers import excel, read_table
from resumebert.utils.errors import UserError

openpyxl = pytest.importorskip("openpyxl")
ROWS = [["id", "text", "labels"], ["a", "x", "A;B"], ["b", " y\nz ", None], [3, "w", "B"]]
FUZZ = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def write(folder: Path, *sheets: list[list[object]], merge: tuple[str, ...] = ()) -> Path:
    """Write each list of rows as a sheet: s1, s2 and so on."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for i, rows in enumerate(sheets, start=1):
        sheet = book.create_sheet(f"s{i}")
        for row in rows:
            sheet.append(row)
        for area in merge:
            sheet.merge_cells(area)
    book.save(folder / "t.xlsx")
    return folder / "t.xlsx"


def replace_in_sheet(path: Path, old: bytes, new: bytes) -> None:
    """Replace bytes in the XML of the first sheet."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    # As it is written depends on whether lxml is installed.
    members[name] = re.sub(rb"<v(/>|></v>)", b"<v />", members[name])
    assert old in members[name]
    members[name] = members[name].replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_a_sheet(tmp_path):
    table = read(write(tmp_path, ROWS))
    assert table.ids == ["a", "b", "3"]
    assert list(table.texts) == ["x", " y\nz ", "w"]
    assert table.labels.tolist() == [[1, 1], [0, 0], [0, 1]]
    assert table.rows.tolist() == [1, 2, 3]
    assert not table.notes


def test_columns_of_flags(tmp_path):
    rows = [["text", "A", "B"], ["x", 1, 0.0], ["y", True, "1"], ["z", False, " 0"]]
    table = read_table(write(tmp_path, rows), label_columns=["A", "B"])
    assert table.labels.tolist() == [[1, 0], [1, 1], [0, 0]]
    with pytest.raises(UserError, match=r"row 1 \(row 2 of the sheet\): column 'A' holds 'maybe'"):
        read_table(write(tmp_path, [["text", "A"], ["x", "maybe"]]), label_columns=["A"])
    table = read_table(write(tmp_path, [["text", "A"], ["x", None], ["y", 1]]), label_columns=["A"])
    assert table.labels.tolist() == [[0], [1]]


def test_sheets_by_name(tmp_path):
    path = write(tmp_path, ROWS, [["text", "labels"], ["second", "A"]])
    assert list(read(path, sheet="s2").texts) == ["second"]
    assert len(read(path)) == 3
    message = error_of(path, sheet="s3")
    assert "no sheet 's3' (data.sheet). Its sheets: 's1', 's2'" in message


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (7, "holds 7, a int, not text"),
        (1.5, "holds 1.5, a float"),
        (True, "holds True, a bool"),
        (datetime.datetime(2020, 1, 2), "a date, not text"),
        (None, "holds null, not text"),
        ("#N/A", "holds the error #N/A"),
        ("=1+1", "holds a formula without its value"),
        (datetime.time(3, 4), "a time, not text"),
    ],
)
def test_cells_that_hold_no_text(tmp_path, cell, shown):
    path = write(tmp_path, [["text", "labels"], ["x", "A"], [cell, "A"]])
    message = error_of(path)
    assert "row 2 (row 3 of the sheet): column 'text'" in message
    assert shown in message


def test_a_blank_text_is_a_problem(tmp_path):
    # Whether a writer of workbooks keeps spaces alone is up to it.
    path = write(tmp_path, [["text", "labels"], ["x", "A"], ["  ", "A"]])
    message = error_of(path)
    assert "row 2 (row 3 of the sheet): column 'text'" in message
    assert re.search("holds null|is blank", message)
    assert len(read(path, on_bad_rows="skip")) == 1


def test_the_value_of_a_formula_is_read(tmp_path):
    path = write(tmp_path, [["text", "labels"], ['="a"&"b"', "A"]])
    replace_in_sheet(path, b"<v />", b"<v>ab</v>")
    replace_in_sheet(path, b'<c r="A2"', b'<c r="A2" t="str"')
    assert list(read(path).texts) == ["ab"]


def test_blank_rows(tmp_path):
    rows = [*ROWS, [None], ["", None, " "], ["d", "v", "A"], [None, None], [" "]]
    path = write(tmp_path, rows)
    assert "row 5 of the sheet: is blank" in error_of(path)
    table = read(path, on_bad_rows="skip")
    assert table.ids == ["a", "b", "3", "d"]
    assert table.rows.tolist() == [1, 2, 3, 6]
    assert len(read(write(tmp_path, [*ROWS, [None], [""], [" "]]))) == 3


def test_merged_cells_are_told(tmp_path):
    path = write(tmp_path, ROWS, merge=("C2:C3", "B4:C4", "D1:E9"))
    message = error_of(path)
    assert "row 2 (row 3 of the sheet): column 'labels' holds part of merged cells" in message
    assert "row 3 (row 4 of the sheet): column 'labels' holds part of merged cells" in message
    assert "2 problems" in message


def test_a_wrong_size_does_not_cut_rows_off(tmp_path):
    path = write(tmp_path, ROWS)
    replace_in_sheet(path, b'<dimension ref="A1:C4"', b'<dimension ref="A1:B2"')
    assert len(read(path)) == 3


def test_rows_out_of_order_are_not_passed_over(tmp_path):
    path = write(tmp_path, ROWS)
    replace_in_sheet(path, b'<row r="4"', b'<row r="2"')
    assert "row 2 follows row 3" in error_of(path)


def test_escaped_characters(tmp_path):
    path = write(tmp_path, [["text", "labels"], ["a_x000D_\n_x005F_x0041__x0007_ _xyz_", "A"]])
    assert list(read(path).texts) == ["a\r\n_x0041_\x07 _xyz_"]


def test_cells_that_are_full(tmp_path):
    table = read(write(tmp_path, [["text", "labels"], ["x" * 32_767, "A"], ["y", "A"]]))
    assert "1 texts fill a cell" in table.notes[0]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "does not begin with a row of column names"),
        ([[None], ["text", "labels"]], "does not begin"),
        ([["text", "labels"]], "a header and no rows"),
        ([["text", "labels"], [None]], "a header and no rows"),
        ([["Text", None, 5], ["x"]], "did you mean 'Text'"),
        ([["text", "labels", "text"], ["x"]], "more than one column 'text'"),
    ],
)
def test_sheets_that_are_no_table(tmp_path, rows, told):
    assert told in error_of(write(tmp_path, rows))


def test_calamine_is_missing(tmp_path, monkeypatch):
    path = write(tmp_path, ROWS)
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    assert "pip install python-calamine" in error_of(path)


@pytest.mark.parametrize("cell", ["#N/A", "#REF!", "#VALUE!", "=A1"])
@pytest.mark.parametrize("named", [True, False])
def test_a_label_that_excel_failed_to_compute_is_no_empty_label(tmp_path, cell, named):
    rows = [["text", "labels"], ["x", "A"], ["y", cell], ["z", "A"], ["w", None]]
    path = write(tmp_path, rows, [["text"], ["#N/A"]])
    if not named:  # Cells need not say where they are.
        replace_in_sheet(path, b'<c r="A3"', b"<c")
        replace_in_sheet(path, b'<c r="B3"', b"<c")
    shown = "formula without its value" if cell == "=A1" else f"the error {cell}"
    assert f"row 2 (row 3 of the sheet): column 'labels' holds {'a ' * ('=' in cell)}{shown}" in (
        error_of(path)
    )
    assert list(read(path, on_bad_rows="skip").texts) == ["x", "z", "w"]


@pytest.mark.parametrize("cell", ["#N/A", "=B1"])
def test_a_flag_that_excel_failed_to_compute_is_no_no(tmp_path, cell):
    path = write(tmp_path, [["text", "A"], ["x", 1], ["y", cell], ["z", None]])
    with pytest.raises(UserError, match=r"row 2 \(row 3 of the sheet\): column 'A'"):
        read_table(path, label_columns=["A"])


def test_a_formula_that_gives_an_empty_text_is_empty(tmp_path):
    path = write(tmp_path, [["text", "labels"], ["x", "A"], ["y", '=""']])
    replace_in_sheet(path, b'<c r="B3"', b'<c r="B3" t="str"')
    assert read(path).labels.tolist() == [[1], [0]]


def test_a_cell_far_out_does_not_fill_the_memory(tmp_path):
    path = write(tmp_path, ROWS)
    replace_in_sheet(
        path, b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    assert "goes on to row 1,048,576 and column 16,384" in error_of(path)


def test_a_sheet_that_does_not_begin_in_the_first_cell(tmp_path):
    path = write(tmp_path, [[None, "text", "labels"], [None, "x", "A"], [None, "#N/A", "A"]])
    assert "row 2 (row 3 of the sheet): column 'text' holds the error #N/A" in error_of(path)
    assert "does not begin" in error_of(write(tmp_path, [[None], [None], *ROWS]))


def test_a_workbook_that_unpacks_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(excel, "MAX_WORKBOOK_BYTES", 1000)
    assert "is refused: unpacked" in error_of(write(tmp_path, ROWS))


def test_damaged_workbooks(tmp_path):
    path = write(tmp_path, ROWS)
    whole = path.read_bytes()
    text = io.BytesIO()
    with zipfile.ZipFile(text, "w") as archive:
        archive.writestr("a.txt", "x")
    for data in (whole[:-30], whole[:900], b"text,labels\na,b\n", text.getvalue()):
        path.write_bytes(data)
        assert "not an .xlsx workbook, or is damaged" in error_of(path)
    write(tmp_path, ROWS)
    replace_in_sheet(path, b"</sheetData>", b"")
    assert "not an .xlsx workbook, or is damaged" in error_of(path)


@FUZZ
@given(at=st.integers(0, 6000), noise=st.binary(max_size=10), cut=st.integers(0, 10))
def test_a_malformed_workbook_is_told_or_read_whole(tmp_path, at, noise, cut):
    data = write(tmp_path, ROWS).read_bytes()
    path = tmp_path / "malformed.xlsx"
    path.write_bytes(data[:at] + noise + data[at + cut :])
    message, table = "", None
    try:
        table = read(path)
    except UserError as error:
        message = str(error)
    assert "\n" not in message
    if table is None:
        return
    assert list(table.texts) == ["x", " y\nz ", "w"]


@FUZZ
@given(
    at=st.integers(0, 3000), noise=st.sampled_from([b"<", b">", b"", b'"', b"&#0;", b"\xff", b"9"])
)
def test_a_malformed_sheet_is_told_or_read_whole(tmp_path, at, noise):
    path = write(tmp_path, [["text", "labels"], *[[f"text {i}", "A"] for i in range(9)]])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    sheet = members[name]
    members[name] = sheet[:at] + noise + sheet[at + 1 :]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    message, table = "", None
    try:
        table = read(path)
    except UserError as error:
        message = str(error)
    assert "\n" not in message
    if table is None:
        return
    assert len(table) == 9


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=20)


@FUZZ
@given(texts=st.lists(TEXT.filter(str.strip), min_size=1, max_size=5))
@example(texts=["\ufeffx", '"', "<&>", "=", "'", "\u2028"])
def test_whatever_is_written_is_read(tmp_path, texts):
    # A "=" would make it a formula, and a number of an error an error.
    texts = [f" {re.sub('_x', '', text)}" for text in texts]
    texts = [
        text for text in texts if text.strip() and "\ufffe" not in text and "\uffff" not in text
    ]
    path = write(tmp_path, [["text", "labels"], *[[text, "A"] for text in texts or ["x"]]])
    assert list(read(path).texts) == (texts or ["x"])
