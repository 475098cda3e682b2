"""Marked texts: nothing of them is changed, and nothing in them is HTML."""

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from resumebert.charts.highlights import Mark, highlighted

PLACES = st.integers(0, 30)
MARKS = st.builds(
    Mark,
    PLACES,
    PLACES,
    st.sampled_from(["u", "span"]),
    st.dictionaries(st.just("title"), st.text()),
)


def parts(html: str) -> list[tuple[str, int]]:
    """Return each character of a text and how many elements it is in."""
    found, depth = [], 0
    for token in re.findall(r"<[^>]*>|&[^;]+;|[^<]", html, re.DOTALL):
        if token.startswith("<"):
            depth += -1 if token.startswith("</") else 1
        else:
            found.append((unescape(token), depth))
    return found


@given(st.text(max_size=30).filter(lambda text: "\0" not in text and "\r" not in text),
       st.lists(st.lists(MARKS, max_size=3), max_size=3), PLACES, PLACES)  # fmt: skip
def test_each_character_is_in_its_marks(text, layers, begin, end):
    begin, end = sorted([min(begin, len(text)), min(end, len(text))])
    marks = [mark for layer in layers for mark in layer]
    expected = [
        (text[at], sum(mark.start <= at < mark.end for mark in marks)) for at in range(begin, end)
    ]
    assert parts(str(highlighted(text, layers, begin, end))) == expected


def test_later_layers_lie_around_earlier_ones():
    inner = Mark(2, 4, "u", {"title": '{0} "x" <b>'})
    outer = Mark(0, 3, "mark", {})
    assert highlighted("a <b> c", [[inner], [outer]]) == (
        "<mark>a </mark>"
        '<mark><u title="{0} &#34;x&#34; &lt;b&gt;">&lt;</u></mark>'
        '<u title="{0} &#34;x&#34; &lt;b&gt;">b</u>'
        "&gt; c"
    )
