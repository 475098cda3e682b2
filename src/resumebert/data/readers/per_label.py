"""Tables with a row for each document and label: recognised, and united if that is wanted."""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from resumebert.data.table import Problems, shorten

PER_DOCUMENT, PER_LABEL = "per_document", "per_label"
LabelsOf = Callable[[int], frozenset[str]]


def first_of_each(texts: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Return for each of n texts the position of the first equal one."""
    first: dict[bytes, int] = {}
    found = np.empty(len(texts), np.int64)
    at = 0
    for chunk in texts.iterchunks():
        for text in chunk.cast(pa.large_binary()).to_pylist():
            digest = hashlib.blake2b(text.strip(), digest_size=16).digest()
            found[at] = first.setdefault(digest, at)
            at += 1
    return found


def repeated_ids(
    ids: Sequence[str], rows: npt.NDArray[np.int64], problems: Problems
) -> list[tuple[int, int]]:
    """Return the positions of rows whose id an earlier row has, each with that of the earlier."""
    if len(set(ids)) == len(ids):
        return []
    first: dict[str, int] = {}
    found = []
    for i, known in enumerate(ids):
        # A row that is left out takes no other with it, and an empty id has been told of already.
        if known and not problems.is_bad(int(rows[i])):
            other = first.setdefault(known, i)
            if other != i:
                found.append((i, other))
    return found


def note_repeats(
    repeats: Sequence[tuple[int, int]],
    same_text: npt.NDArray[np.int64] | None,
    labels_of: LabelsOf,
    ids: Sequence[str],
    rows: npt.NDArray[np.int64],
    problems: Problems,
) -> None:
    """Note rows with the id of another, and rows that look like one for each document and label.

    Args:
        repeats: of :func:`repeated_ids`.
        same_text: of :func:`first_of_each`; None: such rows are not looked for.
        labels_of: returns the labels of the row at a position.
        ids: n ids.
        rows: (n,) the rows.
        problems: where to note them.
    """
    extra = [] if same_text is None else _one_label_each(same_text, labels_of, rows, problems)
    advice = "If there is a row for each document and label, type data.rows=per_label."
    if extra:
        i, other = extra[0]
        mine, its = (shorten(min(labels_of(k))) for k in (i, other))
        told = (
            f"{len(extra):,} rows have the text of another row and another label (row {rows[i]} "
            f"has {mine}, row {rows[other]} {its})"
        )
        if repeats and not problems.skip_rows:
            united = {i for i, _ in extra}
            repeats = [(i, other) for i, other in repeats if i not in united]
            problems.add("", f"{told}, under one id. {advice.rstrip('.')}")
        elif repeats:
            problems.doubt(
                f"{told}. Those with a repeated id are skipped, labels and all. {advice}"
            )
        else:
            problems.doubt(f"{told}: the duplicates contradict each other. {advice}")
    for i, other in repeats:
        what = f"the id {shorten(ids[i])} is that of row {rows[other]} too"
        problems.add_numbered(rows[i], what)


def _one_label_each(
    same_text: npt.NDArray[np.int64],
    labels_of: LabelsOf,
    rows: npt.NDArray[np.int64],
    problems: Problems,
) -> list[tuple[int, int]]:
    """Return the later rows of texts with a label a row, if most repeated texts are so."""
    groups: dict[int, list[int]] = {}
    for i in np.flatnonzero(same_text != np.arange(len(same_text))).tolist():
        groups.setdefault(int(same_text[i]), [int(same_text[i])]).append(i)
    split = []
    for members in groups.values():
        sets = [labels_of(i) for i in members if not problems.is_bad(int(rows[i]))]
        if all(len(labels) == 1 for labels in sets) and len(set(sets)) == len(sets) > 1:
            split.append(members)
    if 2 * len(split) < len(groups):
        return []
    return sorted((i, members[0]) for members in split for i in members[1:])


def unite(
    labels: npt.NDArray[np.uint8],
    same_text: npt.NDArray[np.int64],
    repeats: Sequence[tuple[int, int]],
    ids: Sequence[str],
    split: npt.NDArray[np.str_] | None,
    rows: npt.NDArray[np.int64],
    problems: Problems,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Give the first row of each text the labels of all.

    Args:
        labels: (n, L) of 0 and 1.
        same_text: of :func:`first_of_each`.
        repeats: of :func:`repeated_ids`.
        ids: n ids.
        split: (n,) their splits, or None.
        rows: (n,) the rows.
        problems: where texts that differ under one id are noted, and splits that differ.

    Returns:
        The (n, L) labels, and which of the n rows stand for a document.
    """
    for i, other in repeats:
        if same_text[i] != same_text[other]:
            what = f"the id {shorten(ids[i])} is that of row {rows[other]} too, with another text"
            problems.add_numbered(rows[i], what)
    # The first row of a text that is not left out stands for all.
    good = ~np.isin(rows, problems.bad_rows)
    leader = np.full(len(rows), -1, np.int64)
    places = np.flatnonzero(good)[::-1]
    leader[same_text[places]] = places
    leader = leader[same_text]
    if split is not None:
        for i in np.flatnonzero(good & (split != split[leader])).tolist():
            what = f"is in split {split[i]}, and row {rows[leader[i]]} with its text in another"
            problems.add_numbered(rows[i], what)
        good = ~np.isin(rows, problems.bad_rows)
    united = np.zeros_like(labels)
    np.bitwise_or.at(united, leader[good], labels[good])
    return united, good & (leader == np.arange(len(rows)))
