"""Loggers that do not stop the training when they can't write."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger

from resumebert.utils.durable_files import tell_or_raise
from resumebert.utils.errors import UnwrittenError

METHODS = ("log_metrics", "log_hyperparams", "log_graph", "save", "finalize")
Guard = Callable[[Callable[..., Any] | None], Callable[..., Any]]


def lenient(logger: Logger) -> Logger:
    """Make a logger warn once if it can't write, and then log nothing more; return it.

    Its ``experiment``, such as TensorBoard's writer, behaves the same way.
    """
    kind: Any = type(logger)
    is_lost = False

    def guard(function: Any) -> Callable[..., Any]:
        def guarded(*arguments: Any, **named: Any) -> Any:
            nonlocal is_lost
            if is_lost:
                return None
            try:
                return function(*arguments, **named)
            except Exception as error:
                # Lightning wraps the errors of TensorBoard.
                cause = error.__cause__ or error
                # A nested call may have reported it.
                if not is_lost:
                    if not isinstance(cause, OSError | UnicodeError):
                        raise
                    is_lost = True
                    _report(logger, cause)
                return None

        return guarded

    def experiment(self: Any) -> Any:
        return _Lenient(guard(kind.experiment.fget)(self), guard)

    # A property can only be replaced in the class.
    logger.__class__ = type(kind.__name__, (kind,), {"experiment": property(experiment)})
    for name in METHODS:
        setattr(logger, name, guard(getattr(logger, name)))
    return logger


class _Lenient:
    """A stand-in for the object that a logger writes with; None: it could not be made."""

    def __init__(self, writer: Any, guard: Guard) -> None:
        self._writer, self._guard = writer, guard

    def __getattr__(self, name: str) -> Any:
        # The guard calls nothing any more if there is no writer.
        value = None if self._writer is None else getattr(self._writer, name)
        return self._guard(value) if value is None or callable(value) else value


def _report(logger: Logger, cause: OSError | UnicodeError) -> None:
    """Warn that the log can't be written, and remove log files that are empty."""
    folder = logger.log_dir
    if isinstance(cause, UnicodeError):
        words = "the log can't be written where a path is not UTF-8."
        print(f"Warning: {folder}: {words}", file=sys.stderr)
        return
    for path in Path(folder or "").glob("*") if folder else ():
        # An empty log file would look like a run without figures.
        if path.is_file() and path.stat().st_size == 0:
            path.unlink()
    words = f"the log can't be written ({cause.strerror}), so nothing more is logged. Make "
    words += "room on the disk, or make the folder writable."
    tell_or_raise(UnwrittenError(folder or type(logger).__name__, words))
