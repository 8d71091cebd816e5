"""The WebSocket of a session or of sound, for asyncio."""

import asyncio
from contextlib import suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from recurra.client import problem
from recurra.client.address import Address
from recurra.client.effect import Close, Conversing, Effect, Event, Lost, Open, Pause, Poll, Result, Send
from recurra.client.socket import MOST_BYTES, closed_by, refused_by, text_of


class AsyncSocket:
    """Does on a WebSocket what is asked for. Arguments as of `Socket`."""

    def __init__(self, address: Address, name: str) -> None:
        self._address, self._name = address, name
        self._connection: ClientConnection | None = None

    async def drive(self, conversing: Conversing[Result]) -> Result:
        """Do all that is asked for; whatever stops it closes the WebSocket."""
        try:
            effect = next(conversing)
            while True:
                effect = conversing.send(await self._do(effect))
        except StopIteration as end:
            result: Result = end.value
            return result
        except BaseException:
            conversing.close()
            await self.close()
            raise

    async def close(self) -> None:
        """Close it, if it is open."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError, WebSocketException):
                await connection.close()

    async def _do(self, effect: Effect) -> Event:
        try:
            if isinstance(effect, Open):
                return await self._open(effect)
            if isinstance(effect, Close):
                await self.close()
            elif isinstance(effect, Pause):
                await asyncio.sleep(effect.seconds)
            elif isinstance(effect, Send):
                await self._opened.send(effect.content)
            else:
                if isinstance(effect, Poll):
                    await asyncio.sleep(0)  # what came is taken in meanwhile
                async with asyncio.timeout(0.0 if isinstance(effect, Poll) else self._address.timeout):
                    return text_of(await self._opened.recv())
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

    async def _open(self, effect: Open) -> Event:
        await self.close()
        try:
            self._connection = await connect(
                self._address.stream(self._name, effect.query),
                additional_headers=self._address.headers,
                ssl=self._address.context,
                open_timeout=self._address.timeout,
                close_timeout=1.0,
                compression=None,
                max_size=MOST_BYTES,
            )
        except InvalidStatus as error:
            return refused_by(error)
        return None
