"""Walking a tree of markup (docx, odt, html) in its order, with the look of each text."""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from lxml import etree

from resumebert.documents.document import Document, Flow, UnreadableError
from resumebert.documents.look import Look

Element: TypeAlias = Any
# What an element changes in the look of its text: arguments of Look.
Changes: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Markup:
    """What the elements of a kind of markup mean, by their names without namespaces.

    Attributes:
        skipped: they hold nothing that is shown.
        lines: they begin and end a line.
        inserted: the text that they stand for.
        changes: what an element changes in the look of its text.
        texts: those that hold text; None: any.
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
    # What is hidden stays so, whatever is inside says.
    look = replace(look, **changes, **({"vanishes": True} if look.vanishes else {}))
    hidden = look.is_hidden
    if tag in markup.lines:
        flow.end_line()
    flow.add(markup.inserted.get(tag, ""), hidden=hidden)
    has_text = markup.texts is None or tag in markup.texts
    if has_text:
        flow.add(_spaced(element.text), hidden=hidden)
    for child in element:
        if isinstance(child.tag, str):
            walk(child, markup, look, flow)
        if has_text:
            flow.add(_spaced(child.tail), hidden=hidden)
    if tag in markup.lines:
        flow.end_line()


def local_name(element: Element) -> str:
    """Return an element's name without its namespace."""
    return str(etree.QName(element).localname)


def attribute(element: Element | None, name: str) -> str | None:
    """Return an attribute by its name without a namespace."""
    if element is None:
        return None
    return next((v for k, v in element.items() if etree.QName(k).localname == name), None)


def child(element: Element, *names: str) -> Element | None:
    """Return the first child with a name, then its first with the next one."""
    for name in names:
        element = None if element is None else element.find(f"{{*}}{name}")
    return element


def inherited(styles: Mapping[str, tuple[str | None, Changes]]) -> dict[str, Changes]:
    """Return what each style changes together with its parents, of parent and own changes."""
    found = {}
    for name in styles:
        changes: Changes = {}
        line = [name]
        while line[-1] in styles:
            parent, own = styles[line[-1]]
            changes = own | changes
            if parent is None or parent in line:
                break
            line.append(parent)
        found[name] = changes
    return found


def document_of(
    flow: Flow, name: str, kind: str, notes: tuple[str, ...] = (), engine: str = "lxml"
) -> Document:
    """Return the document that was written to a flow.

    Raises:
        UnreadableError: It has no text.
    """
    text, hidden = flow.text(), flow.hidden_text()
    if not text:
        raise UnreadableError(
            "has only text that a person can't see" if hidden else "has no text (a scan?)"
        )
    return Document(name, kind, text, engine, hidden_text=hidden, notes=notes)


def _spaced(text: str | None) -> str:
    return (text or "").replace("\n", " ").replace("\r", " ")
