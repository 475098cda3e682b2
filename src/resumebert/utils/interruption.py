"""How a command reacts to SIGINT (Ctrl-C) and SIGTERM (kill, the time limit of a batch system)."""

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# A process may get one signal twice: from the batch system, and passed on by its parent.
SECONDS_OF_ONE_SIGNAL = 1.0

Handler = Callable[[int, FrameType | None], Any]


class Interruption(BaseException):
    """A signal that asks the command to end: no error, so no ``Exception``."""

    def __init__(self, signum: int) -> None:
        super().__init__(f"ended by {signal.Signals(signum).name}")
        self.signum = signum
        self.exit_code = 128 + signum


class NotedSignal:
    """Note a signal, for a loop that stops at its next safe point; a second one stops it at once.

    The same signal again within a second counts as one: it came by two ways. ``signum`` 0: none
    came. While ``at_once`` is set, the first signal stops it too.
    """

    def __init__(self) -> None:
        self.signum = 0
        self.at_once = False
        self._came_at = 0.0
        self._handling = ExitStack()

    def start(self) -> None:
        """Note signals from now on."""
        self._handling.enter_context(handling(self._note))

    def stop(self) -> None:
        """Restore the handlers from before."""
        self._handling.close()

    def _note(self, signum: int, frame: FrameType | None) -> None:
        if self.signum == 0 and not self.at_once:
            self.signum, self._came_at = signum, time.monotonic()
        elif signum != self.signum or time.monotonic() > self._came_at + SECONDS_OF_ONE_SIGNAL:
            raise Interruption(signum)


@contextmanager
def handling(handler: Handler, signals: Iterable[int] = SIGNALS) -> Iterator[None]:
    """Let ``handler`` react to signals in this process, not in its forks nor other threads."""
    previous = install(handler, signals)
    try:
        yield
    finally:
        for signum, before in previous.items():
            # None: the handler was not installed from Python, which can't restore it.
            if before is not None:
                signal.signal(signum, before)


def install(handler: Handler, signals: Iterable[int] = SIGNALS) -> dict[int, Any]:
    """Do as :func:`handling` from now on; return the handlers from before."""
    owner = os.getpid()

    def handle(signum: int, frame: FrameType | None) -> None:
        if os.getpid() == owner:
            handler(signum, frame)
        elif signum == signal.SIGTERM:
            # A data loader's worker ends on SIGTERM. It ignores Ctrl-C, which its parent gets too:
            # the parent still needs its batches.
            signal.signal(signum, signal.SIG_DFL)
            os.kill(os.getpid(), signum)

    try:
        return {signum: signal.signal(signum, handle) for signum in signals}
    except ValueError:
        return {}


def signals_interrupt() -> AbstractContextManager[None]:
    """Turn the signals into an :class:`Interruption` inside the ``with`` block."""
    return handling(_raise)


def interrupt_from_now_on() -> None:
    """Turn the signals into an :class:`Interruption`, in place of the trainer's own handler.

    The trainer's handler would wait for the other processes, which may wait for something else.
    """
    install(_raise)


def _raise(signum: int, frame: FrameType | None) -> None:
    raise Interruption(signum)
