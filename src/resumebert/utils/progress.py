"""Show how far a long work is: a bar in a terminal, lines elsewhere; on standard error."""

import time
from typing import Self

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from resumebert.utils.console import duration, make_console

# Between two lines.
SECONDS = 15.0


class Counted:
    """So many of some things done, how many a second, and the time left; a context manager."""

    def __init__(self, things: str, total: int | None, done: int = 0) -> None:
        self._things, self._total = things, total
        self._before = self.done = done
        self._console = make_console(stderr=True)
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        self._started = self._last_line = time.monotonic()
        if self._console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=None),
                TextColumn("{task.fields[figures]}"),
                TimeRemainingColumn(),
                console=self._console,
                expand=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("labelling", total=self._total, figures="")
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def add(self, count: int) -> None:
        """Note that so many more are done."""
        self.done += count
        now = time.monotonic()
        speed = (self.done - self._before) / max(now - self._started, 1e-9)
        of = "" if self._total is None else f"/{self._total:,}"
        figures = f"{self.done:,}{of} {self._things}  {speed:,.1f} {self._things}/s"
        if self._bar is not None:
            self._bar.update(self._task, completed=self.done, figures=figures)
        elif now - self._last_line >= SECONDS:
            self._last_line = now
            if self._total is not None:
                figures += f"  about {duration((self._total - self.done) / speed)} left"
            self._console.print(figures, highlight=False)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._started
