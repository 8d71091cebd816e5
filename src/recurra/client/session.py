"""A live session on a server, for threads."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from recurra.client import wire
from recurra.client.address import Address
from recurra.client.exchange import Exchange
from recurra.client.socket import Socket
from recurra.client.wire import Answer, Row
from recurra.errors import SessionError


class RemoteSession:
    """A sequence of rows that a server remembers, made by `Client.session`.

    Its numbers are those of the same rows alone in one process, to the bit. A lost connection is made anew,
    and rows that the server did not take are sent again; none is taken twice. One thread uses it at a time.
    """

    def __init__(self, address: Address, name: str, exchange: Exchange) -> None:
        self._address, self._name, self._exchange = address, name, exchange
        self._socket = Socket(address, name)
        self._in_use = threading.Lock()

    def __enter__(self) -> "RemoteSession":  # noqa: PYI034 - nobody derives from it
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def token(self) -> str:
        """With which `Client.session` finds the session again; "" before it was opened."""
        return self._exchange.token

    @property
    def rows(self) -> int:
        """How many rows it took whose answers came."""
        return self._exchange.rows

    def open(self) -> None:
        """Connect; any other method does so where it is needed.

        Raises:
            ServerError: The server cannot be reached.
            ConfigError: It knows no such model, or not the client's token.
            SessionError: There are too many sessions, or none with this token.
        """
        with self._alone():
            self._socket.drive(self._exchange.open())

    def predict(self, row: Row) -> dict[str, Any] | list[Any]:
        """Take a row.

        Args:
            row: Values by column, or in the order of the model's columns.

        Returns:
            What is said of it, by name; a list of such where the row holds several series.

        Raises:
            DataError: It is none that the model takes; what is remembered stays as it was.
            SessionError: The session is lost, which a message says with its rows, or somebody else's.
            ServerError: The server cannot be reached any more, for as long as the client is patient.
        """
        return wire.raised(self.run([row])[0])

    def run(self, rows: Iterable[Row]) -> list[Answer]:
        """Take some rows, many in a message.

        Args:
            rows: As of `predict`.

        Returns:
            What is said of each, in their order; of one that cannot be used, what `predict` would raise.

        Raises:
            SessionError, ServerError: As of `predict`.
        """
        bodies = [wire.body_of(row) for row in rows]
        with self._alone():
            return self._socket.drive(self._exchange.run(bodies))

    def fork(self) -> "RemoteSession":
        """Another session that goes on from here. Errors as of `run`."""
        with self._alone():
            twin = self._socket.drive(self._exchange.fork())
        return RemoteSession(self._address, self._name, twin)

    def snapshot(self) -> bytes:
        """What is remembered, as bytes that `restore` takes; the server signs them. Errors as of `run`."""
        with self._alone():
            return self._socket.drive(self._exchange.snapshot())

    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot of a session of the same model.

        Raises:
            SessionError: It is none, or of another server or model; the session stays as it was.
        """
        with self._alone():
            self._socket.drive(self._exchange.restore(snapshot))

    def reset(self) -> None:
        """Forget all rows; they are counted from 1 again. Errors as of `run`."""
        with self._alone():
            self._socket.drive(self._exchange.reset())

    def close(self) -> None:
        """Leave the session for later: `Client.session(name, token=...)` goes on with it."""
        with self._alone():
            self._socket.drive(self._exchange.close())

    def end(self) -> None:
        """End the session for good. Errors as of `run`."""
        with self._alone():
            self._socket.drive(self._exchange.end())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._in_use.acquire(blocking=False):
            raise SessionError(
                "a session that another thread uses", "one thread at a time", "Give every thread its own."
            )
        try:
            yield
        finally:
            self._in_use.release()
