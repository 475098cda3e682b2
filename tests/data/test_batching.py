import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from resumebert.data.batching import Collator, DocumentDataset, LengthBatchSampler
from resumebert.data.tokenization import TextTokenizer, TokenizedTexts


def tokenized(lengths: list[int]) -> TokenizedTexts:
    ids = np.concatenate(
        [np.full(length, 1000 + i) for i, length in enumerate(lengths)] or [np.zeros(0)]
    )
    return TokenizedTexts(ids.astype(np.int32), np.cumsum([0, *lengths]).astype(np.int64))


def batches(lengths: list[int], size: int, replicas: int = 1, **kwargs) -> list[list[list[int]]]:
    samplers = [
        LengthBatchSampler(
            np.array(lengths, dtype=np.int64), size, num_replicas=replicas, rank=rank, **kwargs
        )
        for rank in range(replicas)
    ]
    for sampler in samplers:
        assert len(sampler) == len(list(sampler))
    return [list(sampler) for sampler in samplers]


@given(
    lengths=st.lists(st.integers(0, 600), max_size=200),
    size=st.integers(1, 20),
    replicas=st.integers(1, 4),
    shuffle=st.booleans(),
)
def test_every_document_once_and_equal_steps_on_every_rank(lengths, size, replicas, shuffle):
    ranks = batches(lengths, size, replicas, shuffle=shuffle, seed=3)
    dealt = [position for rank in ranks for batch in rank for position in batch]
    assert sorted(dealt) == list(range(len(lengths)))
    assert len({len(rank) for rank in ranks}) == 1
    if len(lengths) >= replicas:
        assert all(batch for rank in ranks for batch in rank)
    # A batch is only ever larger than asked by the documents of a tail too short to deal out.
    assert all(len(batch) <= size + 1 for rank in ranks for batch in rank)


def test_shuffled_batches_hold_like_lengths_and_change_with_the_epoch():
    generator = np.random.default_rng(0)
    lengths = generator.integers(1, 500, size=2000)
    sampler = LengthBatchSampler(lengths, 16, shuffle=True, seed=1)
    first = list(sampler)
    assert list(sampler) == first
    padded = sum(max(lengths[batch]) * len(batch) for batch in first)
    assert lengths.sum() / padded > 0.95
    sampler.set_epoch(1)
    assert list(sampler) != first
    other_seed = LengthBatchSampler(lengths, 16, shuffle=True, seed=2)
    assert list(other_seed) != first


def test_unshuffled_batches_start_with_the_longest():
    [[*order]] = batches([5, 9, 1, 7], 2, shuffle=False)
    assert order == [[1, 3], [0, 2]]


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8), st.integers(3, 30))
def test_collated_batch_is_cut_framed_and_padded_to_its_longest(lengths, max_length):
    tokens = tokenized(lengths)
    labels = np.eye(len(lengths), dtype=np.uint8)
    dataset = DocumentDataset(tokens, labels, np.arange(len(lengths)))
    collate = Collator(
        TextTokenizer({}, cls_id=101, sep_id=102, pad_id=0, _tokenizer=None), max_length
    )
    batch = collate([dataset[i] for i in range(len(dataset))])
    kept = [min(length, max_length - 2) for length in lengths]
    assert batch["input_ids"].shape == (len(lengths), max(kept) + 2)
    assert batch["attention_mask"].sum(1).tolist() == [length + 2 for length in kept]
    for row, length in enumerate(kept):
        ids = batch["input_ids"][row].tolist()
        assert ids[0] == 101
        assert ids[1 : length + 1] == [1000 + row] * length
        assert ids[length + 1] == 102
        assert set(ids[length + 2 :]) <= {0}
    assert torch.equal(batch["labels"], torch.eye(len(lengths)))
    assert batch["index"].tolist() == list(range(len(lengths)))


def test_dataset_of_a_subset_keeps_table_positions():
    dataset = DocumentDataset(tokenized([3, 4, 5]), np.eye(3, dtype=np.uint8), np.array([2, 0]))
    assert len(dataset) == 2
    assert dataset.lengths.tolist() == [5, 3]
    assert dataset[0]["index"] == 2
    assert dataset[0]["ids"].tolist() == [1002] * 5
    assert dataset[1]["labels"].tolist() == [1, 0, 0]
    with pytest.raises(IndexError):
        dataset[2]
