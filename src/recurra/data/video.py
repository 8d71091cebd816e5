"""Videos as they lie in files: their times from the packets, and frames one after another when asked for."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from recurra.errors import DataError, MissingDependencyError

SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ogv", ".wmv", ".flv", ".3gp")
_MOST_PIXELS = 2**26  # of a frame, since a small file may unfold to fill all memory
_SLACK = 1e-6  # of a step, by which times may be rounded

Frame = UInt8[np.ndarray, "height width channels"]


@dataclass(frozen=True)
class Video:
    """A video in a file, or the beginning of one.

    Attributes:
        path: The file.
        height, width: Of its frames, upright.
        begin: Seconds at which its first frame is shown, as the file counts.
        seconds: From there to the end of its last frame, or of what is read of it.
        frames: How many frames there are.
    """

    path: Path
    height: int
    width: int
    begin: float
    seconds: float
    frames: int

    def steps(self, rate: float) -> int:
        """How many frames there are at so many a second; one at least."""
        return max(1, _steps(self.seconds, rate))


def library() -> Any:
    """PyAV.

    Raises:
        MissingDependencyError: It is not installed, or cannot be loaded.
    """
    try:
        return importlib.import_module("av")
    except (ImportError, OSError) as error:
        raise MissingDependencyError(
            f"no av ({error})", "it, to read videos", "Install it: pip install 'recurra[vision]'."
        ) from error


def is_video(path: Path) -> bool:
    """Whether a file is called like a video."""
    return path.suffix.lower() in SUFFIXES


def open_video(path: Path) -> Video:
    """Find a video. No frame is decoded but the first: the times of all stand beside them in the file.

    Raises:
        DataError: There is no such file, it is no video, or its frames are too large.
    """
    if not path.is_file():
        raise DataError(f"{path} is not there", "a video", "Check the path; it starts at the table's folder.")
    module = library()
    try:
        with module.open(str(path)) as container:
            stream = _stream(container, path)
            begin, end, count = _times(container, stream)
        with module.open(str(path)) as container:
            first = next(container.decode(_stream(container, path)), None)
            if first is None or not count:
                raise _unreadable(path, "no frame of it can be decoded")
            turned = first.rotation % 180 != 0
            height, width = (first.width, first.height) if turned else (first.height, first.width)
    except (module.FFmpegError, OSError, ValueError, EOFError) as error:
        raise _unreadable(path, _reason(path, error)) from error
    return Video(path, height, width, begin, max(end - begin, 0.0), count)


def frames_of(video: Video, rate: float, size: tuple[int, int], *, grey: bool, steps: int) -> Iterator[Frame]:
    """Frames at so many a second: at each moment the one that is shown then, whatever its own rate is.

    No more than two frames are in memory at their own size, and only those that are shown are scaled. Where
    the last ones cannot be decoded, the one before stays.

    Args:
        video: The file.
        rate: Frames a second.
        size: Height and width that they are scaled to.
        grey: Whether they have one channel in place of three.
        steps: How many are wanted.

    Raises:
        DataError: The file is not there any more, or none of its frames can be decoded.
    """
    module, shown = library(), Shown(rate, size, grey=grey)
    try:
        with module.open(str(video.path)) as container:
            for frame in container.decode(_stream(container, video.path)):
                time = 0.0 if frame.time is None else float(frame.time) - video.begin
                yield from islice(shown.until(time), max(0, steps - shown.given))
                if shown.given == steps:
                    return
                shown.now(frame)
    except module.InvalidDataError as error:
        if not shown.begun:
            raise _unreadable(video.path, _reason(video.path, error)) from error
    except (module.FFmpegError, OSError, ValueError, EOFError) as error:
        raise _unreadable(video.path, _reason(video.path, error)) from error
    yield from _rest(shown, steps, video.path)


def frames_as_they_come(
    source: Any,
    name: str,
    rate: float,
    size: tuple[int, int],
    *,
    grey: bool,
    form: str | None = None,
    patience: float | None = None,
) -> Iterator[Frame]:
    """The frames of `frames_of` while a video comes, each when the next one of the video is there.

    Args:
        source: What PyAV opens: a path, an address, or a file whose `read` gives bytes as they come.
        name: What to call it in errors.
        rate: Frames a second that are wanted.
        size: Height and width that they are scaled to.
        grey: Whether they have one channel in place of three.
        form: FFmpeg's name of its format, where it does not tell it by itself.
        patience: Seconds without anything after which it cannot be read; None: it is waited for.

    Raises:
        DataError: It cannot be read, or none of its frames can be decoded.
    """
    module, shown = library(), Shown(rate, size, grey=grey)
    begin, last, end = 0.0, 0.0, 0.0
    try:
        with module.open(source, format=form, timeout=patience) as container:
            stream = _stream(container, name)
            for packet in container.demux(stream):
                for frame in packet.decode():
                    time = 0.0 if frame.time is None else float(frame.time)
                    begin = begin if shown.begun else time
                    yield from shown.until(time - begin)
                    shown.now(frame)
                    if time >= last:
                        last, end = time, time + _lasts(frame, stream)
    except module.InvalidDataError as error:
        if not shown.begun:
            raise _unreadable(name, _reason(name, error)) from error
    except (module.FFmpegError, OSError, ValueError, EOFError) as error:
        raise _unreadable(name, _reason(name, error)) from error
    yield from _rest(shown, max(1, _steps(end - begin, rate)), name)


def _rest(shown: "Shown", steps: int, place: Path | str) -> Iterator[Frame]:
    """What is shown until so many moments are past.

    Raises:
        DataError: There was no frame, or the last one cannot be scaled.
    """
    if not shown.begun:
        raise _unreadable(place, "no frame of it can be decoded")
    try:
        while shown.given < steps:
            yield shown.again()
    except (library().FFmpegError, ValueError) as error:
        raise _unreadable(place, _reason(place, error)) from error


def _lasts(frame: Any, stream: Any) -> float:
    """Seconds for which a frame is shown, as far as a video says it."""
    base, rate = stream.time_base or Fraction(1), stream.average_rate
    return float((frame.duration or 0) * base) or (float(1 / rate) if rate else 0.0)


def _steps(seconds: float, rate: float) -> int:
    """How many moments there are in some seconds."""
    return int(np.ceil(seconds * rate - _SLACK))


class Shown:
    """Which frame is shown at each of so many moments a second, as frames come with their times.

    Only those that are shown are scaled.

    Args:
        rate: Moments a second.
        size: Height and width that frames are scaled to.
        grey: Whether they have one channel in place of three.

    Attributes:
        given: How many moments are past.
    """

    def __init__(self, rate: float, size: tuple[int, int], *, grey: bool) -> None:
        self._rate, self._size, self._grey = rate, size, grey
        self._latest: Any = None
        self._scaled: Frame | None = None
        self.given = 0

    @property
    def begun(self) -> bool:
        """Whether a frame is shown."""
        return self._latest is not None

    def until(self, time: float) -> Iterator[Frame]:
        """What is shown at the moments before a time, of which there are none before the first frame."""
        while self.begun and self.given / self._rate < time - _SLACK:
            yield self.again()

    def again(self) -> Frame:
        """What is shown at the next moment: what is shown now."""
        if self._scaled is None:
            self._scaled = _scaled(self._latest, self._size, grey=self._grey)
        self.given += 1
        return self._scaled

    def now(self, frame: Any) -> None:
        """From its time on a frame is shown, one of PyAV's."""
        self._latest, self._scaled = frame, None


