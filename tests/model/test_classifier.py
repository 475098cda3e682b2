import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import BertConfig

from helpers import TINY_BERT
from resumebert.data.batching import Collator, DocumentDataset, Place
from resumebert.data.windows import Windowing
from resumebert.model.classifier import ResumeClassifier, chunks_of_windows
from resumebert.model.layers import training_kernel
from resumebert.model.pooling import POOLING_NAMES, SCORED_POOLINGS


def test_an_untrained_model_predicts_the_prevalences():
    torch.manual_seed(0)
    model = ResumeClassifier(TINY_BERT, ["A", "B", "C"]).eval()
    model.start_from_prevalences(torch.tensor([0.5, 0.1, 0.0]))
    ids = torch.randint(0, 30000, (64, 12))
    with torch.inference_mode():
        means = torch.sigmoid(model(ids, torch.ones_like(ids))).mean(0)
    assert means.tolist() == pytest.approx([0.5, 0.1, 0.001], abs=0.02)


TEXTS = ["Java developer", "A project manager in a bank " * 30, "", "Python " * 75, "web " * 9]


@pytest.mark.parametrize("pooling", POOLING_NAMES)
@pytest.mark.parametrize("chunk_tokens", [1, 50, 16_384])
def test_a_batch_of_windows_gives_the_logits_of_the_documents_one_by_one(
    tokenizer, pooling, chunk_tokens
):
    torch.manual_seed(0)
    model = ResumeClassifier(
        TINY_BERT, ["A", "B"], pooling=pooling, chunk_tokens=chunk_tokens
    ).eval()
    if pooling in SCORED_POOLINGS:
        torch.nn.init.normal_(model.pooling.weight)
    dataset = DocumentDataset(
        tokenizer.encode(TEXTS), np.zeros((len(TEXTS), 2), dtype=np.uint8), np.arange(len(TEXTS))
    )
    collate = Collator(tokenizer, Windowing("windows", max_length=20, stride=4))

    def logits(positions) -> torch.Tensor:
        batch = collate([dataset[Place(i, 0)] for i in positions])
        return model(
            batch["input_ids"],
            batch["attention_mask"],
            batch["window_document"],
            batch["window_lengths"],
            len(batch["index"]),
        )

    with torch.inference_mode():
        together = logits(range(len(TEXTS)))
        alone = torch.cat([logits([i]) for i in range(len(TEXTS))])
    assert torch.allclose(together, alone, atol=1e-5)
    assert len(set(together[:, 0].tolist())) == len(TEXTS)


@given(st.lists(st.integers(1, 300), max_size=40), st.integers(1, 2000))
def test_chunks_hold_all_windows_in_order_within_the_bound(lengths, tokens):
    lengths = sorted(lengths, reverse=True)
    chunks = list(chunks_of_windows(lengths, tokens))
    assert [i for rows, _ in chunks for i in range(len(lengths))[rows]] == list(range(len(lengths)))
    for rows, width in chunks:
        assert width == max(lengths[rows])
        size = rows.stop - rows.start
        assert size == 1 or size * width <= tokens


@pytest.mark.parametrize("pooling", SCORED_POOLINGS)
def test_training_updates_the_second_head(pooling):
    torch.manual_seed(0)
    model = ResumeClassifier(TINY_BERT, ["A", "B"], pooling=pooling)
    ids = torch.randint(0, 30000, (6, 12))
    document = torch.tensor([0, 0, 0, 1, 1, 1])
    logits = model(ids, torch.ones_like(ids), document, [12] * 6, 2)
    model.loss(logits, torch.tensor([[1.0, 0.0], [0.0, 1.0]])).backward()
    assert model.pooling.weight.grad.abs().sum() > 0


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


def test_both_attention_kernels_give_the_same_logits_and_gradients(tokenizer):
    texts = ["Java developer " * 9, "A project manager", "web"]
    dataset = DocumentDataset(
        tokenizer.encode(texts), np.zeros((3, 2), dtype=np.uint8), np.arange(3)
    )
    batch = Collator(tokenizer, Windowing())([dataset[Place(i, 0)] for i in range(3)])
    torch.manual_seed(0)
    config = {**TINY_BERT, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    plain = ResumeClassifier(config, ["A", "B"]).train()
    fused = copy.deepcopy(plain).eval()
    outcomes = []
    for model in (plain, fused):
        logits = model(batch["input_ids"], batch["attention_mask"])
        logits.sum().backward()
        outcomes.append((logits, model.bert.bert.embeddings.word_embeddings.weight.grad))
    assert (plain.attention_kernel, fused.attention_kernel) == ("eager", "sdpa")
    for one, other in zip(*outcomes, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_long_windows_large_steps_and_attention_dropout_keep_the_fused_kernel():
    def kernel(windows=32, tokens=64, dropout=0.0, device="cpu"):
        size = {"num_attention_heads": 12, "num_hidden_layers": 6}
        config = BertConfig(attention_probs_dropout_prob=dropout, **size)
        return training_kernel(config, torch.device(device), windows, tokens)

    assert kernel() == kernel(tokens=256) == "eager"
    assert kernel(tokens=512) == kernel(windows=9999) == kernel(dropout=0.1) == "sdpa"
    assert kernel(device="cuda") == "sdpa"
