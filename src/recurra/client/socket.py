"""The WebSocket of a session or of sound, for threads."""

import time
from contextlib import ExitStack, suppress

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from recurra.client import problem
from recurra.client.address import Address
from recurra.client.effect import (
    Close,
    Conversing,
    Denied,
    Effect,
    Event,
    Lost,
    Open,
    Pause,
    Poll,
    Result,
    Send,
)

MOST_BYTES = 1 << 28
"""Of a message that a server sends, such as a snapshot."""


class Socket:
    """Does on a WebSocket what is asked for.

    Args:
        address: Of the server.
        name: Of the model.
    """

    def __init__(self, address: Address, name: str) -> None:
        self._address, self._name = address, name
        self._stack = ExitStack()
        self._connection: ClientConnection | None = None

    def drive(self, conversing: Conversing[Result]) -> Result:
        """Do all that is asked for; whatever stops it closes the WebSocket."""
        try:
            effect = next(conversing)
            while True:
                effect = conversing.send(self._do(effect))
        except StopIteration as end:
            result: Result = end.value
            return result
        except BaseException:
            conversing.close()
            self.close()
            raise

    def close(self) -> None:
        """Close it, if it is open."""
        self._connection = None
        with suppress(OSError, WebSocketException):
            self._stack.close()

    def _do(self, effect: Effect) -> Event:
        try:
            if isinstance(effect, Open):
                return self._open(effect)
            if isinstance(effect, Close):
                self.close()
            elif isinstance(effect, Pause):
                time.sleep(effect.seconds)
            elif isinstance(effect, Send):
                self._opened.send(effect.content)
            else:
                seconds = 0.0 if isinstance(effect, Poll) else self._address.timeout
                return text_of(self._opened.recv(seconds))
        except TimeoutError as error:
            return None if isinstance(effect, Poll) else Lost(problem.unreachable(self._address.url, error))
        except ConnectionClosed as error:
            return closed_by(self._address.url, error)
        except (OSError, WebSocketException) as error:
            return Lost(problem.unreachable(self._address.url, error))
        return None

    @property
    def _opened(self) -> ClientConnection:
        if self._connection is None:
            raise ConnectionError("it was closed here")
        return self._connection

    def _open(self, effect: Open) -> Event:
        self.close()
        try:
            self._connection = self._stack.enter_context(
                connect(
                    self._address.stream(self._name, effect.query),
                    additional_headers=self._address.headers,
                    ssl=self._address.context,
                    open_timeout=self._address.timeout,
                    close_timeout=1.0,
                    compression=None,
                    max_size=MOST_BYTES,
                )
            )
        except InvalidStatus as error:
            return refused_by(error)
        return None


def text_of(message: str | bytes) -> str:
    """A message; our server sends text."""
    return message if isinstance(message, str) else message.decode("utf-8", "replace")


def refused_by(error: InvalidStatus) -> Denied:
    """A handshake that was answered with something else."""
    response = error.response
    headers = {name.lower(): value for name, value in response.headers.raw_items()}
    return problem.denied(response.status_code, headers, bytes(response.body or b""))


def closed_by(url: str, error: ConnectionClosed) -> Lost:
    """A connection that ended."""
    return Lost(problem.unreachable(url, error), None if error.rcvd is None else int(error.rcvd.code))
