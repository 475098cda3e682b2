"""What the cache's key holds of the code: what the content depends on, and no more."""

import importlib
import sys
from functools import partial
from pathlib import Path

import pytest

from helpers import REPOSITORY
from resumebert.data import source_code
from resumebert.data.prepared import Preparation, prepare
from resumebert.data.readers import read_sample, read_table
from resumebert.data.source_code import code_digest

READER = """
from resumebert.data.readers import read_table
from {package} import WORD

def read_mine(path):
    table = read_table(path, labels_column="labels")
    return table.with_texts([f"{{text}} {{WORD}}" for text in table.texts])
"""
PREPARATION = Preparation(cleaning=[], limit=None, seed=0, near_duplicates={})


def forget() -> None:
    for name in [name for name in sys.modules if name.startswith(("mylab", "myhelpers"))]:
        del sys.modules[name]


@pytest.fixture(params=["mylab.helpers", "myhelpers"])
def mylab(tmp_path, monkeypatch, request):
    """Return a function that writes a reader of one's own, and imports it as a new run would."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "t.csv").write_text("text,labels\na,A\nb,B\n")
    helper = tmp_path / Path(*request.param.split(".")).with_suffix(".py")

    def write(word: str = "one", extra: str = ""):
        for name in ("__init__", "readers", "helpers"):
            (tmp_path / "mylab").mkdir(exist_ok=True)
            (tmp_path / "mylab" / f"{name}.py").touch()
        (tmp_path / "mylab" / "readers.py").write_text(READER.format(package=request.param) + extra)
        helper.write_text(f"WORD = {word!r}\n")
        for name in [
            name for name in sys.modules if name.partition(".")[0] in ("mylab", "myhelpers")
        ]:
            del sys.modules[name]
        importlib.invalidate_caches()
        sys.dont_write_bytecode = True
        module = importlib.import_module("mylab.readers")
        return partial(module.read_mine, str(tmp_path / "t.csv"))

    before = sys.dont_write_bytecode
    yield write
    sys.dont_write_bytecode = before
    forget()


def test_a_changed_reader_of_ones_own_reads_anew(mylab, tokenizer, tmp_path, monkeypatch):
    monkeypatch.setenv("RESUMEBERT_CACHE", str(tmp_path / "cache"))
    key = {"what": "t.csv"}
    for word in ("one", "two"):
        documents = prepare(mylab(word), tokenizer, PREPARATION, key)
        assert list(documents.table.texts) == [f"a {word}", f"b {word}"]
    entries = list((tmp_path / "cache" / "documents").glob("[0-9a-f]*"))
    prepare(mylab("two", "\n# Another comment.\n"), tokenizer, PREPARATION, key)
    assert list((tmp_path / "cache" / "documents").glob("[0-9a-f]*")) == entries


def test_code_counts_and_comments_do_not(mylab):
    first = code_digest(mylab())
    assert code_digest(mylab(extra="\n# A comment.\n\n")) == first
    assert code_digest(mylab(extra="\ndef more():\n    pass\n")) != first
    assert code_digest(mylab("two")) != first


def test_a_file_that_an_argument_names_counts(mylab, tmp_path):
    reader = mylab()
    (tmp_path / "words.txt").write_text("one")
    with_file = partial(reader, words=[str(tmp_path / "words.txt")])
    first = code_digest(with_file)
    (tmp_path / "words.txt").write_text("two")
    assert code_digest(with_file) != first


def test_a_reader_without_a_file_is_known_by_its_source_or_not_cached():
    space: dict = {"__name__": "nowhere"}
    exec("def read_mine(): ...", space)
    assert code_digest(space["read_mine"]) is None


def changed(monkeypatch, name: str, extra: bytes) -> None:
    """Have the package's file of that name read as if more stood at its end."""
    read = Path.read_bytes
    monkeypatch.setattr(
        Path, "read_bytes", lambda path: read(path) + (extra if path.name == name else b"")
    )


@pytest.mark.parametrize(
    "name", ["cleaning.py", "masking.py", "near_duplicates.py", "tokenization.py"]
)
def test_the_packages_code_that_prepares_counts(monkeypatch, name):
    first = code_digest(read_table, "resumebert.data.prepared")
    changed(monkeypatch, name, b"\n# A comment.\n")
    assert code_digest(read_table, "resumebert.data.prepared") == first
    monkeypatch.undo()
    changed(monkeypatch, name, b"\nMORE = 1\n")
    assert code_digest(read_table, "resumebert.data.prepared") != first


@pytest.mark.parametrize(
    "name", ["batching.py", "datamodule.py", "splitting.py", "windows.py", "cache.py"]
)
def test_other_code_does_not(monkeypatch, name):
    first = code_digest(read_table, "resumebert.data.prepared")
    assert (REPOSITORY / "src" / "resumebert" / "data" / name).is_file()
    changed(monkeypatch, name, b"\nMORE = 1\n")
    assert code_digest(read_table, "resumebert.data.prepared") == first


def test_all_readers_and_no_other_package_is_followed():
    files = source_code._imported([read_sample.__module__, "resumebert.data.prepared"])
    source = REPOSITORY / "src" / "resumebert"
    folder = source / "data"
    assert all(file.is_relative_to(folder) or file.parent == source / "documents" for file in files)
    assert {"cleaning.py", "table.py", "assemble.py"} <= {file.name for file in files}
