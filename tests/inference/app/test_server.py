"""The HTTP API: what it answers, and what it refuses."""

import csv
import http.client
import io
import json
import socket
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from documents import made
from helpers import wait_until
from resumebert import UserError
from resumebert.data.readers import read_table
from resumebert.inference.app.corrections import COLUMNS

TEXT = "Java developer, ten years of Spring and Hibernate in Berlin. " * 9
TOKEN = "a-token-of-the-tests-0123"
FILE = {"Content-Type": "application/octet-stream"}
JSON = {"Content-Type": "application/json"}


def send_file(client, name: str, content: bytes):
    return client.post("/label/file", params={"name": name}, content=content, headers=FILE)


def test_a_text_gets_what_the_labeler_says(serve, labeler):
    [expected] = labeler.predict([TEXT])
    with serve() as client:
        answer = client.post("/label", json={"text": TEXT})
        assert answer.headers["server-timing"].startswith("model;dur=")
        said = answer.json()
        explained = client.post("/explain", json={"text": TEXT, "label": labeler.label_names[0]})
    assert said["labels"] == expected.labels
    for name, probability in expected.probabilities.items():
        assert said["probabilities"][name] == pytest.approx(probability, abs=1e-6)
    assert said["thresholds"] == expected.thresholds
    assert (said["text"], said["review"]) == (expected.text, expected.review)
    assert [(w["start"], w["end"]) for w in said["windows"]] == [
        (w.start, w.end) for w in expected.windows
    ]
    [reason] = labeler.explain(TEXT, [labeler.label_names[0]])
    words = [(w.word, w.start, pytest.approx(w.weight, abs=1e-5)) for w in reason.strongest(20)]
    assert [(w["word"], w["start"], w["weight"]) for w in explained.json()["words"]] == words


@pytest.mark.parametrize("kind", ["docx", "pdf", "html", "txt"])
def test_a_file_is_read_and_labelled(serve, labeler, kind):
    lines = ["Java developer", "Ten years of Spring and Hibernate"]
    content = {
        "docx": lambda: made.word(lambda word: [word.add_paragraph(line) for line in lines]),
        "pdf": lambda: made.letter_spaced(lines, space=0),
        "html": lambda: "".join(f"<p>{line}</p>" for line in lines).encode(),
        "txt": lambda: "\n".join(lines).encode(),
    }[kind]()
    with serve() as client:
        said = send_file(client, f"cv.{kind}", content).json()
    assert "Ten years of Spring" in said["text"]
    assert set(said["probabilities"]) == set(labeler.label_names)


def test_many_texts_at_once_get_each_its_own_answer(serve, labeler):
    texts = [f"{TEXT} number {i} " * (1 + i % 7) for i in range(40)]
    expected = labeler.predict_proba(texts)
    with serve("most_waiting=64") as client, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda text: client.post("/label", json={"text": text}), texts))
    found = [list(answer.json()["probabilities"].values()) for answer in answers]
    assert np.abs(np.array(found) - expected).max() < 1e-5


def test_labels_do_not_wait_for_explanations(serve, labeler):
    """What takes long waits until no text does."""
    with serve() as client, ThreadPoolExecutor(12) as pool:
        long = TEXT * 20
        explaining = [
            pool.submit(client.post, "/explain", json={"text": long, "label": name})
            for name in labeler.label_names[:6]
        ]
        wait_until(lambda: client.get("/health").json()["waiting"] >= 2)
        client.post("/label", json={"text": TEXT})
        assert not all(each.done() for each in explaining)
        assert [each.result().status_code for each in explaining] == [200] * 6


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({"text": "  \n"}, 422, "empty"),
        ({"text": "a" * 2001}, 413, "2,001 characters, more than 2,000"),
        ({"word": "x"}, 422, "text"),
        ({"text": 7}, 422, "string"),
    ],
)
def test_a_text_that_can_not_be_labelled(serve, asked, status, words):
    with serve("characters=2000") as client:
        answer = client.post("/label", json=asked)
    assert answer.status_code == status
    assert words in json.dumps(answer.json()["detail"])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("cv.pdf", b"", "empty"),
        ("cv.pdf", b"%PDF-1.7 nothing", "damaged"),
        ("photo.jpg", b"\xff\xd8\xff\xe0" + bytes(500), "picture"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "Word 97"),
        ("cvs.zip", b"PK\x05\x06" + bytes(18), ""),
    ],
)
def test_a_file_that_can_not_be_read_has_a_reason(serve, name, content, words):
    with serve() as client:
        answer = send_file(client, name, content)
        assert client.get("/health").status_code == 200
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert answer.json()["detail"].startswith("The file ")


