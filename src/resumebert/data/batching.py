"""Which documents go into a batch together, and how a batch of them becomes tensors."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from resumebert.data.evidence import Evidence
from resumebert.data.tokenization import TextTokenizer, TokenizedTexts
from resumebert.data.windows import SPECIAL_TOKENS, TokenIds, Windowing, share_out

# Documents of like length are sought among so many batches' worth of shuffled documents: enough
# that little padding is left, few enough that batches stay random.
BATCHES_PER_POOL = 32


class Batch(TypedDict):
    """One batch of B documents in W windows, padded to the longest of them, T tokens.

    The windows are in one flat batch, longest first, so that a slice of them holds little padding
    whatever documents they belong to. There are no windows of padding.
    """

    input_ids: Tensor  # (W, T) int64
    attention_mask: Tensor  # (W, T) int64, 1 where there is a token
    window_document: Tensor  # (W,) int64, the row of ``labels`` that a window belongs to
    window_lengths: list[int]  # W numbers of tokens, on the host whatever the device
    labels: Tensor  # (B, L) float32
    index: Tensor  # (B,) int64, the documents' positions in the table


class Place(NamedTuple):
    """A document's position in a :class:`DocumentDataset`, and the epoch it is read in."""

    position: int
    epoch: int


class Document(TypedDict):
    """One document: its position in the table, its token ids, its labels; and the epoch."""

    index: int
    ids: npt.NDArray[np.int32]
    labels: npt.NDArray[np.uint8]
    epoch: int


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

    def __getitem__(self, place: Place) -> Document:
        index = int(self.index[place.position])
        return {
            "index": index,
            "ids": self.tokens[index],
            "labels": self.labels[index],
            "epoch": place.epoch,
        }

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """(len(self),) tokens of each document, in full."""
        return self.tokens.lengths[self.index]


class Collator:
    """Cut documents into windows, [CLS] and [SEP] around each, and pad the batch.

    Args:
        tokenizer: the model's own.
        windowing: which windows.
        seed: None: those of evaluation; else those of training, drawn by this seed, the epoch and
            the document, so that a resumed run draws the same ones.
        evidence: which windows training draws the likelier; None: all are equally likely.
    """

    def __init__(
        self,
        tokenizer: TextTokenizer,
        windowing: Windowing,
        seed: int | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        self.cls_id, self.sep_id, self.pad_id = tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id
        self.windowing = windowing
        self.seed = seed
        self.evidence = evidence

    def __call__(self, documents: Sequence[Document]) -> Batch:
        """Return the batch of ``documents``."""
        windows = [
            (row, ids) for row, windows in enumerate(self._windows(documents)) for ids in windows
        ]
        windows.sort(key=lambda window: -len(window[1]))
        width = len(windows[0][1]) + SPECIAL_TOKENS
        input_ids = np.full((len(windows), width), self.pad_id, dtype=np.int64)
        attention_mask = np.zeros((len(windows), width), dtype=np.int64)
        for place, (_, ids) in enumerate(windows):
            input_ids[place, 0] = self.cls_id
            input_ids[place, 1 : len(ids) + 1] = ids
            input_ids[place, len(ids) + 1] = self.sep_id
            attention_mask[place, : len(ids) + SPECIAL_TOKENS] = 1
        return {
            "input_ids": torch.from_numpy(input_ids),
            "attention_mask": torch.from_numpy(attention_mask),
            "window_document": torch.tensor([row for row, _ in windows], dtype=torch.int64),
            "window_lengths": [len(ids) + SPECIAL_TOKENS for _, ids in windows],
            "labels": torch.from_numpy(np.stack([d["labels"] for d in documents])).float(),
            "index": torch.tensor([d["index"] for d in documents], dtype=torch.int64),
        }

    def _windows(self, documents: Sequence[Document]) -> Iterator[list[TokenIds]]:
        if self.seed is None:
            for document in documents:
                yield self.windowing.windows(document["ids"])
            return
        lengths = np.array([len(document["ids"]) for document in documents])
        counts = self.windowing.window_counts(lengths, training=True)
        if self.windowing.max_windows_train is not None:
            counts = share_out(counts, self.windowing.max_windows_train)
        for document, count in zip(documents, counts, strict=True):
            generator = np.random.default_rng([self.seed, document["epoch"], document["index"]])
            yield self.windowing.training_windows(
                document["ids"], int(count), generator, self.evidence
            )


class LengthBatchSampler(Sampler[list[Place]]):
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

    def __iter__(self) -> Iterator[list[Place]]:
        for batch in self._global_batches():
            shard = batch[self.rank :: self.num_replicas]
            yield [Place(int(position), self.epoch) for position in shard]

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
