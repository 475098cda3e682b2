"""Which document trains, which validates, which tests.

A splitter is a function ``(table, groups, seed, **settings) -> (n,) names`` where ``groups``
numbers each document's duplicate group. Documents of one group always share a split.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from resumebert.data.split_manifest import (
    SPLIT_DTYPE,
    SPLITS,
    UNUSED,
    as_split,
    read_split,
    split_fingerprint,
    write_split,
)
from resumebert.data.split_quality import straddling_groups
from resumebert.data.stratification import stratify
from resumebert.data.table import ResumeTable, name_list
from resumebert.utils.errors import UserError

__all__ = [
    "SPLITS",
    "UNUSED",
    "column_split",
    "kfold_split",
    "predefined_split",
    "random_split",
    "split_fingerprint",
    "stratified_split",
    "with_train_fraction",
    "write_split",
]


def random_split(
    table: ResumeTable,
    groups: npt.NDArray[np.int64],
    seed: int,
    *,
    train: float,
    val: float,
    test: float,
) -> npt.NDArray[np.str_]:
    """Deal the groups out at random, so that the splits hold the given shares of the documents.

    Args:
        table: the n documents.
        groups: (n,) group number of each.
        seed: of the draw.
        train: share of the documents to train on; the three add up to 1.
        val: share to choose checkpoints and thresholds on.
        test: share to report on.

    Returns:
        (n,) of "train", "val", "test".

    Raises:
        UserError: the shares don't add up to 1, or a split with a share gets no document.
    """
    shares = checked_shares(train, val, test)
    numbers, sizes = np.unique(groups, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(numbers))
    # A group belongs to the split into which the middle of it falls, on a line of all documents.
    middles = (np.cumsum(sizes[order]) - sizes[order] / 2) / max(1, len(groups))
    bounds = [train, train + val]
    split_of_group = np.empty(len(numbers), dtype=np.int64)
    split_of_group[order] = np.searchsorted(bounds, middles, side="right")
    split = np.array(SPLITS, dtype=SPLIT_DTYPE)[split_of_group[np.searchsorted(numbers, groups)]]
    return _without_empty(table, groups, split, shares)


def stratified_split(
    table: ResumeTable,
    groups: npt.NDArray[np.int64],
    seed: int,
    *,
    train: float,
    val: float,
    test: float,
    order: int = 2,
    keep_given: bool = False,
) -> npt.NDArray[np.str_]:
    """Deal the groups out so that every label is as frequent in each split as in the whole.

    So are documents without a label, and those that have duplicates. Iterative stratification; see
    :func:`resumebert.data.stratification.stratify`.

    Args:
        table: the n documents.
        groups: (n,) group number of each.
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
    _check_order(order)
    if keep_given and table.split is not None:
        return _completed(table, groups, seed, shares, order)
    parts = stratify(table.labels, groups, list(shares.values()), seed, order=order)
    split = np.array(SPLITS, dtype=SPLIT_DTYPE)[parts]
    return _without_empty(table, groups, split, shares)


def _completed(
    table: ResumeTable,
    groups: npt.NDArray[np.int64],
    seed: int,
    shares: dict[str, float],
    order: int,
) -> npt.NDArray[np.str_]:
    """Return the splits that a table names, with those it lacks dealt from the training split."""
    split = column_split(table, groups, seed)
    in_train = split == "train"
    if not in_train.any():
        raise UserError(
            f"{table.source} names splits, and none of its résumés is to train on. Check what "
            "names them, or deal them out anew: data.split.keep_given=false."
        )
    lacking = [name for name in ("val", "test") if shares[name] and not (split == name).any()]
    rest = [1 - sum(shares[name] for name in lacking), *(shares[name] for name in lacking)]
    parts = stratify(table.labels[in_train], groups[in_train], rest, seed, order=order)
    split[in_train] = np.array(["train", *lacking], dtype=SPLIT_DTYPE)[parts]
    wanted = {name: share for name, share in shares.items() if name in ("train", *lacking)}
    return _without_empty(table, groups, split, wanted)


