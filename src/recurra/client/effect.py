"""What a client wants done, and what came of it: between its logic, which does no I/O, and its shells.

The logic is written as generators that yield what is to be done and are sent what came of it; the one for
threads and the one for asyncio drive the same generators.
"""

from collections.abc import Generator, Mapping
from typing import Any, NamedTuple, TypeAlias, TypeVar

from recurra.errors import RecurraError

Result = TypeVar("Result")


class Open(NamedTuple):
    """Open the WebSocket, after closing the one that there was; to be answered with None, `Denied` or `Lost`.

    Attributes:
        query: Of its address.
    """

    query: Mapping[str, str]


class Send(NamedTuple):
    """Send a message; to be answered with None or `Lost`."""

    content: str | bytes


class Receive(NamedTuple):
    """Wait for a message; to be answered with it, or `Lost`."""


class Poll(NamedTuple):
    """The message that is there already; to be answered with it, None or `Lost`."""


class Pause(NamedTuple):
    """Wait; to be answered with None."""

    seconds: float


class Close(NamedTuple):
    """Close the WebSocket; to be answered with None."""


class Denied(NamedTuple):
    """A server refused.

    Attributes:
        status: Of HTTP.
        error: Why.
        retry_after: Seconds after which it may go better, if the server said so.
    """

    status: int
    error: RecurraError
    retry_after: float | None = None


class Lost(NamedTuple):
    """There is no connection, or none any more.

    Attributes:
        error: Why.
        code: With which a WebSocket was closed, if it was.
    """

    error: RecurraError
    code: int | None = None


Effect: TypeAlias = Open | Send | Receive | Poll | Pause | Close
Event: TypeAlias = str | Denied | Lost | None
Conversing: TypeAlias = Generator[Effect, Event, Result]
"""Yields what is to be done on a WebSocket, and ends in a result."""


class Call(NamedTuple):
    """A request; to be answered with `Reply`, or `Lost`.

    Attributes:
        method: "GET" or "POST".
        path: On the server.
        query: What follows it.
        content: The body.
        headers: Beside those of every request.
        streams: Whether the body of the answer is read later, piece by piece.
    """

    method: str
    path: str
    query: Mapping[str, str] = {}
    content: bytes = b""
    headers: Mapping[str, str] = {}
    streams: bool = False


class Reply(NamedTuple):
    """An answer.

    Attributes:
        status: Of HTTP.
        headers: Its headers, by names in small letters.
        content: The body, unless it is read later.
        response: The HTTP library's, of which it is read.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    response: Any = None


Asking: TypeAlias = Generator[Call | Pause, Reply | Lost | None, Result]
"""Yields requests, and ends in a result."""
