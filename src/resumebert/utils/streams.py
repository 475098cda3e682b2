"""Make standard output and error work with any text, when closed, full or without a reader.

Only the commands use this. As a library, the package does not change its user's streams.
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
from typing import Any, NoReturn, TextIO

# The error handler that replaces characters which a console can't show.
IN_PLAIN = "resumebert.in_plain"
PLAIN = {"–": "-", "—": "-", "−": "-", "×": "x", "‘": "'", "’": "'", "“": '"', "”": '"'}


def exit_with_error(message: str) -> NoReturn:
    """Print a user's mistake without a traceback, and end the command with 1."""
    print(f"Error: {message}", file=sys.stderr)
    sys.exit(1)


@contextmanager
def steady_streams() -> Iterator[None]:
    """Let a command print any text anywhere, and end with a message if it can't.

    Characters that the encoding lacks are replaced by ASCII letters or their number. The command
    ends when the reader of its pipe has closed it. Errors in writing to stderr are ignored.
    """
    _use_utf8_mode()
    _open_closed()
    try:
        Path.cwd()
    except OSError as error:
        exit_with_error(
            f"the working directory does not exist any more ({error.strerror}). Change to another "
            "one with cd."
        )
    # If a stream can't be written, logging would print a traceback for each line.
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


def _use_utf8_mode() -> None:
    """Restart this process in Python's UTF-8 mode if the locale has another encoding.

    Otherwise file names, arguments and files that libraries write would depend on the locale, and
    a typed "é" would not equal the "é" in a table. The console keeps its encoding.
    """
    if sys.flags.utf8_mode or codecs.lookup(locale.getencoding()).name == "utf-8":
        return
    console = getattr(sys.stdout, "encoding", None) or locale.getencoding()
    environment = {"PYTHONIOENCODING": console, **os.environ, "PYTHONUTF8": "1"}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def _open_closed() -> None:
    """Open /dev/null for a closed 0, 1 or 2, so that no other file gets its number."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115


def _in_plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    plain = ""
    for character in error.object[error.start : error.end]:
        apart = unicodedata.normalize("NFKD", PLAIN.get(character, character))
        number = character.encode("ascii", "backslashreplace")
        plain += (apart.encode("ascii", "ignore") or number).decode()
    return plain, error.end


def _guarded(stream: TextIO, act: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*arguments: Any) -> Any:
        try:
            return act(*arguments)
        except OSError as error:
            _give_up(stream, error)

    return guarded


def _give_up(stream: TextIO, error: OSError) -> None:
    # To /dev/null, or the rest of the buffer would fail again, at the latest when Python ends.
    with suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
    if stream is sys.stderr:
        return
    if error.errno == errno.EPIPE:
        sys.exit(128 + signal.SIGPIPE)
    exit_with_error(
        f"standard output can't be written ({error.strerror}). Make room there, or redirect it "
        "somewhere else."
    )


def _end_of_thread(ended: threading.ExceptHookArgs) -> None:
    """Print no traceback for a disk error: the writer reports it in the main thread."""
    if not isinstance(ended.exc_value, OSError):
        threading.__excepthook__(ended)


codecs.register_error(IN_PLAIN, _in_plain)
