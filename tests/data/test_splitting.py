from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import make_table
from resumebert.data.report import split_quality
from resumebert.data.split_manifest import SPLITS, split_fingerprint, write_split
from resumebert.data.splitting import (
    column_split,
    kfold_split,
    predefined_split,
    random_split,
    straddling_groups,
    stratified_split,
    with_train_fraction,
)
from resumebert.data.table import ResumeTable
from resumebert.utils.errors import UserError

SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}
SPLITTERS = {
    "random": partial(random_split, **SHARES),
    "order 1": partial(stratified_split, order=1, **SHARES),
    "order 2": partial(stratified_split, **SHARES),
    "fold": partial(kfold_split, folds=4, fold=1, val=0.15),
}
SEED = st.integers(0, 2**32 - 1)


def labelled(count: int, seed: int, prevalences=(0.5, 0.25, 0.1)) -> ResumeTable:
    """Return a table of labels that depend on each other."""
    generator = np.random.default_rng(seed)
    mood = generator.random((count, 1)) ** 2 * 3
    labels = (generator.random((count, len(prevalences))) < mood * prevalences).astype(np.uint8)
    names = [f"L{i}" for i in range(len(prevalences))]
    return make_table([str(i) for i in range(count)]).with_labels(labels, names)


def random_groups(count: int, seed: int) -> np.ndarray:
    """Return groups of which most are of one document and some are of up to about ten."""
    generator = np.random.default_rng(seed)
    groups = np.arange(count)
    copies = generator.random(count) < 0.2
    groups[copies] = generator.integers(max(1, count // 20), size=int(copies.sum()))
    return groups


@pytest.mark.parametrize("name", SPLITTERS)
@given(count=st.integers(60, 200), seed=SEED)
@settings(max_examples=25, deadline=None)
def test_whole_groups_go_to_one_split_and_the_seed_decides(name, count, seed):
    table, groups = labelled(count, seed), random_groups(count, seed)
    split = SPLITTERS[name](table, groups, seed)
    assert split.shape == (count,)
    assert set(split) == set(SPLITS)
    for number in np.unique(groups):
        assert len(set(split[groups == number])) == 1
    assert len(straddling_groups(groups, split)) == 0
    largest = np.unique(groups, return_counts=True)[1].max()
    test = 0.25 if name == "fold" else 0.15
    for part, share in {"val": 0.15, "test": test, "train": 0.85 - test}.items():
        assert abs((split == part).sum() - share * count) <= largest + 3
    assert (split == SPLITTERS[name](table, groups, seed)).all()
    others = [SPLITTERS[name](table, groups, seed + i) for i in range(1, 4)]
    assert any((split != other).any() for other in others)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_prevalences_are_alike_where_a_random_split_has_them_differ(order, seed):
    table, groups = labelled(4000, seed), random_groups(4000, seed)
    shares = {"train": 0.8, "val": 0.1, "test": 0.1}
    split = stratified_split(table, groups, seed, order=order, **shares)
    quality = split_quality(table.labels, split, table.label_names)
    assert quality["largest_relative_deviation"] <= 0.02
    assert [int((split == name).sum()) for name in SPLITS] == [3200, 400, 400]
    drawn = random_split(table, groups, seed, **shares)
    random = split_quality(table.labels, drawn, table.label_names)
    assert random["largest_relative_deviation"] > 2 * quality["largest_relative_deviation"]


@pytest.mark.parametrize("order", [1, 2])
def test_documents_with_duplicates_are_spread_too(order):
    table, groups = labelled(4000, 0), random_groups(4000, 0)
    copied = np.bincount(groups)[groups] > 1
    shares = {"train": 0.8, "val": 0.1, "test": 0.1}
    for split in (
        stratified_split(table, groups, 0, order=order, **shares),
        kfold_split(table, groups, 0, folds=10, fold=3, val=0.1, order=order),
    ):
        for name in SPLITS:
            assert copied[split == name].mean() == pytest.approx(copied.mean(), abs=0.02)


def test_the_second_order_spreads_pairs_of_labels_too():
    table = labelled(3000, 5, (0.4,) * 6)
    both = np.stack([table.labels[:, i] & table.labels[:, i - 1] for i in range(6)], axis=1)
    names = [str(i) for i in range(6)]
    first, second = (
        split_quality(both, split, names)["mean_relative_deviation"]
        for split in (
            stratified_split(table, np.arange(3000), 0, order=order, **SHARES) for order in (1, 2)
        )
    )
    assert second < 0.5 * first


def test_sizes_hold_when_hardly_two_documents_share_labels():
    generator = np.random.default_rng(0)
    labels = (generator.random((300, 100)) < 0.03).astype(np.uint8)
    table = make_table([""] * 300).with_labels(labels, [str(i) for i in range(100)])
    for order in (1, 2):
        split = stratified_split(table, np.arange(300), 0, order=order, **SHARES)
        assert [int((split == name).sum()) for name in SPLITS] == [210, 45, 45]


def test_where_no_document_has_a_label_the_sizes_hold():
    table = make_table([""] * 100, np.zeros((100, 2)))
    split = stratified_split(table, np.arange(100), 0, **SHARES)
    assert [int((split == name).sum()) for name in SPLITS] == [70, 15, 15]


def without_label(table: ResumeTable, share: float, seed: int) -> ResumeTable:
    """Return the table with its labels taken from a share of its documents."""
    labels = table.labels.copy()
    labels[np.random.default_rng(seed).random(len(labels)) < share] = 0
    return table.with_labels(labels, table.label_names)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_documents_without_a_label_are_spread_like_those_with_one(order, seed):
    table = without_label(labelled(4000, seed, (0.5, 0.4, 0.3, 0.2)), 0.02, seed)
    groups = random_groups(4000, seed)
    shares = {"train": 0.8, "val": 0.1, "test": 0.1}
    for split in (
        stratified_split(table, groups, seed, order=order, **shares),
        kfold_split(table, groups, seed, folds=10, fold=3, val=0.1, order=order),
    ):
        quality = split_quality(table.labels, split, table.label_names)
        assert quality["without_label"]["relative_deviation"] <= 0.03
        assert quality["largest_relative_deviation"] <= 0.02
        assert (split == "train").sum() == pytest.approx(3200, abs=3)


def test_a_label_that_all_documents_have_is_no_hindrance():
    table = labelled(600, 1)
    some = table.labels | (table.labels.sum(axis=1, keepdims=True) == 0)
    everyone = np.column_stack([some, np.ones(600)]).astype(np.uint8)
    split = stratified_split(table.with_labels(everyone, "abcd"), np.arange(600), 0, **SHARES)
    assert [int((split == name).sum()) for name in SPLITS] == [420, 90, 90]
    quality = split_quality(everyone, split, "abcd")
    assert quality["labels"]["d"]["relative_deviation"] == 0
    assert quality["largest_relative_deviation"] <= 0.05


@pytest.mark.parametrize("name", SPLITTERS)
def test_few_texts_with_many_duplicates_each_are_split_by_text(name):
    generator = np.random.default_rng(0)
    groups = np.sort(np.append(np.arange(166), generator.integers(166, size=796)))
    labels = np.eye(25, dtype=np.uint8)[groups % 25]
    table = make_table([f"{g}" for g in groups]).with_labels(labels, [str(i) for i in range(25)])
    split = SPLITTERS[name](table, groups, 0)
    assert len(straddling_groups(groups, split)) == 0
    assert [(split == part).sum() for part in ("train", "val")] == pytest.approx(
        [962 * (0.6 if name == "fold" else 0.7), 962 * 0.15], abs=20
    )


def test_a_split_of_share_0_stays_empty():
    table = labelled(100, 0)
    for splitter in (random_split, stratified_split):
        split = splitter(table, np.arange(100), 0, train=0.6, val=0.4, test=0.0)
        assert set(split) == {"train", "val"}
    assert set(stratified_split(table, np.arange(100), 0, train=1, val=0, test=0)) == {"train"}
    assert set(kfold_split(table, np.arange(100), 0, folds=2, fold=0, val=0)) == {"train", "test"}


@given(count=st.integers(60, 150), seed=SEED, folds=st.integers(2, 6))
@settings(max_examples=25, deadline=None)
def test_over_the_folds_every_document_is_tested_once(count, seed, folds):
    table, groups = labelled(count, seed), random_groups(count, seed)
    splits = [
        kfold_split(table, groups, seed, folds=folds, fold=fold, val=0.1) for fold in range(folds)
    ]
    assert (sum((split == "test").astype(int) for split in splits) == 1).all()
    assert all(len(straddling_groups(groups, split)) == 0 for split in splits)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"folds": 1}, r"data\.split\.folds=1"),
        ({"fold": 4}, r"data\.fold=4: .* from 0 to 3"),
        ({"fold": -1}, r"data\.fold=-1"),
        ({"val": 0.75}, r"data\.shares\.val=0\.75"),
        ({"order": 3}, r"data\.split\.order=3"),
        ({"folds": 40}, r"data\.split\.folds=40: there are 20 documents"),
    ],
)
def test_folds_that_can_not_be_made_are_refused(changed, message):
    with pytest.raises(UserError, match=message):
        kfold_split(
            labelled(20, 0), np.arange(20) // 2, 0, **{"folds": 4, "fold": 0, "val": 0.1, **changed}
        )


