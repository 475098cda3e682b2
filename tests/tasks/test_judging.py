import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from resumebert.evaluation.decisions import DecisionOptions, fit_decisions, plain_decisions
from resumebert.evaluation.judgement import judge
from resumebert.model.checkpoint import CheckpointExtras
from resumebert.tasks import judging
from resumebert.tasks.compare import in_order
from resumebert.tasks.judging import stored_decisions, trained_evaluation, wants_baseline
from resumebert.utils.errors import UserError

EXTRAS = CheckpointExtras({}, "", {}, [0.5, 0.5])


def test_auto_counts_the_characters_of_the_training_texts(monkeypatch) -> None:
    documents = SimpleNamespace(
        table=SimpleNamespace(texts=["x" * 10, "y" * 1000, "z" * 11]),
        indices=lambda split: {"train": [0, 2]}[split],
    )
    console = Console(file=io.StringIO(), width=200)
    monkeypatch.setattr(judging, "BASELINE_CHARACTERS", 21)
    assert wants_baseline("auto", documents, console)
    assert console.file.getvalue() == ""
    monkeypatch.setattr(judging, "BASELINE_CHARACTERS", 20)
    assert not wants_baseline("auto", documents, console)
    assert "evaluation.baseline=true trains it" in console.file.getvalue()
    assert wants_baseline(True, documents, console)
    assert not wants_baseline(False, documents, console)


def test_a_checkpoint_without_decisions_is_used_plainly_and_says_so(tmp_path) -> None:
    found = stored_decisions(EXTRAS, "ab", tmp_path)
    assert replace(found, notes=[]) == plain_decisions(2)
    assert "no tuned thresholds" in found.notes[0]
    settings = trained_evaluation(EXTRAS)
    assert (settings.bootstrap_resamples, settings.baseline) == (10_000, "auto")
    assert judging.decision_options(settings) == DecisionOptions()


def test_decisions_of_other_labels_are_refused(tmp_path) -> None:
    plain = plain_decisions(3).to_plain()
    with pytest.raises(UserError, match="of another number of labels"):
        stored_decisions(replace(EXTRAS, decisions=plain), "ab", tmp_path)


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
