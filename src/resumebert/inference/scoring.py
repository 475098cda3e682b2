"""Texts to logits, as the trainer's own test gives them, without a trainer.

A scorer holds what turns a text into logits: the cleaning, the tokenizer, the windows, the model,
and the device and precision it computes with. What logits mean (calibration, thresholds) is not its
business: see :class:`resumebert.evaluation.decisions.Decisions`.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from resumebert.data.batching import Collator, DocumentDataset, LengthBatchSampler
from resumebert.data.cleaning import clean
from resumebert.data.tokenization import TextTokenizer, TokenizedTexts
from resumebert.data.windows import Windowing
from resumebert.evaluation.areas import Floats
from resumebert.evaluation.worst_errors import Window
from resumebert.model.classifier import ResumeClassifier

# Trainer precisions that compute in another type than the weights', and those that change theirs.
MIXED = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
TRUE = {"bf16-true": torch.bfloat16, "64-true": torch.float64}


@dataclass(frozen=True)
class TextScorer:
    """A model with all it takes to score texts; made by :func:`text_scorer`.

    Attributes:
        model: in evaluation mode, on ``device``.
        tokenizer: its own.
        windowing: which tokens of a text it reads.
        cleaning: steps of :func:`resumebert.data.cleaning.clean`.
        batch_size: texts at a time.
        precision: as ``trainer.precision``, resolved.
        device: that it computes on.
    """

    model: ResumeClassifier
    tokenizer: TextTokenizer
    windowing: Windowing
    cleaning: Sequence[str]
    batch_size: int
    precision: str
    device: torch.device

    def logits(self, texts: Sequence[str]) -> Floats:
        """Return the logits (n, L) of n texts, cleaned here; n may be 0."""
        return self._score(self.tokenizer.encode([clean(text, self.cleaning) for text in texts]))[0]

    def windows(self, text: str) -> list[Window]:
        """Return what each window of a text gives by itself, in order.

        Args:
            text: cleaned already, so that places in it are the reader's.
        """
        return self.read([text])[1][0]

    def read(self, texts: Sequence[str]) -> tuple[Floats, list[list[Window]]]:
        """Return the logits (n, L) of n texts, and the windows of each, in order.

        A window that has two pieces of the text (``head_tail``) reaches from the one to the other.
        The document's logits are those of its windows, pooled.

        Args:
            texts: cleaned already, so that places in them are the reader's.
        """
        encoded = [self.tokenizer.encode_with_places(text) for text in texts]
        offsets = np.cumsum([0, *(len(ids) for ids, _ in encoded)])
        ids = np.concatenate([np.zeros(0, np.int32), *(ids for ids, _ in encoded)])
        scores, of_windows = self._score(TokenizedTexts(ids, offsets))
        found = []
        for text, (_, places), logits in zip(texts, encoded, of_windows, strict=True):
            # Windows of the tokens' numbers in place of their ids: where in the text they are.
            parts = self.windowing.windows(np.arange(len(places), dtype=np.int32))
            found.append(
                [
                    Window(
                        start=int(places[part[0], 0]) if len(part) else 0,
                        end=int(places[part[-1], 1]) if len(part) else len(text),
                        logits=row.tolist(),
                    )
                    for part, row in zip(parts, logits, strict=True)
                ]
            )
        return scores, found

    def _score(self, tokens: TokenizedTexts) -> tuple[Floats, list[Floats]]:
        """Return (n, L) logits of n tokenised texts, and of each the (w, L) of its windows."""
        labels = np.zeros((len(tokens), len(self.model.label_names)), dtype=np.uint8)
        dataset = DocumentDataset(tokens, labels, np.arange(len(tokens)))
        lengths = self.windowing.tokens_read(tokens.lengths, training=False)
        sampler = LengthBatchSampler(lengths, self.batch_size, shuffle=False)
        collate = Collator(self.tokenizer, self.windowing)
        scores: npt.NDArray[np.float64] = np.zeros(labels.shape)
        of_windows: list[Floats] = [np.zeros((0, labels.shape[1]))] * len(tokens)
        with torch.inference_mode(), self._autocast():
            # Longest first.
            for places in sampler:
                batch = collate([dataset[place] for place in places])
                document = batch["window_document"].to(self.device)
                logits, attention = self.model.score_windows(
                    batch["input_ids"].to(self.device),
                    batch["attention_mask"].to(self.device),
                    batch["window_lengths"],
                )
                index = batch["index"].numpy()
                pooled = self.model.pool(logits, attention, document, len(index))
                scores[index] = pooled.cpu().double().numpy()
                # In a batch a document's windows come in order but for their lengths.
                alone = logits.cpu().double().numpy()
                rows = batch["window_document"].numpy()
                for row, place in enumerate(index.tolist()):
                    of_windows[place] = alone[rows == row][self._order(tokens[place])]
        return scores, of_windows

    def _order(self, ids: npt.NDArray[np.int32]) -> npt.NDArray[np.intp]:
        """Return where each window of a document stands among its windows in a batch."""
        sizes = [-len(part) for part in self.windowing.windows(ids)]
        return np.argsort(np.argsort(sizes, kind="stable"), kind="stable")

    def _autocast(self) -> AbstractContextManager[object]:
        if self.precision not in MIXED:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=MIXED[self.precision])


def text_scorer(
    model: ResumeClassifier,
    tokenizer: TextTokenizer,
    windowing: Windowing,
    *,
    cleaning: Sequence[str] = (),
    batch_size: int = 32,
    precision: str = "32-true",
    device: torch.device | str = "cpu",
) -> TextScorer:
    """Return a scorer; puts the model into evaluation mode, on the device, in the precision's type.

    Args:
        model: trained.
        tokenizer: its own.
        windowing: as trained.
        cleaning: steps, as trained; none for texts that are clean already.
        batch_size: texts at a time; ``model.chunk_tokens`` bounds the memory beyond that.
        precision: as ``trainer.precision``, but not ``auto``.
        device: to compute on.
    """
    device = torch.device(device)
    model.eval().to(device)
    if precision in TRUE:
        model.to(TRUE[precision])
    return TextScorer(model, tokenizer, windowing, tuple(cleaning), batch_size, precision, device)
