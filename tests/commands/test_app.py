"""app.py: started and ended as the documentation says."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from helpers import LEAN, LIMIT, REPOSITORY, Command


@pytest.fixture
def run(shared_run: Callable[..., Path]) -> Path:
    return shared_run("predicting", *LEAN, "data.long_documents=windows", "seed=3")


def test_it_answers_until_it_is_asked_to_end(run: Path, tmp_path: Path):
    """For others too: then a token is made, which the address that is printed has."""
    server = subprocess.Popen(
        [sys.executable, str(REPOSITORY / "app.py"), f"ckpt={run}", "host=0.0.0.0", "port=0"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        address = next(
            found[0] for line in server.stdout if (found := re.search(r"http://\S+", line))
        )
        token = address.partition("?token=")[2]
        assert len(token) >= 32
        with httpx.Client(base_url=address.partition("?")[0], trust_env=False) as client:
            assert client.get("/").status_code == 401
            opened = client.get("/", params={"token": token}, follow_redirects=True)
            assert "Label résumés" in opened.text
            said = client.post("/label", json={"text": "Java developer"}).json()
            assert len(said["probabilities"]) == 10
    finally:
        server.send_signal(signal.SIGINT)
    _, errors = server.communicate(timeout=LIMIT)
    assert server.returncode == 128 + signal.SIGINT
    assert "Traceback" not in errors
    # Nothing that was sent is kept.
    assert list(tmp_path.iterdir()) == []


def test_mistakes_are_told_before_the_model_is_loaded(run: Path, command: Command):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for arguments, words in (
            ((), "ckpt is not given"),
            (("ckpt=nothing",), "there is no such file"),
            ((f"ckpt={run}", f"port={port}"), "Give another port"),
            ((f"ckpt={run}", "host=nowhere.invalid"), "nothing can listen there"),
            ((f"ckpt={run}", "token=short"), "at least 16 letters"),
            ((f"ckpt={run}", "megabytes=0"), "megabytes=0"),
        ):
            result = command("app", *arguments)
            assert result.code == 1
            assert words in result.errors
            assert "Traceback" not in result.errors
