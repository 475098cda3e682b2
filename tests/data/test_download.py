import hashlib
import multiprocessing
import shutil
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from helpers import LIMIT
from resumebert.data import download
from resumebert.data.cache_entries import list_entries
from resumebert.data.download import SHA1, URL, fetch_resume_corpus, git_blob_sha1
from resumebert.utils.errors import UserError

CONTENT = np.random.default_rng(0).bytes(300_000)
BLOB = hashlib.sha1(b"blob 300000\0" + CONTENT).hexdigest()
ETAG = '"one"'


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


def right(handler, content=CONTENT, etag=ETAG, stop=None):
    """Serve ``content``, or the part asked for, breaking off after ``stop`` bytes."""
    start = 0
    asked = handler.headers.get("Range")
    if asked and handler.headers.get("If-Range", etag) == etag:
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content):
            handler.begin(416, Content_Range=f"bytes */{len(content)}", Content_Length=0)
            return
    extra = {"Content_Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
    extra |= {"ETag": etag} if etag else {}
    handler.begin(206 if start else 200, Content_Length=len(content) - start, **extra)
    handler.wfile.write(content[start:][:stop])


def breaks_off(stop):
    return lambda handler: right(handler, stop=stop)


def answers(code, **headers):
    return lambda handler: handler.begin(code, Content_Length=0, **headers)


def without_ranges(stop=None, length=300_000):
    def serve(handler):
        handler.begin(200, Content_Length=length)
        handler.wfile.write(CONTENT[:stop])

    return serve


def hangs_up(handler):
    handler.connection.close()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(download, "_LONGEST_PAUSE", 0.01)
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
def fetch(server, tmp_path):
    return lambda: fetch_resume_corpus(server.url, BLOB, tmp_path)


def part_files(folder: Path) -> list[Path]:
    return list(folder.glob("download/.*.part*"))


def test_fetches_once_and_says_where_from(server, fetch, tmp_path, capsys):
    path = fetch()
    assert path.name == "corpus.zip"
    assert path.read_bytes() == CONTENT
    assert path.is_relative_to(tmp_path)
    assert part_files(tmp_path) == []
    shown = capsys.readouterr().out
    for words in ("florex/resume_corpus", "24de399", "Licence: none", "Jiechieu", "10.1007/s00521"):
        assert words in shown
    assert "Downloading corpus.zip: 0.1 of 0.3 MB" in shown
    server.shutdown()
    assert fetch() == path
    assert len(server.requests) == 1
    assert "Licence: none" in capsys.readouterr().out


def test_a_file_in_the_cache_that_lost_bytes_is_fetched_again(server, fetch):
    path = fetch()
    path.write_bytes(CONTENT[:-1])
    assert fetch().read_bytes() == CONTENT
    assert len(server.requests) == 2


def test_a_broken_download_goes_on_where_it_stopped(server, fetch):
    server.script = [breaks_off(100_000), breaks_off(50_000), breaks_off(1), right]
    assert fetch().read_bytes() == CONTENT
    ranges = [request.get("Range") for request in server.requests]
    assert ranges == [None, "bytes=100000-", "bytes=150000-", "bytes=150001-"]
    assert server.requests[1]["If-Range"] == ETAG


def test_the_next_run_goes_on_too(server, fetch, tmp_path):
    server.script = [breaks_off(100_000), answers(503)]
    with pytest.raises(UserError, match="The 100,000 bytes that came are kept"):
        fetch()
    assert len(server.requests) == 1 + 5
    server.script = [right]
    assert fetch().read_bytes() == CONTENT
    assert server.requests[-1]["Range"] == "bytes=100000-"
    assert part_files(tmp_path) == []


def test_a_server_without_ranges_sends_all_again(server, fetch):
    server.script = [without_ranges(stop=200_000), without_ranges(stop=100), without_ranges()]
    assert fetch().read_bytes() == CONTENT
    assert "If-Range" not in server.requests[1]


def test_a_file_that_changed_meanwhile_is_fetched_anew(server, fetch):
    old = bytes(len(CONTENT))
    server.script = [lambda h: right(h, old, '"old"', stop=100_000), right]
    assert fetch().read_bytes() == CONTENT
    assert server.requests[1]["If-Range"] == '"old"'


def test_a_mixture_of_two_versions_is_noticed_and_fetched_anew(server, fetch):
    old = bytes(len(CONTENT))
    server.script = [lambda h: right(h, old, "", stop=100_000), lambda h: right(h, etag="")]
    assert fetch().read_bytes() == CONTENT
    assert [request.get("Range") for request in server.requests] == [None, "bytes=100000-", None]


@pytest.mark.parametrize(
    "content", [CONTENT, CONTENT + b"more", b"other" * 100], ids=["whole", "longer", "other"]
)
def test_a_part_that_is_no_part_is_recovered_from(server, fetch, tmp_path, content):
    server.script = [breaks_off(100_000), answers(404)]
    with pytest.raises(UserError):
        fetch()
    part = next(path for path in part_files(tmp_path) if path.suffix == ".part")
    part.write_bytes(content)
    server.script = [right]
    assert fetch().read_bytes() == CONTENT


def test_another_range_than_asked_for_is_not_appended(server, fetch):
    def another(handler):
        handler.begin(206, Content_Range="bytes 5-9/300000", Content_Length=5)
        handler.wfile.write(CONTENT[5:10])

    server.script = [breaks_off(100_000), another, right]
    assert fetch().read_bytes() == CONTENT


def test_corrupt_content_is_refused_and_not_kept(server, fetch, tmp_path):
    corrupt = bytearray(CONTENT)
    corrupt[1000] ^= 1
    server.script = [lambda handler: right(handler, bytes(corrupt))]
    with pytest.raises(UserError, match=f"where {BLOB} is expected"):
        fetch()
    assert len(server.requests) == 2
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size] == []
    server.script = [right]
    assert fetch().read_bytes() == CONTENT


