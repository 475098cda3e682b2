"""Whether what evaluation.abstain and thresholds=guaranteed promise holds, on re-splits.

A linear model is trained on some of a table's documents and scores the others. These are split at
random many times, duplicates together: calibration, thresholds and abstention are fitted to one
part, as after a training, and looked at on the rest.

    python benchmarks/promises.py [--table F.parquet --train 6000] [--splits 200]
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from resumebert.data.arrays import Ints
from resumebert.data.cleaning import clean
from resumebert.data.duplicates import duplicate_groups
from resumebert.data.readers import read_sample, read_table
from resumebert.evaluation.abstention import errors_of
from resumebert.evaluation.areas import Flags, Floats
from resumebert.evaluation.baseline import fit_baseline
from resumebert.evaluation.decisions import fit_decisions
from resumebert.settings.schema import EvaluationSettings


def main() -> None:
    """Train, score, split and count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--table", type=Path, help="with the columns text and labels, joined by ;")
    parser.add_argument(
        "--train", type=int, default=600, help="documents that the model learns from"
    )
    parser.add_argument("--most", type=int, default=20_000, help="documents in all")
    parser.add_argument("--splits", type=int, default=200)
    given = parser.parse_args()
    table = (
        read_sample() if given.table is None else read_table(given.table, labels_column="labels")
    )
    generator = np.random.default_rng(0)
    rows = generator.permutation(len(table.ids))[: given.most]
    texts = [clean(table.texts[row]) for row in rows]
    truth, groups = table.labels[rows] > 0, duplicate_groups(texts)
    names = generator.permutation(np.unique(groups))
    trains = np.isin(groups, names[: int(len(names) * given.train / len(rows))])
    model = fit_baseline(
        [texts[row] for row in np.flatnonzero(trains)],
        truth[trains].astype(np.uint8),
        [],
        np.zeros((0, truth.shape[1]), np.uint8),
        table.label_names,
    )
    values = model.decision_values([texts[row] for row in np.flatnonzero(~trains)])
    truth, groups = truth[~trains], groups[~trains]
    print(f"{trains.sum():,} documents trained, {len(truth):,} are split, {given.splits} times")
    for share in (0.1, 0.3):
        for level in (0.05, 0.1, 0.15):
            abstention(values, truth, groups, share, level, given.splits)
    for share in (0.1, 0.3):
        recalls(values, truth, groups, table.label_names, share, given.splits)


def splits(groups: Ints, share: float, times: int) -> Iterator[Flags]:
    """Yield which documents are of the fitting part, duplicates together."""
    names = np.unique(groups)
    for seed in range(times):
        drawn = np.random.default_rng(seed).permutation(names)[: round(share * len(names))]
        yield np.isin(groups, drawn)


def counted_once(groups: Ints) -> Floats:
    """Return the weight of each document: duplicates count as one."""
    place, sizes = np.unique(groups, return_inverse=True, return_counts=True)[1:]
    return 1 / sizes[place]


def abstention(
    values: Floats, truth: Flags, groups: Ints, share: float, level: float, times: int
) -> None:
    """Print how often the documents that are decided have more errors than was promised."""
    weights = counted_once(groups)
    # Thresholds that are not averaged take a tenth of the time, and fit documents more closely.
    settings = EvaluationSettings(abstain=level, threshold_resamples=0)
    names = [str(label) for label in range(truth.shape[1])]
    broken, reviewed, errors, all_errors = [], [], [], []
    for fits in splits(groups, share, times):
        found = fit_decisions(values[fits], truth[fits], names, settings, groups[fits])
        probabilities = found.calibration.apply(values[~fits])
        wrong = errors_of(truth[~fits], probabilities >= np.array(found.thresholds))
        review = found.review(probabilities)
        assert review is not None
        decided, weight = ~review, weights[~fits]
        reviewed.append(1 - np.average(decided, weights=weight))
        all_errors.append(np.average(wrong, weights=weight))
        if decided.any():
            errors.append(np.average(wrong[decided], weights=weight[decided]))
            broken.append(errors[-1] > level)
    left = np.mean(errors) if errors else float("nan")
    print(
        f"abstain={level}: {fits.sum():,} documents fitted to; errors without "
        f"{np.mean(all_errors):.3f}, with {left:.3f}; "
        f"{np.mean(reviewed):.1%} reviewed; "
        f"nothing decided in {times - len(errors)}; broken in {sum(broken)} of {times}",
        flush=True,
    )


def recalls(
    values: Floats,
    truth: Flags,
    groups: Ints,
    names: Sequence[str],
    share: float,
    times: int,
) -> None:
    """Print how often a label's recall is what was promised."""
    settings = EvaluationSettings(thresholds="guaranteed")
    weights = counted_once(groups)
    reached, refused = [], 0
    for fits in splits(groups, share, times):
        found = fit_decisions(values[fits], truth[fits], names, settings, groups[fits])
        given = found.calibration.apply(values[~fits]) >= np.array(found.thresholds)
        for label, name in enumerate(names):
            if any(note.startswith(f"{name}: a recall of") for note in found.notes):
                refused += 1
                continue
            has = truth[~fits][:, label]
            reached.append(np.average(given[has, label], weights=weights[~fits][has]) >= 0.9)
    print(
        f"guaranteed: {fits.sum():,} documents fitted to; refused {refused / times:.1f} labels of "
        f"{len(names)}; recall reached 0.9 in {np.mean(reached):.1%} of the others",
        flush=True,
    )


if __name__ == "__main__":
    main()
