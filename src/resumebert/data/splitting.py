"""Which document trains, which validates, which tests.

A splitter is a function ``(table, groups, seed, **settings)`` of the n documents, the (n,) numbers
of their groups of duplicates, and a seed. It returns (n,) of "train", "val", "test"; splits that
are given may also be "unused". Documents of one group share a split. ``train``, ``val`` and
``test`` are shares of the documents that add up to 1: to train on, to choose checkpoints and
thresholds on, to report on.

All raise a UserError if a setting is out of its range, or a split with a share gets no document.
"""

from pathlib import Path

import numpy as np

from resumebert.data.arrays import Floats, Groups, Ints, Labels, Splits
from resumebert.data.split_manifest import SPLIT_DTYPE, SPLITS, UNUSED, as_split, read_split
from resumebert.data.stratification import stratify
from resumebert.data.table import ResumeTable, name_list
from resumebert.utils.errors import UserError


def random_split(
    table: ResumeTable, groups: Groups, seed: int, *, train: float, val: float, test: float
) -> Splits:
    """Deal the groups out at random, so that the splits hold the given shares of the documents."""
    shares = checked_shares(train, val, test)
    ordered, middles = _in_random_order(groups, seed)
    # A group belongs to the split into which the middle of it falls.
    shares_before = middles / max(1, len(groups))
    names = np.array(SPLITS)[np.searchsorted([train, train + val], shares_before, side="right")]
    split_of = dict(zip(ordered.tolist(), names.tolist(), strict=True))
    split = np.array([split_of[group] for group in groups.tolist()], dtype=SPLIT_DTYPE)
    return _without_empty(table, groups, split, shares)


def stratified_split(
    table: ResumeTable,
    groups: Groups,
    seed: int,
    *,
    train: float,
    val: float,
    test: float,
    order: int = 2,
    keep_given: bool = False,
) -> Splits:
    """Deal the groups out so that every label is as frequent in each split as in the whole.

    So are documents without a label, and those that have duplicates. Iterative stratification; see
    :func:`resumebert.data.stratification.stratify`.

    Args:
        table: the n documents.
        groups: (n,) group number of each, as of :func:`resumebert.duplicate_groups`.
        seed: decides between groups with the same labels.
        train: share of the documents to train on; the three add up to 1.
        val: share to choose checkpoints and thresholds on.
        test: share to report on.
        order: 1 stratifies by labels (Sechidis et al. 2011), 2 by pairs of labels as well
            (Szymański & Kajdanowicz 2017).
        keep_given: leave the splits as the source names them, if it does: by files such as
            ``train.csv``, or in a column. Of val and test, one that it lacks is dealt from train.

    Returns:
        (n,) of "train", "val", "test"; as given, "unused" as well.

    Raises:
        UserError: the shares don't add up to 1, ``order`` is neither 1 nor 2, or a split with a
            share gets no document; or, as given, a group straddles or nothing is for training.
    """
    shares = checked_shares(train, val, test)
    if not keep_given or table.split is None:
        split = _stratified(table.labels, groups, shares, seed, order)
        return _without_empty(table, groups, split, shares)
    split = column_split(table, groups, seed)
    in_train = split == "train"
    if not in_train.any():
        raise UserError(
            f"{table.source} names splits, and none of its résumés is to train on. Check what "
            "names them, or deal them out anew: data.split.keep_given=false."
        )
    lacking = {n: s for n, s in shares.items() if n != "train" and s and not (split == n).any()}
    dealt = {"train": 1 - sum(lacking.values()), **lacking}
    split[in_train] = _stratified(table.labels[in_train], groups[in_train], dealt, seed, order)
    return _without_empty(table, groups, split, {"train": train, **lacking})


def kfold_split(
    table: ResumeTable,
    groups: Groups,
    seed: int,
    *,
    folds: int,
    fold: int,
    val: float,
    order: int = 2,
) -> Splits:
    """Test on one of k stratified folds and split the others, stratified, into train and val.

    The folds depend on the seed, not on ``fold`` (0 to k - 1): over all values of ``fold`` every
    document is tested once. ``val`` is a share of all documents, ``order`` that of
    :func:`stratified_split`.
    """
    if folds < 2:
        raise UserError(f"data.split.folds={folds}: a cross-validation takes 2 folds or more.")
    if not 0 <= fold < folds:
        raise UserError(
            f"data.fold={fold}: with data.split.folds={folds} it is a number from 0 to {folds - 1}."
        )
    if folds > len(groups):
        raise UserError(
            f"data.split.folds={folds}: there are {len(groups)} documents, and each fold takes one."
        )
    rest = 1 - 1 / folds
    if not 0 <= val < rest:
        raise UserError(
            f"data.shares.val={val}: with data.split.folds={folds} a fold tests on {1 / folds:.3g} "
            f"of the documents, so val must be 0 or more and below {rest:.3g}."
        )
    tested = stratify(table.labels, groups, [1 / folds] * folds, seed, order=order) == fold
    split = np.full(len(groups), "test", dtype=SPLIT_DTYPE)
    shares = {"train": 1 - val / rest, "val": val / rest}
    split[~tested] = _stratified(
        table.labels[~tested], groups[~tested], shares, [seed, fold], order
    )
    return _without_empty(table, groups, split, {"train": rest - val, "val": val, "test": 1 - rest})


