"""What stands before every request: whose it is, how large it may be and how long it may take.

A page on the internet can have a browser send requests to this machine, under its own name (cross
site request forgery) or under one that it lets point here (DNS rebinding). So the names that the
server is called by, and the page that a request comes from, are checked too.
"""

import asyncio
import contextlib
import hmac
import json
from collections.abc import Collection, MutableMapping
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The names of this machine for itself alone.
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_MEGABYTE = 1000**2
# Of a request that is refused, so much is taken before the answer.
_DROPPED_MEGABYTES = 200
_SAFE = ("GET", "HEAD", "OPTIONS")
_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
# Where nothing says otherwise: an answer that is data.
_POLICY = "default-src 'none'; frame-ancestors 'none'"


class Guard:
    """An ASGI application around another, which refuses what must not come in.

    Args:
        app: what is guarded.
        token: what a client must show, in ``Authorization: Bearer TOKEN`` or in the cookie that
            opening ``/?token=TOKEN`` sets; None: anybody may come in.
        hosts: names that the server may be called by, without a port; None: any.
        megabytes: of a request.
        seconds: in which a request must have arrived.
        held_megabytes: of all requests together.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str | None,
        hosts: Collection[str] | None,
        megabytes: int,
        seconds: float,
        held_megabytes: int = 500,
    ) -> None:
        self._app, self._token, self._hosts = app, token, hosts
        self._megabytes, self._seconds = megabytes, seconds
        self._most_held = max(held_megabytes, megabytes) * _MEGABYTE
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        if refusal := self._refusal(scope, headers):
            await self._drop(receive)
            await _answer(send, headers, *refusal)
        elif self._token is None or self._is_known(scope, headers):
            await self._pass_on(scope, receive, send)
        elif scope["path"] == "/" and self._is_token(given.get("token", "")):
            # The token shall not stay in the address, which is shown and kept.
            del given["token"]
            await _send_empty(
                send,
                HTTPStatus.SEE_OTHER,
                {
                    "location": "/" + (f"?{urlencode(given)}" if given else ""),
                    "set-cookie": f"{_cookie(scope)}={self._token}; Path=/; HttpOnly; "
                    "SameSite=Strict",
                },
            )
        else:
            await self._drop(receive)
            await _answer(
                send,
                headers,
                HTTPStatus.UNAUTHORIZED,
                "The token is missing or wrong. Open the address that app.py printed, which ends "
                "with ?token=…; a program sends the header “Authorization: Bearer TOKEN”.",
            )

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[HTTPStatus, str] | None:
        host = headers.get("host", "")
        if self._hosts is not None and _name(host) not in self._hosts:
            return HTTPStatus.MISDIRECTED_REQUEST, (
                f"This server is not called {_name(host) or 'so'}. If it should be, start app.py "
                "with hosts=[NAME]."
            )
        origin = headers.get("origin")
        if scope["method"] not in _SAFE and origin and origin.partition("://")[2] != host:
            return HTTPStatus.FORBIDDEN, "Requests from other pages are not answered."
        declared = headers.get("content-length", "0")
        if not declared.isdecimal() or int(declared) > self._megabytes * _MEGABYTE:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._too_large
        return None

    @property
    def _too_large(self) -> str:
        return f"It is larger than {self._megabytes:,} MB, which app.py takes (megabytes=N)."

    def _is_known(self, scope: Scope, headers: Headers) -> bool:
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        cookies = cookie_parser(headers.get("cookie", ""))
        return (scheme.lower() == "bearer" and self._is_token(shown.strip())) or self._is_token(
            cookies.get(_cookie(scope), "")
        )

    def _is_token(self, shown: str) -> bool:
        # In the same time, however much of it is right.
        return hmac.compare_digest(shown.encode(), (self._token or "").encode())

    async def _drop(self, receive: Receive) -> None:
        """Take the rest of a request and forget it, or a part of it if there is very much.

        A client that is still sending when the connection is closed does not get to see the answer.
        """
        size = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._seconds):
                while size < _DROPPED_MEGABYTES * _MEGABYTE:
                    message = await receive()
                    size += len(message.get("body", b""))
                    if not message.get("more_body", False):
                        return

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, held, is_whole = asyncio.get_running_loop().time(), 0, False

        async def receive_some() -> Message:
            nonlocal held, is_whole
            if is_whole:
                # What comes now is that the client has gone.
                return await receive()
            try:
                async with asyncio.timeout_at(began + self._seconds):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(
                    HTTPStatus.REQUEST_TIMEOUT,
                    f"It took longer than {self._seconds:g} s to arrive.",
                ) from None
            size = len(message.get("body", b""))
            held += size
            self._held += size
            if held > self._megabytes * _MEGABYTE:
                if message.get("more_body", False):
                    await self._drop(receive)
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._too_large)
            if self._held > self._most_held:
                raise HTTPException(
                    HTTPStatus.SERVICE_UNAVAILABLE, "Too much is being sent. Try again in a moment."
                )
            is_whole = not message.get("more_body", False)
            return message

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(message)
            await send(message)

        try:
            await self._app(scope, receive_some, send_with_headers)
        finally:
            self._held -= held


def _name(host: str) -> str:
    """Return a host's name without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _cookie(scope: Scope) -> str:
    """Return the name of the token's cookie: cookies don't tell ports apart."""
    return f"resumebert_{(scope.get('server') or ('', 0))[1]}"


def _add_headers(message: MutableMapping[str, object]) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("content-security-policy", _POLICY)


async def _answer(send: Send, headers: Headers, status: HTTPStatus, words: str) -> None:
    """Say in a sentence why a request is refused."""
    if "text/html" in headers.get("accept", ""):
        content, kind = words.encode(), "text/plain; charset=utf-8"
    else:
        content, kind = json.dumps({"detail": words}).encode(), "application/json"
    # What is left of the request is not read, so that nothing more can come over this connection.
    await _send_empty(send, status, {"content-type": kind, "connection": "close"}, content)


async def _send_empty(
    send: Send, status: HTTPStatus, headers: dict[str, str], content: bytes = b""
) -> None:
    start: Message = {
        "type": "http.response.start",
        "status": int(status),
        "headers": [
            (name.encode(), value.encode("latin-1"))
            for name, value in {**headers, "content-length": str(len(content))}.items()
        ],
    }
    _add_headers(start)
    await send(start)
    await send({"type": "http.response.body", "body": content})
