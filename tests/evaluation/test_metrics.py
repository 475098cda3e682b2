import copy
import json
import math
import pickle
import warnings
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference import reference_metrics
from sklearn import metrics as sk
from torch import Tensor
from torchmetrics.functional import classification as tm

from helpers import LIMIT
from resumebert.evaluation import metrics as module
from resumebert.evaluation.calibration import uncalibrated
from resumebert.evaluation.decisions import Decisions
from resumebert.evaluation.metrics import (
    multilabel_decisions,
    multilabel_metrics,
    to_json_values,
    undefined,
)
from resumebert.evaluation.registry import metric_names
from resumebert.evaluation.result import evaluate_scores
from resumebert.model.scores import SplitScores
from resumebert.utils.floats import to_probabilities

TOLERANCE = 1e-9
AVERAGES = ("micro", "macro", "weighted")
QUICK = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}


def assert_same(actual: dict[str, float], expected: dict[str, float], abs_tol: float) -> None:
    wrong = {
        name: (actual[name], value)
        for name, value in expected.items()
        if math.isnan(actual[name]) != math.isnan(value)
        or (not math.isnan(value) and abs(actual[name] - value) > abs_tol)
    }
    assert not wrong, f"(actual, expected): {wrong}"


class Collector:
    """Scores collected in batches, and the metrics of them all."""

    def __init__(self, names, threshold=0.5, first_document: int = 0) -> None:
        self.names, self.threshold = names, threshold
        self.scores = SplitScores(len(names))
        self.next_document = first_document

    def update(self, logits: Tensor, targets: Tensor) -> None:
        index = torch.arange(self.next_document, self.next_document + len(logits))
        self.scores.update(index, logits, targets)
        self.next_document += len(logits)

    def compute(self) -> dict[str, float]:
        scores = self.scores.compute()
        return multilabel_metrics(
            to_probabilities(scores.logits), scores.targets, self.names, self.threshold
        )


@dataclass(frozen=True)
class Case:
    logits: Tensor
    targets: Tensor
    threshold: float | list[float]

    @property
    def names(self) -> list[str]:
        return [f"label {j}" for j in range(self.targets.shape[1])]

    @property
    def probabilities(self) -> Tensor:
        return to_probabilities(self.logits)

    @property
    def predicted(self) -> np.ndarray:
        return (self.probabilities.numpy() >= np.asarray(self.threshold)).astype(int)

    def metrics(self) -> dict[str, float]:
        return multilabel_metrics(self.probabilities, self.targets, self.names, self.threshold)


SCORES = {
    "ordinary": lambda rng, shape: rng.normal(0, 3, shape),
    "tied": lambda rng, shape: rng.choice([-2.0, -1.0, 0.0, 0.0, 1.0, 2.0], shape),
    "all tied": lambda rng, shape: np.zeros(shape),
    # float64 sigmoid is exactly 1 from about 37 on.
    "saturated": lambda rng, shape: rng.choice([-80.0, -79.0, -37.0, 0.0, 36.0, 37.0, 80.0], shape),
    "wide": lambda rng, shape: rng.uniform(-80, 80, shape),
    "shared": lambda rng, shape: np.broadcast_to(rng.normal(0, 2, shape[1]), shape).copy(),
}


@st.composite
def cases(draw: st.DrawFn, min_labels: int = 2, max_labels: int = 8, min_docs: int = 1) -> Case:
    """Split of a chosen shape and kind, its values random; some rows and columns forced."""
    n = draw(st.integers(min_docs, 40), label="documents")
    num_labels = draw(st.integers(min_labels, max_labels), label="labels")
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1), label="seed"))
    logits = SCORES[draw(st.sampled_from(sorted(SCORES)), label="scores")](rng, (n, num_labels))
    density = draw(st.sampled_from([0.0, 0.05, 0.3, 0.5, 0.95, 1.0]), label="share of positives")
    targets = (rng.random((n, num_labels)) < density).astype(np.int64)
    forced = st.sampled_from(["as drawn"] * 3 + ["absent", "full"])
    for j in range(num_labels):
        kind = draw(forced, label=f"column {j}")
        if kind != "as drawn":
            targets[:, j] = kind == "full"
    if n and draw(st.booleans(), label="an empty row"):
        targets[rng.integers(n)] = 0
    if n and draw(st.booleans(), label="a full row"):
        targets[rng.integers(n)] = 1
    value = st.sampled_from([0.0, 0.25, 0.5, 0.5, 0.9, 1.0])
    per_label = st.lists(value, min_size=num_labels, max_size=num_labels)
    threshold = draw(st.one_of(value, per_label), label="threshold")
    return Case(torch.from_numpy(logits), torch.from_numpy(targets), threshold)