def kfold_split(
    table: ResumeTable,
    groups: npt.NDArray[np.int64],
    seed: int,
    *,
    folds: int,
    fold: int,
    val: float,
    order: int = 2,
) -> npt.NDArray[np.str_]:
    """Test on one of k stratified folds and split the others, stratified, into train and val.

    The folds depend on the seed, not on ``fold``: over all values of ``fold`` every document is
    tested once.

    Args:
        table: the n documents.
        groups: (n,) group number of each.
        seed: of the folds and of the validation parts.
        folds: k, at least 2.
        fold: which one to test on, 0 to k - 1.
        val: share of all the documents to validate on.
        order: as in :func:`stratified_split`.

    Returns:
        (n,) of "train", "val", "test".

    Raises:
        UserError: a setting is out of its range, or a split with a share gets no document.
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
    _check_order(order)
    tested = stratify(table.labels, groups, [1 / folds] * folds, seed, order=order) == fold
    split = np.full(len(groups), "test", dtype=SPLIT_DTYPE)
    shares = [1 - val / rest, val / rest]
    parts = stratify(table.labels[~tested], groups[~tested], shares, [seed, fold], order=order)
    split[~tested] = np.array(SPLITS)[parts]
    return _without_empty(table, groups, split, {"train": rest - val, "val": val, "test": 1 - rest})


def predefined_split(
    table: ResumeTable,
    groups: npt.NDArray[np.int64],
    seed: int,
    *,
    manifest: str | Path | None,
    allow_straddling: bool = False,
) -> npt.NDArray[np.str_]:
    """Take the splits from a manifest, such as the ``split.csv`` of another run.

    Args:
        table: the n documents.
        groups: (n,) group number of each; those in the manifest play no part.
        seed: plays no part.
        manifest: path of a csv of ``id,split``, with a line for each document, in any order. What
            Excel does to such a file is undone where it is clear which document each line means.
        allow_straddling: let duplicates lie in different splits; otherwise they are refused,
            since a duplicate of a training document in the test split flatters the results.

    Returns:
        (n,) of "train", "val", "test", "unused".

    Raises:
        UserError: the manifest is at fault (see :func:`read_split`), or a group straddles.
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
    table: ResumeTable,
    groups: npt.NDArray[np.int64],
    seed: int,
    *,
    allow_straddling: bool = False,
) -> npt.NDArray[np.str_]:
    """Take the splits from the data: a column, or the files that they are in.

    Args:
        table: the n documents.
        groups: (n,) group number of each.
        seed: plays no part.
        allow_straddling: as in :func:`predefined_split`.

    Returns:
        (n,) of "train", "val", "test", "unused".

    Raises:
        UserError: the data name no splits, a name is none of a split, or a group straddles.
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


def with_train_fraction(
    split: npt.NDArray[np.str_], fraction: float, seed: int, groups: npt.NDArray[np.int64]
) -> npt.NDArray[np.str_]:
    """Train on a random part of the training documents only, for a learning curve.

    With the same split and seed, a smaller fraction's documents are among a larger one's.

    Args:
        split: (n,) of "train", "val", "test", "unused".
        fraction: of the documents in "train" to keep, above 0 and up to 1; at least one group is
            kept.
        seed: of the draw.
        groups: (n,) group number of each document; groups stay whole.

    Returns:
        (n,) like ``split``, where training documents left out are "unused".

    Raises:
        UserError: ``fraction`` is out of its range.
    """
    if not 0 < fraction <= 1:
        raise UserError(
            f"data.train_fraction={fraction}: it must be above 0 and up to 1. Choose 1 to train on "
            "all training documents."
        )
    in_train = split == "train"
    numbers, sizes = np.unique(groups[in_train], return_counts=True)
    # Not the seed alone: the draw shall have nothing to do with the draw of the split.
    order = np.random.default_rng([seed, 1]).permutation(len(numbers))
    middles = np.cumsum(sizes[order]) - sizes[order] / 2
    kept = numbers[order][(middles <= fraction * in_train.sum()) | (np.arange(len(order)) == 0)]
    reduced = split.astype(SPLIT_DTYPE)
    reduced[in_train & ~np.isin(groups, kept)] = UNUSED
    return reduced


def checked_shares(train: float, val: float, test: float) -> dict[str, float]:
    shares = {"train": train, "val": val, "test": test}
    if abs(sum(shares.values()) - 1) > 1e-6 or min(shares.values()) < 0 or train <= 0:
        raise UserError(
            f"data.shares: train={train}, val={val} and test={test} must be shares of the "
            "documents that add up to 1, and train must be above 0."
        )
    return shares


def _check_order(order: int) -> None:
    if order not in (1, 2):
        raise UserError(
            f"data.split.order={order}: choose 1 to stratify by labels, or 2 to stratify by pairs "
            "of labels as well."
        )


def _without_empty(
    table: ResumeTable,
    groups: npt.NDArray[np.int64],
    split: npt.NDArray[np.str_],
    shares: dict[str, float],
) -> npt.NDArray[np.str_]:
    """Return ``split`` unless a split that should have documents has none."""
    for name, share in shares.items():
        if share > 0 and not (split == name).any():
            raise UserError(
                f"{table.source}: with {len(table)} résumés in {len(np.unique(groups))} groups of "
                f"duplicates the {name} split (data.shares.{name}={share:g}) is empty. Give more "
                "résumés, or raise data.limit if it is set."
            )
    return split


def _refuse_straddling(
    table: ResumeTable, groups: npt.NDArray[np.int64], split: npt.NDArray[np.str_], where: str
) -> None:
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
