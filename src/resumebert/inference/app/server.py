"""The routes of the page and its API."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache, partial
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

from fastapi import Body, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response

import resumebert
from resumebert.data.problems import printable
from resumebert.documents import DocumentReaders, Limits
from resumebert.inference.app.answers import (
    About,
    Correction,
    Explained,
    Labelled,
    Refused,
    Saved,
    TextToExplain,
    TextToLabel,
)
from resumebert.inference.app.corrections import Corrections
from resumebert.inference.app.guard import LOOPBACK, Guard
from resumebert.inference.app.pages import Page, api_page, card_page, main_page
from resumebert.inference.app.queueing import BusyError, LabelQueue
from resumebert.inference.inputs import hidden_note
from resumebert.inference.labeler import ResumeLabeler
from resumebert.settings.schema import AppSettings
from resumebert.utils.errors import UserError

_REFUSED: dict[int | str, dict[str, Any]] = {
    status: {"model": Refused, "description": words}
    for status, words in {
        HTTPStatus.UNAUTHORIZED: "The token is missing or wrong.",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "It is too large.",
        HTTPStatus.UNPROCESSABLE_ENTITY: "It can't be used; the reason says why.",
        HTTPStatus.SERVICE_UNAVAILABLE: "Too much waits. Try again in a moment.",
        HTTPStatus.GATEWAY_TIMEOUT: "It takes too long.",
    }.items()
}
_UNANSWERED = 499  # The client has gone; nginx's number, which nobody gets to see.


def create_app(labeler: ResumeLabeler, settings: AppSettings, *, token: str | None = None) -> Guard:
    """Return the page and its API as an ASGI application.

    Args:
        labeler: labels what is sent.
        settings: those of app.py.
        token: what clients must show; None: anybody may come in.

    Raises:
        UserError: the file for corrections can't be used.
    """
    model = str(Path(settings.ckpt).expanduser())
    saved = Corrections(Path(settings.corrections), model) if settings.corrections else None
    about = About(
        # Whoever asks need not know where else on this machine it lies.
        model=str(Path(*Path(model).parts[-3:])),
        labels=labeler.label_names,
        thresholds=labeler.thresholds,
        megabytes=settings.megabytes,
        characters=settings.characters,
        files=settings.files,
        corrections=saved is not None,
    )
    queue = LabelQueue(labeler, most_waiting=settings.most_waiting, texts=settings.batch_size)
    # A file's text may be longer than what is labelled: the message then says how long it is.
    limits = Limits(megabytes=settings.megabytes, characters=10 * settings.characters)
    readers = DocumentReaders(
        workers=settings.workers,
        seconds=settings.seconds,
        limits=limits,
        keep_hidden=settings.keep_hidden,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with readers:
            working = asyncio.create_task(queue.run())
            # The first text takes longer than others: better now than when a person waits.
            await queue.label("a first text")
            yield
            working.cancel()

    app = FastAPI(
        title="resumebert",
        version=resumebert.__version__,
        description="Labels résumés with job categories. What it says is a suggestion: a person "
        "decides.",
        lifespan=lifespan,
        # FastAPI's own pages load their scripts from other machines.
        docs_url=None,
        redoc_url=None,
        responses=_REFUSED,
    )
    _add_pages(app, about, model)
    answering = partial(_answer, seconds=settings.seconds)

    def checked(text: str) -> str:
        if not text.strip():
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "The text is empty.")
        if len(text) > settings.characters:
            raise HTTPException(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"The text has {len(text):,} characters, more than {settings.characters:,} "
                "(characters=N).",
            )
        # A half of a character can't be written in UTF-8.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    @app.get("/model")
    async def model_of_the_server() -> About:
        """Say what labels there are, and what may be sent."""
        return about

    @app.get("/health")
    async def health() -> Mapping[str, int]:
        """Say that the server works, and how many texts wait."""
        return {"waiting": queue.waiting}

    @app.post("/label")
    async def label(request: Request, response: Response, asked: TextToLabel) -> Labelled:
        """Label a résumé that is given as text."""
        began = time.perf_counter()
        found = await answering(request, partial(queue.label, checked(asked.text)))
        response.headers["server-timing"] = _timing(began)
        return Labelled.of(found, [])

    @app.post("/label/file")
    async def label_file(
        request: Request,
        response: Response,
        name: Annotated[str, Query(description="Of the file, such as cv.pdf.", max_length=1000)],
        content: Annotated[bytes, Body(media_type="application/octet-stream")] = b"",
    ) -> Labelled:
        """Label a document: the body is the file itself, pdf, docx, odt, rtf, html, eml, md, txt.

        It is read in a process of its own, and not kept.
        """
        if not content:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "The file is empty (0 bytes).")
        reading = asyncio.wrap_future(readers.submit((name, content)))
        document = await answering(request, lambda: reading)
        if document.error is not None:
            raise HTTPException(
                HTTPStatus.UNPROCESSABLE_ENTITY, f"The file {printable(document.error)}."
            )
        notes = [*document.notes]
        if document.hidden_text:
            notes.append(hidden_note(document, kept=settings.keep_hidden))
        began = time.perf_counter()
        found = await answering(request, partial(queue.label, checked(document.text)))
        response.headers["server-timing"] = _timing(began)
        return Labelled.of(found, list(map(printable, notes)))

    @app.post("/explain")
    async def explain(request: Request, asked: TextToExplain) -> Explained:
        """Say which words and windows speak for and against a label; some eighty times the time."""
        if asked.label not in about.labels:
            raise HTTPException(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                f"The model has no label {asked.label!r}. Its labels are "
                f"{', '.join(about.labels)}.",
            )
        found = await answering(request, partial(queue.explain, checked(asked.text), asked.label))
        return Explained.of(found)

    if saved is not None:

        @app.post("/corrections")
        async def correct(given: Correction) -> Saved:
            """Save what a person says that the labels of a résumé are."""
            if unknown := sorted({*given.labels, *given.suggested} - {*about.labels}):
                raise HTTPException(
                    HTTPStatus.UNPROCESSABLE_ENTITY, f"The model has no label {unknown[0]!r}."
                )
            row = (
                printable(checked(given.name)),
                checked(given.text),
                given.labels,
                given.suggested,
                printable(checked(given.who)),
            )
            rows = await asyncio.to_thread(saved.add, *row)
            return Saved(rows=rows)

    @app.exception_handler(RequestValidationError)
    async def not_as_described(_: Request, error: RequestValidationError) -> JSONResponse:
        # FastAPI's own answer repeats what was sent, and fails where that is no text.
        wrong = [f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors()]
        said = f"The request is not as the API describes it. {'; '.join(wrong[:5])}."
        return JSONResponse({"detail": said}, HTTPStatus.UNPROCESSABLE_ENTITY)

    @app.exception_handler(UserError)
    @app.exception_handler(Exception)
    async def failed(_: Request, error: Exception) -> JSONResponse:
        # What a library says may hold what was sent.
        said = str(error) if isinstance(error, UserError) else "The server failed on this request."
        return JSONResponse({"detail": said}, HTTPStatus.INTERNAL_SERVER_ERROR)

    is_open = settings.host not in LOOPBACK
    return Guard(
        app,
        token=token,
        # Whoever must show a token is known, by whatever name the server is called.
        hosts=None if is_open and not settings.hosts else {*LOOPBACK, *settings.hosts},
        megabytes=settings.megabytes,
        seconds=settings.seconds,
    )


def _add_pages(app: FastAPI, about: About, model: str) -> None:
    def shown(page: Page) -> HTMLResponse:
        return HTMLResponse(page.html, headers={"content-security-policy": page.policy})

    # They don't change: each is made once, the API's when all routes are there.
    first = main_page(about)
    described = cache(lambda: api_page(app.openapi()))

    @app.get("/", include_in_schema=False)
    async def main() -> HTMLResponse:
        return shown(first)

    @app.get("/card", include_in_schema=False)
    async def card() -> HTMLResponse:
        return shown(await asyncio.to_thread(card_page, Path(model), about))

    @app.get("/api", include_in_schema=False)
    async def api() -> HTMLResponse:
        return shown(described())

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> Response:
        return Response(status_code=HTTPStatus.NO_CONTENT)


async def _answer(request: Request, ask: Any, *, seconds: float) -> Any:
    """Return what ``ask()`` promises, unless it takes too long or the client goes away."""
    try:
        promised = ask()
    except BusyError:
        raise HTTPException(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "Too much waits already. Try again in a moment.",
            {"retry-after": "2"},
        ) from None
    gone = asyncio.ensure_future(_until_gone(request))
    try:
        done, _ = await asyncio.wait(
            {promised, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if promised in done:
            return promised.result()
    except asyncio.CancelledError:
        promised.cancel()
        raise
    finally:
        gone.cancel()
    promised.cancel()
    if gone in done:
        raise HTTPException(_UNANSWERED, "The client has gone.")
    raise HTTPException(
        HTTPStatus.GATEWAY_TIMEOUT, f"It takes longer than {seconds:g} s (seconds=N)."
    )


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _timing(began: float) -> str:
    """Return how long the model took, waiting included, as browsers' developer tools show it."""
    return f"model;dur={(time.perf_counter() - began) * 1000:.1f}"
