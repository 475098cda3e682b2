from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers import TINY_BERT, make_table
from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.readers import read_sample
from resumebert.data.splitting import random_split
from resumebert.data.table import ResumeTable
from resumebert.data.windows import Windowing
from resumebert.evaluation import analysis
from resumebert.evaluation.analysis import analyse, some_groups
from resumebert.evaluation.baseline import fit_baseline
from resumebert.evaluation.decisions import fit_decisions
from resumebert.evaluation.result import EvaluationResult, evaluate_scores
from resumebert.inference.scoring import TextScorer
from resumebert.model.classifier import ResumeClassifier
from resumebert.settings.schema import EvaluationSettings
from resumebert.utils.errors import UserError

QUICK = EvaluationSettings(bootstrap_resamples=50, errors=6)


def make_datamodule(tokenizer, table: ResumeTable) -> ResumeDataModule:
    datamodule = ResumeDataModule(
        lambda: table,
        partial(random_split, train=0.5, val=0.2, test=0.3),
        tokenizer,
        cleaning=["collapse_whitespace"],
        windowing=Windowing("windows", max_length=48, stride=8),
        batch_size=8,
        eval_batch_size=16,
    )
    datamodule.setup()
    return datamodule


@pytest.fixture(scope="module")
def run(tokenizer):
    """A model with random weights, and what it gives for parts of the sample."""
    sample = read_sample()
    short = [i for i, text in enumerate(sample.texts) if len(text) < 900][:100]
    datamodule = make_datamodule(tokenizer, sample.select(np.array(short)))
    table = datamodule.table
    torch.manual_seed(0)
    scorer = TextScorer(
        ResumeClassifier(TINY_BERT, table.label_names),
        tokenizer,
        datamodule.windowing,
        cleaning=datamodule.cleaning,
    )
    parts = {name: table.select(datamodule.indices(name)) for name in ("train", "val", "test")}
    baseline = fit_baseline(
        list(parts["train"].texts),
        parts["train"].labels,
        list(parts["val"].texts),
        parts["val"].labels,
        table.label_names,
        costs=(1.0,),
    )
    decisions = fit_decisions(
        scorer.logits(parts["val"].texts), parts["val"].labels, table.label_names
    )

    def result(split: str, logits, how) -> EvaluationResult:
        return evaluate_scores(
            split,
            logits,
            parts[split].labels.astype(bool),
            how,
            table.label_names,
            ids=parts[split].ids,
            index=datamodule.indices(split),
            groups=datamodule.groups[datamodule.indices(split)],
            resamples=0,
        )

    val, test = (result(s, scorer.logits(parts[s].texts), decisions) for s in ("val", "test"))
    theirs = result("test", baseline.decision_values(parts["test"].texts), baseline.decisions)
    return replace(test, baseline=theirs), val, datamodule, scorer, decisions, baseline


def test_everything_is_found_and_the_same_each_time(run, monkeypatch):
    monkeypatch.setattr(analysis, "DOCUMENTS", 4)
    result, val, datamodule, scorer, decisions, baseline = run
    arguments = {
        "baseline": baseline, "others": [val], "settings": QUICK, "trained": datamodule
    }  # fmt: skip
    found = analyse(result, datamodule, scorer, decisions, **arguments)
    assert {piece.kind for piece in found.slices} >= {"length", "true labels", "label words"}
    assert all(piece.baseline is not None for piece in found.slices)
    names, words = found.words_removed
    assert (names.level, words.level) == ("names", "words")
    assert 0 < names.changed <= words.changed <= names.documents == len(result.ids)
    # The linear baseline, which has learnt something, loses by it.
    assert words.baseline_change["f1_micro"] < 0
    assert {swap.documents for swap in found.swaps} == {4}
    assert len(found.swaps) == 13 * len(result.label_names)
    assert any(swap.baseline_change for swap in found.swaps)
    assert {(s.split, s.scored_by) for s in found.suspects} == {
        ("train", "linear, out of fold"),
        ("val", "model"),
        ("test", "model"),
    }
    rows = {i: int(row) for i, row in zip(datamodule.table.ids, datamodule.table.rows, strict=True)}
    assert all(suspect.row == rows[suspect.id] for suspect in found.suspects)
    assert len(found.errors) == 6
    assert all(error.row == rows[error.id] for error in found.errors)
    for error in found.errors:
        decided = set(error.true_labels) ^ set(error.predicted_labels)
        assert {mistake.label for mistake in error.mistakes} == decided
    assert repr(found) == repr(analyse(result, datamodule, scorer, decisions, **arguments))


def test_what_is_not_asked_for_is_not_computed(run):
    result, _, datamodule, _, decisions, _ = run
    none = EvaluationSettings(slices=False, probes=False, label_noise=False, errors=0)
    # Without a scorer nothing can be scored.
    scorer: TextScorer = None  # type: ignore[assignment]
    found = analyse(result, datamodule, scorer, decisions, trained=None, settings=none)
    assert found == type(found)()


