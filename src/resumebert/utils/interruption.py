"""How a command reacts to SIGINT (Ctrl-C) and SIGTERM (kill, the time limit of a batch system)."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# A process may get one signal twice: from the batch system, and passed on by its parent.
SECONDS_OF_ONE_SIGNAL = 1.0

Handler = Callable[[int, FrameType | None], Any]


class Interruption(BaseException):
    """A signal that asks the command to end. It is not an error, so no ``Exception``.

    Attributes:
        signum: the signal.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(f"ended by {signal.Signals(signum).name}")
        self.signum = signum

    @property
    def exit_code(self) -> int:
        """Return the code that a shell expects of a process ended by a signal."""
        return 128 + self.signum


class NotedSignal:
    """Note a signal, for a loop that stops at its next safe point; a second one stops it at once.

    The same signal again within a second counts as one: it came by two ways.

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
        """Restore the handlers from before."""
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
    """Turn the signals into an :class:`Interruption`, in place of the trainer's own handler.

    The trainer's handler would wait for the other processes, which may wait for something else.
    """
    _install(_raise)


def _raise(signum: int, frame: FrameType | None) -> None:
    raise Interruption(signum)


def _install(handler: Handler) -> dict[signal.Signals, Any]:
    """Install ``handler`` in this process, but not in its forks; return the handlers from before.

    Outside the main thread, where Python allows no handlers, it does nothing.
    """
    owner = os.getpid()

    def handle(signum: int, frame: FrameType | None) -> None:
        if os.getpid() == owner:
            handler(signum, frame)
        elif signum == signal.SIGTERM:
            # A data loader's worker ends on SIGTERM. It ignores Ctrl-C, which its parent gets too:
            # the parent still needs its batches.
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
        # None: the handler was not installed from Python, which can't restore it.
        if handler is not None:
            signal.signal(signum, handler)
