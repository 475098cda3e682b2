"""Drawing batches of cells from a pickled pandas DataFrame."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resumebert.data.readers.columns import Batch, Columns, with_id
from resumebert.utils.errors import UserError

_BATCH = 2048


def pickle_batches(
    path: Path, columns: Columns, source: str, *, allowed: bool
) -> tuple[Iterator[Batch], Columns]:
    """Return the batches of a pickled DataFrame, and ``columns`` with its id column.

    Raises:
        UserError: Unpickling is not allowed, fails, or gives no DataFrame with rows.
    """
    if not isinstance(allowed, bool) or not allowed:
        raise UserError(
            f"{source} is a pickle, and loading a pickle runs whatever program its maker put into "
            f"it. If you made the file yourself or trust who did, set data.allow_pickle=true; "
            f"better, save the table as parquet (DataFrame.to_parquet) and read that."
        )
    frame = _load(path, source)
    named = [name for name in frame.index.names if name is not None and name not in frame.columns]
    if named and columns.id in [str(name) for name in named]:
        frame = frame.reset_index(level=named)
    names = [str(name) for name in frame.columns]
    columns = with_id(columns, names, source)
    if not len(frame):
        raise UserError(f"{source} has columns and no rows. Check data.path.")
    return _rows(frame, names, columns), columns


def _load(path: Path, source: str) -> pd.DataFrame:
    """Unpickle a DataFrame."""
    try:
        frame = pd.read_pickle(path, compression=None)
    # Unpickling runs code that isn't ours, and a damaged file makes it raise anything.
    except Exception as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise UserError(
            f"{source} can't be unpickled ({what}): it is damaged, no pickle, or of other versions "
            f"of Python or pandas. Write it again, best as parquet."
        ) from None
    if not isinstance(frame, pd.DataFrame):
        raise UserError(
            f"{source} holds a pickled {type(frame).__name__}, not a pandas DataFrame. Pickle a "
            f"DataFrame with a résumé a row, or save it as parquet."
        )
    return frame


def _rows(frame: pd.DataFrame, names: list[str], columns: Columns) -> Iterator[Batch]:
    """Yield the batches of a DataFrame."""
    position = {name: names.index(name) for name in columns.to_read}
    for start in range(0, len(frame), _BATCH):
        piece = frame.iloc[start : start + _BATCH]
        cells = {
            name: [_plain(cell) for cell in piece.iloc[:, k].tolist()]
            for name, k in position.items()
        }
        yield Batch(cells, np.arange(start + 1, start + 1 + len(piece)))


def _plain(cell: Any) -> Any:
    """Return a cell as jsonl would hold it: missing as None, whatever holds several as a list."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, np.ndarray):
        return cell.tolist()
    if isinstance(cell, list | tuple):
        return list(cell)
    if isinstance(cell, set | frozenset):
        return sorted(cell, key=str)
    return None if cell is None or (pd.api.types.is_scalar(cell) and pd.isna(cell)) else cell
