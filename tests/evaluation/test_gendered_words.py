import pytest
from hypothesis import given
from hypothesis import strategies as st

from resumebert.evaluation.gendered_words import has_pronouns, swap_pronouns, swap_words

PAIRS = [
    ("She led the team.", "He led the team."),
    ("Her manager praised her.", "His manager praised him."),
    ("We trained her for two years.", "We trained him for two years."),
    ("In her spare time she paints.", "In his spare time he paints."),
    ("The idea was hers, and she did it herself.", "The idea was his, and he did it himself."),
    ("her 3 reports to her, monthly", "his 3 reports to him, monthly"),
    ("her early work; we met her early.", "his early work; we met his early."),
    ("Pronouns: she/her/hers", "Pronouns: he/him/his"),
    ("(she/her)", "(he/him)"),
    ("reported to her and her deputy", "reported to him and his deputy"),
    ("helped her quickly", "helped him quickly"),
    ("her\nskills: Java", "his\nskills: Java"),
]


@pytest.mark.parametrize(("woman", "man"), PAIRS)
def test_pronouns_are_swapped_in_the_right_case(woman, man):
    assert swap_pronouns(woman, "male") == man
    assert swap_pronouns(man, "female") == woman
    assert swap_pronouns(man, "male") == man
    assert swap_pronouns(woman, "female") == woman
    assert has_pronouns(woman)
    assert has_pronouns(man)


@pytest.mark.parametrize(
    "text", ["HIS and HE systems", "the theme, there, history", "They know their work", "Sheffield"]
)
def test_what_is_no_such_pronoun_stays(text):
    assert swap_pronouns(swap_pronouns(text, "male"), "female") == text
    assert not has_pronouns(text)


@pytest.mark.parametrize(
    ("woman", "man"),
    [
        ("Waitress, later CHAIRWOMAN", "Waiter, later CHAIRMAN"),
        ("women's team", "men's team"),
        ("Mother of two daughters", "Father of two sons"),
        ("Ms. Reddy", "Mr. Reddy"),
    ],
)
def test_words_are_swapped_in_the_right_case(woman, man):
    assert swap_words(woman, "male") == man
    assert swap_words(man, "female") == woman


def test_words_that_mean_no_man_stay():
    text = "host names, actors of a use case, Brother printers, MS SQL, MS in Physics, manual"
    assert swap_words(text, "female") == text
    assert swap_words(text, "male") == text
    assert swap_words("an actress and hostess", "male") == "an actor and host"
    assert swap_words("Mrs Nair; Miss Nair", "male") == "Mr. Nair; Mr. Nair"


WORDS = st.sampled_from(
    ["she", "Her", "his", "him", "HIS", "hers", "the", "team", ",", "\n", "lady"]
)


@given(st.lists(WORDS, max_size=12).map(" ".join), st.sampled_from(["female", "male"]))
def test_none_of_the_other_gender_is_left_and_the_length_in_words_stays(text, to):
    swapped = swap_words(swap_pronouns(text, to), to)
    assert swap_words(swap_pronouns(swapped, to), to) == swapped
    assert len(swapped.split()) == len(text.split())
