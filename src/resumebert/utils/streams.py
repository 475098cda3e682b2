"""Standard output and error that take any text, and may be closed, full or left by their reader.

For the entry points alone: a library leaves its user's streams as they are.
"""

import codecs
import errno
import locale
import logging
import os
import signal
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

# How a console that can't show a character is given another.
IN_PLAIN = "resumebert.in_plain"
PLAIN = {"–": "-", "—": "-", "−": "-", "×": "x", "‘": "'", "’": "'", "“": '"', "”": '"'}


@contextmanager
def steady_streams() -> Iterator[None]:
    """Let a command print whatever it prints, wherever to, and end in words where it can't.

    What an encoding lacks is written in plain letters, or by its number. When the reader of a pipe
    has gone, the command ends; what stderr does not take is lost.
    """
    _in_utf8_mode()
    _open_closed()
    _check_working_directory()
    # Of a stream that can't be written, a traceback for each line.
    logging.raiseExceptions, before = False, threading.excepthook
    threading.excepthook = _end_of_thread
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and stream.errors != IN_PLAIN:
            stream.reconfigure(errors=IN_PLAIN)
            for name in ("write", "flush"):
                setattr(stream, name, _guarded(stream, getattr(stream, name)))
    try:
        yield
    finally:
        logging.raiseExceptions, threading.excepthook = True, before
        sys.stdout.flush()
        sys.stderr.flush()


def _in_utf8_mode() -> None:
    """Start this process again in Python's UTF-8 mode, if the locale's encoding is another.

    Else the files of libraries, the names of files and what was typed would depend on the locale,
    and "é" in a table would not be the "é" that was typed. The console keeps its encoding.
    """
    if sys.flags.utf8_mode or codecs.lookup(locale.getencoding()).name == "utf-8":
        return
    console = getattr(sys.stdout, "encoding", None) or locale.getencoding()
    environment = {"PYTHONIOENCODING": console, **os.environ, "PYTHONUTF8": "1"}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def _open_closed() -> None:
    """Open what of 0, 1 and 2 is closed on nothing, so that no file is opened in their place."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115


def _check_working_directory() -> None:
    try:
        Path.cwd()
    except OSError as error:
        print(
            f"Error: the folder that this was typed in can't be entered any more ({error.strerror})"
            ". Change to another one with cd.",
            file=sys.stderr,
        )
        sys.exit(1)


def _in_plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    return "".join(map(_plain, characters)), error.end


def _plain(character: str) -> str:
    apart = unicodedata.normalize("NFKD", PLAIN.get(character, character))
    return apart.encode("ascii", "ignore").decode() or (
        character.encode("ascii", "backslashreplace").decode()
    )


def _guarded(stream: TextIO, act: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*arguments: Any) -> Any:
        try:
            return act(*arguments)
        except OSError as error:
            _leave(stream, error)

    return guarded


def _leave(stream: TextIO, error: OSError) -> None:
    # What is left in the buffer would be tried again, and again when Python ends.
    with suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
    if stream is sys.stderr:
        return
    if error.errno == errno.EPIPE:
        sys.exit(128 + signal.SIGPIPE)
    print(
        f"Error: standard output can't be written ({error.strerror}). Make room where it goes to, "
        "or send it somewhere else.",
        file=sys.stderr,
    )
    sys.exit(1)


def _end_of_thread(ended: threading.ExceptHookArgs) -> None:
    """Leave out an error of the disk: what writes in the background says it where it is asked."""
    if not isinstance(ended.exc_value, OSError):
        threading.__excepthook__(ended)


codecs.register_error(IN_PLAIN, _in_plain)
