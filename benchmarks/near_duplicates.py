"""Measure duplicates and splits on a corpus: what is found, at what cost, and what is missed.

    python benchmarks/near_duplicates.py CORPUS.parquet

The file has the columns ``id``, ``labels`` (joined by ``;``) and ``text``. Needs SciPy.
"""

import argparse
import re
import time
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from resumebert.data.cleaning import clean
from resumebert.data.duplicates import conflicting_groups, duplicate_groups, exact_groups
from resumebert.data.report import split_quality
from resumebert.data.splitting import random_split, straddling_groups, stratified_split
from resumebert.data.table import ResumeTable, TextColumn

WORD = re.compile(r"[^\W_]+")
NGRAM = 5
T = TypeVar("T")


def main() -> None:
    """Print the figures for the corpus named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--threshold", type=float, default=0.8)
    parser.add_argument("--rows", type=int, default=2000, help="of the brute-force check")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    table = timed("read and clean", lambda: read(options.corpus))
    print(f"{'':12}{len(table)} documents, {sum(map(len, table.texts)) / 1e6:.0f} M characters")
    groups = report_groups(table, options.threshold, options.seed)
    check_by_brute_force(table, groups, options.threshold, options.rows, options.seed)
    compare_splits(table, groups, options.seed)


def read(path: Path) -> ResumeTable:
    """Read ids, labels and cleaned texts."""
    rows = pq.read_table(path, columns=["id", "labels", "text"])
    label_sets = [set(filter(None, labels.split(";"))) for labels in rows["labels"].to_pylist()]
    names = sorted(set().union(*label_sets))
    return ResumeTable(
        ids=[str(value) for value in rows["id"].to_pylist()],
        texts=TextColumn.of(clean(text.as_py()) for text in rows["text"]),
        labels=np.array([[name in held for name in names] for held in label_sets], dtype=np.uint8),
        label_names=names,
        rows=np.arange(1, len(rows) + 1),
        source=path.name,
    )


def report_groups(table: ResumeTable, threshold: float, seed: int) -> npt.NDArray[np.int64]:
    """Print what is found and in what time; return the groups."""
    exact = timed("exact groups", lambda: exact_groups(table.texts))
    describe(exact, table)
    groups = timed(
        "exact and near-duplicate groups",
        lambda: duplicate_groups(table.texts, threshold=threshold, ngram=NGRAM, seed=seed),
    )
    describe(groups, table)
    return groups


def describe(groups: npt.NDArray[np.int64], table: ResumeTable) -> None:
    """Print how many groups and copies there are."""
    sizes = np.bincount(groups)
    print(
        f"{'':12}{(sizes > 1).sum()} groups of copies, {(sizes - 1).sum()} surplus copies "
        f"({(sizes - 1).mean() / sizes.mean():.1%}), largest group {sizes.max()}, "
        f"{len(conflicting_groups(groups, table.labels))} groups with conflicting labels"
    )


def check_by_brute_force(
    table: ResumeTable, groups: npt.NDArray[np.int64], threshold: float, rows: int, seed: int
) -> None:
    """Compare all pairs of some rows, by sets of strings, with the groups found.

    Half of the rows are groups as a whole, found at a threshold lower by 0.2, so that there are
    pairs above the threshold and just below it; the others are random.
    """
    loose = duplicate_groups(
        table.texts, threshold=max(0.1, threshold - 0.2), ngram=NGRAM, seed=seed
    )
    sample = draw(loose, rows, seed)
    started = time.perf_counter()
    similar = similarities([table.texts[i] for i in sample.tolist()])
    first, second = np.triu_indices(len(sample), 1)
    index = similar[first, second]
    same = groups[sample][first] == groups[sample][second]
    true = index >= threshold
    chained = connected_components(csr_matrix(similar >= threshold))[1]
    connected = chained[first] == chained[second]
    near = (index >= threshold - 0.2) & ~true
    print(
        f"\nbrute force over {len(sample)} rows ({len(first)} pairs, "
        f"{time.perf_counter() - started:.1f} s): {true.sum()} pairs with Jaccard >= {threshold}, "
        f"{near.sum()} within 0.2 below it\n"
        f"{'':12}recall: {ratio(same & true, true)} of these pairs share a group\n"
        f"{'':12}precision: {ratio(same & connected, same)} of the pairs that share a group are "
        "connected by a chain of such pairs\n"
        f"{'':12}{ratio(same & true, same)} of them have Jaccard >= {threshold} themselves"
    )


def draw(groups: npt.NDArray[np.int64], rows: int, seed: int) -> npt.NDArray[np.int64]:
    """Draw ``rows`` positions: about half are groups of copies as a whole, the rest any others."""
    generator = np.random.default_rng(seed)
    sizes = np.bincount(groups)
    turns = generator.permutation(np.flatnonzero(sizes > 1))
    whole = turns[np.cumsum(sizes[turns]) <= rows // 2]
    copies = np.flatnonzero(np.isin(groups, whole))
    others = np.setdiff1d(np.arange(len(groups)), copies)
    count = min(len(others), rows - len(copies))
    return np.concatenate([copies, generator.choice(others, count, replace=False)])


def similarities(texts: list[str]) -> npt.NDArray[np.float64]:
    """Return the (n, n) Jaccard indices of the texts' sets of word n-grams, without hashing."""
    columns: dict[tuple[str, ...], int] = {}
    indices, offsets = [], [0]
    for text in texts:
        words = WORD.findall(text.casefold())
        grams = {tuple(words[i : i + NGRAM]) for i in range(max(1, len(words) - NGRAM + 1))}
        indices += [columns.setdefault(gram, len(columns)) for gram in grams]
        offsets.append(len(indices))
    matrix = csr_matrix((np.ones(len(indices), dtype=np.int32), indices, offsets))
    common = (matrix @ matrix.T).toarray()
    sizes = np.diff(offsets)
    result: npt.NDArray[np.float64] = common / (sizes[:, None] + sizes[None] - common)
    return result


