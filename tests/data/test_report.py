from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from helpers import make_table
from resumebert.data.report import data_report, describe_duplicates, label_cooccurrence
from resumebert.data.windows import Windowing


@given(
    arrays.arrays(
        np.uint8,
        st.tuples(st.integers(0, 12), st.integers(1, 5)),
        elements=st.integers(0, 1),
    )
)
def test_cooccurrence_counts_the_documents_that_have_both(labels):
    names = [f"L{column}" for column in range(labels.shape[1])]
    found = label_cooccurrence(labels, names)
    assert list(found) == names
    for i, one in enumerate(names):
        for j, other in enumerate(names):
            both = sum(bool(row[i] and row[j]) for row in labels)
            if i != j:
                assert found[one].get(other, 0) == both
        assert one not in found[one]
        assert list(found[one].values()) == sorted(found[one].values(), reverse=True)


def test_documents_of_a_group_with_different_labels_are_listed():
    table = make_table(
        ["a", "a", "b", "b", "c"], np.array([[1, 0], [1, 1], [0, 1], [0, 1], [0, 0]])
    )
    found = describe_duplicates(table, np.array([0, 0, 1, 1, 2]))
    assert found == {
        "documents": 5,
        "distinct_texts": 3,
        "distinct_groups": 3,
        "groups_of_duplicates": 2,
        "surplus_duplicates": 2,
        "groups_with_conflicting_labels": 1,
        "conflicting_groups": [{"group": 0, "documents": {"r0": ["A"], "r1": ["A", "B"]}}],
    }


def test_a_report_of_no_documents_has_nulls_where_nothing_is_defined():
    empty = np.zeros(0, dtype=np.int64)
    report = data_report(
        make_table([]),
        np.zeros(0, dtype=str),
        empty,
        empty,
        rows_read=0,
        rows_left_out_by_limit=0,
        duplicates_dropped=0,
        duplicates=describe_duplicates(make_table([]), empty),
        windowing=Windowing(max_length=16),
    )
    assert report["label_cardinality"] is None
    assert report["tokens"]["share_of_tokens_read"] is None
    assert report["label_cooccurrence"] == {"A": {}, "B": {}}


def test_tokens_are_counted_before_and_after_the_cut():
    table = make_table(["x"] * 4)
    report = data_report(
        table,
        np.array(["train", "train", "val", "test"]),
        np.arange(4),
        np.array([10, 14, 15, 30]),
        rows_read=4,
        rows_left_out_by_limit=0,
        duplicates_dropped=0,
        duplicates=describe_duplicates(table, np.arange(4)),
        windowing=Windowing(max_length=16),
    )
    assert report["tokens"]["total"] == 69
    assert report["tokens"]["documents_truncated"] == 2
    assert report["tokens"]["share_of_tokens_read"] == 52 / 69
    assert report["label_cardinality"] == 1.0


@pytest.mark.parametrize(("distinct", "said"), [(7, True), (8, False)])
def test_that_few_texts_are_distinct_is_the_first_thing_said(distinct, said):
    groups = np.minimum(np.arange(10), distinct - 1)
    table = replace(make_table([f"x {group}" for group in groups]), warnings=["another"])
    report = data_report(
        table,
        np.array(["train"] * 10),
        groups,
        np.full(10, 5),
        rows_read=10,
        rows_left_out_by_limit=0,
        duplicates_dropped=0,
        duplicates=describe_duplicates(table, groups),
        windowing=Windowing(max_length=16),
    )
    assert report["warnings"][-1] == "another"
    assert report["warnings"][0].startswith(f"10 rows, {distinct} distinct texts:") == said


def test_near_duplicates_are_distinct_texts_of_one_group():
    table = make_table(["a", "a", "a b", "c"])
    found = describe_duplicates(table, np.array([0, 0, 0, 1]))
    assert (found["documents"], found["distinct_texts"], found["distinct_groups"]) == (4, 3, 2)
