"""README and docs: links lead somewhere, and commands are commands."""

import re
import shlex
from functools import cache
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from helpers import REPOSITORY
from resumebert import compose
from resumebert.settings.rules import OF_APP, OF_EXPORT, OF_PREDICT, REQUIREMENTS, check_values

PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md")])
NAMES = [str(page.relative_to(REPOSITORY)) for page in PAGES]
LINK = re.compile(r"\]\(([^()\s]+)\)")
COMMAND = re.compile(
    r"^\s*(?:\$ )?(?:cat \S+ \| )?python (train|eval|predict|export|app)\.py (.*)$", re.M
)
RULES = {"predict": OF_PREDICT, "export": OF_EXPORT, "app": OF_APP}
# What a page has in place of a path or a name.
IN_PLACE = re.compile(r"…|\.\.\.")


@cache
def without_code(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


@cache
def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", without_code(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(without_code(page)):
        target, _, anchor = link.partition("#")
        if "://" in link:
            continue
        found = (page.parent / target).resolve() if target else page
        assert found.exists(), link
        assert found.is_relative_to(REPOSITORY), link
        assert not anchor or anchor in anchors(found), link


def test_every_page_is_in_the_readme() -> None:
    linked = set(LINK.findall((REPOSITORY / "README.md").read_text(encoding="utf-8")))
    assert {name for name in NAMES if name != "README.md"} <= linked


def test_the_readme_is_short() -> None:
    assert len((REPOSITORY / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


def commands() -> list[tuple[str, str]]:
    # A command may go on in the next line.
    texts = [page.read_text(encoding="utf-8").replace("\\\n", " ") for page in PAGES]
    found = [one for text in texts for one in COMMAND.findall(text)]
    return sorted({(name, words) for name, words in found if not IN_PLACE.search(words)})


@pytest.mark.slow
@pytest.mark.parametrize(("name", "words"), commands())
def test_commands_compose(name: str, words: str) -> None:
    given = []
    for word in shlex.split(words, comments=True):
        if word.startswith("-") or word.lstrip("+").startswith(("hydra", "hparams_search")):
            continue
        override = OverridesParser.create().parse_override(word)
        if override.is_sweep_override():
            if not override.is_discrete_sweep():
                continue
            word = f"{override.key_or_group}={next(iter(override.sweep_string_iterator()))}"
        given.append(word)
    check_values(compose(given, name=name), RULES.get(name, REQUIREMENTS))
