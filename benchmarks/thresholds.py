"""What tuned thresholds gain, or cost, against 0.5 on the plain sigmoid.

    python benchmarks/thresholds.py SCORES.npz [--splits 200] [--documents 50 200 1000 3000]

SCORES.npz holds what a model gave documents that it was not trained on: `logits` (n, L), `truth`
(n, L) of 0 and 1, and perhaps `groups` (n,) of duplicates. Each time calibration and thresholds are
fitted to so many groups, drawn at random, and compared with the plain sigmoid on up to 3,000 of the
rest. Printed are the mean gain in F1, in points, and the gain that one split in twenty falls short
of: of thresholds that are tuned whatever it costs, and of those that are used.
"""

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from resumebert.evaluation.areas import Flags, Floats
from resumebert.evaluation.calibration import fit_calibration
from resumebert.evaluation.decisions import fit_decisions
from resumebert.evaluation.thresholds import tune_thresholds

TESTED = 3_000


def f1(predicted: Flags, truth: Flags) -> Floats:
    """Return micro-F1 and macro-F1, the latter of labels that some document has."""
    hits, both = (predicted & truth).sum(axis=0), predicted.sum(axis=0) + truth.sum(axis=0)
    macro = (2 * hits / np.maximum(both, 1))[truth.any(axis=0)].mean()
    return np.array([2 * hits.sum() / max(1, both.sum()), macro])


def gains(
    logits: Floats, truth: Flags, groups: npt.NDArray[np.integer], count: int, seed: int
) -> Floats:
    """Return (2, 2) gains of a split: tuned and used thresholds; micro and macro."""
    names = [str(label) for label in range(truth.shape[1])]
    numbers = np.random.default_rng(seed).permutation(np.unique(groups))
    val, test = (
        np.isin(groups, part) for part in (numbers[:count], numbers[count : count + TESTED])
    )
    z, true, alike = logits[val], truth[val].astype(np.uint8), groups[val]
    calibration = fit_calibration(z, true, names, groups=alike)
    tuned = tune_thresholds(calibration.apply(z), true, names, groups=alike).thresholds
    decisions = fit_decisions(z, true, names, groups=alike)
    rest, plain = logits[test], f1(logits[test] >= 0, truth[test])
    found = (
        calibration.apply(rest) >= tuned,
        decisions.calibration.apply(rest) >= np.array(decisions.thresholds),
    )
    return np.array([f1(predicted, truth[test]) - plain for predicted in found])


def main() -> None:
    """Print a table for each file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("scores", nargs="+", type=Path)
    parser.add_argument("--splits", type=int, default=200)
    parser.add_argument("--documents", nargs="+", type=int, default=[50, 200, 1000, 3000])
    options = parser.parse_args()
    for path in options.scores:
        with np.load(path) as stored:
            logits, truth = stored["logits"].astype(np.float64), stored["truth"] > 0
            groups = stored["groups"] if "groups" in stored else np.arange(len(logits))
        for count in options.documents:
            if 2 * count > len(np.unique(groups)):
                continue
            found = np.array(
                [gains(logits, truth, groups, count, seed) for seed in range(options.splits)]
            )
            for place, name in enumerate(("tuned", "used")):
                means, lows = (
                    found[:, place].mean(axis=0),
                    np.quantile(found[:, place], 0.05, axis=0),
                )
                print(
                    f"{path.stem:12} {count:5} documents, {name}: "
                    f"micro {100 * means[0]:+.2f} (5 % below {100 * lows[0]:+.2f}), "
                    f"macro {100 * means[1]:+.2f} (5 % below {100 * lows[1]:+.2f})",
                    flush=True,
                )


if __name__ == "__main__":
    main()
