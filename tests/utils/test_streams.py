import io
import os
import subprocess
import sys
import threading

import pytest
from rich.table import Table

from resumebert.utils.console import make_console
from resumebert.utils.errors import UserError, report_user_errors
from resumebert.utils.streams import steady_streams

TEXT = "résumé … é – 5 × 3 │ νοσοκόμα 教師 👩 " + os.fsdecode(b"caf\xe9")


@pytest.fixture
def stream(monkeypatch):
    """``stream(encoding)``: make standard output one of that encoding; its bytes are in buffer."""

    def make(encoding: str) -> io.BytesIO:
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
        return raw

    return make


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "koi8-r", "big5", "utf-8"])
def test_any_text_is_printed_on_any_console(stream, encoding):
    raw = stream(encoding)
    with steady_streams():
        print(TEXT)
        table = Table("label", title=TEXT)
        table.add_row("教師")
        make_console().print(table)
        make_console().print(TEXT)
    printed = raw.getvalue().decode(encoding)
    assert printed.count("sum") == 3
    assert "caf\\udce9" in printed
    if encoding == "ascii":
        assert printed.startswith("resume ... e - 5 x 3 \\u2502 \\u03bd")
    if encoding in ("ascii", "latin-1", "cp1252"):
        # Written out before the columns are made, so that they stay columns.
        lines = [line for line in printed.splitlines() if line.startswith(("+", "|"))]
        assert len({len(line) for line in lines}) == 1
        assert "| \\u6559\\u5e2b |" in printed


def test_a_library_leaves_the_streams_alone(stream):
    stream("ascii")
    with pytest.raises(UnicodeEncodeError):
        print(TEXT)


def test_a_pipe_without_a_reader_ends_the_command_quietly(monkeypatch, capfd):
    read, write = os.pipe()
    os.close(read)
    monkeypatch.setattr(sys, "stdout", os.fdopen(write, "w"))
    with pytest.raises(SystemExit) as ended, steady_streams():
        print("x" * 100_000)
    assert ended.value.code == 141
    # What is left to be flushed meets no error.
    sys.stdout.close()
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")  # noqa: PTH110
@pytest.mark.parametrize("length", [10, 100_000])
def test_a_full_standard_output_is_told(monkeypatch, capfd, length):
    monkeypatch.setattr(sys, "stdout", open("/dev/full", "w"))  # noqa: PTH123, SIM115
    with pytest.raises(SystemExit) as ended, steady_streams():
        print("x" * length)
    assert ended.value.code == 1
    sys.stdout.close()
    [line] = capfd.readouterr().err.splitlines()
    assert line.startswith("Error: standard output can't be written (No space left on device)")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")  # noqa: PTH110
def test_a_full_standard_error_loses_the_message_alone(monkeypatch):
    @report_user_errors
    def command():
        raise UserError("a mistake")

    monkeypatch.setattr(sys, "stderr", open("/dev/full", "w"))  # noqa: PTH123, SIM115
    with pytest.raises(SystemExit) as ended, steady_streams():
        command()
    assert ended.value.code == 1
    sys.stderr.close()


def test_closed_streams_are_no_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    with steady_streams():
        make_console().print(TEXT)
        print(TEXT, file=sys.stderr)


def test_an_error_of_the_disk_in_the_background_is_no_traceback(capsys):
    def fail(error):
        raise error

    with steady_streams():
        for error in (OSError(28, "No space left on device"), ValueError("a bug")):
            thread = threading.Thread(target=fail, args=(error,))
            thread.start()
            thread.join()
    written = capsys.readouterr().err
    assert "No space left" not in written
    assert "ValueError: a bug" in written


@pytest.mark.skipif(sys.platform != "linux", reason="of file names and locales as Linux has them")
def test_what_is_typed_and_read_is_the_same_in_any_locale(tmp_path):
    command = [sys.executable, "-m", "resumebert.data.cache"]
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    cache = tmp_path / "é教"
    done = subprocess.run(
        [*command, "clear", "é教"],
        env={**os.environ, **locale, "RESUMEBERT_CACHE": str(cache)},
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 1
    words = done.stderr.decode("ascii")
    assert words.startswith("Error: the cache ")
    assert "e\\u6559 has nothing of the kind 'e\\u6559'" in words


def test_a_folder_that_is_gone_is_told(tmp_path, monkeypatch, capsys):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(SystemExit) as ended, steady_streams():
        pass
    assert ended.value.code == 1
    assert "Change to another one with cd" in capsys.readouterr().err
