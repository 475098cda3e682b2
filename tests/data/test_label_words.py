import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resumebert.data.label_words import label_words, split_name
from resumebert.utils.errors import UserError

LABELS = ["Front_End_Developer", "Java_Developer", "Systems_Administrator", "Security_Analyst"]


def found(text, labels=LABELS, level="names", **options):
    words = label_words(labels, **options)
    return {
        name: [text[start:end] for start, end in words.spans(text, label, level)]
        for label, name in enumerate(labels)
        if words.spans(text, label, level)
    }


@pytest.mark.parametrize(
    "text",
    [
        "front end developer",
        "FRONT-END DEVELOPER",
        "Frontend Developers",
        "Front_End_Developer",
        "front / end developer",
        "front\nend developer",
    ],
)
def test_a_name_is_found_whatever_its_case_separators_and_number(text):
    assert found(f"A {text}, Acme") == {"Front_End_Developer": [text]}


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("system administrator", "Systems_Administrator"),
        ("Systems Administrators", "Systems_Administrator"),
        ("the java developer's desk", "Java_Developer"),
        ("two security analysts", "Security_Analyst"),
    ],
)
def test_each_word_may_be_singular_or_plural(text, label):
    assert list(found(text)) == [label]


@pytest.mark.parametrize(
    "text",
    [
        "JavaScript developer",
        "java and developer tools",
        "frontend",
        "redeveloper",
        "software engineer",
    ],
)
def test_other_words_are_no_name(text):
    assert found(text) == {}


def test_single_words_are_of_the_second_level():
    text = "Java, security reviews, developers of systems"
    assert found(text, level="words") == {
        "Front_End_Developer": ["developers"],
        "Java_Developer": ["Java", "developers"],
        "Systems_Administrator": ["systems"],
        "Security_Analyst": ["security"],
    }


def test_an_abbreviation_alone_is_found_in_capitals_only():
    assert found("it was me. IT!", ["IT_Manager"], "words") == {"IT_Manager": ["IT"]}
    assert found("An it manager", ["IT_Manager"]) == {"IT_Manager": ["it manager"]}
    assert found("hr or HR", ["HR"]) == {"HR": ["HR"]}


def test_signs_belong_to_the_word():
    labels = ["C_Developer", "C++_Developer", "C#_Developer"]
    assert found("C, C++ and C#", labels, "words") == {
        "C_Developer": ["C"],
        "C++_Developer": ["C++"],
        "C#_Developer": ["C#"],
    }


def test_function_words_of_a_name_are_not_words_of_the_label():
    assert found("of the art", ["Director of Arts"], "words") == {"Director of Arts": ["art"]}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Front_End_Developer", ["Front", "End", "Developer"]),
        ("dataScientist", ["data", "Scientist"]),
        ("Sales/Marketing (B2B)", ["Sales", "Marketing", "B2B"]),
        ("C++ developer", ["C++", "developer"]),
        ("Ingénieur logiciel", ["Ingénieur", "logiciel"]),
        ("???", []),
    ],
)
def test_how_a_name_is_cut(name, words):
    assert split_name(name) == words


def test_a_name_without_letters_is_found_nowhere():
    assert found("??? !", ["???"], "words") == {}


def test_further_names_are_varied_too():
    more = {"Java_Developer": ["J2EE engineer"]}
    assert found("j2ee-engineers", more=more) == {"Java_Developer": ["j2ee-engineers"]}
    with pytest.raises(UserError, match="Baker"):
        label_words(LABELS, {"Baker": ["cook"]})


def test_named_says_which_texts_have_which_names():
    words = label_words(LABELS)
    flags = words.named(["a Java developer", "", "security analyst and front-end developer"])
    assert flags.tolist() == [[0, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 1]]
    assert words.named([]).shape == (0, 4)


def test_what_removal_brings_together_is_removed_too():
    words = label_words(LABELS)
    assert words.removed("x java java developer developer y", "names") == "x y"


PIECES = st.sampled_from(
    [
        "front",
        "End",
        "-",
        " ",
        "developers",
        "java",
        "Java_Developer",
        "system",
        "analyst's",
        ", ",
        "C",
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join), st.sampled_from(["names", "words"]))
def test_nothing_is_left_after_removal_and_nothing_else_is_gone(text, level):
    words = label_words(LABELS)
    left = words.removed(text, level)
    assert not words.named([left], level).any()
    assert words.removed(left, level) == left
    if not words.named([text], level).any():
        assert left == text
    # What is left is a subsequence of what was there.
    assert re.fullmatch(".*".join(["", *map(re.escape, left), ""]), text, re.DOTALL)


def test_flags_are_booleans():
    assert label_words(LABELS).named(["x"]).dtype == np.bool_
