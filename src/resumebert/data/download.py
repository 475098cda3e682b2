"""Fetching the resume_corpus: upstream's zip at a pinned commit, verified, into the user's cache.

Nothing that a server says is believed: the size is bounded, and only a file whose git blob sha1 is
the pinned one enters the cache. The zip is never unpacked onto the disk; ``readers.resume_corpus``
reads its members, with bounds on what they unpack to.
"""

import hashlib
import http.client
import shutil
import socket
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

import resumebert
from resumebert.data.cache_entries import PARTIAL
from resumebert.data.cache_store import cache_root, entry_name, get_or_build
from resumebert.utils.console import make_console
from resumebert.utils.errors import UserError, report_user_errors

COMMIT = "24de39957d99caf2c89cf384ba2396bafe16050d"
URL = f"https://raw.githubusercontent.com/florex/resume_corpus/{COMMIT}/resumes_corpus.zip"
SHA1 = "926cc2515b2cbd7328819e02b6fb8f14a5c30232"
MAX_BYTES = 2 * 1000**3

ORIGIN = f"""\
Data: the resume_corpus, 29,783 résumés from a job site, each labelled with occupations.
Origin: https://github.com/florex/resume_corpus, commit {COMMIT[:7]}, resumes_corpus.zip
Licence: none is stated, and the résumés are people's personal data. Whether you may use them is \
yours to judge; don't pass them on.
Citation: K. F. F. Jiechieu, N. Tsopze: Skills prediction based on multi-label resume \
classification using CNN with model predictions explanation. Neural Computing and Applications \
(2020). https://doi.org/10.1007/s00521-020-05302-x"""

# In each run's report, for a run from the cache fetches nothing and so says nothing of the above.
TERMS = (
    "the resume_corpus (https://github.com/florex/resume_corpus) states no licence and holds "
    "people's personal data; cite Jiechieu & Tsopze 2020, doi 10.1007/s00521-020-05302-x."
)

_ADVICE = "Where there is no network, fetch the file elsewhere and give it as data.path=PATH."
_TIMEOUT = 30.0
_TRIES = 5  # In a row, without a byte gained.
_ALL_TRIES = 50
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_CHUNK = 1 << 16
_SECONDS_BETWEEN_LINES = 15.0
# A server's passing troubles; any other refusal is final.
_PASSING = {408, 425, 429, 500, 502, 503, 504}


