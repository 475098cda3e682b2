import io
import os
import tracemalloc
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resumebert.data.readers import files, read_resume_corpus, resume_corpus
from resumebert.data.table import ResumeTable
from resumebert.utils.errors import UserError

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
with_corpus = pytest.mark.skipif(not SHARED.is_dir(), reason="the reference corpus is not here")

FILES = {
    "00010.txt": "Java • café\x81".encode("cp1252", "replace").replace(b"?", b"\x81"),
    "00010.lab": b"Java_Developer\r\nWeb_Developer\r\n",
    "00002.txt": b"Network\r\nadmin",
    "00002.lab": b"",
    "sub/00003.txt": b"Web",
    "sub/00003.lab": b"Web_Developer",
}


def make_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / "resumes_corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / "resumes_corpus"


def make_zip(folder: Path, files: Mapping[str, bytes]) -> Path:
    path = folder / "corpus.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"resumes_corpus/{name}", content)
    return path


def make_lines(folder: Path, content: bytes) -> Path:
    path = folder / "resume_samples.txt"
    path.write_bytes(content)
    return path


def error_of(path: Path | None, **options: object) -> str:
    with pytest.raises(UserError) as error:
        read_resume_corpus(path, **options)
    message = str(error.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("make", [make_folder, make_zip])
def test_pairs_of_files(tmp_path, make):
    table = read_resume_corpus(make(tmp_path, FILES))
    assert table.ids == ["00002", "00003", "00010"]
    assert list(table.texts) == ["Network\r\nadmin", "Web", "Java • café\x81"]
    assert table.label_names == ["Java_Developer", "Web_Developer"]
    assert table.labels.tolist() == [[0, 0], [0, 1], [1, 1]]
    assert table.rows.tolist() == [1, 2, 3]


@pytest.mark.parametrize("make", [make_folder, make_zip])
def test_what_is_no_resume_is_passed_over(tmp_path, make):
    extra = {"README.txt": b"x", ".00002.txt": b"x", "__MACOSX/._00002.lab": b"x", "a.pdf": b"x"}
    table = read_resume_corpus(make(tmp_path, {**FILES, **extra}))
    assert table.ids == ["00002", "00003", "00010"]


@pytest.mark.parametrize("make", [make_folder, make_zip])
def test_files_that_lack_their_other(tmp_path, make):
    files = {**FILES, "00011.txt": b"x", "sub/00012.lab": b"x", "john.lab": b"x", "00013.txt": b"x"}
    message = error_of(make(tmp_path, files))
    assert "2 .txt without a .lab" in message
    assert "2 .lab without a .txt" in message
    for name in ("00011.txt", "00012.lab", "john.lab", "00013.txt"):
        assert name in message


@pytest.mark.parametrize("make", [make_folder, make_zip])
def test_an_id_twice(tmp_path, make):
    message = error_of(make(tmp_path, {**FILES, "sub/00002.txt": b"x", "sub/00002.lab": b""}))
    assert "the id '00002' is there more than once" in message
    assert "sub/00002.txt" in message


@pytest.mark.parametrize("make", [make_folder, make_zip])
def test_blank_and_undecodable_files_are_told_together(tmp_path, make):
    files = {
        **FILES,
        "00004.txt": b" \n",
        "00004.lab": b"A",
        "00005.txt": b"\xe9",
        "00005.lab": b"",
    }
    message = error_of(make(tmp_path, files), encoding="utf-8")
    assert "3 problems" in message
    for told in ("00010.txt is not utf-8", "00005.txt is not utf-8: 0xe9", "00004.txt: column"):
        assert told in message


def test_a_byte_order_mark_in_one_file(tmp_path):
    files = {**FILES, "00002.txt": b"\xef\xbb\xbfa\xc3\xa9"}
    assert read_resume_corpus(make_zip(tmp_path, files)).texts[0] == "aé"
    files["00002.txt"] = "é".encode("utf-16")
    assert "00002.txt is not cp1252: it begins" in error_of(make_zip(tmp_path, files))


def test_label_names(tmp_path):
    names = ["Web_Developer", "X", "Java_Developer"]
    table = read_resume_corpus(make_folder(tmp_path, FILES), label_names=names)
    assert table.labels.tolist() == [[0, 0, 0], [1, 0, 0], [1, 0, 1]]
    message = error_of(tmp_path, label_names=["Web_Developer"])
    assert "'Java_Developer' (first in row 3)" in message


@pytest.mark.parametrize("make", [make_folder, make_zip])
def test_a_place_without_resumes(tmp_path, make):
    assert "holds no résumés" in error_of(make(tmp_path, {"a.pdf": b"x"}))
    (tmp_path / "empty").mkdir()
    assert "holds no résumés" in error_of(tmp_path / "empty")


def test_an_unreadable_file_in_a_folder(tmp_path, monkeypatch):
    folder = make_folder(tmp_path, FILES)
    whole = Path.read_bytes

    def deny(path: Path) -> bytes:
        if path.name == "00010.txt":
            raise PermissionError(13, "Permission denied")
        return whole(path)

    monkeypatch.setattr(Path, "read_bytes", deny)
    assert "00010.txt: can't be read (Permission denied)" in error_of(folder)


def test_lines(tmp_path):
    lines = [
        b"00002:::B;A:::caf\xe9\x85\x1c\x0c ::: more\x81",
        b"00001.txt:::\xa0:::x\ry\r",
    ]
    for end in (b"", b"\n", b"\r\n", b"\n\n"):
        table = read_resume_corpus(make_lines(tmp_path, b"\n".join(lines) + end))
        assert table.ids == ["00002", "00001.txt"]
        assert table.texts[0] == "café…\x1c\x0c ::: more\x81"
        assert table.labels.tolist() == [[1, 1], [0, 0]]


def test_malformed_lines(tmp_path):
    content = b"1:::a:::x\n2:::a\n\n3\n:::a:::y\n1:::a:::\n1:::b:::z\n"
    message = error_of(make_lines(tmp_path, content))
    for told in (
        "row 2: is not of the form",
        "row 3: is blank; remove it",
        "row 4: is not of the form",
        "row 5: column 'id' holds ''",
        "row 6: column 'text' is blank",
        "is that of row 1 too",
    ):
        assert told in message


def test_lines_in_another_encoding(tmp_path):
    path = make_lines(tmp_path, "1:::a:::x\n2:::a:::é\n".encode("cp1252"))
    assert "0xe9 in row 2 (byte 18 of the file)" in error_of(path, encoding="utf-8")
    path = make_lines(tmp_path, "1:::a:::ü\n".encode("utf-16"))
    assert "data.encoding=utf-16" in error_of(path)
    assert list(read_resume_corpus(path, encoding="utf-16").texts) == ["ü"]


def test_lines_in_a_zip(tmp_path):
    path = make_zip(tmp_path, {"resume_samples.txt": b"2:::a:::x\n1:::b:::\x95y\n"})
    table = read_resume_corpus(path)
    assert table.ids == ["2", "1"]
    assert list(table.texts) == ["x", "•y"]
    path = make_zip(tmp_path, {"resume_samples.txt": b""})
    assert "no résumé" in error_of(path)


def test_a_line_longer_than_any_resume(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_DOCUMENT_BYTES", 100)
    path = make_lines(tmp_path, b"1:::a:::x\n2:::a:::" + b"x" * 200)
    assert "Row 2" in error_of(path)


def test_parquet(tmp_path):
    columns = {"id": [7, 3], "labels": ["b;a", ""], "text": ["é", "x"]}
    pq.write_table(pa.table(columns), tmp_path / "c.parquet")
    table = read_resume_corpus(tmp_path / "c.parquet")
    assert table.ids == ["7", "3"]
    assert table.labels.tolist() == [[1, 1], [0, 0]]
    pq.write_table(pa.table({"id": ["1"], "labels": ["a"]}), tmp_path / "c.parquet")
    assert "'text'" in error_of(tmp_path / "c.parquet")


def test_without_a_path_the_corpus_is_fetched(tmp_path, monkeypatch):
    fetched = tmp_path / "resume_samples.txt"
    fetched.write_bytes(b"7:::a;b:::a developer\n")
    monkeypatch.setattr(resume_corpus, "fetch_resume_corpus", lambda: fetched)
    table = read_resume_corpus(None)
    assert table.ids == ["7"]
    assert "no licence" in table.notes[-1]
    assert "Jiechieu" in table.notes[-1]


def test_paths_that_lead_nowhere(tmp_path):
    assert "no file or folder" in error_of(tmp_path / "x.zip")
    (tmp_path / "t.csv").write_text("x")
    assert "data=table" in error_of(tmp_path / "t.csv")
    for name in ("e.zip", "e.txt", "e.parquet"):
        (tmp_path / name).write_bytes(b"")
        assert "empty file" in error_of(tmp_path / name)
    assert "data.encoding=x-y" in error_of(make_lines(tmp_path, b"1:::a:::x"), encoding="x-y")


def test_a_zip_that_unpacks_to_too_much(tmp_path, monkeypatch):
    path = make_zip(tmp_path, {**FILES, "00004.txt": b"0" * 2000, "00004.lab": b"a"})
    monkeypatch.setattr(files, "MAX_DOCUMENT_BYTES", 1000)
    assert "00004.txt: holds 0.0 MB, which no résumé does" in error_of(path)
    assert len(read_resume_corpus(path, on_bad_rows="skip")) == 3
    monkeypatch.setattr(files, "MAX_DOCUMENT_BYTES", 5000)
    monkeypatch.setattr(files, "ALWAYS_UNPACKED_BYTES", 1500)
    monkeypatch.setattr(files, "MAX_RATIO", 1)
    assert "00004.txt' the largest" in error_of(path)


def test_damaged_zips(tmp_path):
    path = make_zip(tmp_path, {"00004.txt": os.urandom(3000), "00004.lab": b"a"})
    whole = path.read_bytes()
    encrypted = bytearray(whole)
    central = whole.index(b"PK\x01\x02")
    encrypted[6] |= 1
    encrypted[central + 8] |= 1
    damaged = whole[:1000] + bytes(100) + whole[1100:]
    for data in (whole[:-30], whole[:500], damaged, bytes(encrypted), b"no zip"):
        path.write_bytes(data)
        assert "is damaged or encrypted" in error_of(path)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.integers(0, 1200), noise=st.binary(max_size=8), cut=st.integers(0, 8))
def test_a_malformed_zip_is_told_or_read_whole(tmp_path, at, noise, cut):
    data = make_zip(tmp_path, FILES).read_bytes()
    path = tmp_path / "malformed.zip"
    path.write_bytes(data[:at] + noise + data[at + cut :])
    try:
        table = read_resume_corpus(path)
    except UserError:
        return
    assert len(table) == 3


def test_a_zip_whose_list_of_files_is_damaged(tmp_path):
    path = make_zip(tmp_path, FILES)
    data = bytearray(path.read_bytes())
    # A longer comment hides the next file in the list.
    first = data.index(b"PK\x01\x02")
    data[first + 32] = data.index(b"PK\x01\x02", first + 4) - first
    path.write_bytes(data)
    assert "lists" in error_of(path)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    content=st.lists(
        st.sampled_from(
            [b":::", b"\n", b"1", b"2", b"a;b", b"x", b"\xff", b"\r", b"\0", b"\xef\xbb\xbf"]
        ),
        max_size=30,
    ).map(b"".join),
    encoding=st.sampled_from(["cp1252", "utf-8", "utf-16"]),
)
def test_malformed_lines_are_told_or_read_whole(tmp_path, content, encoding):
    try:
        table = read_resume_corpus(make_lines(tmp_path, content), encoding=encoding)
    except UserError:
        return
    codec = "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else encoding
    lines = io.StringIO(content.decode(codec), newline="\n")
    assert len(table) == sum(1 for line in lines if line.strip())


