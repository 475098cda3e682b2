import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from resumebert.data.batching import (
    Collator,
    DocumentDataset,
    LengthBatchSampler,
    Place,
    ResumableLoader,
)
from resumebert.data.tokenization import TextTokenizer, TokenizedTexts
from resumebert.data.windows import Windowing

TOKENIZER = TextTokenizer({}, cls_id=101, sep_id=102, pad_id=0, _tokenizer=None)


def tokenized(lengths: list[int]) -> TokenizedTexts:
    ids = np.concatenate(
        [np.full(length, 1000 + i) for i, length in enumerate(lengths)] or [np.zeros(0)]
    )
    return TokenizedTexts(ids.astype(np.int32), np.cumsum([0, *lengths]).astype(np.int64))


def positions(sampler: LengthBatchSampler) -> list[list[int]]:
    return [[place.position for place in batch] for batch in sampler]


def batches(lengths: list[int], size: int, replicas: int = 1, **kwargs) -> list[list[list[int]]]:
    samplers = [
        LengthBatchSampler(
            np.array(lengths, dtype=np.int64), size, num_replicas=replicas, rank=rank, **kwargs
        )
        for rank in range(replicas)
    ]
    for sampler in samplers:
        assert len(sampler) == len(list(sampler))
    return [positions(sampler) for sampler in samplers]


@given(
    lengths=st.lists(st.integers(0, 600), max_size=200),
    size=st.integers(1, 20),
    replicas=st.integers(1, 4),
    shuffle=st.booleans(),
)
def test_every_document_once_and_equal_steps_on_every_rank(lengths, size, replicas, shuffle):
    size = max(size, replicas)
    ranks = batches(lengths, size, replicas, shuffle=shuffle, seed=3)
    dealt = [position for rank in ranks for batch in rank for position in batch]
    assert sorted(dealt) == list(range(len(lengths)))
    assert len({len(rank) for rank in ranks}) == 1
    if len(lengths) >= replicas:
        assert all(batch for rank in ranks for batch in rank)
    for batch in zip(*ranks, strict=True):
        sizes = [len(part) for part in batch]
        assert max(sizes) - min(sizes) <= 1
        # A batch is only ever larger than asked by a tail too short to deal out.
        assert sum(sizes) <= size + replicas - 1


@given(
    lengths=st.lists(st.integers(0, 300), min_size=4, max_size=60),
    size=st.integers(4, 12),
    replicas=st.integers(2, 4),
)
def test_replicas_share_the_batches_and_windows_of_one(lengths, size, replicas):
    lengths = lengths[: len(lengths) - len(lengths) % size or None]
    windowing = Windowing("windows", 32, max_windows_train=3 * size)
    counts = windowing.window_counts(np.array(lengths), training=True)

    def places(rank: int, of: int) -> list[list[Place]]:
        return list(
            LengthBatchSampler(
                np.array(lengths), size, shuffle=True, seed=5, num_replicas=of, rank=rank,
                window_counts=counts, max_windows=windowing.max_windows_train,
            )
        )  # fmt: skip

    for alone, *parts in zip(
        places(0, 1), *(places(rank, replicas) for rank in range(replicas)), strict=True
    ):
        drawn = {place.position: place.windows for place in alone}
        assert drawn == {place.position: place.windows for part in parts for place in part}
        assert sum(drawn.values()) <= 3 * size
        assert {place.weight for place in alone} == {1.0}
        # Σ over replicas of (weight · mean over its documents) / replicas is the mean over all.
        assert all(
            place.weight == pytest.approx(replicas * len(part) / len(alone))
            for part in parts
            for place in part
        )


def test_a_loader_resumes_within_an_epoch_with_the_same_batches():
    dataset = DocumentDataset(tokenized([5] * 20), np.zeros((20, 1), np.uint8), np.arange(20))

    def loader(workers: int = 0) -> ResumableLoader:
        return ResumableLoader(
            dataset,
            batch_sampler=LengthBatchSampler(dataset.lengths, 3, shuffle=True, seed=1),
            collate_fn=Collator(TOKENIZER, Windowing(), seed=1),
            num_workers=workers,
        )

    def indices(batches) -> list[list[int]]:
        return [batch["index"].tolist() for batch in batches]

    whole = loader()
    whole.batch_sampler.set_epoch(2)
    expected = indices(whole)
    assert whole.state_dict() == {"batches": 0}
    interrupted = loader()
    interrupted.batch_sampler.set_epoch(2)
    batches = iter(interrupted)
    assert indices(next(batches) for _ in range(4)) == expected[:4]
    for workers in (0, 1):
        resumed = loader(workers)
        resumed.load_state_dict(interrupted.state_dict())
        batches = iter(resumed)
        # The trainer tells the epoch only now.
        resumed.batch_sampler.set_epoch(2)
        assert len(resumed) == len(expected)
        assert indices([next(batches)]) == expected[4:5]
        assert resumed.state_dict() == {"batches": 5}
        assert indices(batches) == expected[5:]
        assert indices(resumed) == expected


