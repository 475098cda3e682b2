"""The reference of the settings is that of conf/, and the site has every page."""

import re
from pathlib import Path

import pytest
import yaml

from helpers import REPOSITORY
from tools.docs import configuration, licences, site


def test_the_reference_is_up_to_date():
    assert configuration.PAGE.read_text(encoding="utf-8") == configuration.page(), (
        "run: python -m tools.docs.configuration"
    )


@pytest.mark.parametrize(
    "path",
    sorted(path for path in configuration.CONF.rglob("*.yaml") if path.parent.name != "help"),
    ids=lambda path: str(path.relative_to(configuration.CONF)),
)
def test_every_key_of_a_file_is_read(path: Path):
    def keys(node: object, prefix: str = ""):
        for name, value in node.items() if isinstance(node, dict) else ():
            if name == "defaults" and not prefix:
                continue
            if not isinstance(value, dict) or not value:
                yield f"{prefix}{name}"
            yield from keys(value, f"{prefix}{name}.")

    # A parser of YAML finds the same keys, with the same values.
    expected = set(keys(yaml.safe_load(path.read_text(encoding="utf-8"))))
    found = configuration.parsed(path)
    names = [setting.name for setting in found.settings]
    assert expected <= set(names)
    assert len(names) == len(set(names))


def test_comments_are_those_above_their_keys(tmp_path: Path):
    path = tmp_path / "x.yaml"
    path.write_text(
        "# python train.py data=x\n# What it is for,\n# in two lines.\ndefaults:\n  - base\n"
        "  - override /model: tiny\n  - _self_\n\n# Of a.\na: 1\nb:\n  # Of c | d.\n  c: [x]\n\n"
        "# Of nothing.\n\ne: null\n"
    )
    found = configuration.parsed(path)
    assert found.usage == ["python train.py data=x"]
    assert found.words == "What it is for, in two lines."
    assert found.bases == ["base", "/model=tiny"]
    assert [(each.name, each.value, each.words) for each in found.settings] == [
        ("a", "1", "Of a."), ("b.c", "[x]", "Of c | d."), ("e", "null", ""),
    ]  # fmt: skip


def test_the_licence_of_every_pinned_package_is_listed():
    page = licences.PAGE.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\S+) \| (\S+) \| .*\S.* \|$", page, re.M))
    rows.pop("package")
    assert rows == dict(licences.pins()), "run: python -m tools.docs.licences"


def test_every_page_is_in_the_contents():
    listed = [f"{page}.md" for pages in site.CONTENTS.values() for page in pages]
    assert sorted([*listed, "index.md"]) == sorted(site.pages())


def test_links_are_those_of_the_site():
    text = "[a](docs/data.md#x) [b](examples) ![c](docs/images/page.png) [d](https://x) [e](#y)"
    assert site.with_links_of_the_site(text, "index.md") == (
        "[a](data.md#x) b ![c](images/page.png) [d](https://x) [e](#y)"
    )
    code = "[a](../README.md)\n```\n[a](../README.md)\n```\n"
    assert site.with_links_of_the_site(code, "api.md") == code.replace("../README", "index", 1)


@pytest.mark.slow
def test_the_site_is_built_with_every_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("sphinx")
    pytest.importorskip("furo")
    monkeypatch.setattr("sys.argv", ["site", str(tmp_path)])
    assert site.main() == 0
    built = (tmp_path / "index.html").read_text(encoding="utf-8")
    # Nothing of it is loaded from another machine.
    assert not re.findall(r'(?:<script[^>]+src|<link[^>]+href)="(?:https?:)?//', built)
    assert (tmp_path / "searchindex.js").is_file()
    assert REPOSITORY.joinpath("docs/images/page.png").is_file()
