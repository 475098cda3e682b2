import numpy as np
import pytest

from resumebert.data.readers import read_sample
from resumebert.evaluation.baseline import NoWordsError, fit_baseline, out_of_fold_values


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
