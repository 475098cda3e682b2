"""Which document trains, which validates, which tests; and the manifest that records it.

A splitter is a function ``(table, groups, seed) -> (n,) names`` where ``groups`` numbers each
document's duplicate group. Documents of one group always share a split.
"""

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from resumebert.data.duplicates import text_digest
from resumebert.data.table import ResumeTable
from resumebert.utils.errors import UserError

SPLITS = ("train", "val", "test")


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
    shares = {"train": train, "val": val, "test": test}
    if abs(sum(shares.values()) - 1) > 1e-6 or min(shares.values()) < 0 or train <= 0:
        raise UserError(
            f"data.split: train={train}, val={val} and test={test} must be shares of the documents "
            "that add up to 1, and train must be above 0."
        )
    numbers, sizes = np.unique(groups, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(numbers))
    # A group belongs to the split into which the middle of it falls, on a line of all documents.
    middles = (np.cumsum(sizes[order]) - sizes[order] / 2) / max(1, len(groups))
    bounds = [train, train + val]
    split_of_group = np.empty(len(numbers), dtype=np.int64)
    split_of_group[order] = np.searchsorted(bounds, middles, side="right")
    split = np.array(SPLITS)[split_of_group[np.searchsorted(numbers, groups)]]
    for name, share in shares.items():
        if share > 0 and not (split == name).any():
            raise UserError(
                f"{table.source}: with {len(table)} résumés in {len(numbers)} groups of duplicates "
                f"the {name} split (data.split.{name}={share}) is empty. Give more résumés, or "
                "raise data.limit if it is set."
            )
    return split


def write_split(
    path: Path, table: ResumeTable, split: npt.NDArray[np.str_], groups: npt.NDArray[np.int64]
) -> None:
    """Write the manifest: a csv of ``id,split,group``, a line a document in the table's order."""
    pd.DataFrame({"id": table.ids, "split": split, "group": groups}).to_csv(path, index=False)


def split_fingerprint(table: ResumeTable, split: npt.NDArray[np.str_]) -> str:
    """Return a SHA-256 of ids, texts, labels and splits, whatever the order of the documents."""
    names = "\x1f".join(table.label_names)
    lines = sorted(
        b"\x1f".join(
            [
                table.ids[i].encode("utf-8", "surrogatepass"),
                str(split[i]).encode(),
                text_digest(table.texts[i]),
                table.labels[i].tobytes(),
            ]
        )
        for i in range(len(table))
    )
    return hashlib.sha256(b"\n".join([names.encode(), *lines])).hexdigest()
