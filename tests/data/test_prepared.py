import subprocess
import sys
from functools import partial

import numpy as np
import pyarrow as pa
import pytest

from helpers import LIMIT
from resumebert.data.prepared import Preparation, prepare
from resumebert.data.readers import read_table

ROWS = "id,text,labels\n" + "".join(
    f"{i},<b>Résumé</b> of {i} who knows {'java' if i % 2 else 'sql'},{'A' if i % 2 else 'B'}\n"
    for i in range(40)
)
PREPARATION = Preparation(
    cleaning=["unescape_entities", "strip_markup"], limit=None, seed=0, near_duplicates={}
)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(ROWS, encoding="utf-8")
    calls = []

    def reader():
        calls.append(path)
        return partial(read_table, path, labels_column="labels")()

    return reader, calls


def assert_same(one, other):
    assert list(one.table.ids) == list(other.table.ids)
    assert list(one.table.texts) == list(other.table.texts)
    assert np.array_equal(one.table.labels, other.table.labels)
    assert np.array_equal(one.groups, other.groups)
    assert np.array_equal(one.tokens.ids, other.tokens.ids)
    assert np.array_equal(one.tokens.offsets, other.tokens.offsets)
    assert (one.rows_read, one.left_out) == (other.rows_read, other.left_out)
    assert one.table.source == other.table.source


def test_what_comes_from_the_cache_is_what_was_prepared(tokenizer, source, tmp_path):
    reader, calls = source
    plain = prepare(reader, tokenizer, PREPARATION)
    key = {"what": "mine.csv", "content": str(tmp_path)}
    first = prepare(reader, tokenizer, PREPARATION, key)
    again = prepare(reader, tokenizer, PREPARATION, key)
    assert_same(first, plain)
    assert_same(again, plain)
    assert len(calls) == 2  # Once without the cache, once to fill it.
    assert isinstance(again.tokens.ids, np.memmap)


@pytest.mark.parametrize(
    "changed",
    [
        {"cleaning": ["strip_markup"]},
        {"limit": 20},
        {"limit": 20, "seed": 1},
        {"near_duplicates": {"threshold": 0.5}},
    ],
)
def test_another_setting_is_another_entry(tokenizer, source, tmp_path, changed):
    reader, calls = source
    key = {"what": "mine.csv", "content": str(tmp_path)}
    prepare(reader, tokenizer, PREPARATION, key)
    other = Preparation(**{**vars(PREPARATION), **changed})
    assert_same(prepare(reader, tokenizer, other, key), prepare(reader, tokenizer, other))
    assert len(calls) == 3


def test_arrows_memory_pool_is_the_processs_own_again(tokenizer, source):
    before = pa.default_memory_pool().backend_name
    during = []

    def reader():
        during.append(pa.default_memory_pool().backend_name)
        return source[0]()

    prepare(reader, tokenizer, PREPARATION)
    assert pa.default_memory_pool().backend_name == before
    code = "import pyarrow as pa; a = pa.default_memory_pool().backend_name; "
    code += "import resumebert.data.readers; assert a == pa.default_memory_pool().backend_name"
    assert subprocess.run([sys.executable, "-c", code], timeout=LIMIT).returncode == 0
    assert during[0] in ("jemalloc", before)


def test_another_content_is_another_entry(tokenizer, source, tmp_path):
    reader, calls = source
    for content in ("one", "two", "one"):
        prepare(reader, tokenizer, PREPARATION, {"content": str(tmp_path / content)})
    assert len(calls) == 2
