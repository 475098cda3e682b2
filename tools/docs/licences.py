"""docs/licences.md: the licence of every package that constraints.txt pins.

    python -m tools.docs.licences

Licences are those that the installed packages state. All extras must be installed, all but `ray`.
"""

import re
import sys
from collections.abc import Iterator
from importlib import metadata
from typing import Any

from tools.docs.configuration import REPOSITORY

PAGE = REPOSITORY / "docs" / "licences.md"
# Of packages whose metadata do not state it in a few words: as their repositories do.
STATED = {
    "axe-playwright-python": "MIT; axe-core in it is MPL-2.0",
    "hydra-joblib-launcher": "MIT",
    "hydra-submitit-launcher": "MIT",
}
_HEAD = """# Licences of the dependencies

resumebert has the MIT licence. This is what it is installed with, at the versions that
`constraints.txt` pins; made by `python -m tools.docs.licences`. What extras bring that are not
pinned (`ray`, `wandb`, `mlflow`) is not in it. The default model, all-MiniLM-L6-v2, is under
Apache-2.0.

| package | version | licence |
|---|---|---|
"""


def main() -> None:
    """Write the page."""
    rows = [f"| {name} | {version} | {licence(name)} |" for name, version in pins()]
    PAGE.write_text(_HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    print(PAGE.relative_to(REPOSITORY), file=sys.stderr)


def pins() -> Iterator[tuple[str, str]]:
    """Yield the packages that are pinned, with their versions."""
    for line in (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, version = line.partition("==")
            yield name.strip(), version.strip()


def licence(name: str) -> str:
    """Return what an installed package states."""
    found: Any = metadata.metadata(name)
    plain = found.get("License-Expression") or found.get("License") or ""
    classified = [
        each.split(" :: ")[-1]
        for each in found.get_all("Classifier") or []
        if each.startswith("License :: ") and each.count(" :: ") > 1
    ]
    # Some give the whole text of it.
    short = plain if plain and "\n" not in plain and len(plain) < 60 else ""
    stated = STATED.get(name.lower()) or short or ", ".join(classified) or _first_line(plain)
    return re.sub(r"[|\n]", " ", stated)


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "not stated")


if __name__ == "__main__":
    main()
