"""From batches of cells to what a ResumeTable is made of, with all problems collected."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

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
    labels: npt.NDArray[np.uint8] = field(init=False)
    label_names: list[str] = field(init=False)
    kept: npt.NDArray[np.bool_] = field(init=False)
    united: int = 0
    unlabelled: int = 0

    def good(self, problems: Problems) -> npt.NDArray[np.bool_]:
        """Return which of the n rows have no problem."""
        return ~np.isin(self.rows, problems.bad_rows)


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
    table = _read(batches, collected, source)
    sets, order = settle_names(collected.settle(table.rows), source, aliases, table.rows)
    repeats = [] if options.id_column is None else _repeated_ids(table, problems)
    same_text = np.arange(len(table.rows)) if options.is_plain else _first_of_each(table.texts)
    if options.rows != PER_LABEL:
        _note_repeats(repeats, same_text, sets, table, problems)
    table.kept = table.good(problems)
    table.labels, table.label_names = sets.matrix(order, table.kept)
    if options.rows == PER_LABEL:
        _unite(table, same_text, repeats, problems)
    if not table.label_names and table.kept.any() and not problems.count:
        problems.add("", "no row has a label; at least one label is needed (or data.label_names)")
    problems.raise_if_any()
    if not table.kept.any():
        problems.raise_none_left()
    if options.unlabelled == "drop":
        labelled = table.kept & table.labels.any(axis=1)
        table.unlabelled = int(table.kept.sum() - labelled.sum())
        table.kept = labelled
        if not labelled.any():
            raise UserError(
                f"{source}: no row has a label, so that data.unlabelled=drop leaves none. Check "
                f"the columns of the labels, or set data.unlabelled=keep."
            )
    return table


def _read(
    batches: Iterable[Batch], collected: LabelColumn | FlagColumns, source: Source
) -> Assembled:
    """Read the cells of all batches, noting those that do not hold what they should."""
    options, problems = source.options, source.problems
    texts: list[pa.Array] = []
    ids: list[str] = []
    rows = [np.empty(0, np.int64)]
    splits: list[npt.NDArray[np.str_]] = []
    has_split = options.split_column is not None
    for batch in batches:
        has_split = has_split or batch.split is not None
        rows.append(batch.rows)
        texts.append(read_texts(batch, options.text_column, problems))
        ids.extend(read_ids(batch, options.id_column, problems))
        splits.append(read_split(batch, options.split_column, problems))
        collected.add(batch)
    if len({text.type for text in texts}) != 1:
        texts = [text.cast(pa.large_string()) for text in texts]
    column = pa.chunked_array(texts, None if texts else pa.large_string())
    split = np.concatenate(splits) if has_split and splits else None
    return Assembled(column, ids, np.concatenate(rows), split)


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


def _repeated_ids(table: Assembled, problems: Problems) -> _Repeats:
    """Return the positions of rows whose id an earlier row has, each with that of the earlier."""
    ids = table.ids
    if len(set(ids)) == len(ids):
        return []
    first: dict[str, int] = {}
    # A row that is left out takes no other with it, and an empty id has been told of already.
    places = [i for i in np.flatnonzero(table.good(problems)).tolist() if ids[i]]
    earlier = [(i, first.setdefault(ids[i], i)) for i in places]
    return [(i, other) for i, other in earlier if i != other]


def _note_repeats(
    repeats: _Repeats,
    same_text: npt.NDArray[np.int64],
    sets: LabelSets,
    table: Assembled,
    problems: Problems,
) -> None:
    """Note rows with the id of another, and rows that look like one for each document and label."""
    rows = table.rows
    advice = "If there is a row for each document and label, type data.rows=per_label."
    extra = _one_label_each(same_text, sets, table.good(problems))
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
            told += ". Those with a repeated id are skipped, labels and all."
            problems.doubt(f"{told} {advice}")
        else:
            problems.doubt(f"{told}: the duplicates contradict each other. {advice}")
    for i, other in repeats:
        what = f"the id {shorten(table.ids[i])} is that of row {rows[other]} too"
        problems.add_numbered(rows[i], what)


def _one_label_each(
    same_text: npt.NDArray[np.int64], sets: LabelSets, good: npt.NDArray[np.bool_]
) -> _Repeats:
    """Return the later rows of texts with a label a row, if most repeated texts are so."""
    groups: defaultdict[int, list[int]] = defaultdict(list)
    repeated = np.isin(same_text, same_text[same_text != np.arange(len(same_text))])
    for i in np.flatnonzero(repeated).tolist():
        groups[int(same_text[i])].append(i)
    split = []
    for members in groups.values():
        labels = [sets.of_row(i) for i in members if good[i]]
        if all(len(names) == 1 for names in labels) and len(set(labels)) == len(labels) > 1:
            split.append(members)
    if 2 * len(split) < len(groups):
        return []
    return sorted((i, members[0]) for members in split for i in members[1:])


def _unite(
    table: Assembled, same_text: npt.NDArray[np.int64], repeats: _Repeats, problems: Problems
) -> None:
    """Give the first row of each text the labels of all, and keep it alone.

    Texts that differ under one id are noted, and splits that differ for one text.
    """
    rows, split = table.rows, table.split
    for i, other in repeats:
        if same_text[i] != same_text[other]:
            known = shorten(table.ids[i])
            what = f"the id {known} is that of row {rows[other]} too, with another text"
            problems.add_numbered(rows[i], what)
    # The first row of a text that is not left out stands for all.
    good = table.good(problems)
    leader = np.full(len(rows), -1, np.int64)
    places = np.flatnonzero(good)[::-1]
    leader[same_text[places]] = places
    leader = leader[same_text]
    if split is not None:
        for i in np.flatnonzero(good & (split != split[leader])).tolist():
            what = f"is in split {split[i]}, and row {rows[leader[i]]} with its text in another"
            problems.add_numbered(rows[i], what)
        good = table.good(problems)
    united = np.zeros_like(table.labels)
    np.bitwise_or.at(united, leader[good], table.labels[good])
    table.labels, table.kept = united, good & (leader == np.arange(len(rows)))
    table.united = int(good.sum() - table.kept.sum())
    problems.remark(f"{table.united:,} rows are united with others that have the same text.")
