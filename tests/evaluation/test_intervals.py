import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap as scipy_bootstrap
from sklearn import metrics as sk

from resumebert.evaluation import intervals as intervals_module
from resumebert.evaluation import metrics as metrics_module
from resumebert.evaluation.intervals import (
    bca_interval,
    bootstrap_intervals,
    left_out,
    of_all,
    resampled,
)
from resumebert.evaluation.metrics import (
    checked_documents,
    multilabel_metrics,
    weighted_metrics,
)

TOLERANCE = 1e-9


def names(num_labels: int) -> list[str]:
    return [f"label {j}" for j in range(num_labels)]


def without_counts(metrics: dict[str, float]) -> dict[str, float]:
    return {k: v for k, v in metrics.items() if k != "n" and not k.startswith("support/")}


def metrics_of(probabilities, targets, thresholds) -> dict[str, float]:
    label_names = names(probabilities.shape[1])
    tensors = torch.from_numpy(probabilities), torch.from_numpy(targets)
    return without_counts(multilabel_metrics(*tensors, label_names, list(thresholds)))


def assert_same(actual: dict[str, float], expected: dict[str, float]) -> None:
    assert actual.keys() == expected.keys()
    for name, value in expected.items():
        assert actual[name] == pytest.approx(value, abs=TOLERANCE, nan_ok=True), name


@st.composite
def splits(draw: st.DrawFn, min_docs: int = 0):
    """Probabilities, targets, thresholds and groups; ties, absent and full labels among them."""
    n = draw(st.integers(min_docs, 25), label="documents")
    num_labels = draw(st.integers(1, 5), label="labels")
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1), label="seed"))
    steps = draw(st.sampled_from([1, 3, 10, 2**40]), label="distinct probabilities")
    probabilities = rng.integers(0, steps + 1, (n, num_labels)) / steps
    density = draw(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 1.0]), label="share of positives")
    targets = (rng.random((n, num_labels)) < density).astype(np.int64)
    thresholds = rng.choice([0.0, 0.3, 0.5, 0.9, 1.0], num_labels)
    numbers = draw(st.sampled_from([1, 3, 1000]), label="different group numbers")
    return probabilities, targets, thresholds, rng.integers(-numbers, numbers, n)


def resampled_documents(documents, weights) -> np.ndarray:
    """Return the positions of the documents of one resample, as often as they are drawn."""
    return np.repeat(np.arange(len(documents.truth)), weights[documents.groups])


@settings(max_examples=200, deadline=None)
@given(splits())
def test_the_sample_itself_has_its_own_metrics(split) -> None:
    probabilities, targets, thresholds, _ = split
    label_names = names(targets.shape[1])
    documents = checked_documents(probabilities, targets, thresholds, label_names, None)
    actual = weighted_metrics(documents)(np.ones((1, len(targets)), dtype=np.int32))
    assert_same(
        {name: float(value) for name, [value] in actual.items()},
        metrics_of(probabilities, targets, thresholds),
    )


@settings(max_examples=100, deadline=None)
@given(splits(min_docs=1), st.integers(0, 2**32 - 1))
def test_a_resample_has_the_metrics_of_its_repeated_documents(split, seed) -> None:
    probabilities, targets, thresholds, groups = split
    documents = checked_documents(*split[:3], names(targets.shape[1]), groups)
    [weights] = resampled(documents, 4, np.random.default_rng(seed))
    actual = weighted_metrics(documents)(weights)
    for place, own in enumerate(weights):
        rows = resampled_documents(documents, own)
        assert_same(
            {name: float(values[place]) for name, values in actual.items()},
            metrics_of(probabilities[rows], targets[rows], thresholds),
        )


def test_equals_scikit_learn_on_repeated_documents() -> None:
    rng = np.random.default_rng(0)
    targets = (rng.random((80, 3)) < [0.5, 0.3, 0.2]).astype(int)
    # In tenths, for ties.
    probabilities = (rng.integers(0, 8, targets.shape) + 2 * targets) / 10
    documents = checked_documents(probabilities, targets, 0.4, names(3), rng.integers(0, 50, 80))
    blocks = list(resampled(documents, 50, rng))
    actual = of_all(weighted_metrics(documents), iter(blocks))
    for place, weights in enumerate(np.concatenate(blocks)):
        rows = resampled_documents(documents, weights)
        y, p = targets[rows], probabilities[rows]
        decided = p >= 0.4
        expected = {
            **{
                f"f1_{average}": sk.f1_score(y, decided, average=average)
                for average in ("micro", "macro", "weighted")
            },
            "f1_samples": sk.f1_score(y, decided, average="samples", zero_division=np.nan),
            "precision_micro": sk.precision_score(y, decided, average="micro"),
            "recall_macro": sk.recall_score(y, decided, average="macro"),
            "subset_accuracy": sk.accuracy_score(y, decided),
            "hamming_loss": sk.hamming_loss(y, decided),
            "ap_macro": sk.average_precision_score(y, p, average="macro"),
            "ap_micro": sk.average_precision_score(y, p, average="micro"),
            "ap/label 2": sk.average_precision_score(y[:, 2], p[:, 2]),
            "auroc_macro": sk.roc_auc_score(y, p, average="macro"),
            "auroc/label 2": sk.roc_auc_score(y[:, 2], p[:, 2]),
            "lrap": sk.label_ranking_average_precision_score(y, p),
            "coverage_error": sk.coverage_error(y, p),
            "ranking_loss": sk.label_ranking_loss(y, p),
        }
        assert_same({name: actual[name][place] for name in expected}, expected)


