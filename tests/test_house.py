"""The rooms of the package import one another one way down, and no module imports in a circle."""

import ast
import graphlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from helpers import REPOSITORY

SOURCE = REPOSITORY / "src"
# Each room may import those before it, and the rooms that serve all.
ROOMS = (
    "settings", "documents", "data", "model", "evaluation", "report", "inference", "callbacks",
    "sweeps",
    "tasks",
)  # fmt: skip
SERVE_ALL = ("utils", "charts")
# Of the package itself, not of a room: they are what people use, and may import any.
FACE = ("__main__",)


def name_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports() -> dict[str, set[str]]:
    """Return module → the modules of ours that it imports, inside of functions too."""
    modules = {name_of(path): path for path in SOURCE.rglob("*.py")}
    found = {}
    for module, path in modules.items():
        names = [
            next((name for name in names if name in modules), None)
            for names in imported(ast.parse(path.read_text()))
        ]
        # Each module imports the package that it is in, which only knows its version.
        found[module] = {name for name in names if name not in (None, "resumebert")}
    return found


def imported(tree: ast.AST) -> Iterator[tuple[str, ...]]:
    """Yield what may be the name of each imported module, the longest first."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name,) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written out"
            yield from ((f"{node.module}.{a.name}", str(node.module)) for a in node.names)
        yield from imported(node)


def room_of(module: str) -> str:
    return [*module.split("."), ""][1]


def test_every_room_is_known():
    rooms = {room_of(m) for m in imports() if m.startswith("resumebert.")}
    assert rooms <= {*ROOMS, *SERVE_ALL, *FACE}


@pytest.mark.parametrize("room", [*ROOMS, *SERVE_ALL])
def test_a_room_imports_only_those_below_it(room):
    if room == "utils":
        allowed = {room}
    elif room == "charts":
        allowed = {room, "utils"}
    else:
        allowed = {*ROOMS[: ROOMS.index(room) + 1], *SERVE_ALL}
    wrong = [
        f"{module} imports {name}"
        for module, names in imports().items()
        for name in sorted(names)
        if module.startswith("resumebert.")
        and room_of(module) == room
        and room_of(name) not in allowed
    ]
    assert wrong == []


def test_no_module_imports_in_a_circle():
    graphlib.TopologicalSorter(imports()).prepare()
