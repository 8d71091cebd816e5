"""A server's models, for threads."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2

from recurra.client import problem, request
from recurra.client.address import Address
from recurra.client.effect import Asking, Call, Lost, Pause, Reply, Result
from recurra.client.exchange import Exchange
from recurra.client.hearing import Hearing, pieces_of
from recurra.client.patience import Patience
from recurra.client.session import RemoteSession
from recurra.client.socket import Socket

TIMEOUT, PATIENCE, KEPT = 60.0, 30.0, 10.0
"""Seconds: an answer, trying again, rows that are kept after their answers."""


class Client:
    """The models that a server started by `recurra serve` has.

    Threads may share it; a session is used by one at a time.

    Args:
        url: "http://HOST:PORT" or "https://...".
        token: One that the server knows; "": it asks for none.
        timeout: Seconds that an answer may take.
        patience: Seconds for which a lost session is looked for again.
        certificate: A PEM file of the authority that vouches for the server; None: those that this machine
            trusts.

    Raises:
        ConfigError: The address is none, or the token or the certificate cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        timeout: float = TIMEOUT,
        patience: float = PATIENCE,
        certificate: str | Path | None = None,
    ) -> None:
        self._address, self._patience = Address(url, token, timeout, certificate), patience
        self._http = httpx2.Client(**http_options(self._address))

    def __enter__(self) -> "Client":  # noqa: PYI034 - nobody derives from it
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections; sessions have their own."""
        self._http.close()

    def models(self) -> list[dict[str, Any]]:
        """What is served: names, tasks, columns, labels, what each can do.

        Raises:
            ServerError: The server cannot be reached, or fails.
            ConfigError: It does not know the token.
        """
        return self._drive(request.models())

    def model(self, name: str) -> dict[str, Any]:
        """One of them.

        Raises:
            ConfigError: There is none of this name.
        """
        return self._drive(request.model(name))

    def predict(self, name: str, data: Any = None, *, content_type: str | None = None, **options: Any) -> Any:
        """What a model says of whole data.

        Args:
            name: Of the model.
            data: A frame of polars, pandas or pyarrow, a dict of columns, a list of rows (mappings), a path
                or the bytes of a file (CSV, JSON, Parquet, a recording, an image, ...); None where the task
                needs none.
            content_type: Of a file or bytes whose kind cannot be seen.
            options: Of the answer, such as `level=(80, 95)`.

        Returns:
            A frame of the caller's library; of polars where the data were no frame.

        Raises:
            DataError: The data cannot be used.
            ConfigError: An option, or the model, does not exist.
            SessionError: The server has too much to do.
            ServerError: It cannot be reached, fails, or takes too long.
        """
        return self._drive(request.predict(name, data, content_type, options))

    def generate(self, name: str, prompt: str = "", **options: Any) -> str:
        """A text that a model makes.

        Args:
            name: Of the model.
            prompt: What it goes on with.
            options: Such as `length=200`, `temperature=0.7`.

        Raises:
            RecurraError: As of `predict`.
        """
        return self._drive(request.generate(name, prompt, options))

    def pieces(self, name: str, prompt: str = "", **options: Any) -> Iterator[str]:
        """A text piece by piece, as it is made. Arguments and errors as of `generate`."""
        reply = self._drive(request.pieces(name, prompt, options))
        try:
            for event in httpx2.EventSource(reply.response):
                piece = request.piece_of(event.event, event.data)
                if piece is None:
                    return
                yield piece
        except httpx2.HTTPError as error:
            raise problem.unreachable(self._address.url, error) from error
        finally:
            reply.response.close()
        raise request.cut_short()

    def session(self, name: str, *, token: str = "", kept_seconds: float = KEPT) -> RemoteSession:
        """A live session, as a context manager that leaves it for later at the end.

        Args:
            name: Of the model.
            token: Of a session to go on with; "": a new one.
            kept_seconds: How long rows are kept after their answers, for a server that is killed and started
                again; longer than its `snapshot_seconds`.
        """
        return RemoteSession(self._address, name, Exchange(Patience(self._patience), kept_seconds, token))

    def listen(self, name: str, samples: Any, rate: int, **settings: Any) -> Iterator[dict[str, Any]]:
        """What a model that hears says of sound, as soon as it says it.

        Args:
            name: Of the model.
            samples: (samples,) of one channel, from -1 to 1 or 16-bit numbers; or an iterable of pieces.
            rate: Samples a second.
            settings: Of the listener.

        Raises:
            DataError: They are no samples.
            ServerError: The server cannot be reached; sound does not go on after a lost connection.
        """
        hearing, socket = Hearing(rate, settings), Socket(self._address, name)
        try:
            socket.drive(hearing.open())
            for piece in pieces_of(samples, rate):
                yield from socket.drive(hearing.push(piece))
            yield from socket.drive(hearing.end())
        finally:
            socket.close()

    def _drive(self, asking: Asking[Result]) -> Result:
        try:
            effect = next(asking)
            while True:
                if isinstance(effect, Pause):
                    time.sleep(effect.seconds)
                    effect = asking.send(None)
                else:
                    effect = asking.send(self._call(effect))
        except StopIteration as end:
            result: Result = end.value
            return result

    def _call(self, call: Call) -> Reply | Lost:
        try:
            response = self._http.send(request_of(self._http, call), stream=call.streams)
            if call.streams and response.is_success:
                return Reply(response.status_code, response.headers, b"", response)
            return Reply(response.status_code, response.headers, response.read())
        except httpx2.HTTPError as error:
            return Lost(problem.unreachable(self._address.url, error))


def http_options(address: Address) -> dict[str, Any]:
    """How the HTTP library is to connect."""
    return {
        "base_url": address.url,
        "headers": address.headers,
        "timeout": address.timeout,
        **({} if address.context is None else {"verify": address.context}),
    }


def request_of(http: httpx2.Client | httpx2.AsyncClient, call: Call) -> httpx2.Request:
    """A request as the HTTP library has it."""
    return http.build_request(
        call.method, call.path, params=dict(call.query), content=call.content, headers=dict(call.headers)
    )
