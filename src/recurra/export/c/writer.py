"""What a source file is written with: constants, calls, the state, and the room to compute in."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]
Numbers: TypeAlias = np.ndarray[Any, np.dtype[Any]]

_WIDE = 100  # columns of a line of numbers
_SMALLEST = np.float32(1e-30)


class Writer:
    """The parts of a source file as they grow.

    Args:
        weights: "float32" or "int8".

    Attributes:
        constants: Definitions of weights.
        calls: Statements of a step.
        needs: Functions of the library that they call.
        state: Field -> how many numbers, of what goes from step to step.
        room: Field -> how many numbers, of what holds nothing between steps.
        values: Where the numbers are that the next operation takes.
        kept: How many residual connections are open.
    """

    def __init__(self, weights: str) -> None:
        self.is_int8 = weights == "int8"
        self.constants: list[str] = []
        self.calls: list[str] = []
        self.needs: set[str] = set()
        self.state: dict[str, int] = {}
        self.room: dict[str, int] = {}
        self.values = "values"
        self.kept = 0

    def constant(self, name: str, numbers: Numbers) -> str:
        """Define an array of float or int8_t."""
        kind = "int8_t" if numbers.dtype == np.int8 else "float"
        flat = numbers.ravel()
        texts = [str(one) for one in flat] if kind == "int8_t" else [number(one) for one in flat]
        self.constants.append(f"static const {kind} {name}[{flat.size}] = {{\n{_lines(texts)}\n}};")
        return name

    def optional(self, name: str, numbers: Numbers | None) -> str:
        """The same, or a null pointer for what is not there."""
        return "0" if numbers is None else self.constant(name, numbers)

    def call(self, function: str, *arguments: object) -> None:
        """Call a function of the library."""
        self.needs.add(function)
        self.calls.append(f"{function}({', '.join(map(str, arguments))});")

    def copy(self, to: str, start: str, size: int) -> None:
        """Copy so many numbers."""
        self.calls.append(f"memcpy({to}, {start}, {size} * sizeof(float));")

    def remember(self, name: str, size: int) -> str:
        """A field of the state."""
        self.state[name] = size
        return f"state->{name}"

    def space(self, name: str, size: int) -> str:
        """A field with room for so many numbers at least."""
        self.room[name] = max(size, self.room.get(name, 0))
        return f"state->{name}"

    def current(self, size: int) -> str:
        """Where the numbers are that an operation takes, with room for so many."""
        return self.space(self.values, size)

    def other(self, size: int) -> str:
        """Room for so many numbers beside them."""
        return self.space("next" if self.values == "values" else "values", size)

    def swap(self) -> None:
        """Take what is in the other place from now on."""
        self.values = "next" if self.values == "values" else "values"

    def product(self, name: str, weight: Array, x: str, start: str, sums: str) -> None:
        """Add a product of weights (rows, depth) with x to a start, null for zeros."""
        rows, depth = weight.shape
        if not self.is_int8:
            return self.call("product", self.constant(name, weight), rows, depth, x, start, sums)
        whole, scales = quantized(weight)
        arrays = self.constant(name, whole), self.constant(f"{name}_scales", scales)
        room = self.space("quantized", depth)
        return self.call("product_int8", *arrays, rows, depth, x, start, room, sums)


def quantized(weight: Array) -> tuple[np.ndarray[Any, np.dtype[np.int8]], Array]:
    """Weights (rows, depth) as the engine keeps them in int8, and what 1 stands for in each row."""
    most = np.abs(weight).max(axis=1, keepdims=True)
    is_zero = most < _SMALLEST
    factor = np.where(is_zero, np.float32(0), np.float32(127) / np.where(is_zero, np.float32(1), most))
    whole = np.clip(np.rint(weight * factor.astype(np.float32)), -127, 127).astype(np.int8)
    scales = np.where(is_zero, np.float32(0), most / np.float32(127)).astype(np.float32)
    return whole, scales[:, 0]


def number(value: float) -> str:
    """A float32 as C writes it, so that the same bits are read."""
    text = f"{float(value):.9g}"
    return f"{text}f" if any(sign in text for sign in ".e") else f"{text}.0f"


def _lines(texts: Sequence[str]) -> str:
    lines, line = [], ""
    for text in texts:
        if line and len(line) + len(text) + 2 > _WIDE:
            lines.append(line)
            line = ""
        line += f"{' ' if line else '  '}{text},"
    return "\n".join([*lines, line])
