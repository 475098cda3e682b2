import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resumebert.data.duplicates import (
    conflicting_groups,
    drop_duplicates,
    duplicate_groups,
    exact_groups,
)
from resumebert.data.near_duplicates import choose_rows
from resumebert.data.table import TextColumn
from resumebert.utils.errors import UserError

# Few characters, so that words and copies repeat; those whose case or width is odd among them.
TEXT = st.text("aAbß_É•é ,\n0\x00\ud800ﬁ", max_size=12)


def shingles(text: str, ngram: int) -> frozenset[tuple[str, ...]]:
    words = re.findall(r"[^\W_]+", text.casefold())
    return frozenset(tuple(words[i : i + ngram]) for i in range(max(1, len(words) - ngram + 1)))


def jaccard(one: str, other: str, ngram: int = 5) -> float:
    a, b = shingles(one, ngram), shingles(other, ngram)
    return len(a & b) / len(a | b)


def brute_force(texts: list[str], threshold: float, ngram: int = 5) -> list[int]:
    """Number the connected components of all pairs with Jaccard ≥ ``threshold``."""
    group = list(range(len(texts)))
    for i in range(len(texts)):
        for j in range(i):
            if jaccard(texts[i], texts[j], ngram) >= threshold:
                group = [group[i] if number == group[j] else number for number in group]
    return partition(group)


def partition(groups) -> list[int]:
    numbers: dict[int, int] = {}
    return [numbers.setdefault(int(group), len(numbers)) for group in groups]


def random_words(generator: np.random.Generator, count: int) -> list[str]:
    return [f"w{number}" for number in generator.integers(3000, size=count)]


