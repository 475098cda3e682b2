import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from documents import made
from resumebert.data.readers import files, read_documents
from resumebert.data.table import ResumeTable
from resumebert.utils.errors import UserError

FILES = {"a.txt": "Java • café".encode(), "sub/b.TXT": "Web\n".encode("cp1252"), "c.txt": b"\xe9"}
LABELS = "file,labels\nc.txt,X;Y\na.txt,\nsub/b.TXT,Y\n"


def make(folder: Path, kind: str, files: Mapping[str, bytes]) -> Path:
    if kind == "zip":
        with zipfile.ZipFile(folder / "d.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return folder / "d.zip"
    for name, content in files.items():
        path = folder / "d" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / "d"


def write(folder: Path, content: str, name: str = "labels.csv") -> Path:
    (folder / name).write_text(content)
    return folder / name


def read(path: Path | None, labels: Path | str | None, **options: object) -> ResumeTable:
    if "label_columns" not in options:
        options = {"labels_column": "labels", **options}
    return read_documents(path, labels_file=labels, **options)


def error_of(path: Path | None, labels: Path | str | None, **options: object) -> str:
    with pytest.raises(UserError) as error:
        read(path, labels, **options)
    message = str(error.value)
    assert "\n" not in message
    return message


both = pytest.mark.parametrize("kind", ["folder", "zip"])


@both
def test_documents(tmp_path, kind):
    table = read(make(tmp_path, kind, FILES), write(tmp_path, LABELS))
    assert table.ids == ["c.txt", "a.txt", "sub/b.TXT"]
    assert list(table.texts) == ["é", "Java • café", "Web\n"]
    assert table.labels.tolist() == [[1, 1], [0, 0], [0, 1]]
    assert table.rows.tolist() == [1, 2, 3]
    assert "c.txt is not UTF-8 and read as Windows-1252" in table.notes[0]


@both
def test_labels_in_columns_and_documents_by_stem(tmp_path, kind):
    rows = [{"id": i, "X": i == "a", "Y": 1, "part": "dev"} for i in ("a", "b", "c")]
    labels = write(tmp_path, "\n".join(json.dumps(row) for row in rows), "l.jsonl")
    table = read(
        make(tmp_path, kind, FILES),
        labels,
        file_column="id",
        label_columns=["X", "Y"],
        split_column="part",
    )
    assert table.labels.tolist() == [[1, 1], [0, 1], [0, 1]]
    assert table.ids == ["a.txt", "sub/b.TXT", "c.txt"]
    assert table.split.tolist() == ["val"] * 3


@both
@pytest.mark.parametrize("name", ["file", "document", "id"])
def test_columns_of_any_name(tmp_path, kind, name):
    content = f"{name},document_,nr\nc.txt,X,3\na.txt,X,1\nsub/b.TXT,Y,2\n"
    path = make(tmp_path, kind, FILES)
    options = {"file_column": name, "labels_column": "document_"}
    labels = write(tmp_path, content)
    assert read(path, labels, **options).ids == ["c.txt", "a.txt", "sub/b.TXT"]
    assert read(path, labels, id_column="nr", **options).ids == ["3", "1", "2"]


@both
def test_the_label_file_may_lie_with_the_documents(tmp_path, kind):
    files = {
        **FILES,
        "meta/l.tsv": LABELS.replace(",", "\t").encode(),
        "x.png": b"",
        "README.md": b"about",
        ".x.txt": b"",
    }
    table = read(make(tmp_path, kind, files), "meta/l.tsv")
    assert len(table) == 3
    assert "these files were passed over: " in table.notes[0]
    assert all(name in table.notes[0] for name in ("x.png", "README.md"))


@both
def test_what_does_not_match_is_told_together(tmp_path, kind):
    files = {**FILES, "other/a.txt": b"x", "d.txt": b" \n", "e.txt": b"x"}
    content = LABELS + "d.txt,X\nq.txt,X\n,X\nc,Y\nother\\a.txt,X\n"
    path, labels = make(tmp_path, kind, files), write(tmp_path, content)
    message = error_of(path, labels)
    assert "5 problems" in message
    for told in (
        "row 4 (line 5), d.txt: the document is blank",
        "row 5 (line 6): column 'file' names 'q.txt', which is no document there",
        "row 6 (line 7): column 'file' names '', which",
        "row 7 (line 8): column 'file' names 'c', which row 1 lists too",
        "e.txt: is not in the label file (data.unlisted=keep",
    ):
        assert told in message
    table = read(path, labels, on_bad_rows="skip")
    assert table.ids == ["c.txt", "a.txt", "sub/b.TXT", "other/a.txt"]
    assert table.skipped_rows == 5


@both
def test_a_name_of_two_documents(tmp_path, kind):
    files = {"x/a.txt": b"x", "y/a.txt": b"y"}
    path = make(tmp_path, kind, files)
    message = error_of(path, write(tmp_path, "file,labels\na.txt,X\nx/a,X\n"))
    assert "names 'a.txt', which may be 'x/a.txt', 'y/a.txt'" in message
    assert "y/a.txt: is not in the label file" in message


@both
@pytest.mark.parametrize("options", [{"labels_column": "labels"}, {"label_columns": ["A"]}])
def test_unlisted_documents_are_kept(tmp_path, kind, options):
    path = make(tmp_path, kind, {**FILES, "e.txt": b" "})
    labels = write(tmp_path, "file,labels,A\nc.txt,A,1\n")
    message = error_of(path, labels, unlisted="keep", **options)
    assert "a problem: e.txt: the document is blank" in message
    table = read(path, labels, unlisted="keep", on_bad_rows="skip", **options)
    assert table.ids == ["c.txt", "a.txt", "sub/b.TXT"]
    assert table.labels.tolist() == [[1], [0], [0]]
    kept = read(path, labels, unlisted="keep", on_bad_rows="skip", unlabelled="drop", **options)
    assert kept.ids == ["c.txt"]
    assert kept.dropped_unlabelled == 2


@both
def test_documents_in_another_encoding(tmp_path, kind):
    path = make(tmp_path, kind, FILES)
    labels = write(tmp_path, LABELS)
    assert "c.txt is not utf-8: 0xe9" in error_of(path, labels, encoding="utf-8")
    assert read(path, labels, encoding="cp1252").texts[1] == "Java â€¢ cafÃ©"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"unlisted": "drop"}, "data.unlisted=drop is none of its choices: error, keep"),
        ({"unlisted": "keep", "split_column": "s"}, "do not go together"),
        ({"file_column": "name"}, "'name' (data.file_column"),
        ({"labels_column": "file"}, "given for two purposes. Check data.file_column"),
        ({"labels_column": None}, "neither is given"),
        ({"encoding": "utf-9"}, "data.encoding=utf-9"),
    ],
)
def test_options_that_do_not_fit(tmp_path, options, told):
    path = make(tmp_path, "folder", FILES)
    assert told in error_of(path, write(tmp_path, LABELS), **options)


