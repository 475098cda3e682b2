"""Text of HTML and Markdown, as far as a browser would show it."""

import re

from lxml import etree, html

from resumebert.documents.document import Document, Flow, Limits, UnreadableError, decoded
from resumebert.documents.look import Look, colour_of
from resumebert.documents.markup import Changes, Element, Markup, walk

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
# Comments, and rules with others in them, such as those for print.
_PASSED_OVER = re.compile(r"/\*.*?\*/|@[^{};]*(?:;|\{(?:[^{}]*\{[^{}]*\})*[^{}]*\})", re.DOTALL)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
# Of one element without its parents: tag, classes and id.
_NAME = re.compile(r"[.#]?[\w-]+")
_SELECTOR = re.compile(r"\*|[a-z][a-z0-9]*(?:[.#][\w-]+)*|(?:[.#][\w-]+)+", re.IGNORECASE)
_FAR_OUT = re.compile(r"-(?:\d{4}|999)")
_POINTS = {"pt": 1.0, "px": 0.75, "em": 12.0, "rem": 12.0, "": 0.75}
_CHARSET = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)


def read_html(data: bytes, limits: Limits, keep_hidden: bool) -> Document:
    """Read HTML."""
    named = _CHARSET.search(data[:2048])
    return _read(decoded(data, named[1].decode() if named else None), keep_hidden, "lxml")


def read_markdown(data: bytes, limits: Limits, keep_hidden: bool) -> Document:
    """Read Markdown, by way of HTML."""
    from markdown_it import MarkdownIt

    page = MarkdownIt("commonmark").enable("table").render(decoded(data))
    return _read(page, keep_hidden, "markdown-it, lxml")


def _read(page: str, keep_hidden: bool, engine: str) -> Document:
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(page.encode("utf-8", "replace"), parser)
    except etree.ParserError:
        raise UnreadableError("has no text") from None
    rules = _rules("\n".join(style.text or "" for style in root.iter("style")))

    def changes(element: Element) -> Changes:
        classes = (f".{name}" for name in element.get("class", "").split())
        names = {element.tag, f"#{element.get('id')}", *classes}
        declared = [declares for wanted, declares in rules if wanted <= names]
        return _changes(element, ";".join([*declared, element.get("style", "")]))

    flow = Flow(keep_hidden)
    inserted = {"br": "\n", "td": "\t", "th": "\t"}
    walk(root, Markup(_SKIPPED, _LINES, inserted, changes), Look(), flow)
    return flow.document(engine)


def _rules(sheet: str) -> list[tuple[set[str], str]]:
    """Return the rules of a style sheet: the names that an element needs, and what is declared."""
    return [
        (set(_NAME.findall(selector)), declares)
        for selectors, declares in _RULE.findall(_PASSED_OVER.sub("", sheet))
        for selector in selectors.split(",")
        if _SELECTOR.fullmatch(selector.strip())
    ]


def _changes(element: Element, declared: str) -> Changes:
    """Return what an element changes, by what is declared for it; the last word counts."""
    pairs = (declaration.partition(":") for declaration in declared.lower().split(";"))
    style = {key.strip(): value.replace("!important", "").strip() for key, _, value in pairs}
    changes: Changes = {
        "vanishes": style.get("display") == "none"
        or style.get("visibility") in ("hidden", "collapse")
        or bool(re.fullmatch(r"0*\.?0+%?", style.get("opacity", "")))
        or element.get("hidden") is not None
        or any(_FAR_OUT.match(style.get(key, "")) for key in ("left", "top", "text-indent"))
    }
    if colour := style.get("color", element.get("color")):
        changes["colour"] = colour_of(colour)
    background = style.get("background-color", style.get("background", element.get("bgcolor")))
    if background not in (None, "none", "transparent", "inherit", "initial"):
        changes["backdrop"] = colour_of(background)
    if size := re.fullmatch(r"(\d*\.?\d+)(pt|px|em|rem|)", style.get("font-size", "")):
        changes["size"] = float(size[1]) * _POINTS[size[2]]
    return changes
