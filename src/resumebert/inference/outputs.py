"""Where rows are written: a file that is whole or not there, and that goes on where it stopped.

Rows go into ``F.partial``, as csv or JSON lines. Beside it, ``F.partial.json`` says how many rows
of which command are safely on the disk, and how many bytes they take; what a killed process has
written beyond that is cut off. Complete, the file becomes ``F``.
"""

import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from resumebert.data.problems import name_list, printable
from resumebert.inference.rows import Columns, Row, csv_lines, json_lines, table
from resumebert.utils.durable_files import replacing, write_text
from resumebert.utils.errors import UnwrittenError, UserError

STDOUT = "-"
FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
# Between two times that what is written is made sure to be on the disk.
_SECONDS = 2.0
_GROUP = 10_000


def output_format(path: str, format: str | None) -> str:
    """Return the format to write: the one given, or that of the file's ending."""
    if path == STDOUT:
        if format == "parquet":
            raise UserError("format=parquet: standard output takes csv or jsonl (output=-).")
        return format or "jsonl"
    found = format or FORMATS.get(Path(path).suffix.lower())
    if found is None:
        raise UserError(
            f"output={printable(path)}: its ending is none of {', '.join(FORMATS)}. Give the file "
            f"one of them, or say what to write: format=csv, jsonl or parquet."
        )
    return found


def check_output(path: str, format: str | None, *, overwrite: bool) -> None:
    """Check that the output can be written, and make its folder."""
    output_format(path, format)
    if path == STDOUT:
        return
    file = Path(path)
    shown = f"output={printable(path)}"
    try:
        if file.is_dir():
            raise UserError(f"{shown} is a folder. Give a file in it: output={path}/F.csv.")
        if file.exists() and not (overwrite or _partial(file).exists()):
            raise UserError(
                f"{shown}: the file is there already. Give another one, or overwrite=true to "
                f"replace it once the new one is complete."
            )
        file.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=file.parent).close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{shown} can't be written ({reason}). Give another file.") from None


@contextmanager
def open_output(
    path: str,
    format: str | None,
    columns: Columns,
    command: Mapping[str, Any],
    *,
    overwrite: bool = False,
) -> Iterator["_Standard | _File"]:
    """Open an output, or go on with one that was interrupted; it is complete after the block.

    ``format`` None: by the file's ending, and jsonl for standard output. ``command`` is what the
    rows depend on: an interrupted output is gone on with only if that is the same.
    """
    check_output(path, format, overwrite=overwrite)
    kind = output_format(path, format)
    if path == STDOUT:
        yield _Standard(kind, columns)
        return
    file = Path(path)
    lock = FileLock(f"{_partial(file)}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise UserError(
            f"output={printable(path)}: another command is writing it. Wait, or give another file."
        ) from None
    try:
        output = _File(file, kind, columns, command, overwrite=overwrite)
        try:
            yield output
            output.finish()
        finally:
            output.close()
    except UnwrittenError as error:
        other = "another folder with output_dir=FOLDER", "another file with output=FILE"
        raise UserError(str(error).replace(*other)) from error
    finally:
        with suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release()


class _Standard:
    """Standard output."""

    def __init__(self, kind: str, columns: Columns) -> None:
        self.done = 0
        self._kind, self._columns = kind, columns
        # Data, whatever the console shows.
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8")
        if kind == "csv":
            sys.stdout.write(csv_lines([], columns, header=True))

    def write(self, rows: Sequence[Row]) -> None:
        is_csv = self._kind == "csv"
        sys.stdout.write(csv_lines(rows, self._columns) if is_csv else json_lines(rows))
        sys.stdout.flush()
        self.done += len(rows)


class _File:
    """A file, which has another name until it is complete."""

    def __init__(
        self,
        path: Path,
        kind: str,
        columns: Columns,
        command: Mapping[str, Any],
        *,
        overwrite: bool,
    ) -> None:
        self._path, self._kind, self._columns = path, kind, columns
        self._partial = _partial(path)
        self._record = Path(f"{self._partial}.json")
        # As JSON gives it back.
        self._command = json.loads(json.dumps(command))
        # Rows, and the bytes that they take: changed at once, for a signal may come at any time.
        self._written = (0, 0) if overwrite else self._before()
        self._stream = self._partial.open("r+b" if self._partial.exists() else "w+b")
        self._stream.seek(self._written[1])
        self._stream.truncate()
        if not self._written[1] and kind == "csv":
            self._add(csv_lines([], columns, header=True), 0)
        self._note()

    @property
    def done(self) -> int:
        """How many rows it holds, those of an interrupted command too."""
        return self._written[0]

    def _before(self) -> tuple[int, int]:
        """Return how many rows there are of this command, and the bytes that they take."""
        if not self._record.exists() or not self._partial.exists():
            return 0, 0
        shown = printable(str(self._partial))
        try:
            record = json.loads(self._record.read_text(encoding="utf-8"))
            rows, size, other = record["rows"], record["bytes"], record["command"]
            if self._partial.stat().st_size < size:
                raise ValueError("bytes are missing")
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{shown}, the rows of an interrupted command, is damaged ({error}). Start anew "
                f"with overwrite=true."
            ) from None
        changed = [key for key in self._command if self._command[key] != other.get(key)]
        if rows and changed:
            raise UserError(
                f"{shown} holds {rows:,} rows of a command that was interrupted, and that had "
                f"another {name_list(changed)}. Type that command again to go on with it, give "
                f"another output, or start anew with overwrite=true."
            )
        return (0, 0) if changed else (rows, size)

    def write(self, rows: Sequence[Row]) -> None:
        is_csv = self._kind == "csv"
        self._add(csv_lines(rows, self._columns) if is_csv else json_lines(rows), len(rows))
        if time.monotonic() - self._noted > _SECONDS:
            self._note()

    def _add(self, text: str, rows: int) -> None:
        # A lone surrogate, of a file's name or of JSON, can't be written.
        data = text.encode("utf-8", "replace")
        self._stream.write(data)
        self._written = self._written[0] + rows, self._written[1] + len(data)

    def _note(self) -> None:
        """Make sure that the rows are on the disk, and note how many there are."""
        rows, size = self._written
        self._stream.flush()
        os.fsync(self._stream.fileno())
        record = {"rows": rows, "bytes": size, "command": self._command}
        write_text(self._record, json.dumps(record))
        self._noted = time.monotonic()

    def finish(self) -> None:
        """Give the file its name."""
        self._note()
        if self._kind == "parquet":
            self._stream.seek(0)
            with replacing(self._path) as file:
                _write_parquet(file, self._stream, self._columns)
            self._partial.unlink()
        else:
            self._partial.replace(self._path)
        self._record.unlink()

    def close(self) -> None:
        """Keep what is there."""
        with suppress(OSError, UserError):
            if self._partial.exists():
                self._note()
        with suppress(OSError):
            self._stream.close()


def _write_parquet(file: IO[bytes], lines: IO[bytes], columns: Columns) -> None:
    with pq.ParquetWriter(file, columns.schema) as writer:
        while group := list(islice(lines, _GROUP)):
            writer.write_table(table(map(json.loads, group), columns))


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.name}.partial")


def fingerprint(path: str | Path) -> str:
    """Return a text that changes with a file, or with the files of a folder: by size and time."""
    root = Path(path).expanduser().resolve()
    digest = hashlib.sha256(os.fsencode(root))
    for file in sorted(root.rglob("*")) if root.is_dir() else [root]:
        if file.is_file():
            about = file.stat()
            digest.update(os.fsencode(file) + f"\0{about.st_size} {about.st_mtime_ns}\0".encode())
    return digest.hexdigest()
