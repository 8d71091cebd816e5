"""Sound as bytes that come in pieces of any size: raw samples, or a WAV file; nothing is waited for twice."""

import io
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from recurra.errors import ConfigError, DataError

_PIECE = 2**16
_HEADER = 12
MOST_RATE = 1_000_000
"""Samples a second of sound; a header that says more is damaged."""
_MOST_HEADER = 2**20  # bytes of what stands before the samples, and is skipped
_INTEGER, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_COMPRESSED = (b"fLaC", b"OggS", b"ID3", b"\xff\xfb", b"\xff\xf3", b"RF64", b"FORM")
_UNKNOWN_SIZES = (0, 0xFFFFFFFF)  # of who does not know yet how long it will be

Read = Callable[[int], bytes]
"""Gives at most so many bytes as soon as there are some, none at the end."""


class SoundStream(NamedTuple):
    """Samples as they come.

    Attributes:
        rate: How many there are a second.
        pieces: The samples between -1 and 1, the mean of all channels; no piece is empty.
    """

    rate: int
    pieces: Iterator[Float32[np.ndarray, " samples"]]


class _Form(NamedTuple):
    """How samples lie in bytes: "u1", "<i2", "i3" (24 bits), "<i4", "<f4" or "<f8", in so many channels."""

    kind: str
    channels: int

    @property
    def width(self) -> int:
        """Bytes of a sample of all channels."""
        return int(self.kind[-1]) * self.channels


def open_stream(read: Read, rate: int | None, usual_rate: int, *, raw: bool = True) -> SoundStream:
    """Look at the first bytes, and give what follows as samples; of a last one that is cut off nothing.

    Args:
        read: Where bytes come from.
        rate: Samples a second of raw sound (16 bits, little-endian, one channel); a WAV file says it itself.
        usual_rate: That of raw sound where nobody says it.
        raw: Whether what is neither WAV nor compressed is raw sound.

    Raises:
        DataError: A WAV header is damaged, or of a form that is none of PCM; or the sound is compressed, or
            raw where it must not be. What is not finite is told when it comes.
        ConfigError: The rate given is out of range, or another one than that of the WAV file.
    """
    if rate is not None and not 0 < rate <= MOST_RATE:
        raise ConfigError(f"--rate {rate}", f"1 to {MOST_RATE} samples a second", "Change --rate.")
    source = _Source(read)
    first = source.peek(_HEADER)
    if first[:4] == b"RIFF" and first[8:12] == b"WAVE":
        form, own, size = _wav(source)
        if rate not in (None, own):
            raise ConfigError(f"--rate {rate} for a WAV of {own} samples a second", "its own", "Drop --rate.")
        return SoundStream(own, _pieces(source, form, size))
    if first.startswith(_COMPRESSED):
        raise DataError(
            f"sound that begins with {first[:4]!r}",
            "raw samples of 16 bits, or a WAV file",
            "Convert it on the way: ffmpeg -i FILE -f wav - | recurra stream RUN --audio -",
        )
    if not raw and first:
        raise DataError(
            f"sound that begins with {first[:4]!r}",
            "a WAV file",
            "Call raw samples of 16 bits something.raw.",
        )
    return SoundStream(rate or usual_rate, _raw(source))


def raw_stream(read: Read, rate: int) -> SoundStream:
    """Raw sound (16 bits, little-endian, one channel), whatever its first bytes look like."""
    return SoundStream(rate, _raw(_Source(read)))


class _Source:
    """Bytes that can be looked at before they are taken."""

    def __init__(self, read: Read) -> None:
        self._read, self._held = read, b""

    def peek(self, count: int) -> bytes:
        """The next bytes, fewer only at the end."""
        while len(self._held) < count and (more := self._read(count - len(self._held))):
            self._held += more
        return self._held[:count]

    def take(self, count: int) -> bytes:
        """The next bytes, all of them.

        Raises:
            DataError: The stream ends before.
        """
        found = self.peek(count)
        if len(found) < count:
            raise _damaged("ends in its header")
        self._held = self._held[count:]
        return found

    def some(self) -> bytes:
        """What is there, or comes next."""
        found, self._held = self._held, b""
        return found or self._read(_PIECE)


