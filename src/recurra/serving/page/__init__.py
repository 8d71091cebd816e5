"""The page of a server: its files, with a policy that lets nothing else in."""

from collections.abc import Awaitable, Callable
from importlib import resources

from fastapi import FastAPI
from fastapi.responses import Response

_MODULES = (
    "access",
    "answer",
    "bars",
    "chart",
    "course",
    "dom",
    "drawing",
    "fault",
    "hearing",
    "ink",
    "main",
    "microphone",
    "notation",
    "pad",
    "latency",
    "pixels",
    "roll",
    "rows",
    "session",
    "sound",
    "status",
    "table",
    "tune",
    "whole",
    "words",
    "writing",
)
"""The scripts: each a module of one concept; `main` begins."""
_FILES = (
    ("/", "index.html", "text/html"),
    ("/page/page.css", "page.css", "text/css"),
    *((f"/page/{name}.js", f"{name}.js", "text/javascript") for name in _MODULES),
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def add_page(app: FastAPI) -> None:
    """Add the routes of the page's files."""
    for address, name, kind in _FILES:
        content = resources.files(__name__).joinpath(name).read_bytes()
        app.add_api_route(address, _giving(content, f"{kind}; charset=utf-8"), include_in_schema=False)


def _giving(content: bytes, kind: str) -> Callable[[], Awaitable[Response]]:
    async def give() -> Response:
        return Response(content, media_type=kind, headers=_HEADERS)

    return give