@pytest.fixture(scope="module")
def corpus() -> ResumeTable:
    return read_resume_corpus(SHARED / "resume_corpus.parquet")


@with_corpus
def test_the_whole_corpus(corpus):
    assert len(corpus) == 26_845
    assert corpus.labels.shape == (26_845, 10)
    assert len(corpus.texts[0]) > 0
    assert corpus.rows[-1] == 26_845


@with_corpus
@pytest.mark.parametrize(
    ("name", "count"), [("resumes_corpus_1500.zip", 1500), ("resume_samples_300.txt", 300)]
)
def test_other_layouts_agree_with_the_corpus(corpus, name, count):
    table = read_resume_corpus(SHARED / name, label_names=corpus.label_names)
    assert len(table) == count
    place = {known: i for i, known in enumerate(corpus.ids)}
    same = corpus.select(np.array([place[known] for known in table.ids]))
    assert np.array_equal(table.labels, same.labels)
    assert table.texts == same.texts


def test_a_member_larger_than_it_says_is_not_unpacked_in_full(tmp_path):
    path = tmp_path / "liar.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("00001.txt", b"x" * 10_000_000)
        archive.writestr("00001.lab", "A")
    data = bytearray(path.read_bytes())
    for offset in [i for i in range(len(data) - 4) if data[i : i + 4] == b"PK\x01\x02"][:1]:
        data[offset + 24 : offset + 28] = (100).to_bytes(4, "little")
    path.write_bytes(data)
    tracemalloc.start()
    with pytest.raises(UserError):
        read_resume_corpus(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000


def test_a_zip_packed_in_another_way_is_refused(tmp_path):
    path = tmp_path / "packed.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("00001.txt", "a developer")
        archive.writestr("00001.lab", "A")
    with pytest.raises(UserError, match="packed in another way"):
        read_resume_corpus(path)
