"""Texts that a model makes, at once or piece by piece."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from recurra.config import validated
from recurra.confinement import confined
from recurra.errors import RecurraError
from recurra.serving.messages import fault
from recurra.serving.model import Model
from recurra.serving.problem import Problem

EVENTS = "text/event-stream"
_NOWHERE = Path("/nonexistent/recurra")
_PIECE_SECONDS = 0.02


class Making:
    """A text to be made.

    Args:
        model: That makes.
        content: JSON of the options, "prompt" among them; empty: none.

    Raises:
        Problem: The model makes nothing, or an option is wrong.
    """

    def __init__(self, model: Model, content: bytes) -> None:
        if not model.generates or model.entry is None or model.program is None:
            raise Problem(
                409, f"model {model.name!r}, which tells of data", "one that makes texts", "Predict."
            )
        try:
            options = json.loads(content) if content.strip() else {}
        except (ValueError, RecursionError) as error:
            raise Problem(400, f"a body that is no JSON ({error})", "an object", "Correct it.") from error
        if not isinstance(options, dict):
            raise Problem(422, "JSON that is no object", '{"prompt": "..."}', "Correct it.")
        try:
            generator = model.entry.load("generator").of_program(model.program)
            self._pieces: Iterator[str] = generator.generate(validated(generator.options, options))
            self._first = self._next()
        except RecurraError as error:
            raise Problem.of(error) from error

    def _next(self) -> str | None:
        """The next pieces; None: there are no more."""
        text, end = "", time.monotonic() + _PIECE_SECONDS
        with confined(_NOWHERE):
            for piece in self._pieces:
                text += piece
                if time.monotonic() > end:
                    return text
        return text or None

    async def _texts(self) -> AsyncIterator[str]:
        text = self._first
        while text is not None:
            yield text
            text = await asyncio.to_thread(self._next)

    async def events(self) -> AsyncIterator[str]:
        """Server-sent events: {"text": ...} of each piece, then an event "end"."""
        try:
            async for text in self._texts():
                yield f"data: {json.dumps({'text': text})}\n\n"
        except RecurraError as error:
            yield f"event: error\ndata: {fault(error)}\n\n"
        else:
            yield "event: end\ndata: {}\n\n"

    async def whole(self, seconds: float) -> dict[str, Any]:
        """All of it.

        Raises:
            Problem: It takes too long.
        """
        try:
            async with asyncio.timeout(seconds):
                made = [text async for text in self._texts()]
        except TimeoutError as error:
            raise Problem(
                504, "a text that takes too long", f"one within {seconds:g} s", "Ask for fewer symbols."
            ) from error
        return {"text": "".join(made)}
