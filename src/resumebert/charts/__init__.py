"""Charts as SVG text: one drawing engine and stylesheet for report, leaderboard, TensorBoard."""

import base64
import hashlib
from collections.abc import Callable
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup


def stylesheet() -> Markup:
    """Return the CSS of a page with charts."""
    return Markup((files(__name__) / "style.css").read_text(encoding="utf-8"))


def script() -> str:
    """Return the JavaScript that tells what is pointed at in a chart, in the page's ``#tip``."""
    return (files(__name__) / "charts.js").read_text(encoding="utf-8")


def template(
    package: str, name: str, *, autoescape: bool = True, **filters: Callable[..., str]
) -> Template:
    """Return a template in the folder ``templates`` of a package, with further filters."""
    environment = Environment(
        loader=PackageLoader(package),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=autoescape,
    )
    environment.filters.update(filters)
    return environment.get_template(name)


def policy_hash(code: str) -> str:
    """Return how a Content-Security-Policy allows a page's own script or style, and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"
