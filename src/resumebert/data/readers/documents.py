"""Reading a folder or zip of documents with a label file, which names them in its own way."""

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np

from resumebert.data.cells.columns import (
    PER_LABEL,
    Batch,
    Cells,
    Options,
    Source,
    check_choice,
    python_values,
)
from resumebert.data.problems import Problems, name_list, printable, shorten
from resumebert.data.readers.encodings import decode
from resumebert.data.readers.files import (
    Member,
    check_path,
    open_binary,
    open_members,
    within_memory,
)
from resumebert.data.readers.tables import TEXT_SUFFIXES, open_text, table_suffix
from resumebert.data.table import ResumeTable
from resumebert.documents import SUFFIXES, Document, DocumentReaders
from resumebert.utils.errors import UserError

# A batch of the largest documents fits into the memory.
_BATCH = 64
_KEY, _ROWS = "data.labels_file", f"data.rows={PER_LABEL}"
# Of a drive, of a server, of the root, of a home; or out of the folder that the label file lies in.
_ABSOLUTE = re.compile(r"[A-Za-z]:|/|~|\.\./")


def read_documents(
    path: str | Path | None,
    *,
    labels_file: str | Path | None = None,
    file_column: str = "file",
    id_column: str | None = None,
    label_columns: Sequence[str] | None = None,
    labels_column: str | None = None,
    label_separator: str = ";",
    label_names: Sequence[str] | None = None,
    label_aliases: Mapping[str, str | None] | Sequence[Sequence[str | None]] | str | None = None,
    rows: str = "per_document",
    split_column: str | None = None,
    encoding: str = "auto",
    separator: str = "auto",
    quoting: str = "auto",
    unlisted: str = "error",
    unlabelled: str = "keep",
    on_bad_rows: str = "error",
) -> ResumeTable:
    """Read a folder or zip of documents, a résumé each, with a label file that lists them.

    Args:
        path: the folder or zip; subfolders count.
        labels_file: a csv or its kin, or JSON, with a row for each document: relative to the
            current folder, or in the folder or zip.
        file_column: its column that names the documents: by path in the folder, by file name, or
            by that without its ending; case does not matter, nor where an absolute path begins.
        id_column: its column of the ids; None: the documents' paths.
        label_columns: see :func:`~resumebert.data.readers.read_table`, as for the following.
        labels_column: one column with all labels.
        label_separator: what parts the labels in ``labels_column``.
        label_names: the labels, in the order wanted.
        label_aliases: the right name for each wrong one.
        rows: "per_document", or "per_label": the label file has a row for each label of a document.
        split_column: the column that names each document's split, or None.
        encoding: that of each .txt file and of the label file; "auto": detected for each.
        separator: of the label file; see :func:`~resumebert.data.readers.read_table`.
        quoting: of the label file.
        unlisted: "error": a document that is not listed is a problem; "keep": it is a résumé
            without a label, after all others.
        unlabelled: "keep" or "drop" the documents without a label.
        on_bad_rows: "error" or "skip" the documents with a problem.

    Returns:
        n résumés in the order of the label file.

    Raises:
        UserError: Documents or the label file can't be read as configured: all that is wrong in
            one message.
    """
    check_choice("data.unlisted", unlisted, ("error", "keep"))
    if unlisted == "keep" and split_column is not None:
        raise UserError(
            "data.unlisted=keep and data.split_column do not go together: a document that is not "
            "listed has no split. Leave one of them out."
        )
    options = Options(
        text_column=file_column,
        id_column=id_column,
        label_columns=label_columns,
        labels_column=labels_column,
        label_separator=label_separator,
        label_names=label_names,
        label_aliases=label_aliases,
        rows=rows,
        split_column=split_column,
        encoding=encoding,
        separator=separator,
        quoting=quoting,
        unlabelled=unlabelled,
        on_bad_rows=on_bad_rows,
        text_key="data.file_column",
    )
    source = Source.of(path, options)
    found = check_path(path)
    if not found.is_dir() and found.suffix.lower() != ".zip":
        raise UserError(
            f"data.path={source} is neither a folder nor a .zip of documents. A table with "
            f"the texts in it is read with data=table."
        )
    with (
        within_memory(source.name) as make,
        open_members(found, source.name) as members,
        _open_labels(labels_file, found, members, source.name) as (stream, name, labels),
        open_text(stream, name, replace(source, name=printable(str(labels)))) as (batches, listed),
        DocumentReaders() as readers,
    ):
        # Where there is no id, the path is one.
        if listed.options.id_column is None:
            known = _unused("document", listed.options.to_read)
            listed = replace(listed, options=replace(listed.options, id_column=known))
        source = replace(source, options=listed.options)
        texts = _texts(members, labels, found, source)
        return make(_Documents(texts, found, source, readers).batches(batches, unlisted), source)


