"""Reading a folder or zip of text files with a label file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from resumebert.data.readers.assemble import assemble, check_choice, collector
from resumebert.data.readers.columns import Batch, Cells, Columns, python_values
from resumebert.data.readers.csv_tables import check_dialect
from resumebert.data.readers.document_files import DocumentNames, open_documents
from resumebert.data.readers.encodings import check_encoding, decode
from resumebert.data.readers.files import Member, within_memory
from resumebert.data.readers.per_label import PER_LABEL
from resumebert.data.readers.sources import Options, open_text
from resumebert.data.readers.table_files import configured_columns
from resumebert.data.readers.texts import looked_at
from resumebert.data.table import Problems, ResumeTable, name_list, printable, shorten
from resumebert.utils.errors import UserError

# A batch of the largest documents fits into the memory.
_BATCH = 64
_ROWS = f"data.rows={PER_LABEL}"


@dataclass
class _Documents:
    """The documents there are, by each name that may stand for one, and those listed so far.

    Attributes:
        members: the documents by their path.
        names: which of them a name may mean.
        listed: for each document that the label file lists, the first row that does.
        repeated: how many rows list one again.
    """

    members: Mapping[str, Member]
    names: DocumentNames
    listed: dict[str, int] = field(default_factory=dict)
    repeated: int = 0


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
    """Read a folder or zip of .txt files, a résumé each, with a label file that lists them.

    Args:
        path: the folder or zip; subfolders count.
        labels_file: a csv or its kin, or JSON, with a row for each document: relative to the
            current folder, or in the folder or zip.
        file_column: its column that names the documents: by path in the folder, by file name, or
            by that without ``.txt``; case does not matter, nor where an absolute path begins.
        id_column: its column of the ids; None: the documents' paths.
        label_columns: see :func:`~resumebert.data.readers.read_table`, as for the following.
        labels_column: one column with all labels.
        label_separator: what parts the labels in ``labels_column``.
        label_names: the labels, in the order wanted.
        label_aliases: the right name for each wrong one.
        rows: "per_document", or "per_label": the label file has a row for each label of a document.
        split_column: the column that names each document's split, or None.
        encoding: that of each document and of the label file; "auto": detected for each.
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
        text_key="data.file_column",
    ).with_split(split_column)
    columns = replace(columns, aliases=label_aliases, rows=rows)
    source = printable(str(path))
    problems = collector(source, on_bad_rows)
    check_dialect(separator, quoting)
    options = Options(encoding, separator, quoting)
    with (
        within_memory(source) as look,
        open_documents(path, labels_file, source, problems) as (members, names, labels),
        open_text(*labels[:2], columns, options, labels[2], problems) as (batches, found),
    ):
        documents = _Documents({member[0]: member for member in members}, names)
        # Where there is no id, the path is one.
        if found.id is None:
            found = replace(found, id=_unused("document", found.to_read))
        drawn = _with_texts(batches, found, documents, encoding, problems)
        if unlisted == "keep":
            drawn = _with_unlisted(drawn, found, documents, encoding, problems)
        else:
            drawn = _without_unlisted(drawn, documents, problems)
        drawn = looked_at(drawn, found.text, look)
        return assemble(drawn, found, source, problems, unlabelled=unlabelled)


def _unused(name: str, used: Sequence[str]) -> str:
    """Return ``name``, changed until it is not among ``used``."""
    while name in used:
        name += "_"
    return name


