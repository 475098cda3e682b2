import hashlib
import multiprocessing
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from helpers import LIMIT
from resumebert.data import download
from resumebert.data.cache import list_entries
from resumebert.data.download import SHA1, URL, fetch_resume_corpus, git_blob_sha1
from resumebert.utils.errors import UserError

CONTENT = np.random.default_rng(0).bytes(300_000)
BLOB = hashlib.sha1(b"blob 300000\0" + CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Answers each request with the next of ``script``, the last one again and again."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[Callable[[Handler], None]] = [right]
        self.requests: list[dict[str, str]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/corpus.zip"

    def handle_error(self, request, client_address):
        pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self):
        number = len(self.server.requests)
        self.server.requests.append({"path": self.path, **self.headers})
        self.close_connection = True
        self.server.script[min(number, len(self.server.script) - 1)](self)

    def log_message(self, *args):
        pass

    def begin(self, code=200, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()


def right(handler, content=CONTENT, stop=None):
    """Serve ``content``, breaking off after ``stop`` bytes."""
    handler.begin(200, Content_Length=len(content))
    handler.wfile.write(content[:stop])


def answers(code, **headers):
    return lambda handler: handler.begin(code, Content_Length=0, **headers)


def hangs_up(handler):
    handler.connection.close()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
    monkeypatch.setattr(download, "_TIMEOUT", 5.0)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Server()
    # Polled often, because a server stops only between two polls.
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def fetch(server, tmp_path, monkeypatch):
    monkeypatch.setenv("RESUMEBERT_CACHE", str(tmp_path))
    return lambda: fetch_resume_corpus(server.url, BLOB)


def files_kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size]


def test_fetches_once_and_says_where_from(server, fetch, tmp_path, capsys):
    path = fetch()
    assert path.name == "corpus.zip"
    assert path.read_bytes() == CONTENT
    assert path.is_relative_to(tmp_path)
    shown = capsys.readouterr().out
    for words in ("florex/resume_corpus", "24de399", "Licence: none", "Jiechieu", "10.1007/s00521"):
        assert words in shown
    assert "Downloading corpus.zip: 0.0 of 0.3 MB" in shown
    server.shutdown()
    assert fetch() == path
    assert len(server.requests) == 1
    assert "Licence: none" in capsys.readouterr().out


def test_a_file_in_the_cache_that_lost_bytes_is_fetched_again(server, fetch):
    path = fetch()
    path.write_bytes(CONTENT[:-1])
    assert fetch().read_bytes() == CONTENT
    assert len(server.requests) == 2


def test_corrupt_content_is_refused_and_not_kept(server, fetch, tmp_path):
    corrupt = bytearray(CONTENT)
    corrupt[1000] ^= 1
    server.script = [lambda handler: right(handler, bytes(corrupt))]
    with pytest.raises(UserError, match=f"where {BLOB} is expected"):
        fetch()
    assert len(server.requests) == 2
    assert files_kept(tmp_path) == []
    server.script = [right]
    assert fetch().read_bytes() == CONTENT


def test_content_corrupt_once_is_fetched_anew(server, fetch):
    server.script = [lambda handler: right(handler, bytes(len(CONTENT))), right]
    assert fetch().read_bytes() == CONTENT


def test_a_file_that_is_too_large_is_refused(server, fetch, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "MAX_BYTES", 200_000)
    with pytest.raises(UserError, match="larger than"):
        fetch()

    def unannounced(handler):
        handler.begin(200)
        handler.wfile.write(CONTENT)

    server.script = [unannounced]
    with pytest.raises(UserError, match="larger than"):
        fetch()
    assert files_kept(tmp_path) == []
    monkeypatch.setattr(download, "MAX_BYTES", 400_000)
    assert fetch().read_bytes() == CONTENT


@pytest.mark.parametrize(
    "trouble", [answers(500), hangs_up, lambda handler: right(handler, stop=100_000)]
)
def test_passing_troubles_pass_and_lasting_ones_are_told(
    server, fetch, tmp_path, trouble, monkeypatch
):
    server.script = [trouble, trouble, right]
    assert fetch().read_bytes() == CONTENT
    server.script = [trouble]
    monkeypatch.setenv("RESUMEBERT_CACHE", str(tmp_path / "another"))
    with pytest.raises(UserError, match=r"can't be fetched.*Where there is no network.*data\.path"):
        fetch()
    assert files_kept(tmp_path / "another") == []


def test_silence_is_not_waited_for_without_end(server, fetch, monkeypatch):
    monkeypatch.setattr(download, "_TIMEOUT", 0.1)
    done = threading.Event()
    server.script = [lambda handler: done.wait(5), right]
    assert fetch().read_bytes() == CONTENT
    done.set()


@pytest.mark.parametrize("code", [401, 404])
def test_a_refusal_is_told(server, fetch, code):
    server.script = [answers(code)]
    with pytest.raises(UserError, match=rf"answered {code}.*data\.path=PATH"):
        fetch()


@pytest.mark.parametrize("location", ["file:///etc/passwd", "/corpus.zip"])
def test_bad_redirects_end(server, fetch, location):
    server.script = [answers(302, Location=location)]
    with pytest.raises(UserError, match="can't be fetched"):
        fetch()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "corpus.zip", ""])
def test_only_web_addresses_are_fetched(url):
    with pytest.raises(UserError, match="not a web address"):
        fetch_resume_corpus(url, BLOB)


def test_a_folder_that_cannot_be_written_is_told(fetch, tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("in the way")
    monkeypatch.setenv("RESUMEBERT_CACHE", str(tmp_path / "cache"))
    with pytest.raises(UserError, match=r"can't be stored.*RESUMEBERT_CACHE"):
        fetch()


def test_a_full_disk_is_told(server, fetch, monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download, "git_blob_sha1", full)
    with pytest.raises(UserError, match=r"can't be stored.*No space left"):
        fetch()


def test_processes_at_once_download_once(server, fetch):
    fork = multiprocessing.get_context("fork")
    results = fork.Queue()
    workers = [
        fork.Process(target=lambda: results.put(fetch().read_bytes() == CONTENT)) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    assert [results.get(timeout=LIMIT) for _ in workers] == [True] * 3
    for worker in workers:
        worker.join()
    assert len(server.requests) == 1


def test_it_is_listed_and_not_removed_to_make_room(fetch, tmp_path):
    fetch()
    [entry] = list_entries(tmp_path)
    assert (entry.kind, entry.what, entry.keep) == ("download", "corpus.zip", True)


def test_a_git_blob_has_gits_sha1(tmp_path):
    (tmp_path / "x").write_text("hello\n")
    assert git_blob_sha1(tmp_path / "x") == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_the_corpus_is_pinned():
    assert URL.endswith("/24de39957d99caf2c89cf384ba2396bafe16050d/resumes_corpus.zip")
    assert len(SHA1) == 40