@contextmanager
def _open_labels(
    labels_file: str | Path | None, root: Path, members: Sequence[Member], source: str
) -> Iterator[tuple[IO[bytes], str, Path]]:
    """Open the label file, of its own or in the folder or zip ``root``: its stream, name and path.

    The name tells which kind of table it is.
    """
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
    own = Path(labels_file)
    if not _exists(own):
        zipped = [member for member in members if member.name == inside.as_posix()]
        if zipped and not root.is_dir():
            with zipped[0].open() as stream:
                yield stream, inside.name, root / inside
            return
        own = root / own if _exists(root / own) else own
    with open_binary(check_path(own, _KEY, folder=False), printable(str(own))) as (stream, name):
        yield stream, name, own


def _exists(path: Path) -> bool:
    try:
        return path.expanduser().is_file()
    except (OSError, ValueError, RuntimeError):
        return False


def _unused(name: str, used: Sequence[str]) -> str:
    while name in used:
        name += "_"
    return name


def _texts(
    members: Sequence[Member], labels: Path, root: Path, source: Source
) -> dict[str, Member]:
    """Return the documents among all files, remarking on those that are no labels either."""
    documents = {
        member.name: member
        for member in members
        if _is_document(member.name)
        and not (labels.name in member.name and (root / member.name).resolve() == labels.resolve())
    }
    # A .txt beside a PDF or the like, with the same name, is its text.
    plain = {PurePosixPath(name).with_suffix("") for name in documents if _is_plain(name)}
    texts = {
        name: member
        for name, member in documents.items()
        if _is_plain(name) or PurePosixPath(name).with_suffix("") not in plain
    }
    if not texts:
        endings = ", ".join(SUFFIXES)
        raise UserError(f"{source} holds no documents ({endings}). Check data.path.")
    others = [member.name for member in members if member.name not in texts]
    others = [name for name in others if not name.lower().endswith(TEXT_SUFFIXES)]
    if others:
        source.problems.remark(f"{source}: these files were passed over: {name_list(others)}.")
    return texts


def _is_document(name: str) -> bool:
    """Return whether a file is one of the documents, by its name."""
    path = PurePosixPath(name)
    return path.suffix.lower() in SUFFIXES and path.stem.lower() not in ("readme", "license")


def _is_plain(name: str) -> bool:
    return name.lower().endswith(".txt")


