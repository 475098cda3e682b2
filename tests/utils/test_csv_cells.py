"""No cell that is written is a formula, and what is read back is what was meant."""

import io
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import make_table
from resumebert.data.split_manifest import read_split, write_split
from resumebert.utils.csv_cells import escaped, unescaped
from resumebert.utils.durable_files import write_csv

TEXTS = st.text(max_size=8) | st.from_regex(r"'{0,2}[=+\-@\t\r]?[\d.,eE+-]{0,6}", fullmatch=True)


@given(st.text(max_size=8) | st.from_regex(r"[=+\-@\t\r]?[\d.,eE+-]{0,6}", fullmatch=True))
def test_no_cell_is_a_formula(text):
    found = escaped(text)
    assert found in (text, f"'{text}")
    if found.startswith(("=", "@", "\t", "\r")):
        pytest.fail("a formula")
    if found.startswith(("+", "-")):
        # A number and nothing else.
        assert not set(found) - set("+-0123456789.,eE%")
        assert "+" not in found[1:].replace("e+", "").replace("E+", "")


@given(st.floats(allow_nan=False))
def test_numbers_stay_numbers(number):
    assert escaped(str(number)) == str(number) or math.isinf(number)


@given(TEXTS)
def test_what_is_escaped_is_read_back(text):
    assert unescaped(escaped(text)) == text


def test_a_table_keeps_its_numbers_and_its_columns_of_one_name(tmp_path: Path):
    frame = pd.DataFrame(
        [["=1+1", 0.1, "x"], ["-5", np.nan, None]], columns=["id", "=score", "id"]
    ).astype({"=score": np.float32})
    write_csv(tmp_path / "t.csv", frame)
    written = (tmp_path / "t.csv").read_text()
    assert written == "id,'=score,id\n'=1+1,0.1,x\n-5,,\n"


def test_a_manifest_of_odd_ids_is_read_back(tmp_path: Path):
    table = make_table(["a", "b", "c", "d"])
    table.ids[:] = ["=cmd", "'-x", "-5", "@SUM(A1)"]
    split = np.array(["train", "val", "test", "train"])
    write_split(tmp_path / "split.csv", table, split, np.arange(4))
    ids = pd.read_csv(io.StringIO((tmp_path / "split.csv").read_text()), dtype=str)["id"]
    assert all(not name.startswith(("=", "@")) for name in ids)
    found, _ = read_split(tmp_path / "split.csv", table.ids, "a test")
    assert found.tolist() == split.tolist()
