import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resumebert.data.cleaning import (
    DEFAULT_STEPS,
    STEPS,
    clean,
    collapse_whitespace,
    normalise_unicode,
    strip_control,
    strip_markup,
    unescape_entities,
)
from resumebert.utils.errors import UserError

PIECES = st.sampled_from(
    [
        *("<", ">", "/", "&", ";", "#", "x", "2", "6", "3", "8", "5", "am", "amp", "lt", "gt"),
        *("span", "b", "br", "p", '"', "=", 'class="hl"', "<b>", "</span>", "<br>", "!--", "--"),
        *("&amp;", "&lt;", "&gt;", "&#38;", "&shy;", "&semi;", "&num;", "&NewLine;", "e"),
        *("\u00a0", "\u200b", "\ufeff", "\u00ad", "\ud800", "\u0301", "\u0338", "\u0344"),
        *("\u037e", "\u212a", "\u2028", "\u0958", "\x00", "\x85", " ", "\n", "\t", "\r", "\r\n"),
    ]
)
MESSY = st.lists(PIECES, max_size=60).map("".join) | st.text(
    st.characters(codec=None), max_size=200
)


@pytest.mark.parametrize("name", STEPS)
@given(text=MESSY)
@settings(max_examples=300)
def test_each_step_is_idempotent(name, text):
    once = STEPS[name](text)
    assert STEPS[name](once) == once


@given(text=MESSY)
@settings(max_examples=1000)
def test_clean_is_idempotent(text):
    once = clean(text)
    assert clean(once) == once


@given(text=MESSY, steps=st.permutations(DEFAULT_STEPS), count=st.integers(0, 5))
@settings(max_examples=300)
def test_clean_is_idempotent_for_any_steps(text, steps, count):
    once = clean(text, steps[:count])
    assert clean(once, steps[:count]) == once


@given(text=MESSY)
@settings(max_examples=500)
def test_only_composing_lengthens_and_at_most_threefold(text):
    for name in set(DEFAULT_STEPS) - {"normalise_unicode"}:
        assert len(STEPS[name](text)) <= len(text)
    assert len(normalise_unicode(text)) <= 3 * len(text)


@given(
    text=st.text(st.characters(codec="utf-8", exclude_characters="<>&\u037e"), max_size=300).filter(
        lambda text: not any(map(unicodedata.combining, text))
    )
)
@settings(max_examples=500)
def test_no_letter_or_digit_outside_markup_is_lost(text):
    expected = [c for c in unicodedata.normalize("NFC", text) if c.isalnum()]
    assert [c for c in clean(text) if c.isalnum()] == expected


@given(words=st.lists(st.text("abcXYZ019", min_size=1), min_size=1), data=st.data())
def test_highlights_vanish_however_escaped(words, data):
    marked = ""
    for word in words:
        piece = f'<span class="hl">{word}</span>'
        for _ in range(data.draw(st.integers(0, 4))):
            piece = piece.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        marked += piece + "+ "
    assert clean(marked) == " ".join(f"{word}+" for word in words)


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d",
        "a <b and c> d",
        "x<5",
        "x < 5 > y",
        "C<T>",
        "IEnumerable<T>, Map<K, V>",
        "<userid> and <Skills />",
        "<<>> <> </> < > <3 ->",
        "<span",
        "<spanner>",
        "<b-element>",
        "< b>",
        "R&D, AT&T; Q&A; ?a=1&copy=2&lt",
        "2 > 1",
    ],
)
def test_text_that_only_looks_like_markup_stays(text):
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<span class="hl">Java</span>Script', "JavaScript"),
        ("<SPAN CLASS='hl' >a</SPAN\n>b", "ab"),
        ('<a href="x/y?z=1&amp;q" target=_blank disabled>link</a>', "link"),
        ("one<br>two<br/>three<BR />four", "one\ntwo\nthree\nfour"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<!DOCTYPE html><!-- no -->x<!---->y", "xy"),
        ("<<b>b>x", "x"),
        ("<sp\u200ban class='hl'>x", "x"),
        ("<span\u00a0class='hl'>x", "x"),
        ("&l<b></b>t;b&gt;x", "x"),
        ('<img src="a"alt="b">x', "x"),
    ],
)
def test_markup_goes(text, expected):
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("&amp;amp;amp;lt;", "<"),
        ("&#65;&#x42;&#X43;&eacute;", "ABCé"),
        ("&#38;#38;amp;", "&"),
        ("&am&#112;;", "&"),
        ("&amp&semi;", "&"),
        ("&amp;amp;Q&am&amp;am;&#38;no;", "&Q&am&am;&no;"),
        ("&nosuch; &;&#; &#x;", "&nosuch; &;&#; &#x;"),
        ("&copy=1 &notit;", "&copy=1 &notit;"),
        ("&#xD800;&#0;", "\ufffd\ufffd"),
    ],
)
def test_entities(text, expected):
    assert unescape_entities(text) == expected


def test_control_characters_go_and_line_breaks_stay():
    text = "\ufeffa\u00adb\u200bc\x00\ud800\tD\r\nE\rF\x85G\x0bH"
    assert strip_control(text) == "abc\tD\nE\nF\nG\nH"


def test_unicode_spaces_and_composition():
    assert normalise_unicode("a\u00a0b\u2003c\u2028d\u3000e\u0301") == "a b c\nd é"
    assert normalise_unicode("a" + "\u0308" * 1000) == "ä" + "\u0308" * 29


def test_whitespace_collapses():
    assert collapse_whitespace(" a \t b \r\n \n c\u2003 ") == "a b\nc"


def test_steps_left_out_leave_their_traces():
    assert clean(" <b>x</b> ", ["collapse_whitespace"]) == "<b>x</b>"
    assert clean(" x ", []) == " x "


def test_an_unknown_step_is_told():
    with pytest.raises(UserError, match=r"data\.cleaning.*'strip_tags'.*strip_markup"):
        clean("x", ["strip_tags"])


@pytest.mark.parametrize(
    "text",
    [
        "<" * 1_000_000,
        ">" * 1_000_000,
        "<>" * 500_000,
        "<" * 200_000 + "b>" * 200_000,
        "&" + "amp;" * 100_000,
        "&" * 100_000 + "#38;" * 100_000,
        "&" * 200_000 + "35;" * 200_000 + "112;",
        "&l" * 50_000 + "<b>t;" * 50_000,
        "&l" * 50_000 + "t;b>t;" * 50_000,
        "&am" * 50_000 + "&#8203;p;" * 50_000,
        ";" * 1_000_000,
        "<a " + "b=c " * 250_000,
        "<a" + " " * 1_000_000 + "b",
        '<a x="' * 160_000,
        "<!--" * 250_000,
        "a" + "\u0301\u0327" * 300_000,
        ("a" + "\u0301\u0327" * 15) * 20_000,
        " \u00a0\n" * 300_000,
    ],
    ids=range(18),
)
def test_time_is_linear_whatever_the_text(text):
    start = time.process_time()
    once = clean(text)
    assert time.process_time() - start < 8
    assert clean(once) == once


def test_no_markup_of_one_kind_is_left_after_deep_nesting():
    text = "&l" * 50 + "<b>t;" * 50
    assert strip_markup(unescape_entities(clean(text))) == clean(text)
