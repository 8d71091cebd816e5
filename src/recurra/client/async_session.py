"""A live session on a server, for asyncio."""

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from recurra.client import wire
from recurra.client.address import Address
from recurra.client.async_socket import AsyncSocket
from recurra.client.exchange import Exchange
from recurra.client.wire import Answer, Row


class AsyncRemoteSession:
    """What `RemoteSession` is, for asyncio: the same methods and errors. Tasks that share it take turns."""

    def __init__(self, address: Address, name: str, exchange: Exchange) -> None:
        self._address, self._name, self._exchange = address, name, exchange
        self._socket = AsyncSocket(address, name)
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> "AsyncRemoteSession":  # noqa: PYI034 - nobody derives from it
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def token(self) -> str:
        """See `RemoteSession.token`."""
        return self._exchange.token

    @property
    def rows(self) -> int:
        """See `RemoteSession.rows`."""
        return self._exchange.rows

    async def open(self) -> None:
        """See `RemoteSession.open`."""
        async with self._turn:
            await self._socket.drive(self._exchange.open())

    async def predict(self, row: Row) -> dict[str, Any] | list[Any]:
        """See `RemoteSession.predict`."""
        return wire.raised((await self.run([row]))[0])

    async def run(self, rows: Iterable[Row]) -> list[Answer]:
        """See `RemoteSession.run`."""
        bodies = [wire.body_of(row) for row in rows]
        async with self._turn:
            return await self._socket.drive(self._exchange.run(bodies))

    async def fork(self) -> "AsyncRemoteSession":
        """See `RemoteSession.fork`."""
        async with self._turn:
            twin = await self._socket.drive(self._exchange.fork())
        return AsyncRemoteSession(self._address, self._name, twin)

    async def snapshot(self) -> bytes:
        """See `RemoteSession.snapshot`."""
        async with self._turn:
            return await self._socket.drive(self._exchange.snapshot())

    async def restore(self, snapshot: bytes) -> None:
        """See `RemoteSession.restore`."""
        async with self._turn:
            await self._socket.drive(self._exchange.restore(snapshot))

    async def reset(self) -> None:
        """See `RemoteSession.reset`."""
        async with self._turn:
            await self._socket.drive(self._exchange.reset())

    async def close(self) -> None:
        """See `RemoteSession.close`."""
        async with self._turn:
            await self._socket.drive(self._exchange.close())

    async def end(self) -> None:
        """See `RemoteSession.end`."""
        async with self._turn:
            await self._socket.drive(self._exchange.end())
