import io
import json
import re
import subprocess
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from rich.console import Console

from helpers import make_table
from report_inputs import made_result
from resumebert.evaluation.baseline import with_baseline
from resumebert.evaluation.comparison import _swaps, compare_results, paired_comparison
from resumebert.evaluation.decisions import plain_decisions
from resumebert.evaluation.files import write_comparison, write_metrics
from resumebert.evaluation.intervals import bootstrap_intervals
from resumebert.evaluation.metrics import multilabel_metrics
from resumebert.evaluation.registry import (
    MAIN,
    METRICS,
    OF_A_LABEL,
    Metric,
    direction_of,
    load_metrics,
    metric_names,
    register,
)
from resumebert.evaluation.result import evaluate_scores
from resumebert.inference.evaluating import evaluation_settings
from resumebert.report import ReportInput, model_card, report_html
from resumebert.report.console import print_comparison, print_result
from resumebert.settings.compose import compose, eval_settings
from resumebert.settings.schema import EvaluationSettings
from resumebert.tasks.early_checks import check_monitor
from resumebert.utils.console import make_console
from resumebert.utils.errors import UserError

MODULE = '''
import numpy as np
from resumebert.evaluation.registry import metric

@metric(direction="min", title="mean alarms", definition="false alarms a document")
def mean_alarms(probabilities, truth, predicted):
    return (predicted & ~truth).sum(axis=1).mean()

def top_hit(probabilities, truth, predicted):
    """Share of documents whose likeliest label is true."""
    return truth[np.arange(len(truth)), probabilities.argmax(axis=1)].mean()

def own_f1(probabilities, truth, predicted):
    return 2 * (predicted & truth).sum() / (predicted.sum() + truth.sum())

def brier(probabilities, truth, predicted):
    return ((probabilities - truth) ** 2).mean()

def broken(probabilities, truth, predicted):
    return 1 / 0

def ece(probabilities, truth, predicted):
    return 0.0

number = 3
'''


