"""predict.py: new documents, labelled and written as the documentation says."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from documents import made
from helpers import LEAN, LIMIT, REPOSITORY, Command
from resumebert import ResumeLabeler, compose, predict
from resumebert.utils.progress import Phase

TEXT = "Java developer, ten years of Spring and Hibernate in Berlin. "


@pytest.fixture
def run(shared_run: Callable[..., Path]) -> Path:
    return shared_run("predicting", *LEAN, "data.long_documents=windows", "seed=3")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """40 rows of different lengths, one of them broken."""
    path = tmp_path / "t.csv"
    rows = [f'r{i},"{TEXT * (i % 5 + 1)}no. {i}",=name{i}' for i in range(40)]
    rows[7] = "r7,,="
    path.write_text("\n".join(["id,cv,name", *rows]), encoding="utf-8")
    return path


def typed(run: Path, *arguments: str) -> tuple[str, ...]:
    return (f"ckpt={run}", "device=cpu", "workers=1", *arguments)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_table(run: Path, table: Path, command: Command, tmp_path: Path):
    options = (f"input={table}", "text_column=cv", "keep_columns=[name]")
    result = command("predict", *typed(run, *options, "output=out/F.csv"))
    assert result.code == 0, result.errors
    assert result.output == ""
    assert "40 documents in 0:" in result.errors
    assert "1 of them with an error. out/F.csv: 40 rows." in result.errors
    found = rows_of(tmp_path / "out" / "F.csv")
    assert [row["id"] for row in found] == [f"r{i}" for i in range(40)]
    assert [row["name"] for row in found] == [f"'=name{i}" for i in range(7)] + ["'="] + [
        f"'=name{i}" for i in range(8, 40)
    ]
    assert ["blank" in row["error"] for row in found] == [i == 7 for i in range(40)]

    labeler = ResumeLabeler.load(run, device="cpu")
    texts = [f"{TEXT * (i % 5 + 1)}no. {i}" for i in (0, 3)]
    for row, said in zip((found[0], found[3]), labeler.predict(texts), strict=True):
        assert row["labels"] == ";".join(said.labels)
        assert int(row["windows"]) == len(said.windows)
        for name, probability in said.probabilities.items():
            assert float(row[f"probability/{name}"]) == pytest.approx(probability, abs=1e-3)
        passages = json.loads(row["passages"] or "[]")
        assert [passage["label"] for passage in passages] == said.labels
        for passage in passages:
            assert passage["text"] == said.text[passage["start"] : passage["end"]]

    # The same in the other formats, with the words that speak for the labels.
    for name in ("F.jsonl", "F.parquet"):
        arguments = typed(run, *options, f"output={name}", "explain=true")
        assert command("predict", *arguments).code == 0
    lines = [json.loads(line) for line in (tmp_path / "F.jsonl").read_text().splitlines()]
    assert [row["labels"] for row in lines] == [
        [*filter(None, r["labels"].split(";"))] for r in found
    ]
    assert lines[0]["name"] == "=name0"
    columns = pq.read_table(tmp_path / "F.parquet").to_pydict()
    assert columns["labels"] == [row["labels"] for row in lines]
    for name in ("passages", "words"):
        assert columns[name] == [row[name] for row in lines]
    for row, text in ((lines[0], texts[0]), (lines[3], texts[1])):
        assert {word["label"] for word in row["words"]} >= set(row["labels"])
        for word in row["words"]:
            assert text[word["start"] : word["end"]] == word["word"]
    assert lines[7]["words"] == []


def documents() -> dict[str, bytes]:
    """Twenty résumés in six formats, in folders."""
    found = {}
    for i in range(20):
        words = f"{TEXT}Résumé no. {i}. {' '.join(made.WORDS[:30])}."
        kind = ("txt", "pdf", "docx", "odt", "rtf", "html")[i % 6]
        found[f"{'ab'[i % 2]}/cv{i:02}.{kind}"] = {
            "txt": lambda text: text.encode(),
            "pdf": lambda text: made.pdf(lambda canvas: canvas.drawString(50, 700, text[:90])),
            "docx": lambda text: made.word(lambda document: document.add_paragraph(text)),
            "odt": lambda text: made.open_document(f"<text:p>{text}</text:p>"),
            "rtf": lambda text: rb"{\rtf1\ansi " + text.encode("cp1252", "replace") + b"}",
            "html": lambda text: f"<html><body><p>{text}</p></body></html>".encode(),
        }[kind](words)
    return found


def test_twenty_resumes_in_six_formats(run: Path, command: Command, tmp_path: Path):
    made_of = documents()
    made_of["a/scan.png"] = b"\x89PNG a picture"
    for name, data in made_of.items():
        (tmp_path / "cvs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "cvs" / name).write_bytes(data)
    result = command("predict", *typed(run, "input=cvs", "output=labels.csv", "write_text=true"))
    assert result.code == 0, result.errors
    found = rows_of(tmp_path / "labels.csv")
    assert [row["id"] for row in found] == sorted(made_of)
    failed = [row for row in found if row["error"]]
    assert [row["id"] for row in failed] == ["a/scan.png"]
    assert "recognise its text first" in failed[0]["error"]
    for row in found:
        assert row in failed or "ten years of Spring" in row["text_as_read"]
    one = command("predict", *typed(run, "input=cvs/a/cv02.docx", "output=F.jsonl"))
    assert one.code == 0, one.errors
    row = json.loads((tmp_path / "F.jsonl").read_text())
    assert ";".join(row["labels"]) == found[1]["labels"]
    assert {path.name for path in tmp_path.iterdir()} == {"cvs", "labels.csv", "F.jsonl"}


@pytest.mark.slow
def test_standard_input_and_output_of_a_process(run: Path, tmp_path: Path):
    given = f"{TEXT}\nZürich\n".encode()
    result = subprocess.run(
        [sys.executable, str(REPOSITORY / "predict.py"), *typed(run, "input=-", "output=-")],
        cwd=tmp_path, input=given, capture_output=True, timeout=LIMIT,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    [row] = [json.loads(line) for line in result.stdout.splitlines()]
    assert row["id"] == "stdin"
    assert list(tmp_path.iterdir()) == []


def test_standard_input_and_output(
    run: Path, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    given = f"{TEXT}\nZürich\n".encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(given))))
    result = command("predict", *typed(run, "input=-", "output=-"))
    assert result.code == 0, result.errors
    [row] = [json.loads(line) for line in result.output.splitlines()]
    assert row["id"] == "stdin"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(given))))
    lines = command("predict", *typed(run, "input=-", "output=-", "read_as=lines", "format=csv"))
    assert lines.code == 0, lines.errors
    found = list(csv.DictReader(io.StringIO(lines.output)))
    assert [row["id"] for row in found] == ["1", "2"]
    assert list(tmp_path.iterdir()) == []


# Kills itself after the second of the pieces that rows are written in. Of the first it has noted
# that it is there, of the second a part is in the file.
KILLED = f"""
import os, runpy, signal, sys
from resumebert.inference import outputs

