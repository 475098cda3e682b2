import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import make_table
from resumebert.data.duplicates import exact_groups
from resumebert.data.splitting import random_split, split_fingerprint, write_split
from resumebert.utils.errors import UserError

SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}


@given(groups=st.lists(st.integers(0, 60), max_size=100), seed=st.integers(0, 2**32 - 1))
def test_a_group_never_straddles_splits(groups, seed):
    groups = groups + list(range(100, 120))
    table = make_table([""] * len(groups))
    split = random_split(table, np.array(groups), seed, train=0.6, val=0.4, test=0.0)
    for number in set(groups):
        assert len(set(split[np.array(groups) == number])) == 1
    assert set(split) == {"train", "val"}


def test_shares_hold_and_the_seed_decides():
    table = make_table([str(i) for i in range(1000)])
    groups = np.arange(1000)
    split = random_split(table, groups, 1, **SHARES)
    assert [int((split == name).sum()) for name in SHARES] == [700, 150, 150]
    assert (split == random_split(table, groups, 1, **SHARES)).all()
    assert (split != random_split(table, groups, 2, **SHARES)).any()


def test_shares_that_do_not_add_up_are_refused():
    with pytest.raises(UserError, match=r"data\.split.*add up to 1"):
        random_split(make_table(["a", "b"]), np.arange(2), 0, train=0.7, val=0.2, test=0.2)


def test_an_empty_split_is_refused():
    with pytest.raises(UserError, match=r"the (val|test) split .* is empty"):
        random_split(make_table(["a", "b"]), np.arange(2), 0, **SHARES)


def test_copies_but_for_case_and_punctuation_form_a_group():
    groups = exact_groups(["Java  Developer!", "java developer", "Java-Developer", "Jav Developer"])
    assert groups.tolist() == [0, 0, 0, 1]


def test_manifest_is_written_in_the_order_of_the_table(tmp_path):
    table = make_table(["x", "y", "z"])
    split = np.array(["train", "test", "val"])
    write_split(tmp_path / "split.csv", table, split, np.array([0, 1, 1]))
    written = pd.read_csv(tmp_path / "split.csv")
    assert written.columns.tolist() == ["id", "split", "group"]
    assert written["id"].tolist() == ["r0", "r1", "r2"]
    assert written["split"].tolist() == ["train", "test", "val"]
    assert written["group"].tolist() == [0, 1, 1]


def test_fingerprint_changes_with_anything_but_the_order():
    table = make_table(["x", "y", "z"])
    split = np.array(["train", "test", "val"])
    fingerprint = split_fingerprint(table, split)
    order = np.array([2, 0, 1])
    assert split_fingerprint(table.select(order), split[order]) == fingerprint
    assert split_fingerprint(table.with_texts(["x", "y", "w"]), split) != fingerprint
    assert split_fingerprint(table, split[order]) != fingerprint
    assert split_fingerprint(table.with_labels(1 - table.labels, ["A", "B"]), split) != fingerprint
    assert split_fingerprint(table.with_labels(table.labels, ["A", "C"]), split) != fingerprint