def select(matrix: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Choose columns; of a single one, a vector, as scikit-learn wants it."""
    return matrix[:, columns[0]] if len(columns) == 1 else matrix[:, columns]


def sklearn_metrics(case: Case) -> dict[str, float]:
    """Return what scikit-learn says of two or more labels, the undefined left out."""
    y, p, scores = case.targets.numpy(), case.predicted, case.probabilities.numpy()
    positives, kinds = y.sum(0), ("precision", "recall", "f1")
    result: dict[str, float] = {
        "subset_accuracy": sk.accuracy_score(y, p),
        "hamming_loss": sk.hamming_loss(y, p),
        "lrap": sk.label_ranking_average_precision_score(y, scores),
        "coverage_error": sk.coverage_error(y, scores),
        "ranking_loss": sk.label_ranking_loss(y, scores),
    }
    present = np.flatnonzero(positives)
    mixed = np.flatnonzero((positives > 0) & (positives < len(y)))

    def ratios(columns: np.ndarray, average: str | None) -> dict[str, np.ndarray]:
        y_c, p_c = select(y, columns), select(p, columns)
        values = sk.precision_recall_fscore_support(y_c, p_c, average=average, zero_division=np.nan)
        return {k: np.atleast_1d(v) for k, v in zip(kinds, values[:3], strict=True)}

    def per_label(kind: str, columns: np.ndarray, values: np.ndarray) -> dict[str, float]:
        return {f"{kind}/label {j}": v for j, v in zip(columns, values, strict=True)}

    for average in ("micro", "samples"):
        values = ratios(np.arange(y.shape[1]), average)
        result |= {f"{k}_{average}": v[0] for k, v in values.items()}
    for average in ("macro", "weighted"):
        # Of a single column scikit-learn would average the classes 0 and 1.
        if len(present):
            values = ratios(present, average if len(present) > 1 else "binary")
            result |= {f"{k}_{average}": v[0] for k, v in values.items()}
    if len(present):
        values = ratios(present, None if len(present) > 1 else "binary")
        for kind in kinds:
            result |= per_label(kind, present, values[kind])
        y_c, scores_c = select(y, present), select(scores, present)
        precisions = np.atleast_1d(sk.average_precision_score(y_c, scores_c, average=None))
        result |= per_label("ap", present, precisions)
        result["ap_macro"] = sk.average_precision_score(y_c, scores_c, average="macro")
        result["ap_micro"] = sk.average_precision_score(y, scores, average="micro")
    if len(mixed):
        y_c, scores_c = select(y, mixed), select(scores, mixed)
        areas = np.atleast_1d(sk.roc_auc_score(y_c, scores_c, average=None))
        result |= per_label("auroc", mixed, areas)
        result["auroc_macro"] = sk.roc_auc_score(y_c, scores_c, average="macro")
    return {name: float(value) for name, value in result.items()}


def assert_equals_scikit_learn(case: Case) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = sklearn_metrics(case)
    assert_same(case.metrics(), expected, TOLERANCE)


# Each takes 80 ms; ten times as many are slow.
@settings(max_examples=60, **QUICK)
@given(cases())
def test_equals_scikit_learn(case: Case) -> None:
    assert_equals_scikit_learn(case)


@pytest.mark.slow
@settings(max_examples=1000, **QUICK)
@given(cases())
def test_equals_scikit_learn_in_many_more_cases(case: Case) -> None:
    assert_equals_scikit_learn(case)


@settings(max_examples=300, **QUICK)
@given(cases(min_labels=1, max_labels=5, min_docs=0))
def test_equals_the_definitions(case: Case) -> None:
    thresholds = np.broadcast_to(case.threshold, len(case.names)).tolist()
    expected = reference_metrics(
        case.probabilities.tolist(), case.targets.bool().tolist(), thresholds, case.names
    )
    actual = case.metrics()
    assert actual.keys() == expected.keys()
    assert_same(actual, expected, TOLERANCE)
    decided = multilabel_decisions(case.probabilities, case.targets, case.names, case.threshold)
    assert_same(decided, {name: actual[name] for name in decided}, 1e-12)


@settings(max_examples=100, **QUICK)
@given(cases(min_labels=1), st.randoms(use_true_random=False))
def test_order_of_documents_changes_nothing(case: Case, random) -> None:
    order = list(range(len(case.targets)))
    random.shuffle(order)
    shuffled = Case(case.logits[order], case.targets[order], case.threshold)
    assert_same(shuffled.metrics(), case.metrics(), 1e-12)


@settings(max_examples=100, **QUICK)
@given(
    cases(min_labels=1),
    st.lists(st.integers(0, 40), max_size=6),
    st.sampled_from([torch.float64, torch.float32, torch.bfloat16, torch.float16]),
)
def test_batches_add_up_to_the_split(case: Case, cuts: list[int], dtype: torch.dtype) -> None:
    case = Case(case.logits.to(dtype), case.targets, case.threshold)
    metric = Collector(case.names, case.threshold)
    edges = [0, *sorted(min(cut, len(case.targets)) for cut in cuts), len(case.targets)]
    for start, stop in pairwise(edges):
        metric.update(case.logits[start:stop], case.targets[start:stop])
    assert_same(metric.compute(), case.metrics(), 0.0)


def test_blocks_of_documents_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(101, 7, generator=generator)
    case = Case(logits, (torch.rand(101, 7, generator=generator) < 0.3).int(), 0.5)
    whole = case.metrics()
    monkeypatch.setattr(module, "_BLOCK", 20)
    assert_same(case.metrics(), whole, 1e-12)


def test_equals_torchmetrics_where_it_is_defined() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(500, 6, generator=generator, dtype=torch.float64)
    targets = (torch.rand(500, 6, generator=generator) < torch.sigmoid(logits)).int()
    p = torch.sigmoid(logits)
    expected = {
        **{f"f1_{a}": tm.multilabel_f1_score(p, targets, 6, average=a) for a in AVERAGES},
        **{f"precision_{a}": tm.multilabel_precision(p, targets, 6, average=a) for a in AVERAGES},
        **{f"recall_{a}": tm.multilabel_recall(p, targets, 6, average=a) for a in AVERAGES},
        "subset_accuracy": tm.multilabel_exact_match(p, targets, 6),
        "hamming_loss": tm.multilabel_hamming_distance(p, targets, 6, average="micro"),
        "ap_micro": tm.multilabel_average_precision(p, targets, 6, average="micro"),
        "ap_macro": tm.multilabel_average_precision(p, targets, 6),
        "auroc_macro": tm.multilabel_auroc(p, targets, 6),
        "lrap": tm.multilabel_ranking_average_precision(p, targets, 6),
        "coverage_error": tm.multilabel_coverage_error(p, targets, 6),
        "ranking_loss": tm.multilabel_ranking_loss(p, targets, 6),
        "ece": tm.binary_calibration_error(p.flatten(), targets.flatten(), n_bins=15),
    }
    actual = Case(logits, targets, 0.5).metrics()
    assert_same(actual, {name: float(value) for name, value in expected.items()}, 1e-5)


def test_worked_example() -> None:
    probabilities = torch.tensor([[0.9, 0.2, 0.6], [0.4, 0.7, 0.1], [0.3, 0.8, 0.2]]).double()
    targets = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 0, 0]])
    expected = {
        "f1_micro": 4 / 7,
        "f1_macro": 2 / 3,
        "f1_weighted": 2 / 3,
        "f1_samples": 4 / 9,
        "precision_micro": 1 / 2,
        "precision_macro": 3 / 4,
        "precision_weighted": 5 / 6,
        "precision_samples": 1 / 2,
        "recall_micro": 2 / 3,
        "recall_macro": 3 / 4,
        "recall_weighted": 2 / 3,
        "recall_samples": 3 / 4,
        "subset_accuracy": 0.0,
        "hamming_loss": 1 / 3,
        "ap_micro": (1 + 2 / 3 + 3 / 5) / 3,
        "ap_macro": 3 / 4,
        "auroc_macro": 3 / 4,
        "lrap": 1.0,
        "coverage_error": 1.0,
        "ranking_loss": 0.0,
        # Only the two of 0.2 share a bin.
        "ece": (0.1 + 0.4 + 0.6 + 0.6 + 0.3 + 0.1 + 0.3 + 0.8) / 9,
        **{"f1/a": 2 / 3, "precision/a": 1.0, "recall/a": 1 / 2, "ap/a": 1.0, "auroc/a": 1.0},
        **{"f1/b": 2 / 3, "precision/b": 1 / 2, "recall/b": 1.0, "ap/b": 1 / 2, "auroc/b": 1 / 2},
        **{f"{kind}/c": math.nan for kind in ("f1", "precision", "recall", "ap", "auroc")},
        **{"support/a": 2.0, "support/b": 1.0, "support/c": 0.0, "n": 3.0},
    }
    actual = multilabel_metrics(probabilities, targets, ["a", "b", "c"])
    assert actual.keys() == expected.keys()
    assert_same(actual, expected, 1e-7)
    assert all(type(value) is float for value in actual.values())


def test_ties_rank_last() -> None:
    two_ways_wrong = torch.tensor([[0.75, 0.5, 1.0], [1.0, 0.2, 0.1]])
    actual = multilabel_metrics(two_ways_wrong, torch.tensor([[1, 0, 0], [0, 0, 1]]), "abc")
    assert_same(actual, {"lrap": 5 / 12, "coverage_error": 2.5, "ranking_loss": 0.75}, 1e-12)
    tied = multilabel_metrics(torch.tensor([[0.5, 0.5]]), torch.tensor([[1, 0]]), "ab")
    assert_same(tied, {"lrap": 0.5, "coverage_error": 2.0, "ranking_loss": 1.0}, 1e-12)


def test_saturated_logits_keep_their_order() -> None:
    # In float32 both sigmoids would be 1, and the ranking a tie.
    metric = Collector(["a", "b"])
    metric.update(torch.tensor([[20.0, 19.0]]), torch.tensor([[1, 0]]))
    assert metric.compute()["ranking_loss"] == 0.0


@settings(max_examples=100, **QUICK)
@given(st.floats(-100, 100), st.integers(1, 200))
def test_equal_logits_have_equal_probabilities(logit: float, count: int) -> None:
    values = to_probabilities(torch.full((count,), logit, dtype=torch.float64)).unique().tolist()
    assert values == [pytest.approx(1 / (1 + math.exp(-logit)), rel=1e-14)]


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([1.0, 0.95], (1.95 - 1) / 2),  # one bin, (14/15, 1]
        ([0.0, 0.05], (1 - 0.05) / 2),  # one bin, [0, 1/15]
        ([0.2, 0.25], (0.2 + 0.75) / 2),  # two bins, the edge belonging to the lower
    ],
)
def test_edges_of_calibration_bins(probabilities: list[float], expected: float) -> None:
    scores = torch.tensor([probabilities], dtype=torch.float64)
    actual = multilabel_metrics(scores, torch.tensor([[0, 1]]), "ab")
    assert actual["ece"] == pytest.approx(expected, abs=1e-12)


def test_threshold_itself_counts_as_predicted() -> None:
    targets = torch.tensor([[1, 1]])
    metric = Collector(["a", "b"], threshold=[0.5, 1.0])
    metric.update(torch.tensor([[0.0, 80.0]]), targets)
    assert metric.compute()["subset_accuracy"] == 1.0
    metric = Collector(["a", "b"], threshold=1)
    metric.update(torch.tensor([[0.0, 80.0]]), targets)
    assert metric.compute()["recall_micro"] == 0.5


def test_absent_label_is_undefined_and_out_of_the_averages() -> None:
    probabilities = torch.tensor([[0.9, 0.9], [0.1, 0.9]])
    actual = multilabel_metrics(probabilities, torch.tensor([[1, 0], [0, 0]]), ["here", "absent"])
    kinds = ("f1", "precision", "recall", "ap", "auroc")
    assert undefined(actual) == [f"{kind}/absent" for kind in kinds]
    assert actual["f1_macro"] == actual["ap_macro"] == actual["auroc_macro"] == 1.0
    assert actual["support/absent"] == 0.0


def test_label_of_every_document_has_no_auroc() -> None:
    actual = multilabel_metrics(torch.tensor([[0.9], [0.1]]), torch.ones(2, 1), ["always"])
    assert undefined(actual) == ["auroc_macro", "auroc/always"]
    assert actual["ap/always"] == 1.0


def test_no_documents() -> None:
    metric = Collector(["a", "b"])
    empty = metric.compute()
    assert [name for name in empty if name not in undefined(empty)] == [
        "support/a",
        "support/b",
        "n",
    ]
    assert empty["n"] == empty["support/a"] == 0.0
    assert metric_names(["a", "b"]) == undefined(empty)
    metric.update(torch.empty(0, 2), torch.empty(0, 2))
    assert_same(metric.compute(), empty, 0.0)


def test_json_values_are_null_where_undefined() -> None:
    values = to_json_values({"a": 0.5, "b": math.nan, "c": math.inf, "d": -math.inf})
    assert values == {"a": 0.5, "b": None, "c": None, "d": None}
    assert json.loads(json.dumps(values, allow_nan=False)) == values


def test_reset_copy_and_pickle() -> None:
    metric = Collector(["a", "b"])
    metric.update(torch.tensor([[1.0, -1.0]], requires_grad=True), torch.tensor([[True, False]]))
    first = metric.compute()
    assert not metric.scores.logits[0].requires_grad
    assert_same(copy.deepcopy(metric).compute(), first, 0.0)
    assert_same(pickle.loads(pickle.dumps(metric)).compute(), first, 0.0)
    # No part of the model, so that a checkpoint of its weights does not hold them.
    assert not isinstance(metric.scores, torch.nn.Module)
    metric.update(torch.tensor([[1.0, -1.0]]), torch.tensor([[0.0, 1.0]]))
    assert metric.compute()["subset_accuracy"] == 0.5
    metric.scores.reset()
    metric.update(torch.tensor([[1.0, -1.0]]), torch.tensor([[1, 0]]))
    assert_same(metric.compute(), first, 0.0)


def test_half_precision_modules_do_not_round_the_states() -> None:
    parent = torch.nn.Module()
    parent.metric = Collector(["a", "b"])
    parent.to(torch.bfloat16).half()
    parent.metric.update(torch.tensor([[1.001, 1.0]]), torch.tensor([[1, 0]]))
    assert parent.metric.compute()["ranking_loss"] == 0.0


@pytest.mark.parametrize(
    ("logits", "targets"),
    [
        (torch.zeros(3, 2), torch.zeros(2, 2)),
        (torch.zeros(3, 3), torch.zeros(3, 3)),
        (torch.zeros(2), torch.zeros(2)),
    ],
)
def test_wrong_shapes_are_refused(logits: Tensor, targets: Tensor) -> None:
    with pytest.raises(ValueError, match=r"of shape \(\d, 2\)"):
        SplitScores(2).update(torch.arange(len(logits)), logits, targets)
    with pytest.raises(ValueError, match=r"shape \(n, 2\)"):
        multilabel_metrics(logits, targets, ["a", "b"])


@pytest.mark.parametrize("threshold", [-0.1, 1.5, math.nan, [0.5], [0.5, 0.5, 0.5], [0.5, 2.0]])
def test_wrong_thresholds_are_refused(threshold: float | list[float]) -> None:
    with pytest.raises(ValueError, match="threshold must"):
        multilabel_metrics(torch.zeros(1, 2), torch.zeros(1, 2), "ab", threshold)


@pytest.mark.parametrize("names", [[], ["a", "a"]])
def test_wrong_label_names_are_refused(names: list[str]) -> None:
    with pytest.raises(ValueError, match="label_names"):
        multilabel_metrics(torch.zeros(1, len(names)), torch.zeros(1, len(names)), names)


@pytest.mark.parametrize("target", [2, -1, 0.5, 257, math.nan])
def test_targets_other_than_0_and_1_are_refused(target: float) -> None:
    targets = torch.tensor([[1, target]])
    with pytest.raises(ValueError, match="targets must be 0 or 1"):
        multilabel_metrics(torch.tensor([[0.5, 0.5]]), targets, "ab")
    metric = Collector("ab")
    metric.update(torch.zeros(1, 2), targets)
    with pytest.raises(ValueError, match="targets must be 0 or 1"):
        metric.compute()


def test_non_finite_logits_are_refused() -> None:
    metric = Collector("ab")
    metric.update(torch.tensor([[0.0, math.nan], [1.0, 2.0]]), torch.zeros(2, 2))
    with pytest.raises(ValueError, match="non-finite probabilities in 1 of 2 documents"):
        metric.compute()


def test_logits_in_place_of_probabilities_are_refused() -> None:
    with pytest.raises(ValueError, match="were logits passed"):
        multilabel_metrics(torch.tensor([[0.5, 2.0]]), torch.zeros(1, 2), "ab")
    with pytest.raises(ValueError, match="floating-point"):
        multilabel_metrics(torch.ones(1, 2, dtype=torch.int64), torch.zeros(1, 2), "ab")


# What each of two ranks gets: the sizes of its batches.
DISTRIBUTED = {
    "unequal": ([4, 3], [2]),
    "rank 1 never updated": ([4, 3], []),
    "rank 0 never updated": ([], [3]),
    "rank 1 updated with nothing": ([5, 2], [0]),
    "no documents at all": ([], []),
}


def distributed_batches(name: str, rank: int) -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(rank)
    # Ranks that disagree on dtype still have to gather one.
    dtype = torch.bfloat16 if rank else torch.float32
    return [
        (
            torch.randn(size, 3, generator=generator).to(dtype),
            (torch.rand(size, 3, generator=generator) < 0.4).int(),
        )
        for size in DISTRIBUTED[name][rank]
    ]


def judged(metric: Collector) -> dict[str, float]:
    """Return the figures at tuned thresholds, of argmax, and the ends of the intervals."""
    scores = metric.scores.compute()
    calibration = replace(uncalibrated(3), method="platt", slopes=[0.5, 1, 2], offsets=[0, -1, 1])
    found = evaluate_scores(
        "test",
        scores.logits.numpy(),
        scores.targets.numpy().astype(bool),
        Decisions(calibration, [0.2, 0.5, 0.7]),
        metric.names,
        ids=[str(i) for i in scores.index.tolist()],
        index=scores.index.numpy(),
        groups=np.arange(len(scores.index)) // 2,
        resamples=20,
    )
    ends = {f"{name}_{i}": end for name, both in found.intervals.items()
            for i, end in enumerate(both)}  # fmt: skip
    return found.metrics | ends


def distributed_worker(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo",
        init_method=f"file://{folder}/rendezvous",
        rank=rank,
        world_size=2,
        timeout=timedelta(seconds=LIMIT),
    )
    results = {}
    for name in DISTRIBUTED:
        metric = Collector("abc", first_document=100 * rank)
        for batch in distributed_batches(name, rank):
            metric.update(*batch)
        results[name] = metric.compute() | judged(metric)
        # After computing, a rank has its own documents again and can go on.
        assert sum(map(len, metric.scores.logits)) == sum(DISTRIBUTED[name][rank])
    (folder / f"{rank}.json").write_text(json.dumps(results))
    torch.distributed.destroy_process_group()


def test_two_processes_see_all_documents(tmp_path: Path) -> None:
    # Forked: they need not load PyTorch again.
    torch.multiprocessing.start_processes(
        distributed_worker, (tmp_path,), nprocs=2, start_method="fork"
    )
    by_rank = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1)]
    for name in DISTRIBUTED:
        metric = Collector("abc")
        for rank in (0, 1):
            for batch in distributed_batches(name, rank):
                metric.update(*batch)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = metric.compute() | judged(metric)
        for results in by_rank:
            assert_same(results[name], expected, 1e-12)
            assert results[name].keys() == expected.keys()