def predefined_split(
    table: ResumeTable,
    groups: Groups,
    seed: int,
    *,
    manifest: str | Path | None,
    allow_straddling: bool = False,
) -> Splits:
    """Take the splits from a manifest (see :func:`read_split`), as the ``split.csv`` of a run is.

    Duplicates in different splits are refused, since a duplicate of a training document in the test
    split flatters the results; ``allow_straddling`` lets them be. The seed plays no part.
    """
    if manifest is None:
        raise UserError(
            "data/split=predefined needs data.split.manifest=PATH: a csv of id,split, such as the "
            "split.csv of another run."
        )
    split, notes = read_split(Path(manifest), table.ids, table.source)
    for note in notes:
        table.remark(note)
    if not allow_straddling:
        _refuse_straddling(table, groups, split, f"data.split.manifest={manifest}")
    return split


def column_split(
    table: ResumeTable, groups: Groups, seed: int, *, allow_straddling: bool = False
) -> Splits:
    """Take the splits from the data: a column, or the files that documents are in.

    The arguments are as in :func:`predefined_split`.
    """
    where = f"{table.source}: what names the splits"
    if table.split is None:
        raise UserError(
            f"data/split=column: {table.source} names no splits. Name the column that does with "
            "data.split_column, or choose data/split=stratified."
        )
    split = as_split(table.split, where)
    if not allow_straddling:
        _refuse_straddling(table, groups, split, where)
    return split


def with_train_fraction(split: Splits, fraction: float, seed: int, groups: Groups) -> Splits:
    """Train on a random part of the training documents only, for a learning curve.

    With the same split and seed, a smaller fraction's documents are among a larger one's. Groups
    stay whole, and at least one is kept.

    Returns:
        (n,) like ``split``, where training documents left out are "unused".
    """
    if not 0 < fraction <= 1:
        raise UserError(
            f"data.train_fraction={fraction}: it must be above 0 and up to 1. Choose 1 to train on "
            "all training documents."
        )
    in_train = split == "train"
    # Not the seed alone: the draw shall have nothing to do with the draw of the split.
    ordered, middles = _in_random_order(groups[in_train], [seed, 1])
    kept = ordered[(middles <= fraction * in_train.sum()) | (np.arange(len(ordered)) == 0)]
    reduced = split.astype(SPLIT_DTYPE)
    reduced[in_train & ~np.isin(groups, kept)] = UNUSED
    return reduced


def checked_shares(train: float, val: float, test: float) -> dict[str, float]:
    """Return the shares by the names of their splits, if they add up to 1."""
    shares = {"train": train, "val": val, "test": test}
    if abs(sum(shares.values()) - 1) > 1e-6 or min(shares.values()) < 0 or train <= 0:
        raise UserError(
            f"data.shares: train={train}, val={val} and test={test} must be shares of the "
            "documents that add up to 1, and train must be above 0."
        )
    return shares


def straddling_groups(groups: Groups, split: Splits) -> Ints:
    """Return the numbers, ascending, of the groups with documents in more than one of the splits.

    Unused documents don't count: nothing is learned from them or measured on them.
    """
    used = np.isin(split, SPLITS)
    numbers, first, place = np.unique(groups[used], return_index=True, return_inverse=True)
    differs = split[used] != split[used][first[place]]
    return np.unique(numbers[place[differs]])


def _in_random_order(groups: Groups, seed: int | list[int]) -> tuple[Ints, Floats]:
    """Return the (g,) groups in random order, and the middle of each, counted in documents."""
    numbers, sizes = np.unique(groups, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(numbers))
    return numbers[order], np.cumsum(sizes[order]) - sizes[order] / 2


def _stratified(
    labels: Labels, groups: Groups, shares: dict[str, float], seed: int | list[int], order: int
) -> Splits:
    parts = stratify(labels, groups, list(shares.values()), seed, order=order)
    return np.array(list(shares), dtype=SPLIT_DTYPE)[parts]


def _without_empty(
    table: ResumeTable, groups: Groups, split: Splits, shares: dict[str, float]
) -> Splits:
    """Return ``split`` unless a split that should have documents has none."""
    for name, share in shares.items():
        if share > 0 and not (split == name).any():
            raise UserError(
                f"{table.source}: with {len(table)} résumés in {len(np.unique(groups))} groups of "
                f"duplicates the {name} split (data.shares.{name}={share:g}) is empty. Give more "
                "résumés, or raise data.limit if it is set."
            )
    return split


def _refuse_straddling(table: ResumeTable, groups: Groups, split: Splits, where: str) -> None:
    straddling = straddling_groups(groups, split)
    if len(straddling):
        affected = np.flatnonzero(np.isin(groups, straddling) & np.isin(split, SPLITS))
        affected = affected[np.argsort(groups[affected], kind="stable")]
        ids = [table.ids[i] for i in affected.tolist()]
        raise UserError(
            f"{where} puts duplicates into different splits, which makes results look better than "
            f"they are: {len(straddling)} groups of duplicates, {len(ids)} documents, such as "
            f"{name_list(ids)}. Put each group into one split, set data.duplicates=drop, or accept "
            "it with data.split.allow_straddling=true (data/split=column for splits that the data "
            "name). Or deal the documents out anew: data/split=stratified "
            "data.split.keep_given=false."
        )
