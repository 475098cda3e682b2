"""Show what a command is at, how far it is and how long it takes.

A command shows it inside :func:`showing`: in a terminal a bar for each phase of the work, elsewhere
a line about every 15 seconds, however long a single step takes. Outside of it, as in a notebook,
phases say nothing.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import ContextDecorator, contextmanager
from threading import Event, RLock, Thread
from typing import Self, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

from resumebert.utils.console import duration

# Between two lines.
SECONDS = 15.0

Item = TypeVar("Item")


class Phase(ContextDecorator):
    """A part of a command's work: a context manager or decorator. Phases may lie in one another.

    Args:
        what: its name, such as ``validation``.
        total: how many steps it has; None: nobody knows.
        things: what the steps are, such as ``documents``; empty: their number says nothing.
        done: how many were done before.

    Attributes:
        what: as given; it may change.
        figures: what else is to be shown.
        done: how many steps are done.
    """

    def __init__(
        self, what: str, total: float | None = None, things: str = "", *, done: int = 0
    ) -> None:
        self.what, self.total, self.things = what, total, things
        self.figures = ""
        self._before = self.done = done
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        if _display is not None:
            _display.open(self)
        return self

    def __exit__(self, *_: object) -> None:
        if _display is not None:
            _display.close(self)

    def add(self, count: int = 1) -> None:
        """Note that so many more steps are done."""
        self.done += count
        if _display is not None:
            _display.moved(self)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._started

    def told(self) -> str:
        """Return how far it is, without the time."""
        count = ""
        if self.things:
            of = "" if self.total is None else f"/{self.total:,}"
            count = f"{self.done:,}{of} {self.things}"
        return "  ".join(filter(None, [count, self.figures]))

    def time(self) -> str:
        """Return how long it will take, or has taken if that can't be told."""
        steps = self.done - self._before
        if self.total is None or steps <= 0:
            return f"{duration(self.seconds)} so far"
        return f"about {duration(self.seconds / steps * (self.total - self.done))} left"


def steps(items: Sequence[Item], what: str, things: str) -> Iterator[Item]:
    """Yield the items, each a step of a phase."""
    with Phase(what, len(items), things) as phase:
        for item in items:
            yield item
            phase.add()


@contextmanager
def showing(console: Console, seconds: float = SECONDS) -> Iterator[None]:
    """Show the phases inside the ``with`` block.

    Args:
        console: where, unless they are shown already.
        seconds: between two lines, where it is no terminal.
    """
    global _display
    if _display is not None:
        before, _display.seconds = _display.seconds, seconds
        try:
            yield
        finally:
            _display.seconds = before
        return
    _display = _Display(console, seconds)
    try:
        yield
    finally:
        _display.end()
        _display = None


def seconds_by_phase() -> dict[str, float]:
    """Return how long each part of the command has taken, of those that have ended.

    A part within another counts to the outer one. All epochs of a training count as one part.
    """
    return {} if _display is None else dict(_display.seconds_by_phase)


class _Times(ProgressColumn):
    """How long a phase has taken, and how much longer it will if that can be told."""

    def render(self, task: Task) -> Text:
        left = task.time_remaining
        said = "" if left is None else f", {duration(left)} left"
        return Text(f"{duration(task.elapsed or 0)}{said}")


class _Display:
    def __init__(self, console: Console, seconds: float) -> None:
        self._console, self.seconds = console, seconds
        self._phases: list[Phase] = []
        self.seconds_by_phase: dict[str, float] = {}
        self._bars: Progress | None = None
        self._tasks: list[TaskID] = []
        self._lock = RLock()
        self._last_line = time.monotonic()
        self._ended = Event()
        if not console.is_terminal:
            # A step may take minutes, and says nothing meanwhile.
            Thread(target=self._watch, daemon=True).start()

    def open(self, phase: Phase) -> None:
        with self._lock:
            self._phases.append(phase)
            if self._console.is_terminal:
                if self._bars is None:
                    self._bars = Progress(
                        TextColumn("{task.description}"),
                        BarColumn(bar_width=None),
                        TextColumn("{task.fields[told]}"),
                        _Times(),
                        console=self._console,
                        expand=True,
                        transient=True,
                    )
                    self._bars.start()
                self._tasks.append(
                    self._bars.add_task(
                        phase.what, total=phase.total, completed=phase.done, told=phase.told()
                    )
                )

    def close(self, phase: Phase) -> None:
        with self._lock:
            if phase not in self._phases:
                return
            place = self._phases.index(phase)
            if place == 0:
                name = phase.what.partition(",")[0]
                self.seconds_by_phase[name] = self.seconds_by_phase.get(name, 0.0) + phase.seconds
            # With it those in it that an exception has left open.
            del self._phases[place:]
            if self._bars is not None:
                for task in self._tasks[place:]:
                    self._bars.remove_task(task)
                del self._tasks[place:]
                if not self._phases:
                    self._bars.stop()
                    self._bars = None

    def moved(self, phase: Phase) -> None:
        with self._lock:
            if self._bars is None:
                self._tell()
            elif phase in self._phases:
                self._bars.update(
                    self._tasks[self._phases.index(phase)],
                    completed=phase.done,
                    description=phase.what,
                    told=phase.told(),
                )

    def end(self) -> None:
        self._ended.set()
        for phase in self._phases[:1]:
            self.close(phase)

    def _watch(self) -> None:
        while not self._ended.wait(1.0):
            with self._lock:
                self._tell()

    def _tell(self) -> None:
        now = time.monotonic()
        if self._phases and now - self._last_line >= self.seconds:
            self._last_line = now
            last = self._phases[-1]
            name = ": ".join(phase.what for phase in self._phases)
            line = "  ".join(filter(None, [name, last.told(), last.time()]))
            self._console.print(line, highlight=False, soft_wrap=True)


_display: _Display | None = None
