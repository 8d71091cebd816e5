"""Points of a live pen as scaled steps, without torch."""

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.errors import ArtifactError, ConfigError, DataError
from recurra.inputs.live import LiveInput
from recurra.inputs.strokes.codec import Carried, StrokesCodec
from recurra.inputs.strokes.ink import Ink
from recurra.inputs.strokes.nested import Form, Points, points_of, points_with_pen

_KEPT = struct.Struct(
    "<dddffd?"
)  # where ink began and since when; where it is, since when, and lifted or not
STROKES = "strokes"


class LiveStrokes(LiveInput):
    """The points of a pen one by one, several at once, or whole ink.

    Args:
        codec: Ink to scaled steps.

    Raises:
        ConfigError: Steps depend on points that come later.
    """

    keeps = True

    def __init__(self, codec: StrokesCodec) -> None:
        late = [
            ("size=ink", "its own height is known at its end", not codec.height),
            ("spacing", "points are taken anew along whole strokes", bool(codec.spacing)),
            ("pen=touch", "whether it was lifted is known at the next point", codec.pen == "touch"),
        ]
        for setting, reason, holds in late:
            if holds:
                raise ConfigError(
                    f"ink read with {setting}, of which {reason}",
                    "points that are read as they come",
                    "Train with size=data spacing=0, and a pen that says where it is lifted.",
                )
        self.codec = codec
        self._form = Form(axes=codec.axes, upward=codec.upward)
        beside = ("time",) * codec.timing + ("pressure",) * codec.pressure
        self.columns = ("x", "y", "pen", *beside)

    @classmethod
    def from_dict(cls, metadata: Mapping[str, Any]) -> "LiveStrokes":
        """Make it from what `StrokesEncoding.to_dict` gave.

        Raises:
            DamagedError: A part is missing.
            ConfigError: Steps depend on points that come later.
        """
        return cls(StrokesCodec.from_dict(metadata))

    def steps(self, row: Mapping[str, Any]) -> list[Float32[np.ndarray, " features"]]:
        """The steps with which ink begins.

        `x`, `y`, `pen`, and `time` and `pressure` where the net reads them, are numbers, or lists of them; or
        `strokes` holds whole ink, as nested lists.

        Raises:
            DataError: They are none of these.
        """
        return self.follow(row, b"")[0]

    def follow(
        self, row: Mapping[str, Any], before: bytes
    ) -> tuple[list[Float32[np.ndarray, " features"]], bytes]:
        """See `LiveInput.follow`.

        Raises:
            ArtifactError: What is kept is damaged.
            DataError: As `steps`.
        """
        try:
            kept = _KEPT.unpack(before) if before else None
        except struct.error as error:
            raise ArtifactError("ink that is damaged", "ink as it was left", "Begin anew.") from error
        given = self._given(row)
        ink = given.ink("a row", self._form)
        place = given.where[0] * (1, -1 if self._form.upward else 1)
        when = 0.0 if given.seconds is None else float(given.seconds[0])
        begins = (*place, when) if kept is None else kept[:3]
        carried = None if kept is None else Carried(np.array(kept[3:5], np.float32), kept[5], kept[6])
        offset = place - np.array(begins[:2])
        seconds = None if ink.seconds is None else ink.seconds + np.float32(when - begins[2])
        lifts = ink.lifts.copy()
        lifts[-1] = given.lifts[-1]
        moved = Ink((ink.points + offset).astype(np.float32), lifts, seconds, ink.pressure)
        steps, carried = self.codec.follow(moved, carried)
        return list(steps), _KEPT.pack(*begins, *carried.last.tolist(), carried.seconds, carried.lifted)

    def _given(self, row: Mapping[str, Any]) -> Points:
        """The points of a row."""
        if STROKES in row:
            return points_of(row[STROKES], "a row", self._form)
        values = [row.get(name) for name in self.columns]
        lists = [one if isinstance(one, list | tuple) else [one] for one in values]
        if len({len(one) for one in lists}) > 1:
            raise DataError("lists of different lengths", "a number for each point", "Correct the row.")
        try:
            points = np.array(lists, np.float64).T
        except (OverflowError, TypeError, ValueError) as error:
            raise DataError(
                "a point that is no numbers", f"{', '.join(self.columns)}", "Correct the row."
            ) from error
        if points.ndim == 2 and np.isnan(points[:, 2]).any():
            raise DataError("a point without a pen", "pen, 0 or 1", "Give it.")
        given = points_with_pen(points, "a row", Form())
        if self.codec.pressure and not self.codec.timing:  # the fourth number is the pressure
            return given._replace(seconds=None, pressure=given.seconds)
        return given
