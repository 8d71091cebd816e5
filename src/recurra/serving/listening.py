"""What is said on a connection on which sound comes in and events go out."""

import asyncio
from collections import deque
from collections.abc import Callable

from recurra.errors import DataError
from recurra.serving import messages
from recurra.serving.conversation import ENDED, FAILED, Wire, logger
from recurra.serving.hearing import Hearing
from recurra.serving.messages import Command


class Ears:
    """Takes samples in their order; {"$do": "end"} ends the sound, and what is left to be said follows.

    Args:
        hearing: Of the sound.
        wire: To whom events go.
        left: Called when the connection is gone.

    Attributes:
        waiting: Messages that came and are not heard yet.
    """

    def __init__(self, hearing: Hearing, wire: Wire, left: Callable[[], None]) -> None:
        self._hearing, self._wire, self._left = hearing, wire, left
        self.waiting: deque[tuple[bytes | None, str]] = deque()
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Say how sound is wanted."""
        self._wire.say(messages.json_line({"rate": self._hearing.rate, "samples": "int16, one channel"}))

    def hear(self, samples: bytes | None, text: str) -> None:
        """Samples; where there are none, a text that ends them."""
        self.waiting.append((samples, text))
        self.go_on()

    def go_on(self) -> None:
        """Listen to what waits, if nothing is listened to."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())

    def leave(self) -> None:
        """The connection is gone."""
        self.waiting.clear()
        self._left()

    async def _listen(self) -> None:
        try:
            while self.waiting and not self._wire.is_stuck:
                lines = await self._lines(*self.waiting.popleft())
                if lines:
                    self._wire.say("\n".join(lines))
                if lines and lines[-1] == messages.did("end"):
                    self._wire.hang_up(ENDED, "the sound ended")
                    return
                self._wire.breathe()
        except Exception:  # noqa: BLE001 - of this connection alone; its client is told
            logger.exception("listening failed")
            self._wire.hang_up(FAILED, "the server failed")

    async def _lines(self, samples: bytes | None, text: str) -> list[str]:
        if samples is not None:
            return await self._hearing.push(samples)
        if messages.read(text) == [Command("end")]:
            return [*await self._hearing.end(), messages.did("end")]
        return [messages.fault(DataError("a text where sound is heard", "bytes", 'End with {"$do": "end"}.'))]
