"""split.csv, which records the split of every document: write it, read it, take its fingerprint."""

import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from resumebert.data.arrays import Groups, Splits
from resumebert.data.cells.columns import AUTO, Options, Source
from resumebert.data.duplicates import text_digest
from resumebert.data.readers.csv_tables import find_dialect
from resumebert.data.readers.encodings import decode
from resumebert.data.table import Problems, ResumeTable, name_list, printable
from resumebert.utils.csv_cells import unescaped
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
def write_split(path: Path, table: ResumeTable, split: Splits, groups: Groups) -> None:
    """Write the manifest: a csv of ``id,split,group``, a line a document in the table's order."""
    write_csv(path, pd.DataFrame({"id": table.ids, "split": split, "group": groups}))


def read_split(path: Path, ids: Sequence[str], source: str) -> tuple[Splits, list[str]]:
    """Read a manifest, in any order, for exactly the documents ``ids``.

    What Excel does to a csv is undone: ``;`` or a tab for the comma, another encoding, leading
    zeros lost, ``.0`` at the end.

    Args:
        path: a csv with the columns ``id`` and ``split``; others are ignored.
        ids: the n documents of the table.
        source: what to call the table in a message.

    Returns:
        (n,) of "train", "val", "test", "unused"; and what was guessed, in words.

    Raises:
        UserError: the file can't be read, lacks a column, names an id twice or a split that does
            not exist, or its ids are not those of the table.
    """
    where = f"data.split.manifest={printable(str(path))}"
    problems = Problems(where)
    listed, names = _columns_of(path, where, problems)
    twice = [name for name, count in Counter(listed).items() if count > 1]
    _refuse(where, twice, "listed more than once", "Keep one line of each.")
    known = set(ids)
    if any(name not in known for name in listed):
        listed = _as_before_excel(listed, ids, where, problems)
    _refuse(
        where,
        [name for name in listed if name not in known],
        f"not in {source}",
        "Take these lines out, or give all the documents (data.limit and data.duplicates=drop "
        "leave some out).",
    )
    split_of = dict(zip(listed, names, strict=True))
    _refuse(
        where,
        [name for name in ids if name not in split_of],
        f"missing, though {source} has",
        "Add a line for each.",
    )
    return as_split([split_of[name] for name in ids], where), problems.notes


def _columns_of(path: Path, where: str, problems: Problems) -> tuple[list[str], list[str]]:
    """Return the ids and the splits that a manifest lists."""
    advice = "Name a csv of id,split, such as the split.csv of another run."
    try:
        text = decode(path.read_bytes(), AUTO, where, problems)
    except OSError as error:
        what = error.strerror or error
        raise UserError(f"{where} can't be read: {what}. {advice}") from None
    options = Options(text_column="id", labels_column="split")
    dialect = find_dialect(text, ".csv", Source(where, options, problems))
    lines = io.StringIO(text, newline="")
    for _ in range(dialect.skipped):
        lines.readline()
    try:
        frame = pd.read_csv(lines, sep=dialect.separator, dtype=str, keep_default_na=False)
    except ValueError as error:
        raise UserError(f"{where} can't be read: {error}. {advice}") from None
    present = [str(column) for column in frame.columns]
    absent = [column for column in ("id", "split") if column not in present]
    if absent:
        raise UserError(
            f"{where} has no column {' and no column '.join(absent)}; it has {name_list(present)}. "
            "Its first line must be id,split or id,split,group."
        )
    return frame["id"].map(unescaped).tolist(), frame["split"].tolist()


def _as_before_excel(
    listed: list[str], ids: Sequence[str], where: str, problems: Problems
) -> list[str]:
    """Return the ids that a manifest meant before a spreadsheet made numbers of them."""
    meant: dict[str, list[str]] = {}
    for known in ids:
        meant.setdefault(_as_number(known), []).append(known)
    numbers = [_as_number(name) for name in listed]
    lines = Counter(numbers)
    _refuse(
        where,
        [
            name
            for name, number in zip(listed, numbers, strict=True)
            if number in meant and (lines[number] > 1 or len(meant[number]) > 1)
        ],
        "changed, it seems by a spreadsheet, so that more than one document or line may be meant",
        "Write the file anew with the ids as text.",
    )
    restored = [meant.get(number, [name])[0] for name, number in zip(listed, numbers, strict=True)]
    changed = [pair for pair in zip(listed, restored, strict=True) if pair[0] != pair[1]]
    if changed:
        problems.remark(
            f"{where}: {len(changed)} ids were taken as before a spreadsheet changed them, such as "
            f"{changed[0][0]!r} for {changed[0][1]!r}."
        )
    return restored


def _as_number(name: str) -> str:
    """Return an id as a spreadsheet keeps it: without spaces around it and leading zeros."""
    plain = name.strip()
    number = re.fullmatch(r"0*([0-9]+?)(?:[.,]0+)?", plain)
    return number[1] if number else plain


def as_split(names: Iterable[str], where: str) -> Splits:
    """Return (n,) splits of their names, in upper or lower case: "validation" or "dev" is "val".

    Raises:
        UserError: a name is none of a split; ``where`` says in words where it comes from.
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


def split_fingerprint(table: ResumeTable, split: Splits) -> str:
    """Return a SHA-256 of ids, texts, labels and splits, whatever the order of the documents."""
    documents = zip(table.ids, split, table.texts, table.labels, strict=True)
    lines = sorted(
        b"\x1f".join(
            [
                identity.encode("utf-8", "surrogatepass"),
                str(name).encode(),
                text_digest(text),
                labels.tobytes(),
            ]
        )
        for identity, name, text, labels in documents
    )
    names = "\x1f".join(table.label_names).encode()
    return hashlib.sha256(b"\n".join([names, *lines])).hexdigest()


def _refuse(where: str, ids: list[str], what: str, remedy: str) -> None:
    if ids:
        number = "1 id is" if len(ids) == 1 else f"{len(ids)} ids are"
        raise UserError(f"{where}: {number} {what}: {name_list(ids)}. {remedy}")