@pytest.mark.parametrize("splitter", [random_split, stratified_split])
def test_shares_that_do_not_add_up_are_refused(splitter):
    with pytest.raises(UserError, match=r"data\.shares.*add up to 1"):
        splitter(make_table(["a", "b"]), np.arange(2), 0, train=0.7, val=0.2, test=0.2)


@pytest.mark.parametrize("splitter", [random_split, stratified_split])
@pytest.mark.parametrize("count", [0, 2])
def test_an_empty_split_is_refused(splitter, count):
    with pytest.raises(UserError, match=r"the (train|val|test) split .* is empty"):
        splitter(make_table(["a", "b"][:count]), np.arange(count), 0, **SHARES)


def test_shares_hold_and_the_seed_decides_at_random():
    table = make_table([str(i) for i in range(1000)])
    split = random_split(table, np.arange(1000), 1, **SHARES)
    assert [int((split == name).sum()) for name in SHARES] == [700, 150, 150]


@given(
    count=st.integers(40, 150),
    seed=SEED,
    fractions=st.lists(st.floats(0.001, 1), min_size=2, max_size=4),
)
@settings(max_examples=50, deadline=None)
def test_smaller_fractions_of_the_training_documents_are_among_larger_ones(count, seed, fractions):
    groups = random_groups(count, seed)
    split = random_split(make_table([""] * count), groups, seed, **SHARES)
    largest = np.unique(groups, return_counts=True)[1].max()
    before: set[int] = set()
    for fraction in sorted(fractions):
        reduced = with_train_fraction(split, fraction, seed, groups)
        assert (reduced[split != "train"] == split[split != "train"]).all()
        assert set(reduced[split == "train"]) <= {"train", "unused"}
        kept = set(np.flatnonzero(reduced == "train").tolist())
        assert abs(len(kept) - fraction * (split == "train").sum()) <= largest
        assert kept
        assert before <= kept
        assert len({reduced[i] for i in np.flatnonzero(groups == groups[min(kept)])}) == 1
        before = kept
    assert (with_train_fraction(split, 1, seed, groups) == split).all()


