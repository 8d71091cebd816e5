"""The routes of a server."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi import Path as InPath
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from recurra.errors import RecurraError
from recurra.serving import body, generating, monitor, page
from recurra.serving.guard import Guard
from recurra.serving.host import Host
from recurra.serving.one_shot import answers
from recurra.serving.predicting import Question
from recurra.serving.problem import MEDIA_TYPE, Problem
from recurra.serving.wire import LOOK_SECONDS, look_after
from recurra.version import __version__

Name = Annotated[str, InPath(description="As GET /v1/models lists it.")]
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What is wrong, and what to do (RFC 9457).",
        "content": {MEDIA_TYPE: {"schema": {"type": "object"}}},
    }
}
_BODIES = {
    "requestBody": {
        "required": False,
        "content": {
            "application/json": {
                "example": [{"text": "what a fine day"}],
                "schema": {"type": "array", "items": {"type": "object"}},
            },
            **{kind: {"schema": {"type": "string", "format": "binary"}} for kind in list(body.SUFFIXES)[1:]},
        },
    }
}
_LINES = {
    "requestBody": {
        "required": True,
        "content": {"application/x-ndjson": {"example": '{"text": "what"}\n{"text": "a"}\n'}},
    }
}
_PROMPT = {
    "requestBody": {
        "required": False,
        "content": {"application/json": {"example": {"prompt": "Once upon", "length": 100}}},
    }
}


def make_app(host: Host) -> FastAPI:
    """The application of a server.

    Args:
        host: What it serves.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        tasks = [*host.begin(), asyncio.create_task(_look(host))]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await host.close()

    app = FastAPI(
        title="recurra",
        version=__version__,
        lifespan=lifespan,
        responses=_PROBLEMS,
        docs_url=None,  # its pages load scripts of another server
        redoc_url=None,
    )
    _add_errors(app)
    _add_state(app, host)
    _add_models(app, host)
    _add_makers(app, host)
    page.add_page(app)
    return app


async def _look(host: Host) -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        look_after(host)


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def problem(_request: Request, error: Problem) -> Response:
        return JSONResponse(error.document, error.status, error.headers, MEDIA_TYPE)

    @app.exception_handler(RecurraError)
    async def ours(request: Request, error: RecurraError) -> Response:
        return await problem(request, Problem.of(error))

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> Response:
        told = Problem(
            error.status_code, str(error.detail), "a route of GET /openapi.json", "Check the address."
        )
        return await problem(request, told)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return await problem(request, Problem(422, place, first["msg"], "Correct it."))

    @app.exception_handler(Exception)
    async def failure(request: Request, _error: Exception) -> Response:
        told = Problem(500, "a failure of the server", "an answer", "Tell who runs the server.")
        return await problem(request, told)


def _add_state(app: FastAPI, host: Host) -> None:
    @app.get("/healthz", tags=["state"], summary="Whether the process answers.")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", tags=["state"], summary="Whether it takes work, and keeps snapshots.")
    async def readyz() -> Response:
        ready = host.roster.is_saving
        return JSONResponse(
            {"status": "ready" if ready else "the disk takes no snapshots"}, 200 if ready else 503
        )

    @app.get("/metrics", tags=["state"], summary="What it counts, for Prometheus.")
    async def metrics(request: Request) -> Response:
        client_of(host.guard, request)
        host.roster.count()
        return Response(host.monitor.text(), media_type=monitor.MEDIA_TYPE)


