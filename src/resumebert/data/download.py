"""Fetching the resume_corpus: upstream's zip at a pinned commit, verified, into the user's cache.

The server is not trusted: the size is bounded, and only a file with the pinned git blob sha1 enters
the cache. The zip is never unpacked onto the disk: ``readers.resume_corpus`` reads its members, and
bounds what they unpack to.
"""

import hashlib
import time
import urllib.parse
from functools import partial
from pathlib import Path

from resumebert.data.cache import cache_root, entry_name, get_or_build
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

# In the report of each run: a run from the cache fetches nothing, and doesn't print the above.
TERMS = (
    "the resume_corpus (https://github.com/florex/resume_corpus) states no licence and holds "
    "people's personal data; cite Jiechieu & Tsopze 2020, doi 10.1007/s00521-020-05302-x."
)

_ADVICE = "Where there is no network, fetch the file elsewhere and give it as data.path=PATH."
_TIMEOUT = 30.0
_RETRIES = 3
_SECONDS_BETWEEN_LINES = 15.0


def fetch_resume_corpus(url: str = URL, blob_sha1: str = SHA1) -> Path:
    r"""Return the path of the corpus's zip in the user's cache, fetching it if it isn't there.

    Prints where the data comes from, that it has no licence, and what to cite. Of several
    processes, one downloads. A file in the cache is used without a network.

    Args:
        url: where it is, http or https.
        blob_sha1: the sha1 that git knows it by: that of ``blob <size>\0`` and the content.

    Raises:
        UserError: It can't be fetched or stored, or what comes is not this file.
    """
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise UserError(f"{url} is not a web address (http or https), so nothing can be fetched.")
    key = _key(url, blob_sha1)
    make_console().print(ORIGIN, highlight=False, soft_wrap=True)
    try:
        build = partial(_download, url=url, blob_sha1=blob_sha1, name=key["what"])
        return get_or_build("download", key, build, keep=True) / key["what"]
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(
            f"The corpus can't be stored in the cache folder {cache_root()}: {reason}. Free some "
            "space or make it writable, name another folder in the environment variable "
            "RESUMEBERT_CACHE, or give a copy of the corpus as data.path=PATH."
        ) from None


def is_cached() -> bool:
    """Return whether :func:`fetch_resume_corpus` would fetch nothing."""
    key = _key(URL, SHA1)
    return (cache_root() / "download" / entry_name(key) / key["what"]).is_file()


def _key(url: str, blob_sha1: str) -> dict[str, str]:
    name = Path(urllib.parse.urlsplit(url).path).name or "download"
    return {"what": name, "git_blob_sha1": blob_sha1}


def git_blob_sha1(path: Path) -> str:
    """Return the sha1 by which git knows a file's content."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: digest).hexdigest()


def _download(work: Path, *, url: str, blob_sha1: str, name: str) -> None:
    """Download the file into the folder ``work``, and verify it."""
    # They take a while to import, and only the first run with the corpus downloads.
    import pooch
    from requests.exceptions import HTTPError, RequestException, SSLError

    pooch.get_logger().setLevel("ERROR")
    store = pooch.create(
        work, base_url="", registry={name: None}, urls={name: url}, retry_if_failed=_RETRIES
    )
    # Without "identity" a server may compress, and the length it tells is not the file's.
    downloader = pooch.HTTPDownloader(
        _Progress(url, name), timeout=_TIMEOUT, headers={"Accept-Encoding": "identity"}
    )
    for _ in range(2):
        try:
            path = Path(store.fetch(name, downloader=downloader))
        except RequestException as error:
            if isinstance(error, SSLError):
                why = (
                    "its certificate can't be verified. Behind a proxy with certificates of its "
                    "own, name their file in the environment variable REQUESTS_CA_BUNDLE."
                )
            elif isinstance(error, HTTPError) and error.response is not None:
                why = f"the server answered {error.response.status_code} {error.response.reason}."
            else:
                why = f"the connection failed, {_RETRIES + 1} times ({error})."
            raise UserError(f"{url} can't be fetched: {why} {_ADVICE}") from None
        size, found = path.stat().st_size, git_blob_sha1(path)
        if found == blob_sha1:
            return
        path.unlink()
    raise UserError(
        f"{url} gave {size:,} bytes with the git blob sha1 {found}, where {blob_sha1} is expected, "
        f"twice. It was changed, or something between here and there changes it (a proxy, a "
        f"sign-in page); nothing was kept. {_ADVICE}"
    )


class _Progress:
    """What pooch reports its progress to: prints a line now and then, refuses what is too large."""

    def __init__(self, url: str, name: str) -> None:
        self.url, self.name = url, name
        self.total, self.done, self.last = 0, 0, 0.0

    def update(self, size: int) -> None:
        self.done += size
        if max(self.done, self.total) > MAX_BYTES:
            raise UserError(
                f"{self.url} is refused: it is larger than {MAX_BYTES / 1e6:,.0f} MB, where the "
                f"corpus takes some 90 MB. {_ADVICE}"
            )
        if time.monotonic() - self.last >= _SECONDS_BETWEEN_LINES:
            self.last = time.monotonic()
            of = f" of {self.total / 1e6:,.1f}" if self.total else ""
            words = f"Downloading {self.name}: {self.done / 1e6:,.1f}{of} MB"
            make_console().print(words, highlight=False, soft_wrap=True)

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        pass  # Each line is whole.


if __name__ == "__main__":
    report_user_errors(fetch_resume_corpus)()
