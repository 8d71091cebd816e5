"""A server's models, for asyncio."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2

from recurra.client import problem, request
from recurra.client.address import Address
from recurra.client.async_session import AsyncRemoteSession
from recurra.client.async_socket import AsyncSocket
from recurra.client.client import KEPT, PATIENCE, TIMEOUT, http_options, request_of
from recurra.client.effect import Asking, Call, Lost, Pause, Reply, Result
from recurra.client.exchange import Exchange
from recurra.client.hearing import Hearing, pcm, pieces_of
from recurra.client.patience import Patience


class AsyncClient:
    """What `Client` is, for asyncio: the same arguments, methods and errors."""

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
        self._http = httpx2.AsyncClient(**http_options(self._address))

    async def __aenter__(self) -> "AsyncClient":  # noqa: PYI034 - nobody derives from it
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """See `Client.close`."""
        await self._http.aclose()

    async def models(self) -> list[dict[str, Any]]:
        """See `Client.models`."""
        return await self._drive(request.models())

    async def model(self, name: str) -> dict[str, Any]:
        """See `Client.model`."""
        return await self._drive(request.model(name))

    async def predict(
        self, name: str, data: Any = None, *, content_type: str | None = None, **options: Any
    ) -> Any:
        """See `Client.predict`."""
        return await self._drive(request.predict(name, data, content_type, options))

    async def generate(self, name: str, prompt: str = "", **options: Any) -> str:
        """See `Client.generate`."""
        return await self._drive(request.generate(name, prompt, options))

    async def pieces(self, name: str, prompt: str = "", **options: Any) -> AsyncIterator[str]:
        """See `Client.pieces`."""
        reply = await self._drive(request.pieces(name, prompt, options))
        try:
            async for event in httpx2.EventSource(reply.response):
                piece = request.piece_of(event.event, event.data)
                if piece is None:
                    return
                yield piece
        except httpx2.HTTPError as error:
            raise problem.unreachable(self._address.url, error) from error
        finally:
            await reply.response.aclose()
        raise request.cut_short()

    def session(self, name: str, *, token: str = "", kept_seconds: float = KEPT) -> AsyncRemoteSession:
        """See `Client.session`."""
        return AsyncRemoteSession(
            self._address, name, Exchange(Patience(self._patience), kept_seconds, token)
        )

    async def listen(
        self, name: str, samples: Any, rate: int, **settings: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """See `Client.listen`; pieces may come from an asynchronous iterator, too."""
        hearing, socket = Hearing(rate, settings), AsyncSocket(self._address, name)
        try:
            await socket.drive(hearing.open())
            async for piece in _pieces(samples, rate):
                for event in await socket.drive(hearing.push(piece)):
                    yield event
            for event in await socket.drive(hearing.end()):
                yield event
        finally:
            await socket.close()

    async def _drive(self, asking: Asking[Result]) -> Result:
        try:
            effect = next(asking)
            while True:
                if isinstance(effect, Pause):
                    await asyncio.sleep(effect.seconds)
                    effect = asking.send(None)
                else:
                    effect = asking.send(await self._call(effect))
        except StopIteration as end:
            result: Result = end.value
            return result

    async def _call(self, call: Call) -> Reply | Lost:
        try:
            response = await self._http.send(request_of(self._http, call), stream=call.streams)
            if call.streams and response.is_success:
                return Reply(response.status_code, response.headers, b"", response)
            return Reply(response.status_code, response.headers, await response.aread())
        except httpx2.HTTPError as error:
            return Lost(problem.unreachable(self._address.url, error))


async def _pieces(samples: Any, rate: int) -> AsyncIterator[bytes]:
    if isinstance(samples, AsyncIterable):
        async for piece in samples:
            yield pcm(piece)
        return
    for content in pieces_of(samples, rate):
        yield content