@pytest.fixture
def mylab(tmp_path, monkeypatch):
    (tmp_path / "mylab_metrics.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "mylab_metrics", raising=False)
    there = dict(METRICS)
    yield "mylab_metrics"
    METRICS.clear()
    METRICS.update(there)


def test_names_are_known_without_pytorch() -> None:
    code = "import sys, resumebert.evaluation.registry; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_registry_describes_what_is_computed() -> None:
    rng = np.random.default_rng(0)
    truth = torch.from_numpy(rng.random((30, 2)) < 0.5)
    found = multilabel_metrics(torch.from_numpy(rng.random((30, 2))), truth, "ab")
    counts = {"n", "support/a", "support/b"}
    assert [name for name in found if name not in counts] == metric_names("ab")
    assert all(each.title and each.definition for each in METRICS.values())
    assert set(MAIN) <= set(METRICS)
    worse = {"hamming_loss", "coverage_error", "ranking_loss", "ece"}
    assert {name for name in METRICS if direction_of(name) == "min"} == worse
    assert direction_of("loss") == "min"
    assert {direction_of(f"{kind}/a") for kind in OF_A_LABEL} == {"max"}


def test_a_metric_of_ones_own_is_everywhere(mylab, tmp_path) -> None:
    names = [f"{mylab}.mean_alarms", f"{mylab}.top_hit"]
    metrics = load_metrics(names)
    assert [(m.name, m.direction, m.title) for m in metrics] == [
        ("mean_alarms", "min", "mean alarms"),
        ("top_hit", "max", "top hit"),
    ]
    assert metrics[1].definition == "Share of documents whose likeliest label is true."
    assert metric_names("a", metrics)[-7:-5] == ["mean_alarms", "top_hit"]
    rng = np.random.default_rng(0)
    truth = rng.random((60, 3)) < 0.4
    result = evaluate_scores(
        "test", rng.normal(2.0 * truth - 1.5), truth, plain_decisions(3), "abc",
        ids=[f"r{i}" for i in range(60)], index=np.arange(60), groups=np.arange(60) // 2,
        resamples=40, metrics=metrics,
    )  # fmt: skip
    alarms = (result.predicted & ~truth).sum() / 60
    assert result.metrics["mean_alarms"] == result.metrics["tuned/mean_alarms"] == alarms
    result = replace(result, baseline=replace(result))
    write_metrics(tmp_path / "metrics.json", [result])
    flat = json.loads((tmp_path / "metrics.json").read_text())
    for name in ("test/top_hit", "test/tuned/top_hit", "test/baseline/top_hit"):
        low, high = flat[f"{name}_ci"]
        assert low <= flat[name] <= high
    console = Console(file=io.StringIO(), width=200)
    print_result(console, "test", result, plain_decisions(3))
    page, card = (write(ReportInput("Run", [result])) for write in (report_html, model_card))
    for text in (console.file.getvalue(), page, card):
        assert "mean alarms" in text
        assert "top hit" in text
    assert "false alarms a document; lower is better" in page
    # A result without them has no row of them.
    assert "mean alarms" not in report_html(ReportInput("Run", [made_result()]))


def test_a_metric_of_ones_own_has_the_interval_of_a_built_in_one(mylab) -> None:
    rng = np.random.default_rng(1)
    truth, scores = rng.random((80, 3)) < 0.4, rng.random((80, 3))
    found = bootstrap_intervals(
        scores, truth, 0.5, "abc", np.arange(80) // 2, resamples=60,
        metrics=load_metrics([f"{mylab}.own_f1"]),
    )  # fmt: skip
    assert found["own_f1"] == pytest.approx(found["f1_micro"])


def test_two_models_are_compared_by_metrics_of_ones_own(mylab, tmp_path) -> None:
    names = ("mean_alarms", "own_f1")
    metrics = load_metrics([f"{mylab}.{name}" for name in names])
    rng = np.random.default_rng(2)
    truth, index = rng.random((60, 3)) < 0.4, np.arange(60)

    def evaluated(noise: float):
        return evaluate_scores(
            "test", rng.normal(2.0 * truth - 1, noise), truth, plain_decisions(3), "abc",
            ids=[f"r{i}" for i in index], index=index, groups=index // 2, resamples=20,
            metrics=metrics,
        )  # fmt: skip

    first, second = evaluated(2.0), evaluated(0.5)
    compared = compare_results(
        first, second, ("other", "mine"), make_table([f"text {i}" for i in index]), 60
    )
    found = compared.found.metrics
    assert list(found)[4:6] == list(names)
    alarms = found["mean_alarms"]
    assert alarms.first == first.metrics["mean_alarms"]
    assert alarms.second == second.metrics["mean_alarms"]
    assert alarms.low < alarms.difference < alarms.high < 0
    assert alarms.p < 0.1
    # Of the same decisions, by groups, own_f1 has what the built-in metric has.
    assert asdict(found["own_f1"]) == pytest.approx(asdict(found["f1_micro"]), nan_ok=True)
    write_comparison(tmp_path / "comparison.json", compared.found, compared.names)
    written = json.loads((tmp_path / "comparison.json").read_text())["metrics"]
    assert written["mean_alarms"]["p"] == alarms.p
    console = Console(file=io.StringIO(), width=200)
    print_comparison(console, compared.names, compared.found)
    assert "mean alarms" in console.file.getvalue()
    page = report_html(ReportInput("Run", [second], compared=compared))
    row = next(row for row in page.split("<tr>") if "mean alarms" in row)
    assert "lower is better" in row
    assert "of 3 labels" in page or "Of no label alone" in page
    # Fewer alarms are better, so the dot has the colour of the report's model.
    [dot] = re.findall(r'<circle class="([^"]*)"[^>]* data-tip="mean alarms', page)
    assert "model" in dot


def test_the_probabilities_are_what_is_exchanged_for_a_metric_of_ones_own(mylab) -> None:
    [brier] = load_metrics([f"{mylab}.brier"])
    rng = np.random.default_rng(3)
    truth, groups = rng.random((30, 2)) < 0.4, np.arange(30) // 2
    noise = rng.normal(0, [[[0.3]], [[0.2]]], (2, 30, 2))
    first, second = np.clip(0.3 + 0.4 * truth + noise, 0, 1)
    found = paired_comparison(
        first, second, truth, (0.5, 0.5), "ab", groups, resamples=50, metrics=[brier]
    ).metrics["brier"]

    def difference(one: np.ndarray, other: np.ndarray) -> float:
        return ((other - truth) ** 2).mean() - ((one - truth) ** 2).mean()

    assert found.difference == pytest.approx(difference(first, second))
    extreme = 1
    for swap in np.concatenate(list(_swaps(1000, 15, 50, 0))):
        chosen = swap[groups].astype(bool)[:, None]
        mixed = np.where(chosen, second, first), np.where(chosen, first, second)
        extreme += abs(difference(*mixed)) >= abs(found.difference) - 1e-12
    assert found.p == extreme / 51


def test_the_baseline_has_the_metric_too(mylab) -> None:
    class Baseline:
        decisions = plain_decisions(4)
        documents = 7

        def decision_values(self, texts):
            return np.zeros((len(texts), 4))

    settings = EvaluationSettings(bootstrap_resamples=0, metrics=[f"{mylab}.mean_alarms"])
    result = made_result()
    texts = [""] * (int(result.index.max()) + 1)
    found = with_baseline(result, Baseline(), "", texts, settings).baseline
    assert found.metrics["tuned/mean_alarms"] == (~result.truth).sum(axis=1).mean()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mylab_metrics.nothing", "mylab_metrics.nothing can't be imported"),
        ("no_such_lab.f", "no_such_lab.f can't be imported"),
        ("f", "f can't be imported"),
        ("mylab_metrics.number", "mylab_metrics.number is neither a function"),
        ("mylab_metrics.ece", "ece: no metric can have this name, since it is taken"),
    ],
)
def test_what_is_no_metric_is_refused(mylab, name, words) -> None:
    with pytest.raises(UserError, match=words):
        load_metrics([name])


