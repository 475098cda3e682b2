import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from helpers import make_table
from resumebert.evaluation.decisions import (
    DecisionOptions,
    fit_decisions,
    plain_decisions,
    stored_decisions,
)
from resumebert.evaluation.judgement import judge
from resumebert.model.checkpoint import CheckpointExtras
from resumebert.tasks import judging
from resumebert.tasks.compare import in_order
from resumebert.tasks.judging import linear_baseline, trained_evaluation
from resumebert.utils.errors import UserError

EXTRAS = CheckpointExtras({}, "", {}, [0.5, 0.5])


def documents(texts: list[str], split: list[str]) -> SimpleNamespace:
    """Stand in for a data module."""
    splits = np.array(split)
    return SimpleNamespace(
        table=make_table(texts),
        split=splits,
        groups=np.arange(len(texts)),
        seed=42,
        indices=lambda name: np.flatnonzero(splits == name),
    )


def test_auto_trains_on_as_many_documents_as_a_minute_allows(monkeypatch) -> None:
    texts = [f"{'java' if i % 2 else 'sql'} {'x' * 5}" for i in range(60)]
    data = documents(texts, ["train"] * 40 + ["val"] * 20)
    characters = sum(map(len, texts[:40]))
    console = Console(file=io.StringIO(), width=200)
    monkeypatch.setattr(judging, "TUNED_CHARACTERS", characters)
    baseline, note = linear_baseline("auto", data, DecisionOptions(), console)
    assert (baseline.documents, note, console.file.getvalue()) == (40, "", "")
    monkeypatch.setattr(judging, "TUNED_CHARACTERS", characters - 1)
    baseline, note = linear_baseline("auto", data, DecisionOptions(), console)
    assert (baseline.documents, baseline.cost) == (40, 1.0)
    assert note.startswith("trained on the same documents with C = 1 rather than the best")
    monkeypatch.setattr(judging, "BASELINE_CHARACTERS", characters // 4)
    baseline, note = linear_baseline("auto", data, DecisionOptions(), console)
    assert baseline.documents == 10
    assert note.startswith("trained on 10 of the 40 training documents, drawn at random, with")
    assert "(evaluation.baseline=true: on all, with the best C)" in console.file.getvalue()
    again, _ = linear_baseline("auto", data, DecisionOptions(), console)
    assert (again.weights == baseline.weights).all()
    whole, note = linear_baseline(True, data, DecisionOptions(), console)
    assert (whole.documents, note) == (40, "")
    none, note = linear_baseline(False, data, DecisionOptions(), console)
    assert none is None
    assert "evaluation.baseline=true adds it" in note


def test_without_a_word_there_is_no_baseline_and_the_run_goes_on() -> None:
    data = documents(["!!", "??", "...", ""], ["train", "train", "val", "val"])
    console = Console(file=io.StringIO(), width=200)
    baseline, note = linear_baseline("auto", data, DecisionOptions(), console)
    assert baseline is None
    assert note == "There is nothing for it to learn from: no word is in the training texts."
    assert console.file.getvalue() == f"No linear baseline. {note}\n"


def test_a_checkpoint_without_decisions_is_used_plainly_and_says_so() -> None:
    found = stored_decisions(EXTRAS.decisions, 2, "x.ckpt")
    assert replace(found, notes=[]) == plain_decisions(2)
    assert "no tuned thresholds" in found.notes[0]
    settings = trained_evaluation(EXTRAS)
    assert (settings.bootstrap_resamples, settings.baseline) == (10_000, "auto")
    assert judging.decision_options(settings) == DecisionOptions()


def test_decisions_of_other_labels_are_refused() -> None:
    plain = plain_decisions(3).to_plain()
    with pytest.raises(UserError, match="of another number of labels"):
        stored_decisions(plain, 2, "x.ckpt")


def test_results_are_brought_into_one_order() -> None:
    rng = np.random.default_rng(0)
    truth, logits = rng.random((40, 2)) < 0.4, rng.normal(size=(40, 2))
    decisions = fit_decisions(logits, truth, "ab")

    def judged(rows, columns):
        limits = [decisions.thresholds[i] for i in columns]
        return judge(
            "test", logits[rows][:, columns], truth[rows][:, columns],
            replace(plain_decisions(2), thresholds=limits), ["ab"[i] for i in columns],
            ids=[f"r{i}" for i in rows], index=np.array(rows), groups=np.array(rows), resamples=0,
        )  # fmt: skip

    reference = judged(list(range(40)), [0, 1])
    other = judged(rng.permutation(40).tolist(), [1, 0])
    found = in_order(other, reference)
    assert (found.predicted == reference.predicted).all()
    assert (found.logits == reference.logits).all()
    assert (found.thresholds == reference.thresholds).all()
