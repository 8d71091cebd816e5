"""Ink as nested lists: strokes of points, strokes of axes, or points with a pen; nothing here needs torch."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float64

from recurra.errors import DataError
from recurra.inputs.strokes.ink import Ink, make_ink

_MOST = 4  # numbers of a point: x, y, time, pressure
_PEN = 2  # where it stands in a point that has one


class Form(NamedTuple):
    """How ink is written.

    Attributes:
        axes: Whether a stroke is a list of each axis, and none of points.
        pen: As in `StrokesConfig`.
        upward: Whether the second axis goes up.
    """

    axes: bool = False
    pen: Literal["lift", "touch"] = "lift"
    upward: bool = False


def has_axes(given: Any) -> bool:
    """Whether the strokes of an ink are lists of axes: some have more numbers in a list than a point has."""
    try:
        return any(
            2 <= len(stroke) <= _MOST and len({len(one) for one in stroke}) == 1 and len(stroke[0]) > _MOST
            for stroke in given
        )
    except TypeError:
        return False


def ink_of(given: Any, place: str, form: Form) -> Ink:
    """Ink of nested lists.

    Args:
        given: [stroke][point][x, y, time, pressure], of which the last two may be missing; the same with
            axes in place of points; or [point][x, y, pen, time, pressure], with the pen as `form` says.
        place: What to call it in messages.
        form: How it is written.

    Raises:
        DataError: It is none of these, or has no point.
    """
    if isinstance(given, np.ndarray):
        given = given.tolist()
    if not isinstance(given, list | tuple):
        raise _no_ink(place, f"a {type(given).__name__}")
    rows = [one for one in given if not isinstance(one, list | tuple) or len(one)]
    if not rows:
        raise DataError(f"{place}: ink without a point", "one at least", "Leave it out.")
    if not all(isinstance(one, list | tuple) for one in rows):
        raise _no_ink(place, "a list of numbers")
    if isinstance(rows[0][0], list | tuple):
        return _of_strokes(rows, place, form)
    return ink_of_points(_numbers(rows, place), place, form)


def ink_of_points(points: np.ndarray, place: str, form: Form) -> Ink:
    """Ink of points (time, x, y, pen, and maybe time and pressure); errors as of `ink_of`."""
    if points.ndim != 2 or points.shape[1] < _PEN + 1 or points.shape[1] > _MOST + 1:
        raise DataError(
            f"{place}: points of {points.shape[-1]} numbers",
            "x, y and pen, which says where strokes end; maybe time and pressure",
            "Add the pen, or nest the points by strokes: [stroke][point][x, y].",
        )
    pen = points[:, _PEN]
    if not np.isin(pen, (0, 1)).all():
        value = pen[~np.isin(pen, (0, 1))][0]
        raise DataError(
            f"{place}: a pen of {value:g}", "0 or 1 as the third number of a point", "Correct it."
        )
    beside = [points[:, at] if points.shape[1] > at else None for at in (3, 4)]
    if form.pen == "lift":
        return make_ink(points[:, :2], pen, place, upward=form.upward, seconds=beside[0], pressure=beside[1])
    touches = pen == 1
    lifts = touches & ~np.append(touches[1:], False)
    own = [None if one is None else one[touches] for one in beside]
    return make_ink(
        points[touches, :2], lifts[touches], place, upward=form.upward, seconds=own[0], pressure=own[1]
    )


def _of_strokes(rows: Sequence[Any], place: str, form: Form) -> Ink:
    strokes = [_numbers(one, place) for one in rows]
    if form.axes:
        strokes = [one.T for one in strokes]
    sizes = {one.shape[1] for one in strokes if one.ndim == 2}
    if any(one.ndim != 2 for one in strokes) or len(sizes) > 1 or not sizes <= {2, 3, _MOST}:
        raise _no_ink(place, "points of " + " and ".join(map(str, sorted(sizes))) + " numbers")
    points = np.concatenate(strokes)
    lifts = np.zeros(len(points), bool)
    lifts[np.cumsum([len(one) for one in strokes]) - 1] = True
    beside = [points[:, at] if points.shape[1] > at else None for at in (2, 3)]
    return make_ink(points[:, :2], lifts, place, upward=form.upward, seconds=beside[0], pressure=beside[1])


def _numbers(rows: Any, place: str) -> Float64[np.ndarray, "rows numbers"]:
    try:
        values = np.array(rows, np.float64)
    except (OverflowError, TypeError, ValueError) as error:
        raise _no_ink(place, "lists of different lengths, or no numbers") from error
    if values.ndim != 2:
        raise _no_ink(place, "lists that are nested otherwise")
    return values


def _no_ink(place: str, got: str) -> DataError:
    return DataError(
        f"{place}: no ink, but {got}",
        "[stroke][point][x, y], or [point][x, y, pen]",
        "Correct it.",
    )
