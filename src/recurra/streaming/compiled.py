"""The engine's side of a stream program: weights packed once, and the classes that step."""

import operator
from typing import Any

import numpy as np

from recurra.errors import ConfigError, MissingDependencyError
from recurra.native import engine, unavailable_reason
from recurra.streaming.layer import Operation

WEIGHTS = ("float32", "bfloat16", "int8")
"""How weights are kept; sums are float32 or, of int8, exact whole numbers."""

DONE, WRONG_ARRAY, IN_USE, OUT_OF_RANGE = range(4)
"""What a call of the engine says."""


def stream_engine() -> Any:
    """The compiled engine.

    Raises:
        MissingDependencyError: The package was built without one.
    """
    reason = unavailable_reason()
    if reason is not None:
        raise MissingDependencyError(
            f"streaming without the compiled engine: {reason}",
            "a package with it",
            "Install a C++20 compiler, GCC or Clang, and install recurra again.",
        )
    return engine()


def compile_program(operations: list[Operation], weights: str) -> Any:
    """Pack the weights of a program's operations for this processor.

    Raises:
        ConfigError: There are no weights of this type.
        MissingDependencyError: The package was built without the engine.
    """
    if weights not in WEIGHTS:
        raise ConfigError(
            f"weights={weights!r}", f"one of {', '.join(WEIGHTS)}", "Choose one of these names."
        )
    contiguous = [
        {
            name: np.ascontiguousarray(value) if isinstance(value, np.ndarray) else value
            for name, value in one.items()
        }
        for one in operations
    ]
    fields = [
        {name: address(value) if isinstance(value, np.ndarray) else value for name, value in one.items()}
        for one in contiguous
    ]
    return stream_engine().StreamProgram(fields, weights)


def address(array: np.ndarray[Any, np.dtype[Any]]) -> int:
    """Where an array's numbers begin."""
    return int(array.ctypes.data)


def whole_number(value: object) -> int | None:
    """The whole number that something is; None if it is none."""
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None