def test_paths_that_lead_nowhere(tmp_path):
    path, labels = make(tmp_path, "folder", FILES), write(tmp_path, LABELS)
    assert "data.path=PATH" in error_of(None, labels)
    assert "no file or folder" in error_of(tmp_path / "none", labels)
    assert "neither a folder nor a .zip" in error_of(labels, labels)
    assert "data.labels_file=PATH" in error_of(path, None)
    assert "no file or folder q.csv (data.labels_file)" in error_of(path, "q.csv")
    assert "suffix '.xlsx'" in error_of(path, "labels.xlsx")
    (tmp_path / "empty").mkdir()
    assert "holds no documents (.txt, " in error_of(tmp_path / "empty", labels)
    assert "empty file (0 bytes). Check data.labels_file" in error_of(path, write(tmp_path, ""))


def test_a_zip_that_unpacks_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_DOCUMENT_BYTES", 5)
    assert "no résumé does" in error_of(make(tmp_path, "zip", FILES), write(tmp_path, LABELS))


def test_an_unreadable_document(tmp_path, monkeypatch):
    path, labels = make(tmp_path, "folder", FILES), write(tmp_path, LABELS)
    whole = Path.read_bytes

    def deny(path: Path) -> bytes:
        if path.name == "a.txt":
            raise PermissionError(13, "Permission denied")
        return whole(path)

    monkeypatch.setattr(Path, "read_bytes", deny)
    assert "row 2 (line 3), a.txt: can't be read (Permission denied)" in error_of(path, labels)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.integers(0, 900), noise=st.binary(max_size=8), cut=st.integers(0, 8))
@pytest.mark.parametrize("inside", [True, False])
def test_a_malformed_zip_is_told_or_read_whole(tmp_path, inside, at, noise, cut):
    files = {**FILES, "l.csv": LABELS.encode()} if inside else FILES
    data = make(tmp_path, "zip", files).read_bytes()
    path = tmp_path / "malformed.zip"
    path.write_bytes(data[:at] + noise + data[at + cut :])
    message, table = "", None
    try:
        table = read(path, "l.csv" if inside else write(tmp_path, LABELS))
    except UserError as error:
        message = str(error)
    assert "\n" not in message
    if table is None:
        return
    assert len(table) == 3


MADE = {
    "a.pdf": made.table([["Java", "software"], ["Web", "page"]]),
    "b/b.docx": made.word_with_hidden_text(),
    "c.html": b"<p>web page</p>",
    "d.txt": b"plain text",
    # The text of another file here.
    "d.pdf": b"",
}


@both
def test_documents_of_many_kinds(tmp_path, kind):
    content = "file,labels\na.pdf,X\nb,X;Y\nc,Y\nd,X\n"
    table = read(make(tmp_path, kind, MADE), write(tmp_path, content))
    assert table.ids == ["a.pdf", "b/b.docx", "c.html", "d.txt"]
    assert table.texts[0] == "Java\tsoftware\nWeb\tpage"
    assert "seen grey" in table.texts[1]
    assert "hidden" not in table.texts[1]
    assert table.texts[2:] == ["web page", "plain text"]
    notes = " ".join(table.notes)
    assert "1 documents hold text that a person can't see, such as 'b/b.docx'" in notes
    assert "these files were passed over: 'd.pdf'" in notes


@both
def test_documents_that_can_not_be_read(tmp_path, kind):
    files = {**MADE, "e.pdf": b"%PDF-1.7 damaged", "f.docx": b"", "g.doc": made.scan(["Java"])}
    content = "file,labels\na,X\nb,X\nc,Y\nd,X\ne,X\nf,Y\ng,Y\n"
    path, labels = make(tmp_path, kind, files), write(tmp_path, content)
    message = error_of(path, labels)
    for told in (
        "row 5 (line 6), e.pdf: the document is a damaged PDF",
        "row 6 (line 7), f.docx: the document is empty (0 bytes)",
        "row 7 (line 8), g.doc: the document has no text on its pages but pictures (a scan)",
    ):
        assert told in message
    table = read(path, labels, on_bad_rows="skip")
    assert table.ids == ["a.pdf", "b/b.docx", "c.html", "d.txt"]
    assert table.skipped_rows == 3