def test_shuffled_batches_hold_like_lengths_and_change_with_the_epoch():
    generator = np.random.default_rng(0)
    lengths = generator.integers(1, 500, size=2000)
    sampler = LengthBatchSampler(lengths, 16, shuffle=True, seed=1)
    first = positions(sampler)
    assert positions(sampler) == first
    padded = sum(max(lengths[batch]) * len(batch) for batch in first)
    assert lengths.sum() / padded > 0.95
    sampler.set_epoch(1)
    assert positions(sampler) != first
    assert {place.epoch for batch in sampler for place in batch} == {1}
    other_seed = LengthBatchSampler(lengths, 16, shuffle=True, seed=2)
    assert positions(other_seed) != first


def test_repeated_batches_are_the_first_epochs():
    lengths = np.random.default_rng(0).integers(3, 90, size=50)
    sampler = LengthBatchSampler(lengths, 8, shuffle=True, seed=1, repeat=True)
    first = list(sampler)
    sampler.set_epoch(3)
    assert list(sampler) == first


def test_unshuffled_batches_start_with_the_longest():
    [[*order]] = batches([5, 9, 1, 7], 2, shuffle=False)
    assert order == [[1, 3], [0, 2]]


def collated(lengths: list[int], windowing: Windowing):
    labels = np.eye(len(lengths), dtype=np.uint8)
    dataset = DocumentDataset(tokenized(lengths), labels, np.arange(len(lengths)))
    collate = Collator(TOKENIZER, windowing)
    return collate([dataset[Place(i, 0)] for i in range(len(dataset))])


def one_batch(dataset: DocumentDataset, windowing: Windowing, seed: int, epoch: int = 0):
    """All documents as one batch of training."""
    counts = windowing.window_counts(dataset.lengths, training=True)
    sampler = LengthBatchSampler(
        dataset.lengths,
        len(dataset),
        shuffle=True,
        window_counts=counts,
        max_windows=windowing.max_windows_train,
    )
    sampler.set_epoch(epoch)
    [places] = sampler
    return Collator(TOKENIZER, windowing, seed)([dataset[place] for place in places])


@given(
    lengths=st.lists(st.integers(0, 90), min_size=1, max_size=8),
    max_length=st.integers(3, 30),
    strategy=st.sampled_from(["truncate", "windows"]),
)
def test_windows_are_framed_padded_to_the_longest_and_sorted(lengths, max_length, strategy):
    windowing = Windowing(strategy, max_length)
    batch = collated(lengths, windowing)
    expected = sorted(
        (
            (len(ids) + 2, row)
            for row, length in enumerate(lengths)
            for ids in windowing.windows(np.zeros(length, dtype=np.int32))
        ),
        key=lambda window: -window[0],
    )
    assert batch["window_lengths"] == [length for length, _ in expected]
    assert batch["window_document"].tolist() == [row for _, row in expected]
    assert batch["input_ids"].shape == (len(expected), expected[0][0])
    assert batch["attention_mask"].sum(1).tolist() == batch["window_lengths"]
    for place, (length, row) in enumerate(expected):
        ids = batch["input_ids"][place].tolist()
        assert ids[0] == 101
        assert ids[1 : length - 1] == [1000 + row] * (length - 2)
        assert ids[length - 1] == 102
        assert set(ids[length:]) <= {0}
    assert torch.equal(batch["labels"], torch.eye(len(lengths)))
    assert batch["index"].tolist() == list(range(len(lengths)))


@given(st.lists(st.integers(0, 400), min_size=1, max_size=8), st.integers(8, 40))
def test_a_training_batch_holds_no_more_windows_than_allowed(lengths, limit):
    windowing = Windowing("windows", 12, max_windows_train=limit)
    labels = np.zeros((len(lengths), 1), dtype=np.uint8)
    dataset = DocumentDataset(tokenized(lengths), labels, np.arange(len(lengths)))
    batch = one_batch(dataset, windowing, seed=1)
    assert len(batch["input_ids"]) <= limit
    assert set(batch["window_document"].tolist()) == set(range(len(lengths)))
    # In evaluation all are read.
    total = windowing.window_counts(np.array(lengths), training=False).sum()
    assert len(collated(lengths, windowing)["input_ids"]) == total


def test_windows_are_drawn_by_seed_epoch_and_document_alone():
    windowing = Windowing("windows", 12, max_windows_train=6)

    ids = np.arange(300, dtype=np.int32)
    dataset = DocumentDataset(
        TokenizedTexts(ids, np.array([0, 300])), np.ones((1, 1), dtype=np.uint8), np.array([0])
    )

    def drawn(seed: int, epoch: int) -> list[int]:
        batch = one_batch(dataset, windowing, seed, epoch)
        return batch["input_ids"][:, 1].tolist()

    assert drawn(1, 0) == drawn(1, 0)
    assert drawn(1, 0) != drawn(1, 1)
    assert drawn(1, 0) != drawn(2, 0)


def test_dataset_of_a_subset_keeps_table_positions():
    dataset = DocumentDataset(tokenized([3, 4, 5]), np.eye(3, dtype=np.uint8), np.array([2, 0]))
    assert len(dataset) == 2
    assert dataset.lengths.tolist() == [5, 3]
    assert dataset[Place(0, 3)]["index"] == 2
    assert dataset[Place(0, 3)]["ids"].tolist() == [1002] * 5
    assert dataset[Place(1, 3)]["labels"].tolist() == [1, 0, 0]
    assert dataset[Place(1, 3)]["place"].epoch == 3
    with pytest.raises(IndexError):
        dataset[Place(2, 3)]
