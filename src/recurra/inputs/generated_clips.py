"""Clips that were made up, and what happens in them: a small world for nets that watch videos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float64, UInt8

from recurra.data.video import library
from recurra.inputs.generated_shapes import COLOURS, inside

SIDE = 64  # pixels of a frame
_SHAPES = ("circle", "square", "triangle")
_WAYS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}
)
_SPEEDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"slowly": (9.0, 12.0), "quickly": (20.0, 25.0)}
)
"""Pixels a second."""
_EVENTS: Mapping[str, str] = MappingProxyType(
    {"goes on": "", "stops": " and stops", "turns back": " and turns back"}
)
_SECONDS = (1.6, 2.0)
_RATES = (12, 15, 20, 25, 30)  # frames a second
_SIZE = 7.0  # pixels from the middle of a shape to its edge
_TICKS = 90_000  # a second, in which files count time


@dataclass(frozen=True)
class Clip:
    """What happens in a clip.

    Attributes:
        shape, colour, way, speed, event: In words.
        times: (frames,) seconds at which frames are shown; not always at equal distances.
        places: (frames, 2) where the middle of the shape is, (down, right) in pixels.
    """

    shape: str
    colour: str
    way: str
    speed: str
    event: str
    times: Float64[np.ndarray, " frames"]
    places: Float64[np.ndarray, "frames 2"]

    @property
    def sentence(self) -> str:
        """All of it."""
        event = _EVENTS[self.event]
        return f"a {self.colour} {self.shape} moves {self.way} {self.speed}{event}"

    @property
    def label(self) -> str:
        """Where it goes, and what then happens."""
        return f"{self.way}, {self.event}"


def write_clips(folder: Path, count: int, seed: int = 0) -> Path:
    """Write clips as MP4 files into a folder, and a table of them.

    Args:
        folder: Where to; it is made.
        count: How many.
        seed: What they are drawn with.

    Returns:
        The table: `path`, `label`, `caption`.

    Raises:
        MissingDependencyError: PyAV is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        clip = _drawn(random)
        name = f"clip_{number:05d}.mp4"
        write_video(folder / name, _frames(clip, random), clip.times)
        rows.append({"path": name, "label": clip.label, "caption": clip.sentence})
    table = folder / "clips.csv"
    pl.DataFrame(rows).write_csv(table)
    return table


def write_video(
    path: Path, frames: Sequence[UInt8[np.ndarray, "height width 3"]], times: Sequence[float] | np.ndarray
) -> None:
    """Write frames, each with the seconds at which it is shown, as an MP4 file of H.264."""
    module = library()
    with module.open(str(path), "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=30)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "20", "preset": "ultrafast"}
        stream.codec_context.time_base = Fraction(1, _TICKS)
        stream.codec_context.thread_count = 1
        for pixels, time in zip(frames, times, strict=True):
            frame = module.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = round(time * _TICKS), Fraction(1, _TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _drawn(random: np.random.Generator) -> Clip:
    """A shape that goes one way, slowly or quickly, and then on, not at all, or back."""
    shape, colour = str(random.choice(_SHAPES)), str(random.choice(list(COLOURS)))
    way, speed = str(random.choice(list(_WAYS))), str(random.choice(list(_SPEEDS)))
    event = str(random.choice(list(_EVENTS)))
    seconds, rate = random.uniform(*_SECONDS), float(random.choice(_RATES))
    times = np.arange(0, seconds, 1 / rate)
    if random.random() < 0.5:  # of a camera that does not keep time
        times[1:] += random.uniform(-0.4, 0.4, len(times) - 1) / rate
    pace, turn = random.uniform(*_SPEEDS[speed]), seconds * random.uniform(0.4, 0.6)
    after = {"goes on": 1.0, "stops": 0.0, "turns back": -1.0}[event]
    gone = pace * (np.minimum(times, turn) + after * np.maximum(times - turn, 0))
    path = gone[:, None] * np.array(_WAYS[way])
    low, high = _SIZE + 1 - path.min(axis=0), SIDE - _SIZE - 1 - path.max(axis=0)
    return Clip(shape, colour, way, speed, event, times, path + random.uniform(low, high))


def _frames(clip: Clip, random: np.random.Generator) -> list[UInt8[np.ndarray, "height width 3"]]:
    down, right = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    ground = random.uniform(215, 250, 3)
    colour = np.array(COLOURS[clip.colour]) + random.uniform(-25, 25, 3)
    found = []
    for place in clip.places:
        picture = np.empty((SIDE, SIDE, 3))
        picture[:] = ground
        picture[inside(clip.shape, down - place[0], right - place[1], _SIZE)] = colour
        noisy = picture + random.normal(0, 4, picture.shape)
        found.append(np.clip(noisy, 0, 255).round().astype(np.uint8))
    return found
