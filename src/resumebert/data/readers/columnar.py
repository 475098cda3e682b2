"""Drawing batches of cells from parquet, and from a folder that the datasets library saved."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from resumebert.data.cells.columns import Batch, Cells, Drawn, Source, split_name
from resumebert.data.problems import name_list, shorten
from resumebert.utils.errors import UserError

_BATCH = 2048
_BUFFER = 1 << 20
_BATCH_BYTES = 1 << 28
_PEEK = 16
_END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"


def is_datasets_folder(path: Path) -> bool:
    """Return whether a folder was written by the datasets library."""
    return any((path / mark).is_file() for mark in ("state.json", "dataset_dict.json"))


@contextmanager
def open_datasets(folder: Path, source: Source) -> Iterator[Drawn]:
    """Open a saved Dataset or DatasetDict for drawing its batches; see ``open_table``.

    Of a DatasetDict with several splits, ids are ``SPLIT/ID``, and each batch has its split. A
    split of which it is unclear whether it trains, validates or tests is refused.
    """
    try:
        datasets = import_module("datasets")
    except ImportError:
        raise UserError(
            f"{source} was saved by the datasets library, and reading it takes that package, which "
            f"is not installed: pip install datasets. Or save it as parquet: "
            f"dataset.to_parquet('F.parquet')."
        ) from None
    try:
        for file in sorted(folder.rglob("*.arrow")):
            _check_whole(file, source.options.text_column)
        loaded = datasets.load_from_disk(str(folder))
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"{source} is damaged or cut off, or was saved by another version of the datasets "
            f"library ({_one_line(error)}). Save the dataset again."
        ) from None
    parts = _chosen(loaded, source)
    for file in [file for part in parts.values() for file in part.cache_files]:
        if not Path(file["filename"]).resolve().is_relative_to(folder.resolve()):
            raise UserError(f"{source} is damaged: it names a file outside of it. Save it again.")
    names = next(iter(parts.values())).column_names
    for part in parts.values():
        if set(part.column_names) != set(names):
            raise UserError(
                f"The parts of {source} have different columns: {name_list(names)}, and "
                f"{name_list(part.column_names)}. Save it again."
            )
    source = source.with_id(names)
    for part in parts.values():
        _check_text(part.features.arrow_schema, source)
    yield _dataset_rows(parts, source), source


def _chosen(loaded: Any, source: Source) -> dict[str, Any]:
    """Return the datasets to read, by their names, or the one there is under an empty name."""
    wanted = source.options.dataset_split
    if not isinstance(loaded, dict):
        if wanted is not None:
            raise UserError(f"data.dataset_split={wanted}: {source} is one dataset without splits.")
        return {"": loaded}
    if not loaded:
        raise UserError(f"{source} is damaged: it has no split. Save the dataset again.")
    has = f"{source} has the splits {name_list(list(loaded))}"
    chosen = list(loaded) if wanted is None else [wanted] if isinstance(wanted, str) else [*wanted]
    if not chosen or len(set(chosen)) < len(chosen) or not set(chosen) <= set(loaded):
        raise UserError(f"data.dataset_split={wanted}: {has}. Name each split to read once.")
    unclear = [name for name in chosen if split_name(name) is None]
    if len(chosen) > 1 and unclear and source.options.split_column is None:
        raise UserError(
            f"{has}, of which {name_list(unclear)} is none of train, validation, test. Name those "
            f"to read: data.dataset_split=[train,test], say."
        )
    return {name if len(chosen) > 1 else "": loaded[name] for name in chosen}


def _check_whole(path: Path, text_column: str) -> None:
    """Check what the library does not: that a file has its end, and that no cell lies outside."""
    with pa.memory_map(str(path)) as mapped:
        mapped.seek(max(0, mapped.size() - len(_END_OF_STREAM)))
        # Without it, a file cut off between two batches would pass for a shorter one.
        if mapped.read() != _END_OF_STREAM:
            raise pa.ArrowInvalid(f"the end of {path.name} is missing")
        mapped.seek(0)
        for batch in pa.ipc.open_stream(mapped):
            for name, array in zip(batch.schema.names, batch.columns, strict=True):
                # Whether a text is UTF-8 is checked later, row by row.
                text = name == text_column and array.type in (pa.string(), pa.large_string())
                binary = pa.large_binary() if array.type == pa.large_string() else pa.binary()
                (array.view(binary) if text else array).validate(full=True)
                if len(array) != batch.num_rows:
                    raise pa.ArrowInvalid(f"the columns of {path.name} differ in length")
        if mapped.tell() != mapped.size():
            raise pa.ArrowInvalid(f"{path.name} goes on after its end")


def _check_text(schema: pa.Schema, source: Source) -> None:
    column = source.options.text_column
    kind = schema.field(column).type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if kind not in (pa.string(), pa.large_string(), pa.string_view()):
        raise UserError(
            f"The column {shorten(column)} of {source} holds {kind}, not text. Set "
            f"data.text_column to the column of the text; its columns: {name_list(schema.names)}."
        )


def _dataset_rows(parts: dict[str, Any], source: Source) -> Iterator[Batch]:
    options = source.options
    names = options.to_read
    start = 1
    for part_name, part in parts.items():
        before = start - 1
        split = split_name(part_name) if part_name and options.split_column is None else None
        classes = {name: _class_names(part.features[name]) for name in names}
        for table in part.select_columns(names).with_format("arrow").iter(_BATCH):
            cells = {n: _with_names(table[n].combine_chunks(), classes[n]) for n in names}
            rows = np.arange(start, start + len(table))
            places, prefix = None, ""
            if part_name:
                places = [f"row {row} ({part_name}, row {row - before})" for row in rows]
                prefix = f"{part_name}/"
            yield Batch(cells, rows, places, split, prefix)
            start += len(table)
    if start == 1:
        raise UserError(f"{source} has columns and no rows. Check data.path.")


def _class_names(feature: Any) -> Sequence[str] | None:
    """Return the names of the classes that a column, or the lists in it, hold as numbers."""
    while feature is not None:
        if isinstance(feature, list | tuple):
            feature = feature[0] if feature else None
        elif type(feature).__name__ == "ClassLabel":
            return list(map(str, feature.names or ())) or None
        else:
            feature = getattr(feature, "feature", None)
    return None


def _with_names(array: pa.Array, names: Sequence[str] | None) -> Cells:
    """Return cells with the numbers of classes replaced by their names, in a list if single."""
    if names is None:
        return array

    def named(number: object) -> object:
        return names[number] if isinstance(number, int) and 0 <= number < len(names) else number

    cells = [
        cell if cell is None or isinstance(cell, list) else [cell] for cell in array.to_pylist()
    ]
    return [None if cell is None else [named(number) for number in cell] for cell in cells]


def _one_line(error: Exception) -> str:
    return " ".join(f"{error or type(error).__name__}".split())[:200]


@contextmanager
def open_parquet(path: Path, source: Source) -> Iterator[Drawn]:
    """Open a parquet file for drawing its batches; see ``open_table``."""
    try:
        # Without these, pyarrow holds the compressed file in memory beside the texts.
        file = pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER)
        schema = file.schema_arrow
        names = schema.names
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _bad_parquet(source, error) from None
    source = source.with_id(names)
    _check_text(schema, source)
    if not file.metadata.num_rows:
        raise UserError(f"{source} has columns and no rows. Check data.path.")
    yield _parquet_rows(file, source), source


def _parquet_rows(file: pq.ParquetFile, source: Source) -> Iterator[Batch]:
    text, names = source.options.text_column, source.options.to_read
    start = 1
    try:
        for batch in file.iter_batches(_batch_size(file, text), columns=names):
            cells = {name: batch.column(name) for name in names}
            for name in cells.keys() - {text}:
                # A text that is not UTF-8 is told with its row, later.
                cells[name].validate(full=True)
            yield Batch(cells, np.arange(start, start + len(batch)))
            start += len(batch)
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _bad_parquet(source, error) from None


def _batch_size(file: pq.ParquetFile, text: str) -> int:
    """Return how many rows to read at once: fewer where their texts are large."""
    groups = [file.metadata.row_group(k) for k in range(file.metadata.num_row_groups)]
    size = max(group.total_byte_size / max(1, group.num_rows) for group in groups)
    # Texts that are repeated are stored once, which their size in the file does not tell.
    start = next(file.iter_batches(_PEEK, columns=[text]), None)
    if start is not None:
        size = max(size, start.nbytes / len(start))
    return int(min(_BATCH, max(1, _BATCH_BYTES // max(1, int(size)))))


def _bad_parquet(source: Source, error: Exception) -> UserError:
    return UserError(
        f"{source} is not a parquet file, or is damaged or cut off "
        f"({_one_line(error)}). Fetch or write it again."
    )
