"""Texts to logits, as the trainer's own test gives them, without a trainer.

What logits mean (calibration, thresholds) is the business of
:class:`resumebert.evaluation.decisions.Decisions`.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Trainer
from torch import Tensor

from resumebert.data.arrays import TokenIds
from resumebert.data.batching import Collator, DocumentDataset, LengthBatchSampler, padded
from resumebert.data.cleaning import clean
from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.tokenization import TextTokenizer, TokenizedTexts
from resumebert.data.windows import SPECIAL_TOKENS, Windowing
from resumebert.evaluation.areas import Floats
from resumebert.evaluation.unlike_training import Familiarity, fit_familiarity
from resumebert.evaluation.worst_errors import Window
from resumebert.inference.onnx_model import OnnxClassifier
from resumebert.model.classifier import ResumeClassifier
from resumebert.utils.progress import Phase

# Trainer precisions that compute in another type than the weights', and those that change theirs.
MIXED = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
TRUE = {"bf16-true": torch.bfloat16, "64-true": torch.float64}
# What familiarity reads of each split once more, since it takes time: at most so many documents,
# drawn at random, and of so many tokens.
FAMILIAR_DOCUMENTS, FAMILIAR_TOKENS = 500, 200_000


@dataclass(frozen=True)
class Reading:
    """What a model gave for n texts and L labels: (n, L) pooled logits, windows and token ids.

    ``features`` (n, H) are what the encoder gave the head, averaged over the text's windows; None
    of an ONNX model, which does not give them.
    """

    logits: Floats
    windows: list[list[Window]]
    tokens: list[TokenIds]
    features: Floats | None


class TextScorer:
    """A model with all it takes to score texts; it is put into evaluation mode, on the device.

    There is no cleaning for texts that are clean already. ``batch_size`` counts texts:
    ``model.chunk_tokens`` bounds the memory beyond that. ``precision`` is not ``auto``.
    """

    def __init__(
        self,
        model: ResumeClassifier | OnnxClassifier,
        tokenizer: TextTokenizer,
        windowing: Windowing,
        *,
        cleaning: Sequence[str] = (),
        batch_size: int = 32,
        precision: str = "32-true",
        device: torch.device | str = "cpu",
    ) -> None:
        self.model: ResumeClassifier | OnnxClassifier = model.eval()
        self.tokenizer = tokenizer
        self.windowing = windowing
        self.cleaning = tuple(cleaning)
        self.batch_size = batch_size
        self.precision = precision
        self.to(device)
        if precision in TRUE:
            model.to(TRUE[precision])

    def to(self, device: torch.device | str) -> None:
        """Move the model to a device."""
        self.device = torch.device(device)
        self.model.to(self.device)

    def logits(self, texts: Sequence[str]) -> Floats:
        """Return the logits (n, L) of n texts, cleaned here; n may be 0."""
        tokens = self.tokenizer.encode([clean(text, self.cleaning) for text in texts])
        return self._score(tokens, Phase("scoring", len(texts), "documents"))[0]

    def windows(self, text: str) -> list[Window]:
        """Return what each window of a text, cleaned already, gives by itself, in order."""
        return self.read([text]).windows[0]

    def score_windows(self, windows: Sequence[TokenIds]) -> tuple[Tensor, Tensor | None]:
        """Return the logits (W, L) of W > 0 windows without special tokens, and their attention."""
        order = sorted(range(len(windows)), key=lambda place: -len(windows[place]))
        ids, mask = padded([windows[place] for place in order], self.tokenizer)
        lengths = [len(windows[place]) + SPECIAL_TOKENS for place in order]
        back = torch.tensor(order).argsort()
        with torch.no_grad(), self._autocast():
            logits, attention = self.model.score_windows(
                ids.to(self.device), mask.to(self.device), lengths
            )
        return logits.cpu()[back], None if attention is None else attention.cpu()[back]

    def _autocast(self) -> torch.autocast:
        mixed = MIXED.get(self.precision)
        return torch.autocast(self.device.type, mixed, enabled=mixed is not None)

    def read(self, texts: Sequence[str], phase: Phase | None = None) -> Reading:
        """Read n texts, each as a whole; n may be 0. Of a ``phase`` each text is a step.

        The texts are cleaned already, so that places in them are the reader's. A window of two
        pieces of the text (``head_tail``) reaches from the one to the other.
        """
        encoded = [self.tokenizer.encode_with_places(text) for text in texts]
        offsets = np.cumsum([0, *(len(ids) for ids, _ in encoded)])
        ids = np.concatenate([np.zeros(0, np.int32), *(ids for ids, _ in encoded)])
        scores, of_windows, features = self._score(TokenizedTexts(ids, offsets), phase)
        found = []
        for text, (_, places), logits in zip(texts, encoded, of_windows, strict=True):
            windows = []
            # Windows of the tokens' numbers in place of their ids: where in the text they are.
            parts = self.windowing.windows(np.arange(len(places), dtype=np.int32))
            for part, row in zip(parts, logits.tolist(), strict=True):
                start = int(places[part[0], 0]) if len(part) else 0
                end = int(places[part[-1], 1]) if len(part) else len(text)
                windows.append(Window(start, end, row))
            found.append(windows)
        return Reading(scores, found, [ids for ids, _ in encoded], features)

    def _score(
        self, tokens: TokenizedTexts, phase: Phase | None
    ) -> tuple[Floats, list[Floats], Floats | None]:
        """Return n texts' (n, L) logits, the (w, L) of each one's windows, and (n, H) features."""
        labels = np.zeros((len(tokens), len(self.model.label_names)), dtype=np.uint8)
        dataset = DocumentDataset(tokens, labels, np.arange(len(tokens)))
        lengths = self.windowing.tokens_read(tokens.lengths, training=False)
        sampler = LengthBatchSampler(lengths, self.batch_size, shuffle=False)
        collate = Collator(self.tokenizer, self.windowing)
        scores: Floats = np.zeros(labels.shape)
        features: Floats | None = None
        # What the head is given, in as many pieces as it is called.
        given: list[Tensor] = []
        hook: AbstractContextManager[Any] = nullcontext()
        if isinstance(self.model, ResumeClassifier):
            features = np.zeros((len(tokens), self.model.bert.config.hidden_size))
            hook = self.model.bert.classifier.register_forward_pre_hook(
                lambda _, inputs: given.append(inputs[0])
            )
        of_windows: dict[int, Floats] = {}
        with torch.inference_mode(), self._autocast(), hook, phase or nullcontext():
            # Longest first.
            for places in sampler:
                batch = collate([dataset[place] for place in places])
                document, index = batch["window_document"], batch["index"].numpy()
                logits, attention = self.model.score_windows(
                    batch["input_ids"].to(self.device),
                    batch["attention_mask"].to(self.device),
                    batch["window_lengths"],
                )
                pooled = self.model.pool(logits, attention, document.to(self.device), len(index))
                scores[index] = pooled.cpu().double().numpy()
                # What each would give if it were the whole text.
                each = torch.arange(len(logits), device=self.device)
                by_itself = self.model.pool(logits, attention, each, len(logits))
                alone = by_itself.cpu().double().numpy()
                inside = torch.cat(given).cpu().double().numpy() if given else None
                given.clear()
                for row, place in enumerate(index.tolist()):
                    # In a batch a document's windows come the longest first.
                    sizes = [-len(part) for part in self.windowing.windows(tokens[place])]
                    own = alone[document.numpy() == row]
                    of_windows[place] = np.empty_like(own)
                    of_windows[place][np.argsort(sizes, kind="stable")] = own
                    if features is not None and inside is not None:
                        features[place] = inside[document.numpy() == row].mean(axis=0)
                if phase is not None:
                    phase.add(len(index))
        return scores, [of_windows[place] for place in range(len(tokens))], features


def scorer_of_run(
    trainer: Trainer, model: ResumeClassifier, datamodule: ResumeDataModule
) -> TextScorer:
    """Return what scores further texts, clean already, as the trainer scored the documents."""
    return TextScorer(
        model,
        datamodule.tokenizer,
        datamodule.windowing,
        batch_size=datamodule.eval_batch_size,
        precision=trainer.precision,
        device=trainer.strategy.root_device,
    )


def familiarity(
    scorer: TextScorer, datamodule: ResumeDataModule, share: float
) -> Familiarity | None:
    """Describe training documents, with limits of validation documents; None if there are none.

    Of documents like these at most ``share`` are marked, in [0, 1); of 0 there is no description.
    """
    model = scorer.model
    if not share or not isinstance(model, ResumeClassifier):
        return None
    train, val = (
        np.random.default_rng(0).permutation(datamodule.indices(split))[:FAMILIAR_DOCUMENTS]
        for split in ("train", "val")
    )
    if not len(train) or not len(val):
        return None
    texts, tokens = datamodule.table.texts, datamodule.tokens
    # Counting words takes no time; what the encoder makes of a text does.
    counted = [tokens[row] for row in train]
    read = []
    for rows in (train, val):
        lengths = scorer.windowing.tokens_read(tokens.lengths[rows], training=False)
        most = int(np.searchsorted(lengths.cumsum(), FAMILIAR_TOKENS, side="right"))
        read.append(np.sort(rows[: max(1, most)]))
    known, asked = (
        scorer.read(
            [texts[row] for row in rows],
            Phase("texts that are like the training's", len(rows), "documents"),
        )
        for rows in read
    )
    if known.features is None or asked.features is None:
        return None
    return fit_familiarity(
        counted,
        known.features,
        model.bert.config.vocab_size,
        asked.tokens,
        asked.features,
        datamodule.groups[read[1]],
        share,
    )
