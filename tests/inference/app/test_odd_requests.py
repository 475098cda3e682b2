"""Requests that no browser would send: an answer or a reason, and never a traceback."""

import json
from collections.abc import Callable

from faults.test_fuzz import cases, damaged, often


@often(100, 10_000)
def test_requests_to_the_page(serve: Callable, labeler: object, count: int) -> None:
    """The page's inputs: JSON that is none, of other types, bytes for names."""
    with serve("characters=3000") as client:
        for number, draw in cases("page", count):
            body: object = {
                "text": draw.choice((None, 1, "", "x", "a" * draw.randrange(4000), ["x"], {})),
                "label": draw.choice((None, "", "Java_Developer", "../x", 7)),
            }
            content = json.dumps(body).encode()
            if draw.random() < 0.5:
                content = damaged(content, draw)
            route = draw.choice(("/label", "/label/file?name=%00%ff", "/explain", "/label/file"))
            if route == "/explain" and draw.random() < 0.9:
                # It takes long.
                route = "/label"
            kind = draw.choice(("application/json", "application/octet-stream", "text/plain", "x"))
            answer = client.post(route, content=content, headers={"Content-Type": kind})
            assert answer.status_code in (200, 400, 413, 415, 422), (number, answer.text)
            answer.json()
        assert client.get("/health").json() == {"waiting": 0}