@pytest.mark.parametrize("fraction", [0, -0.5, 1.01])
def test_a_fraction_out_of_range_is_refused(fraction):
    with pytest.raises(UserError, match=r"data\.train_fraction"):
        with_train_fraction(np.array(["train"]), fraction, 0, np.arange(1))


@given(seed=SEED, fraction=st.floats(0.1, 1))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_manifest_comes_back_as_it_was_written(tmp_path, seed, fraction):
    table, groups = labelled(80, seed), random_groups(80, seed)
    split = stratified_split(table, groups, seed, **SHARES)
    split = with_train_fraction(split, fraction, seed, groups)
    path = tmp_path / "split.csv"
    write_split(path, table, split, groups)
    order = np.random.default_rng(seed).permutation(80)
    again = predefined_split(table.select(order), groups[order], 0, manifest=path)
    assert (again == split[order]).all()
    fingerprint = split_fingerprint(table, split)
    assert split_fingerprint(table.select(order), again) == fingerprint


def test_manifest_is_written_in_the_order_of_the_table(tmp_path):
    table = make_table(["x", "y", "z"])
    split = np.array(["train", "test", "val"])
    write_split(tmp_path / "split.csv", table, split, np.array([0, 1, 1]))
    written = pd.read_csv(tmp_path / "split.csv")
    assert written.columns.tolist() == ["id", "split", "group"]
    assert written["id"].tolist() == ["r0", "r1", "r2"]
    assert written["split"].tolist() == ["train", "test", "val"]
    assert written["group"].tolist() == [0, 1, 1]


