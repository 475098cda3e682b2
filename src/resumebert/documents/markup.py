"""Walking a tree of markup (docx, odt, html) in its order, with the look of each text."""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from lxml import etree

from resumebert.documents.document import Flow
from resumebert.documents.look import Look

Element: TypeAlias = Any
# What an element changes in the look of its text: arguments of Look.
Changes: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Markup:
    """What the elements of a kind of markup mean, by their names without namespaces.

    ``skipped`` hold nothing that is shown, ``lines`` begin and end one, ``inserted`` stand for a
    text. Only ``texts`` hold text; None: any.
    """

    skipped: Set[str]
    lines: Set[str]
    inserted: Mapping[str, str]
    changes: Callable[[Element], Changes]
    texts: Set[str] | None = None


def walk(element: Element, markup: Markup, look: Look, flow: Flow) -> None:
    """Write the text of an element and of those in it."""
    tag = local_name(element)
    if tag in markup.skipped:
        return
    changes = markup.changes(element)
    # What is hidden stays so, whatever the elements in it say.
    changes["vanishes"] = look.vanishes or changes.get("vanishes", False)
    look = replace(look, **changes)
    hidden = look.is_hidden
    has_text = markup.texts is None or tag in markup.texts
    if tag in markup.lines:
        flow.end_line()
    flow.add(markup.inserted.get(tag, ""), hidden=hidden)
    if has_text:
        flow.add(_on_one_line(element.text), hidden=hidden)
    for inner in element:
        if isinstance(inner.tag, str):
            walk(inner, markup, look, flow)
        if has_text:
            flow.add(_on_one_line(inner.tail), hidden=hidden)
    if tag in markup.lines:
        flow.end_line()


def _on_one_line(text: str | None) -> str:
    return (text or "").replace("\n", " ").replace("\r", " ")


def local_name(element: Element) -> str:
    """Return an element's name without its namespace."""
    return str(etree.QName(element).localname)


def attribute(element: Element | None, name: str) -> str | None:
    """Return an attribute by its name without a namespace; None: there is none, or no element."""
    items: Iterable[tuple[str, str]] = () if element is None else element.items()
    return next((value for key, value in items if key.rpartition("}")[2] == name), None)


def child(element: Element, *names: str) -> Element | None:
    """Return the first child with a name, of that the first with the next name, and so on."""
    return element.find("/".join(f"{{*}}{name}" for name in names))


def inherited(styles: Mapping[str, tuple[str | None, Changes]]) -> dict[str, Changes]:
    """Return what each style changes together with its parents, of parent and own changes."""
    found = {}
    for name in styles:
        line: list[str] = []
        changes: Changes = {}
        parent: str | None = name
        while parent is not None and parent in styles and parent not in line:
            line.append(parent)
            parent, own = styles[parent]
            changes = own | changes
        found[name] = changes
    return found
