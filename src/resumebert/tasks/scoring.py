"""A model as a function of texts, for what asks it about texts that are in no table."""

from collections.abc import Sequence

import numpy as np
import torch
from lightning.pytorch import Trainer
from torch.utils.data import DataLoader

from resumebert.data.batching import Batch, Collator, DocumentDataset, LengthBatchSampler
from resumebert.data.datamodule import ResumeDataModule
from resumebert.evaluation.decisions import Decisions
from resumebert.evaluation.results import Floats, Scorer
from resumebert.model.classifier import ResumeClassifier


def text_scorer(
    model: ResumeClassifier, datamodule: ResumeDataModule, decisions: Decisions, trainer: Trainer
) -> Scorer:
    """Return a function from n texts to their (n, L) calibrated probabilities.

    Args:
        model: with its weights.
        datamodule: how the model reads texts; its own documents are not touched.
        decisions: from logits to probabilities.
        trainer: of evaluation, with the precision that the model is used with.
    """

    def score(texts: Sequence[str]) -> Floats:
        if len(texts) == 0:
            return np.zeros((0, len(model.label_names)))
        batches = trainer.predict(model, _loader(datamodule, texts, len(model.label_names)))
        index, logits = (torch.cat(parts) for parts in zip(*(batches or []), strict=True))
        return decisions.calibration.apply(logits.double().cpu().numpy()[index.argsort().numpy()])

    return score


def _loader(
    datamodule: ResumeDataModule, texts: Sequence[str], num_labels: int
) -> DataLoader[Batch]:
    """Return batches of cleaned texts, longest first, as evaluation has them."""
    tokens = datamodule.tokenizer.encode(texts)
    unlabelled = np.zeros((len(texts), num_labels), dtype=np.uint8)
    dataset = DocumentDataset(tokens, unlabelled, np.arange(len(texts)))
    lengths = datamodule.windowing.tokens_read(dataset.lengths, training=False)
    return DataLoader(
        dataset,  # type: ignore[arg-type]
        batch_sampler=LengthBatchSampler(lengths, datamodule.eval_batch_size, shuffle=False),
        collate_fn=Collator(datamodule.tokenizer, datamodule.windowing),
    )
