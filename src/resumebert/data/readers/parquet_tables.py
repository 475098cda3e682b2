"""Drawing batches of cells from parquet files."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from resumebert.data.readers.columns import Batch, Columns, with_id
from resumebert.data.table import name_list, shorten
from resumebert.utils.errors import UserError

_BATCH = 2048
_BUFFER = 1 << 20


def parquet_batches(path: Path, columns: Columns, source: str) -> tuple[Iterator[Batch], Columns]:
    """Return the batches of a parquet file, and ``columns`` with its id column."""
    try:
        # Without these, pyarrow holds the compressed file in memory beside the texts.
        file = pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER)
        schema = file.schema_arrow
        names = schema.names
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UserError(_damaged(source, error)) from None
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
    for batch in file.iter_batches(_BATCH, columns=columns.to_read):
        cells = {name: batch.column(name) for name in columns.to_read}
        text = cells[columns.text]
        for name in cells.keys() - {columns.text}:
            # A text that is not UTF-8 is told with its row, later.
            cells[name].validate(full=True)
        if text.type not in (pa.string(), pa.large_string()):
            cells[columns.text] = text.cast(pa.large_string())
        yield Batch(cells, np.arange(start, start + len(batch)))
        start += len(batch)


def _readable(batches: Iterator[Batch], source: str) -> Iterator[Batch]:
    """Yield the batches of a parquet file until one is damaged."""
    try:
        yield from batches
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UserError(_damaged(source, error)) from None


def _damaged(source: str, error: Exception) -> str:
    """Return the message for a parquet file that can't be read."""
    return (
        f"{source} is not a parquet file, or is damaged or cut off "
        f"({' '.join(str(error).split())[:200]}). Fetch or write it again."
    )
