import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resumebert.data.windows import (
    STRATEGIES,
    Windowing,
    share_out,
    window_spans,
)
from resumebert.utils.errors import UserError

SIZES = st.integers(1, 60).flatmap(lambda w: st.tuples(st.just(w), st.integers(0, w // 2)))


@given(length=st.integers(0, 2000), size=SIZES)
def test_windows_cover_the_document_share_the_stride_and_are_as_few_and_as_even_as_can_be(
    length, size
):
    width, stride = size
    spans = window_spans(length, width, stride)
    sizes = spans[:, 1] - spans[:, 0]
    assert spans[0, 0] == 0
    assert spans[-1, 1] == length
    assert sizes.max() <= width
    assert len(set(sizes.tolist())) == 1
    shared = spans[:-1, 1] - spans[1:, 0]
    assert (shared >= stride).all()
    # One window fewer, all of them full, would not reach the end.
    fewer = len(spans) - 1
    assert fewer == 0 or fewer * width - (fewer - 1) * stride < length or length <= width


@given(lengths=st.lists(st.integers(0, 500), max_size=20), size=SIZES)
def test_windows_are_counted_without_cutting_them(lengths, size):
    width, stride = size
    windowing = Windowing("windows", width + 2, stride)
    counts = windowing.window_counts(np.array(lengths, dtype=np.int64), training=True)
    assert counts.tolist() == [len(window_spans(length, width, stride)) for length in lengths]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20), st.integers(1, 300))
def test_windows_are_shared_out_evenly_up_to_the_limit(counts, limit):
    counts = np.array(counts)
    kept = share_out(counts, limit)
    assert (kept >= 1).all()
    assert (kept <= counts).all()
    assert kept.sum() == min(counts.sum(), max(limit, len(counts)))
    cut = kept < counts
    if cut.any():  # Nobody who kept all has more than those who did not.
        assert kept.max() <= kept[cut].min() + 1


def document(length: int) -> np.ndarray:
    return np.arange(length, dtype=np.int32)


@given(length=st.integers(0, 300), seed=st.integers(0, 99), strategy=st.sampled_from(STRATEGIES))
def test_what_a_strategy_reads(length, seed, strategy):
    windowing = Windowing(strategy, max_length=34, stride=8)
    ids = document(length)
    [count] = windowing.window_counts(np.array([length]), training=True)
    trained = windowing.training_windows(ids, int(count), np.random.default_rng(seed))
    tested = windowing.windows(ids)
    assert len(trained) == count
    assert all(len(window) <= 32 for window in [*trained, *tested])
    for windows, training in ((trained, True), (tested, False)):
        read = len(set(np.concatenate(windows).tolist()))
        [expected] = windowing.tokens_read(np.array([length]), training=training)
        assert read == expected
    if strategy in ("truncate", "head_tail"):
        assert np.array_equal(trained[0], tested[0])
    if strategy == "truncate":
        assert np.array_equal(tested[0], ids[:32])
    if strategy == "head_tail" and length > 32:
        assert tested[0].tolist() == [*range(8), *range(length - 24, length)]
    if strategy == "random_window":
        assert np.array_equal(trained[0], np.arange(trained[0][0] if length else 0, length)[:32])


def test_fewer_windows_are_drawn_without_repeats_in_order_and_anew():
    windowing = Windowing("windows", max_length=12, stride=2)
    ids = document(200)
    drawn = [
        [int(window[0]) for window in windowing.training_windows(ids, 5, np.random.default_rng(s))]
        for s in range(20)
    ]
    assert all(starts == sorted(set(starts)) for starts in drawn)
    assert len({tuple(starts) for starts in drawn}) > 10
    starts = [int(window[0]) for window in windowing.windows(ids)]
    assert {start for few in drawn for start in few} == set(starts)


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ({"strategy": "all"}, "data.long_documents=all"),
        ({"max_length": 2}, "data.max_length=2"),
        ({"max_length": 10, "stride": 5}, "data.stride=5"),
        ({"stride": -1}, "data.stride=-1"),
    ],
)
def test_wrong_settings_are_refused(arguments, key):
    with pytest.raises(UserError, match=key):
        Windowing(**arguments)


def test_without_a_stride_windows_share_an_eighth():
    assert Windowing("windows", max_length=258).overlap == 32
    assert Windowing("windows", max_length=3).overlap == 0