def frame_of_file(path: Path, size: tuple[int, int], *, grey: bool) -> Frame:
    """A picture in a file as a frame of some size.

    Raises:
        DataError: There is none, or it cannot be read.
    """
    video = open_video(path)
    return next(frames_of(video, 1.0, size, grey=grey, steps=1))


def frame_of_numbers(
    pixels: UInt8[np.ndarray, "_height _width _channels"], size: tuple[int, int], *, grey: bool
) -> Frame:
    """Pixels as a frame of some size and channels; themselves where they have these."""
    if pixels.shape == (*size, 1 if grey else 3):
        return pixels
    kind = "gray" if pixels.shape[2] == 1 else "rgb24"
    values = np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    return _scaled(library().VideoFrame.from_ndarray(values, format=kind), size, grey=grey)


def _stream(container: Any, place: Path | str) -> Any:
    """The first stream of pictures that move.

    Raises:
        DataError: There is none, or its frames are too large.
    """
    streams = container.streams.video
    if not streams:
        raise DataError(
            f"{place} holds no stream of video", "a video", "Check the file; input=audio reads sound."
        )
    stream = streams[0]
    stream.thread_type = "NONE"
    if stream.width * stream.height > _MOST_PIXELS:
        raise DataError(
            f"{place} with frames of {stream.width:,} x {stream.height:,} pixels",
            f"at most {_MOST_PIXELS:,}, since a small file may unfold to fill all memory",
            "Scale it down, or leave it out.",
        )
    return stream


def _times(container: Any, stream: Any) -> tuple[float, float, int]:
    """When the first frame begins and the last one ends, in seconds, and how many there are."""
    first: int | None = None
    last, longest, count = 0, 0, 0
    for packet in container.demux(stream):
        if packet.pts is None:
            continue
        count += 1
        first = packet.pts if first is None else min(first, packet.pts)
        if packet.pts >= last:
            last, longest = packet.pts, packet.duration or 0
    base = stream.time_base or Fraction(1)
    rate = stream.average_rate
    own = float(longest * base) or (float(1 / rate) if rate else 0.0)
    begin = float((first or 0) * base)
    return begin, float(last * base) + own, count


def _scaled(frame: Any, size: tuple[int, int], *, grey: bool) -> Frame:
    """A frame's pixels at a size, upright."""
    turns = frame.rotation // 90 % 4
    height, width = size[::-1] if turns % 2 else size
    kind = "gray" if grey else "rgb24"
    pixels = frame.reformat(width=width, height=height, format=kind, interpolation="AREA").to_ndarray()
    pixels = pixels[..., None] if grey else pixels
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def _reason(place: Path | str, error: Exception) -> str:
    if isinstance(place, Path) and place.is_file() and not place.stat().st_size:
        return "it is empty"
    return str(error).partition("; last error log")[0].replace(f"{str(place)!r}", "it").rstrip(".")


def _unreadable(place: Path | str, reason: str) -> DataError:
    return DataError(
        f"{place} cannot be read as a video ({reason})",
        "MP4, MKV, WebM, AVI or the like",
        "Convert it, or leave it out.",
    )
