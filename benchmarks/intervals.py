"""How long intervals take, and how often they hold the true value.

    OMP_NUM_THREADS=1 python benchmarks/intervals.py
    OMP_NUM_THREADS=1 python benchmarks/intervals.py --coverage --separation 2.5
    OMP_NUM_THREADS=1 python benchmarks/intervals.py --coverage --separation 2.5 2.8

Without ``--coverage``: seconds of all intervals and of a comparison of two models, and the ratio to
a plain loop that repeats the drawn documents and computes their metrics (a few resamples of it, the
rest reckoned).

With it: samples are drawn of a made-up population whose metrics are known, and for each kind of
interval the share of samples is printed whose interval holds the true value, with the shares that
lie wholly above and below it. A label's name is its share of the documents, three in ten of which
are surplus copies. "apart" is BCa with the copies resampled as documents of their own. Of two
models, the differences of their metrics are looked at.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from resumebert.evaluation.comparison import paired_comparison
from resumebert.evaluation.intervals import (
    bca_interval,
    bootstrap_intervals,
    left_out,
    of_all,
    percentile_interval,
    resampled,
)
from resumebert.evaluation.metrics import (
    Documents,
    Floats,
    Statistic,
    Weights,
    checked_documents,
    multilabel_metrics,
    weighted_metrics,
)

PREVALENCES = (0.4, 0.25, 0.15, 0.08, 0.04)
LOOPED = 20
LEVEL = 0.95


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--documents", type=int, default=3000)
    parser.add_argument("--labels", type=int, default=10)
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--groups", type=int, default=360)
    parser.add_argument("--separation", type=float, nargs="+", default=[2.5], help="of each model")
    options = parser.parse_args()
    if options.coverage:
        print_coverage(options.samples, options.groups, options.separation)
    else:
        print_seconds(options.documents, options.labels, options.resamples)


def print_seconds(documents: int, labels: int, resamples: int) -> None:
    """Time intervals, a comparison and a plain loop."""
    rng = np.random.default_rng(0)
    names = [f"label {number}" for number in range(labels)]
    targets = (rng.random((documents, labels)) < 0.2).astype(np.uint8)
    first, second = 1 / (1 + np.exp(1 - 2 * targets - rng.normal(size=(2, *targets.shape))))
    groups = rng.integers(0, documents * 5 // 6, documents)

    def loop() -> None:
        for _ in range(LOOPED):
            rows = rng.integers(0, documents, documents)
            multilabel_metrics(
                torch.from_numpy(first[rows]), torch.from_numpy(targets[rows]), names
            )

    print(f"{resamples} resamples, {documents} documents, {labels} labels; seconds of wall and CPU")
    arguments = (targets, 0.5, names, groups)
    ours = timed(
        "all intervals", lambda: bootstrap_intervals(first, *arguments, resamples=resamples)
    )
    timed(
        "comparison of two models",
        lambda: paired_comparison(
            first, second, targets, (0.5, 0.5), names, groups, resamples=resamples
        ),
    )
    plain = timed(f"plain loop, {LOOPED} resamples", loop) * resamples / LOOPED
    print(f"plain loop, {resamples} resamples: {plain:.0f} s of CPU, {plain / ours:.0f} times ours")


def timed(what: str, work: Callable[[], object]) -> float:
    """Print how long something takes; return its CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{what:32}{wall:8.2f}{cpu:8.2f}", flush=True)
    return cpu


def print_coverage(samples: int, groups: int, separations: Sequence[float]) -> None:
    """Draw samples and count whose intervals hold the true value."""
    rng = np.random.default_rng(0)
    truth = estimate(draw(rng, 300_000, separations))
    held: dict[tuple[str, str], list[tuple[bool, bool]]] = defaultdict(list)
    documents = 0
    for _ in range(samples):
        models = draw(rng, groups, separations)
        documents += len(models[0].truth)
        for (name, kind), (low, high) in intervals(models, rng).items():
            if not np.isnan(low):
                held[name, kind].append((truth[name] < low, truth[name] > high))
    kinds = ("BCa", "percentile", "basic", "apart")
    print(f"{samples} samples of {groups} groups, {documents / samples:.0f} documents, in per cent")
    print(f"{'metric':20}{'truth':>7}" + "".join(f"{kind:>20}" for kind in kinds))
    for name, value in truth.items():
        cells = []
        for kind in kinds:
            above, below = 100 * np.mean(held[name, kind], axis=0)
            cells.append(f"{100 - above - below:.1f} ({above:.1f}, {below:.1f})")
        print(f"{name:20}{value:>7.3f}" + "".join(f"{cell:>20}" for cell in cells))


def draw(rng: np.random.Generator, groups: int, separations: Sequence[float]) -> list[Documents]:
    """Draw groups of copies, which share their labels and most of their scores' noise.

    Half of the noise is the same for all models.
    """
    sizes = rng.choice([1, 2, 4], groups, p=[0.8, 0.1, 0.1])
    numbers = np.repeat(np.arange(groups), sizes)
    shape = (groups, len(PREVALENCES))
    names = [str(prevalence) for prevalence in PREVALENCES]
    targets = (rng.random(shape) < PREVALENCES)[numbers]
    common = rng.normal(size=shape)
    models = []
    for separation in separations:
        shared = (0.7 * common + 0.65 * rng.normal(size=shape))[numbers]
        noise = shared + 0.3 * rng.normal(size=targets.shape)
        probabilities = 1 / (1 + np.exp(separation / 2 - separation * targets - noise))
        models.append(checked_documents(probabilities, targets, 0.6, names, numbers))
    return models


def metrics_of(models: Sequence[Documents]) -> Statistic:
    """Return the metrics of a model, or how much larger those of a second one are."""
    statistics = [weighted_metrics(documents) for documents in models]

    def statistic(weights: Weights) -> dict[str, Floats]:
        first, *others = (metrics(weights) for metrics in statistics)
        for other in others:
            first = {name: other[name] - values for name, values in first.items()}
        return first

    return statistic


def estimate(models: Sequence[Documents]) -> dict[str, float]:
    """Return the values of the documents themselves."""
    everything = np.ones((1, models[0].num_groups), dtype=np.int32)
    return {name: float(value[0]) for name, value in metrics_of(models)(everything).items()}


def intervals(
    models: Sequence[Documents], rng: np.random.Generator, resamples: int = 1000
) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the intervals of each metric and kind."""
    found: dict[tuple[str, str], tuple[float, float]] = {}
    alone = np.arange(len(models[0].truth))
    apart = [replace(documents, groups=alone) for documents in models]
    for drawn in (models, apart):
        statistic = metrics_of(drawn)
        replicates = of_all(statistic, resampled(drawn[0], resamples, rng))
        jackknife = of_all(statistic, left_out(drawn[0], rng))
        for name, value in estimate(drawn).items():
            bca = bca_interval(value, replicates[name], jackknife[name], LEVEL)
            if drawn is apart:
                found[name, "apart"] = bca
                continue
            low, high = percentile_interval(value, replicates[name], LEVEL)
            found[name, "BCa"], found[name, "percentile"] = bca, (low, high)
            found[name, "basic"] = 2 * value - high, 2 * value - low
    return found


if __name__ == "__main__":
    main()
