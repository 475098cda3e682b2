import re

import numpy as np
import pytest

from resumebert.data.readers import read_sample
from resumebert.evaluation.gendered_words import has_pronouns, swap_pronouns, swap_words
from resumebert.evaluation.names import ORIGINS
from resumebert.evaluation.probes import (
    Exchange,
    choose_documents,
    exchanges,
    find_name,
    probe,
    with_name,
)

LABELS = ["A", "B"]
HALF = np.array([0.5, 0.5])


@pytest.fixture(scope="module")
def made() -> dict[str, Exchange]:
    return {e.name: e for e in exchanges(read_sample().texts, documents=40)}


def test_every_document_differs_in_what_the_exchange_says_and_in_nothing_else(made):
    assert len(made) == 4 + len(ORIGINS) - 1
    for name, exchange in made.items():
        assert len(exchange.before) == len(exchange.after) == 40
        for before, after in zip(exchange.before, exchange.after, strict=True):
            assert before != after
            if name.startswith("pronouns"):
                assert swap_pronouns(before, "male") == after
                assert has_pronouns(before)
            elif name.startswith("gendered words"):
                assert swap_words(before, "male") == after
            elif name.startswith(("first name", "name")):
                (one, _), (other, origin) = find_name(before), find_name(after)
                assert one is not None
                assert other is not None
                assert before.lower().replace(one.lower(), other.lower()) == after.lower()
                if name.startswith("first name"):
                    assert one.split()[1].lower() == other.split()[1].lower()
                else:
                    assert name.endswith(origin)


def test_together_is_name_pronouns_and_words(made):
    together = made["all three together: woman → man"]
    names = made["first name: woman → man"]
    for before, named in zip(together.before, names.before, strict=True):
        assert find_name(before) == find_name(named)
        assert has_pronouns(before)
        assert swap_words(before, "male") != before


def test_a_name_is_replaced_wherever_it_stands_or_put_on_top():
    text = "LINH TRAN\nDeveloper\nLinh Tran is a developer. Linux"
    other = with_name(text, 0, "anglophone", "male")
    assert other == "PETER HARPER\nDeveloper\nPeter Harper is a developer. Linux"
    assert with_name("Developer\nJava", 9, "anglophone", "female").startswith(
        "Hannah Whitfield\nDev"
    )
    assert find_name(text) == ("LINH TRAN", "southeast asian")
    assert find_name("Emily the Great") == (None, "anglophone")


def test_documents_are_the_same_each_time_and_different_ones():
    texts = read_sample().texts
    chosen = choose_documents(texts, 30)
    assert chosen == choose_documents(texts, 30)
    assert len(set(chosen)) == 30
    assert 15 <= sum(map(has_pronouns, chosen)) <= 20
    assert choose_documents(["a", "a", " ", "b"], 10) == choose_documents(["a", "b"], 10)
    assert exchanges([], documents=10) == []
    # Fewer than two documents have no interval.
    [one] = {e.name: e for e in exchanges(["Developer"])}["pronouns: she → he"].before
    assert one.startswith("She leads her team")


def test_a_model_that_reads_names_and_words_is_found_out(made):
    def biased(texts):
        first = [re.search(r"Chairman|\b[Hh](?:e|is|im)\b", t) is not None for t in texts]
        return np.stack([0.4 + 0.2 * np.array(first), np.full(len(texts), 0.3)], axis=1)

    found = probe(biased, list(made.values()), HALF, LABELS, resamples=200)
    by_name = {(swap.name, swap.label): swap for swap in found}
    assert len(found) == 2 * len(made)
    pronouns = by_name["pronouns: she → he", "A"]
    assert pronouns.documents == 40
    assert pronouns.change == pytest.approx(0.2)
    assert pronouns.flipped == 1
    words = by_name["gendered words: waitress → waiter", "A"]
    assert 0 < words.change < 0.2
    low, high = words.interval
    assert low < words.change < high
    assert words.flipped == pytest.approx(words.change / 0.2)
    names = by_name["first name: woman → man", "A"]
    assert (names.change, names.interval, names.flipped) == (0, (0, 0), 0)
    assert all(swap.change == 0 for swap in found if swap.label == "B")


def test_texts_are_scored_once(made):
    seen = []

    def score(texts):
        seen.extend(texts)
        return np.zeros((len(texts), 2))

    probe(score, list(made.values()), HALF, LABELS, resamples=20)
    assert len(seen) == len(set(seen)) <= 18 * 40


def test_the_interval_of_the_mean_covers_it():
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(60):
        values = generator.normal(0.1, 0.05, 50)
        texts = [str(i) for i in range(50)]
        scores = dict(zip(texts, values, strict=True))

        def score(asked, scores=scores):
            return np.array([[scores.get(text, 0.0)] for text in asked])

        exchange = Exchange("x", [f"{text}!" for text in texts], texts)
        [swap] = probe(score, [exchange], np.array([0.5]), ["A"], resamples=300)
        held += swap.interval[0] <= 0.1 <= swap.interval[1]
    assert held >= 50