def manifest(folder: Path, lines: list[str]) -> Path:
    path = folder / "split.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_manifest_by_hand(tmp_path):
    path = manifest(tmp_path, ["split,id", "Validation,r1", "train,r0", "unused,r2"])
    split = predefined_split(make_table(["a", "b", "c"]), np.array([0, 1, 1]), 0, manifest=path)
    assert split.tolist() == ["train", "val", "unused"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["id,split", "r0,train"], "1 id is missing, though a test has: 'r1'"),
        (
            ["id,split", "r0,train", "r1,val", *(f"s{i},val" for i in range(30))],
            "30 ids are not in a test: 's0', .*'s19' and 10 more",
        ),
        (["id,split", "r0,train", "r1,val", "r0,test"], "1 id is listed more than once: 'r0'"),
        (["id,split", "r0,train", "r1,tset"], "puts documents into 'tset'"),
        (["name,split", "r0,train"], "has no column id; it has 'name', 'split'"),
        ([""], "can't be read"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(tmp_path, lines, message):
    with pytest.raises(UserError, match=rf"data\.split\.manifest=.*{message}"):
        predefined_split(
            make_table(["a", "b"]), np.arange(2), 0, manifest=manifest(tmp_path, lines)
        )


def test_a_manifest_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match=r"none\.csv can't be read: .*No such file"):
        predefined_split(make_table(["a"]), np.arange(1), 0, manifest=tmp_path / "none.csv")


def test_duplicates_in_different_splits_are_refused_unless_allowed(tmp_path):
    table, groups = make_table(["a", "b", "a"]), np.array([0, 1, 0])
    path = manifest(tmp_path, ["id,split", "r0,train", "r1,val", "r2,test"])
    with pytest.raises(UserError, match=r"1 groups? .*'r0', 'r2'.*allow_straddling=true"):
        predefined_split(table, groups, 0, manifest=path)
    split = predefined_split(table, groups, 0, manifest=path, allow_straddling=True)
    assert split.tolist() == ["train", "val", "test"]
    with pytest.raises(UserError, match=r"a test: what names the splits.*'r0', 'r2'"):
        column_split(replace(table, split=split), groups, 0)
    named = replace(table, split=np.array(["TRAIN", " dev", "test"]))
    assert column_split(named, np.arange(3), 0).tolist() == ["train", "val", "test"]
    with pytest.raises(UserError, match="puts documents into ''"):
        column_split(replace(table, split=np.array(["train", "", "train"])), groups, 0)
    with pytest.raises(UserError, match="names no splits"):
        column_split(table, groups, 0)


def test_a_group_with_documents_in_no_split_does_not_straddle():
    groups = np.array([0, 0, 1, 1, 2, 2])
    split = np.array(["train", "unused", "val", "test", "val", "val"])
    assert straddling_groups(groups, split).tolist() == [1]


def test_quality_of_a_split():
    labels = np.array([[1, 0, 1], [0, 0, 1], [1, 0, 1], [1, 0, 0], [1, 0, 1]], dtype=np.uint8)
    split = np.array(["train", "train", "val", "val", "unused"])
    quality = split_quality(labels, split, ["A", "B", "C"])
    assert quality["labels"]["A"] == {
        "all": 0.75, "train": 0.5, "val": 1.0, "relative_deviation": 0.5 / 0.75,
    }  # fmt: skip
    assert quality["labels"]["B"]["relative_deviation"] is None
    assert quality["without_label"] == {
        "all": 0.0, "train": 0.0, "val": 0.0, "relative_deviation": None,
    }  # fmt: skip
    none = np.array([[1], [0], [0], [1]], dtype=np.uint8)
    none = split_quality(none, np.array(["train", "train", "train", "val"]), ["A"])["without_label"]
    assert none == {"all": 0.5, "train": 2 / 3, "val": 0.0, "relative_deviation": 2 / 3 / 0.5}
    assert quality["largest_relative_deviation"] == 0.5 / 0.75
    assert quality["mean_relative_deviation"] == pytest.approx(0.5 / 0.75)
    assert quality["worst_label"] == "A"
    alone = split_quality(labels, np.array(["train"] * 5), ["A", "B", "C"])
    assert alone["largest_relative_deviation"] is None
    assert split_quality(labels[:0], split[:0], ["A", "B", "C"])["worst_label"] is None


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
