"""Reading the layouts of the resume_corpus: a folder, a zip, a file of lines, parquet."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np

from resumebert.data.cells.columns import Batch, Options, Source, batches_of, filled
from resumebert.data.download import TERMS, fetch_resume_corpus
from resumebert.data.problems import Problems, name_list, printable
from resumebert.data.readers import files
from resumebert.data.readers.columnar import open_parquet
from resumebert.data.readers.encodings import check_encoding, codec_for, decode, text_of
from resumebert.data.readers.files import (
    Member,
    check_path,
    open_binary,
    open_members,
    within_memory,
)
from resumebert.data.readers.json_tables import line_at
from resumebert.data.table import ResumeTable
from resumebert.utils.errors import UserError

_SEPARATOR = ":::"
_NUMBER = re.compile(r"[0-9]+")

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
    found = check_path(fetch_resume_corpus() if path is None else path)
    kind = "folder" if found.is_dir() else found.suffix.lower()
    check_encoding(encoding)
    options = Options(
        id_column="id",
        labels_column="labels",
        label_names=label_names,
        encoding=encoding,
        unlabelled=unlabelled,
        on_bad_rows=on_bad_rows,
        is_plain=kind != ".parquet",
    )
    source = Source.of(found if path is None else path, options)
    if kind not in ("folder", ".zip", ".txt", ".parquet"):
        raise UserError(
            f"{source} is no layout of the resume_corpus: data.path must be the folder "
            f"resumes_corpus, a .zip, a .txt of lines id:::label;label:::text, or a .parquet. "
            f"A csv, tsv or jsonl file is read with data=table."
        )
    with within_memory(source.name) as make:
        if kind == ".parquet":
            with open_parquet(found, source) as (batches, listed):
                return make(batches, listed)
        table = make(_batches(_records(found, source)), source)
    return replace(table, notes=[*table.notes, TERMS]) if path is None else table


def _batches(records: Iterator[_Record]) -> Iterator[Batch]:
    """Yield records in batches, numbered from 1."""
    start = 1
    for piece in batches_of(records, lambda record: len(record[2])):
        ids, labels, texts, places = (list(column) for column in zip(*piece, strict=True))
        cells = {"id": [*map(printable, ids)], "labels": labels, "text": texts}
        yield Batch(cells, np.arange(start, start + len(piece)), places)
        start += len(piece)


def _records(path: Path, source: Source) -> Iterator[_Record]:
    if path.suffix.lower() == ".txt" and not path.is_dir():
        with open_binary(path, source.name) as (stream, _):
            yield from _line_records(stream, source)
        return
    with open_members(path, source.name, (".txt", ".lab")) as members:
        first = PurePosixPath(members[0].name) if members else PurePosixPath()
        is_lines = first.suffix.lower() == ".txt" and not _NUMBER.fullmatch(first.stem)
        if len(members) == 1 and is_lines and not path.is_dir():
            with members[0].open() as stream:
                inside = replace(source, name=f"{first} in {source}")
                yield from _line_records(stream, inside)
        else:
            yield from _pair_records(members, source)


def _line_records(stream: IO[bytes], source: Source) -> Iterator[_Record]:
    """Yield the résumés of lines ``id:::label;label:::text``, noting lines that are none."""
    problems = source.problems
    codec = codec_for(stream, source.options.encoding, source.name, problems)
    # A line ends only at a newline: the text may hold other characters that part lines.
    with text_of(stream, codec, source.name, newline="\n", row_at=line_at) as text:
        lines = enumerate(iter(lambda: text.readline(files.MAX_DOCUMENT_BYTES + 1), ""), start=1)
        for row, line in filled(lines, lambda line: not line.strip(), "row {}", problems):
            if len(line) > files.MAX_DOCUMENT_BYTES:
                raise UserError(
                    f"Row {row} of {source} is longer than "
                    f"{files.MAX_DOCUMENT_BYTES / 1e6:,.0f} MB, which no résumé is."
                )
            parts = line.rstrip("\r\n").split(_SEPARATOR, 2)
            if len(parts) == 3:
                yield parts[0].strip(), parts[1], parts[2], f"row {row}"
            else:
                problems.add_row(f"row {row}", "is not of the form id:::label;label:::text")


def _pair_records(members: Sequence[Member], source: Source) -> Iterator[_Record]:
    """Yield the résumés of pairs of files, by id, noting ids that lack a file or have two."""
    found: dict[str, dict[str, list[Member]]] = defaultdict(lambda: {".txt": [], ".lab": []})
    for member in members:
        name = PurePosixPath(member.name)
        found[name.stem][name.suffix.lower()].append(member)
    # A README.txt is not a résumé, and a file of labels is nothing else.
    pairs = {k: v for k, v in sorted(found.items()) if v[".lab"] or _NUMBER.fullmatch(k)}
    if not pairs:
        raise UserError(f"{source} holds no résumés: no NNNNN.txt with NNNNN.lab. Check data.path.")
    _check_pairs(pairs, source.problems)
    for known, kinds in pairs.items():
        if len(kinds[".txt"]) == len(kinds[".lab"]) == 1:
            text, labels = (_text(kinds[s][0], source) for s in (".txt", ".lab"))
            if text is not None and labels is not None:
                yield known, ";".join(labels.splitlines()), text, kinds[".txt"][0].name


def _check_pairs(pairs: Mapping[str, Mapping[str, list[Member]]], problems: Problems) -> None:
    for suffix, other in ((".txt", ".lab"), (".lab", ".txt")):
        alone = [kinds[suffix][0].name for kinds in pairs.values() if not kinds[other]]
        if problems.skip_rows:
            for name in alone:
                problems.add_row(name, f"has no {other}")
        elif alone:
            problems.add("", f"{len(alone)} {suffix} without a {other}: {name_list(alone)}")
    for known, kinds in pairs.items():
        if max(map(len, kinds.values())) > 1:
            names = name_list([member.name for found in kinds.values() for member in found])
            problems.add_row("", f"the id {known!r} is there more than once: {names}")


def _text(member: Member, source: Source) -> str | None:
    """Return a file's text, or None after noting why it can't be read."""
    where = member.name
    try:
        data = member.read()
        # The encoding's problems name the file.
        where = ""
        return decode(data, source.options.encoding, member.name, source.problems)
    except OSError as error:
        source.problems.add_row(where, f"can't be read ({error.strerror or error})")
    except UserError as error:
        source.problems.add_row(where, str(error).rstrip("."))
    return None
