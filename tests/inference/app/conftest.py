"""A server with a tiny model, at a real port."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from helpers import LEAN, wait_until
from resumebert import ResumeLabeler, compose, train
from resumebert.inference.app.server import create_app
from resumebert.settings.compose import app_settings
from resumebert.tasks.app import listening

Serve = Callable[..., "contextmanager[httpx.Client]"]


@pytest.fixture(scope="session")
def page_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("app") / "run"
    config = compose([
        *LEAN, "data.long_documents=windows", "optimizer.lr=1e-2", f"output_dir={folder}",
        "trainer.accelerator=cpu",
    ])  # fmt: skip
    train(config)
    return folder


@pytest.fixture(scope="session")
def labeler(page_run: Path) -> ResumeLabeler:
    return ResumeLabeler.load(page_run, device="cpu", precision=None)


@pytest.fixture
def serve(page_run: Path, labeler: ResumeLabeler):
    """``with serve("key=value", token=…) as client``: a server, and a client of it."""

    @contextmanager
    def serving(
        *overrides: str, token: str | None = None, labeler: ResumeLabeler = labeler
    ) -> Iterator[httpx.Client]:
        settings = app_settings(compose([f"ckpt={page_run}", "workers=1", *overrides], name="app"))
        application = create_app(labeler, settings, token=token)
        with listening("127.0.0.1", 0) as listener:
            server = uvicorn.Server(uvicorn.Config(application, log_level="warning"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            wait_until(lambda: server.started)
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            try:
                with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
                    yield client
            finally:
                server.should_exit = True
                thread.join()

    return serving
