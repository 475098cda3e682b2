from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch

from helpers import TINY_BERT, make_table
from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.readers import read_sample
from resumebert.data.splitting import random_split
from resumebert.data.windows import Windowing
from resumebert.inference.evaluating import evaluation_trainer
from resumebert.inference.scoring import TextScorer
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.pooling import SCORED_POOLINGS

CLEANING = ("strip_control", "unescape_entities", "strip_markup", "collapse_whitespace")
TEXTS = [
    f"<b>Text</b> {i} " + " ".join(text.split()[: 5 + i])
    for i, text in enumerate(read_sample().texts[:60])
]


def make_model(pooling: str = "max") -> ResumeClassifier:
    torch.manual_seed(0)
    model = ResumeClassifier(TINY_BERT, ["A", "B"], pooling=pooling).eval()
    if pooling in SCORED_POOLINGS:
        torch.nn.init.normal_(model.pooling.weight)
    return model


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "bf16-true"])
@pytest.mark.parametrize(
    "windowing",
    [
        Windowing("windows", max_length=20, stride=4),
        Windowing("truncate", max_length=24),
        Windowing("head_tail", max_length=24),
    ],
)
def test_logits_are_those_of_the_trainers_test(tokenizer, windowing, precision):
    model = make_model("logsumexp")
    datamodule = ResumeDataModule(
        lambda: make_table(TEXTS),
        partial(random_split, train=0.4, val=0.2, test=0.4),
        tokenizer,
        cleaning=CLEANING,
        windowing=windowing,
        batch_size=4,
        eval_batch_size=8,
    )
    evaluation_trainer("cpu", precision).test(model, datamodule=datamodule, verbose=False)
    tested = model.scores["test"]
    scorer = TextScorer(
        model, tokenizer, windowing, cleaning=CLEANING, batch_size=8, precision=precision
    )
    raw = [TEXTS[int(datamodule.table.ids[i][1:])] for i in tested.index.tolist()]
    scored = scorer.logits(raw)
    assert len(scored) == 24
    assert np.abs(scored - tested.logits.numpy()).max() < 1e-5
    # Alone, a text gets what it gets among others.
    loose = 1e-5 if precision == "32-true" else 0.05
    assert np.abs(scorer.logits(raw[:1]) - scored[:1]).max() < loose


@pytest.mark.parametrize("pooling", ["max", "mean", *SCORED_POOLINGS])
def test_windows_pool_to_the_documents_logits_and_know_their_places(tokenizer, pooling):
    scorer = TextScorer(
        make_model(pooling), tokenizer, Windowing("windows", max_length=20, stride=4)
    )
    text = " ".join(read_sample().texts[0].split())[:900]
    windows = scorer.windows(text)
    assert len(windows) > 3
    assert windows[0].start == 0
    assert windows[-1].end == len(text)
    for left, right in pairwise(windows):
        assert left.start < right.start < left.end < right.end
    logits = np.array([window.logits for window in windows])
    whole = scorer.logits([text])[0]
    if pooling == "max":
        assert np.allclose(logits.max(axis=0), whole, atol=1e-5)
    elif pooling == "mean":
        assert np.allclose(logits.mean(axis=0), whole, atol=1e-5)
    elif pooling == "attention":
        assert ((logits.min(axis=0) <= whole + 1e-5) & (whole <= logits.max(axis=0) + 1e-5)).all()
    # What a window gives by itself is what its text gives, but for words cut at its ends.
    first = scorer.logits([text[: windows[0].end]])[0]
    assert np.allclose(first, windows[0].logits, atol=1e-5)


def test_a_truncated_document_has_one_window(tokenizer):
    scorer = TextScorer(make_model(), tokenizer, Windowing("truncate", max_length=12))
    [window] = scorer.windows("java " * 100)
    assert (window.start, window.end) == (0, 49)
    head_tail = TextScorer(make_model(), tokenizer, Windowing("head_tail", max_length=12))
    [window] = head_tail.windows("java " * 100)
    assert (window.start, window.end) == (0, 499)


def test_nothing_and_empty_texts_are_scored(tokenizer):
    scorer = TextScorer(make_model(), tokenizer, Windowing("windows", max_length=12))
    assert scorer.logits([]).shape == (0, 2)
    assert np.isfinite(scorer.logits(["", "a"])).all()
    [window] = scorer.windows("")
    assert (window.start, window.end) == (0, 0)
    assert np.allclose(window.logits, scorer.logits([""])[0], atol=1e-6)
