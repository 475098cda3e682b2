import numpy as np
import pytest
import torch

from helpers import TINY_BERT
from resumebert.data.batching import Collator, DocumentDataset
from resumebert.model.classifier import ResumeClassifier


def test_an_untrained_model_predicts_the_prevalences():
    torch.manual_seed(0)
    model = ResumeClassifier(TINY_BERT, ["A", "B", "C"]).eval()
    model.start_from_prevalences(torch.tensor([0.5, 0.1, 0.0]))
    ids = torch.randint(0, 30000, (64, 12))
    with torch.inference_mode():
        means = torch.sigmoid(model(ids, torch.ones_like(ids))).mean(0)
    assert means.tolist() == pytest.approx([0.5, 0.1, 0.001], abs=0.02)


def test_padding_does_not_change_a_documents_logits(tokenizer):
    torch.manual_seed(0)
    model = ResumeClassifier(TINY_BERT, ["A", "B"]).eval()
    tokens = tokenizer.encode(["Java developer", "A project manager in a bank " * 3, ""])
    dataset = DocumentDataset(tokens, np.zeros((3, 2), dtype=np.uint8), np.arange(3))
    collate = Collator(tokenizer, 64)
    with torch.inference_mode():
        together = collate([dataset[i] for i in range(3)])
        logits = model(together["input_ids"], together["attention_mask"])
        for i in range(3):
            alone = collate([dataset[i]])
            expected = model(alone["input_ids"], alone["attention_mask"])
            assert torch.allclose(logits[i], expected[0], atol=1e-6)


def test_lightnings_own_loading_gives_a_model_that_predicts(trained_checkpoint):
    model = ResumeClassifier.load_from_checkpoint(trained_checkpoint, weights_only=True)
    ids = torch.tensor([[101, 9262, 102]])
    assert model(ids, torch.ones_like(ids)).shape == (1, 2)


@pytest.fixture
def trained_checkpoint(tmp_path):
    from lightning.pytorch import Trainer

    model = ResumeClassifier(TINY_BERT, ["A", "B"])
    trainer = Trainer(
        accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False
    )
    trainer.strategy.connect(model)
    trainer.save_checkpoint(tmp_path / "model.ckpt", weights_only=True)
    return tmp_path / "model.ckpt"
