"""Text of HTML, as far as a browser would show it."""

import re
from collections.abc import Callable
from typing import Any

from lxml import etree, html

from resumebert.documents.document import Document, Flow, UnreadableError
from resumebert.documents.look import Look, colour_of
from resumebert.documents.markup import Changes, Element, Markup, document_of, walk

_LINES = {
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details",
    "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3",
    "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "summary",
    "table", "tr", "ul",
}  # fmt: skip
_SKIPPED = {
    "head", "script", "style", "noscript", "template", "svg", "math", "select", "textarea",
    "iframe", "object", "audio", "video", "canvas",
}  # fmt: skip
# With a block in them, such as those for print; comments.
_AT_RULES = re.compile(r"/\*.*?\*/|@[^{};]*(?:;|\{(?:[^{}]*\{[^{}]*\})*[^{}]*\})", re.DOTALL)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
# Of one element without its parents: tag, classes and id.
_SELECTOR = re.compile(r"([a-z][a-z0-9]*|\*)?((?:[.#][\w-]+)*)", re.IGNORECASE)
_FAR_OUT = re.compile(r"-(?:\d{4}|999)")
_POINTS = {"pt": 1.0, "px": 0.75, "em": 12.0, "rem": 12.0, "": 0.75}


def read_html(text: str, name: str, kind: str, keep_hidden: bool) -> Document:
    """Read HTML.

    Raises:
        UnreadableError: It has no text.
    """
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.ParserError, ValueError):
        raise UnreadableError("has no text") from None
    rules = _rules("\n".join(style.text or "" for style in root.iter("style")))

    def changes(element: Element) -> Changes:
        declared = "".join(f"{block};" for applies, block in rules if applies(element))
        return _changes(element, declared + element.get("style", ""))

    inserted = {"br": "\n", "td": "\t", "th": "\t"}
    flow = Flow(keep_hidden)
    walk(root, Markup(_SKIPPED, _LINES, inserted, changes), Look(), flow)
    return document_of(flow, name, kind)


def _rules(sheet: str) -> list[tuple[Callable[[Element], bool], str]]:
    """Return the rules of a style sheet that hide or colour text, for elements told by themselves."""
    found: list[tuple[Callable[[Element], bool], str]] = []
    for selectors, block in _RULE.findall(_AT_RULES.sub("", sheet)):
        for selector in selectors.split(","):
            if match := _SELECTOR.fullmatch(selector.strip()):
                found.append((_test(match[1] or "*", re.findall(r"[.#][\w-]+", match[2])), block))
    return found


def _test(tag: str, names: list[str]) -> Callable[[Element], bool]:
    def applies(element: Element) -> bool:
        own = {f".{name}" for name in element.get("class", "").split()}
        own.add(f"#{element.get('id')}")
        return tag in ("*", element.tag) and own.issuperset(names)

    return applies


def _changes(element: Element, declared: str) -> Changes:
    """Return what an element changes, by the declarations that apply to it, the last ones strongest."""
    style = {}
    for declaration in declared.lower().split(";"):
        key, _, value = declaration.partition(":")
        style[key.strip()] = value.replace("!important", "").strip()
    changes: dict[str, Any] = {}
    if (
        style.get("display") == "none"
        or style.get("visibility") in ("hidden", "collapse")
        or re.fullmatch(r"0*\.?0+%?", style.get("opacity", ""))
        or element.get("hidden") is not None
        or any(_FAR_OUT.match(style.get(key, "")) for key in ("left", "top", "text-indent"))
    ):
        changes["vanishes"] = True
    if colour := style.get("color", element.get("color") if element.tag == "font" else None):
        changes["colour"] = colour_of(colour)
    background = style.get("background-color", style.get("background", element.get("bgcolor")))
    if background not in (None, "none", "transparent", "inherit", "initial"):
        changes["backdrop"] = colour_of(background)
    if size := re.fullmatch(r"(\d*\.?\d+)(pt|px|em|rem|)", style.get("font-size", "")):
        changes["size"] = float(size[1]) * _POINTS[size[2]]
    return changes
