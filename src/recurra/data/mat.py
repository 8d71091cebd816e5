"""MAT files of versions 5 to 7, as far as they hold matrices of numbers, cells and structures.

Read here, since scipy's reader may leave its memory, and end the program, where a byte of a file is damaged.
The format is that of "MAT-File Format" (The MathWorks, 2024).
"""

import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

_HEADER = 128
_ORDERS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
_MATRIX, _COMPRESSED = 14, 15
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_CELL, _STRUCTURE, _NUMBERS = 1, 2, range(6, 16)  # classes of matrices


def read_mat(content: bytes) -> dict[str, Any]:
    """The variables of a file by name.

    A matrix of numbers is an array, cells are a list of what is in them, and a structure is a dict of its
    fields, each a list, one of each structure in the matrix; what else there is (texts, sparse matrices) is
    None.

    Raises:
        ValueError: It is damaged, or of another version.
        struct.error: It ends too early.
        IndexError: A number is missing in it.
        RecursionError: Cells lie in too many others.
        zlib.error: What is compressed is damaged.
    """
    order = _ORDERS.get(content[_HEADER - 4 : _HEADER])
    if order is None:
        raise ValueError("no MAT file of version 5 to 7")
    found = {}
    for kind, own in _elements(memoryview(content)[_HEADER:], order):
        name, value = _matrix(own, order) if kind == _MATRIX else ("", None)
        if name:
            found[name] = value
    return found


def _elements(content: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """The type and the content of each element, one after another."""
    place = 0
    while place < len(content):
        kind, size = struct.unpack_from(f"{order}II", content, place)
        begin, room = place + 8, size if kind == _COMPRESSED else -(-size // 8) * 8
        if kind >> 16:  # a small one, with its content in place of its size
            kind, size, begin, room = kind & 0xFFFF, kind >> 16, place + 4, 4
        place = begin + room
        if size > room or begin + size > len(content):
            raise ValueError(f"an element of {size:,} bytes goes past the end")
        own = content[begin : begin + size]
        if kind == _COMPRESSED:
            yield from _elements(memoryview(zlib.decompress(own)), order)
        else:
            yield kind, own


def _matrix(content: memoryview, order: str) -> tuple[str, Any]:
    """A matrix with its name."""
    if not content:
        return "", None
    flags, dimensions, title, *rest = _elements(content, order)
    kind, name = int(_numbers(flags, order)[0]) & 0xFF, bytes(title[1]).decode("latin-1")
    if kind in _NUMBERS:
        shape = tuple(_numbers(dimensions, order).tolist())
        if math.prod(shape) != len(values := _numbers(rest[0], order)):
            raise ValueError(f"{len(values):,} numbers in a matrix of shape {shape}")
        return name, values.reshape(shape, order="F")
    if kind == _CELL:
        return name, [_matrix(own, order)[1] for _, own in rest]
    if kind == _STRUCTURE:
        width, names, *inner = rest
        size = int(_numbers(width, order)[0])
        fields = struct.unpack(f"{size}s" * (len(names[1]) // size), names[1])
        shown = [one.partition(b"\0")[0].decode("latin-1") for one in fields]
        every = [_matrix(own, order)[1] for _, own in inner]
        return name, {field: every[at :: len(shown)] for at, field in enumerate(shown)}
    return name, None


def _numbers(element: tuple[int, memoryview], order: str) -> np.ndarray:
    kind, content = element
    if kind not in _TYPES:
        raise ValueError(f"numbers of type {kind}, which there is not")
    return np.frombuffer(content, order + _TYPES[kind])
