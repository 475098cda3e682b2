"""From batches of cells to a ResumeTable: what all readers share, with all problems collected."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from resumebert.data.readers.columns import Batch, Columns, read_ids, read_split, read_texts
from resumebert.data.readers.flags import ordered_flags, settle_flags, word_matrix
from resumebert.data.readers.label_doubts import (
    Aliases,
    check_aliases,
    find_aliases,
    note_aliases,
    note_doubts,
    told_aliases,
)
from resumebert.data.readers.labels import (
    LabelSets,
    apply_aliases,
    check_known,
    collect_labels,
    label_matrix,
    settle_labels,
)
from resumebert.data.table import Problems, ResumeTable, TextColumn, shorten
from resumebert.utils.errors import UserError


@dataclass
class _Read:
    """What the cells of all batches hold: n résumés, those with problems among them."""

    texts: pa.ChunkedArray
    ids: list[str]
    rows: npt.NDArray[np.int64]
    flags: npt.NDArray[np.uint8]  # By word until settled, then 0 and 1.
    sets: LabelSets
    split: npt.NDArray[np.str_] | None


def collector(source: str, on_bad_rows: str) -> Problems:
    """Return where to note the problems of a source.

    Raises:
        UserError: ``on_bad_rows`` is none of its choices.
    """
    check_choice("data.on_bad_rows", on_bad_rows, ("error", "skip"))
    return Problems(source, skip_rows=on_bad_rows == "skip")


def check_choice(key: str, value: object, choices: tuple[str, ...]) -> None:
    """Check that ``value`` is one of ``choices``.

    Raises:
        UserError: It is not.
    """
    if value not in choices:
        raise UserError(f"{key}={value} is none of its choices: {', '.join(choices)}.")


def assemble(
    batches: Iterable[Batch],
    columns: Columns,
    source: str,
    problems: Problems,
    *,
    unlabelled: str = "keep",
) -> ResumeTable:
    """Check the cells of all batches and build the table.

    Args:
        batches: the résumés.
        columns: which cells hold what.
        source: what to call the source.
        problems: where the reader of the batches notes what it finds, and this does.
        unlabelled: "keep" or "drop" the rows without a label.

    Raises:
        UserError: ``problems``, those that the reader of the batches adds while they are drawn
            among them: cells without text, flags that are not 0 or 1, ids that are missing or
            repeated, labels outside ``columns.names``; or no row is left, or no label in any.
    """
    check_choice("data.unlabelled", unlabelled, ("keep", "drop"))
    check_choice("data.rows", columns.rows or PER_DOCUMENT, (PER_DOCUMENT, PER_LABEL))
    aliases = check_aliases(columns.aliases, columns.names if columns.flags is None else None)
    read = _read_cells(batches, columns, problems)
    if columns.flags is not None:
        read.flags = settle_flags(read.flags, columns.flags, read.rows, problems)
    else:
        settle_labels(read.sets, columns, read.rows, unlabelled, problems)
    aliases = _settle_aliases(read, columns, aliases, problems)
    if columns.flags is None and columns.names is not None:
        check_known(read.sets, columns, read.rows, problems)
    repeats = [] if columns.id is None else repeated_ids(read.ids, read.rows, problems)
    same_text = None if columns.rows is None else first_of_each(read.texts)
    if columns.rows != PER_LABEL:
        sets = read.sets.names

        def labels_of(i: int) -> frozenset[str]:
            if columns.flags is None:
                return frozenset(sets[read.sets.row_codes[i]])
            return frozenset(np.array(columns.flags)[read.flags[i] > 0].tolist())

        note_repeats(repeats, same_text, labels_of, read.ids, read.rows, problems)
    kept = ~np.isin(read.rows, problems.bad_rows)
    if columns.flags is not None:
        labels, names = ordered_flags(read.flags, columns.flags, columns.names, aliases)
    else:
        labels, names = label_matrix(read.sets, columns.names, kept)
    united = 0
    if columns.rows == PER_LABEL and same_text is not None:
        labels, first = unite(labels, same_text, repeats, read.ids, read.split, read.rows, problems)
        kept = ~np.isin(read.rows, problems.bad_rows)
        united = int((kept & ~first).sum())
        kept &= first
        problems.remark(f"{united:,} rows are united with others that have the same text.")
    if not names and kept.any() and not problems.count:
        problems.add("", "no row has a label; at least one label is needed (or data.label_names)")
    problems.raise_if_any()
    if not kept.any():
        problems.raise_none_left()
    table = ResumeTable(
        ids=read.ids,
        texts=TextColumn(read.texts),
        labels=labels,
        label_names=names,
        rows=read.rows,
        source=source,
        split=read.split,
        skipped=problems.skipped,
        skipped_rows=problems.skipped_rows,
        dropped_unlabelled=int((kept & ~labels.any(axis=1)).sum()) if unlabelled == "drop" else 0,
        united_rows=united,
        notes=problems.notes,
        warnings=problems.doubts,
    )
    if unlabelled == "drop":
        kept &= labels.any(axis=1)
        if not kept.any():
            raise UserError(
                f"{source}: no row has a label, so that data.unlabelled=drop leaves none. Check "
                f"the columns of the labels, or set data.unlabelled=keep."
            )
    return table if kept.all() else table.select(np.flatnonzero(kept))


def _read_cells(batches: Iterable[Batch], columns: Columns, problems: Problems) -> _Read:
    """Read the cells of all batches, noting those that do not hold what they should."""
    texts: list[pa.Array] = []
    ids: list[str] = []
    rows = [np.empty(0, np.int64)]
    flags = [np.empty((0, len(columns.flags or ())), np.uint8)]
    splits: list[npt.NDArray[np.str_]] = []
    sets = LabelSets()
    has_split = columns.split is not None
    for batch in batches:
        has_split = has_split or batch.split is not None
        rows.append(batch.rows)
        texts.append(read_texts(batch, columns.text, problems))
        ids.extend(read_ids(batch, columns.id, problems))
        if has_split:
            splits.append(read_split(batch, columns.split, problems))
        if columns.flags is not None:
            flags.append(word_matrix(batch, columns.flags, problems))
        elif columns.labels is not None:
            collect_labels(batch, columns.labels, columns.separator, sets, problems)
    split = np.concatenate(splits) if splits else None
    kinds = {text.type for text in texts}
    if len(kinds) != 1:
        texts = [text.cast(pa.large_string()) for text in texts]
    column = pa.chunked_array(texts, None if len(kinds) == 1 else pa.large_string())
    return _Read(column, ids, np.concatenate(rows), np.concatenate(flags), sets, split)


def _settle_aliases(
    read: _Read, columns: Columns, aliases: Aliases | None, problems: Problems
) -> Aliases:
    """Apply the aliases to the labels, and note what is doubtful about the labels then.

    Args:
        read: the cells; columns of flags keep their names.
        columns: which cells hold what.
        aliases: as configured; None: those of labels that look alike.
        problems: where to note what is doubtful.

    Returns:
        The aliases.
    """
    counts: Counter[str] = Counter()
    if columns.flags is not None:
        counts.update(dict(zip(columns.flags, read.flags.sum(0, dtype=int).tolist(), strict=True)))
    else:
        for names, count in zip(read.sets.names, read.sets.counts.tolist(), strict=True):
            counts.update(dict.fromkeys(names, count))
    if aliases is None:
        aliases = find_aliases(counts, columns.names)
        if aliases:
            problems.remark(f"data.label_aliases=auto reads {told_aliases(aliases)}.")
    else:
        note_aliases(aliases, counts, problems)
    apply_aliases(read.sets, aliases)
    if columns.rows is not None:
        after: Counter[str] = Counter()
        for name, count in counts.items():
            if (called := aliases.get(name, name)) is not None:
                after[called] += count
        separator = columns.separator if read.sets.separated else None
        note_doubts(after, separator, columns.labels, problems)
    return aliases


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
