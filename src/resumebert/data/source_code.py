"""A digest of the code that a result depends on, so that the cache forgets what other code made."""

import ast
import hashlib
import inspect
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache, partial
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import Any

from resumebert.data.cache import digest_file

_PACKAGE = "resumebert"
# What lies outside of these parts of the package, and the cache itself, changes no content.
_FOLLOWED = (f"{_PACKAGE}.data", f"{_PACKAGE}.documents")
_NOT_FOLLOWED = f"{_PACKAGE}.data.cache"
_INSTALLED = tuple(Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib", "stdlib"))


def code_digest(reader: Callable[..., Any], *modules: str) -> str | None:
    """Return a sha256 of the code of a reader and of modules, and of all that they import.

    Installed packages are left out, but for the reader's own; so are comments and docstrings. For a
    reader from outside this package, the files that its arguments name count as well.

    Args:
        reader: a function, a partial of one, or an object that can be called.
        modules: dotted names in this package.

    Returns:
        None: the reader's code is nowhere to be found.
    """
    arguments: list[Any] = []
    while isinstance(reader, partial):
        arguments += [reader.args, reader.keywords]
        reader = reader.func
    name = str(getattr(reader, "__module__", None) or type(reader).__module__)
    digest = hashlib.sha256()
    if not name.startswith(f"{_PACKAGE}."):
        for path in _paths(arguments):
            digest.update(digest_file(path).encode())
    if _file_of(name) is None:
        try:
            digest.update(inspect.getsource(reader).encode())
        except (OSError, TypeError):
            return None
    for file in sorted(_imported([*modules, name])):
        content = file.read_bytes()
        digest.update(_parsed(content)[1] if file.suffix == ".py" else content)
    return digest.hexdigest()


def _paths(value: Any) -> Iterator[Path]:
    """Yield the files and folders that nested arguments name."""
    if isinstance(value, str | Path) and str(value):
        with suppress(OSError, ValueError, RuntimeError):
            path = Path(value).expanduser()
            if path.exists():
                yield path
    elif isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _paths(item)


def _file_of(name: str) -> Path | None:
    """Return the file of a module, or None if it is built in or there is none."""
    if name == "__main__":
        origin = getattr(sys.modules[name], "__file__", None)
    else:
        try:
            origin = getattr(find_spec(name), "origin", None)
        except (ImportError, AttributeError, ValueError):
            return None
    return Path(origin) if origin and Path(origin).is_file() else None


def _imported(starts: Iterable[str]) -> set[Path]:
    """Return the files of modules, and of those that they import, directly or not."""
    todo = list(starts)
    tops = {name.partition(".")[0] for name in todo}
    files: dict[str, Path | None] = {}
    while todo:
        name = todo.pop()
        if name not in files and _is_followed(name, tops):
            file = files[name] = _file_of(name)
            todo += _imports(file, name) if file and file.suffix == ".py" else []
    return {file for file in files.values() if file}


def _is_followed(name: str, tops: set[str]) -> bool:
    top = name.partition(".")[0]
    if top == _PACKAGE:
        return name.startswith(_FOLLOWED) and name != _NOT_FOLLOWED
    if top in tops:
        return True
    file = None if top in sys.stdlib_module_names else _file_of(top)
    return file is not None and not any(file.is_relative_to(folder) for folder in _INSTALLED)


def _imports(file: Path, name: str) -> Iterator[str]:
    """Yield the names of what a module may import: of each, a module or something in one."""
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in _parsed(file.read_bytes())[0]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            try:
                base = resolve_name("." * node.level + (node.module or ""), package)
            except ImportError:
                continue
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


@cache
def _parsed(code: bytes) -> tuple[list[ast.Import | ast.ImportFrom], bytes]:
    """Return a module's imports, and its code without comments and docstrings."""
    tree = ast.parse(code)
    imports = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.append(node)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(None)
    return imports, ast.dump(tree).encode()