def test_the_interval_is_scipys() -> None:
    data = np.random.default_rng(0).exponential(size=40)
    found = scipy_bootstrap((data,), np.mean, method="BCa", n_resamples=999, rng=1)
    jackknife = np.array([np.delete(data, place).mean() for place in range(len(data))])
    actual = bca_interval(float(data.mean()), found.bootstrap_distribution, jackknife, 0.95)
    assert actual == pytest.approx(tuple(found.confidence_interval), abs=1e-12)


def test_the_interval_of_what_is_undefined_or_the_same_in_all_resamples() -> None:
    nothing = np.full(9, math.nan)
    assert bca_interval(math.nan, np.ones(9), np.ones(9), 0.95) == pytest.approx(
        (math.nan, math.nan), nan_ok=True
    )
    assert bca_interval(1.0, nothing, nothing, 0.95) == pytest.approx(
        (math.nan, math.nan), nan_ok=True
    )
    assert bca_interval(1.0, np.ones(9), nothing, 0.95) == (1.0, 1.0)
    assert bca_interval(2.0, np.arange(2.0), np.ones(9), 0.5) == (0.25, 0.75)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1), st.lists(st.integers(0, 5)), st.floats(0.01, 0.99))
def test_the_ends_are_in_order_and_among_the_resamples(replicates, jackknife, level) -> None:
    low, high = bca_interval(2.0, np.array(replicates, float), np.array(jackknife, float), level)
    assert min(replicates) <= low <= high <= max(replicates)


def ordinary_split(n: int = 60):
    rng = np.random.default_rng(1)
    targets = (rng.random((n, 3)) < [0.5, 0.3, 0.1]).astype(int)
    return np.clip(rng.normal(0.35 + 0.3 * targets, 0.2), 0, 1), targets, [0.5, 0.5, 0.4]


def test_every_metric_but_the_counts_has_an_interval() -> None:
    split = ordinary_split()
    found = bootstrap_intervals(*split, names(3), resamples=100)
    metrics = metrics_of(*split)
    assert found.keys() == metrics.keys()
    assert all(0 <= low <= high for low, high in found.values())
    assert found["f1_micro"][0] < metrics["f1_micro"] < found["f1_micro"][1]


def test_a_wider_level_and_fewer_documents_give_wider_intervals() -> None:
    def width(level: float, documents: int) -> float:
        split = (part[:documents] for part in ordinary_split(400)[:2])
        low, high = bootstrap_intervals(*split, 0.5, names(3), resamples=500, level=level)["lrap"]
        return high - low

    assert width(0.9, 400) < width(0.99, 400) < width(0.99, 50)


def test_duplicates_in_one_group_count_as_one_document() -> None:
    probabilities, targets, thresholds = ordinary_split()
    once = bootstrap_intervals(probabilities, targets, thresholds, names(3), resamples=200)
    shuffled = np.random.default_rng(0).permutation(np.repeat(np.arange(60), 3))
    copies = probabilities[shuffled], targets[shuffled], thresholds, names(3)
    thrice = bootstrap_intervals(*copies, 10 * shuffled - 300, resamples=200)
    apart = bootstrap_intervals(*copies, resamples=200)
    for name, (low, high) in once.items():
        assert thrice[name] == pytest.approx((low, high), abs=TOLERANCE), name
    lengths = (high - low for low, high in (once["f1_micro"], apart["f1_micro"]))
    assert np.divide(*lengths) == pytest.approx(3**0.5, rel=0.2)


def test_groups_are_drawn_whole_and_as_many_as_there_are() -> None:
    groups = np.array([7, 7, -2, 7, 30, -2])
    documents = checked_documents(np.zeros((6, 1)), np.zeros((6, 1)), 0.5, "a", groups)
    assert documents.num_groups == 3
    weights = np.concatenate(list(resampled(documents, 2000, np.random.default_rng(0))))
    assert (weights.sum(axis=1) == 3).all()
    assert weights.mean(axis=0) == pytest.approx([1, 1, 1], abs=0.1)
    per_document = weights[:, documents.groups]
    assert (per_document[:, groups == 7].std(axis=1) == 0).all()