def test_a_bomb_and_a_file_that_is_too_large(serve):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b"<w:t>" + b" " * 300_000_000)
    with serve("megabytes=1") as client:
        bomb = send_file(client, "bomb.docx", packed.getvalue())
        large = send_file(client, "large.txt", b"a" * 1_000_001)

        def chunks():
            # Without a length: it is counted as it comes.
            yield from [b"a" * 100_000] * 11

        streamed = client.post("/label/file?name=a.txt", content=chunks(), headers=FILE)
        assert client.get("/health").status_code == 200
    assert bomb.status_code == 422
    assert "200 MB" in bomb.json()["detail"]
    assert (large.status_code, streamed.status_code) == (413, 413)


def test_a_pdf_of_fifty_megabytes(serve):
    """A scan in it, say: refused as a whole, or read where so much is allowed."""
    small = made.letter_spaced(["Java developer", "Ten years of Spring and Hibernate"], space=0)
    end = small.rindex(b"startxref")
    large = small[:end] + b"%" + b"\x80" * 49_000_000 + b"\n" + small[end:]
    with serve() as client:
        assert send_file(client, "scan.pdf", large).status_code == 413
        assert client.get("/health").status_code == 200
    with serve("megabytes=60") as client:
        assert "Ten years of Spring" in send_file(client, "scan.pdf", large).json()["text"]


def test_two_hundred_files_of_one_name(serve):
    with serve() as client:
        texts = [f"Java developer number {number}" for number in range(200)]
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda text: send_file(client, "cv.txt", text.encode()), texts))
    assert [answer.status_code for answer in found] == [200] * 200
    assert [answer.json()["text"] for answer in found] == texts


@pytest.mark.parametrize("name", ["../../x.txt", "a\x00b.txt", "<script>alert(1)</script>", "=cmd"])
def test_a_file_may_have_any_name(serve, name):
    with serve() as client:
        assert send_file(client, name, TEXT.encode()).status_code == 200


def test_any_text_gets_an_answer(serve):
    texts = [
        "<script>alert(1)</script>", "𝓙𝓪𝓿𝓪 \U0001f469\u200d\U0001f4bb", "مطور جافا", "\x00\x01",
        "a" * 50_000, "e\u0301" * 50,
    ]  # fmt: skip
    with serve() as client:
        for text in texts:
            said = client.post("/label", json={"text": text}).json()
            assert all(0 <= w["start"] <= w["end"] <= len(said["text"]) for w in said["windows"])
        # Half a character, which JSON can hold and UTF-8 can't.
        half = client.post("/label", content=b'{"text": "a\\ud83d b"}', headers=JSON)
        assert half.status_code == 200


class SlowLabeler:
    """A labeler that takes as long as it is told, and notes what it was asked for."""

    def __init__(self, labeler):
        self.labeler = labeler
        self.asked: list[str] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def __getattr__(self, name):
        return getattr(self.labeler, name)

    def predict(self, texts):
        self.asked += texts
        self.may_go_on.wait()
        if any("spoils" in text for text in texts):
            raise RuntimeError("this text can't be labelled")
        return self.labeler.predict(texts)


def test_more_than_may_wait_is_told_to_try_again(serve, labeler):
    slow = SlowLabeler(labeler)
    with serve("most_waiting=3", "batch_size=1", labeler=slow) as client:
        slow.may_go_on.clear()
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(client.post, "/label", json={"text": TEXT}) for _ in range(8)]
            wait_until(lambda: sum(each.done() for each in asked) == 4)
            refused = [each.result() for each in asked if each.done()]
            slow.may_go_on.set()
            answers = [each.result() for each in asked]
    assert {each.status_code for each in refused} == {503}
    assert refused[0].headers["retry-after"] == "2"
    assert sorted(each.status_code for each in answers) == [200] * 4 + [503] * 4