def _add_models(app: FastAPI, host: Host) -> None:
    @app.get("/v1/models", tags=["models"], summary="The models.")
    async def models(request: Request) -> dict[str, Any]:
        client_of(host.guard, request)
        return {"models": [one.description() for one in host.shelf]}

    @app.get("/v1/models/{name}", tags=["models"], summary="A model.")
    async def model(request: Request, name: Name) -> dict[str, Any]:
        client_of(host.guard, request)
        return host.shelf.get(name).description()

    @app.post(
        "/v1/models/{name}/predict",
        tags=["models"],
        summary="What the net says of whole data; options of the answer are queries.",
        openapi_extra=_BODIES,
    )
    async def predict(request: Request, name: Name) -> Response:
        client = client_of(host.guard, request)
        model = host.shelf.get(name)
        content, kind = await _body(request, host), request.headers.get("content-type", "")
        suffix = body.suffix_of(kind or "application/json") if content.strip() or kind else ".json"
        _paced(host, client, 1)
        begun = time.perf_counter()
        accepted = request.headers.get("accept", "")
        question = Question(content, suffix, dict(request.query_params), accepted)
        future = host.predictor.submit(model, question)
        try:
            async with asyncio.timeout(host.config.answer_seconds):
                told = await asyncio.wrap_future(future)
        except TimeoutError as error:
            seconds = f"within {host.config.answer_seconds:g} s"
            raise Problem(504, "an answer that takes too long", seconds, "Send less at a time.") from error
        host.monitor.predictions.labels(model.name).inc()
        host.monitor.prediction_seconds.labels(model.name).observe(time.perf_counter() - begun)
        return Response(told.content, media_type=told.kind)


def _add_makers(app: FastAPI, host: Host) -> None:
    @app.post(
        "/v1/models/{name}/generate",
        tags=["models"],
        summary="A text, made of nothing or of a prompt; with Accept: text/event-stream, as it is made.",
        openapi_extra=_PROMPT,
    )
    async def generate(request: Request, name: Name) -> Response:
        client = client_of(host.guard, request)
        model = host.shelf.get(name)
        _paced(host, client, 1)
        making = generating.Making(model, await _body(request, host), host.makers)
        seconds = host.config.answer_seconds
        with ExitStack() as stack:
            stack.callback(host.roster.admit(model, client))
            if generating.EVENTS not in request.headers.get("accept", ""):
                return JSONResponse(await making.whole(seconds))
            events = await _begun(making.events(seconds), stack)
            return StreamingResponse(events, media_type=generating.EVENTS)

    @app.post(
        "/v1/models/{name}/stream",
        tags=["models"],
        summary="What a new live session says of rows, as lines of JSON; it ends with them.",
        openapi_extra=_LINES,
    )
    async def stream(request: Request, name: Name) -> Response:
        client = client_of(host.guard, request)
        model = host.shelf.get(name)
        content = await _body(request, host)
        session = host.roster.begin(model, client)
        with ExitStack() as stack:
            stack.callback(host.roster.end, session)
            lines = await _begun(answers(host, session, content), stack)
            return StreamingResponse(lines, media_type="application/x-ndjson")


async def _begun(texts: AsyncGenerator[str], stack: ExitStack) -> AsyncIterator[str]:
    """Texts of which the first one is there already, so that an error before it is an answer of its own.

    Args:
        texts: They.
        stack: What is to be done when they end; whoever reads them does it, or whoever gives up.
    """
    first = await anext(texts, "")
    ending = stack.pop_all()

    async def rest() -> AsyncIterator[str]:
        with ending:
            yield ""  # it is under way from here on, so that `ending` happens however it ends
            yield first
            async for text in texts:
                yield text

    following = rest()
    await anext(following)
    return following


def client_of(guard: Guard, request: Request) -> str:
    """Who asks.

    Raises:
        Problem: The token is missing or unknown.
    """
    return guard.client(request.headers, (), request.client.host if request.client is not None else "unknown")


async def _body(request: Request, host: Host) -> bytes:
    most = int(host.config.max_body_mb * 2**20)
    stated = request.headers.get("content-length")
    return await body.read(request.stream(), stated, most, host.config.request_seconds)


def _paced(host: Host, client: str, rows: int) -> None:
    """Make sure that a client may send something now.

    Raises:
        Problem: It sent too much lately.
    """
    wait = host.pace.wait(client, rows)
    if wait:
        host.monitor.refused.inc()
        raise Problem(429, "more requests than allowed", "fewer in a second", "Wait a little.", wait)
