"""What SIGINT (Ctrl-C) and SIGTERM (kill, a batch system's end of time) do to a command."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# A batch system signals every process of a job, and the one that started this one passes it on.
SECONDS_OF_ONE_SIGNAL = 1.0

Handler = Callable[[int, FrameType | None], Any]


class Interruption(BaseException):
    """A signal asks the command to end; no error, and not to be caught as one.

    Attributes:
        signum: the signal.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(f"ended by {signal.Signals(signum).name}")
        self.signum = signum

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process that a signal ended."""
        return 128 + self.signum


class NotedSignal:
    """Note a signal, for a loop that looks at it where it can stop; the second one does not wait.

    The same signal within a second is the first one, come another way.

    Attributes:
        signum: the signal that came; 0: none.
    """

    def __init__(self) -> None:
        self.signum = 0
        self._came_at = 0.0
        self._previous: dict[signal.Signals, Any] = {}

    def start(self) -> None:
        """Note signals from now on."""
        self._previous = _install(self._note)

    def stop(self) -> None:
        """Leave signals to whoever had them before."""
        _restore(self._previous)
        self._previous = {}

    def _note(self, signum: int, frame: FrameType | None) -> None:
        if self.signum == 0:
            self.signum, self._came_at = signum, time.monotonic()
        elif signum != self.signum or time.monotonic() > self._came_at + SECONDS_OF_ONE_SIGNAL:
            raise Interruption(signum)


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Turn the signals into an :class:`Interruption` inside the ``with`` block."""
    previous = _install(_raise)
    try:
        yield
    finally:
        _restore(previous)


def interrupt_from_now_on() -> None:
    """Turn the signals into an :class:`Interruption`, in place of what the trainer does with them.

    Its own handler talks to the other processes, which may be waiting for something else.
    """
    _install(_raise)


def _raise(signum: int, frame: FrameType | None) -> None:
    raise Interruption(signum)


def _install(handler: Handler) -> dict[signal.Signals, Any]:
    """Make ``handler`` that of this process, though not of those it forks; return the ones before.

    Outside the main thread Python lets no handler be installed, and nothing is done.
    """
    owner = os.getpid()

    def handle(signum: int, frame: FrameType | None) -> None:
        if os.getpid() == owner:
            handler(signum, frame)
        elif signum == signal.SIGTERM:
            # A data loader's worker is ended by this. Of Ctrl-C it hears with its parent, who
            # will still ask it for batches.
            signal.signal(signum, signal.SIG_DFL)
            os.kill(os.getpid(), signum)

    previous = {}
    try:
        for signum in SIGNALS:
            previous[signum] = signal.signal(signum, handle)
    except ValueError:
        return {}
    return previous


def _restore(previous: dict[signal.Signals, Any]) -> None:
    for signum, handler in previous.items():
        # None: it was installed by something else than Python, and can't be put back from here.
        if handler is not None:
            signal.signal(signum, handler)
