"""Drawing batches of cells from parquet, and from a folder of the datasets library.

What that library's ``save_to_disk`` writes are Arrow streams: the library itself is not needed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from resumebert.data.readers.columns import Batch, Cells, Columns, with_id
from resumebert.data.readers.texts import split_name
from resumebert.data.table import name_list, shorten
from resumebert.utils.errors import UserError

_STATE = "state.json"
_DICT = "dataset_dict.json"
_INFO = "dataset_info.json"
_BATCH = 2048
_BUFFER = 1 << 20
_BATCH_BYTES = 1 << 28
_PEEK = 16
_END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"


@dataclass(frozen=True)
class _Part:
    """One saved dataset: one split, or all there is.

    Attributes:
        name: its name in a DatasetDict, or empty.
        files: its Arrow files in order.
        classes: the names of the classes, for each column of them.
    """

    name: str
    files: tuple[Path, ...]
    classes: Mapping[str, Sequence[str]]


def is_datasets_folder(path: Path) -> bool:
    """Return whether a folder was written by the datasets library."""
    try:
        return (path / _STATE).is_file() or (path / _DICT).is_file()
    except (OSError, ValueError):
        return False


def datasets_batches(
    folder: Path, wanted: str | Sequence[str] | None, columns: Columns, source: str
) -> tuple[Iterator[Batch], Columns]:
    """Return the batches of a saved Dataset or DatasetDict, and ``columns`` with the id column.

    Of a DatasetDict with several splits, ids are ``SPLIT/ID``, and each batch has its split.

    Raises:
        UserError: The folder is damaged, lacks a column or a split of ``wanted``, or has splits of
            which it is unclear whether they train, validate or test.
    """
    parts = _parts(folder, wanted, columns, source)
    present: list[str] | None = None
    for part in parts:
        for file in part.files:
            schema = _schema(file, source)
            if present is not None and set(schema.names) != set(present):
                raise UserError(
                    f"The parts of {source} have different columns: {name_list(present)}, and "
                    f"{name_list(schema.names)} in {file.relative_to(folder)}. Save it again."
                )
            present = present or schema.names
            _check_text(schema, columns, source)
    columns = with_id(columns, present or [], source)
    return _rows(parts, columns, source), columns


def _check_text(schema: pa.Schema, columns: Columns, source: str) -> None:
    """Check that the column of the text, if there is one, holds text."""
    if schema.names.count(columns.text) != 1:
        return
    kind = schema.field(columns.text).type
    if kind not in (pa.string(), pa.large_string()):
        raise UserError(
            f"The column {shorten(columns.text)} of {source} holds {kind}, not text. Set "
            f"data.text_column to the column of the text; its columns: {name_list(schema.names)}."
        )


def _parts(
    folder: Path, wanted: str | Sequence[str] | None, columns: Columns, source: str
) -> list[_Part]:
    """Return the datasets to read."""
    if not (folder / _DICT).is_file():
        if wanted is not None:
            raise UserError(f"data.dataset_split={wanted}: {source} is one dataset without splits.")
        return [_part(folder, "", source)]
    names = _json(folder / _DICT, source).get("splits")
    if not isinstance(names, list) or not names or not all(_is_name(name) for name in names):
        raise UserError(f"{source}: {_DICT} does not list its splits. Save the dataset again.")
    chosen = names if wanted is None else [wanted] if isinstance(wanted, str) else list(wanted)
    missing = [name for name in chosen if name not in names]
    if missing or not chosen or len(set(chosen)) < len(chosen):
        raise UserError(
            f"data.dataset_split={wanted}: {source} has the splits {name_list(names)}. Name each "
            f"split to read once."
        )
    unclear = [name for name in chosen if split_name(name) is None]
    if len(chosen) > 1 and unclear and columns.split is None:
        raise UserError(
            f"{source} has the splits {name_list(names)}, of which {name_list(unclear)} is none of "
            f"train, validation, test. Name those to read: data.dataset_split=[train,test], say."
        )
    return [_part(folder / name, name if len(chosen) > 1 else "", source) for name in chosen]


def _is_name(name: object) -> bool:
    """Return whether a value from a JSON file is the plain name of a file or folder."""
    plain = isinstance(name, str) and name not in ("", ".", "..") and "\0" not in name
    return plain and PurePosixPath(name).name == name and "\\" not in name  # type: ignore[arg-type]


def _part(folder: Path, name: str, source: str) -> _Part:
    """Return what the JSON files of a saved dataset tell."""
    state = _json(folder / _STATE, source)
    # Older versions of the library could save a selection of rows apart from the data.
    if any(key.startswith("_indices") and state[key] for key in state):
        raise UserError(
            f"{source} was saved with a selection of rows (indices). Save it again after "
            f"dataset.flatten_indices()."
        )
    listed = state.get("_data_files")
    names = [entry.get("filename") if isinstance(entry, dict) else None for entry in listed or []]
    if not isinstance(listed, list) or not names or not all(_is_name(file) for file in names):
        raise UserError(f"{source}: {_STATE} does not list its data files. Save the dataset again.")
    info = _json(folder / _INFO, source) if (folder / _INFO).is_file() else {}
    features = info.get("features")
    classes = {
        column: names_of_classes
        for column, feature in (features if isinstance(features, dict) else {}).items()
        if (names_of_classes := _class_names(feature)) is not None
    }
    return _Part(name, tuple(folder / str(file) for file in names), classes)


def _class_names(feature: object) -> list[str] | None:
    """Return the names of the classes that a column, or the lists in it, hold as numbers."""
    while isinstance(feature, dict | list):
        if isinstance(feature, list):
            feature = feature[0] if feature else None
        elif feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list):
            return [str(name) for name in feature["names"]]
        else:
            feature = feature.get("feature")
    return None


def _json(path: Path, source: str) -> dict[str, Any]:
    """Return the object in a JSON file of the folder."""
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(
            f"{source}: {path.name} in {path.parent} can't be read ({error.strerror or error}). "
            f"Save the dataset again."
        ) from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged ({error}). Save the dataset again.") from None
    if not isinstance(found, dict):
        raise UserError(f"{path} is damaged: no JSON object. Save the dataset again.")
    return found


def _schema(path: Path, source: str) -> pa.Schema:
    """Return the columns of an Arrow file, once its end is there."""
    try:
        with path.open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(0, stream.tell() - len(_END_OF_STREAM)))
            # Without it, a file cut off between two batches would pass for a shorter one.
            if stream.read() != _END_OF_STREAM:
                raise pa.ArrowInvalid("its end is missing")
        with pa.memory_map(str(path)) as mapped, pa.ipc.open_stream(mapped) as reader:
            schema = reader.schema
            # Only naming them tells whether the names are UTF-8.
            return schema if schema.names else pa.schema([])
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UserError(_damaged(path, error)) from None


def _rows(parts: list[_Part], columns: Columns, source: str) -> Iterator[Batch]:
    """Yield the batches of all parts, rows numbered through."""
    start = 1
    for part in parts:
        first = start
        split = split_name(part.name) if part.name and columns.split is None else None
        for cells, count in _cells(part, columns):
            rows = np.arange(start, start + count)
            places = None
            if part.name:
                places = [f"row {row} ({part.name}, row {row - first + 1})" for row in rows]
            yield Batch(cells, rows, places, split, f"{part.name}/" if part.name else "")
            start += count
    if start == 1:
        raise UserError(f"{source} has columns and no rows. Check data.path.")


def _cells(part: _Part, columns: Columns) -> Iterator[tuple[dict[str, Cells], int]]:
    """Yield the cells of a part and how many there are, in pieces."""
    for path in part.files:
        try:
            # Mapped, what is not read takes no memory.
            mapped = pa.memory_map(str(path))
            reader = pa.ipc.open_stream(mapped)
            for whole in reader:
                arrays = {name: whole.column(name) for name in columns.to_read}
                for name, array in arrays.items():
                    _check_array(array, whole.num_rows, text=name == columns.text)
                for at in range(0, whole.num_rows, _BATCH):
                    cells = {name: array.slice(at, _BATCH) for name, array in arrays.items()}
                    named = {
                        name: _with_names(array, part.classes.get(name))
                        for name, array in cells.items()
                    }
                    yield named, min(_BATCH, whole.num_rows - at)
            if mapped.tell() != mapped.size():
                raise pa.ArrowInvalid("it goes on after its end")
        except (pa.ArrowException, OSError, ValueError) as error:
            raise UserError(_damaged(path, error)) from None


def _check_array(array: pa.Array, count: int, *, text: bool) -> None:
    """Check that reading the cells stays inside the file, which pyarrow does not by itself."""
    if text:
        # That a text is UTF-8 is checked later, row by row.
        kind = pa.large_binary() if array.type == pa.large_string() else pa.binary()
        array = array.view(kind)
    array.validate(full=True)
    if len(array) != count:
        raise pa.ArrowInvalid("its columns differ in length")


def _with_names(array: pa.Array, names: Sequence[str] | None) -> Cells:
    """Return cells with the numbers of classes replaced by their names, in a list if single."""
    if names is None:
        return array

    def named(number: object) -> object:
        return names[number] if isinstance(number, int) and 0 <= number < len(names) else number

    return [
        [named(number) for number in cell]
        if isinstance(cell, list)
        else None
        if cell is None
        else [named(cell)]
        for cell in array.to_pylist()
    ]


def _damaged(path: Path, error: Exception) -> str:
    """Return the message for an Arrow file that can't be read."""
    return (
        f"{path} is no Arrow file of the datasets library, or is damaged or cut off "
        f"({' '.join(str(error).split())[:200]}). Save the dataset again."
    )


