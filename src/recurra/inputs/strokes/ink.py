"""Ink: the points that a pen goes through, and after which it is lifted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32, Shaped

from recurra.data.naming import counted
from recurra.errors import DataError

_FARTHEST = 1e18  # whose square is finite in single precision


@dataclass(frozen=True, eq=False)
class Ink:
    """What a pen wrote.

    Attributes:
        points: (time, 2) to the right and down, from the first point.
        lifts: (time,) whether the pen is lifted after a point; it is after the last one.
        seconds: (time,) since the first point, in whatever unit they were given; None: not known.
        pressure: (time,) of the pen; None: not known.
        turned: Whether the second axis of the points that it was made of goes up.
    """

    points: Float32[np.ndarray, "time 2"]
    lifts: Bool[np.ndarray, " time"]
    seconds: Float32[np.ndarray, " time"] | None = None
    pressure: Float32[np.ndarray, " time"] | None = None
    turned: bool = False

    def head(self, points: int) -> "Ink":
        """Its first points."""
        if points >= len(self):
            return self
        seconds, pressure = (None if one is None else one[:points] for one in (self.seconds, self.pressure))
        lifts = self.lifts[:points].copy()
        lifts[-1] = True
        return Ink(self.points[:points], lifts, seconds, pressure, self.turned)

    def strokes(self) -> list[Float32[np.ndarray, "time 2"]]:
        """The points from each time the pen comes down to its next lift."""
        return [one for one in np.split(self.points, np.flatnonzero(self.lifts) + 1) if len(one)]

    def at(self, points: Float32[np.ndarray, "time 2"]) -> "Ink":
        """The same with its points elsewhere."""
        return replace(self, points=points)

    @property
    def extent(self) -> tuple[float, float]:
        """Its width and its height."""
        width, height = np.ptp(self.points, axis=0).tolist()
        return width, height

    def __len__(self) -> int:
        """How many points."""
        return len(self.points)

    def __iter__(self) -> Iterator[Float32[np.ndarray, " 2"]]:
        return iter(self.points)

    def __getitem__(self, point: int) -> Float32[np.ndarray, " 2"]:
        found: Float32[np.ndarray, " 2"] = self.points[point]
        return found


def make_ink(
    points: Shaped[np.ndarray, "time 2"],
    lifts: Shaped[np.ndarray, " time"],
    place: str,
    *,
    upward: bool = False,
    seconds: Sequence[float] | np.ndarray | None = None,
    pressure: Sequence[float] | np.ndarray | None = None,
) -> Ink:
    """Ink of numbers as they were given.

    Args:
        points: Where the pen was.
        lifts: Whether it is lifted after a point.
        place: What to call it in messages.
        upward: Whether the second axis goes up.
        seconds: When it was there.
        pressure: How hard it pressed.

    Raises:
        DataError: There is no point, or a number is missing or infinite.
    """
    where = np.asarray(points, np.float64)
    if not len(where):
        raise DataError(f"{place}: ink without a point", "one at least", "Leave it out.")
    beside = []
    for given, name in ((seconds, "time"), (pressure, "pressure")):
        own = None if given is None else np.asarray(given, np.float64)
        if own is not None and not np.isfinite(own).all():
            raise _unplaced(place, int((~np.isfinite(own)).argmax()), name)
        beside.append(own)
    wrong = ~np.isfinite(where).all(axis=1)
    if wrong.any():
        raise _unplaced(place, int(wrong.argmax()), "place")
    with np.errstate(over="ignore"):
        moved = (where - where[0]).astype(np.float32)
    if not (np.abs(moved) < _FARTHEST).all():
        raise DataError(
            f"{place}: points too far from each other", f"less than {_FARTHEST:g}", "Scale them down."
        )
    if upward:
        moved[:, 1] *= -1
    ends = np.asarray(lifts, bool).copy()
    ends[-1] = True
    since = None if beside[0] is None else (beside[0] - beside[0][0]).astype(np.float32)
    pressed = None if beside[1] is None else beside[1].astype(np.float32)
    return Ink(moved, ends, since, pressed, upward)


def show(ink: Ink) -> str:
    """Ink in one line."""
    return f"{counted(int(ink.lifts.sum()), 'stroke')} of {counted(len(ink), 'point')}"


def _unplaced(place: str, row: int, what: str) -> DataError:
    return DataError(
        f"{place}: point {row + 1} has no finite {what}",
        "a finite number for each point",
        "Correct the point, or leave it out.",
    )