@pytest.mark.parametrize("parts", [5, 1000])
def test_the_jackknife_leaves_each_group_out_once(monkeypatch, parts) -> None:
    monkeypatch.setattr(intervals_module, "JACKKNIFE_PARTS", parts)
    documents = checked_documents(np.zeros((23, 1)), np.zeros((23, 1)), 0.5, "a", None)
    weights = np.concatenate(list(left_out(documents, np.random.default_rng(0))))
    assert weights.shape == (min(parts, 23), 23)
    assert ((weights == 0).sum(axis=0) == 1).all()
    assert set((weights == 0).sum(axis=1)) <= ({4, 5} if parts == 5 else {1})


def test_seeds_decide_and_blocks_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def intervals(seed: int):
        return bootstrap_intervals(*ordinary_split(), names(3), resamples=300, seed=seed)

    first = intervals(0)
    assert intervals(0) == first
    assert intervals(1)["f1_micro"] != first["f1_micro"]
    monkeypatch.setattr(metrics_module, "_BLOCK", 60 * 7)
    for name, ends in intervals(0).items():
        assert ends == pytest.approx(first[name], abs=TOLERANCE), name


def test_absent_and_rare_labels() -> None:
    probabilities, targets, thresholds = ordinary_split()
    targets[:, 1] = 0
    # Every third resample is without it.
    targets[:, 2] = np.arange(60) == 4
    found = bootstrap_intervals(probabilities, targets, thresholds, names(3), resamples=200)
    undefined = {name for name, ends in found.items() if math.isnan(ends[0])}
    assert undefined == {f"{k}/label 1" for k in ("f1", "precision", "recall", "ap", "auroc")}


def test_fewer_than_two_groups_have_no_interval() -> None:
    split = ordinary_split()
    for part in (slice(0), slice(1), slice(None)):
        probabilities, targets = (values[part] for values in split[:2])
        groups = np.zeros(len(targets), int)
        found = bootstrap_intervals(probabilities, targets, 0.5, names(3), groups, resamples=5)
        assert np.isnan(list(found.values())).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probabilities": np.zeros((4, 2))}, "shape"),
        ({"probabilities": np.full((3, 2), 1.5)}, "probabilities must"),
        ({"probabilities": np.full((3, 2), math.nan)}, "probabilities must"),
        ({"targets": np.full((3, 2), 2)}, "targets must"),
        ({"thresholds": [0.5]}, "thresholds must"),
        ({"thresholds": [0.5, 1.5]}, "thresholds must"),
        ({"label_names": "aa"}, "label_names"),
        ({"label_names": []}, "label_names"),
        ({"groups": [0, 1]}, "3 group numbers"),
        ({"resamples": 0}, "resamples"),
        ({"level": 1.0}, "level"),
    ],
)
def test_wrong_arguments_are_refused(change, message) -> None:
    arguments = {
        "probabilities": np.zeros((3, 2)),
        "targets": np.zeros((3, 2)),
        "thresholds": 0.5,
        "label_names": "ab",
        "groups": None,
    }
    with pytest.raises(ValueError, match=message):
        bootstrap_intervals(**(arguments | change))


def drawn_documents(rng: np.random.Generator, num_groups: int):
    """Documents of a population in which copies share their labels and nearly their scores."""
    prevalence = np.array([0.5, 0.3, 0.3, 0.2, 0.2])
    groups = np.repeat(np.arange(num_groups), rng.choice([1, 2, 4], num_groups, p=[0.8, 0.1, 0.1]))
    targets = (rng.random((num_groups, 5)) < prevalence)[groups].astype(np.uint8)
    shared = rng.normal(size=(num_groups, 5))[groups]
    scores = 0.95 * shared + 0.3 * rng.normal(size=targets.shape) + 2 * targets - 1
    return 1 / (1 + np.exp(-scores)), targets, groups


@pytest.mark.slow
def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    probabilities, targets, _ = drawn_documents(rng, 300_000)
    truth = metrics_of(probabilities, targets, [0.5] * 5)
    covered: dict[str, list[bool]] = {"f1_micro": [], "f1_macro": []}
    for seed in range(1000):
        probabilities, targets, groups = drawn_documents(rng, 360)  # some 500 documents
        found = bootstrap_intervals(
            probabilities, targets, 0.5, names(5), groups, resamples=1000, seed=seed
        )
        for name, hits in covered.items():
            hits.append(found[name][0] <= truth[name] <= found[name][1])
    shares = {name: np.mean(hits) for name, hits in covered.items()}
    assert shares == pytest.approx({"f1_micro": 0.95, "f1_macro": 0.95}, abs=0.02), shares
