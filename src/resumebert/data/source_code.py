"""A digest of the code that a result depends on, so that the cache forgets what other code made."""

import ast
import hashlib
import inspect
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import Any

from resumebert.data.cache_store import digest_file

_PACKAGE = "resumebert"
# What lies outside of these parts of the package, and the cache itself, changes no content.
_FOLLOWED = (f"{_PACKAGE}.data", f"{_PACKAGE}.documents")
_NOT_FOLLOWED = f"{_PACKAGE}.data.cache_store"
_INSTALLED = tuple(Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib", "stdlib"))


def code_digest(reader: Callable[..., Any], *modules: str) -> str | None:
    """Return a digest of the code of a reader and of modules, and of all that they import.

    Installed packages are left out, but for the reader's own; so are comments and docstrings. For a
    reader from outside this package, the files that its arguments name count as well.

    Args:
        reader: a function, a partial of one, or an object that can be called.
        modules: dotted names in this package.

    Returns:
        A sha256; None: the reader's code is nowhere to be found.
    """
    digest = hashlib.sha256()
    arguments: list[Any] = []
    while isinstance(reader, partial):
        arguments += [reader.args, reader.keywords]
        reader = reader.func
    name = str(getattr(reader, "__module__", None) or type(reader).__module__)
    if not name.startswith(f"{_PACKAGE}."):
        for path in filter(_is_path, _strings(arguments)):
            digest.update(digest_file(Path(path).expanduser()).encode())
    is_file = _file_of(name) is not None
    if not is_file:
        try:
            digest.update(inspect.getsource(reader).encode())
        except (OSError, TypeError):
            return None
    for file in sorted(_imported([*modules, *([name] if is_file else [])])):
        digest.update(_without_comments(file))
    return digest.hexdigest()


def _strings(value: Any) -> Iterator[str]:
    """Yield the texts in nested arguments."""
    if isinstance(value, str | Path):
        yield str(value)
    elif isinstance(value, Mapping):
        yield from _strings(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


def _is_path(text: str) -> bool:
    try:
        return bool(text) and Path(text).expanduser().exists()
    except (OSError, ValueError, RuntimeError):
        return False


def _file_of(name: str) -> Path | None:
    """Return the file of a module, or None if it is built in or there is none."""
    if name == "__main__":
        origin = getattr(sys.modules[name], "__file__", None)
    else:
        try:
            spec = find_spec(name)
        except (ImportError, AttributeError, ValueError):
            return None
        origin = spec.origin if spec and spec.has_location else None
    return Path(origin) if origin and Path(origin).is_file() else None


def _imported(starts: Iterable[str]) -> set[Path]:
    """Return the files of modules, and of those that they import, directly or not."""
    todo = list(starts)
    tops = {name.partition(".")[0] for name in todo}
    seen: set[str] = set()
    files: set[Path] = set()
    while todo:
        name = todo.pop()
        if name in seen or not _is_followed(name, tops):
            continue
        seen.add(name)
        if (file := _file_of(name)) is not None:
            files.add(file)
            todo += _imports(file, name) if file.suffix == ".py" else []
    return files


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
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                try:
                    base = resolve_name("." * node.level + base, package)
                except ImportError:
                    continue
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _without_comments(path: Path) -> bytes:
    """Return a module's code without comments and docstrings; any other file as it is."""
    if path.suffix != ".py":
        return path.read_bytes()
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(None)
    return ast.dump(tree).encode()