def _with_texts(
    batches: Iterator[Batch],
    columns: Columns,
    documents: _Documents,
    encoding: str,
    problems: Problems,
) -> Iterator[Batch]:
    """Yield the batches of the label file with the documents' texts in place of their names."""
    for batch in _in_pieces(batches):
        listed = python_values(batch.cells[columns.text])
        found = [
            _listed(name, i, batch, columns, documents, problems) for i, name in enumerate(listed)
        ]
        kept = [i for i, path in enumerate(found) if path is not None]
        cells: dict[str, Cells] = {
            name: [python_values(column)[i] for i in kept] for name, column in batch.cells.items()
        }
        paths = [path for path in found if path is not None]
        cells.setdefault(str(columns.id), [printable(path) for path in paths])
        places = [f"{batch.place(i)}, {path}" for i, path in zip(kept, paths, strict=True)]
        part = Batch(cells, batch.rows[kept], places)
        cells[columns.text] = [
            _text(path, i, part, documents, encoding, problems) for i, path in enumerate(paths)
        ]
        yield part
    documents.names.tell(problems)
    if documents.repeated:
        problems.doubt(
            f"{documents.repeated:,} rows list a document again and are skipped, labels and all. "
            f"If there is a row for each document and label, type {_ROWS}."
        )


def _in_pieces(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield batches in smaller ones."""
    for batch in batches:
        for start in range(0, len(batch.rows), _BATCH):
            piece = slice(start, start + _BATCH)
            cells = {name: column[piece] for name, column in batch.cells.items()}
            places = None if batch.places is None else batch.places[piece]
            yield Batch(cells, batch.rows[piece], places)


def _listed(
    name: object,
    index: int,
    batch: Batch,
    columns: Columns,
    documents: _Documents,
    problems: Problems,
) -> str | None:
    """Return the path of the document that a row lists, or None after noting what is wrong."""
    shown = f"column {shorten(columns.text)} names {'null' if name is None else shorten(name)}"
    found = documents.names.find(str(name)) if isinstance(name, str | int) else ()
    if len(found) != 1:
        what = "which is no .txt file there" if not found else f"which may be {name_list(found)}"
        problems.add_row(*batch.told(index, f"{shown}, {what}"))
        return None
    row = int(batch.rows[index])
    first = documents.listed.setdefault(found[0], row)
    if first != row and columns.rows != PER_LABEL:
        told = f"{shown}, which row {first} lists too (a row for each label: {_ROWS})"
        problems.add_row(*batch.told(index, told))
        documents.repeated += 1
        return None
    return found[0]


def _text(
    path: str,
    index: int,
    batch: Batch,
    documents: _Documents,
    encoding: str,
    problems: Problems,
) -> str:
    """Return a document's text, or a stand-in after noting why it can't be read."""
    try:
        text = decode(documents.members[path][1](), encoding, path, problems)
    except OSError as error:
        problems.add_row(*batch.told(index, f"can't be read ({error.strerror or error})"))
    except UserError as error:
        problems.add_row(*batch.told(index, str(error).rstrip(".")))
    else:
        if text.strip():
            return text
        problems.add_row(*batch.told(index, "the document is blank: a résumé without text"))
    return "x"


def _with_unlisted(
    batches: Iterator[Batch],
    columns: Columns,
    documents: _Documents,
    encoding: str,
    problems: Problems,
) -> Iterator[Batch]:
    """Yield ``batches``, then the documents that these have not listed, without labels."""
    last = 0
    for batch in batches:
        last = max(last, int(batch.rows.max(initial=0)))
        yield batch
    remaining = iter([path for path in documents.members if path not in documents.listed])
    while paths := list(islice(remaining, _BATCH)):
        rows = np.arange(last + 1, last + 1 + len(paths))
        cells: dict[str, Cells] = {str(columns.id): [printable(path) for path in paths]}
        if columns.labels is not None:
            cells[columns.labels] = [""] * len(paths)
        cells |= {flag: [0] * len(paths) for flag in columns.flags or ()}
        part = Batch(cells, rows, paths)
        cells[columns.text] = [
            _text(path, i, part, documents, encoding, problems) for i, path in enumerate(paths)
        ]
        documents.listed.update(zip(paths, rows.tolist(), strict=True))
        last += len(paths)
        yield part


def _without_unlisted(
    batches: Iterator[Batch], documents: _Documents, problems: Problems
) -> Iterator[Batch]:
    """Yield ``batches``, then note the documents that these have not listed."""
    yield from batches
    for path in documents.members:
        if path not in documents.listed:
            what = "is not in the label file (data.unlisted=keep makes it one without a label)"
            problems.add_row(path, what)
