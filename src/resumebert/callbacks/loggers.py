"""Loggers that don't take the training with them when they can't write."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger

from resumebert.utils.durable_files import tell_or_raise
from resumebert.utils.errors import UnwrittenError

METHODS = ("log_metrics", "log_hyperparams", "log_graph", "save", "finalize")


def lenient(logger: Logger) -> Logger:
    """Return the logger, which says once that it can't write, and from then on logs no more.

    So does its ``experiment``, such as TensorBoard's writer.
    """
    kind = type(logger)
    guard = _Guard(logger)

    def experiment(self: Any) -> Any:
        return _Lenient(guard(kind.experiment.__get__)(self), guard)  # type: ignore[attr-defined]

    # A property can't be replaced in an object, only in its class.
    logger.__class__ = type(kind.__name__, (kind,), {"experiment": property(experiment)})
    for name in METHODS:
        setattr(logger, name, guard(getattr(logger, name)))
    return logger


class _Guard:
    """Makes functions lenient, all together: none is called any more once one could not write."""

    def __init__(self, logger: Logger) -> None:
        self.is_lost = False
        self._logger = logger

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*arguments: Any, **named: Any) -> Any:
            if self.is_lost:
                return None
            try:
                return function(*arguments, **named)
            except Exception as error:
                # It may have been lost further in.
                if not self.is_lost:
                    self._lose(error)

        return guarded

    def _lose(self, error: Exception) -> None:
        # Lightning has another reason for whatever TensorBoard raises.
        cause = error.__cause__ or error
        if not isinstance(cause, OSError | UnicodeError):
            raise error
        self.is_lost = True
        folder = self._logger.log_dir
        if isinstance(cause, UnicodeError):
            print(
                f"Warning: {folder}: the log can't be written where a path is not UTF-8.",
                file=sys.stderr,
            )
            return
        for path in Path(folder or "").glob("*") if folder else ():
            # A file that is empty looks like one that was read and has nothing.
            if path.is_file() and path.stat().st_size == 0:
                path.unlink()
        tell_or_raise(
            UnwrittenError(
                folder or type(self._logger).__name__,
                f"the log can't be written ({cause.strerror}), and ends "
                "here. Make room on the disk, or make the folder writable.",
            )
        )


class _Lenient:
    """Stands in for what a logger writes with."""

    def __init__(self, writer: Any, guard: _Guard) -> None:
        self._writer, self._guard = writer, guard

    def __getattr__(self, name: str) -> Any:
        if self._guard.is_lost:
            return self._guard(print)  # Nothing is called any more.
        value = getattr(self._writer, name)
        return self._guard(value) if callable(value) else value
