"""What is said on a connection on which sound comes in and events go out."""

import asyncio
from collections import deque

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

    Attributes:
        waiting: Messages that came and are not heard yet.
    """

    def __init__(self, hearing: Hearing, wire: Wire) -> None:
        self._hearing, self._wire = hearing, wire
        self.waiting: deque[tuple[bytes, bool]] = deque()
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Say how sound is wanted."""
        self._wire.say(messages.json_line({"rate": self._hearing.rate, "samples": "int16, one channel"}))

    def hear(self, content: bytes, *, is_text: bool) -> None:
        """Samples, or a text that ends them."""
        self.waiting.append((content, is_text))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())

    def leave(self) -> None:
        """The connection is gone."""
        self.waiting.clear()

    async def _listen(self) -> None:
        try:
            while self.waiting:
                lines = await self._lines(*self.waiting.popleft())
                if lines:
                    self._wire.say("\n".join(lines))
                if lines and lines[-1] == messages.did("end"):
                    self._wire.hang_up(ENDED, "the sound ended")
                    return
        except Exception:  # noqa: BLE001 - of this connection alone; its client is told
            logger.exception("listening failed")
            self._wire.hang_up(FAILED, "the server failed")

    async def _lines(self, content: bytes, is_text: bool) -> list[str]:
        if not is_text:
            return await self._hearing.push(content)
        if messages.read(content.decode("utf-8", "replace")) == [Command("end")]:
            return [*await self._hearing.end(), messages.did("end")]
        return [messages.fault(DataError("a text where sound is heard", "bytes", 'End with {"$do": "end"}.'))]
