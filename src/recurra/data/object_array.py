"""Arrays of arrays of numbers in .npy files, which NumPy keeps as pickles, read without running any code.

A pickle is a program. `pickletools` takes it apart without running it, and what is understood of it here is
what NumPy writes for an array of arrays of numbers; anything else is refused. No name in the file is looked
up: those that are known only say which of the few things that are made here comes next.
"""

import io
import math
import pickletools
import re
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import IO, Any, NamedTuple, NoReturn

import numpy as np

from recurra.errors import DataError

_NUMERIC = re.compile(r"[iuf][1248]|b1")
_OBJECTS = ("O8", "O4", "O")
_KNOWN: Mapping[tuple[str, str], str] = MappingProxyType({
    ("numpy.core.multiarray", "_reconstruct"): "array",
    ("numpy._core.multiarray", "_reconstruct"): "array",
    ("numpy", "ndarray"): "class of arrays",
    ("numpy", "dtype"): "dtype",
    ("_codecs", "encode"): "bytes",
})  # fmt: skip
_PLAIN = frozenset({
    "BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "LONG4", "BINUNICODE", "SHORT_BINUNICODE",
    "BINUNICODE8", "UNICODE", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
})  # fmt: skip
_CONSTANTS = MappingProxyType({"NONE": None, "NEWTRUE": True, "NEWFALSE": False})
_TEXTS = frozenset({"BINSTRING", "SHORT_BINSTRING", "STRING"})
_TUPLES = MappingProxyType({"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3})
_MARK = object()
_QUOTED = 200  # characters of what is in a file, in a message
_DAMAGE = (
    ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, EOFError, SyntaxError,
    RecursionError, MemoryError, tokenize.TokenError, struct.error,
)  # fmt: skip  # what a damaged header or pickle ends in
UNREADABLE = (*_DAMAGE, OSError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged npy or npz file ends in, by NumPy too."""


@dataclass
class _Name:
    """One of the names that are known."""

    what: str


@dataclass
class _Type:
    """A dtype: its code and its order of bytes."""

    code: str
    order: str = "|"


@dataclass
class _Array:
    """An array, once its contents are known: of numbers, or a list of those that it is made of."""

    value: Any = None


@dataclass
class _Machine:
    """The stack of values and the memory that opcodes work on."""

    room: int  # bytes that texts may be made into: a file holds each once
    stack: list[Any] = field(default_factory=list)
    kept: dict[int, Any] = field(default_factory=dict)

    def pop_to_mark(self) -> list[Any]:
        """What was put on the stack since the last mark, which goes, too."""
        place = next((at for at in reversed(range(len(self.stack))) if self.stack[at] is _MARK), None)
        if place is None:
            raise ValueError("a mark is missing")
        found = self.stack[place + 1 :]
        del self.stack[place:]
        return found

    def pop(self, count: int) -> list[Any]:
        """So many values from the top."""
        if len(self.stack) < count:
            raise ValueError("values are missing")
        found = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return found

    def step(self, name: str, argument: Any) -> None:
        """One opcode."""
        if name in _PLAIN:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _TEXTS:  # of Python 2: bytes, which pickletools hands on in Latin-1
            self.stack.append(argument if isinstance(argument, bytes) else argument.encode("latin-1"))
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            self.stack.append(_named(argument.split(" ") if name == "GLOBAL" else self.pop(2)))
        elif name == "REDUCE":
            made = _made(*self.pop(2))
            self.room -= len(made) if isinstance(made, bytes) else 0
            if self.room < 0:
                _refuse("texts that come again and again")
            self.stack.append(made)
        elif name == "BUILD":
            _fill(self.stack[-2], self.pop(1)[0])
        elif not self._gather(name):
            self._remember(name, argument)

    def _gather(self, name: str) -> bool:
        """An opcode of tuples and lists; False of any other."""
        if name == "MARK":
            self.stack.append(_MARK)
        elif name == "EMPTY_LIST":
            self.stack.append([])
        elif name == "TUPLE":
            self.stack.append(tuple(self.pop_to_mark()))
        elif name in _TUPLES:
            self.stack.append(tuple(self.pop(_TUPLES[name])))
        elif name in ("APPEND", "APPENDS"):
            values = self.pop(1) if name == "APPEND" else self.pop_to_mark()
            if not isinstance(self.stack[-1], list):
                raise ValueError("a list is missing")
            self.stack[-1].extend(values)
        else:
            return False
        return True

    def _remember(self, name: str, argument: Any) -> None:
        if name in ("BINPUT", "LONG_BINPUT", "PUT"):
            self.kept[int(argument)] = self.stack[-1]
        elif name == "MEMOIZE":
            self.kept[len(self.kept)] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            self.stack.append(self.kept[int(argument)])
        elif name not in ("PROTO", "FRAME"):
            _refuse(f"opcode {name}")


def read_object_array(content: bytes) -> list[np.ndarray] | np.ndarray:
    """The array of an .npy file: one of numbers or texts, or the arrays of numbers that one of objects holds.

    Nothing in the file is run, whatever is in it.

    Args:
        content: The bytes of the file.

    Raises:
        DataError: It is damaged, or holds other objects than arrays of numbers.
    """
    file = io.BytesIO(content)
    try:
        shape, kind, _ = read_header(file)
        if not kind.hasobject:
            return np.asarray(np.load(io.BytesIO(content), allow_pickle=False))
        found = _interpreted(content[file.tell() :])
        _check_count(len(found), math.prod(shape))
    except DataError:
        raise
    except _DAMAGE as error:
        raise DataError(
            f"an array of objects that cannot be read ({str(error)[:_QUOTED]})",
            "arrays of numbers, as numpy.savez writes them",
            "Restore the file, or write it again.",
        ) from error
    return found


def _check_count(found: int, announced: int) -> None:
    if found != announced:
        raise DataError(f"{found} arrays where {announced} are announced", "a whole file", "Restore it.")


def announces_objects(file: io.BufferedIOBase | IO[bytes]) -> bool:
    """Whether an .npy file says that it holds objects; what is no such file does not."""
    try:
        return bool(read_header(file).kind.hasobject)
    except _DAMAGE:
        return False


class Header(NamedTuple):
    """What an .npy file announces.

    Attributes:
        shape: Of its array.
        kind: The type of its elements.
        by_columns: Whether the first axis changes fastest.
    """

    shape: tuple[int, ...]
    kind: np.dtype[Any]
    by_columns: bool = False

    @property
    def dtype(self) -> np.dtype[Any]:
        """As an array calls it."""
        return self.kind

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many elements there are."""
        return math.prod(self.shape)


def read_header(file: io.BufferedIOBase | IO[bytes]) -> Header:
    """What an .npy file announces, of which no more than that is read.

    Raises:
        One of `UNREADABLE`: It is damaged.
    """
    old = np.lib.format.read_magic(file) == (1, 0)
    read = np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
    shape, by_columns, kind = read(file)
    return Header(shape, kind, by_columns)


def _interpreted(pickled: bytes) -> list[np.ndarray]:
    machine = _Machine(len(pickled))
    for opcode, argument, _ in pickletools.genops(pickled):
        if opcode.name == "STOP":
            break
        machine.step(opcode.name, argument)
    (outer,) = machine.stack
    if not isinstance(outer, _Array) or not isinstance(outer.value, list):
        _refuse("no array of arrays")
    return [_of_numbers(one) for one in outer.value]


def _of_numbers(one: Any) -> np.ndarray:
    value = one.value if isinstance(one, _Array) else None
    if not isinstance(value, np.ndarray):
        _refuse(f"a {type(one).__name__.strip('_')} where an array of numbers should be")
    return value


def _named(parts: Sequence[Any]) -> _Name:
    module, name = parts
    if not isinstance(module, str) or not isinstance(name, str):
        _refuse("a name that is no text")
    what = _KNOWN.get((module, name))
    if what is None:
        _refuse(f"the name {f'{module}.{name}'[:_QUOTED]}")
    return _Name(what)


def _made(name: Any, arguments: tuple[Any, ...]) -> Any:
    """What a call of a known name stands for."""
    what = name.what if isinstance(name, _Name) else ""
    found: Any = None
    if what == "array" and isinstance(arguments[0], _Name) and arguments[0].what == "class of arrays":
        found = _Array()
    elif what == "dtype":
        code = _text(arguments[0])
        found = _Type(code) if code in _OBJECTS or _NUMERIC.fullmatch(code) else None
    elif what == "bytes" and len(arguments) == 2 and arguments[1] in ("latin1", "latin-1"):
        found = arguments[0].encode("latin-1")
    if found is None:
        _refuse("a call of something else than NumPy's arrays")
    return found


def _fill(target: Any, state: Any) -> None:
    """Give an array or a dtype its state."""
    if isinstance(target, _Type):
        order = _text(state[1])
        if order not in ("<", ">", "|", "=") or any(one is not None for one in state[2:5]):
            _refuse("a dtype of several parts")
        target.order = order
        return
    if not isinstance(target, _Array) or len(state) != 5 or not isinstance(state[2], _Type):
        _refuse("a state of no array")
    _, shape, kind, by_columns, content = state
    if not all(type(one) is int and one >= 0 for one in shape):
        _refuse("a shape of no whole numbers")
    if kind.code in _OBJECTS:
        if not isinstance(content, list):
            _refuse("objects that are no list")
        target.value = content
        return
    flat = np.frombuffer(content, np.dtype(kind.order + kind.code))
    target.value = flat.reshape(shape, order="F" if by_columns else "C")


def _text(value: Any) -> str:
    if not isinstance(value, str | bytes):  # str(value) of what holds itself twice has no end
        _refuse("a text that is none")
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _refuse(what: str) -> NoReturn:
    raise DataError(
        f"an array of objects with {what}",
        "arrays of numbers alone, since other objects could run code",
        "Write arrays of numbers, or all points in one array with their `lengths`.",
    )
