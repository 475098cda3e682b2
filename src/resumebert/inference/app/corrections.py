"""Corrections that people made on the page: a csv that train.py reads."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from filelock import FileLock

from resumebert.utils.csv_cells import unescaped
from resumebert.utils.durable_files import write_csv
from resumebert.utils.errors import UserError

COLUMNS = ("id", "name", "text", "labels", "suggested", "who", "when", "model")


class Corrections:
    """A csv with a row for each text that a person has labelled.

    ``labels`` and ``suggested`` are JSON lists, so that a label's name may hold anything. Several
    servers may write to one file. A text that the same person corrects again has its row replaced.

    Args:
        path: of the file, which need not be there yet.
        model: what the labels were suggested by.

    Raises:
        UserError: the file can't be read or written, or is another table.
    """

    def __init__(self, path: Path, model: str) -> None:
        self.path, self._model = path.expanduser().absolute(), model
        with self._lock():
            self._write(self._rows())

    def add(
        self, name: str, text: str, labels: Sequence[str], suggested: Sequence[str], who: str
    ) -> int:
        """Write a row, and return how many there are now; errors as for the file."""
        when = datetime.now(UTC).isoformat(timespec="seconds")
        given = (json.dumps(list(each), ensure_ascii=False) for each in (labels, suggested))
        # The same person's and text's: files of one name may differ, and a table's ids may not be
        # the same.
        key = hashlib.sha256(f"{who}\n{text}".encode()).hexdigest()[:16]
        row = [key, name, text, *given, who, when, self._model]
        with self._lock():
            kept = [each for each in self._rows() if each[0] != key]
            self._write([*kept, row])
            return len(kept) + 1

    def _lock(self) -> FileLock:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return FileLock(self.path.with_name(f".{self.path.name}.lock"))
        except OSError as error:
            raise UserError(
                f"corrections={self.path}: it can't be written ({error.strerror}). Give another "
                "file."
            ) from error

    def _rows(self) -> list[list[str]]:
        if not self.path.exists() or not self.path.stat().st_size:
            return []
        try:
            found = pd.read_csv(self.path, dtype=str, na_filter=False, index_col=False)
        except (OSError, ValueError) as error:
            raise UserError(
                f"corrections={self.path}: it can't be read ({error}). Give another file."
            ) from error
        if tuple(found.columns) != COLUMNS:
            raise UserError(
                f"corrections={self.path}: it is another table, without the columns "
                f"{', '.join(COLUMNS)}. Give another file."
            )
        return [[unescaped(cell) for cell in row] for row in found.to_numpy().tolist()]

    def _write(self, rows: Sequence[Sequence[str]]) -> None:
        write_csv(self.path, pd.DataFrame(rows, columns=list(COLUMNS)))
