"""Texts that a model makes, at once or piece by piece."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from concurrent.futures import Executor
from typing import Any

from recurra.config import validated
from recurra.confinement import NOWHERE, confined
from recurra.errors import RecurraError
from recurra.serving.model import Model
from recurra.serving.problem import Problem

EVENTS = "text/event-stream"
_PIECE_SECONDS = 0.02


class Making:
    """A text to be made.

    Args:
        model: That makes.
        content: JSON of the options, "prompt" among them; empty: none.
        threads: Where.

    Raises:
        Problem: The model makes nothing, or an option is wrong.
    """

    def __init__(self, model: Model, content: bytes, threads: Executor) -> None:
        if not model.generates or model.entry is None or model.program is None:
            raise Problem(409, f"model {model.name!r}", "one that makes texts", "Use POST predict.")
        try:
            options = json.loads(content) if content.strip() else {}
        except (ValueError, RecursionError) as error:
            raise Problem(400, f"a body that is no JSON ({error})", "an object", "Correct it.") from error
        if not isinstance(options, dict):
            raise Problem(422, "JSON that is no object", '{"prompt": "..."}', "Correct it.")
        try:
            generator = model.entry.load("generator").of_program(model.program)
            self._pieces: Iterator[str] = generator.generate(validated(generator.options, options))
        except RecurraError as error:
            raise Problem.of(error) from error
        self._threads = threads

    def _next(self) -> str | None:
        """The next pieces; None: there are no more."""
        text, end = "", time.monotonic() + _PIECE_SECONDS
        with confined(NOWHERE):
            for piece in self._pieces:
                text += piece
                if time.monotonic() > end:
                    return text
        return text or None

    async def _texts(self, seconds: float) -> AsyncIterator[str]:
        """Pieces of the text.

        Raises:
            Problem: An option or the prompt is wrong, or it takes too long.
        """
        loop, end = asyncio.get_running_loop(), time.monotonic() + seconds
        try:
            while (text := await loop.run_in_executor(self._threads, self._next)) is not None:
                yield text
                if time.monotonic() > end:
                    what = "a text that takes too long"
                    raise Problem(504, what, f"one within {seconds:g} s", "Ask for fewer symbols.")
        except RecurraError as error:
            raise Problem.of(error) from error

    async def events(self, seconds: float) -> AsyncGenerator[str]:
        """Server-sent events: {"text": ...} of each piece, then an event "end", or "error".

        Raises:
            Problem: Something is wrong before there is any text.
        """
        is_begun = False
        try:
            async for text in self._texts(seconds):
                yield f"data: {json.dumps({'text': text})}\n\n"
                is_begun = True
        except Problem as problem:
            if not is_begun:
                raise
            yield f"event: error\ndata: {json.dumps(problem.document)}\n\n"
        else:
            yield "event: end\ndata: {}\n\n"

    async def whole(self, seconds: float) -> dict[str, Any]:
        """All of it; errors as of `events`."""
        return {"text": "".join([text async for text in self._texts(seconds)])}
