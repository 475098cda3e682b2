"""Charts as SVG text: one drawing engine and stylesheet for report, leaderboard, TensorBoard."""

from importlib.resources import files

from markupsafe import Markup


def stylesheet() -> Markup:
    """Return the CSS of a page with charts."""
    return Markup((files(__name__) / "style.css").read_text(encoding="utf-8"))


def script() -> str:
    """Return the JavaScript that tells what is pointed at in a chart, in the page's ``#tip``."""
    return (files(__name__) / "charts.js").read_text(encoding="utf-8")
