"""A calibration of a user's own: ``evaluation.calibration=mylab.parts.Shrunk``, a dotted name.

It is a dataclass with the methods of :class:`Fitted`. A checkpoint holds its dotted name and its
fields, and whoever opens the checkpoint must trust its package.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from resumebert.evaluation.areas import Flags, Floats
from resumebert.model.checkpoint_file import check_plain
from resumebert.utils.errors import UserError
from resumebert.utils.trust import imported, trusted


class Fitted(Protocol):
    """What a user's class must have; its fields are lists, texts and numbers of plain Python."""

    @classmethod
    def fit(cls, logits: Floats, truth: Flags, weights: Floats) -> "Fitted":
        """Return the calibration of m validation documents: (m, L) logits and truth, (m,) weights.

        Truth is neither all true nor all false. The weights of a group of duplicates add up to 1.
        """

    def apply(self, logits: Floats) -> Floats:
        """Return the probabilities (n, L), in [0, 1], of logits (n, L); n may be 0."""


@dataclass(frozen=True)
class OwnCalibration:
    """A fitted calibration of the class with the dotted name ``method``; it has no notes."""

    method: str
    fitted: Fitted
    notes: list[str] = field(default_factory=list)

    def apply(self, logits: npt.NDArray[np.floating]) -> Floats:
        """Return the probabilities (n, L) of logits (n, L).

        Raises:
            UserError: the user's class fails, or what it returns are no probabilities.
        """
        found = np.asarray(_called(self.method, self.fitted.apply, logits.astype(np.float64)))
        if found.shape != logits.shape or not ((found >= 0) & (found <= 1)).all():
            raise UserError(
                f"evaluation.calibration: {self.method}.apply must return probabilities in [0, 1] "
                f"of the logits' shape, {logits.shape}."
            )
        return found.astype(np.float64)

    def to_plain(self) -> dict[str, Any]:
        """Return a dictionary of plain Python values."""
        return {"method": self.method, "parameters": asdict(self.fitted)}  # type: ignore[call-overload]

    @classmethod
    def from_plain(
        cls, plain: dict[str, Any], trust: Sequence[str], where: str
    ) -> "OwnCalibration":
        """Return what :meth:`to_plain` was called on, if its package is trusted."""
        kind = calibration_class(plain["method"], trust, where)
        return cls(plain["method"], kind(**plain["parameters"]))


def calibration_class(
    name: str, trust: Sequence[str] | None = None, where: str = "evaluation.calibration"
) -> Any:
    """Import a user's class of calibration by its dotted name.

    Where a checkpoint names it, ``trust`` are the packages that it may be of, and ``where`` is what
    to call the checkpoint in a message; without ``trust`` the user named it.

    Raises:
        UserError: it is not trusted, can't be imported, or has not what :class:`Fitted` has.
    """
    kind = imported(name, where) if trust is None else trusted(name, trust, where, "calibrations")
    has_methods = all(callable(getattr(kind, method, None)) for method in ("fit", "apply"))
    if not (isinstance(kind, type) and is_dataclass(kind) and has_methods):
        raise UserError(
            f"{where}: {name} is no calibration. It must be a dataclass with the methods fit and "
            "apply, as docs/extending.md shows."
        )
    return kind


def fit_own(name: str, logits: Floats, truth: Flags, weights: Floats) -> OwnCalibration:
    """Fit the class of that name, as :meth:`Fitted.fit` says.

    Raises:
        UserError: there is none, it fails, or a checkpoint can't hold what it returns.
    """
    kind = calibration_class(name)
    found = _called(name, kind.fit, logits, truth, weights)
    try:
        if type(found) is not kind:
            raise TypeError(f"it returned a {type(found).__name__}")
        check_plain(asdict(found))
    except (TypeError, ValueError) as error:
        raise UserError(
            f"evaluation.calibration: {name}.fit must return an object of the class, whose fields "
            f"are lists, texts and numbers of plain Python, for the checkpoint ({error})."
        ) from error
    return OwnCalibration(name, found)


def _called(name: str, method: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return method(*arguments)
    except Exception as error:
        raise UserError(
            f"evaluation.calibration: {name}.{method.__name__} failed ({type(error).__name__}: "
            f"{error})."
        ) from error