def test_content_corrupt_once_is_fetched_anew(server, fetch):
    server.script = [lambda handler: right(handler, bytes(len(CONTENT))), right]
    assert fetch().read_bytes() == CONTENT


def test_an_announcement_of_more_than_comes_is_seen_through(server, fetch):
    server.script = [without_ranges(length=400_000)]
    assert fetch().read_bytes() == CONTENT


def test_an_announcement_of_less_than_there_is_fails_the_check(server, fetch):
    server.script = [without_ranges(length=1000)]
    with pytest.raises(UserError, match="gave 1,000 bytes"):
        fetch()


def test_a_file_that_is_too_large_is_refused(server, fetch, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "MAX_BYTES", 200_000)
    with pytest.raises(UserError, match="larger than"):
        fetch()
    assert len(server.requests) == 1

    def endless(handler):
        handler.begin(200)
        handler.wfile.write(CONTENT)

    server.script = [endless]
    with pytest.raises(UserError, match="larger than"):
        fetch()
    assert all(path.stat().st_size <= 200_000 for path in part_files(tmp_path))


def test_a_length_is_not_needed(server, fetch):
    def unannounced(handler):
        handler.begin(200)
        handler.wfile.write(CONTENT)

    server.script = [unannounced]
    assert fetch().read_bytes() == CONTENT


def test_broken_chunks_are_fetched_again(server, fetch):
    def chunked(handler):
        handler.begin(200, Transfer_Encoding="chunked")
        handler.wfile.write(b"%x\r\n" % 200_000 + CONTENT[:100_000])

    server.script = [chunked, right]
    assert fetch().read_bytes() == CONTENT


@pytest.mark.parametrize("trouble", [answers(500), answers(503, Retry_After="0"), hangs_up])
def test_passing_troubles_pass(server, fetch, trouble, capsys):
    server.script = [trouble, trouble, right]
    assert fetch().read_bytes() == CONTENT
    assert "Again in" in capsys.readouterr().out


@pytest.mark.parametrize("trouble", [answers(500), hangs_up, breaks_off(0)])
def test_lasting_troubles_are_told(server, fetch, trouble):
    server.script = [trouble]
    with pytest.raises(UserError, match=r"again and again.*data\.path=PATH"):
        fetch()
    assert len(server.requests) == 5


def test_silence_is_not_waited_for_without_end(server, fetch, monkeypatch):
    monkeypatch.setattr(download, "_TIMEOUT", 0.1)
    done = threading.Event()
    server.script = [lambda handler: done.wait(5), right]
    assert fetch().read_bytes() == CONTENT
    done.set()


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_a_refusal_is_final(server, fetch, code):
    server.script = [answers(code)]
    with pytest.raises(UserError, match=rf"answered {code}.*data\.path=PATH"):
        fetch()
    assert len(server.requests) == 1


def test_redirects_are_followed_with_the_range(server, fetch):
    elsewhere = answers(302, Location="/elsewhere")
    server.script = [elsewhere, breaks_off(100_000), elsewhere, right]
    assert fetch().read_bytes() == CONTENT
    assert server.requests[-1]["path"] == "/elsewhere"
    assert server.requests[-1]["Range"] == "bytes=100000-"


@pytest.mark.parametrize("location", ["file:///etc/passwd", "/corpus.zip"])
def test_bad_redirects_end(server, fetch, location):
    server.script = [answers(302, Location=location)]
    with pytest.raises(UserError, match="302"):
        fetch()


def test_no_network_is_told(server, fetch):
    server.shutdown()
    server.server_close()
    with pytest.raises(UserError, match=r"can't be fetched.*Where there is no network"):
        fetch()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "corpus.zip", ""])
def test_only_web_addresses_are_fetched(url, tmp_path):
    with pytest.raises(UserError, match="not a web address"):
        fetch_resume_corpus(url, BLOB, tmp_path)


def test_a_folder_that_cannot_be_written_is_told(server, tmp_path):
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(UserError, match=r"can't be stored.*RESUMEBERT_CACHE"):
        fetch_resume_corpus(server.url, BLOB, tmp_path / "cache")


def test_a_full_disk_is_told(server, fetch, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(download.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(UserError, match="0 MB free"):
        fetch()

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.undo()
    monkeypatch.setattr(download, "_remember", full)
    with pytest.raises(UserError, match=r"can't be stored.*No space left"):
        fetch()


def test_threads_at_once_download_once(server, fetch):
    paths = []
    threads = [threading.Thread(target=lambda: paths.append(fetch())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 4
    assert len(set(paths)) == 1
    assert len(server.requests) == 1


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
