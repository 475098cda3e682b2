"""Loggers that do not stop the training when they can't write."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger

from resumebert.utils.durable_files import tell_or_raise
from resumebert.utils.errors import UnwrittenError

METHODS = ("log_metrics", "log_hyperparams", "log_graph", "save", "finalize")


def lenient(logger: Logger) -> Logger:
    """Make a logger warn once if it can't write, and then log nothing more; return it.

    Its ``experiment``, such as TensorBoard's writer, behaves the same way.
    """
    kind = type(logger)
    guard = _Guard(logger)

    def experiment(self: Any) -> Any:
        return _Lenient(guard(kind.experiment.__get__)(self), guard)  # type: ignore[attr-defined]

    # A property can only be replaced in the class.
    logger.__class__ = type(kind.__name__, (kind,), {"experiment": property(experiment)})
    for name in METHODS:
        setattr(logger, name, guard(getattr(logger, name)))
    return logger


class _Guard:
    """Wrap functions: after one of them could not write, none is called any more."""

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
                # A nested call may have reported it.
                if not self.is_lost:
                    self._lose(error)

        return guarded

    def _lose(self, error: Exception) -> None:
        # Lightning wraps the errors of TensorBoard.
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
            # An empty log file would look like a run without figures.
            if path.is_file() and path.stat().st_size == 0:
                path.unlink()
        tell_or_raise(
            UnwrittenError(
                folder or type(self._logger).__name__,
                f"the log can't be written ({cause.strerror}), so nothing more is logged. Make "
                "room on the disk, or make the folder writable.",
            )
        )


class _Lenient:
    """A stand-in for the object that a logger writes with."""

    def __init__(self, writer: Any, guard: _Guard) -> None:
        self._writer, self._guard = writer, guard

    def __getattr__(self, name: str) -> Any:
        if self._guard.is_lost:
            return self._guard(print)  # The guard calls nothing any more.
        value = getattr(self._writer, name)
        return self._guard(value) if callable(value) else value
