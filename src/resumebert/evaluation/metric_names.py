"""The names of the metrics; apart from them, so that a name is checked before PyTorch is loaded."""

from collections.abc import Sequence

AVERAGES = ("micro", "macro", "weighted", "samples")
OVERALL = (
    *(f"{kind}_{average}" for kind in ("f1", "precision", "recall") for average in AVERAGES),
    *("subset_accuracy", "hamming_loss", "ap_micro", "ap_macro", "auroc_macro"),
    *("lrap", "coverage_error", "ranking_loss", "ece"),
)
BY_LABEL = ("f1", "precision", "recall", "ap", "auroc")
# All others are better the higher.
LOWER_IS_BETTER = ("hamming_loss", "coverage_error", "ranking_loss", "ece", "loss")


def metric_names(label_names: Sequence[str]) -> list[str]:
    """Return the names of all metrics of these labels, those that count documents left out."""
    return [*OVERALL, *(f"{kind}/{name}" for kind in BY_LABEL for name in label_names)]
