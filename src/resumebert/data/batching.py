"""Which documents go into a batch together, and how a batch of them becomes tensors."""

from collections.abc import Iterator, Sequence
from typing import TypedDict

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from resumebert.data.tokenization import TextTokenizer, TokenizedTexts

# Documents of like length are sought among so many batches' worth of shuffled documents: enough
# that little padding is left, few enough that batches stay random.
BATCHES_PER_POOL = 32


class Batch(TypedDict):
    """One batch of B documents padded to the longest of them, T tokens."""

    input_ids: Tensor  # (B, T) int64
    attention_mask: Tensor  # (B, T) int64, 1 where there is a token
    labels: Tensor  # (B, L) float32
    index: Tensor  # (B,) int64, the documents' positions in the table


class Document(TypedDict):
    """One document: its position in the table, its token ids and its labels."""

    index: int
    ids: npt.NDArray[np.int32]
    labels: npt.NDArray[np.uint8]


class DocumentDataset(Dataset[Document]):
    """The documents at ``index`` of a table, in that order."""

    def __init__(
        self,
        tokens: TokenizedTexts,
        labels: npt.NDArray[np.uint8],
        index: npt.NDArray[np.int64],
    ) -> None:
        self.tokens = tokens
        self.labels = labels
        self.index = index

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, position: int) -> Document:
        index = int(self.index[position])
        return {"index": index, "ids": self.tokens[index], "labels": self.labels[index]}

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """(len(self),) tokens of each document, in full."""
        return self.tokens.lengths[self.index]


class Collator:
    """Cut each document to ``max_length`` tokens, [CLS] and [SEP] included, and pad the batch."""

    def __init__(self, tokenizer: TextTokenizer, max_length: int) -> None:
        self.cls_id, self.sep_id, self.pad_id = tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id
        self.max_length = max_length

    def __call__(self, documents: Sequence[Document]) -> Batch:
        """Return the batch of ``documents``."""
        kept = [document["ids"][: self.max_length - 2] for document in documents]
        width = max(len(ids) for ids in kept) + 2
        input_ids = np.full((len(kept), width), self.pad_id, dtype=np.int64)
        attention_mask = np.zeros((len(kept), width), dtype=np.int64)
        for row, ids in enumerate(kept):
            input_ids[row, 0] = self.cls_id
            input_ids[row, 1 : len(ids) + 1] = ids
            input_ids[row, len(ids) + 1] = self.sep_id
            attention_mask[row, : len(ids) + 2] = 1
        return {
            "input_ids": torch.from_numpy(input_ids),
            "attention_mask": torch.from_numpy(attention_mask),
            "labels": torch.from_numpy(np.stack([d["labels"] for d in documents])).float(),
            "index": torch.tensor([d["index"] for d in documents], dtype=torch.int64),
        }


class LengthBatchSampler(Sampler[list[int]]):
    """Batches of documents of like length, so that little of a batch is padding.

    Shuffled: the documents are put in random order, cut into pools of :data:`BATCHES_PER_POOL`
    batches, sorted by length inside a pool, cut into batches, and the batches are shuffled. Not
    shuffled: longest first, so that a batch too large for the memory fails at once.

    With several replicas each batch of ``batch_size * num_replicas`` documents is dealt out among
    them: every document once an epoch, no document twice, as many batches on every replica. A last
    batch with fewer documents than replicas is joined to the one before.

    Args:
        lengths: (n,) tokens of each document, as the model will read it.
        batch_size: documents a batch and replica.
        shuffle: whether to draw a new order each epoch.
        seed: of that order, together with the epoch.
        num_replicas: the processes that share an epoch.
        rank: which of them this is.
    """

    def __init__(
        self,
        lengths: npt.NDArray[np.int64],
        batch_size: int,
        *,
        shuffle: bool,
        seed: int = 0,
        num_replicas: int = 1,
        rank: int = 0,
    ) -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order the next iteration draws; the trainer calls this."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(_cut(np.arange(len(self.lengths)), self._global_size, self.num_replicas))

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self._global_batches():
            yield [int(position) for position in batch[self.rank :: self.num_replicas]]

    @property
    def _global_size(self) -> int:
        return self.batch_size * self.num_replicas

    def _global_batches(self) -> list[npt.NDArray[np.int64]]:
        longest_first = np.argsort(-self.lengths, kind="stable")
        if not self.shuffle:
            return _cut(longest_first, self._global_size, self.num_replicas)
        generator = np.random.default_rng([self.seed, self.epoch])
        order = generator.permutation(len(self.lengths))
        pool = self._global_size * BATCHES_PER_POOL
        # A stable sort by (pool, length) keeps the random order among documents of one length.
        by_length = np.lexsort((self.lengths[order], np.arange(len(order)) // pool))
        batches = _cut(order[by_length], self._global_size, self.num_replicas)
        return [batches[position] for position in generator.permutation(len(batches))]


def _cut(order: npt.NDArray[np.int64], size: int, num_replicas: int) -> list[npt.NDArray[np.int64]]:
    """Cut ``order`` into pieces of ``size``; a tail shorter than ``num_replicas`` is joined on."""
    pieces = [order[start : start + size] for start in range(0, len(order), size)]
    if len(pieces) > 1 and len(pieces[-1]) < num_replicas:
        pieces[-2:] = [np.concatenate(pieces[-2:])]
    return pieces
