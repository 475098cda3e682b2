"""The pages as HTML: each one file with its style and script inside it, and nothing outside it."""

import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from resumebert.charts import policy_hash, stylesheet, template
from resumebert.inference.app.answers import About
from resumebert.utils.folders import EXPORTED

# What a run and an export say of their model, and how far above the model's file it may lie.
_CARDS = ("model_card.md", "README.md")
_PLACES = (".", "..")


@dataclass(frozen=True)
class Page:
    """A page, and the Content-Security-Policy that lets its own style and script run, no other."""

    html: str
    policy: str


def main_page(about: About) -> Page:
    """Return the page that takes résumés."""
    # "</script>" in a label's name must not end the element that holds it.
    data = json.dumps(about.model_dump()).replace("<", "\\u003c")
    script = f"{_read('page.js')}\n{_read('document.js')}"
    return _page("page.html", script, about=about, data=Markup(data))


def card_page(model: Path, about: About) -> Page:
    """Return the model card of a checkpoint, a run's folder or an exported folder."""
    card = _card(model)
    # Whatever HTML is in it is shown as text.
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    content = Markup(_with_scrolling(markdown.render(card))) if card else None
    return _page("card.html", about=about, card=content)


def api_page(description: Mapping[str, Any]) -> Page:
    """Return the page on the API, of its OpenAPI description."""
    return _page("api.html", paths=description["paths"], schemas=description["components"])


def _card(model: Path) -> str | None:
    """Return the model card that lies with a model, as Markdown."""
    folder = model if model.is_dir() else model.parent
    for place in _PLACES:
        for name in _CARDS:
            path = folder / place / name
            # A README somewhere else is not the model's.
            if name == "README.md" and not (path.parent / EXPORTED).is_file():
                continue
            if path.is_file():
                return _body(path.read_text(encoding="utf-8", errors="replace"))
    return None


def _with_scrolling(html: str) -> str:
    """Let wide tables scroll, by the keyboard too, and leave no heading of a column empty."""
    numbers = itertools.count(1)
    html = re.sub(
        "<table>",
        lambda _: (
            f'<div class="scroll" tabindex="0" role="region" aria-label="Table '
            f'{next(numbers)}"><table>'
        ),
        html,
    )
    return html.replace("</table>", "</table></div>").replace("<th></th>", "<td></td>")


def _body(card: str) -> str:
    """Return a card without the YAML that a model hub wants before it."""
    return card.split("\n---\n", 1)[-1] if card.startswith("---\n") else card


def _page(name: str, script: str = "", **content: Any) -> Page:
    style = stylesheet() + Markup(_read("page.css"))
    html = template("resumebert.inference.app", name).render(
        style=style, script=Markup(script), **content
    )
    policy = (
        f"default-src 'none'; style-src {policy_hash(style)}; script-src {policy_hash(script)}; "
        "connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    return Page(html, policy)


def _read(name: str) -> str:
    folder = files("resumebert.inference.app") / "templates"
    return (folder / name).read_text(encoding="utf-8")
