"""The documentation as a site that opens from disk and has a search.

    python -m tools.docs.site site

Sphinx builds it, of README.md and docs/. Nothing in it is loaded from another machine.
"""

import argparse
import posixpath
import re
import shutil
import sys
import tempfile
from pathlib import Path

from tools.docs.configuration import REPOSITORY

# Page of the site → file of the repository, of those outside docs/.
OUTSIDE = {
    "index.md": "README.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "SECURITY.md": "SECURITY.md",
    "CHANGELOG.md": "CHANGELOG.md",
}
# The site's contents: heading → page → its name there.
CONTENTS = {
    "Train": {
        "data": "Data", "training": "Training", "sweeping": "Sweeps", "scaling": "Scaling",
        "configuration": "All settings",
    },
    "Evaluate": {
        "evaluating": "Evaluating", "outputs": "Files of a run", "results": "Results",
        "performance": "Performance", "reliability": "Reliability",
    },
    "Use a model": {
        "predicting": "Labelling documents", "page": "The web page", "explaining": "Explaining",
        "abstaining": "Abstaining", "exporting": "Exporting",
    },
    "From Python": {"api": "API", "extending": "Extending"},
    "About": {
        "decisions": "Decisions", "SECURITY": "Security", "licences": "Licences",
        "CONTRIBUTING": "Contributing", "CHANGELOG": "Changelog",
    },
}  # fmt: skip
SETTINGS = {
    "project": "resumebert",
    "author": "the resumebert authors",
    "html_title": "resumebert",
    "html_theme": "furo",
    "html_copy_source": "0",
    "html_show_sourcelink": "0",
    # It reads the pages that were found, which a browser does not do from disk.
    "html_show_search_summary": "0",
    "extensions": "myst_parser",
    # So that links may lead to headings.
    "myst_heading_anchors": "4",
    # YAML with an ellipsis, and what a console shows, are no code of a language.
    "suppress_warnings": "misc.highlighting_failure",
}
_LINK = re.compile(r"(\[[^\[\]]*\])\(([^()\s]+)\)")
_CODE = re.compile(r"^```.*?^```", re.M | re.S)


def main() -> int:
    """Build the site, and return Sphinx's exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    from sphinx.cmd.build import build_main

    with tempfile.TemporaryDirectory() as made:
        source = Path(made)
        for name, text in pages().items():
            (source / name).write_text(text, encoding="utf-8")
        shutil.copytree(REPOSITORY / "docs" / "images", source / "images")
        settings = [word for pair in SETTINGS.items() for word in ("-D", "=".join(pair))]
        # -W: a link that leads nowhere fails the build.
        code = build_main(["-q", "-W", "-C", *settings, "-b", "html", made, str(folder)])
    if not code:
        print(f"Open {folder}/index.html", file=sys.stderr)
    return int(code)


def pages() -> dict[str, str]:
    """Return the site's pages as Markdown."""
    files = {path.name: f"docs/{path.name}" for path in (REPOSITORY / "docs").glob("*.md")}
    found = {}
    for page, source in {**files, **OUTSIDE}.items():
        text = (REPOSITORY / source).read_text(encoding="utf-8")
        found[page] = with_links_of_the_site(text, page)
    for caption, names in CONTENTS.items():
        listed = "\n".join(f"{title} <{page}>" for page, title in names.items())
        found["index.md"] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```\n"
    return found


def with_links_of_the_site(markdown: str, page: str) -> str:
    """Return a page's text with its links from its file in the repository as those of the site.

    Links to other files of the repository, which the site does not have, become their words.
    """
    folder = posixpath.dirname(OUTSIDE.get(page, f"docs/{page}"))
    names = {source: name for name, source in OUTSIDE.items()}

    def replaced(found: re.Match[str]) -> str:
        words, (target, _, anchor) = found[1], found[2].partition("#")
        if "://" in target or not target:
            return found[0]
        path = posixpath.normpath(posixpath.join(folder, target))
        inside = names.get(path, path.removeprefix("docs/") if path.startswith("docs/") else None)
        if inside is None:
            return words[1:-1]
        return f"{words}({inside}{'#' if anchor else ''}{anchor})"

    # Code is not touched.
    code = [*_CODE.findall(markdown), ""]
    linked = (_LINK.sub(replaced, piece) for piece in _CODE.split(markdown))
    return "".join(piece + block for piece, block in zip(linked, code, strict=True))


if __name__ == "__main__":
    sys.exit(main())
