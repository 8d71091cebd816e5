"""A WebSocket on which sound comes in and events go out."""

import asyncio
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from recurra.errors import DataError
from recurra.serving import messages
from recurra.serving.guard import PROTOCOL
from recurra.serving.hearing import Hearing
from recurra.serving.messages import Command

DONE = 1000


async def listen(socket: WebSocket, hearing: Hearing) -> None:
    """Answer until the client says that the sound ends, or is gone.

    Binary messages are samples; {"$do": "end"} ends the sound, and what is left to be said follows.
    """
    await socket.accept(subprotocol=PROTOCOL if PROTOCOL in socket.scope.get("subprotocols", ()) else None)
    with suppress(WebSocketDisconnect, OSError, asyncio.IncompleteReadError):
        await socket.send_text(messages.json_line({"rate": hearing.rate, "samples": "int16, one channel"}))
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            content = message.get("bytes")
            if content is not None:
                lines = await hearing.push(content)
            elif [Command("end")] == messages.read(message["text"]):
                lines = [*await hearing.end(), messages.did("end")]
            else:
                wrong = DataError(
                    "a text where sound is heard", "samples, as bytes", 'End with {"$do": "end"}.'
                )
                lines = [messages.fault(wrong)]
            if lines:
                await socket.send_text("\n".join(lines))
            if content is None and lines[-1] == messages.did("end"):
                await socket.close(DONE)
                return
