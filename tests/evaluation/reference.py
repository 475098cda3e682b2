"""The metrics' definitions written out with loops over plain numbers, to compare against."""

import math

NAN = math.nan


def ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else NAN


def mean(values: list[float], weights: list[float] | None = None) -> float:
    weights = weights or [1.0] * len(values)
    pairs = [(v, w) for v, w in zip(values, weights, strict=True) if not math.isnan(v)]
    return ratio(sum(v * w for v, w in pairs), sum(w for _, w in pairs))


def f1_precision_recall(predicted: list[bool], truth: list[bool]) -> tuple[float, float, float]:
    pairs = list(zip(predicted, truth, strict=True))
    tp, fp, fn = (pairs.count(kind) for kind in ((True, True), (True, False), (False, True)))
    return ratio(2 * tp, 2 * tp + fp + fn), ratio(tp, tp + fp), ratio(tp, tp + fn)


def average_precision(scores: list[float], truth: list[bool]) -> float:
    area, recall = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        chosen = [score >= threshold for score in scores]
        _, precision, new_recall = f1_precision_recall(chosen, truth)
        area += (new_recall - recall) * precision
        recall = new_recall
    return area


def auroc(scores: list[float], truth: list[bool]) -> float:
    wins = [
        1.0 if positive > negative else 0.5 if positive == negative else 0.0
        for positive, is_positive in zip(scores, truth, strict=True)
        for negative, is_negative in zip(scores, truth, strict=True)
        if is_positive and not is_negative
    ]
    return mean(wins)


def ranking(scores: list[float], truth: list[bool]) -> tuple[float, float, float]:
    """LRAP, coverage and ranking loss of one document."""
    true = [s for s, t in zip(scores, truth, strict=True) if t]
    false = [s for s, t in zip(scores, truth, strict=True) if not t]
    coverage = float(sum(s >= min(true) for s in scores)) if true else 0.0
    if not true or not false:
        return 1.0, coverage, 0.0
    shares = [sum(t >= s for t in true) / sum(other >= s for other in scores) for s in true]
    wrong = sum(f >= t for t in true for f in false)
    return mean(shares), coverage, wrong / (len(true) * len(false))


def calibration_error(scores: list[float], truth: list[bool], bins: int = 15) -> float:
    error = 0.0
    for b in range(bins):
        inside = [
            (s, t)
            for s, t in zip(scores, truth, strict=True)
            if b / bins < s <= (b + 1) / bins or (b == 0 and s == 0)
        ]
        if inside:
            share = sum(t for _, t in inside) / len(inside)
            confidence = sum(s for s, _ in inside) / len(inside)
            error += len(inside) / len(scores) * abs(share - confidence)
    return error if scores else NAN


def reference_metrics(
    scores: list[list[float]], truth: list[list[bool]], thresholds: list[float], names: list[str]
) -> dict[str, float]:
    """Every metric of n rows of L; `names` and `thresholds` have L entries."""
    predicted = [[s >= t for s, t in zip(row, thresholds, strict=True)] for row in scores]
    columns = [
        ([row[j] for row in scores], [row[j] for row in predicted], [row[j] for row in truth])
        for j in range(len(names))
    ]
    all_scores, all_predicted, all_truth = (
        [value for row in rows for value in row] for rows in (scores, predicted, truth)
    )
    supports = [float(sum(t)) for _, _, t in columns]
    result: dict[str, float] = {}
    for k, kind in enumerate(("f1", "precision", "recall")):
        values = [f1_precision_recall(p, t)[k] if any(t) else NAN for _, p, t in columns]
        result |= {f"{kind}/{name}": v for name, v in zip(names, values, strict=True)}
        result[f"{kind}_micro"] = f1_precision_recall(all_predicted, all_truth)[k]
        result[f"{kind}_macro"] = mean(values)
        result[f"{kind}_weighted"] = mean(values, supports)
        by_document = zip(predicted, truth, strict=True)
        result[f"{kind}_samples"] = mean([f1_precision_recall(p, t)[k] for p, t in by_document])
    precisions = [average_precision(s, t) if any(t) else NAN for s, _, t in columns]
    areas = [auroc(s, t) for s, _, t in columns]
    for kind, values in (("ap", precisions), ("auroc", areas), ("support", supports)):
        result |= {f"{kind}/{name}": v for name, v in zip(names, values, strict=True)}
    rankings = [ranking(s, t) for s, t in zip(scores, truth, strict=True)]
    pairs = zip(all_predicted, all_truth, strict=True)
    return result | {
        "subset_accuracy": mean([float(p == t) for p, t in zip(predicted, truth, strict=True)]),
        "hamming_loss": mean([float(p != t) for p, t in pairs]),
        "ap_micro": average_precision(all_scores, all_truth) if any(all_truth) else NAN,
        "ap_macro": mean(precisions),
        "auroc_macro": mean(areas),
        "lrap": mean([r[0] for r in rankings]),
        "coverage_error": mean([r[1] for r in rankings]),
        "ranking_loss": mean([r[2] for r in rankings]),
        "ece": calibration_error(all_scores, all_truth),
        "n": float(len(scores)),
    }
