"""From batches of cells to what a ResumeTable is made of, with all problems collected."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from resumebert.data.cells.columns import (
    PER_LABEL,
    Batch,
    Source,
    read_ids,
    read_split,
    read_texts,
)
from resumebert.data.cells.label_names import check_aliases, settle_names
from resumebert.data.cells.labels import FlagColumns, LabelColumn, LabelSets
from resumebert.data.problems import Problems, shorten
from resumebert.utils.errors import UserError

# The positions of a row and of an earlier one that it repeats.
_Repeats = Sequence[tuple[int, int]]


@dataclass
class Assembled:
    """The n rows of a source, as a ResumeTable has them, and which of them are ``kept``."""

    texts: pa.ChunkedArray
    ids: list[str]
    rows: npt.NDArray[np.int64]
    split: npt.NDArray[np.str_] | None
    labels: npt.NDArray[np.uint8]
    label_names: list[str]
    kept: npt.NDArray[np.bool_]
    united: int = 0
    unlabelled: int = 0


def assemble(batches: Iterable[Batch], source: Source) -> Assembled:
    """Check the cells of all batches and put them together.

    Raises:
        UserError: The source's problems, those that are noted while the batches are drawn among
            them: cells without text, flags that are not 0 or 1, ids that are missing or repeated,
            labels outside ``label_names``; or no row is left, or no label in any.
    """
    options, problems = source.options, source.problems
    aliases = check_aliases(options)
    collected = LabelColumn(source) if options.label_columns is None else FlagColumns(source)
    texts: list[pa.Array] = []
    ids: list[str] = []
    numbers = [np.empty(0, np.int64)]
    splits: list[npt.NDArray[np.str_]] = []
    has_split = options.split_column is not None
    for batch in batches:
        has_split = has_split or batch.split is not None
        numbers.append(batch.rows)
        texts.append(read_texts(batch, options.text_column, problems))
        ids.extend(read_ids(batch, options.id_column, problems))
        splits.append(read_split(batch, options.split_column, problems))
        collected.add(batch)
    rows = np.concatenate(numbers)
    split = np.concatenate(splits) if has_split and splits else None
    sets, order = settle_names(collected.settle(rows), source, aliases, rows)
    if len({text.type for text in texts}) != 1:
        texts = [text.cast(pa.large_string()) for text in texts]
    column = pa.chunked_array(texts, None if texts else pa.large_string())

    repeats = [] if options.id_column is None else _repeated_ids(ids, rows, problems)
    same_text = np.arange(len(rows)) if options.is_plain else _first_of_each(column)
    if options.rows != PER_LABEL:
        _note_repeats(repeats, same_text, sets, ids, rows, problems)
    kept = _good(rows, problems)
    labels, names = sets.matrix(order, kept)
    united = 0
    if options.rows == PER_LABEL:
        labels, first = _unite(labels, same_text, repeats, ids, split, rows, problems)
        kept = _good(rows, problems)
        united = int((kept & ~first).sum())
        kept &= first
        problems.remark(f"{united:,} rows are united with others that have the same text.")
    if not names and kept.any() and not problems.count:
        problems.add("", "no row has a label; at least one label is needed (or data.label_names)")
    problems.raise_if_any()
    if not kept.any():
        problems.raise_none_left()
    table = Assembled(column, ids, rows, split, labels, names, kept, united)
    if options.unlabelled == "drop":
        table.kept = kept & labels.any(axis=1)
        table.unlabelled = int(kept.sum() - table.kept.sum())
        if not table.kept.any():
            raise UserError(
                f"{source}: no row has a label, so that data.unlabelled=drop leaves none. "
                f"Check the columns of the labels, or set data.unlabelled=keep."
            )
    return table


def _good(rows: npt.NDArray[np.int64], problems: Problems) -> npt.NDArray[np.bool_]:
    return ~np.isin(rows, problems.bad_rows)


def _first_of_each(texts: pa.ChunkedArray) -> npt.NDArray[np.int64]:
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


def _repeated_ids(ids: Sequence[str], rows: npt.NDArray[np.int64], problems: Problems) -> _Repeats:
    """Return the positions of rows whose id an earlier row has, each with that of the earlier."""
    if len(set(ids)) == len(ids):
        return []
    first: dict[str, int] = {}
    # A row that is left out takes no other with it, and an empty id has been told of already.
    places = [i for i, known in enumerate(ids) if known and not problems.is_bad(int(rows[i]))]
    earlier = [(i, first.setdefault(ids[i], i)) for i in places]
    return [(i, other) for i, other in earlier if i != other]


def _note_repeats(
    repeats: _Repeats,
    same_text: npt.NDArray[np.int64],
    sets: LabelSets,
    ids: Sequence[str],
    rows: npt.NDArray[np.int64],
    problems: Problems,
) -> None:
    """Note rows with the id of another, and rows that look like one for each document and label."""
    extra = _one_label_each(same_text, sets, rows, problems)
    advice = "If there is a row for each document and label, type data.rows=per_label."
    if extra:
        i, other = extra[0]
        mine, its = (shorten(min(sets.of_row(k))) for k in (i, other))
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
    sets: LabelSets,
    rows: npt.NDArray[np.int64],
    problems: Problems,
) -> _Repeats:
    """Return the later rows of texts with a label a row, if most repeated texts are so."""
    groups: defaultdict[int, list[int]] = defaultdict(list)
    repeated = np.isin(same_text, same_text[same_text != np.arange(len(same_text))])
    for i in np.flatnonzero(repeated).tolist():
        groups[int(same_text[i])].append(i)
    split = []
    for members in groups.values():
        good = [sets.of_row(i) for i in members if not problems.is_bad(int(rows[i]))]
        if all(len(labels) == 1 for labels in good) and len(set(good)) == len(good) > 1:
            split.append(members)
    if 2 * len(split) < len(groups):
        return []
    return sorted((i, members[0]) for members in split for i in members[1:])


def _unite(
    labels: npt.NDArray[np.uint8],
    same_text: npt.NDArray[np.int64],
    repeats: _Repeats,
    ids: Sequence[str],
    split: npt.NDArray[np.str_] | None,
    rows: npt.NDArray[np.int64],
    problems: Problems,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Give the first row of each text the labels of all.

    Texts that differ under one id are noted, and splits that differ for one text.

    Returns:
        The (n, L) labels, and which of the n rows stand for a document.
    """
    for i, other in repeats:
        if same_text[i] != same_text[other]:
            what = f"the id {shorten(ids[i])} is that of row {rows[other]} too, with another text"
            problems.add_numbered(rows[i], what)
    # The first row of a text that is not left out stands for all.
    good = _good(rows, problems)
    leader = np.full(len(rows), -1, np.int64)
    places = np.flatnonzero(good)[::-1]
    leader[same_text[places]] = places
    leader = leader[same_text]
    if split is not None:
        for i in np.flatnonzero(good & (split != split[leader])).tolist():
            what = f"is in split {split[i]}, and row {rows[leader[i]]} with its text in another"
            problems.add_numbered(rows[i], what)
        good = _good(rows, problems)
    united = np.zeros_like(labels)
    np.bitwise_or.at(united, leader[good], labels[good])
    return united, good & (leader == np.arange(len(rows)))
