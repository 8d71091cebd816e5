"""WebSockets of live sessions, right on their transports.

uvicorn hands a connection over when its client asks for a WebSocket. Frames are read and written by
`websockets`, without I/O of its own; a message costs a call, not a task, and an idle session no more than
what it remembers.
"""

import asyncio
import json
import logging
import time
from contextlib import suppress
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

from websockets.datastructures import Headers
from websockets.exceptions import InvalidState
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from recurra.serving.conversation import Conversation
from recurra.serving.guard import PROTOCOL, protocols_of
from recurra.serving.hearing import Hearing
from recurra.serving.host import Host
from recurra.serving.listening import Ears
from recurra.serving.problem import MEDIA_TYPE, Problem

_START, _END = "/v1/models/", "/stream"
_MOST_WAITING = 32
_PING_SECONDS, _CLOSE_SECONDS = 20.0, 5.0
LOOK_SECONDS = 5.0
"""How often `look_after` is called."""
_MOST_DIGITS = 18
_QUIET = logging.getLogger("recurra.serving.websockets")
_QUIET.setLevel(logging.CRITICAL)  # a client that breaks the protocol is closed, and no news


class LiveSocket(asyncio.Protocol):
    """A WebSocket; `of_host` makes the class that uvicorn takes."""

    host: ClassVar[Host]

    __slots__ = (
        "_connections",
        "_fragments",
        "_heard",
        "_is_gone",
        "_is_text",
        "_pinged",
        "_talk",
        "_timer",
        "_wire",
        "address",
        "is_stuck",
        "transport",
    )

    def __init__(self, config: Any, server_state: Any, app_state: Any, _loop: Any = None) -> None:
        del app_state
        self._connections = server_state.connections
        self._wire = ServerProtocol(
            max_size=config.ws_max_size, logger=_QUIET, select_subprotocol=_select_subprotocol
        )
        self._talk: Conversation | Ears | None = None
        self._fragments: list[bytes] = []
        self._is_text = self._is_gone = self.is_stuck = False
        self._timer: asyncio.TimerHandle | None = None
        self._pinged = self._heard = time.monotonic()

    @classmethod
    def of_host(cls, host: Host) -> type["LiveSocket"]:
        """The class of sockets of a host's sessions."""
        return type(cls.__name__, (cls,), {"host": host, "__slots__": ()})

    def connection_made(self, transport: Any) -> None:
        """See `asyncio.Protocol`; uvloop's transports are of no class of asyncio's."""
        self.transport = transport
        self.address = str((transport.get_extra_info("peername") or ("unknown",))[0])
        self._connections.add(self)
        self.host.sockets.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        del exc
        self._connections.discard(self)
        self.host.sockets.discard(self)
        self._is_gone = True
        if self._timer is not None:
            self._timer.cancel()
        if self._talk is not None:
            self._talk.leave()

    def eof_received(self) -> None:
        """See `asyncio.Protocol`."""
        self._wire.receive_eof()
        self._flush()

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`: the client does not read, so nothing more of it is taken."""
        self.is_stuck = True
        self.breathe()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self.is_stuck = False
        if self._talk is not None:
            self._talk.go_on()
        self.breathe()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._heard = time.monotonic()
        self._wire.receive_data(data)
        for event in self._wire.events_received():
            if isinstance(event, Frame):
                self._take(event)
            elif isinstance(event, Request):
                self._open(event)
        self._flush()
        self.breathe()

    def _take(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._is_text = frame.opcode is Opcode.TEXT
        elif frame.opcode is not Opcode.CONT:
            return  # pings are answered, and closing is settled, by the protocol
        if self._wire.state is not State.OPEN:
            return  # it was closed from here
        talk = self._talk
        if not frame.fin or self._fragments:
            self._fragments.append(bytes(frame.data))
            if not frame.fin:
                return
            content = b"".join(self._fragments)
            self._fragments.clear()
        else:
            content = bytes(frame.data)
        try:
            text = content.decode("utf-8", "strict" if self._is_text else "surrogateescape")
        except UnicodeDecodeError:
            self.hang_up(CloseCode.INVALID_DATA, "a text that is no UTF-8")
            return
        if isinstance(talk, Ears):
            talk.hear(None if self._is_text else content, text)
        elif talk is not None:
            talk.hear(text)

    def _open(self, request: Request) -> None:
        """Answer who asks for a WebSocket."""
        response = self._wire.accept(request)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            self._wire.send_response(response)
            return
        try:
            begin = self._begin(request)
        except Problem as problem:
            self._wire.send_response(_refusal(problem))
            return
        self._wire.send_response(response)
        begin()

    def _begin(self, request: Request) -> Any:
        """What begins once the client was told that it may.

        Raises:
            Problem: It may not.
        """
        try:
            parts = urlsplit(request.path)
            query = dict(parse_qsl(parts.query))
        except ValueError as error:
            raise Problem(404, "an address that is none", f"{_START}NAME{_END}", "Correct it.") from error
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        client = self.host.guard.client(headers, protocols_of(headers), self.address)
        path = unquote(parts.path)
        name = path.removeprefix(_START).removesuffix(_END)
        if path != f"{_START}{name}{_END}" or "/" in name:
            raise Problem(404, f"a WebSocket at {path!r}", f"{_START}NAME{_END}", "Check the address.")
        model = self.host.shelf.get(name)
        if model.hears and (model.live is None or "rate" in query):
            ears = Ears(Hearing(model, query), self, self.host.roster.admit(model, client))
            self._talk = ears
            return ears.begin
        token, after = query.get("session"), _row_number(query.get("after"))
        if token is None:
            session = self.host.roster.begin(model, client)
        else:
            session = self.host.roster.resume(name, token, client)
        talk = Conversation(session, self.host, self)
        self._talk = talk
        return lambda: talk.begin(after, resumed=token is not None)

    def say(self, message: str) -> None:
        """Send a message, if somebody is still there."""
        with suppress(InvalidState):
            self._wire.send_text(message.encode())
            self._flush()
        self.breathe()

    def hang_up(self, code: int, reason: str) -> None:
        """Close, and do not wait long for the other side to agree."""
        with suppress(InvalidState):
            self._wire.send_close(code, reason)
        self._flush()

    def shutdown(self) -> None:
        """Close, as the server stops; called by uvicorn."""
        if self._wire.state is State.OPEN:
            self.hang_up(CloseCode.SERVICE_RESTART, "the server stops")
        else:
            self.transport.close()

    def check(self, now: float) -> None:
        """Ask who was quiet for long whether it is still there, and let go of who does not answer."""
        if not self.transport.is_reading():
            self._heard = now  # it is this server that does not listen
        elif self._pinged > self._heard and now - self._pinged > _PING_SECONDS:
            self.transport.abort()
        elif now - max(self._heard, self._pinged) > _PING_SECONDS and self._wire.state is State.OPEN:
            self._pinged = now
            self._wire.send_ping(b"")
            self._flush()

    def _flush(self) -> None:
        for data in self._wire.data_to_send():
            if self._is_gone:
                continue
            if data:
                self.transport.write(data)
            elif self.transport.can_write_eof():
                with suppress(OSError, RuntimeError):
                    self.transport.write_eof()
            else:
                self.transport.close()
        if self._is_gone or self._wire.state in (State.CONNECTING, State.OPEN):
            return
        if self._wire.state is State.CLOSED:
            self.transport.close()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_CLOSE_SECONDS, self.transport.abort)

    def breathe(self) -> None:
        """Read no more than is answered."""
        full = self.is_stuck or (self._talk is not None and len(self._talk.waiting) > _MOST_WAITING)
        if self._is_gone or self.transport.is_closing():
            return
        if full and self.transport.is_reading():
            self.transport.pause_reading()
        elif not full and not self.transport.is_reading():
            self.transport.resume_reading()


def look_after(host: Host) -> None:
    """Let go of connections whose other side is gone."""
    now = time.monotonic()
    for socket in list(host.sockets):
        socket.check(now)


def _row_number(text: str | None) -> int | None:
    if text is not None and not (text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise Problem(422, f"after={text[:_MOST_DIGITS]}", "the number of a row", "Correct it.")
    return None if text is None else int(text)


def _select_subprotocol(_protocol: ServerProtocol, offered: Any) -> Any:
    return PROTOCOL if PROTOCOL in offered else None


def _refusal(problem: Problem) -> Response:
    body = json.dumps(problem.document).encode()
    headers = Headers(
        {
            "Content-Type": MEDIA_TYPE,
            "Content-Length": str(len(body)),
            "Connection": "close",
            **problem.headers,
        }
    )
    return Response(problem.status, HTTPStatus(problem.status).phrase, headers, body)
