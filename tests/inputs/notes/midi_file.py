"""MIDI files byte by byte, so that what reads them is tested with what it did not write."""

from collections.abc import Sequence


def number(value: int) -> bytes:
    """A number of any length, seven bits a byte."""
    found = [value & 127]
    while value := value >> 7:
        found.insert(0, (value & 127) | 128)
    return bytes(found)


def track(events: Sequence[tuple[int, bytes]]) -> bytes:
    """A track of (ticks since the event before, event)."""
    content = b"".join(number(ticks) + event for ticks, event in [*events, (0, b"\xff\x2f\x00")])
    return b"MTrk" + len(content).to_bytes(4, "big") + content


def file(*tracks: bytes, division: int = 480) -> bytes:
    """A file of tracks."""
    kind, count = (1 if len(tracks) > 1 else 0), len(tracks)
    head = b"".join(one.to_bytes(2, "big") for one in (kind, count, division))
    return b"MThd" + (6).to_bytes(4, "big") + head + b"".join(tracks)


def on(key: int, channel: int = 0, loudness: int = 80) -> bytes:
    """A key that is struck."""
    return bytes([0x90 | channel, key, loudness])


def off(key: int, channel: int = 0) -> bytes:
    """A key that is let go."""
    return bytes([0x80 | channel, key, 0])


def tempo(beats: float) -> bytes:
    """Beats a minute from here on."""
    return b"\xff\x51\x03" + round(60_000_000 / beats).to_bytes(3, "big")
