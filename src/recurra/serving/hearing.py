"""Sound of a client as it comes, and what a model says of it."""

import asyncio
from collections.abc import Iterator, Mapping

import numpy as np

from recurra.config import validated
from recurra.errors import RecurraError
from recurra.experiment.listening import Listener, usual_rate
from recurra.serving.messages import json_line
from recurra.serving.model import Model
from recurra.serving.problem import Problem

MOST_RATE = 192_000
_FULL = 32768.0  # of 16-bit samples


class Hearing:
    """One stream of sound: 16-bit samples, little-endian, one channel.

    Args:
        model: That hears.
        given: Settings of the listener as text, and "rate": samples a second; without it those of training.

    Raises:
        Problem: The model does not hear, or a setting is wrong.
    """

    def __init__(self, model: Model, given: Mapping[str, str]) -> None:
        if not model.hears or model.entry is None or model.program is None:
            raise Problem(409, f"sound for model {model.name!r}", "a model that hears", "Send rows.")
        settings = dict(given)
        rate = settings.pop("rate", str(usual_rate(model.program)))
        if not rate.isdecimal() or len(rate) > 6 or not 1000 <= int(rate) <= MOST_RATE:
            raise Problem(422, f"rate={rate[:10]}", f"1000 to {MOST_RATE} samples a second", "Correct it.")
        kind: type[Listener] = model.entry.load("listener")
        try:
            self._listener = kind(model.program, validated(kind.options, settings), "float32", int(rate))
        except RecurraError as error:
            raise Problem.of(error) from error
        self.rate = int(rate)
        self._odd = b""

    async def push(self, content: bytes) -> list[str]:
        """What is to be said with more samples, as lines of JSON; a sample may come in two pieces."""
        content = self._odd + content
        self._odd = content[len(content) // 2 * 2 :]
        samples = np.frombuffer(content, "<i2", len(content) // 2).astype(np.float32) / _FULL
        return await asyncio.to_thread(_lines, self._listener.push(samples))

    async def end(self) -> list[str]:
        """What is left to be said."""
        return await asyncio.to_thread(_lines, self._listener.end())


def _lines(events: Iterator[Mapping[str, object]]) -> list[str]:
    return [json_line(event) for event in events]
