"""Cleaning of a résumé's text: small named steps, and ``clean``, which runs them.

The markup is more than untidy: a job site's search highlighting (``<span class="hl">``) marks the
very words a label was searched by, so markup that survives cleaning is a leak of the labels.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from html import unescape
from html.entities import html5
from itertools import chain, count

from resumebert.data.masking import mask_personal_data
from resumebert.utils.errors import UserError

_INLINE_TAGS = (
    "a|abbr|acronym|b|basefont|bdi|bdo|big|blink|button|cite|code|data|del|dfn|em|font|i|"
    "img|input|ins|kbd|label|mark|meter|output|picture|progress|q|rb|rp|rt|ruby|s|samp|"
    "small|source|span|strike|strong|sub|sup|svg|time|tt|u|var|wbr"
)
_BLOCK_TAGS = (
    "address|applet|area|article|aside|audio|base|blockquote|body|br|canvas|caption|"
    "center|col|colgroup|datalist|dd|details|dialog|dir|div|dl|dt|embed|fieldset|"
    "figcaption|figure|footer|form|frame|frameset|h1|h2|h3|h4|h5|h6|head|header|hgroup|hr|"
    "html|iframe|legend|li|link|main|map|marquee|menu|meta|nav|nobr|noframes|noscript|"
    "object|ol|optgroup|option|p|param|pre|script|search|section|select|slot|style|"
    "summary|table|tbody|td|template|textarea|tfoot|th|thead|title|tr|track|ul|video"
)
# Any other word without a value is taken for prose, so that "if a <b and c> d" keeps its words.
_BOOLEAN_ATTRIBUTES = (
    "async|autofocus|autoplay|checked|compact|controls|declare|default|defer|disabled|"
    "hidden|inert|ismap|itemscope|loop|multiple|muted|nohref|noresize|noshade|novalidate|"
    "nowrap|open|readonly|required|reversed|selected"
)


def _tag_pattern(names: str) -> str:
    """Return a pattern for the inside of a tag; possessive, so that it can't backtrack."""
    value = r"""(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'<>=`]++)"""
    valued = rf"[a-z_:@][\w:.-]*+\s*+=\s*+{value}"
    boolean = rf"(?:{_BOOLEAN_ATTRIBUTES})(?![\w:.=-])"
    attribute = rf"""(?:\s++|(?<=["']))(?:{valued}|{boolean})"""
    return rf"(?:{names})(?![\w:.-])(?:{attribute})*+\s*+/?"


_INLINE = rf"/?{_tag_pattern(_INLINE_TAGS)}"
_BLOCK = rf"/?{_tag_pattern(_BLOCK_TAGS)}|!doctype\s[^<>]*+"
_COMMENT = r"!--[^<>]*+(?<=--)"
# Without ASCII, IGNORECASE takes "ſ" for "s" and the Kelvin sign for "k".
_TAG = re.compile(rf"<(?:(?P<block>{_BLOCK})|{_INLINE}|{_COMMENT})>", re.IGNORECASE | re.ASCII)

# Escaped more than once, an entity has "amp;" before its name.
_ENTITY = re.compile(
    "&(?:(?:amp|AMP|#38|#[xX]26);)*(?P<name>(?:[A-Za-z][A-Za-z0-9]*|#[0-9]+|#[xX][0-9A-Fa-f]+);)"
)

# The control characters that part words or lines; the rest have no width and go without trace.
_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1f\x85]")
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e007f]"
)
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_LINE_SEPARATORS = re.compile("[\u2028\u2029]")
# Putting a run of marks into canonical order takes time quadratic in its length, so runs are cut at
# the length that Unicode's stream-safe format (UAX #15) allows.
_MARKS_IN_A_RUN = 30
_MAY_BE_MARK = re.compile("[\u0300-\u036f\u0483-\u1fff\u20d0-\u20f0\u2cef-\U0010ffff]")
_MARK = "".join(c for c in map(chr, range(0x300, 0x1E94B)) if unicodedata.combining(c))
_LONG_RUN = re.compile(rf"([{_MARK}]{{{_MARKS_IN_A_RUN}}})[{_MARK}]+")

_ROUNDS = 8


def normalise_unicode(text: str) -> str:
    """Turn Unicode's spaces into a space, its line separators into a newline, and compose (NFC).

    Of more than 30 combining marks in a row, the first 30 stay. Lengthens only as NFC does: a few
    Hebrew and Indic letters and musical signs become up to three characters.
    """
    if text.isascii():
        return text
    text = text.replace("\u00a0", " ")
    if not text.isprintable():
        text = _LINE_SEPARATORS.sub("\n", _SPACES.sub(" ", text))
    if _MAY_BE_MARK.search(text) is not None:
        text = _LONG_RUN.sub(r"\1", text)
    if unicodedata.is_normalized("NFC", text):
        return text
    # Again, because a few marks come apart into two.
    return _LONG_RUN.sub(r"\1", unicodedata.normalize("NFC", text))


