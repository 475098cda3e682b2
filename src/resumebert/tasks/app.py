"""app.py: a web page that labels what is pasted or dropped, which is an HTTP API too."""

import secrets
import socket
from pathlib import Path

from omegaconf import DictConfig

from resumebert.settings.compose import app_settings
from resumebert.utils.console import make_console, quiet_libraries
from resumebert.utils.errors import UserError
from resumebert.utils.folders import EXPORTED, checkpoint_file
from resumebert.utils.hardware import keep_freed_memory

# Connections at a time: beyond these, clients are told to try again.
CONNECTIONS = 256


def serve(config: DictConfig) -> None:
    """Serve until a signal ends it.

    Args:
        config: as ``resumebert.compose(overrides, name="app")`` gives it.

    Raises:
        UserError: a value is wrong, the model can't be opened, or nothing can listen there.
    """
    settings = app_settings(config)
    model = Path(settings.ckpt).expanduser()
    if not (model / EXPORTED).is_file():
        model = checkpoint_file(model)
    try:
        import fastapi  # noqa: F401
        import markdown_it  # noqa: F401
        import uvicorn

        from resumebert.inference.app.guard import LOOPBACK
    except ImportError as error:
        raise UserError(
            f"app.py takes the package {error.name}: pip install -e '.[app]'"
        ) from error
    console = make_console()
    token = settings.token
    if token is None and settings.host not in LOOPBACK:
        token = secrets.token_urlsafe(24)
    # Somebody else may be listening there: better known before the model is loaded.
    with listening(settings.host, settings.port) as listener:
        quiet_libraries()
        # Imported here, since they load PyTorch.
        from resumebert.inference.app.server import create_app
        from resumebert.inference.labeler import ResumeLabeler

        keep_freed_memory()
        labeler = ResumeLabeler.load(
            model, device=settings.device, precision=settings.precision, trust=settings.trust
        )
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(labeler, settings, token=token),
                log_level="warning",
                access_log=False,
                server_header=False,
                limit_concurrency=CONNECTIONS,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=5,
            )
        )
        where = address(settings.host, listener.getsockname()[1])
        shown = where if token is None else f"{where}?token={token}"
        console.print(f"Labels with {model} ({labeler.device}).", highlight=False, soft_wrap=True)
        console.print(f"Open {shown}    Ctrl+C ends it.", highlight=False, soft_wrap=True)
        server.run(sockets=[listener])


def address(host: str, port: int) -> str:
    """Return where a browser on this machine finds the page."""
    named = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(host, host)
    return f"http://{named}:{port}/"


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address."""
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(place[:2], family=family, backlog=128)
    except OSError as error:
        raise UserError(
            f"host={host} port={port}: nothing can listen there ({error.strerror or error}). Give "
            "another port, such as port=8001, or port=0 for any that is free."
        ) from error
    # Else an answer waits 40 ms for the client to acknowledge its beginning: asyncio does this only
    # for sockets of its own making.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