def test_bounds_are_kept_and_said(run, monkeypatch):
    monkeypatch.setattr(analysis, "REMOVAL_DOCUMENTS", 10)
    monkeypatch.setattr(analysis, "NOISE_DOCUMENTS", 20)
    result, _, datamodule, scorer, decisions, _ = run
    bounded = replace(QUICK, probes=False, bootstrap_resamples=0)
    alone = replace(result, baseline=None)
    found = analyse(alone, datamodule, scorer, decisions, trained=datamodule, settings=bounded)
    assert {removed.documents for removed in found.words_removed} == {10}
    assert len({s.id for s in found.suspects if s.split == "train"}) <= 20
    assert found.notes.keys() == {"words_removed", "suspects"}
    assert all(not piece.intervals for piece in found.slices)


def test_training_documents_are_never_judged_by_the_model(run):
    result, _, datamodule, scorer, decisions, _ = run
    index = np.arange(len(datamodule.table))
    table = datamodule.table
    everything = evaluate_scores(
        "all",
        scorer.logits(table.texts),
        table.labels.astype(bool),
        decisions,
        table.label_names,
        ids=table.ids,
        index=index,
        groups=datamodule.groups,
        resamples=0,
    )
    settings = EvaluationSettings(slices=False, probes=False, errors=0)
    found = analyse(everything, datamodule, scorer, decisions, trained=None, settings=settings)
    trained = {table.ids[i] for i in datamodule.indices("train")}
    for suspect in found.suspects:
        assert (suspect.scored_by == "model") == (suspect.id not in trained)
    assert result.split == "test"


def test_the_probe_takes_documents_that_the_model_was_not_trained_on(run, tokenizer, monkeypatch):
    result, _, datamodule, scorer, decisions, _ = run
    seen = []
    monkeypatch.setattr(
        analysis, "exchanges", lambda texts, documents: seen.append(set(texts)) or []
    )
    settings = EvaluationSettings(slices=False, label_noise=False, errors=0)
    analyse(result, datamodule, scorer, decisions, trained=datamodule, settings=settings)
    trained = set(datamodule.table.select(datamodule.indices("train")).texts)
    assert not seen[0] & trained
    assert len(seen[0]) == 1200 - len(trained)
    assert seen[0] >= set(datamodule.table.select(result.index).texts)
    # Other documents, scored by the model that the sample trained.
    other = make_datamodule(tokenizer, make_table([f"a text {i}" for i in range(40)]))
    few = result.only(np.arange(len(result.ids)) < 4)
    few = replace(few, index=other.indices("test")[:4])
    analyse(few, other, scorer, decisions, trained=datamodule, settings=settings)
    assert seen[1] == seen[0]
    # The sample, scored by one that others trained.
    analyse(result, datamodule, scorer, decisions, trained=other, settings=settings)
    assert len(seen[2]) == 1200


def test_what_the_probe_is_made_of_is_said(run, monkeypatch):
    monkeypatch.setattr(analysis, "DOCUMENTS", 2)
    result, _, datamodule, scorer, decisions, _ = run
    settings = replace(QUICK, slices=False, label_noise=False, errors=0)
    for trained, words in ((datamodule, "trained on none of them"), (None, "can't be told")):
        found = analyse(result, datamodule, scorer, decisions, trained=trained, settings=settings)
        assert "The texts are 2 fictional résumés" in found.notes["swaps"]
        assert words in found.notes["swaps"]


def test_a_model_that_was_trained_on_the_whole_sample_is_not_probed(run, tokenizer):
    result, _, datamodule, scorer, decisions, _ = run
    whole = make_datamodule(tokenizer, read_sample())
    whole.split = np.full(len(whole.table), "train")
    settings = replace(QUICK, slices=False, label_noise=False, errors=0)
    found = analyse(result, datamodule, scorer, decisions, trained=whole, settings=settings)
    assert found.swaps == []
    assert "trained on all" in found.notes["swaps"]


def test_no_documents_and_unknown_labels(run):
    result, _, datamodule, scorer, decisions, _ = run
    empty = replace(result, truth=result.truth[:0], index=result.index[:0])
    assert analyse(empty, datamodule, scorer, decisions, trained=None).slices == []
    settings = EvaluationSettings(label_words={"Baker": ["cook"]})
    with pytest.raises(UserError, match=r"evaluation\.label_words: .*Baker, which is no label"):
        analyse(result, datamodule, scorer, decisions, trained=None, settings=settings)


@given(st.lists(st.integers(0, 8), max_size=30), st.integers(1, 30))
def test_some_groups_are_whole_and_as_many_as_asked(groups, documents):
    numbers = np.array(groups, dtype=np.int64)
    kept = some_groups(numbers, documents)
    assert not set(numbers[kept]) & set(numbers[~kept])
    assert kept.sum() <= documents or len(set(numbers[kept])) == 1
    assert kept.all() or len(numbers) > documents
    assert kept.any() or not groups
