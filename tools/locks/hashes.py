"""hashes.txt: the SHA-256 of every file that the plain install may take.

    python -m tools.locks.hashes [FOLDER]

Versions are those of constraints.txt, hashes those that the package index states. FOLDER has
further files: a PyTorch without CUDA, which is not on that index. The one for Linux that is there
is left out, since it takes gigabytes of CUDA that nothing here pins.
"""

import hashlib
import re
import sys
from importlib import metadata
from pathlib import Path

import requests
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from pip._internal.models.index import PyPI

from tools.docs.configuration import REPOSITORY
from tools.docs.licences import pins

LOCK = REPOSITORY / "hashes.txt"
_JSON = "application/vnd.pypi.simple.v1+json"
_PYTHONS = re.compile(r"py3|cp3(?:11|12|13)")
_HEAD = """\
# What `make install-hashed` installs, and the SHA-256 that its files must have.
# Made of constraints.txt by `python -m tools.locks.hashes`.
"""


def main() -> None:
    """Write the file."""
    folders = map(Path, sys.argv[1:])
    others = [path for folder in folders for path in sorted(folder.iterdir())]
    blocks = []
    for name, version in locked():
        known = {**hashes(name, version), **_of_files(name, version, others)}
        lines = [f"{name}=={version}", *(f"    --hash=sha256:{each}" for each in sorted(known))]
        blocks.append(" \\\n".join(lines))
    LOCK.write_text(_HEAD + "\n".join(blocks) + "\n", encoding="utf-8")
    print(LOCK.relative_to(REPOSITORY), file=sys.stderr)


def locked() -> list[tuple[str, str]]:
    """Return the packages that resumebert takes without its extras, with their versions."""
    pinned: dict[str, str] = {canonicalize_name(name): version for name, version in pins()}
    # Packages, and extras of theirs that others ask for.
    found = {("resumebert", "")}
    waiting = [*found]
    while waiting:
        package, extra = waiting.pop()
        for line in metadata.requires(package) or []:
            needed = Requirement(line)
            if needed.marker and not needed.marker.evaluate({"extra": extra}):
                continue
            new = {(canonicalize_name(needed.name), each) for each in ("", *needed.extras)} - found
            found |= new
            waiting += new
    names = {name for name, _ in found} - {"resumebert"}
    return sorted((name, pinned[name]) for name in names)


def hashes(name: str, version: str) -> dict[str, str]:
    """Return SHA-256 → file of a version's files, those for the Pythons that are supported."""
    answer = requests.get(f"{PyPI.simple_url}/{name}/", headers={"Accept": _JSON}, timeout=60)
    answer.raise_for_status()
    return {
        file["hashes"]["sha256"]: file["filename"]
        for file in answer.json()["files"]
        if _is_for_us(file["filename"], name, version)
    }


def _is_for_us(file: str, name: str, version: str) -> bool:
    try:
        if file.endswith(".whl"):
            found, of, _, tags = parse_wheel_filename(file)
        else:
            (found, of), tags = parse_sdist_filename(file), None
    except ValueError:
        return False
    if canonicalize_name(found) != canonicalize_name(name) or of.public != version:
        return False
    if name == "torch" and "manylinux" in file and of.local is None:
        return False
    return tags is None or any(
        _PYTHONS.fullmatch(tag.interpreter) or tag.abi == "abi3" for tag in tags
    )


def _of_files(name: str, version: str, files: list[Path]) -> dict[str, str]:
    return {
        hashlib.sha256(path.read_bytes()).hexdigest(): path.name
        for path in files
        if _is_for_us(path.name, name, version)
    }


if __name__ == "__main__":
    main()
