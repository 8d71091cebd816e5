"""Inputs and outputs as callers give them: converted where that loses nothing they would miss, or refused."""

from typing import Any

import numpy as np

from recurra.errors import DataError, ShapeError
from recurra.streaming.layer import Array
from recurra.streaming.network import Network


def features(given: object, shape: tuple[int | None, ...]) -> Array:
    """A contiguous float32 array of a shape; None stands for any length.

    Raises:
        ShapeError: The shape is another, or the array does not consist of real numbers.
    """
    array = _array(given)
    if array.dtype.kind not in "fiu" or not _fits(array.shape, shape):
        raise ShapeError(
            f"an input of shape {array.shape} and type {array.dtype}",
            f"numbers of shape {_shown(shape)}",
            "Give the features of a step last.",
        )
    with np.errstate(over="ignore"):
        return np.array(array, np.float32, order="C")


def ids(given: object, shape: tuple[int | None, ...]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """A contiguous array of whole numbers of a shape; None stands for any length.

    Raises:
        ShapeError: The shape is another, or the array does not consist of whole numbers.
    """
    array = _array(given)
    if array.size == 0 and array.dtype.kind == "f" and _fits(array.shape, shape):
        return np.empty(array.shape, np.int64)  # [] is float64 to NumPy
    if array.dtype.kind not in "iu" or not _fits(array.shape, shape):
        raise ShapeError(
            f"ids of shape {array.shape} and type {array.dtype}",
            f"whole numbers of shape {_shown(shape)}",
            "Give an id for every step.",
        )
    return np.array(array, np.int64, order="C")


def inputs(network: Network, given: object, *leading: int | None) -> np.ndarray[Any, np.dtype[Any]]:
    """What a network takes for steps (*leading): features (*leading, input_size) or ids (*leading).

    Raises:
        ShapeError: It is something else.
        DataError: An id is out of range.
    """
    if network.vocabulary is None:
        return features(given, (*leading, network.input_size))
    array = ids(given, leading)
    wrong = np.flatnonzero((array < 0) | (array >= network.vocabulary))
    if wrong.size:
        raise DataError(
            f"id {array.flat[wrong[0]]} at position {wrong[0]}",
            f"ids of 0 to {network.vocabulary - 1}",
            "Give unknown things the id that the model was trained with for them.",
        )
    return array


def check_output(out: object, shape: tuple[int, ...]) -> Array:
    """An array that results can be written into.

    Raises:
        ShapeError: It is none.
    """
    if (
        isinstance(out, np.ndarray)
        and out.shape == shape
        and out.dtype == np.float32
        and out.flags.c_contiguous
        and out.flags.writeable
    ):
        return out
    got = f"shape {out.shape} and type {out.dtype}" if isinstance(out, np.ndarray) else type(out).__name__
    raise ShapeError(
        f"out of {got}",
        f"a contiguous float32 array of shape {shape} that may be written to",
        "Make it by np.empty, or leave it out.",
    )


def _array(given: object) -> np.ndarray[Any, np.dtype[Any]]:
    try:
        return np.asarray(given)
    except ValueError as error:  # rows of different lengths
        raise ShapeError(
            f"an input that is no array ({error})", "an array", "Give equally long rows."
        ) from error


def _fits(shape: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    return len(shape) == len(expected) and all(
        wanted in (None, length) for length, wanted in zip(shape, expected, strict=True)
    )


def _shown(shape: tuple[int | None, ...]) -> str:
    return f"({', '.join('any' if length is None else str(length) for length in shape)})"
