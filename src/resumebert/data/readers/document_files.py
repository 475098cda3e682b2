"""Opening a folder or zip of documents and its label file, and which document a name means."""

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, TypeAlias

from resumebert.data.readers.files import (
    Member,
    check_path,
    check_sizes,
    folder_members,
    is_folder,
    open_binary,
    open_zip,
    zip_infos,
    zip_members,
)
from resumebert.data.readers.sources import TEXT_SUFFIXES, table_suffix
from resumebert.data.table import Problems, name_list, printable, shorten
from resumebert.documents import SUFFIXES
from resumebert.utils.errors import UserError

_KEY = "data.labels_file"
# Of a drive, of a server, of the root, of a home; or out of the folder that the label file lies in.
_ABSOLUTE = re.compile(r"[A-Za-z]:|/|~|\.\./")

# The stream, the name that tells its kind, and what to call the file in a message.
LabelFile: TypeAlias = tuple[BinaryIO, str, str]


class DocumentNames:
    """Which of the documents a name in a label file means: a path, a file name, or one's stem."""

    def __init__(self, paths: Sequence[str], root: Path) -> None:
        """Take the documents' paths in ``root``, a folder or a zip."""
        self._root = root
        self._exact: dict[str, list[str]] = {}
        self._folded: dict[str, list[str]] = {}
        self._guessed: dict[str, list[tuple[str, str]]] = {}
        for path in paths:
            for known in _names_of(path):
                self._exact.setdefault(known, []).append(path)
                self._folded.setdefault(_fold(known), []).append(path)
        # A path means its document, even if another's name is the same.
        self._exact |= {path: [path] for path in paths}

    def find(self, name: str) -> Sequence[str]:
        """Return the documents that a name may mean."""
        wanted = name.strip().replace("\\", "/").removeprefix("./")
        found = self._exact.get(wanted)
        if found:
            return found
        for how, candidates in (
            ("in another case or Unicode form", self._folded.get(_fold(wanted))),
            ("through a link in the folder", self._linked(wanted)),
            ("by the end of their path", self._by_end(wanted)),
        ):
            if candidates:
                unique = list(dict.fromkeys(candidates))
                if len(unique) == 1:
                    self._guessed.setdefault(how, []).append((name, unique[0]))
                return unique
        return ()

    def _linked(self, wanted: str) -> list[str] | None:
        """Return the document that a path leads to through links."""
        try:
            found = (self._root / wanted).resolve().relative_to(self._root.resolve())
        except (OSError, ValueError, RuntimeError):
            return None
        return self._exact.get(found.as_posix())

    def _by_end(self, wanted: str) -> list[str] | None:
        """Return the documents that the end of a path means, if its beginning leads elsewhere."""
        parts = wanted.split("/")
        if not _ABSOLUTE.match(wanted) and _fold(parts[0]) != _fold(self._root.stem):
            return None
        for k in range(1, len(parts)):
            end = "/".join(parts[k:])
            found = self._exact.get(end) or self._folded.get(_fold(end))
            if found:
                return found
        return None

    def tell(self, problems: Problems) -> None:
        """Remark on the documents that were found by other names than their own."""
        for how, pairs in self._guessed.items():
            name, path = pairs[0]
            problems.remark(
                f"{len(pairs)} documents were found {how}, such as {shorten(name)}, taken for "
                f"{shorten(path)}."
            )


def _names_of(path: str) -> set[str]:
    """Return the names that may stand for a document."""
    spelled = {path.replace("\\", "/"), printable(path)}
    if printable(path) != path:
        # What is not UTF-8 was most likely written on Windows.
        spelled.add(os.fsencode(path).decode("cp1252", "replace"))
    names = [PurePosixPath(known) for known in spelled]
    return {
        known
        for name in names
        for known in (str(name), name.name, name.stem, str(name.with_suffix("")))
    }


def _fold(name: str) -> str:
    """Return a name without the differences that other systems make in it."""
    return unicodedata.normalize("NFC", name).casefold()


