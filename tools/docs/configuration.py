"""docs/configuration.md, of the comments in conf/.

    python -m tools.docs.configuration

Each file's first comment says how it is chosen and what it is for. The comment above a key is about
that key. A blank line, or another key, ends it.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CONF = REPOSITORY / "conf"
PAGE = REPOSITORY / "docs" / "configuration.md"
# In this order: what each command takes, then the groups of train.py.
COMMANDS = ("train", "eval", "predict", "app", "export")
GROUPS = (
    "data", "data/split", "model", "model/lora", "loss", "optimizer", "scheduler", "trainer",
    "callbacks", "logger", "evaluation", "experiment", "hparams_search", "hydra/launcher", "debug",
)  # fmt: skip
_KEY = re.compile(r"^(?P<indent> *)(?P<name>[\w./]+):(?: +(?P<value>.*))?$")
_HEAD = """# All settings

Made of the comments in `conf/` by `python -m tools.docs.configuration`: change them there.
`KEY=VALUE` on the command line sets a key, `+KEY=VALUE` adds one, and `GROUP=CHOICE` chooses a
file. `--help` shows the groups and what is changed most, `--cfg job` the whole config of a command.

The shell completes keys and choices with the Tab key, once it is told to. In bash and zsh, for all
commands:

```bash
eval "$(python train.py -sc install=bash)"
```

and in fish: `python train.py -sc install=fish | source`.
"""


@dataclass
class Setting:
    """A key of a file, its value as it is written, and what is said of it."""

    name: str
    value: str
    words: str


@dataclass
class File:
    """A file of conf/."""

    name: str
    usage: list[str] = field(default_factory=list)
    words: str = ""
    bases: list[str] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.relative_to(REPOSITORY), file=sys.stderr)


def page() -> str:
    """Return the page as Markdown."""
    parts = [_HEAD]
    for command in COMMANDS:
        parts += _section(f"{command}.py", [CONF / f"{command}.yaml"], "", with_names=False)
    for group in GROUPS:
        files = sorted((CONF / group).glob("*.yaml"), key=lambda path: (path.stem[0] != "_", path))
        parts += _section(group, files, group.replace("/", "."), with_names=True)
    return "\n".join(parts)


def _section(title: str, files: list[Path], prefix: str, *, with_names: bool) -> Iterator[str]:
    yield f"## {title}\n"
    for path in files:
        found = parsed(path)
        if with_names and path.stem != "_common":
            yield f"### {title}={path.stem}\n"
        elif with_names:
            yield f"### What all of {title} share\n"
        if found.usage:
            yield "\n".join(["```bash", *found.usage, "```", ""])
        if found.words:
            yield f"{found.words}\n"
        if found.bases:
            yield f"Begins with {', '.join(f'`{base}`' for base in found.bases)}.\n"
        # Experiments and searches set keys of the whole config.
        inside = "" if "_global_" in path.read_text(encoding="utf-8") else prefix
        if found.settings:
            yield "| key | value | |\n|---|---|---|"
            for each in found.settings:
                name = f"{inside}.{each.name}" if inside else each.name
                yield f"| `{name}` | {_cell(each.value)} | {each.words.replace('|', '&#124;')} |"
            yield ""


def _cell(value: str) -> str:
    return f"`{value.replace('|', '&#124;')}`" if value else ""


def parsed(path: Path) -> File:
    """Return what a file says."""
    found = File(path.stem)
    comment: list[str] = []
    above: list[tuple[int, str]] = []
    is_head, list_indent = True, None
    for line in path.read_text(encoding="utf-8").splitlines():
        bare = line.strip()
        if bare.startswith("# @package"):
            continue
        if bare.startswith("#"):
            comment.append(bare.lstrip("#").strip())
            continue
        if is_head:
            is_head = False
            commands = [words for words in comment if words.startswith("python ")]
            found.usage = [one for words in commands for one in words.split(", then: ")]
            found.words = _sentence(w for w in comment if not w.startswith("python "))
            # A file without anything before its first key: the comment is that key's too.
            comment = []
        if not bare:
            comment = []
            continue
        indent = len(line) - len(line.lstrip())
        if list_indent is not None and (bare.startswith("-") or indent > list_indent):
            base = bare.removeprefix("- ").removeprefix("override ")
            if bare.startswith("-") and bare != "- _self_" and above[-1][1] == "defaults":
                found.bases.append(base.replace(": ", "="))
            continue
        list_indent = None
        key = _KEY.match(line)
        if key is None:
            continue
        above = [each for each in above if each[0] < indent] + [(indent, key["name"])]
        value = (key["value"] or "").strip()
        if key["name"] == "defaults":
            list_indent = indent
            comment = []
            continue
        name = ".".join(each for _, each in above)
        if value or comment:
            found.settings.append(Setting(name, value, _sentence(comment)))
        comment = []
    return found


def _sentence(lines: Iterator[str] | list[str]) -> str:
    return " ".join(line for line in lines if line)


if __name__ == "__main__":
    main()