@pytest.mark.parametrize("name", ["loss", "n", "a/b", "two words", ""])
def test_a_name_that_would_mean_something_else_is_refused(name) -> None:
    with pytest.raises(UserError, match="no metric can have this name"):
        register(Metric(name, "max", "title", "definition", lambda *_: 0.0))


def test_a_metric_that_fails_says_which_and_without_documents_none_is_called(mylab) -> None:
    metrics = load_metrics([f"{mylab}.broken"])
    scores, truth = torch.rand(5, 1), torch.ones(5, 1)
    with pytest.raises(UserError, match=r"broken failed on 5 documents \(ZeroDivisionError"):
        multilabel_metrics(scores, truth, ["a"], metrics=metrics)
    assert np.isnan(multilabel_metrics(scores[:0], truth[:0], ["a"], metrics=metrics)["broken"])


def test_the_best_checkpoint_can_be_chosen_by_a_metric_of_ones_own(mylab) -> None:
    config = compose(
        [f"evaluation.metrics=[{mylab}.mean_alarms]", "monitor.metric=val/mean_alarms"]
    )
    with pytest.raises(UserError, match=r"Give monitor\.mode=min"):
        check_monitor(config.monitor, config.evaluation.metrics)
    config.monitor.mode = "min"
    check_monitor(config.monitor, config.evaluation.metrics)
    config.evaluation.metrics = []
    with pytest.raises(UserError, match="no such validation metric"):
        check_monitor(config.monitor, config.evaluation.metrics)


def test_code_that_a_checkpoint_names_is_not_imported(mylab) -> None:
    trained = {"metrics": [f"{mylab}.own_f1"], "errors": 3}
    config = compose(["ckpt=x"], name="eval")
    settings = evaluation_settings(eval_settings(config), trained, make_console())
    assert (list(settings.metrics), settings.errors) == ([], 3)
    assert mylab not in sys.modules
    config.evaluation.metrics = [f"{mylab}.top_hit"]
    settings = evaluation_settings(eval_settings(config), trained, make_console())
    assert list(settings.metrics) == [f"{mylab}.top_hit"]
