"""Texts unlike those of the training: marked, and few of those that are alike."""

import json

import numpy as np
import pytest

from resumebert.evaluation.unlike_training import WAYS, Familiarity, fit_familiarity

VOCABULARY, SIZE = 200, 40
# Features vary in few directions, and there are fewer documents than a full covariance would take.
MIXING = np.random.default_rng(9).normal(size=(6, SIZE))


def documents(generator, count, *, shift=0.0, start=0, tokens=120):
    lengths = np.exp(generator.normal(np.log(tokens), 0.3, size=count)).astype(int) + 1
    ids = [start + generator.geometric(0.06, size=n).clip(max=80) for n in lengths]
    features = generator.normal(size=(count, 6)) @ MIXING
    return ids, features + generator.normal(0, 0.1, size=(count, SIZE)) + shift


def fitted(seed=0, train=60, val=400, share=0.03, groups=None):
    generator = np.random.default_rng(seed)
    groups = np.arange(val) if groups is None else groups
    known, asked = documents(generator, train), documents(generator, val)
    return fit_familiarity(*known, VOCABULARY, *asked, groups, share)


def test_at_most_the_given_share_of_documents_like_these_is_marked():
    shares = []
    for seed in range(100):
        found = fitted(seed)
        others = documents(np.random.default_rng(1000 + seed), 500)
        shares.append(np.mean([bool(ways) for ways in found.unlike(*others)]))
    assert 0.005 < np.mean(shares) <= 0.03 + 0.003


@pytest.mark.parametrize(
    ("change", "way"),
    [
        ({"tokens": 4}, "length"),
        ({"tokens": 3000}, "length"),
        ({"start": 100}, "words"),
        ({"shift": 1.0}, "content"),
    ],
)
def test_what_is_different_is_marked_for_what_is_different(change, way):
    ways = fitted().unlike(*documents(np.random.default_rng(5), 200, **change))
    assert np.mean([way in each for each in ways]) > 0.9
    others = set(WAYS) - {way, "words" if change.get("tokens") == 4 else way}
    assert np.mean([bool(others & set(each)) for each in ways]) < 0.1


def test_a_text_without_tokens_is_unlike_in_length():
    found = fitted()
    [ways] = found.unlike([np.zeros(0, np.int32)], np.array([found.centre]))
    assert ways == ["length"]


def test_of_duplicates_the_strangest_counts_once():
    alone = fitted(val=300)
    paired = fitted(val=300, groups=np.repeat(np.arange(150), 2))
    assert all(paired.limits[way] >= alone.limits[way] for way in WAYS)


@pytest.mark.parametrize(("train", "val"), [(1, 1), (2, 3), (500, 5)])
def test_few_documents_are_enough_for_a_description(train, val):
    found = fitted(train=train, val=val)
    again = Familiarity.from_plain(json.loads(json.dumps(found.to_plain())))
    of_lists = Familiarity.from_plain(as_lists(found))  # as it was stored once
    for each in (again, of_lists):
        assert as_lists(each) == as_lists(found)
        assert each.directions.shape == found.directions.shape
    assert len(found.unlike(*documents(np.random.default_rng(3), 7))) == 7
    assert found.unlike([], np.zeros((0, SIZE))) == []


def as_lists(found: Familiarity) -> dict:
    return {
        name: getattr(value, "tolist", lambda v=value: v)() for name, value in vars(found).items()
    }


def test_damage_is_noticed():
    plain = as_lists(fitted())
    for damage in (
        {"rest": 0.0},
        {"length": float("nan")},
        {"variances": plain["variances"][:-1]},
        {"limits": {"length": 1.0}},
        {"directions": [[1.0]] * len(plain["variances"])},
        {"centre": [float("inf")] * SIZE},
        {"surprise": ["a"]},
        {"surprise": "a"},
        {"surprise": "é"},
        {"surprise": "AAAA"},
    ):
        with pytest.raises(ValueError, match=r"no description|base64|ASCII|buffer|float"):
            Familiarity.from_plain(plain | damage)
    with pytest.raises(TypeError):
        Familiarity.from_plain({"rest": 1.0})