@contextmanager
def open_documents(
    path: str | Path | None, labels_file: str | Path | None, source: str, problems: Problems
) -> Iterator[tuple[list[Member], DocumentNames, LabelFile]]:
    """Open a folder or zip of documents, and the label file: its stream, name, and what to call it.

    Raises:
        UserError: While they are open: one of them can't be read.
    """
    folder = is_folder(path)
    found = check_path(path, folder=folder)
    if labels_file is None or not str(labels_file):
        raise UserError(
            f"{_KEY} is not set: which file tells the labels of the documents in {source}? "
            f"Give a csv, tsv or jsonl file as {_KEY}=PATH."
        )
    inside = PurePosixPath(str(labels_file).replace("\\", "/"))
    if table_suffix(inside) not in TEXT_SUFFIXES:
        raise UserError(
            f"{_KEY}={printable(str(labels_file))} has the suffix {shorten(inside.suffix)}, and "
            f"only {', '.join(TEXT_SUFFIXES)} can be read. Save it as one of these."
        )
    if folder:
        members = folder_members(found, (), source)
        own = found / str(labels_file)
        labels = own if _exists(own) and not _exists(labels_file) else labels_file
        texts = _text_members(members, Path(labels), found, source, problems)
        with _label_file(labels) as it:
            yield texts, DocumentNames([name for name, _ in texts], found), it
        return
    if found.suffix.lower() != ".zip":
        raise UserError(
            f"data.path={source} is neither a folder nor a .zip of documents. A table with the "
            f"texts in it is read with data=table."
        )
    with open_zip(found, source) as archive:
        infos = zip_infos(archive, ())
        check_sizes(infos, source, archive)
        in_zip = inside.as_posix() in archive.namelist() and not _exists(labels_file)
        members = zip_members(archive, infos)
        texts = _text_members(members, found / inside, found, source, problems)
        names = DocumentNames([name for name, _ in texts], found)
        if in_zip:
            with archive.open(inside.as_posix()) as stream:
                called = printable(f"{inside} in {source}")
                yield texts, names, (stream, inside.name, called)  # type: ignore[misc]
            return
        with _label_file(labels_file) as it:
            yield texts, names, it


def _exists(path: str | Path) -> bool:
    """Return whether there is a file at ``path``."""
    try:
        return Path(path).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):
        return False


@contextmanager
def _label_file(path: str | Path) -> Iterator[LabelFile]:
    """Open a label file that is a file of its own."""
    source = printable(str(path))
    with open_binary(check_path(path, key=_KEY), source) as (stream, name):
        yield stream, name, source


def _text_members(
    members: list[Member], labels: Path, root: Path, source: str, problems: Problems
) -> list[Member]:
    """Return the documents among all files, remarking on those that are no labels either."""
    documents = {
        name: member
        for name, member in members
        if _is_document(name)
        and not (labels.name in name and (root / name).resolve() == labels.resolve())
    }
    # A .txt beside a PDF or the like, with the same name, is its text.
    plain = {_stem(name) for name in documents if name.lower().endswith(".txt")}
    texts = [
        (name, member)
        for name, member in documents.items()
        if name.lower().endswith(".txt") or _stem(name) not in plain
    ]
    if not texts:
        endings = ", ".join(SUFFIXES)
        raise UserError(f"{source} holds no documents ({endings}). Check data.path.")
    kept = dict(texts)
    others = [name for name, _ in members if name not in kept]
    others = [name for name in others if not name.lower().endswith(TEXT_SUFFIXES)]
    if others:
        problems.remark(f"{source}: these files were passed over: {name_list(others)}.")
    return texts


def _is_document(name: str) -> bool:
    """Return whether a file is one of the documents, by its name."""
    path = PurePosixPath(name)
    return path.suffix.lower() in SUFFIXES and path.stem.lower() not in ("readme", "license")


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))