def _wav(source: _Source) -> tuple[_Form, int, int | None]:
    """Form, rate, and bytes of samples (None: until the end), with the header taken."""
    source.take(_HEADER)
    skipped, form, rate = 0, None, 0
    while True:
        name, size = struct.unpack("<4sI", source.take(8))
        if name == b"data":
            if form is None:
                raise _damaged("says nothing of the form of its samples")
            return form, rate, None if size in _UNKNOWN_SIZES else size
        skipped += size
        if skipped > _MOST_HEADER:
            raise _damaged("holds no samples in its first megabyte")
        content = source.take(size + size % 2)
        if name == b"fmt ":
            form, rate = _format(content)


def _format(content: bytes) -> tuple[_Form, int]:
    if len(content) < 16:
        raise _damaged("has a header that is too short")
    code, channels, rate, _, _, bits = struct.unpack("<HHIIHH", content[:16])
    if code == _EXTENSIBLE and len(content) >= 26:
        code = struct.unpack("<H", content[24:26])[0]
    kinds = {(_INTEGER, 8): "u1", (_INTEGER, 16): "<i2", (_INTEGER, 24): "i3", (_INTEGER, 32): "<i4"}
    kinds |= {(_FLOAT, 32): "<f4", (_FLOAT, 64): "<f8"}
    kind = kinds.get((code, bits))
    if kind is None or not channels or not 0 < rate <= MOST_RATE:
        raise _damaged(f"has samples of code {code}, {bits} bits, {channels} channels, {rate} a second")
    return _Form(kind, channels), rate


def _pieces(source: _Source, form: _Form, left: int | None) -> Iterator[Float32[np.ndarray, " samples"]]:
    held, place = b"", 0
    while left is None or left > 0:
        more = source.some()
        if not more:
            return
        if left is not None:
            more, left = more[:left], left - len(more)
        held += more
        whole = len(held) - len(held) % form.width
        if whole:
            samples = _samples(held[:whole], form)
            finite = np.isfinite(samples)
            if not finite.all():
                at = place + int(np.flatnonzero(~finite)[0])
                raise DataError(f"sample {at} of a stream is no number", "numbers", "Repair what makes it.")
            place, held = place + len(samples), held[whole:]
            yield samples


def _raw(source: _Source) -> Iterator[Float32[np.ndarray, " samples"]]:
    return _pieces(source, _Form("<i2", 1), None)


def _samples(content: bytes, form: _Form) -> Float32[np.ndarray, " samples"]:
    """The mean of all channels, as `Sound.samples` gives it."""
    values: np.ndarray
    if form.kind == "i3":
        wide = np.zeros((len(content) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(content, np.uint8).reshape(-1, 3)
        values = wide.view("<i4")[:, 0] / np.float32(2**31)
    elif form.kind == "u1":
        values = (np.frombuffer(content, np.uint8).astype(np.float32) - 128) / np.float32(128)
    else:
        values = np.frombuffer(content, form.kind).astype(np.float32)
        if form.kind.startswith("<i"):
            values = values / np.float32(2 ** (8 * int(form.kind[-1]) - 1))
    channels = values.astype(np.float32).reshape(-1, form.channels)
    mean: np.ndarray = channels.mean(axis=1, dtype=np.float32)
    return mean


def _damaged(what: str) -> DataError:
    return DataError(
        f"a WAV stream that {what}",
        "one of PCM, of 8 to 32 bits or of floats",
        "Convert it on the way: ffmpeg -i FILE -f wav -",
    )


def wav_header(rate: int, samples: int | None) -> bytes:
    """What stands before samples of 16 bits and one channel.

    Args:
        rate: Samples a second.
        samples: How many follow; None where nobody knows yet.
    """
    size = _UNKNOWN_SIZES[1] if samples is None else 2 * samples
    whole = size if samples is None else size + 36
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, _INTEGER, 1, rate, 2 * rate, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", whole, b"WAVE") + form + struct.pack("<4sI", b"data", size)


def to_bytes(samples: Float32[np.ndarray, " samples"]) -> bytes:
    """Samples between -1 and 1 as 16 bits each, little-endian."""
    return np.round(samples.clip(-1, 1) * 32767).astype("<i2").tobytes()


def wav_of_pieces(pieces: Iterable[Float32[np.ndarray, " samples"]], rate: int) -> bytes:
    """A WAV file of 16 bits and one channel, of samples that come some at a time."""
    file = io.BytesIO(wav_header(rate, 0))
    size = file.seek(0, io.SEEK_END)
    for one in pieces:
        file.write(to_bytes(one))
    samples = (file.tell() - size) // 2
    file.seek(0)
    file.write(wav_header(rate, samples))
    return file.getvalue()
