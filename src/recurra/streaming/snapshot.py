"""Sessions as bytes: versioned, checksummed, and bound to the program by its digest.

    magic (8), format (4), what (4), digest of the program (32)
    numbers of a state (8), sessions (8), serial (8), ids of a pool (8 each), states (4 each number)
    SHA-256 of all before (32)

All of it little-endian. The serial number of a pool is where its next id begins.
"""

import hashlib
import struct
from typing import Any, NamedTuple

import numpy as np

from recurra.errors import ArtifactError, DamagedError, NewerFormatError
from recurra.streaming.layer import Array

MAGIC = b"recurra\n"
FORMAT = 1
SESSION, POOL = range(2)
HEADER = struct.Struct("<8sII32sQQQ")
CHECKSUM_SIZE = 32

Ids = np.ndarray[Any, np.dtype[np.int64]]


class PoolContents(NamedTuple):
    """All sessions of a pool: their ids (count,), their states (count, size), and the next serial number."""

    ids: Ids
    states: Array
    serial: int


def pack_session(digest: str, state: Array) -> bytes:
    """A session's state (size,) as bytes."""
    return _pack(SESSION, digest, PoolContents(np.empty(0, np.int64), state.reshape(1, -1), 0))


def unpack_session(snapshot: bytes, digest: str, size: int) -> Array:
    """What `pack_session` packed.

    Raises:
        DamagedError: It is no snapshot of a session, or was truncated or altered.
        NewerFormatError: A newer version of recurra made it.
        ArtifactError: It is of another program.
    """
    states: Array = _unpack(SESSION, snapshot, digest, size).states[0]
    return states


def pack_pool(digest: str, contents: PoolContents) -> bytes:
    """All sessions of a pool as bytes."""
    return _pack(POOL, digest, contents)


def unpack_pool(snapshot: bytes, digest: str, size: int) -> PoolContents:
    """What `pack_pool` packed; errors as `unpack_session`."""
    return _unpack(POOL, snapshot, digest, size)


def _pack(what: int, digest: str, contents: PoolContents) -> bytes:
    count, size = contents.states.shape
    header = HEADER.pack(MAGIC, FORMAT, what, bytes.fromhex(digest), size, count, contents.serial)
    body = header + contents.ids.astype("<i8").tobytes() + contents.states.astype("<f4").tobytes()
    return body + hashlib.sha256(body).digest()


def _unpack(what: int, snapshot: bytes, digest: str, size: int) -> PoolContents:
    remedy = "Take a new snapshot."
    if not isinstance(snapshot, bytes | bytearray | memoryview):
        raise DamagedError(f"a snapshot that is a {type(snapshot).__name__}", "bytes", remedy)
    body, stated = bytes(snapshot)[:-CHECKSUM_SIZE], bytes(snapshot)[-CHECKSUM_SIZE:]
    if len(body) < HEADER.size or not body.startswith(MAGIC):
        raise DamagedError(f"{len(snapshot)} bytes that are no snapshot", "a snapshot of recurra", remedy)
    _, version, kind, owner, numbers, count, serial = HEADER.unpack_from(body)
    if version > FORMAT:
        raise NewerFormatError(
            f"a snapshot of format {version}", f"at most {FORMAT}", "Upgrade recurra to read it."
        )
    if hashlib.sha256(body).digest() != stated:
        raise DamagedError(
            "a snapshot that does not match its checksum", "the bytes as they were made", remedy
        )
    if kind != what:
        names = ("a session", "a pool")
        raise DamagedError(
            f"a snapshot that is not of {names[what]}",
            f"one of {names[what]}",
            "Restore it where it came from.",
        )
    if owner != bytes.fromhex(digest):
        raise ArtifactError(
            "a snapshot of another program",
            f"one of the program {digest[:12]}",
            "Load the program that it was taken from, or begin anew.",
        )
    ids = count if what == POOL else 0
    if (
        numbers != size
        or len(body) != HEADER.size + 8 * ids + 4 * count * size
        or (what == SESSION and count != 1)
    ):
        raise DamagedError(
            "a snapshot whose sizes contradict each other", "the bytes as they were made", remedy
        )
    begin = HEADER.size + 8 * ids
    return PoolContents(
        np.frombuffer(body, "<i8", ids, HEADER.size).astype(np.int64),
        np.frombuffer(body, "<f4", count * size, begin).reshape(count, size).astype(np.float32),
        serial,
    )