outputs._SECONDS = 0.0
write = outputs._File.write
def write_and_die(self, rows):
    if self._written[0]:
        outputs._SECONDS = 1e9
        write(self, rows[:100])
        self._stream.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    write(self, rows)
outputs._File.write = write_and_die
sys.argv[0] = "predict.py"
runpy.run_path({str(REPOSITORY / "predict.py")!r}, run_name="__main__")
"""


@pytest.mark.slow
def test_a_killed_command_goes_on(run: Path, command: Command, tmp_path: Path):
    """With kill -9: nothing is twice, nothing is missing."""
    count = 3_000
    table = tmp_path / "t.csv"
    rows = [f'r{i},"{TEXT}no. {i}"' for i in range(count)]
    table.write_text("\n".join(["id,text", *rows]), encoding="utf-8")
    arguments = typed(run, f"input={table}", "output=F.csv", "batch_size=64")
    record, output = tmp_path / "F.csv.partial.json", tmp_path / "F.csv"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], cwd=tmp_path, stderr=subprocess.DEVNULL
    )
    assert killed.returncode == -signal.SIGKILL
    noted = json.loads(record.read_text())
    assert 0 < noted["rows"] < count
    assert (tmp_path / "F.csv.partial").stat().st_size > noted["bytes"]
    assert not output.exists()
    # Another command does not take its place, and loses nothing of it.
    other = command("predict", *arguments, "text_column=id")
    assert (other.code, output.exists()) == (1, False)
    assert "had another 'text_column'" in other.errors

    result = command("predict", *arguments)
    assert result.code == 0, result.errors
    assert "rows are there already, and are gone on with" in result.errors
    found = rows_of(output)
    assert [row["id"] for row in found] == [f"r{i}" for i in range(count)]
    assert not record.exists()
    last = ResumeLabeler.load(run, device="cpu").predict([f"{TEXT}no. {count - 1}"])[0]
    assert found[-1]["labels"] == ";".join(last.labels)


def test_memory_does_not_grow_with_rows(
    run: Path, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    count = 8_192
    # Long rows take the place of many.
    note = "note " * 1_000
    rows = (json.dumps({"text": f"{TEXT}no. {i}", "note": note}) for i in range(count))
    (tmp_path / "t.jsonl").write_text("\n".join(rows), encoding="utf-8")
    resident = {}

    def add(progress: Phase, number: int) -> None:
        progress.done += number
        resident[progress.done] = psutil.Process(os.getpid()).memory_info().rss

    monkeypatch.setattr(Phase, "add", add)
    options = ("input=t.jsonl", "output=F.csv", "batch_size=128", "keep_columns=[note]")
    result = command("predict", *typed(run, *options))
    assert result.code == 0, result.errors
    assert max(resident) == count
    # What is allocated once, whatever the number of rows, is there by the middle.
    early = max(size for done, size in resident.items() if done <= count / 2)
    later = max(size for done, size in resident.items() if done > count / 2)
    written_later = (tmp_path / "F.csv").stat().st_size / 2
    assert later - early < written_later / 2


MISTAKES = {
    "ckpt is not given": ["input=t.csv", "output=F.csv"],
    "input: no value is given": ["ckpt=x", "output=F.csv"],
    "no such file or folder": ["ckpt=nowhere", "input=t.csv", "output=F.csv"],
    "There is no file or folder nowhere.csv (input)": ["input=nowhere.csv", "output=F.csv"],
    "has no column 'text' (text_column": ["input=t.csv", "output=F.csv"],
    "its ending is none of .csv": ["input=t.csv", "output=F.xlsx"],
    "read_as=book: must be": ["input=t.csv", "output=F.csv", "read_as=book"],
    "batch_size=0: must be": ["input=t.csv", "output=F.csv", "batch_size=0"],
    "device=abacus": ["input=t.csv", "output=F.csv", "device=abacus"],
}


@pytest.mark.parametrize("words", list(MISTAKES))
def test_a_mistake_is_one_paragraph(
    run: Path, table: Path, command: Command, tmp_path: Path, words
):
    arguments = MISTAKES[words]
    if "ckpt" not in words and not any(argument.startswith("ckpt") for argument in arguments):
        arguments = [f"ckpt={run}", *arguments]
    if "device" in words:
        arguments = [*arguments, "text_column=cv"]
    result = command("predict", *arguments)
    assert result.code == 1
    assert words in result.errors
    assert result.errors.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_an_exported_folder_labels_too(run: Path, table: Path, command: Command, tmp_path: Path):
    result = command("export", f"ckpt={run}", "output=model", "documents=2")
    assert result.code == 0, result.errors
    options = (f"input={table}", "text_column=cv", "precision=32-true")
    for model in (run, "model"):
        output = f"output={Path(model).name}.csv"
        result = command("predict", *typed(run, *options, output), f"ckpt={model}")
        assert result.code == 0, result.errors
    own, exported = (rows_of(tmp_path / f"{name}.csv") for name in (run.name, "model"))
    assert [row["labels"] for row in own] == [row["labels"] for row in exported]


def test_from_python(run: Path, tmp_path: Path):
    (tmp_path / "cv.txt").write_text(TEXT)
    given = [f"input={tmp_path / 'cv.txt'}", f"output={tmp_path / 'F.csv'}"]
    assert predict(compose([*typed(run), *given], name="predict")) == 1
    assert len(rows_of(tmp_path / "F.csv")) == 1


def test_help_names_the_ways_to_use_it(command: Command):
    result = command("predict", "--help")
    assert "echo" in result.output
    assert "keep_columns" in result.output
