"""Reading a folder or zip of documents with a label file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from resumebert.data.readers.assemble import PER_LABEL, assemble, check_choice, collector
from resumebert.data.readers.columns import Batch, Cells, Columns, looked_at, python_values
from resumebert.data.readers.csv_tables import check_dialect
from resumebert.data.readers.document_files import DocumentNames, open_documents
from resumebert.data.readers.encodings import check_encoding, decode
from resumebert.data.readers.files import within_memory
from resumebert.data.readers.sources import Options, open_text
from resumebert.data.readers.tables import configured_columns
from resumebert.data.table import Problems, ResumeTable, name_list, printable, shorten
from resumebert.documents import Document, DocumentReaders
from resumebert.utils.errors import UserError

# A batch of the largest documents fits into the memory.
_BATCH = 64
_ROWS = f"data.rows={PER_LABEL}"


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
    check_encoding(encoding)
    if unlisted == "keep" and split_column is not None:
        raise UserError(
            "data.unlisted=keep and data.split_column do not go together: a document that is not "
            "listed has no split. Leave one of them out."
        )
    columns = configured_columns(
        file_column,
        id_column,
        label_columns,
        labels_column,
        label_separator,
        label_names,
        label_aliases,
        rows,
        split_column,
        text_key="data.file_column",
    )
    source = printable(str(path))
    problems = collector(source, on_bad_rows)
    check_dialect(separator, quoting)
    options = Options(encoding, separator, quoting)
    with (
        within_memory(source) as look,
        open_documents(path, labels_file, source, problems) as (members, names, labels),
        open_text(*labels[:2], columns, options, labels[2], problems) as (batches, found),
        DocumentReaders() as readers,
    ):
        # Where there is no id, the path is one.
        if found.id is None:
            found = replace(found, id=_unused("document", found.to_read))
        documents = _Documents(dict(members), names, found, encoding, problems, readers)
        drawn = looked_at(documents.batches(batches, unlisted), found.text, look)
        return assemble(drawn, found, source, problems, unlabelled=unlabelled)


def _unused(name: str, used: Sequence[str]) -> str:
    """Return ``name``, changed until it is not among ``used``."""
    while name in used:
        name += "_"
    return name


class _Documents:
    """The documents there are, and those that the label file has listed so far."""

    def __init__(
        self,
        members: Mapping[str, Callable[[], bytes]],
        names: DocumentNames,
        columns: Columns,
        encoding: str,
        problems: Problems,
        readers: DocumentReaders,
    ) -> None:
        """Take the documents by their path, and which of them a name may mean."""
        self.members, self.names, self.columns = members, names, columns
        self.encoding, self.problems, self.readers = encoding, problems, readers
        # Those with text that a person can't see.
        self.hiding: set[str] = set()
        # For each document that is listed, the first row that does; and how many list one again.
        self.listed: dict[str, int] = {}
        self.repeated = 0

    def batches(self, batches: Iterator[Batch], unlisted: str) -> Iterator[Batch]:
        """Yield the batches of the label file with the documents' texts for their names.

        Then come the documents that it does not list, without labels, or they are noted.
        """
        last = 0
        for batch in _in_pieces(batches):
            last = max(last, int(batch.rows.max(initial=0)))
            yield self._listed_batch(batch)
        self.names.tell(self.problems)
        if self.hiding:
            self.problems.remark(
                f"{len(self.hiding)} documents hold text that a person can't see, such as "
                f"{shorten(min(self.hiding))}: it was left out."
            )
        if self.repeated:
            self.problems.doubt(
                f"{self.repeated:,} rows list a document again and are skipped, labels and all. "
                f"If there is a row for each document and label, type {_ROWS}."
            )
        left = [path for path in self.members if path not in self.listed]
        if unlisted == "error":
            for path in left:
                what = "is not in the label file (data.unlisted=keep makes it one without a label)"
                self.problems.add_row(path, what)
            return
        for start in range(0, len(left), _BATCH):
            paths = left[start : start + _BATCH]
            rows = np.arange(last + start + 1, last + start + 1 + len(paths))
            cells: dict[str, Cells] = {flag: [0] * len(paths) for flag in self.columns.flags or ()}
            if self.columns.labels is not None:
                cells[self.columns.labels] = [""] * len(paths)
            yield self._with_texts(paths, cells, rows, paths)

    def _listed_batch(self, batch: Batch) -> Batch:
        names = python_values(batch.cells[self.columns.text])
        found = [self._path(name, i, batch) for i, name in enumerate(names)]
        kept = [i for i, path in enumerate(found) if path is not None]
        cells: dict[str, Cells] = {
            name: [python_values(column)[i] for i in kept] for name, column in batch.cells.items()
        }
        paths = [path for path in found if path is not None]
        places = [f"{batch.place(i)}, {path}" for i, path in zip(kept, paths, strict=True)]
        return self._with_texts(paths, cells, batch.rows[kept], places)

    def _path(self, name: object, index: int, batch: Batch) -> str | None:
        """Return the path of the document that a row lists, or None after noting why not."""
        column = shorten(self.columns.text)
        shown = f"column {column} names {'null' if name is None else shorten(name)}"
        found = self.names.find(str(name)) if isinstance(name, str | int) else ()
        row = int(batch.rows[index])
        if not found:
            what = f"{shown}, which is no document there"
        elif len(found) > 1:
            what = f"{shown}, which may be {name_list(found)}"
        else:
            first = self.listed.setdefault(found[0], row)
            if first == row or self.columns.rows == PER_LABEL:
                return found[0]
            what = f"{shown}, which row {first} lists too (a row for each label: {_ROWS})"
            self.repeated += 1
        self.problems.add_row(*batch.told(index, what))
        return None

    def _with_texts(
        self,
        paths: list[str],
        cells: dict[str, Cells],
        rows: npt.NDArray[np.int64],
        places: list[str],
    ) -> Batch:
        batch = Batch(cells, rows, places)
        cells.setdefault(str(self.columns.id), [printable(path) for path in paths])
        # All but plain text is read in processes of its own.
        made = [path for path in dict.fromkeys(paths) if not path.lower().endswith(".txt")]
        read = {d.name: d for d in self.readers.read((path, self.members[path]) for path in made)}
        self.hiding |= {path for path in made if read[path].hidden_text}
        cells[self.columns.text] = [
            self._text(path, i, batch, read.get(path)) for i, path in enumerate(paths)
        ]
        return batch

    def _text(self, path: str, index: int, batch: Batch, read: Document | None) -> str:
        """Return a document's text, or a stand-in after noting why it can't be read."""
        if read is not None and not read.error:
            return read.text
        try:
            if read is not None:
                raise UserError(f"the document {read.error}")
            text = decode(self.members[path](), self.encoding, path, self.problems)
            if text.strip():
                return text
            what = "the document is blank: a résumé without text"
        except OSError as error:
            what = f"can't be read ({error.strerror or error})"
        except UserError as error:
            what = str(error).rstrip(".")
        self.problems.add_row(*batch.told(index, what))
        return "x"


def _in_pieces(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield batches in smaller ones."""
    for batch in batches:
        for start in range(0, len(batch.rows), _BATCH):
            piece = slice(start, start + _BATCH)
            cells = {name: column[piece] for name, column in batch.cells.items()}
            places = None if batch.places is None else batch.places[piece]
            yield Batch(cells, batch.rows[piece], places)