class _Documents:
    """The documents there are, and those that the label file has listed so far."""

    def __init__(
        self, members: Mapping[str, Member], root: Path, source: Source, readers: DocumentReaders
    ) -> None:
        self._members, self._readers = members, readers
        # Those with text that a person can't see.
        self._hiding: set[str] = set()
        self._options, self._problems = source.options, source.problems
        self._names = _DocumentNames(list(members), root)
        # For each document that is listed, the first row that does; and how many list one again.
        self._listed: dict[str, int] = {}
        self._repeated = 0

    def batches(self, batches: Iterator[Batch], unlisted: str) -> Iterator[Batch]:
        """Yield the batches of the label file with the documents' texts for their names.

        Then come the documents that it does not list, without labels, or they are noted.
        """
        last = 0
        for batch in batches:
            last = max(last, int(batch.rows.max(initial=0)))
            for start in range(0, len(batch.rows), _BATCH):
                yield self._listed_batch(batch, start)
        self._names.tell(self._problems)
        if self._hiding:
            self._problems.remark(
                f"{len(self._hiding)} documents hold text that a person can't see, such as "
                f"{shorten(min(self._hiding))}: it was left out."
            )
        if self._repeated:
            self._problems.doubt(
                f"{self._repeated:,} rows list a document again and are skipped, labels and all. "
                f"If there is a row for each document and label, type {_ROWS}."
            )
        left = [path for path in self._members if path not in self._listed]
        if unlisted == "error":
            what = "is not in the label file (data.unlisted=keep makes it one without a label)"
            for path in left:
                self._problems.add_row(path, what)
            return
        options = self._options
        for start in range(0, len(left), _BATCH):
            paths = left[start : start + _BATCH]
            rows = np.arange(len(paths)) + last + start + 1
            if options.labels_column is not None:
                cells: dict[str, Cells] = {options.labels_column: [""] * len(paths)}
            else:
                cells = {name: [0] * len(paths) for name in options.label_columns or ()}
            yield self._with_texts(paths, Batch(cells, rows, paths))

    def _listed_batch(self, batch: Batch, start: int) -> Batch:
        """Return some rows of the label file, those that name no document left out."""
        part = slice(start, start + _BATCH)
        listed = {name: python_values(cells[part]) for name, cells in batch.cells.items()}
        found: dict[int, str] = {}
        for k, name in enumerate(listed[self._options.text_column]):
            path = self._path(name, start + k, batch)
            if path is not None:
                found[k] = path
        cells = {name: [column[k] for k in found] for name, column in listed.items()}
        places = [f"{batch.place(start + k)}, {path}" for k, path in found.items()]
        kept = Batch(cells, batch.rows[part][list(found)], places)
        return self._with_texts(list(found.values()), kept)

    def _path(self, name: object, index: int, batch: Batch) -> str | None:
        """Return the path of the document that a row lists, or None after noting why not."""
        column = shorten(self._options.text_column)
        shown = f"column {column} names {'null' if name is None else shorten(name)}"
        found = self._names.find(str(name)) if isinstance(name, str | int) else ()
        row = int(batch.rows[index])
        if not found:
            what = f"{shown}, which is no document there"
        elif len(found) > 1:
            what = f"{shown}, which may be {name_list(found)}"
        else:
            first = self._listed.setdefault(found[0], row)
            if first == row or self._options.rows == PER_LABEL:
                return found[0]
            what = f"{shown}, which row {first} lists too (a row for each label: {_ROWS})"
            self._repeated += 1
        batch.note(index, what, self._problems)
        return None

    def _with_texts(self, paths: Sequence[str], batch: Batch) -> Batch:
        """Return a batch with the text of each document, and its path where there is no id."""
        ids = {str(self._options.id_column): [printable(path) for path in paths]}
        # All but plain text is read in processes of its own.
        made = [path for path in dict.fromkeys(paths) if not _is_plain(path)]
        sources = ((path, self._members[path].read) for path in made)
        read = {document.name: document for document in self._readers.read(sources)}
        self._hiding |= {path for path in made if read[path].hidden_text}
        texts = [self._text(path, i, batch, read.get(path)) for i, path in enumerate(paths)]
        cells = {**ids, **batch.cells, self._options.text_column: texts}
        return replace(batch, cells=cells)

    def _text(self, path: str, index: int, batch: Batch, read: Document | None) -> str:
        """Return a document's text, or a stand-in after noting why it can't be read."""
        if read is not None and not read.error:
            return read.text
        try:
            if read is not None:
                raise UserError(f"the document {read.error}")
            data = self._members[path].read()
            text = decode(data, self._options.encoding, path, self._problems)
            if text.strip():
                return text
            what = "the document is blank: a résumé without text"
        except OSError as error:
            what = f"can't be read ({error.strerror or error})"
        except UserError as error:
            what = str(error).rstrip(".")
        batch.note(index, what, self._problems)
        return "x"


class _DocumentNames:
    """Which of the documents a name in a label file means: a path, a file name, or one's stem."""

    def __init__(self, paths: Sequence[str], root: Path) -> None:
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
        if found := self._exact.get(wanted):
            return found
        for how, found in (
            ("in another case or Unicode form", self._folded.get(_fold(wanted))),
            ("through a link in the folder", self._linked(wanted)),
            ("by the end of their path", self._by_end(wanted)),
        ):
            if found:
                unique = list(dict.fromkeys(found))
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
        ends = ["/".join(parts[k:]) for k in range(1, len(parts))]
        found = (self._exact.get(end) or self._folded.get(_fold(end)) for end in ends)
        return next(filter(None, found), None)

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
