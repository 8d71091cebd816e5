"""Ink as nested lists: strokes of points, strokes of axes, or points with a pen; nothing here needs torch."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float64

from recurra.errors import DataError
from recurra.inputs.strokes.ink import Ink, make_ink

_MOST = 4  # numbers of a point: x, y, time, pressure
_PEN = 2  # where it stands in a point that has one


class Points(NamedTuple):
    """Numbers as they were given.

    Attributes:
        where: (time, 2).
        lifts: (time,) whether the pen is lifted afterwards.
        seconds, pressure: (time,) or None.
    """

    where: np.ndarray
    lifts: np.ndarray
    seconds: np.ndarray | None
    pressure: np.ndarray | None

    def ink(self, place: str, form: "Form") -> Ink:
        """Ink of them; errors as of `make_ink`."""
        return make_ink(
            self.where, self.lifts, place, upward=form.upward, seconds=self.seconds, pressure=self.pressure
        )


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
    strokes = [one for one in given if _is_list(one)] if _is_list(given) else []
    return any(
        2 <= len(stroke) <= _MOST
        and all(map(_is_list, stroke))
        and len({len(one) for one in stroke}) == 1
        and len(stroke[0]) > _MOST
        for stroke in strokes
    )


def _is_list(given: Any) -> bool:
    return isinstance(given, list | tuple)


def ink_of(given: Any, place: str, form: Form) -> Ink:
    """Ink of nested lists; see `points_of`."""
    return points_of(given, place, form).ink(place, form)


def points_of(given: Any, place: str, form: Form) -> Points:
    """The points of nested lists.

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
    if not _is_list(given):
        raise _no_ink(place, f"a {type(given).__name__}")
    rows = [one for one in given if not _is_list(one) or len(one)]
    if not rows:
        raise DataError(f"{place}: ink without a point", "one at least", "Leave it out.")
    if not all(map(_is_list, rows)):
        raise _no_ink(place, "a list of numbers")
    if _is_list(rows[0][0]):
        return _of_strokes(rows, place, form)
    return points_with_pen(_numbers(rows, place), place, form)


def points_with_pen(points: np.ndarray, place: str, form: Form) -> Points:
    """Points (time, x, y, pen, and maybe time and pressure); errors as of `points_of`."""
    if points.ndim != 2:
        raise _no_ink(place, f"numbers of shape {points.shape}")
    if points.shape[1] < _PEN + 1 or points.shape[1] > _MOST + 1:
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
        return Points(points[:, :2], pen == 1, *beside)
    touches = pen == 1
    lifts = touches & ~np.append(touches[1:], False)
    own = [None if one is None else one[touches] for one in beside]
    return Points(points[touches, :2], lifts[touches], *own)


def _of_strokes(rows: Sequence[Any], place: str, form: Form) -> Points:
    strokes = [_numbers(one, place) for one in rows]
    if form.axes:
        strokes = [one.T for one in strokes]
    sizes = {one.shape[1] for one in strokes}
    if len(sizes) > 1 or not sizes <= {2, 3, _MOST}:
        raise _no_ink(place, "points of " + " and ".join(map(str, sorted(sizes))) + " numbers")
    strokes = [one for one in strokes if len(one)]
    points = np.concatenate([np.zeros((0, *sizes)), *strokes])
    lifts = np.zeros(len(points), bool)
    lifts[np.cumsum([len(one) for one in strokes], dtype=np.int64) - 1] = True
    beside = [points[:, at] if points.shape[1] > at else None for at in (2, 3)]
    return Points(points[:, :2], lifts, *beside)


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
