import io
import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from sklearn import metrics as sk

from resumebert.evaluation.comparison import disagreements, paired_comparison
from resumebert.evaluation.decisions import (
    Decisions,
    fit_decisions,
    plain_decisions,
    stored_decisions,
)
from resumebert.evaluation.files import write_disagreements, write_metrics, write_predictions
from resumebert.evaluation.intervals import bootstrap_intervals
from resumebert.evaluation.result import EvaluationResult, evaluate_scores
from resumebert.report.console import print_comparison, print_result
from resumebert.report.sentences import decision_notes
from resumebert.settings.schema import EvaluationSettings
from resumebert.utils.errors import UserError

NAMES = ["a", "b", "c"]


def scored(n: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.random((n, 3)) < [0.5, 0.3, 0.2]
    return rng.normal(2.0 * truth - 2.5, 1.0), truth


def evaluated(
    decisions: Decisions, n: int = 60, resamples: int = 50, seed: int = 0
) -> EvaluationResult:
    logits, truth = scored(n, seed)
    return evaluate_scores(
        "test", logits, truth, decisions, NAMES, ids=[f"r{i}" for i in range(n)],
        index=np.arange(n), groups=np.arange(n) // 2, resamples=resamples, loss=0.25,
    )  # fmt: skip


def printed(print_it, *arguments) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    print_it(console, *arguments)
    return console.export_text()


@pytest.fixture
def decisions() -> Decisions:
    return fit_decisions(*scored(seed=1), NAMES)


def test_figures_at_one_half_are_of_the_plain_sigmoid_and_tuned_ones_calibrated(decisions) -> None:
    logits, truth = scored()
    result = evaluated(decisions)
    calibrated = decisions.calibration.apply(logits)
    tuned = calibrated >= decisions.thresholds
    assert result.metrics["f1_micro"] == pytest.approx(
        sk.f1_score(truth, logits >= 0, average="micro")
    )
    assert result.metrics["tuned/f1_micro"] == pytest.approx(
        sk.f1_score(truth, tuned, average="micro")
    )
    assert (result.predicted == tuned).all()
    assert (result.probabilities == calibrated).all()
    assert result.metrics["tuned/f1_macro"] > result.metrics["f1_macro"]
    assert result.metrics["loss"] == 0.25
    expected = bootstrap_intervals(
        calibrated, truth, decisions.thresholds, NAMES, np.arange(60) // 2, resamples=50
    )
    assert result.intervals["tuned/ap_macro"] == expected["ap_macro"]
    counts = {"loss", "n", *(f"support/{name}" for name in NAMES)}
    assert result.metrics.keys() - result.intervals.keys() == counts


def test_decisions_survive_a_checkpoint(decisions) -> None:
    plain = json.loads(json.dumps(decisions.to_plain()))
    assert Decisions.from_plain(plain) == decisions
    for damage in (
        {"thresholds": [0.5]},
        {"thresholds": [0.1, 0.2, math.nan]},
        {"calibration": {}},
    ):
        with pytest.raises((ValueError, TypeError)):
            Decisions.from_plain(plain | damage)


def test_without_validation_documents_all_is_plain() -> None:
    found = fit_decisions(np.zeros((0, 3)), np.zeros((0, 3)), NAMES)
    assert replace(found, notes=[]) == plain_decisions(3)
    assert "No validation document was scored" in found.notes[0]


def test_options_reach_what_they_are_for() -> None:
    logits, truth = scored(seed=1)
    high = fit_decisions(
        logits, truth, NAMES, EvaluationSettings(thresholds="recall", recall_floor=1)
    )
    assert (high.calibration.apply(logits) >= high.thresholds)[truth].all()
    dear = EvaluationSettings(calibration="none", thresholds="cost", miss_cost=9.0)
    cheap = EvaluationSettings(calibration="none", thresholds="cost", false_alarm_cost=9.0)
    limits = [np.mean(fit_decisions(logits, truth, NAMES, o).thresholds) for o in (dear, cheap)]
    assert limits[0] < limits[1]
    assert fit_decisions(logits, truth, NAMES, dear).calibration.method == "none"


def test_metrics_are_one_flat_object_with_null_where_undefined(tmp_path, decisions) -> None:
    result = evaluated(decisions)
    result = replace(result, baseline=evaluated(decisions, seed=5))
    empty = evaluated(plain_decisions(3), n=0)
    write_metrics(tmp_path / "m.json", [result, replace(empty, split="val")])
    metrics = json.loads((tmp_path / "m.json").read_text())
    assert metrics["test/f1_micro"] == result.metrics["f1_micro"]
    assert metrics["test/tuned/f1/a_ci"] == list(result.intervals["tuned/f1/a"])
    assert metrics["test/baseline/f1_micro"] == result.baseline.metrics["tuned/f1_micro"]
    assert metrics["test/top1/accuracy"] == result.metrics["top1/accuracy"]
    assert "test/baseline/loss" not in metrics
    assert metrics["val/f1_micro"] is None
    assert metrics["val/top1/accuracy"] is None
    assert not any(isinstance(value, dict) for value in metrics.values())


def test_predictions_are_calibrated_and_tuned(tmp_path, decisions) -> None:
    result = evaluated(decisions)
    write_predictions(tmp_path / "p.csv", result)
    frame = pd.read_csv(tmp_path / "p.csv", keep_default_na=False, float_precision="round_trip")
    assert np.array_equal(frame[NAMES].to_numpy(), result.probabilities)
    for text, flags in zip(frame["predicted_labels"], result.predicted, strict=True):
        assert text == ";".join(n for n, flag in zip(NAMES, flags, strict=True) if flag)


def test_a_label_may_have_the_name_of_another_column(tmp_path, decisions) -> None:
    result = replace(evaluated(decisions), label_names=["id", "b", "true_labels"])
    write_predictions(tmp_path / "p.csv", result)
    header, first, *_ = (tmp_path / "p.csv").read_text().splitlines()
    assert header == "id,true_labels,predicted_labels,id,b,true_labels"
    assert first.startswith(f"{result.ids[0]},")


def test_labels_predicted_for_none_or_for_all_are_called_out() -> None:
    silent = evaluated(replace(plain_decisions(3), thresholds=[1.0, 0.0, 0.5]))
    notes = " ".join(decision_notes(silent))
    assert "Never predicted at the tuned thresholds: a." in notes
    assert "Predicted at the tuned thresholds for every document: b." in notes
    assert "at 0.5" not in notes
    plain = " ".join(
        decision_notes(replace(silent, logits=silent.logits + np.array([-99.0, 99, 0])))
    )
    assert "Never predicted at 0.5: a." in plain
    assert "Predicted at 0.5 for every document: b." in plain
    # A label that no document has can be predicted for all.
    always = replace(silent, logits=np.ones_like(silent.logits), truth=silent.truth & False)
    assert "Predicted at 0.5 for every document: a, b, c." in " ".join(decision_notes(always))


def test_the_tables_have_every_figure_with_its_interval_and_the_baseline(decisions) -> None:
    result = evaluated(decisions)
    result = replace(result, baseline=evaluated(decisions, seed=5))
    text = printed(print_result, "test", result, replace(decisions, notes=["Beware of a."]))
    low, high = result.intervals["tuned/f1_micro"]
    assert f"[{low:.3f}, {high:.3f}]" in text
    assert f"{result.baseline.metrics['tuned/f1_micro']:.4f}" in text
    assert "Beware of a." in text
    first, second = result.baseline, result
    limits = (first.thresholds, second.thresholds)
    probabilities = (first.probabilities, second.probabilities)
    found = paired_comparison(*probabilities, result.truth, limits, NAMES, resamples=50)
    text = printed(print_comparison, ("one", "other"), found)
    assert f"{found.metrics['f1_micro'].difference:+.4f}" in text
    assert f"label {len(found.differing)} of 60 documents differently" in text


def test_disagreements_say_who_is_how_wrong(tmp_path, decisions) -> None:
    first, second = evaluated(plain_decisions(3)), evaluated(decisions)
    other = first.predicted != second.predicted
    texts = [f"text  of {name}\n" for name in second.ids]
    found = disagreements(first, second, texts, np.arange(60) + 1)
    write_disagreements(tmp_path / "d.csv", found)
    frame = pd.read_csv(tmp_path / "d.csv", keep_default_na=False)
    rows = [int(name.removeprefix("r")) for name in frame["id"]]
    assert sorted(rows) == np.flatnonzero(other.any(axis=1)).tolist()
    wrong = [(result.predicted != result.truth).sum(axis=1)[rows] for result in (first, second)]
    assert frame["wrong_ckpt"].tolist() == wrong[1].tolist()
    assert frame["wrong_compare_to"].tolist() == wrong[0].tolist()
    # The most different ones first.
    numbers = other[rows].sum(axis=1).tolist()
    assert numbers == sorted(numbers, reverse=True)
    assert (found[0].row, found[0].excerpt) == (rows[0] + 1, f"text of r{rows[0]}")
    assert ";".join(found[0].true_labels) == frame["true_labels"][0]


def test_a_checkpoint_without_decisions_is_used_plainly_and_says_so() -> None:
    found = stored_decisions(None, 2, "x.ckpt")
    assert replace(found, notes=[]) == plain_decisions(2)
    assert "no tuned thresholds" in found.notes[0]


def test_decisions_of_other_labels_are_refused() -> None:
    plain = plain_decisions(3).to_plain()
    with pytest.raises(UserError, match="of another number of labels"):
        stored_decisions(plain, 2, "x.ckpt")


def test_results_are_brought_into_one_order() -> None:
    rng = np.random.default_rng(0)
    truth, logits = rng.random((40, 2)) < 0.4, rng.normal(size=(40, 2))
    decisions = fit_decisions(logits, truth, "ab")

    def some(rows, columns):
        limits = [decisions.thresholds[i] for i in columns]
        return evaluate_scores(
            "test", logits[rows][:, columns], truth[rows][:, columns],
            replace(plain_decisions(2), thresholds=limits), ["ab"[i] for i in columns],
            ids=[f"r{i}" for i in rows], index=np.array(rows), groups=np.array(rows), resamples=0,
        )  # fmt: skip

    reference = some(list(range(40)), [0, 1])
    other = some(rng.permutation(40).tolist(), [1, 0])
    found = other.in_order_of(reference)
    assert (found.predicted == reference.predicted).all()
    assert (found.logits == reference.logits).all()
    assert (found.thresholds == reference.thresholds).all()