def test_it_takes_no_longer_than_it_may(serve, labeler):
    slow = SlowLabeler(labeler)
    with serve("seconds=0.5", labeler=slow) as client:
        slow.may_go_on.clear()
        answer = client.post("/label", json={"text": TEXT})
        slow.may_go_on.set()
        assert answer.status_code == 504
        assert "0.5 s" in answer.json()["detail"]
        assert client.post("/label", json={"text": TEXT}).status_code == 200


def test_whoever_has_gone_is_not_waited_for(serve, labeler):
    slow = SlowLabeler(labeler)
    with serve("batch_size=1", labeler=slow) as client:
        slow.may_go_on.clear()
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(client.post, "/label", json={"text": "the first"})
            wait_until(lambda: "the first" in slow.asked)
            going = http.client.HTTPConnection("127.0.0.1", client.base_url.port)
            gone = json.dumps({"text": "of somebody who goes"})
            going.request("POST", "/label", gone, JSON)
            wait_until(lambda: client.get("/health").json()["waiting"] == 1)
            going.close()
            wait_until(lambda: client.get("/health").json()["waiting"] == 0)
            slow.may_go_on.set()
            assert first.result().status_code == 200
        assert client.post("/label", json={"text": "the last"}).status_code == 200
    assert "of somebody who goes" not in slow.asked


def test_a_text_that_fails_does_not_spoil_the_others(serve, labeler, caplog):
    slow = SlowLabeler(labeler)
    with serve(labeler=slow) as client, ThreadPoolExecutor(4) as pool:
        slow.may_go_on.clear()
        first = pool.submit(client.post, "/label", json={"text": "the first"})
        wait_until(lambda: "the first" in slow.asked)
        others = [
            pool.submit(client.post, "/label", json={"text": text})
            for text in (TEXT, "this spoils it", TEXT)
        ]
        wait_until(lambda: client.get("/health").json()["waiting"] == 3)
        slow.may_go_on.set()
        assert first.result().status_code == 200
        assert [each.result().status_code for each in others] == [200, 500, 200]


def test_a_request_that_comes_too_slowly_is_given_up(serve):
    with (
        serve("seconds=0.5") as client,
        socket.create_connection(("127.0.0.1", client.base_url.port)) as slow,
    ):
        slow.sendall(b"POST /label HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{")
        slow.settimeout(30)
        assert b" 408 " in slow.recv(200)


# Who may come in


def test_without_the_token_nothing_is_told(serve):
    with serve(token=TOKEN) as client:
        for path in ("/", "/card", "/api", "/model", "/health", "/openapi.json"):
            assert client.get(path).status_code == 401
        assert client.post("/label", json={"text": TEXT}).status_code == 401
        for wrong in ("Basic x", "Bearer x", f"Bearer {TOKEN}x", TOKEN, "Bearer é"):
            told = {"Authorization": wrong.encode()}
            assert client.get("/model", headers=told).status_code == 401
        assert client.get("/", params={"token": "wrong"}).status_code == 401
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert client.post("/label", json={"text": TEXT}, headers=right).status_code == 200
        opened = client.get("/", params={"token": TOKEN})
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        cookie = opened.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert client.get("/").status_code == 200
        assert TOKEN not in client.get("/").text


def test_other_pages_and_other_names_are_refused(serve):
    with serve("hosts=[labels.example.org]") as client:
        for elsewhere in ("http://evil.example", "http://[", "null", "x"):
            headers = {"Origin": elsewhere}
            assert client.post("/label", json={"text": TEXT}, headers=headers).status_code == 403
        here = {"Origin": str(client.base_url).rstrip("/")}
        assert client.post("/label", json={"text": TEXT}, headers=here).status_code == 200
        for host, status in (
            ("evil.example", 421), ("", 421), ("localhost:99", 200), ("labels.example.org", 200),
            ("[::1]:8000", 200), ("[", 421),
        ):  # fmt: skip
            assert client.get("/model", headers={"Host": host}).status_code == status