class _BrokenOffError(Exception):
    """A download that stopped for a reason that may pass; ``pause``: what the server asks for."""

    def __init__(self, reason: str, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause


@dataclass(frozen=True)
class _Display:
    """Shows how far a download is.

    Attributes:
        update: takes the bytes so far, and those in all if that is known.
        say: prints a line.
    """

    update: Callable[[int, int | None], None]
    say: Callable[[str], None]


def fetch_resume_corpus(
    url: str = URL, blob_sha1: str = SHA1, cache_dir: Path | None = None
) -> Path:
    r"""Return the path of the corpus's zip in the user's cache, fetching it if it isn't there.

    Prints where the data comes from, that it has no licence, and what to cite. A broken download
    is taken up where it stopped, in this run or the next. Of several processes, one downloads. A
    file in the cache is used without a network, after a look at its size.

    Args:
        url: where it is, http or https.
        blob_sha1: the sha1 that git knows it by: that of ``blob <size>\0`` and the content.
        cache_dir: None: :func:`resumebert.data.cache_store.cache_root`.

    Raises:
        UserError: It can't be fetched or stored, or what comes is not this file.
    """
    name = Path(urllib.parse.urlsplit(url).path).name or "download"
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise UserError(f"{url} is not a web address (http or https), so nothing can be fetched.")
    root = cache_root() if cache_dir is None else cache_dir
    key = {"what": name, "git_blob_sha1": blob_sha1}
    _say(ORIGIN)
    try:
        build = partial(_build, url=url, blob_sha1=blob_sha1, name=name, entry=entry_name(key))
        folder = get_or_build("download", key, build, root=root, keep=True, fall_back=False)
    except (OSError, NotImplementedError) as error:
        raise UserError(_cannot_store(root, error)) from None
    return folder / name


def is_cached() -> bool:
    """Return whether :func:`fetch_resume_corpus` would fetch nothing."""
    name = Path(urllib.parse.urlsplit(URL).path).name
    key = {"what": name, "git_blob_sha1": SHA1}
    return (cache_root() / "download" / entry_name(key) / name).is_file()


def git_blob_sha1(path: Path) -> str:
    """Return the sha1 by which git knows a file's content."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _build(work: Path, *, url: str, blob_sha1: str, name: str, entry: str) -> None:
    """Download and verify the file, and move it into the entry's folder ``work``."""
    # Beside the entry, so that it outlives this process; the entry's lock makes it ours alone.
    part = work.parent / f".{entry}{PARTIAL}"
    for is_last in (False, True):
        with _display(name) as display:
            _fetch(url, part, blob_sha1, display)
        size, found = part.stat().st_size, git_blob_sha1(part)
        if found == blob_sha1:
            part.rename(work / name)
            _forget(part)
            return
        _forget(part)
        if not is_last:
            _say(f"What came is not the expected file ({size:,} bytes); fetching it anew.")
    raise UserError(
        f"{url} gave {size:,} bytes with the git blob sha1 {found}, where {blob_sha1} is expected, "
        f"twice. It was changed, or something between here and there changes it (a proxy, a "
        f"sign-in page); nothing was kept. {_ADVICE}"
    )


def _fetch(url: str, part: Path, blob_sha1: str, display: _Display) -> None:
    """Download ``url`` into ``part``, going on from what is there, until a server calls it whole.

    Raises:
        UserError: The server refuses, or breaks off again and again.
    """
    failures, reason = 0, ""
    for _ in range(_ALL_TRIES):
        before = _size(part)
        try:
            _transfer(url, part, display)
            return
        except _BrokenOffError as error:
            failures = 0 if _size(part) > before else failures + 1
            reason = str(error)
            if failures == _TRIES:
                break
            pause = min(max(_FIRST_PAUSE * 2**failures, error.pause), _LONGEST_PAUSE)
            display.say(f"{reason}; {_size(part):,} bytes are here. Again in {pause:.1f} s.")
        time.sleep(pause)
    # A server that announces more than there is breaks off at the end of a whole file.
    if part.exists() and git_blob_sha1(part) == blob_sha1:
        return
    raise UserError(
        f"{url} can't be fetched. {reason}, again and again. The {_size(part):,} bytes that came "
        f"are kept, and the next run goes on from there. {_ADVICE}"
    )


def _transfer(url: str, part: Path, display: _Display) -> None:
    """Make one request for what ``part`` lacks, and append it.

    Raises:
        _BrokenOffError: It stopped, for a reason that may pass.
        UserError: It stopped for good.
    """
    have = _size(part)
    request = _request(url, part, have)
    with _network_troubles(url):
        try:
            response = urllib.request.urlopen(request, timeout=_TIMEOUT)
        except urllib.error.HTTPError as error:
            with error:
                _answer_to(url, part, have, error)
            return
    with response:
        start, total = _extent(response, have)
        _check_total(url, part, total, start)
        _remember(part, response.headers)
        with part.open("r+b" if start else "wb") as stream:
            stream.truncate(start)
            stream.seek(start)
            done = start
            while chunk := _read(url, response):
                done += len(chunk)
                if done > MAX_BYTES:
                    raise UserError(_too_large(url, done))
                stream.write(chunk)
                display.update(done, total)
    if total is not None and done < total:
        raise _BrokenOffError("The connection broke off")


def _read(url: str, response: BinaryIO) -> bytes:
    """Return some more of an answer; nothing at its end."""
    with _network_troubles(url):
        return response.read(_CHUNK)


@contextmanager
def _network_troubles(url: str) -> Iterator[None]:
    """Turn what a connection raises into what it means; a disk's OSErrors are not to come here."""
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        raise _broken_off(url, error) from None


def _request(url: str, part: Path, have: int) -> urllib.request.Request:
    """Return the request for the bytes from ``have`` on."""
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})
    request.add_header("User-Agent", f"resumebert/{resumebert.__version__}")
    if have:
        request.add_header("Range", f"bytes={have}-")
        # If the file has changed since, the server is to send all of it.
        with suppress(OSError):
            request.add_header("If-Range", _validator(part).read_text(encoding="ascii"))
    return request


def _extent(response: http.client.HTTPResponse, have: int) -> tuple[int, int | None]:
    """Return where in the file an answer starts, and the size of the file if it is told.

    Raises:
        _BrokenOffError: The server answered with another part than we asked for.
    """
    if response.status == 206:
        span, _, size = response.headers.get("Content-Range", "").partition("/")
        if span.partition("-")[0].strip() != f"bytes {have}":
            raise _BrokenOffError("The server sent another part than it was asked for")
        return have, int(size) if size.isdecimal() else None
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None