def strip_control(text: str) -> str:
    r"""Remove characters without a glyph: control, zero-width, BOM, soft hyphen, lone surrogates.

    Newline and tab stay; ``\r``, ``\v``, ``\f``, NEL and the separators of ASCII become a newline.
    Never lengthens.
    """
    # No character that is printable to Python is one of these.
    if text.isprintable() or _CONTROLS.search(text) is None:
        return text
    return _CONTROLS.sub("", _BREAKS.sub("\n", text))


def unescape_entities(text: str) -> str:
    """Replace HTML entities by their characters, those that are escaped more than once too.

    Only entities closed by ``;`` count: a browser also takes ``&copy`` in ``?a=1&copy=2`` for one,
    and prose isn't written by such rules. Of entities in entities, eight are undone. Never
    lengthens.
    """
    for _ in range(_ROUNDS if "&" in text else 0):
        plain = _ENTITY.sub(_character, text)
        if plain == text:
            break
        text = plain
    return text


def _character(entity: re.Match[str]) -> str:
    """Return what ``&name;`` or ``&#number;`` stands for, or ``&name;`` if it is no entity."""
    name = entity["name"]
    return unescape(f"&{name}") if name in html5 or name.startswith("#") else f"&{name}"


def strip_markup(text: str) -> str:
    """Remove HTML tags, comments and doctypes; block tags (``<p>``, ``<br>``) become a newline.

    A tag is ``<`` directly followed by a name known to HTML, then attributes of the form
    ``name=value`` (or known without a value), then ``>``. So ``a < b and c > d``, ``x<5``, ``C<T>``
    and ``<userid>`` stay. An inline tag leaves nothing: ``<span class="hl">Java</span>Script`` is
    ``JavaScript``. What a removal brings together (``<<b>b>``) is removed as well. The content of
    ``<script>`` and ``<style>`` stays: in a résumé those are names of things known, not code.
    Never lengthens.
    """
    if "<" not in text or ">" not in text:
        return text
    stripped = _TAG.sub(_blank, text)
    return _strip_nested(stripped) if _TAG.search(stripped) else stripped


def _blank(tag: re.Match[str]) -> str:
    """Return what is left of a tag."""
    return "\n" if tag["block"] is not None else ""


def _strip_nested(text: str) -> str:
    """Strip tags that removals bring together, in one pass: each ``>`` closes the last ``<``."""
    closed: list[str] = []
    # The pieces since the last ">" that closed no tag, in a group from each "<" on.
    opened: list[list[str]] = [[]]
    for piece in re.findall(r"[<>]|[^<>]+", text):
        if piece == "<":
            opened.append([piece])
            continue
        opened[-1].append(piece)
        if piece == ">":
            tag = _TAG.fullmatch("".join(opened[-1]))
            if tag and len(opened) > 1:
                opened.pop()
                opened[-1].append(_blank(tag))
            else:
                closed.extend(chain.from_iterable(opened))
                opened = [[]]
    return "".join([*closed, *chain.from_iterable(opened)])


def collapse_whitespace(text: str) -> str:
    """Turn each run of whitespace into one space, or one newline if it has any; trim both ends.

    Never lengthens.
    """
    if text.isprintable() and "  " not in text and text == text.strip():
        return text
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


STEPS: dict[str, Callable[[str], str]] = {
    "normalise_unicode": normalise_unicode,
    "strip_control": strip_control,
    "unescape_entities": unescape_entities,
    "strip_markup": strip_markup,
    "collapse_whitespace": collapse_whitespace,
}
DEFAULT_STEPS: tuple[str, ...] = tuple(STEPS)
MASKING = "mask_personal_data"
STEPS[MASKING] = mask_personal_data


def clean(text: str, steps: Sequence[str] = DEFAULT_STEPS) -> str:
    """Return ``text`` after ``steps``, names of ``STEPS``, run in order until nothing changes.

    A step can uncover work for one before it: an entity may hide markup (``&lt;b&gt;``), a
    zero-width character may hide an entity. So ``clean(clean(text)) == clean(text)``, and no markup
    comes through in disguise; the price is that a tag written as visible text goes too. Time is
    linear in the length: text that is still changing after eight rounds was built to resist, and
    its ``&`` become spaces, after which no entity can arise and the rest settles.

    Raises:
        UserError: A name in ``steps`` is not in ``STEPS``.
    """
    try:
        functions = [STEPS[name] for name in steps]
    except KeyError as error:
        raise UserError(
            f"data.cleaning names the step {error.args[0]!r}, which does not exist. Choose from "
            f"{', '.join(STEPS)}."
        ) from None
    for rounds in count(1):
        cleaned = text
        for function in functions:
            cleaned = function(cleaned)
        if cleaned == text:
            break
        text = cleaned.replace("&", " ") if rounds == _ROUNDS else cleaned
    return text
