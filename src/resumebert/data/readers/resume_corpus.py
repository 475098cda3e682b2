"""Reading the layouts of the resume_corpus: a folder, a zip, a file of lines, parquet."""

import lzma
import re
import struct
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePath, PurePosixPath
from typing import BinaryIO

import numpy as np

from resumebert.data.readers.assemble import assemble
from resumebert.data.readers.columns import Batch, Columns, name_tuple
from resumebert.data.readers.files import check_encoding, check_path, decode, open_binary, text_of
from resumebert.data.readers.table_files import read_table
from resumebert.data.readers.text_tables import line_at
from resumebert.data.table import Problems, ResumeTable, name_list
from resumebert.utils.errors import UserError

MAX_MEMBER_BYTES = 50 * 1000**2
MAX_ZIP_BYTES = 4 * 1000**3
_SEPARATOR = ":::"
_BATCH = 2048
_NUMBER = re.compile(r"[0-9]+")
# What a zip file raises when it is damaged, encrypted or packed in a way Python can't unpack.
_BAD_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)

# A résumé or its labels: where it is, its bytes' size, and how to read them.
_Member = tuple[str, Callable[[], bytes]]
# An id, its labels joined by ";", its text, and where it is.
_Record = tuple[str, str, str, str]


def read_resume_corpus(
    path: str | Path | None, *, encoding: str = "cp1252", label_names: Sequence[str] | None = None
) -> ResumeTable:
    """Read the resume_corpus in any of its layouts.

    Args:
        path: a folder (or a zip of it) of ``NNNNN.txt`` with the text and ``NNNNN.lab`` with the
            labels, one a line; a text file (or a zip of it) of lines ``id:::label;label:::text``;
            or a parquet file with the columns ``id``, ``labels`` (joined by ``;``) and ``text``.
        encoding: that of the text files. Bytes that cp1252 leaves undefined (0x81, 0x8d, 0x8f,
            0x90, 0x9d) are read as Latin-1 reads them. A UTF-8 byte order mark overrules it.
        label_names: the labels, in the order wanted; None: those found, sorted.

    Returns:
        n résumés: by id from a folder of files, else in the order of the file.

    Raises:
        UserError: It is none of these, or something is wrong in it: all that is wrong in one
            message.
    """
    is_folder = path is not None and Path(path).expanduser().is_dir()
    found = check_path(path, folder=is_folder)
    source = str(path)
    columns = Columns(
        "text", "id", "labels", None, ";", name_tuple(label_names, "data.label_names")
    )
    check_encoding(encoding)
    problems = Problems(source)
    if is_folder:
        records = _folder_records(found, encoding, source, problems)
    elif found.suffix.lower() == ".parquet":
        return read_table(path, id_column="id", labels_column="labels", label_names=label_names)
    elif found.suffix.lower() == ".zip":
        records = _zip_records(found, encoding, source, problems)
    elif found.suffix.lower() == ".txt":
        records = _file_records(found, encoding, source, problems)
    else:
        raise UserError(
            f"{source} is no layout of the resume_corpus: data.path must be the folder "
            f"resumes_corpus, a .zip, a .txt of lines id:::label;label:::text, or a .parquet. "
            f"A csv, tsv or jsonl file is read with data=table."
        )
    return assemble(_batches(records), columns, source, problems)


def _batches(records: Iterator[_Record]) -> Iterator[Batch]:
    """Yield records in batches, numbered from 1."""
    start = 1
    while piece := list(islice(records, _BATCH)):
        ids, labels, texts, places = (list(column) for column in zip(*piece, strict=True))
        cells = {"id": ids, "labels": labels, "text": texts}
        yield Batch(cells, np.arange(start, start + len(piece)), places)
        start += len(piece)


def _folder_records(
    folder: Path, encoding: str, source: str, problems: Problems
) -> Iterator[_Record]:
    """Yield the résumés of a folder and its subfolders, by id."""
    try:
        members = [
            (path.relative_to(folder).as_posix(), path.read_bytes)
            for path in sorted(folder.rglob("*"))
            if _is_ours(path.relative_to(folder)) and path.is_file()
        ]
    except OSError as error:
        raise UserError(f"{source} can't be read: {error}.") from None
    yield from _pair_records(members, encoding, source, problems)


