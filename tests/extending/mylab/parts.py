"""One example of each kind of part."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from resumebert import ResumeClassifier, ResumeDataModule, ResumeTable, metric


def read_notes(path: str) -> ResumeTable:
    """Read lines of ``label|text``."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file, delimiter="|") if row]
    names = sorted({label for label, _ in rows})
    return ResumeTable(
        ids=[str(i) for i in range(len(rows))],
        texts=[text for _, text in rows],
        labels=np.array([[label == name for name in names] for label, _ in rows], dtype=np.uint8),
        label_names=names,
        rows=np.arange(1, len(rows) + 1),
        source=str(path),
    )


def soft_f1(logits: Tensor, targets: Tensor, *, smoothing: float = 1.0) -> Tensor:
    """Return 1 - F1 with probabilities in place of decisions; both (B, L)."""
    probabilities = torch.sigmoid(logits.float())
    hits = (probabilities * targets).sum()
    total = probabilities.sum() + targets.sum()
    return 1 - (2 * hits + smoothing) / (total + smoothing)


def first_window(logits: Tensor, document: Tensor, documents: int) -> Tensor:
    """Return the logits (B, L) of each document's first window, of logits (W, L) in any order."""
    first = [int((document == i).nonzero()[0]) for i in range(documents)]
    return logits[first]


def every_tenth(
    table: ResumeTable, groups: npt.NDArray[np.int64], seed: int, *, offset: int = 0
) -> npt.NDArray[np.str_]:
    """Test every tenth group of duplicates, validate on the one after it; the rest trains."""
    place = (groups + offset) % 10
    return np.select([place == 0, place == 1], ["test", "val"], "train")


@metric(direction="max", title="recall at 3", definition="share of true labels in the top three")
def recall_at_3(
    probabilities: npt.NDArray[np.float64],
    truth: npt.NDArray[np.bool_],
    decisions: npt.NDArray[np.bool_],
) -> float:
    """Return a number of (n, L) probabilities, truth and decisions; nan where it is undefined."""
    top = np.argsort(-probabilities, axis=1, kind="stable")[:, :3]
    hits = np.take_along_axis(truth, top, axis=1).sum()
    return float(hits / truth.sum()) if truth.any() else float("nan")


@dataclass
class Shrunk:
    """Plain probabilities, moved towards each label's share of the documents."""

    shares: list[float]
    weight: float

    @classmethod
    def fit(
        cls,
        logits: npt.NDArray[np.float64],
        truth: npt.NDArray[np.bool_],
        weights: npt.NDArray[np.float64],
    ) -> "Shrunk":
        """Weigh the shares as 20 documents."""
        shares = weights @ truth / weights.sum()
        return cls(shares.tolist(), float(20 / (20 + weights.sum())))

    def apply(self, logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the probabilities (n, L) of logits (n, L)."""
        plain = 1 / (1 + np.exp(-logits))
        return self.weight * np.array(self.shares) + (1 - self.weight) * plain


class NoteEpochs(Callback):
    """Write down, in ``path``, each epoch that ended."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def on_train_epoch_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Write the epoch's number."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{trainer.current_epoch}\n")


class ScaledClassifier(ResumeClassifier):
    """Logits of half the size."""

    def pool(
        self, logits: Tensor, attention: Tensor | None, window_document: Tensor, documents: int
    ) -> Tensor:
        """Return the logits (B, L) of documents from those of their windows."""
        return super().pool(logits, attention, window_document, documents) / 2


class CountedDataModule(ResumeDataModule):
    """A data module that counts how often it was set up."""

    times = 0

    def setup(self, stage: str | None = None) -> None:
        """Count, and do the work."""
        CountedDataModule.times += 1
        super().setup(stage)
