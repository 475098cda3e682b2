import io
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from helpers import make_table
from resumebert.data.readers import read_sample
from resumebert.evaluation import baseline as module
from resumebert.evaluation.baseline import (
    NoWordsError,
    fit_baseline,
    linear_baseline,
    out_of_fold_values,
)
from resumebert.settings.schema import DEFAULTS, EvaluationSettings


@pytest.mark.parametrize("kind", ["svm", "logistic"])
def test_the_baseline_learns_the_sample(kind):
    table = read_sample()
    order = np.random.default_rng(0).permutation(len(table))[:500]
    parts = order[:300], order[300:400], order[400:]
    train, val, test = ([table.texts[i] for i in part] for part in parts)
    labels = [table.labels[part] for part in parts]
    found = fit_baseline(
        train, labels[0], val, labels[1], table.label_names, kind=kind, costs=(1.0, 10.0)
    )
    predicted = found.probabilities(test) >= found.decisions.thresholds
    hits = (predicted & (labels[2] > 0)).sum()
    assert 2 * hits / (predicted.sum() + labels[2].sum()) > 0.8
    assert found.cost in (1.0, 10.0)


def test_documents_without_words_train_the_baseline_too():
    # What names the label also stands in half of the other documents; the skill never does.
    texts = [
        f"title skill{i % 2}" if i % 2 else f"{'title' if i % 4 else 'other'} skill0"
        for i in range(80)
    ]
    labels = np.array([[i % 2] for i in range(80)], dtype=np.uint8)
    without = [text.replace("title ", "") for text in texts]
    arguments = (texts, labels, texts[:20], labels[:20], "a")
    plain, masked = fit_baseline(*arguments), fit_baseline(*arguments, masked=[(0.5, without)])
    title, skill = (plain.vectorizer.vocabulary_[word] for word in ("title", "skill1"))
    assert masked.documents == 80

    def part(found) -> float:
        return float(found.weights[title, 0] / found.weights[skill, 0])

    assert part(masked) < part(plain)


def test_a_version_that_is_the_same_changes_nothing():
    texts = [f"{'java' if i % 3 else 'sql'} w{i % 7}" for i in range(60)]
    labels = np.array([[int(i % 3 > 0)] for i in range(60)], dtype=np.uint8)
    arguments = (texts, labels, texts[:20], labels[:20], "a")
    plain = fit_baseline(*arguments, costs=(1.0,))
    again = fit_baseline(*arguments, costs=(1.0,), masked=[(0.3, texts), (0.2, texts)])
    # The solver stops at a tolerance.
    assert np.allclose(plain.weights, again.weights, atol=0.02)


def test_a_label_that_all_or_no_training_documents_have_is_always_or_never_predicted():
    texts = ["java sql", "web css", "java web", "sql css"]
    labels = np.array([[1, 0, 1], [0, 0, 1], [1, 0, 1], [0, 0, 1]], dtype=np.uint8)
    found = fit_baseline(texts, labels, texts, labels, "abc")
    predicted = found.probabilities(texts) >= found.decisions.thresholds
    assert predicted[:, 1:].tolist() == labels[:, 1:].astype(bool).tolist()
    assert ((found.decision_values(texts) > 0) == labels).all()
    assert found.probabilities([]).shape == (0, 3)


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["!!!", "", "– –", "?"], "no word is in the training texts"),
        ([], "no word is in the training texts"),
        ([f"w{i}" for i in range(1000)], "no word is in 3 of the training texts"),
    ],
)
def test_texts_without_words_are_refused(texts, why):
    labels = np.array([[i % 2] for i in range(len(texts))], dtype=np.uint8).reshape(-1, 1)
    with pytest.raises(NoWordsError, match=why):
        fit_baseline(texts, labels, texts[:4], labels[:4], "a")
    with pytest.raises(NoWordsError, match=why):
        out_of_fold_values(texts, labels, np.arange(len(texts)), folds=2)


def documents(texts: list[str], split: list[str]) -> SimpleNamespace:
    """Stand in for a data module."""
    splits = np.array(split)
    return SimpleNamespace(
        table=make_table(texts),
        split=splits,
        groups=np.arange(len(texts)),
        seed=42,
        indices=lambda name: np.flatnonzero(splits == name),
        mask_label_words={},
        masked_texts=lambda index: [],
    )


def test_auto_trains_on_as_many_documents_as_a_minute_allows(monkeypatch) -> None:
    texts = [f"{'java' if i % 2 else 'sql'} {'x' * 5}" for i in range(60)]
    data = documents(texts, ["train"] * 40 + ["val"] * 20)
    characters = sum(map(len, texts[:40]))
    console = Console(file=io.StringIO(), width=200)
    monkeypatch.setattr(module, "TUNED_CHARACTERS", characters)
    baseline, note = linear_baseline(data, DEFAULTS, console)
    assert (baseline.documents, note, console.file.getvalue()) == (40, "", "")
    monkeypatch.setattr(module, "TUNED_CHARACTERS", characters - 1)
    baseline, note = linear_baseline(data, DEFAULTS, console)
    assert (baseline.documents, baseline.cost) == (40, 1.0)
    assert note.startswith("trained on the same documents with C = 1 rather than the best")
    monkeypatch.setattr(module, "BASELINE_CHARACTERS", characters // 4)
    baseline, note = linear_baseline(data, DEFAULTS, console)
    assert baseline.documents == 10
    assert note.startswith("trained on 10 of the 40 training documents, drawn at random, with")
    assert "(evaluation.baseline=true: on all, with the best C)" in console.file.getvalue()
    again, _ = linear_baseline(data, DEFAULTS, console)
    assert (again.weights == baseline.weights).all()
    whole, note = linear_baseline(data, EvaluationSettings(baseline=True), console)
    assert (whole.documents, note) == (40, "")
    none, note = linear_baseline(data, EvaluationSettings(baseline=False), console)
    assert none is None
    assert "evaluation.baseline=true adds it" in note


def test_without_a_word_there_is_no_baseline_and_the_run_goes_on() -> None:
    data = documents(["!!", "??", "...", ""], ["train", "train", "val", "val"])
    console = Console(file=io.StringIO(), width=200)
    baseline, note = linear_baseline(data, DEFAULTS, console)
    assert baseline is None
    assert note == "There is nothing for it to learn from: no word is in the training texts."
    assert console.file.getvalue() == f"No linear baseline. {note}\n"
