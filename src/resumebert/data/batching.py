"""Which documents go into a batch together, and how a batch of them becomes tensors."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, NamedTuple, TypedDict

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from resumebert.data.arrays import Ints, Labels, TokenIds
from resumebert.data.evidence import Evidence
from resumebert.data.masked_texts import MaskedView, drawn_view
from resumebert.data.tokenization import TextTokenizer, TokenizedTexts
from resumebert.data.windows import SPECIAL_TOKENS, Windowing, share_out

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
    weight: float  # what the batch's mean loss counts in the mean over processes; 1 on one


class Place(NamedTuple):
    """A document of a batch: its position in a :class:`DocumentDataset`, and how it is read."""

    position: int
    epoch: int
    windows: int | None = None  # How many of them training draws; None: all.
    weight: float = 1.0  # Of its batch, see `Batch`.


class Document(TypedDict):
    """One document: its position in the table, its token ids, its labels; and its place."""

    index: int
    ids: TokenIds
    labels: Labels
    place: Place


@dataclass(eq=False)
class DocumentDataset(Dataset[Document]):
    """The documents at ``index`` of a table, in that order."""

    tokens: TokenizedTexts
    labels: Labels
    index: Ints

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, place: Place) -> Document:
        index = int(self.index[place.position])
        ids, labels = self.tokens[index], self.labels[index]
        return {"index": index, "ids": ids, "labels": labels, "place": place}

    @property
    def lengths(self) -> Ints:
        """(len(self),) tokens of each document, in full."""
        return self.tokens.lengths[self.index]


@dataclass
class Collator:
    """Cut documents into windows, [CLS] and [SEP] around each, and pad the batch."""

    tokenizer: TextTokenizer
    windowing: Windowing
    # None: the windows of evaluation; else those of training, drawn by this seed, the epoch and the
    # document, so that a resumed run draws the same ones.
    seed: int | None = None
    evidence: Evidence | None = None  # Makes windows likelier in training; None: all alike.
    views: Sequence[MaskedView] = ()  # Of documents without words, which training reads too.

    def __call__(self, documents: Sequence[Document]) -> Batch:
        """Return the batch of ``documents``."""
        windows = [
            (row, ids) for row, windows in enumerate(self._windows(documents)) for ids in windows
        ]
        windows.sort(key=lambda window: -len(window[1]))
        input_ids, attention_mask = padded([ids for _, ids in windows], self.tokenizer)
        return {
            "input_ids": input_ids,
            "attention_mask": attention_mask,
            "window_document": torch.tensor([row for row, _ in windows], dtype=torch.int64),
            "window_lengths": [len(ids) + SPECIAL_TOKENS for _, ids in windows],
            "labels": torch.from_numpy(np.stack([d["labels"] for d in documents])).float(),
            "index": torch.tensor([d["index"] for d in documents], dtype=torch.int64),
            "weight": documents[0]["place"].weight,
        }

    def _windows(self, documents: Sequence[Document]) -> Iterator[list[TokenIds]]:
        if self.seed is None:
            for document in documents:
                yield self.windowing.windows(document["ids"])
            return
        for document in documents:
            place, ids, evidence = document["place"], document["ids"], self.evidence
            generator = np.random.default_rng([self.seed, place.epoch, document["index"]])
            view = drawn_view(self.views, generator) if self.views else None
            if view is not None:
                ids, evidence = view.ids(document["index"]), view.evidence
            count = place.windows
            if count is None:
                [count] = self.windowing.window_counts(np.array([len(ids)]), training=True).tolist()
            yield self.windowing.training_windows(ids, count, generator, evidence)


def padded(windows: Sequence[TokenIds], tokenizer: TextTokenizer) -> tuple[Tensor, Tensor]:
    """Return the ids (W, T) of windows, the longest first, and (W, T) 1 where there is a token."""
    width = len(windows[0]) + SPECIAL_TOKENS
    input_ids = np.full((len(windows), width), tokenizer.pad_id, dtype=np.int64)
    attention_mask = np.zeros((len(windows), width), dtype=np.int64)
    for place, ids in enumerate(windows):
        input_ids[place, 0] = tokenizer.cls_id
        input_ids[place, 1 : len(ids) + 1] = ids
        input_ids[place, len(ids) + 1] = tokenizer.sep_id
        attention_mask[place, : len(ids) + SPECIAL_TOKENS] = 1
    return torch.from_numpy(input_ids), torch.from_numpy(attention_mask)


@dataclass(eq=False)
class LengthBatchSampler(Sampler[list[Place]]):
    """Batches of documents of like length, so that little of a batch is padding.

    Shuffled: the documents are put in random order, cut into pools of :data:`BATCHES_PER_POOL`
    batches, sorted by length inside a pool, cut into batches, and the batches are shuffled. Not
    shuffled: longest first, so that a batch too large for the memory fails at once.

    With several replicas each batch is dealt out among them: every document once an epoch, no
    document twice, as many batches on every replica. The batches, and the windows drawn of each
    document, are those that one replica would have. A last batch with fewer documents than replicas
    is joined to the one before.
    """

    lengths: Ints  # (n,) tokens of each document, as the model will read it.
    batch_size: int  # Documents a batch, over all replicas.
    _: KW_ONLY
    shuffle: bool  # Whether to draw a new order each epoch.
    seed: int = 0  # Of that order, together with the epoch.
    num_replicas: int = 1  # The processes that share an epoch.
    rank: int = 0  # Which of them this is.
    window_counts: Ints | None = None  # (n,) windows of each document; None: any number is held.
    max_windows: int | None = None  # Of a batch, over all replicas: more are shared out.
    repeat: bool = False  # Draw the first epoch's order, and windows, in every epoch.
    epoch: int = 0
    skip: int = 0  # Batches that the next iteration, and only it, leaves out.

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order the next iteration draws; the trainer calls this."""
        self.epoch = 0 if self.repeat else epoch

    def __len__(self) -> int:
        return len(_cut(np.arange(len(self.lengths)), self.batch_size, self.num_replicas))

    def __iter__(self) -> Iterator[list[Place]]:
        skip, self.skip = self.skip, 0
        for batch in self._batches()[skip:]:
            windows = self._windows(batch)
            mine = slice(self.rank, None, self.num_replicas)
            weight = self.num_replicas * len(batch[mine]) / len(batch)
            yield [
                Place(int(position), self.epoch, count, weight)
                for position, count in zip(batch[mine], windows[mine], strict=True)
            ]

    def _windows(self, batch: Ints) -> list[int | None]:
        if self.window_counts is None or self.max_windows is None:
            return [None] * len(batch)
        return [int(count) for count in share_out(self.window_counts[batch], self.max_windows)]

    def _batches(self) -> list[Ints]:
        longest_first = np.argsort(-self.lengths, kind="stable")
        if not self.shuffle:
            return _cut(longest_first, self.batch_size, self.num_replicas)
        generator = np.random.default_rng([self.seed, self.epoch])
        order = generator.permutation(len(self.lengths))
        pool = self.batch_size * BATCHES_PER_POOL
        # A stable sort by (pool, length) keeps the random order among documents of one length.
        by_length = np.lexsort((self.lengths[order], np.arange(len(order)) // pool))
        batches = _cut(order[by_length], self.batch_size, self.num_replicas)
        return [batches[position] for position in generator.permutation(len(batches))]


class ResumableLoader(DataLoader[Batch]):
    """A data loader that a checkpoint taken within an epoch can bring back to where it was.

    The trainer saves and loads its state, and tells the sampler the epoch. ``waited`` is for how
    many seconds batches were waited for so far.
    """

    waited = 0.0
    _batches = 0
    _skip = 0

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        """Yield an epoch's batches, without those that a loaded state has seen.

        Nothing is drawn or fetched before the first is asked for: the trainer asks for an iterator
        before it tells the epoch.
        """
        assert isinstance(self.batch_sampler, LengthBatchSampler)
        self._batches, self._skip = self._skip, 0
        self.batch_sampler.skip = self._batches
        started = time.perf_counter()
        for batch in super().__iter__():
            self._batches += 1
            self.waited += time.perf_counter() - started
            yield batch
            started = time.perf_counter()

    def state_dict(self) -> dict[str, int]:
        """Return how many batches of the epoch have been handed out; 0 if all."""
        return {"batches": self._batches % max(1, len(self))}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Make the next iteration leave out the batches that were handed out already."""
        self._skip = int(state["batches"])


def _cut(order: Ints, size: int, num_replicas: int) -> list[Ints]:
    """Cut ``order`` into pieces of ``size``; a tail shorter than ``num_replicas`` is joined on."""
    pieces = [order[start : start + size] for start in range(0, len(order), size)]
    if len(pieces) > 1 and len(pieces[-1]) < num_replicas:
        pieces[-2:] = [np.concatenate(pieces[-2:])]
    return pieces
