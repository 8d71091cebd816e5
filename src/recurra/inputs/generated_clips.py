"""Clips that were made up, and what happens in them: a small world for nets that watch videos."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Bool, Float64, UInt8

from recurra.data.image import library as image_library
from recurra.data.video import library
from recurra.inputs.generated_shapes import COLOURS, Points, inside

SIDE = 64  # pixels of a frame
_SHAPES = ("circle", "square", "triangle")
THINGS = (*_SHAPES, *"0123456789")
"""What moves."""
_WAYS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}
)
_SPEEDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"slowly": (8.0, 11.0), "quickly": (20.0, 25.0)}
)
"""Pixels a second."""
_EVENTS: Mapping[str, str] = MappingProxyType(
    {"goes on": "", "stops": " and stops", "turns back": " and turns back"}
)
_SECONDS = (1.5, 1.8)
_RATES = (12, 15, 20, 25, 30)  # frames a second
_SIZE = 8.0  # pixels from the middle of a thing to its edge
_FINE = 64  # points of a drawn digit for such a size
_TICKS = 90_000  # a second, in which files count time


@dataclass(frozen=True)
class Clip:
    """What happens in a clip.

    Attributes:
        thing, colour, way, speed, event: In words; a thing is a shape or a digit.
        times: (frames,) seconds at which frames are shown; not always at equal distances.
        places: (frames, 2) where the middle of the thing is, (down, right) in pixels.
    """

    thing: str
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
        return f"a {self.colour} {self.thing} moves {self.way} {self.speed}{event}"

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
        MissingDependencyError: PyAV or Pillow is not installed.
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
    """A thing that goes one way, slowly or quickly, and then on, not at all, or back."""
    thing, colour = str(random.choice(THINGS)), str(random.choice(list(COLOURS)))
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
    return Clip(thing, colour, way, speed, event, times, path + random.uniform(low, high))


def _frames(clip: Clip, random: np.random.Generator) -> list[UInt8[np.ndarray, "height width 3"]]:
    down, right = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    ground = random.uniform(215, 250, 3)
    colour = np.array(COLOURS[clip.colour]) + random.uniform(-25, 25, 3)
    found = []
    for place in clip.places:
        picture = np.empty((SIDE, SIDE, 3))
        picture[:] = ground
        picture[_covered(clip.thing, down - place[0], right - place[1])] = colour
        noisy = picture + random.normal(0, 4, picture.shape)
        found.append(np.clip(noisy, 0, 255).round().astype(np.uint8))
    return found


def _covered(thing: str, down: Points, right: Points) -> Bool[np.ndarray, "height width"]:
    """Which points, seen from the middle of a thing, lie in it."""
    if thing in _SHAPES:
        return inside(thing, down, right, _SIZE)
    glyph = _glyph(thing)
    places = [np.floor((1 + one / _SIZE) * _FINE).astype(int) for one in (down, right)]
    near = np.logical_and.reduce([(one >= 0) & (one < 2 * _FINE) for one in places])
    row, column = (one.clip(0, 2 * _FINE - 1) for one in places)
    return np.asarray(glyph[row, column] & near)


@cache
def _glyph(digit: str) -> Bool[np.ndarray, "side side"]:
    """A digit in bold type, as high as the square that it stands in."""
    image = image_library().new("L", (4 * _FINE, 4 * _FINE))
    draw, font = (importlib.import_module(f"PIL.{name}") for name in ("ImageDraw", "ImageFont"))
    own = font.load_default(2 * _FINE)  # comes with Pillow
    draw.Draw(image).text((_FINE, _FINE), digit, fill=255, font=own, stroke_width=_FINE // 12)
    drawn = np.asarray(image.crop(image.getbbox()).resize((round(1.6 * _FINE), 2 * _FINE))) > 127
    side = (2 * _FINE - drawn.shape[1]) // 2
    return np.pad(drawn, ((0, 0), (side, 2 * _FINE - drawn.shape[1] - side)))
