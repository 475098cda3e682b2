from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from helpers import make_table
from resumebert.data.readers import read_sample
from resumebert.data.table import ResumeTable
from resumebert.evaluation.label_noise import (
    LINEAR,
    MODEL,
    ScoredSplit,
    document_quality,
    doubtful,
    out_of_fold_probabilities,
    suspect_labels,
    write_suspects,
)

LABELS = ["A", "B", "C", "D"]


def planted(seed: int, count: int = 400):
    """Return labels with errors, where these are, and scores of the labels without."""
    generator = np.random.default_rng(seed)
    truth = generator.random((count, 4)) < 0.3
    wrong = generator.random((count, 4)) < 0.03
    scores = 1 / (1 + np.exp(-(6.0 * truth - 3 + generator.normal(size=truth.shape))))
    return truth ^ wrong, wrong, scores


def scored(labels, scores, scored_by=MODEL, split="test"):
    count = len(labels)
    table = ResumeTable(
        ids=[f"r{i}" for i in range(count)],
        texts=[f"Text\n{i} " + "x" * 300 for i in range(count)],
        labels=labels.astype(np.uint8),
        label_names=[f"label {i}" for i in range(labels.shape[1])],
        rows=np.arange(1, count + 1),
        source="a test",
    )
    return ScoredSplit(split, table, scores, scored_by)


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_planted_errors_are_ranked_first(seed):
    labels, wrong, scores = planted(seed)
    assert roc_auc_score(wrong.any(axis=1), -document_quality(labels, scores)) > 0.9
    found = suspect_labels([scored(labels, scores)], LABELS, most=10_000)
    doubted = np.zeros_like(wrong)
    for suspect in found:
        doubted[suspect.row - 1, LABELS.index(suspect.label)] = True
    assert (doubted & wrong).sum() > 0.5 * wrong.sum()
    assert (doubted & wrong).sum() > 0.9 * doubted.sum()


def test_errors_in_real_labels_are_found_by_a_linear_model_out_of_fold():
    table = read_sample()
    part = table.select(np.random.default_rng(0).permutation(len(table))[:400])
    names = list(part.label_names)
    truth = part.labels.astype(bool)
    wrong = np.random.default_rng(1).random(truth.shape) < 0.01
    given_ = replace(part, labels=(truth ^ wrong).astype(np.uint8))
    scores = out_of_fold_probabilities(given_, np.arange(400))
    agreement = np.where(truth ^ wrong, scores, 1 - scores)
    assert roc_auc_score(wrong.ravel(), -agreement.ravel()) > 0.9
    first = suspect_labels([scored(truth ^ wrong, scores, LINEAR, "train")], names, most=20)
    hits = [wrong[suspect.row - 1, names.index(suspect.label)] for suspect in first]
    assert np.mean(hits) > 0.5


def test_what_is_said_of_a_suspect():
    labels = np.array([[1, 0]] * 4 + [[0, 1]] * 4, dtype=bool)
    scores = np.where(labels, 0.9, 0.1)
    scores[0] = [0.05, 0.9]
    [first, second] = suspect_labels([scored(labels, scores)], ["A", "B"])
    assert (first.label, first.given, first.probability) == ("A", True, 0.05)
    assert (second.label, second.given, second.probability) == ("B", False, 0.9)
    assert {first.id, second.id} == {"r0"}
    assert (first.row, first.split, first.scored_by) == (1, "test", "model")
    assert first.excerpt.startswith("Text 0 xxx")
    assert len(first.excerpt) <= 200
    assert first.quality == second.quality == pytest.approx(0.8 * 0.05 + 0.2 * 0.1)


def test_a_label_that_all_or_no_documents_have_is_not_doubted():
    labels = np.array([[1, 0, 1], [1, 0, 0]], dtype=bool)
    assert not doubtful(labels, np.array([[0.0, 1.0, 1.0], [0.1, 0.9, 0.0]])).any()


def test_the_most_doubtful_document_of_all_splits_comes_first():
    labels, _, scores = planted(1)
    other, _, others = planted(2)
    found = suspect_labels([scored(labels, scores, split="train"), scored(other, others)], LABELS)
    assert {suspect.split for suspect in found} == {"train", "test"}
    qualities = [suspect.quality for suspect in found]
    assert qualities == sorted(qualities)
    assert (
        suspect_labels([scored(labels, scores)], LABELS, most=3)
        == suspect_labels([scored(labels, scores)], LABELS)[:3]
    )
    assert suspect_labels([], LABELS) == []


def test_without_two_groups_there_is_no_fold():
    table = make_table(["a", "b"])
    assert out_of_fold_probabilities(table, np.zeros(2, dtype=int)) is None
    # Nor without words.
    assert out_of_fold_probabilities(replace(table, texts=["!", "?"]), np.arange(2)) is None


def test_suspects_are_written_as_a_table(tmp_path):
    labels, _, scores = planted(3)
    found = suspect_labels([scored(labels, scores)], LABELS)
    write_suspects(tmp_path / "suspect_labels.csv", found)
    frame = pd.read_csv(tmp_path / "suspect_labels.csv")
    assert frame["id"].tolist() == [suspect.id for suspect in found]
    assert frame.columns.tolist()[:5] == ["split", "id", "row", "label", "given"]
    write_suspects(tmp_path / "none.csv", [])
    assert len(pd.read_csv(tmp_path / "none.csv")) == 0
