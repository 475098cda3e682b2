"""Reading the layouts of the resume_corpus: a folder, a zip, a file of lines, parquet."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np

from resumebert.data.download import TERMS, fetch_resume_corpus
from resumebert.data.readers import files
from resumebert.data.readers.assemble import assemble, collector
from resumebert.data.readers.columns import Batch, Columns, looked_at, name_tuple, take
from resumebert.data.readers.encodings import check_encoding, decode, text_of
from resumebert.data.readers.files import (
    Member,
    check_path,
    check_sizes,
    folder_members,
    is_folder,
    open_binary,
    open_zip,
    within_memory,
    zip_infos,
    zip_members,
)
from resumebert.data.readers.json_tables import BLANK_LINE, line_at
from resumebert.data.readers.tables import read_table
from resumebert.data.table import Problems, ResumeTable, name_list, printable
from resumebert.utils.errors import UserError

_SEPARATOR = ":::"
_NUMBER = re.compile(r"[0-9]+")
_SUFFIXES = (".txt", ".lab")

# An id, its labels joined by ";", its text, and where it is.
_Record = tuple[str, str, str, str]


def read_resume_corpus(
    path: str | Path | None,
    *,
    encoding: str = "cp1252",
    label_names: Sequence[str] | None = None,
    unlabelled: str = "keep",
    on_bad_rows: str = "error",
) -> ResumeTable:
    """Read the resume_corpus in any of its layouts.

    Args:
        path: a folder (or a zip of it) of ``NNNNN.txt`` with the text and ``NNNNN.lab`` with the
            labels, one a line; a text file (or a zip of it) of lines ``id:::label;label:::text``;
            or a parquet file with the columns ``id``, ``labels`` (joined by ``;``) and ``text``.
            None: fetched from where its authors publish it.
        encoding: that of the text files, or "auto". Bytes that cp1252 leaves undefined (0x81,
            0x8d, 0x8f, 0x90, 0x9d) are read as Latin-1 reads them. A UTF-8 byte order mark
            overrules it.
        label_names: the labels, in the order wanted; None: those found, sorted.
        unlabelled: "keep" or "drop" the résumés without a label.
        on_bad_rows: "error": refuse the data if anything is wrong with a résumé; "skip": leave
            those résumés out and list them.

    Returns:
        n résumés: by id from a folder of files, else in the order of the file.

    Raises:
        UserError: It is none of these, or something is wrong in it: all that is wrong in one
            message.
    """
    if path is None:
        table = read_resume_corpus(
            fetch_resume_corpus(),
            encoding=encoding,
            label_names=label_names,
            unlabelled=unlabelled,
            on_bad_rows=on_bad_rows,
        )
        return replace(table, notes=[*table.notes, TERMS])
    folder = is_folder(path)
    found = check_path(path, folder=folder)
    source = printable(str(path))
    columns = Columns(
        "text", "id", "labels", None, ";", name_tuple(label_names, "data.label_names")
    )
    check_encoding(encoding)
    problems = collector(source, on_bad_rows)
    suffix = found.suffix.lower()
    if folder:
        members = folder_members(found, _SUFFIXES, source)
        records = _pair_records(members, encoding, source, problems)
    elif suffix == ".parquet":
        return read_table(
            path,
            id_column="id",
            labels_column="labels",
            label_names=label_names,
            unlabelled=unlabelled,
            on_bad_rows=on_bad_rows,
        )
    elif suffix == ".zip":
        records = _zip_records(found, encoding, source, problems)
    elif suffix == ".txt":
        records = _file_records(found, encoding, source, problems)
    else:
        raise UserError(
            f"{source} is no layout of the resume_corpus: data.path must be the folder "
            f"resumes_corpus, a .zip, a .txt of lines id:::label;label:::text, or a .parquet. "
            f"A csv, tsv or jsonl file is read with data=table."
        )
    with within_memory(source) as look:
        batches = looked_at(_batches(records), columns.text, look)
        return assemble(batches, columns, source, problems, unlabelled=unlabelled)


def _batches(records: Iterator[_Record]) -> Iterator[Batch]:
    """Yield records in batches, numbered from 1."""
    start = 1
    while piece := take(records, lambda record: len(record[2])):
        ids, labels, texts, places = (list(column) for column in zip(*piece, strict=True))
        cells = {"id": [*map(printable, ids)], "labels": labels, "text": texts}
        yield Batch(cells, np.arange(start, start + len(piece)), places)
        start += len(piece)


def _zip_records(path: Path, encoding: str, source: str, problems: Problems) -> Iterator[_Record]:
    """Yield the résumés of a zip: by id for pairs of files, else those of its one text file."""
    with open_zip(path, source) as archive:
        infos = zip_infos(archive, _SUFFIXES)
        check_sizes(infos, source, archive)
        texts = [info for info in infos if info.filename.lower().endswith(".txt")]
        if len(texts) == len(infos) == 1 and not _NUMBER.fullmatch(_stem(texts[0].filename)):
            with archive.open(texts[0]) as stream:
                where = f"{texts[0].filename} in {source}"
                yield from _line_records(stream, encoding, where, problems)  # type: ignore[arg-type]
            return
        yield from _pair_records(zip_members(archive, infos), encoding, source, problems)


def _file_records(path: Path, encoding: str, source: str, problems: Problems) -> Iterator[_Record]:
    """Yield the résumés of a file of lines."""
    with open_binary(path, source) as (stream, _):
        yield from _line_records(stream, encoding, source, problems)


def _line_records(
    stream: BinaryIO, encoding: str, source: str, problems: Problems
) -> Iterator[_Record]:
    """Yield the résumés of lines ``id:::label;label:::text``, noting lines that are none."""
    row, blank = 0, 0
    # A line ends only at a newline: the text may hold other characters that part lines.
    with text_of(stream, encoding, problems, source=source, newline="\n", row_at=line_at) as text:
        while line := text.readline(files.MAX_DOCUMENT_BYTES + 1):
            row += 1
            if len(line) > files.MAX_DOCUMENT_BYTES:
                raise UserError(
                    f"Row {row} of {source} is longer than "
                    f"{files.MAX_DOCUMENT_BYTES / 1e6:,.0f} MB, which no résumé is."
                )
            if not line.strip():
                blank = blank or row
                continue
            if blank:
                problems.add_row(f"row {blank}", BLANK_LINE)
                blank = 0
            parts = line.rstrip("\r\n").split(_SEPARATOR, 2)
            if len(parts) == 3:
                yield parts[0].strip(), parts[1], parts[2], f"row {row}"
            else:
                problems.add_row(f"row {row}", "is not of the form id:::label;label:::text")


def _pair_records(
    members: Iterable[Member], encoding: str, source: str, problems: Problems
) -> Iterator[_Record]:
    """Yield the résumés of pairs of files, by id, noting ids that lack a file or have two."""
    found: dict[str, dict[str, list[Member]]] = defaultdict(lambda: {".txt": [], ".lab": []})
    for name, read in members:
        found[_stem(name)][PurePosixPath(name).suffix.lower()].append((name, read))
    # A README.txt is not a résumé, and a file of labels is nothing else.
    pairs = {k: v for k, v in sorted(found.items()) if v[".lab"] or _NUMBER.fullmatch(k)}
    if not pairs:
        raise UserError(f"{source} holds no résumés: no NNNNN.txt with NNNNN.lab. Check data.path.")
    _check_pairs(pairs, problems)
    for known, kinds in pairs.items():
        if len(kinds[".txt"]) == len(kinds[".lab"]) == 1:
            text = _text(kinds[".txt"][0], encoding, problems)
            labels = _text(kinds[".lab"][0], encoding, problems)
            if text is not None and labels is not None:
                yield known, ";".join(labels.splitlines()), text, kinds[".txt"][0][0]


def _check_pairs(pairs: dict[str, dict[str, list[Member]]], problems: Problems) -> None:
    """Note the ids that do not have one file of text and one of labels."""
    for suffix, other in ((".txt", ".lab"), (".lab", ".txt")):
        alone = [kinds[suffix][0][0] for kinds in pairs.values() if not kinds[other]]
        if problems.skip_rows:
            for name in alone:
                problems.add_row(name, f"has no {other}")
        elif alone:
            problems.add("", f"{len(alone)} {suffix} without a {other}: {name_list(alone)}")
    for known, kinds in pairs.items():
        if max(map(len, kinds.values())) > 1:
            names = name_list([name for files in kinds.values() for name, _ in files])
            problems.add_row("", f"the id {known!r} is there more than once: {names}")


def _text(member: Member, encoding: str, problems: Problems) -> str | None:
    """Return a file's text, or None after noting why it can't be read."""
    name, read = member
    data = b""
    try:
        data = read()
        return decode(data, encoding, name, problems)
    except OSError as error:
        problems.add_row(name, f"can't be read ({error.strerror or error})")
    except UserError as error:
        problems.add_row("" if data else name, str(error).rstrip("."))
    return None


def _stem(name: str) -> str:
    """Return a file's name without folders and suffix: its id."""
    return PurePosixPath(name).stem
