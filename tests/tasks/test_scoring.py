from types import SimpleNamespace

import numpy as np
import torch

from helpers import TINY_BERT
from resumebert.data.windows import Windowing
from resumebert.evaluation.decisions import plain_decisions
from resumebert.model.classifier import ResumeClassifier
from resumebert.tasks.build import evaluation_trainer
from resumebert.tasks.scoring import text_scorer


def test_texts_are_scored_in_their_order_whatever_the_batches(tokenizer) -> None:
    torch.manual_seed(0)
    model = ResumeClassifier(TINY_BERT, ["a", "b"]).eval()
    windowing = Windowing("windows", 16, None, None)
    trainer = evaluation_trainer("cpu", "32-true")
    texts = ["java developer " * n for n in (1, 30, 3, 12, 7)]
    found = []
    for size in (1, 2, 32):
        reader = SimpleNamespace(tokenizer=tokenizer, windowing=windowing, eval_batch_size=size)
        score = text_scorer(model, reader, plain_decisions(2), trainer)
        found.append(score(texts))
        assert score([]).shape == (0, 2)
    one_by_one = np.concatenate([score([text]) for text in texts])
    assert len({tuple(row) for row in one_by_one.round(6).tolist()}) > 1
    for probabilities in found:
        assert np.allclose(probabilities, one_by_one, atol=1e-6)
