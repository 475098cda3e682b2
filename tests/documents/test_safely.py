"""Documents are read in other processes: in order, within limits of time and memory."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest
from reportlab.pdfgen.canvas import Canvas

from documents import made
from resumebert.documents import read_documents_safely

MADE = {
    "a.docx": made.whole_word_document()[0],
    "b.txt": b"plain text",
    "c.pdf": made.table([["one", "two"]]),
    "d.pdf": b"%PDF-1.7 damaged",
    "e.html": b"<p>a page</p>",
    "f.txt": b"",
}


def slow_pdf() -> bytes:
    """Return a PDF that draws its whole page over and over."""

    def draw(canvas: Canvas) -> None:
        canvas.drawString(9, 9, "x")
        canvas._code += ["0 0 500 800 re f"] * 300_000

    return made.pdf(draw, pageCompression=1)


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order(tmp_path: Path, workers):
    for name, data in MADE.items():
        (tmp_path / name).write_bytes(data)
    paths = [tmp_path / name for name in [*MADE, "none.txt"] * 3]
    found = list(read_documents_safely(paths, workers=workers))
    assert [document.name for document in found] == [str(path) for path in paths]
    unread = [Path(document.name).name for document in found if document.error]
    assert unread == ["d.pdf", "f.txt", "none.txt"] * 3
    given = list(read_documents_safely(iter(MADE.items()), workers=workers))
    assert [document.text for document in given] == [document.text for document in found[:6]]
    assert given[2].pages == 1
    assert isinstance(given[0].notes, tuple)
    assert not children()


def test_what_takes_too_long_or_too_much_is_told_and_the_rest_goes_on(monkeypatch):
    sources = [("1.txt", b"one"), ("slow.pdf", slow_pdf()), ("2.txt", b"two")]
    began = time.monotonic()
    first, slow, last = read_documents_safely(sources, seconds=2)
    assert (first.text, last.text) == ("one", "two")
    assert slow.error == "takes longer than 2 s to read"
    assert time.monotonic() - began < 30

    large = ("large.txt", b"words of a text\n" * 2_000_000)
    first, large, last = read_documents_safely([sources[0], large, sources[2]], megabytes=60)
    assert (first.text, last.text) == ("one", "two")
    assert "memory" in str(large.error)


def test_a_reader_that_is_killed_is_replaced():
    documents = read_documents_safely((f"{i}.txt", b"text") for i in range(20))
    assert next(documents).text == "text"
    for process in children():
        os.kill(process.pid, signal.SIGKILL)
    rest = list(documents)
    assert len(rest) == 19
    assert not any(document.error for document in rest)


def test_whoever_stops_early_leaves_no_process_behind():
    documents = read_documents_safely([("1.txt", b"one"), ("slow.pdf", slow_pdf())] * 5, workers=2)
    assert next(documents).text == "one"
    began = time.monotonic()
    documents.close()
    assert time.monotonic() - began < 10
    assert not children()


def test_readers_end_with_a_command_that_is_killed(tmp_path: Path):
    script = textwrap.dedent("""
        import time
        from resumebert.documents import read_documents_safely
        documents = read_documents_safely((f"{i}.txt", b"text") for i in range(20))
        next(documents)
        print("ready", flush=True)
        time.sleep(600)
    """)
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        readers = psutil.Process(process.pid).children(recursive=True)
        assert readers
        process.kill()
    psutil.wait_procs(readers, timeout=20)
    assert not any(reader.is_running() for reader in readers)