def _zip_records(path: Path, encoding: str, source: str, problems: Problems) -> Iterator[_Record]:
    """Yield the résumés of a zip: by id for pairs of files, else those of its one text file."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_count(path, archive)
            infos = [
                info
                for info in archive.infolist()
                if not info.is_dir() and _is_ours(PurePosixPath(info.filename))
            ]
            _check_sizes(infos, source)
            texts = [info for info in infos if info.filename.lower().endswith(".txt")]
            if len(texts) == len(infos) == 1 and not _NUMBER.fullmatch(_stem(texts[0].filename)):
                with archive.open(texts[0]) as stream:
                    where = f"{texts[0].filename} in {source}"
                    yield from _line_records(stream, encoding, where, problems)  # type: ignore[arg-type]
                return
            members = [(info.filename, _reader(archive, info)) for info in infos]
            yield from _pair_records(members, encoding, source, problems)
    except _BAD_ZIP as error:
        raise UserError(
            f"{source} is not a zip file, or is damaged or encrypted ({error}). Fetch it again."
        ) from None


def _check_count(path: Path, archive: zipfile.ZipFile) -> None:
    """Check that the members found are as many as the zip says it has: Python doesn't."""
    end = len(archive.comment) + 22
    with path.open("rb") as stream:
        stream.seek(-end, 2)
        signature, count = struct.unpack("<4s6xH", stream.read(12))
    # 0xFFFF stands for a larger number, which is elsewhere.
    if signature == b"PK\x05\x06" and count not in (len(archive.infolist()), 0xFFFF):
        found = len(archive.infolist())
        raise zipfile.BadZipFile(f"its directory lists {found} files of {count}")


def _reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    """Return a function that reads a member, no more of it than its declared size."""
    return lambda: archive.read(info)


def _is_ours(path: PurePath) -> bool:
    """Return whether a file may be a part of the corpus, not an addition of the system's."""
    extra = "__MACOSX" in path.parts or path.name.startswith(".")
    return not extra and path.suffix.lower() in (".txt", ".lab")


def _check_sizes(infos: list[zipfile.ZipInfo], source: str) -> None:
    """Refuse a zip that unpacks to more than a corpus can be."""
    total = sum(info.file_size for info in infos)
    # The whole corpus is one member in the layout of lines.
    limit = MAX_ZIP_BYTES if len(infos) == 1 else MAX_MEMBER_BYTES
    large = [info.filename for info in infos if info.file_size > limit]
    if large or total > MAX_ZIP_BYTES:
        what = f"{name_list(large)} would" if large else "all files together would"
        size = limit if large else MAX_ZIP_BYTES
        raise UserError(
            f"{source} is refused: unpacked, {what} take more than {size / 1e6:,.0f} MB. A résumé "
            f"takes some KB; check where the file comes from."
        )


def _file_records(path: Path, encoding: str, source: str, problems: Problems) -> Iterator[_Record]:
    """Yield the résumés of a file of lines."""
    with open_binary(path, source) as stream:
        yield from _line_records(stream, encoding, source, problems)


def _line_records(
    stream: BinaryIO, encoding: str, source: str, problems: Problems
) -> Iterator[_Record]:
    """Yield the résumés of lines ``id:::label;label:::text``, noting lines that are none."""
    row, blank = 0, 0
    # A line ends only at a newline: the text may hold other characters that part lines.
    with text_of(stream, encoding, source, newline="\n", row_at=line_at) as text:
        while line := text.readline(MAX_MEMBER_BYTES + 1):
            row += 1
            if len(line) > MAX_MEMBER_BYTES:
                raise UserError(f"Row {row} of {source} is longer than 50 MB, which no résumé is.")
            if not line.strip():
                blank = blank or row
                continue
            if blank:
                problems.add(f"row {blank}", "is a blank line; remove it, or mend the row it was")
                blank = 0
            parts = line.rstrip("\r\n").split(_SEPARATOR, 2)
            if len(parts) == 3:
                yield parts[0].strip(), parts[1], parts[2], f"row {row}"
            else:
                problems.add(f"row {row}", "is not of the form id:::label;label:::text")


def _pair_records(
    members: Iterable[_Member], encoding: str, source: str, problems: Problems
) -> Iterator[_Record]:
    """Yield the résumés of pairs of files, by id, noting ids that lack a file or have two."""
    found: dict[str, dict[str, list[_Member]]] = defaultdict(lambda: {".txt": [], ".lab": []})
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


def _check_pairs(pairs: dict[str, dict[str, list[_Member]]], problems: Problems) -> None:
    """Note the ids that do not have one file of text and one of labels."""
    for suffix, other in ((".txt", ".lab"), (".lab", ".txt")):
        alone = [kinds[suffix][0][0] for kinds in pairs.values() if not kinds[other]]
        if alone:
            problems.add("", f"{len(alone)} {suffix} without a {other}: {name_list(alone)}")
    for known, kinds in pairs.items():
        if max(map(len, kinds.values())) > 1:
            names = name_list([name for files in kinds.values() for name, _ in files])
            problems.add("", f"the id {known!r} is there more than once: {names}")


def _text(member: _Member, encoding: str, problems: Problems) -> str | None:
    """Return a file's text, or None after noting why it can't be read."""
    name, read = member
    try:
        return decode(read(), encoding, name)
    except OSError as error:
        problems.add(name, f"can't be read ({error.strerror or error})")
    except UserError as error:
        problems.add("", str(error).rstrip("."))
    return None


def _stem(name: str) -> str:
    """Return a file's name without folders and suffix: its id."""
    return PurePosixPath(name).stem
