"""Ink as scaled steps; nothing here needs torch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float32

from recurra.errors import DataError
from recurra.inputs.revival import reviving
from recurra.inputs.scales import scales_of
from recurra.inputs.strokes.ink import Ink

_LEAST = 1e-3  # of what varies by less nothing is scaled up
_WIDEST = 8.0  # heights that a line is taken to be wide at most: of a dash the height says nothing
_FLAGS = 2
_BLOCK = 1000  # inks whose scales are taken at once
GOES_ON, LIFTS, ENDS = 0, 1, 2
"""What a pen does after a point: it stays on the paper, it is lifted, or it is laid aside."""


class Carried(NamedTuple):
    """What is kept of the points before: where the pen is, since when, and whether it was lifted there."""

    last: Float32[np.ndarray, " 2"]
    seconds: float
    lifted: bool


@dataclass(frozen=True)
class StrokesCodec:
    """How ink becomes steps: where the pen is, how it moved, whether it came down and whether it is lifted.

    Attributes:
        height: What all ink is seen in; 0: each in its own height.
        spacing: Heights between points that are taken anew; 0 leaves them.
        position: As in `StrokesConfig`.
        timing, pressure: Whether steps hold them.
        pen: As in `StrokesConfig`: live points need "lift".
        upward: Whether the second axis of live points goes up.
        axes: Whether live strokes are lists of axes.
        max_length: Most points that are read.
        unit: Heights that a move of 1 is long: the deviation of moves along an axis.
        mean, deviation: (features,) what numbers are scaled by.
    """

    height: float
    spacing: float
    position: Literal["both", "height", "none"]
    timing: bool
    pressure: bool
    pen: Literal["lift", "touch"]
    max_length: int
    upward: bool = False
    axes: bool = False
    unit: float = 1.0
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()

    def learn_scales(self, inks: Sequence[Ink], *, standardize: bool) -> "StrokesCodec":
        """The same with the unit of moves, and with mean and deviation of its numbers in some inks."""
        squares, count = 0.0, 0

        def blocks() -> Iterator[np.ndarray]:
            nonlocal squares, count
            for begin in range(0, len(inks), _BLOCK):
                block = [self.seen(one) for one in inks[begin : begin + _BLOCK]]
                moves = np.concatenate([np.diff(one.points, axis=0) for one in block])
                squares, count = squares + float(np.square(moves, dtype=np.float64).sum()), count + moves.size
                yield np.concatenate([self._numbers(one, None)[0] for one in block])

        scales = scales_of(blocks(), _LEAST, plain=_FLAGS)
        unit = float(np.sqrt(squares / count)) if count and squares else 1.0
        return replace(self, unit=unit, **(scales._asdict() if standardize else {}))

    @property
    def names(self) -> list[str]:
        """What each number of a step is called."""
        place = {"both": ["x", "y"], "height": ["y"], "none": []}[self.position]
        beside = ["seconds"] * self.timing + ["pressure"] * self.pressure
        return [*place, "moves x", "moves y", *beside, "comes down", "is lifted"]

    def size(self, ink: Ink) -> float:
        """The height that ink is seen in; of what is flat it is a share of the width, of a dot 1."""
        if self.height:
            return self.height
        width, height = ink.extent
        return max(height, width / _WIDEST) or 1.0

    def seen(self, ink: Ink) -> Ink:
        """Ink in heights, with its points at equal distances if it is to have such."""
        head = ink.head(self.max_length)
        scaled = head.at(_in_heights(head.points, self.size(head)))
        return spaced(scaled, self.spacing, self.max_length) if self.spacing else scaled

    def encode(self, ink: Ink) -> Float32[np.ndarray, "time features"]:
        """Whole ink as scaled steps.

        Raises:
            DataError: It lacks time or pressure, which steps hold.
        """
        return self._scaled(self._numbers(self.seen(ink), None)[0])

    def follow(
        self, ink: Ink, before: Carried | None
    ) -> tuple[Float32[np.ndarray, "time features"], Carried]:
        """The steps of points that come after others, and what to keep.

        Args:
            ink: The points, from the first one of all.
            before: What an earlier call kept; None: ink begins.

        Raises:
            DataError: As `encode`.
        """
        numbers, carried = self._numbers(ink.at(_in_heights(ink.points, self.height)), before)
        return self._scaled(numbers), carried

    def moves(self, ink: Ink) -> Float32[np.ndarray, "time 3"]:
        """From point to point, in units: (dx, dy, what the pen does after it); the first has come nowhere."""
        seen = self.seen(ink)
        apart = np.diff(seen.points, axis=0, prepend=seen.points[:1]) / np.float32(self.unit)
        pen = np.where(seen.lifts, LIFTS, GOES_ON)
        pen[-1] = ENDS
        return np.concatenate([apart, pen[:, None]], axis=1).astype(np.float32)

    def _scaled(self, numbers: np.ndarray) -> Float32[np.ndarray, "time features"]:
        if self.mean:
            numbers = (numbers - np.array(self.mean, np.float32)) / np.array(self.deviation, np.float32)
        return numbers.astype(np.float32)

    def _numbers(self, ink: Ink, before: Carried | None) -> tuple[np.ndarray, Carried]:
        points = ink.points
        if not self.height:
            points = points - (points.max(axis=0) + points.min(axis=0)) / 2
        last = points[:1] if before is None else before.last[None]
        down = np.append(True if before is None else before.lifted, ink.lifts[:-1])
        place = {"both": points, "height": points[:, 1:], "none": points[:, :0]}[self.position]
        parts = [place, np.diff(points, axis=0, prepend=last)]
        seconds = _beside(ink.seconds, "time", wanted=self.timing)
        if self.timing:
            parts.append(np.diff(seconds, prepend=seconds[0] if before is None else before.seconds)[:, None])
        if self.pressure:
            parts.append(_beside(ink.pressure, "pressure", wanted=True)[:, None])
        numbers = np.concatenate([*parts, down[:, None], ink.lifts[:, None]], axis=1)
        return numbers.astype(np.float32), Carried(points[-1], float(seconds[-1]), bool(ink.lifts[-1]))

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        return {**asdict(self), "mean": list(self.mean), "deviation": list(self.deviation)}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "StrokesCodec":
        """The codec that `to_dict` described.

        Raises:
            DamagedError: A part is missing.
        """
        with reviving("ink"):
            own = {one.name: description[one.name] for one in fields(cls)}
            scales = {name: tuple(map(float, own[name])) for name in ("mean", "deviation")}
            return cls(**{**own, **scales})


def _beside(values: np.ndarray | None, name: str, *, wanted: bool) -> np.ndarray:
    if values is None and wanted:
        setting = "timing" if name == "time" else name
        raise DataError(
            f"ink without {name}", f"{name} for each point", f"Add it, or train with {setting}=no."
        )
    return np.zeros(1, np.float32) if values is None else values


def _in_heights(points: np.ndarray, height: float) -> Float32[np.ndarray, "time 2"]:
    with np.errstate(over="ignore"):
        found = points / np.float32(height)
    if not np.isfinite(found).all():
        raise DataError(
            f"ink that is {np.abs(points).max():g} wide in data of a height of {height:g}",
            "ink of about the same size",
            "Leave it out, or train with size=ink.",
        )
    return found


def spaced(ink: Ink, distance: float, most: int) -> Ink:
    """Points anew along each stroke, at equal distances that are as near as can be to the one that is given.

    The ends of strokes stay; a stroke of no length is a point. Where there were more than `most` points to a
    line of such a length, they lie farther apart.
    """
    found, lifts = [], []
    columns = [one for one in (ink.seconds, ink.pressure) if one is not None]
    wide = np.column_stack([ink.points, *columns]) if columns else ink.points
    strokes = np.split(wide, np.flatnonzero(ink.lifts)[:-1] + 1)
    steps = [np.hypot(*np.diff(one[:, :2].astype(np.float64), axis=0).T) for one in strokes]
    distance = max(distance, sum(float(one.sum()) for one in steps) / most)
    for stroke, apart in zip(strokes, steps, strict=True):
        along = np.append(0, np.cumsum(apart))
        count = max(1, round(float(along[-1]) / distance)) if along[-1] > 0 else 0
        places = np.linspace(0, along[-1], count + 1)
        found.append(np.stack([np.interp(places, along, axis) for axis in stroke.T], axis=1))
        lifts.append(np.arange(count + 1) == count)
    points = np.concatenate(found).astype(np.float32)
    rest = iter(points.T[2:])
    seconds, pressure = (None if one is None else next(rest) for one in (ink.seconds, ink.pressure))
    return Ink(points[:, :2], np.concatenate(lifts), seconds, pressure)
