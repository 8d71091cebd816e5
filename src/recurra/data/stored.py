"""Arrays in npy, npz and safetensors files that are read where they lie, one row or all; nothing is run."""

import io
import json
import mmap
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

import numpy as np
from safetensors import SafetensorError, safe_open

from recurra.data.archive import unreadable
from recurra.data.naming import listed
from recurra.data.object_array import UNREADABLE, Header, read_header
from recurra.errors import DataError

SUFFIXES = (".npz", ".npy", ".safetensors")
_LOCAL_HEADER, _NAME_AND_EXTRA = 30, 26  # bytes before a member's name, and where its lengths stand
_NUMBERS = "biuf"
_IN_MEMORY, _BLOCK = (
    1 << 20,
    1 << 20,
)  # bytes of an unpacked array that need no file, and that go there at once
_TENSORS = ("F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL")
_EXPECTED = "an npz, npy or safetensors file of arrays of numbers"


@dataclass(frozen=True)
class Stored:
    """An array in a file.

    Attributes:
        shape: Lengths of its axes.
        is_numeric: Whether its elements are numbers.
        read: Its numbers, or those of a row, or its texts.
    """

    shape: tuple[int, ...]
    is_numeric: bool
    read: Callable[[int | None], np.ndarray]


def is_stored(path: Path) -> bool:
    """Whether a file is called as those are that `open_arrays` reads."""
    return path.suffix.lower() in SUFFIXES


def open_arrays(path: Path) -> Mapping[str, Stored]:
    """The arrays of a file by their names, of which nothing but what they are is read; an npy file's is "".

    What is compressed in an npz file is unpacked when it is first read.

    Raises:
        DataError: There is no such file, or it cannot be read.
    """
    try:
        about = path.stat()
    except OSError as error:
        raise DataError(
            f"{path} is not there", _EXPECTED, "Check the path; in a table it starts at the table's folder."
        ) from error
    return _opened(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=16)
def _opened(path: Path, _changed: int, _size: int) -> Mapping[str, Stored]:
    if path.suffix.lower() == ".safetensors":
        return MappingProxyType(_of_safetensors(path))
    try:
        with path.open("rb") as file:
            whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            if not zipfile.is_zipfile(file):
                file.seek(0)
                return MappingProxyType({"": _mapped(file, whole, path.name)})
            unpacked = _Unpacked(path)
            with zipfile.ZipFile(file) as archive:
                members = [one for one in archive.infolist() if one.filename.endswith(".npy")]
                return MappingProxyType({
                    one.filename.removesuffix(".npy"): _member(archive, one, file, whole, unpacked)
                    for one in members
                })  # fmt: skip
    except UNREADABLE as error:
        raise unreadable(path, error, _EXPECTED) from error


def _member(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    file: io.BufferedIOBase | IO[bytes],
    whole: mmap.mmap,
    unpacked: "_Unpacked",
) -> Stored:
    """An array of an npz file."""
    if member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1:
        file.seek(member.header_offset + _NAME_AND_EXTRA)
        name, extra = np.frombuffer(file.read(4), "<u2").tolist()
        file.seek(member.header_offset + _LOCAL_HEADER + name + extra)
        return _mapped(file, whole, member.filename)
    with archive.open(member) as packed:
        header = _header(packed, member.filename)

    def read(row: int | None) -> np.ndarray:
        array = unpacked.array(member.filename)
        return _plain(array if row is None else array[row, ...])

    return Stored(header.shape, header.kind.kind in _NUMBERS and header.size > 0, read)


class _Unpacked:
    """The compressed arrays of a file, each unpacked when it is first read, into a file that has no name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._arrays: dict[str, np.ndarray] = {}

    def array(self, member: str) -> np.ndarray:
        """An array, of which no more is unpacked than it announces.

        Raises:
            DataError: It cannot be read.
        """
        if member not in self._arrays:
            try:
                with zipfile.ZipFile(self._path) as archive, archive.open(member) as packed:
                    self._arrays[member] = self._unpack(packed, member)
            except UNREADABLE as error:
                raise unreadable(self._path, error, _EXPECTED) from error
        return self._arrays[member]

    def _unpack(self, packed: io.BufferedIOBase | IO[bytes], name: str) -> np.ndarray:
        header = _header(packed, name)
        need = header.size * header.kind.itemsize
        if need <= _IN_MEMORY:
            content: Any = packed.read(need)
        else:
            with tempfile.TemporaryFile() as unpacked:  # stays as long as it is mapped
                for begin in range(0, need, _BLOCK):
                    unpacked.write(packed.read(min(_BLOCK, need - begin)))
                unpacked.flush()
                content = mmap.mmap(unpacked.fileno(), 0, access=mmap.ACCESS_READ)
        if len(content) < need:
            raise ValueError(f"{need:,} bytes announced, {len(content):,} there")
        return np.ndarray(header.shape, header.kind, content, order="F" if header.by_columns else "C")


def _header(file: io.BufferedIOBase | IO[bytes], name: str) -> Header:
    header = read_header(file)
    if header.kind.hasobject:
        raise ValueError(f"{name} holds objects")
    return header


def _mapped(file: io.BufferedIOBase | IO[bytes], whole: mmap.mmap, name: str) -> Stored:
    """The array that begins where a file stands, in the file's own memory."""
    header = _header(file, name)
    if not header.size:
        return Stored(header.shape, is_numeric=False, read=lambda _: np.zeros(header.shape, np.float32))
    begin, need = file.tell(), header.size * header.kind.itemsize
    if begin + need > len(whole):
        raise ValueError(f"{need:,} bytes announced, {len(whole) - begin:,} there")
    array = np.ndarray(header.shape, header.kind, whole, begin, order="F" if header.by_columns else "C")

    def read(row: int | None) -> np.ndarray:
        return _plain(array if row is None else array[row, ...])

    return Stored(header.shape, header.kind.kind in _NUMBERS, read)


def _plain(array: np.ndarray) -> np.ndarray:
    """Elements in memory: fractions of 16 bits as of 32, bytes as the text that they are."""
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8", "replace")
    return np.array(array, np.float32 if array.dtype == np.float16 else None)


def _of_safetensors(path: Path) -> dict[str, Stored]:
    try:
        file: Any = safe_open(path, framework="pt")
        found = {name: _tensor(file, name) for name in file.keys()}  # noqa: SIM118
        names = (file.metadata() or {}).get("names")
    except (SafetensorError, OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read ({error})", _EXPECTED, "Write it again, or restore it."
        ) from error
    if names is not None and "names" not in found:
        found["names"] = _names(path, names)
    return found


def _tensor(file: Any, name: str) -> Stored:
    part = file.get_slice(name)
    kind = part.get_dtype()

    def read(row: int | None) -> np.ndarray:
        values = part[:] if row is None else part[row]
        return np.asarray((values.float() if kind in ("F16", "BF16") else values).numpy())

    return Stored(tuple(part.get_shape()), kind in _TENSORS and 0 not in part.get_shape(), read)


def _names(path: Path, text: str) -> Stored:
    """The names that a safetensors file keeps in its metadata, as JSON."""
    try:
        array = np.array(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{path} with metadata whose `names` are no JSON ({error})", "a list of names", "Write it again."
        ) from error
    return Stored(array.shape, is_numeric=False, read=lambda row: array if row is None else array[row])


def described(arrays: Mapping[str, Stored]) -> str:
    """Arrays and their shapes, for a message."""
    return listed((f"{name or 'one without a name'} {one.shape}" for name, one in arrays.items()), 12)