def test_every_answer_has_the_headers_that_keep_browsers_careful(serve):
    with serve() as client:
        answers = [client.get(path) for path in ("/", "/card", "/api", "/model", "/nothing")]
        answers.append(client.post("/label", json={"text": ""}))
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"


# The pages


def test_the_end_of_the_models_path_is_all_that_is_told(serve, page_run):
    with serve() as client:
        for path in ("/", "/card", "/model"):
            assert str(page_run) not in client.get(path).text
        assert client.get("/model").json()["model"].endswith(page_run.name)


def test_the_pages_take_nothing_from_elsewhere(serve):
    with serve() as client:
        for path in ("/", "/card", "/api"):
            html = client.get(path).text
            assert "http://127.0.0.1:8000" in html or "://" not in html
            assert "<script src" not in html
            assert '<link rel="stylesheet"' not in html


def test_the_description_names_every_route(serve):
    with serve() as client:
        told = client.get("/openapi.json").json()
        page = client.get("/api").text
    for path in ("/label", "/label/file", "/explain", "/model", "/health"):
        assert path in told["paths"]
        assert path in page
    assert "/" not in told["paths"]


def test_the_card_is_shown_without_its_html(serve, page_run):
    card = page_run / "model_card.md"
    card.write_text("# A card\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))\n")
    with serve(f"ckpt={page_run / 'checkpoints' / 'best.ckpt'}") as client:
        html = client.get("/card").text
        card.unlink()
        without = client.get("/card").text
    assert "<h1>A card</h1>" in html
    assert "&lt;script&gt;alert(1)" in html
    assert 'href="javascript' not in html
    assert "No model card" in without


# Corrections


def test_corrections_are_saved_and_trained_on(serve, labeler, tmp_path):
    path = tmp_path / "new" / "corrections.csv"
    path.parent.mkdir()
    # Somebody has made room for it.
    path.touch()
    first, second = labeler.label_names[:2]
    given = {"name": "=cv.pdf", "text": TEXT, "suggested": [first], "who": 'Ann, "HR"'}
    with serve(f"corrections={path}") as client:
        assert client.get("/model").json()["corrections"] is True
        for labels, text, rows in (
            ([second], TEXT, 1), ([first, second], TEXT, 1), ([], "Nurse for\nten years", 2),
        ):  # fmt: skip
            answer = client.post("/corrections", json={**given, "labels": labels, "text": text})
            assert answer.json() == {"rows": rows}
        wrong = client.post("/corrections", json={**given, "labels": ["Astronaut"]})
        assert wrong.status_code == 422
        nobody = client.post("/corrections", json={**given, "labels": [], "who": ""})
        assert nobody.status_code == 422
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == COLUMNS
    assert [row["name"] for row in rows] == ["'=cv.pdf"] * 2
    assert rows[0]["who"] == given["who"]
    table = read_table(path, text_column="text", labels_column="labels",
                       label_names=labeler.label_names)  # fmt: skip
    assert table.texts[1] == "Nurse for\nten years"
    found = [
        [name for name, has in zip(table.label_names, row, strict=True) if has]
        for row in table.labels
    ]
    assert found == [[first, second], []]


def test_many_corrections_at_once_lose_none(serve, labeler, tmp_path):
    path = tmp_path / "corrections.csv"

    def correct(client, number: int):
        return client.post("/corrections", json={
            "name": f"cv{number}", "text": f"{TEXT} {number}", "labels": labeler.label_names[:1],
            "who": "Ann",
        })  # fmt: skip

    with (
        serve(f"corrections={path}") as one,
        serve(f"corrections={path}") as other,
        ThreadPoolExecutor(8) as pool,
    ):
        answers = pool.map(lambda n: correct((one, other)[n % 2], n), range(30))
        assert {answer.status_code for answer in answers} == {200}
    with path.open(encoding="utf-8", newline="") as stream:
        assert {row["name"] for row in csv.DictReader(stream)} == {f"cv{n}" for n in range(30)}


def test_another_table_is_not_written_over(serve, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="another table"), serve(f"corrections={path}"):
        pass
    assert path.read_text() == "a,b\n1,2\n"


def test_without_a_file_nothing_is_saved(serve):
    with serve() as client:
        assert client.post("/corrections", json={}).status_code == 404
        assert client.get("/model").json()["corrections"] is False