def families(seed: int, count: int = 30) -> list[str]:
    """Return texts of which each family shares most words: edits, additions, other beginnings."""
    generator = np.random.default_rng(seed)
    texts = []
    for _ in range(count):
        base = random_words(generator, int(generator.integers(30, 300)))
        for _ in range(int(generator.integers(1, 5))):
            words = list(base)
            for place in generator.integers(len(words), size=int(generator.integers(0, 4))):
                words[place] = f"edit{generator.integers(10**6)}"
            words += random_words(generator, int(generator.integers(0, len(base) // 10)))
            texts.append(" ".join(words))
    return [texts[i] for i in generator.permutation(len(texts))]


def test_texts_that_differ_in_case_and_punctuation_only_form_a_group():
    texts = [
        "Java  Developer!",
        "java developer",
        "Java-Developer",
        "Jav Developer",
        "",
        " ?! ",
        "ß",
    ]
    assert exact_groups(texts).tolist() == [0, 0, 0, 1, 2, 2, 3]
    assert duplicate_groups(texts).tolist() == [0, 0, 0, 1, 2, 2, 3]


@given(texts=st.lists(TEXT, max_size=30))
def test_exact_duplicates_are_texts_with_the_same_words(texts):
    words = [" ".join(re.findall(r"[^\W_]+", text.casefold())) for text in texts]
    expected = partition([words.index(text) for text in words])
    assert exact_groups(texts).tolist() == expected
    assert duplicate_groups(texts, threshold=1).tolist() == expected


@given(texts=st.lists(TEXT, max_size=20), ngram=st.integers(1, 3))
@settings(deadline=None)
def test_texts_with_the_same_ngrams_share_a_group_and_texts_without_a_common_one_do_not(
    texts, ngram
):
    groups = duplicate_groups(texts, threshold=0.9, ngram=ngram)
    for i in range(len(texts)):
        for j in range(i):
            if shingles(texts[i], ngram) == shingles(texts[j], ngram):
                assert groups[i] == groups[j]
    assert partition(groups) == groups.tolist()


@pytest.mark.parametrize("seed", [0, 1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8])
def test_groups_are_those_of_all_pairs_compared(seed, threshold):
    texts = families(seed)
    pairs = [(i, j) for i in range(len(texts)) for j in range(i)]
    expected, found = brute_force(texts, threshold), duplicate_groups(texts, threshold=threshold)
    together = {(i, j) for i, j in pairs if expected[i] == expected[j]}
    found_together = {(i, j) for i, j in pairs if found[i] == found[j]}
    assert len(together) > 5
    assert found_together <= together
    assert len(found_together) >= 0.95 * len(together)


@pytest.mark.parametrize(("changed", "joined"), [(19, True), (24, False)])
def test_a_planted_edit_counts_by_its_jaccard_index(changed, joined):
    # Texts of 204 words have 200 n-grams; the end of one replaced takes as many n-grams as words.
    base = [f"w{i}" for i in range(204)]
    edited = base[:-changed] + [f"x{i}" for i in range(changed)]
    texts = [" ".join(base), " ".join(edited)]
    index = (200 - changed) / (200 + changed)
    assert jaccard(*texts) == pytest.approx(index)
    for seed in range(10):
        groups = duplicate_groups(texts, threshold=0.8, seed=seed)
        assert bool(groups[0] == groups[1]) is joined


def test_the_order_of_the_texts_does_not_matter():
    texts = families(7, 60)
    groups = duplicate_groups(texts)
    order = np.random.default_rng(1).permutation(len(texts))
    assert duplicate_groups([texts[i] for i in order]).tolist() == partition(groups[order])
    assert duplicate_groups(TextColumn.of(texts)).tolist() == groups.tolist()


def test_texts_that_share_much_boilerplate_take_no_quadratic_time_and_stay_apart():
    page = " ".join(f"p{i}" for i in range(100))
    texts = [f"{page} {' '.join(f'{i}x{k}' for k in range(20))}" for i in range(600)]
    assert jaccard(texts[0], texts[1]) > 0.7
    assert len(set(duplicate_groups(texts).tolist())) == 600
    alike = [f"{page} {i}" for i in range(600)]
    assert set(duplicate_groups(alike).tolist()) == {0}


def test_a_chain_of_pairs_is_one_group():
    words = [f"w{i}" for i in range(130)]
    texts = [" ".join(words[start : start + 104]) for start in range(0, 26, 6)]
    assert jaccard(texts[0], texts[1]) > 0.8 > jaccard(texts[0], texts[-1])
    assert set(duplicate_groups(texts).tolist()) == {0}


def test_a_text_shorter_than_an_ngram_has_exact_duplicates_only():
    assert duplicate_groups(["a b c d", "A B C D", "a b c e", "a b c", "a b c d e"]).tolist() == [
        0, 0, 1, 2, 3,
    ]  # fmt: skip


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8, 0.9, 0.99])
def test_bands_propose_pairs_at_the_threshold(threshold):
    rows = choose_rows(threshold, 128)
    assert 1 - (1 - threshold**rows) ** (128 // rows) >= 0.99
    assert 1 - (1 - threshold ** (rows + 1)) ** (128 // (rows + 1)) < 0.99


@pytest.mark.parametrize(
    ("setting", "value"), [("threshold", 0.0), ("threshold", 1.1), ("ngram", 0), ("num_perm", 8)]
)
def test_settings_out_of_range_are_refused(setting, value):
    with pytest.raises(UserError, match=rf"data\.near_duplicates\.{setting}={value}"):
        duplicate_groups(["a"], **{setting: value})


def test_no_texts():
    assert duplicate_groups([]).tolist() == []
    assert exact_groups([]).dtype == duplicate_groups([]).dtype == np.int64


def test_conflicts_and_first_documents():
    groups = np.array([4, 0, 4, 2, 0, 2, 7])
    labels = np.array([[1, 0], [1, 1], [0, 0], [0, 1], [1, 1], [0, 0], [1, 1]], dtype=np.uint8)
    assert conflicting_groups(groups, labels).tolist() == [2, 4]
    assert drop_duplicates(groups).tolist() == [0, 1, 3, 6]
    assert conflicting_groups(groups[:0], labels[:0]).tolist() == []
