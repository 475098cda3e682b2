"""split.csv, which records the split of every document: write it, read it, take its fingerprint."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from resumebert.data.duplicates import text_digest
from resumebert.data.table import ResumeTable, name_list
from resumebert.utils.durable_files import write_csv
from resumebert.utils.errors import UserError
from resumebert.utils.processes import first_process_only

SPLITS = ("train", "val", "test")
# Documents that a learning curve leaves out of training.
UNUSED = "unused"
# Room for every name: NumPy cuts longer strings off without a word.
SPLIT_DTYPE = np.dtype(f"<U{len(UNUSED)}")

_OTHER_NAMES = {"training": "train", "validation": "val", "valid": "val", "dev": "val"}


@first_process_only
def write_split(
    path: Path, table: ResumeTable, split: npt.NDArray[np.str_], groups: npt.NDArray[np.int64]
) -> None:
    """Write the manifest: a csv of ``id,split,group``, a line a document in the table's order."""
    write_csv(path, pd.DataFrame({"id": table.ids, "split": split, "group": groups}))


def read_split(path: Path, ids: Sequence[str], source: str) -> npt.NDArray[np.str_]:
    """Read a manifest, in any order, for exactly the documents ``ids``.

    Args:
        path: a csv with the columns ``id`` and ``split``; others are ignored.
        ids: the n documents of the table.
        source: what to call the table in a message.

    Returns:
        (n,) of "train", "val", "test", "unused".

    Raises:
        UserError: the file can't be read, lacks a column, names an id twice or a split that does
            not exist, or its ids are not those of the table.
    """
    where = f"data.split.manifest={path}"
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        # ValueError: what pandas and the decoder raise for a file that is no csv in UTF-8.
        raise UserError(
            f"{where} can't be read: {error}. Name a csv of id,split, such as the split.csv of "
            "another run."
        ) from None
    absent = [column for column in ("id", "split") if column not in frame.columns]
    if absent:
        raise UserError(
            f"{where} has no column {' and no column '.join(absent)}; it has "
            f"{name_list([str(column) for column in frame.columns])}. Its first line must be "
            "id,split or id,split,group."
        )
    listed = frame["id"].tolist()
    twice = frame["id"][frame["id"].duplicated()].drop_duplicates().tolist()
    _refuse(where, twice, "listed more than once", "Keep one line of each.")
    known = set(ids)
    _refuse(
        where,
        [name for name in listed if name not in known],
        f"not in {source}",
        "Take these lines out, or give all the documents (data.limit and data.duplicates=drop "
        "leave some out).",
    )
    names = dict(zip(listed, frame["split"], strict=True))
    _refuse(
        where,
        [name for name in ids if name not in names],
        f"missing, though {source} has",
        "Add a line for each.",
    )
    return as_split([names[name] for name in ids], where)


def as_split(names: Iterable[str], where: str) -> npt.NDArray[np.str_]:
    """Check the names of splits and put "validation", "valid" and "dev" as "val".

    Args:
        names: n names of splits, in upper or lower case.
        where: what to call their source in a message.

    Returns:
        (n,) of "train", "val", "test", "unused".

    Raises:
        UserError: a name is none of a split.
    """
    plain = [name.strip().lower() for name in names]
    split = [_OTHER_NAMES.get(name, name) for name in plain]
    unknown = sorted(set(split) - {*SPLITS, UNUSED})
    if unknown:
        raise UserError(
            f"{where} puts documents into {name_list(unknown)}, which is none of the splits. Write "
            f"one of {', '.join(SPLITS)}, {UNUSED} for each document."
        )
    return np.array(split, dtype=SPLIT_DTYPE)


def split_fingerprint(table: ResumeTable, split: npt.NDArray[np.str_]) -> str:
    """Return a SHA-256 of ids, texts, labels and splits, whatever the order of the documents."""
    names = "\x1f".join(table.label_names)
    lines = sorted(
        b"\x1f".join(
            [
                identity.encode("utf-8", "surrogatepass"),
                str(name).encode(),
                text_digest(text),
                labels.tobytes(),
            ]
        )
        for identity, name, text, labels in zip(
            table.ids, split, table.texts, table.labels, strict=True
        )
    )
    return hashlib.sha256(b"\n".join([names.encode(), *lines])).hexdigest()


def _refuse(where: str, ids: list[str], what: str, remedy: str) -> None:
    if ids:
        number = "1 id is" if len(ids) == 1 else f"{len(ids)} ids are"
        raise UserError(f"{where}: {number} {what}: {name_list(ids)}. {remedy}")
