"""Opening a folder or zip of documents and the label file that goes with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, TypeAlias

from resumebert.data.readers import archives
from resumebert.data.readers.archives import Member, folder_members, open_zip, zip_members
from resumebert.data.readers.files import check_path, is_folder, open_binary
from resumebert.data.readers.sources import TEXT_SUFFIXES
from resumebert.data.table import Problems, name_list, shorten
from resumebert.utils.errors import UserError

_KEY = "data.labels_file"

# The stream, the suffix and what to call the file in a message.
LabelFile: TypeAlias = tuple[BinaryIO, str, str]


@contextmanager
def open_documents(
    path: str | Path | None, labels_file: str | Path | None, source: str, problems: Problems
) -> Iterator[tuple[list[Member], LabelFile]]:
    """Open a folder or zip of documents, and the label file: its stream, suffix and name.

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
    suffix = PurePosixPath(str(labels_file)).suffix.lower()
    if suffix not in TEXT_SUFFIXES:
        raise UserError(
            f"{_KEY}={labels_file} has the suffix {shorten(suffix)}, and only "
            f"{', '.join(TEXT_SUFFIXES)} can be read. Save it as one of these."
        )
    if folder:
        members = _text_members(folder_members(found, (), source), source, problems)
        own = found / str(labels_file)
        with _label_file(own if _exists(own) and not _exists(labels_file) else labels_file) as it:
            yield members, (it, suffix, str(labels_file))
        return
    if found.suffix.lower() != ".zip":
        raise UserError(
            f"data.path={source} is neither a folder nor a .zip of documents. A table with the "
            f"texts in it is read with data=table."
        )
    with open_zip(found, source) as archive:
        infos = archives.zip_infos(archive, ())
        archives.check_sizes(infos, source)
        members = _text_members(zip_members(archive, infos), source, problems)
        inside = PurePosixPath(str(labels_file)).as_posix()
        if inside in archive.namelist() and not _exists(labels_file):
            with archive.open(inside) as stream:
                yield members, (stream, suffix, f"{inside} in {source}")  # type: ignore[misc]
            return
        with _label_file(labels_file) as it:
            yield members, (it, suffix, str(labels_file))


def _exists(path: str | Path) -> bool:
    """Return whether there is a file at ``path``."""
    try:
        return Path(path).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):
        return False


@contextmanager
def _label_file(path: str | Path) -> Iterator[BinaryIO]:
    """Open a label file that is a file of its own."""
    with open_binary(check_path(path, key=_KEY), str(path)) as stream:
        yield stream


def _text_members(members: list[Member], source: str, problems: Problems) -> list[Member]:
    """Return the documents among all files, remarking on those that are neither these nor labels.

    Raises:
        UserError: There are none.
    """
    texts = [member for member in members if member[0].lower().endswith(".txt")]
    if not texts:
        raise UserError(f"{source} holds no .txt file: no documents. Check data.path.")
    known = (".txt", *TEXT_SUFFIXES)
    others = [name for name, _ in members if not name.lower().endswith(known)]
    if others:
        problems.remark(f"{source}: files that are not .txt were passed over: {name_list(others)}.")
    return texts