def _check_total(url: str, part: Path, total: int | None, start: int) -> None:
    """Refuse a file that is too large, at all or for the disk."""
    if total is None:
        return
    if total > MAX_BYTES:
        raise UserError(_too_large(url, total))
    free = shutil.disk_usage(part.parent).free
    if total - start > free:
        raise UserError(
            f"{part.parent} has {free / 1e6:,.0f} MB free, and {url} takes "
            f"{(total - start) / 1e6:,.0f} MB. Free some space, or name another cache folder in "
            f"the environment variable RESUMEBERT_CACHE."
        )


def _too_large(url: str, size: int) -> str:
    return (
        f"{url} is refused: it is larger than {MAX_BYTES / 1e6:,.0f} MB (at least {size:,} bytes), "
        f"where the corpus takes some 90 MB. {_ADVICE}"
    )


def _answer_to(url: str, part: Path, have: int, error: urllib.error.HTTPError) -> None:
    """Return if an answer of failure means that the file is whole; raise what it means if not."""
    if error.code == 416 and have:
        # "bytes */N": what we asked for lies beyond the N bytes there are.
        if error.headers.get("Content-Range", "").rpartition("/")[2] == str(have):
            return
        _forget(part)
        raise _BrokenOffError("The file at the server is not the one the download began with")
    if error.code in _PASSING:
        after = error.headers.get("Retry-After", "")
        wish = float(after) if after.isdecimal() else 0.0
        raise _BrokenOffError(f"The server answered {error.code} {error.reason}", wish)
    raise UserError(
        f"{url} can't be fetched: the server answered {error.code} {error.reason}. {_ADVICE}"
    )


def _broken_off(url: str, error: Exception) -> Exception:
    """Return what to raise for a failed connection."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return UserError(
            f"{url} can't be fetched: its certificate can't be verified "
            f"({reason.verify_message}). Behind a proxy with certificates of its own, name their "
            f"file in the environment variable SSL_CERT_FILE. {_ADVICE}"
        )
    if isinstance(reason, socket.gaierror):
        return _BrokenOffError(
            f"The address of {urllib.parse.urlsplit(url).hostname} can't be found (no network?)"
        )
    words = str(reason) or type(reason).__name__
    return _BrokenOffError(f"The connection failed ({words})")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _validator(part: Path) -> Path:
    """Return the file that keeps what identifies the server's version of a partial download."""
    return part.with_name(part.name + ".etag")


def _remember(part: Path, headers: Mapping[str, str]) -> None:
    """Keep the version's ETag; a weak one doesn't tell bytes apart, and a date is no better."""
    etag = headers.get("ETag", "")
    if etag.startswith('"') and etag.isascii() and etag.isprintable():
        _validator(part).write_text(etag, encoding="ascii")
    else:
        _validator(part).unlink(missing_ok=True)


def _forget(part: Path) -> None:
    """Remove a partial download."""
    part.unlink(missing_ok=True)
    _validator(part).unlink(missing_ok=True)


def _cannot_store(root: Path, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    return (
        f"The corpus can't be stored in the cache folder {root}: {reason}. Free some space or make "
        f"it writable, name another folder in the environment variable RESUMEBERT_CACHE, or give "
        f"a copy of the corpus as data.path=PATH."
    )


def _say(text: str) -> None:
    _print(make_console(), text)


def _print(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True)


@contextmanager
def _display(name: str) -> Iterator[_Display]:
    """Show a bar on a terminal, a line now and then elsewhere."""
    console = make_console()
    say = partial(_print, console)
    if not console.is_terminal:
        yield _Display(_Lines(name, say).update, say)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, expand=True) as progress:
        task = progress.add_task(f"Downloading {name}", total=None)
        yield _Display(lambda done, total: progress.update(task, completed=done, total=total), say)


class _Lines:
    """Prints how far a download is: at its start, and every 15 seconds."""

    def __init__(self, name: str, say: Callable[[str], None]) -> None:
        self.name, self.say, self.last = name, say, 0.0

    def update(self, done: int, total: int | None) -> None:
        """Print a line if one is due."""
        if time.monotonic() - self.last >= _SECONDS_BETWEEN_LINES:
            self.last = time.monotonic()
            of = f" of {total / 1e6:,.1f}" if total is not None else ""
            self.say(f"Downloading {self.name}: {done / 1e6:,.1f}{of} MB")


if __name__ == "__main__":
    report_user_errors(fetch_resume_corpus)()
