"""Score predictions of any two models: metrics, intervals, and a paired test."""

import numpy as np

from resumebert import (
    bootstrap_intervals,
    duplicate_groups,
    multilabel_metrics,
    paired_comparison,
)

# %% What two models say of 400 documents and three labels, and what is true. Yours come from files.
rng = np.random.default_rng(0)
labels = ["Nurse", "Teacher", "Driver"]
truth = rng.random((400, 3)) < 0.3
good = truth * 0.4 + rng.random((400, 3)) * 0.6
fair = truth * 0.2 + rng.random((400, 3)) * 0.7
texts = [f"document {i // 2}" for i in range(400)]  # Each text is there twice.

# %% Every metric, by name; what is undefined is nan.
metrics = multilabel_metrics(good, truth, labels, threshold=0.5)
print(f"F1 micro {metrics['f1_micro']:.3f}, macro {metrics['f1_macro']:.3f}")

# %% 95 % intervals. Documents that are duplicates of each other are drawn together.
groups = duplicate_groups(texts)
intervals = bootstrap_intervals(good, truth, 0.5, labels, groups, resamples=2000)
low, high = intervals["f1_micro"]
print(f"F1 micro lies in [{low:.3f}, {high:.3f}]")

# %% Which model is better, and by more than chance?
found = paired_comparison(fair, good, truth, (0.5, 0.5), labels, groups, resamples=2000)
difference = found.metrics["f1_micro"]
print(
    f"good - fair: {difference.difference:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}], "
    f"p = {difference.p:.4f}"
)
