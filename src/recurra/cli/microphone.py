"""A microphone as raw samples that come in pieces, by sounddevice."""

import importlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from recurra.cli import screen
from recurra.cli.interruption import Signals
from recurra.data.pcm import Read
from recurra.errors import DataError, MissingDependencyError

_PIECES = 20  # a second


@contextmanager
def microphone(rate: int, signals: Signals) -> Iterator[Read]:
    """Reads what the system's own microphone records, 16 bits in one channel; signals end the waiting.

    Args:
        rate: Samples a second.
        signals: What ends it.

    Raises:
        MissingDependencyError: sounddevice, or the library below it, is not there.
        DataError: There is no microphone, or it does not record so many samples a second.
    """
    library = _library()
    frames = max(1, rate // _PIECES)
    lost = False

    def read(count: int) -> bytes:
        nonlocal lost
        with signals.waiting():
            signals.check()
            try:
                content, overflowed = stream.read(min(frames, max(1, count // 2)))
            except library.PortAudioError as error:
                raise _refused(rate, error) from error
        if overflowed and not lost:
            lost = True
            screen.note("note: sound was lost, since it comes faster than it is heard")
        return bytes(content)

    with ExitStack() as opened:
        try:
            given = library.RawInputStream(samplerate=rate, channels=1, dtype="int16", blocksize=frames)
            stream = opened.enter_context(given)
        except (library.PortAudioError, ValueError) as error:
            raise _refused(rate, error) from error
        yield read


def _library() -> Any:
    try:
        return importlib.import_module("sounddevice")
    except (ImportError, OSError) as error:
        raise MissingDependencyError(
            f"no sounddevice ({error})",
            "it, to hear a microphone",
            "Install it: pip install 'recurra[microphone]'; where PortAudio is missing, that too.",
        ) from error


def _refused(rate: int, error: Exception) -> DataError:
    return DataError(
        f"no microphone at {rate} samples a second ({error})",
        "one that records",
        "Connect one, or give the rate that it has: --rate 48000.",
    )
