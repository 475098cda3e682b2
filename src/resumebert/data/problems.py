"""The problems of a source, collected for one message, and what messages are made of."""

from collections.abc import Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from resumebert.utils.errors import UserError

SHOWN_PROBLEMS = 20
LISTED_SKIPPED = 1000
_LONG_MESSAGE = 500


class Problems:
    """The problems of one source, collected so that one message can show them together.

    With ``skip_rows``, a problem of a row costs that row alone, and is listed instead of raised:
    the first so many that are ``listed`` in words.

    Attributes:
        not_rows: how many problems were of what is no row of the table, such as blank lines.
    """

    def __init__(
        self, source: str, *, skip_rows: bool = False, listed: float = LISTED_SKIPPED
    ) -> None:
        self.source = source
        self._listed = listed
        self.skip_rows = skip_rows
        # Of several files of one table, the one that is being read, and the rows in those before.
        self.file = ""
        self.rows_before = 0
        self.count = 0
        self.doubts: list[str] = []
        self._encodings: dict[str, list[str]] = {}
        self._notes: list[str] = []
        self._shown: list[str] = []
        # Number of a row left out → what is wrong with it, or "" where too many are; one that is
        # not in the table has a number below 0.
        self._skipped: dict[int, str] = {}
        self.not_rows = 0

    def add(self, where: str, what: str) -> None:
        """Note a problem; ``where`` is a row or a file, or empty for the source as a whole."""
        self.count += 1
        if len(self._shown) < SHOWN_PROBLEMS:
            self._shown.append(self._told(where, what))

    def add_row(self, where: str, what: str, row: int | None = None) -> None:
        """Note a problem of one row at ``where``; ``row``: its number if it is in the table."""
        if not self.skip_rows:
            self.add(where, what)
            return
        if row is None:
            self.not_rows += 1
        number = -self.not_rows if row is None else row
        if number not in self._skipped:
            is_listed = len(self._skipped) < self._listed
            self._skipped[number] = self._told(where, what) if is_listed else ""
        elif 0 < len(self._skipped[number]) < _LONG_MESSAGE:
            self._skipped[number] += f"; {what}"

    def add_numbered(self, row: int, what: str) -> None:
        """Note a problem of a row of the table by its number."""
        self.add_row(f"row {row}", what, int(row))

    def _told(self, where: str, what: str) -> str:
        place = ", ".join(part for part in (self.file, where) if part)
        return printable(f"{place}: {what}" if place else what)

    def take_rows(self) -> dict[int, str]:
        """Return what is wrong with the rows noted since the last call, and forget them."""
        found, self._skipped = self._skipped, {}
        return {row: what for row, what in found.items() if row >= 0}

    def remark(self, note: str) -> None:
        """Note what is no problem, but worth knowing."""
        self._notes.append(note)

    def doubt(self, warning: str) -> None:
        """Note what is no problem for the reader, but probably one for its user."""
        self.doubts.append(warning)

    def guessed_encoding(self, name: str, encoding: str) -> None:
        """Note that a file without a byte order mark is taken to be in another one than UTF-8."""
        self._encodings.setdefault(encoding, []).append(name)

    @property
    def notes(self) -> list[str]:
        """What is worth knowing, the files taken for one encoding in one note."""
        guesses = [
            f"{files[0] + ' is' if len(files) == 1 else f'{len(files)} files are'} not UTF-8 and "
            f"read as {encoding}{'' if len(files) == 1 else f' ({name_list(files)})'}. If letters "
            f"come out wrong, declare data.encoding."
            for encoding, files in self._encodings.items()
        ]
        return [*map(printable, self._notes), *map(printable, guesses)]

    def is_bad(self, row: int) -> bool:
        """Return whether a row is to be left out."""
        return row in self._skipped

    @property
    def bad_rows(self) -> npt.NDArray[np.int64]:
        """The numbers of the rows to leave out of the table."""
        return np.array([row for row in self._skipped if row >= 0], dtype=np.int64)

    @property
    def skipped_rows(self) -> int:
        """How many rows are left out."""
        return len(self._skipped)

    @property
    def skipped(self) -> list[str]:
        """A message for each row left out, the first thousand, and how many there are besides."""
        listed = list(islice(self._skipped.values(), LISTED_SKIPPED))
        more = len(self._skipped) - len(listed)
        return [*listed, *([f"and {more} more"] if more else [])]

    def raise_if_any(self) -> None:
        """Raise the first twenty problems and how many there are; return if there are none."""
        if self.count:
            self._raise(self._shown, self.count, "Mend the data and run this again.")

    def raise_none_left(self) -> None:
        """Raise that there is no row to use, with the problems of those left out."""
        if not self._skipped:
            raise UserError(
                f"{self.source} holds no résumé: there is no row in it. Check data.path."
            )
        advice = "data.on_bad_rows=skip leaves no row: mend the data, or check the columns' keys."
        self._raise(self.skipped[:SHOWN_PROBLEMS], len(self._skipped), advice)

    def _raise(self, shown: list[str], count: int, advice: str) -> None:
        number = "a problem" if count == 1 else f"{count} problems"
        more = count - len(shown)
        rest = f"; and {more} more" if more else ""
        raise UserError(f"{self.source} has {number}: {'; '.join(shown)}{rest}. {advice}")


def shorten(value: object, length: int = 60) -> str:
    """Return ``repr(value)`` on one line, cut to about ``length`` characters for a message."""
    shown = repr(value[: length + 1] if isinstance(value, str | bytes) else value)
    return shown if len(shown) <= length + 2 else f"{shown[:length]}…"


def printable(text: str) -> str:
    """Return ``text`` with what UTF-8 can't hold, such as bytes of a file's name, escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def name_list(names: Sequence[str]) -> str:
    """Return ``names`` for a message, the first twenty of them."""
    shown = ", ".join(shorten(name) for name in names[:SHOWN_PROBLEMS])
    more = len(names) - SHOWN_PROBLEMS
    return f"{shown} and {more} more" if more > 0 else shown or "none"
