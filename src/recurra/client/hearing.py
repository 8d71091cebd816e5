"""Sound that goes to a server as it comes, and what is said of it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from recurra.client import wire
from recurra.client.body import query_of
from recurra.client.effect import Conversing, Denied, Event, Lost, Open, Poll, Receive, Send
from recurra.client.problem import not_understood
from recurra.errors import DataError

_FULL = 32768.0
_PIECES_A_SECOND = 10
Told = dict[str, Any]


class Hearing:
    """A stream of sound.

    Args:
        rate: Samples a second.
        settings: Of the listener.
    """

    def __init__(self, rate: int, settings: Mapping[str, Any]) -> None:
        self._query = query_of({**settings, "rate": rate})

    def open(self) -> Conversing[None]:
        """Connect.

        Raises:
            RecurraError: The server cannot be reached, or refuses.
        """
        event: Event = yield Open(self._query)
        if event is None:
            event = yield Receive()
        _check(event)

    def push(self, samples: bytes) -> Conversing[list[Told]]:
        """Send samples, and take what was said meanwhile. Errors as of `open`."""
        _check((yield Send(samples)))
        told: list[Told] = []
        while isinstance(event := _check((yield Poll())), str):
            told += _events(event)
        return told

    def end(self) -> Conversing[list[Told]]:
        """Say that no more samples come, and take what is left to be said. Errors as of `open`."""
        _check((yield Send(wire.command("end"))))
        told: list[Told] = []
        while True:
            event = _check((yield Receive()))
            told += _events(event or "")
            if told and told[-1].get("$did") == "end":
                return told[:-1]


def _check(event: Event) -> str | None:
    if isinstance(event, Denied | Lost):
        raise event.error
    return event


def _events(message: str) -> list[Told]:
    told = [wire.parsed(line) for line in message.split("\n")]
    for one in told:
        if not isinstance(one, dict):
            raise not_understood(message)
        if wire.is_fault(one):
            raise wire.fault(one, DataError)
    return told


def pieces_of(samples: Any, rate: int) -> Iterator[bytes]:
    """Samples as a server takes them, in pieces of a tenth of a second.

    Args:
        samples: (samples,) from -1 to 1 or 16-bit numbers, such numbers as bytes, or an iterable of these.
        rate: Samples a second.

    Raises:
        DataError: They are something else.
    """
    if isinstance(samples, np.ndarray | bytes | bytearray):
        content = pcm(samples)
        size = 2 * max(1, rate // _PIECES_A_SECOND)
        for begin in range(0, len(content), size):
            yield content[begin : begin + size]
    elif isinstance(samples, Iterable) and not isinstance(samples, str):
        for piece in samples:
            yield pcm(piece)
    else:
        raise _no_sound(samples)


def pcm(piece: Any) -> bytes:
    """Samples as 16-bit numbers, little-endian.

    Raises:
        DataError: They are none.
    """
    if isinstance(piece, bytes | bytearray):
        return bytes(piece)
    values = np.asarray(piece)
    if values.ndim == 1 and values.dtype == np.int16:
        return values.astype("<i2").tobytes()
    if values.ndim != 1 or values.dtype.kind != "f" or not np.isfinite(values).all():
        raise _no_sound(piece)
    scaled = np.round(values.astype(np.float64) * _FULL)
    return np.clip(scaled, -_FULL, _FULL - 1).astype("<i2").tobytes()


def _no_sound(given: Any) -> DataError:
    shape = f" of shape {given.shape} and type {given.dtype}" if isinstance(given, np.ndarray) else ""
    return DataError(
        f"sound that is a {type(given).__name__}{shape}",
        "finite samples of one channel, from -1 to 1 or of 16 bits, or pieces of these",
        "Convert them.",
    )