def parquet_batches(path: Path, columns: Columns, source: str) -> tuple[Iterator[Batch], Columns]:
    """Return the batches of a parquet file, and ``columns`` with its id column."""
    try:
        # Without these, pyarrow holds the compressed file in memory beside the texts.
        file = pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER)
        schema = file.schema_arrow
        names = schema.names
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UserError(_bad_parquet(source, error)) from None
    columns = with_id(columns, names, source)
    kind = schema.field(columns.text).type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if kind not in (pa.string(), pa.large_string(), pa.string_view()):
        raise UserError(
            f"The column {shorten(columns.text)} of {source} holds {kind}, not text. Set "
            f"data.text_column to the column of the text; its columns: {name_list(names)}."
        )
    if not file.metadata.num_rows:
        raise UserError(f"{source} has columns and no rows. Check data.path.")
    return _readable(_parquet_rows(file, columns), source), columns


def _parquet_rows(file: pq.ParquetFile, columns: Columns) -> Iterator[Batch]:
    """Yield the batches of an open parquet file."""
    start = 1
    for batch in file.iter_batches(_batch_size(file, columns.text), columns=columns.to_read):
        cells = {name: batch.column(name) for name in columns.to_read}
        text = cells[columns.text]
        for name in cells.keys() - {columns.text}:
            # A text that is not UTF-8 is told with its row, later.
            cells[name].validate(full=True)
        if text.type not in (pa.string(), pa.large_string()):
            cells[columns.text] = text.cast(pa.large_string())
        yield Batch(cells, np.arange(start, start + len(batch)))
        start += len(batch)


def _batch_size(file: pq.ParquetFile, text: str) -> int:
    """Return how many rows to read at once: fewer where their texts are large."""
    groups = [file.metadata.row_group(k) for k in range(file.metadata.num_row_groups)]
    size = max(group.total_byte_size / max(1, group.num_rows) for group in groups)
    # Texts that are repeated are stored once, which their size in the file does not tell.
    for start in file.iter_batches(_PEEK, columns=[text]):
        size = max(size, start.nbytes / len(start))
        break
    return int(min(_BATCH, max(1, _BATCH_BYTES // max(1, int(size)))))


def _readable(batches: Iterator[Batch], source: str) -> Iterator[Batch]:
    """Yield the batches of a parquet file until one is damaged."""
    try:
        yield from batches
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UserError(_bad_parquet(source, error)) from None


def _bad_parquet(source: str, error: Exception) -> str:
    """Return the message for a parquet file that can't be read."""
    return (
        f"{source} is not a parquet file, or is damaged or cut off "
        f"({' '.join(str(error).split())[:200]}). Fetch or write it again."
    )