def compare_splits(table: ResumeTable, groups: npt.NDArray[np.int64], seed: int) -> None:
    """Print the stratified splits' figures beside a random one's, all of 80/10/10.

    Copies: the share of documents that have any, in train, val and test.
    """
    shares: dict[str, Any] = {"train": 0.8, "val": 0.1, "test": 0.1}
    alone = np.arange(len(table))
    by_label = {
        "stratified, order 1": lambda: stratified_split(table, groups, seed, order=1, **shares),
        "stratified, order 2": lambda: stratified_split(table, groups, seed, order=2, **shares),
        "random, by groups": lambda: random_split(table, groups, seed, **shares),
        "random, by documents": lambda: random_split(table, alone, seed, **shares),
    }
    has_copies = np.bincount(groups)[groups] > 1
    header = "labels: largest, mean", "pairs: mean", "straddling", "copies", "seconds", "documents"
    print("\n{:22}{:>23}{:>13}{:>12}{:>19}{:>9}  {}".format("80/10/10", *header))
    for name, split_by in by_label.items():
        started = time.perf_counter()
        split = split_by()
        seconds = time.perf_counter() - started
        quality = split_quality(table.labels, split, table.label_names)
        counts = Counter(split.tolist())
        copies = "/".join(f"{has_copies[split == part].mean():.1%}" for part in shares)
        print(
            f"{name:22}{quality['largest_relative_deviation']:>14.2%},"
            f"{quality['mean_relative_deviation']:>8.2%}{pair_deviation(table, split):>13.2%}"
            f"{len(straddling_groups(groups, split)):>12}{copies:>19}{seconds:>9.2f}  "
            + "/".join(str(counts[part]) for part in shares)
        )


def pair_deviation(table: ResumeTable, split: npt.NDArray[np.str_]) -> float:
    """Return the mean relative deviation of the pairs of labels that 100 documents have."""
    pairs = list(combinations(range(table.labels.shape[1]), 2))
    both = np.stack([table.labels[:, i] & table.labels[:, j] for i, j in pairs], axis=1)
    frequent = both[:, both.sum(axis=0) >= 100]
    names = [str(column) for column in range(frequent.shape[1])]
    deviation: float = split_quality(frequent, split, names)["mean_relative_deviation"]
    return deviation


def ratio(part: npt.NDArray[np.bool_], whole: npt.NDArray[np.bool_]) -> str:
    """Return the share of ``whole`` that is in ``part``, with the counts."""
    return f"{part.sum() / max(1, whole.sum()):.4f} ({part.sum()} of {whole.sum()})"


def timed(what: str, function: Callable[[], T]) -> T:
    """Run ``function`` and print how long it took."""
    started = time.perf_counter()
    result = function()
    print(f"{time.perf_counter() - started:9.1f} s  {what}")
    return result


if __name__ == "__main__":
    main()
