"""Compare the own MinHash and stratification with datasketch and iterative-stratification.

    pip install datasketch iterative-stratification
    python benchmarks/against_libraries.py

Both are compared on the sample, to which duplicates are added. docs/decisions.md has the results.
"""

import random
import re
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

import resumebert
from resumebert.data.duplicates import duplicate_groups
from resumebert.data.stratification import stratify

SAMPLE = Path(resumebert.__file__).parent / "data" / "sample" / "resumes.parquet"
THRESHOLD, NGRAM, PERMUTATIONS = 0.8, 5, 128
# Each text and so many variants of it, in which more and more words are replaced.
VARIANTS = 4
SHARES = (0.8, 0.1, 0.1)


def main() -> None:
    """Print both comparisons."""
    table = pq.read_table(SAMPLE, columns=["text", "labels"])
    compare_duplicates(table["text"].to_pylist())
    compare_splits([set(filter(None, cell.split(";"))) for cell in table["labels"].to_pylist()])


def compare_duplicates(texts: list[str]) -> None:
    """Print seconds, and the share of the pairs at or above the threshold that share a group."""
    draw = random.Random(0)
    documents = []
    for text in texts:
        words = re.findall(r"[^\W_]+", text.lower())
        for variant in range(VARIANTS + 1):
            changed = list(words)
            for _ in range(int(len(words) * 0.0055 * variant)):
                changed[draw.randrange(len(words))] = f"zz{draw.randrange(10**6)}"
            documents.append(changed)
    shingles = [
        {" ".join(words[i : i + NGRAM]) for i in range(max(1, len(words) - NGRAM + 1))}
        for words in documents
    ]
    pairs = [
        (first, second)
        for start in range(0, len(documents), VARIANTS + 1)
        for first, second in combinations(range(start, start + VARIANTS + 1), 2)
        if len(shingles[first] & shingles[second])
        >= THRESHOLD * len(shingles[first] | shingles[second])
    ]
    print(f"{len(documents)} documents, {len(pairs)} pairs with a Jaccard index of {THRESHOLD}")
    started = time.perf_counter()
    groups = duplicate_groups([" ".join(words) for words in documents])
    show("own", time.perf_counter() - started, groups, pairs)
    started = time.perf_counter()
    groups = datasketch_groups(documents, shingles)
    show("datasketch", time.perf_counter() - started, groups, pairs)


def datasketch_groups(
    documents: list[list[str]], shingles: list[set[str]]
) -> npt.NDArray[np.int64]:
    """Group documents by the pairs that datasketch finds and that are similar enough."""
    from datasketch import MinHash, MinHashLSH

    hashes = []
    for words in documents:
        minhash = MinHash(num_perm=PERMUTATIONS)
        count = max(1, len(words) - NGRAM + 1)
        minhash.update_batch([" ".join(words[i : i + NGRAM]).encode() for i in range(count)])
        hashes.append(minhash)
    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    for place, minhash in enumerate(hashes):
        index.insert(place, minhash)
    found = [
        (place, other)
        for place, minhash in enumerate(hashes)
        for other in index.query(minhash)
        if len(shingles[place] & shingles[other])
        >= THRESHOLD * len(shingles[place] | shingles[other])
    ]
    rows, columns = np.array(found).T
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(hashes), len(hashes)))
    return np.asarray(connected_components(graph)[1], dtype=np.int64)


def show(
    name: str, seconds: float, groups: npt.NDArray[np.int64], pairs: list[tuple[int, int]]
) -> None:
    """Print a line of the comparison."""
    recall = np.mean([groups[first] == groups[second] for first, second in pairs])
    print(f"  {name:12} {seconds:6.1f} s  recall {recall:.4f}")


def compare_splits(label_sets: list[set[str]]) -> None:
    """Print the largest deviation of a label's prevalence between splits, for four seeds."""
    from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit

    names = sorted(set().union(*label_sets))
    single = np.array([[name in held for name in names] for held in label_sets], dtype=np.uint8)
    draw = np.random.default_rng(0)
    chosen = np.flatnonzero(draw.random(len(single)) < 0.1)
    added = [np.repeat(place, draw.integers(1, 21)) for place in chosen]
    groups = np.concatenate([np.arange(len(single)), *added])
    labels = single[groups]
    print(f"{len(labels)} documents in {len(single)} groups")

    def deviation(parts: npt.NDArray[np.int64]) -> float:
        shares = np.array([labels[parts == part].mean(axis=0) for part in range(len(SHARES))])
        return float((np.ptp(shares, axis=0) / labels.mean(axis=0)).max())

    for seed in range(4):
        own = deviation(stratify(labels, groups, SHARES, seed))
        parts = np.zeros(len(single), dtype=np.int64)
        everything = np.arange(len(single))
        for part, share in ((1, 0.1), (2, 0.1 / 0.9)):
            split = MultilabelStratifiedShuffleSplit(1, test_size=share, random_state=seed)
            kept, taken = next(split.split(everything, single[everything]))
            parts[everything[taken]] = part
            everything = everything[kept]
        print(f"  seed {seed}: own {own:.1%}, iterstrat {deviation(parts[groups]):.1%}")


if __name__ == "__main__":
    main()
