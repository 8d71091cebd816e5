"""Recordings as they lie in files: where a piece of one is, and its samples, read when they are needed."""

import importlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import polars as pl
from jaxtyping import Float32

from recurra.errors import DataError, MissingDependencyError

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".au", ".w64", ".caf")
_SUBTYPES = {"WAV": "PCM_16", "FLAC": "PCM_16", "OGG": "VORBIS"}
_BLOCK = 2**18  # frames that are read at once, so that six channels of two hours are mixed piece by piece


def library(name: str) -> Any:
    """A module of the audio libraries.

    Raises:
        MissingDependencyError: It is not installed, or cannot be loaded.
    """
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:
        raise MissingDependencyError(
            f"no {name} ({error})", "it, to read sound", "Install it: pip install 'recurra[audio]'."
        ) from error


@runtime_checkable
class Clip(Protocol):
    """Sound whose samples are there when they are asked for."""

    @property
    def rate(self) -> int:
        """Samples a second."""

    @property
    def count(self) -> int:
        """How many samples there are."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""

    def samples(self) -> Float32[np.ndarray, " samples"]:
        """The samples, between -1 and 1."""


@dataclass(frozen=True)
class Sound:
    """A recording, or a piece of one.

    Attributes:
        path: The file.
        rate: Its samples a second.
        first: Number of the first sample.
        count: How many samples there are.
    """

    path: Path
    rate: int
    first: int
    count: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.count / self.rate

    def samples(self) -> Float32[np.ndarray, " samples"]:
        """The samples between -1 and 1, the mean of all channels.

        Raises:
            DataError: The file is not there any more, is damaged, or holds what is no number.
        """
        soundfile = library("soundfile")
        parts = []
        try:
            with soundfile.SoundFile(self.path) as file:
                file.seek(self.first)
                left = self.count
                while left > 0:
                    block = file.read(min(left, _BLOCK), dtype="float32", always_2d=True)
                    if not len(block):
                        break
                    parts.append(block.mean(axis=1, dtype=np.float32))
                    left -= len(block)
        except (OSError, soundfile.SoundFileError) as error:
            raise _unreadable(self.path, error) from error
        found = np.concatenate(parts) if parts else np.zeros(0, np.float32)
        return checked(found, str(self.path))


@dataclass(frozen=True)
class Samples:
    """Sound that is in memory: what training made of a recording, or what a caller gave.

    Attributes:
        values: The samples.
        rate: How many there are a second.
    """

    values: Float32[np.ndarray, " samples"]
    rate: int

    @property
    def count(self) -> int:
        """How many samples there are."""
        return len(self.values)

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.count / self.rate

    def samples(self) -> Float32[np.ndarray, " samples"]:
        """They themselves."""
        return self.values


def at_rate(clip: Clip, rate: int) -> Float32[np.ndarray, " samples"]:
    """The samples of a clip at another rate, or at its own.

    Raises:
        DataError: It cannot be read.
        MissingDependencyError: The rate is another, and soxr is not installed.
    """
    samples = clip.samples()
    if clip.rate == rate:
        return samples
    return np.asarray(library("soxr").resample(samples, clip.rate, rate), np.float32)


def framed(
    values: Float32[np.ndarray, " samples"], length: int, place: float = 0.5
) -> Float32[np.ndarray, " length"]:
    """Samples in so many of quiet, the earlier the smaller `place` is; of longer ones the middle.

    Quiet is noise that nobody hears (-75 decibels), always the same: zeros are nowhere but in files.
    """
    if len(values) >= length:
        begin = (len(values) - length) // 2
        return values[begin : begin + length]
    found = _quiet(length).copy()
    begin = int(place * (length - len(values)))
    found[begin : begin + len(values)] += values
    return found


@lru_cache(maxsize=8)
def _quiet(length: int) -> np.ndarray:
    return np.random.Generator(np.random.Philox(0)).standard_normal(length, np.float32) * np.float32(1.8e-4)


def open_sound(path: Path, start: float | None = None, end: float | None = None) -> Sound:
    """Find a recording, or the piece from one second to another; nothing but its header is read.

    Raises:
        DataError: There is no such file, it is no recording, or the piece is not in it.
    """
    soundfile = library("soundfile")
    if not path.is_file():
        raise DataError(
            f"{path} is not there", "a recording", "Check the path; it starts at the table's folder."
        )
    try:
        about = soundfile.info(path)
    except (OSError, soundfile.SoundFileError) as error:
        raise _unreadable(path, error) from error
    rate, frames = int(about.samplerate), int(about.frames)
    if frames <= 0:
        raise DataError(f"{path} holds no samples", "a recording", "Record it again, or leave it out.")
    first = round((start or 0.0) * rate)
    last = frames if end is None else round(end * rate)
    if not 0 <= first < last or first >= frames:
        piece = f"seconds {start or 0:g} to {frames / rate if end is None else end:g}"
        raise DataError(
            f"{piece} of {path}", f"a piece of its {frames / rate:.2f} seconds", "Correct start and end."
        )
    return Sound(path, rate, first, min(last, frames) - first)


def checked(samples: Float32[np.ndarray, " samples"], place: str) -> Float32[np.ndarray, " samples"]:
    """The samples, which are all numbers.

    Raises:
        DataError: One is not, or there is none.
    """
    if not len(samples):
        raise DataError(f"{place} holds no samples", "a recording", "Record it again, or leave it out.")
    finite = np.isfinite(samples)
    if not finite.all():
        at = int(np.flatnonzero(~finite)[0])
        raise DataError(f"{place}: sample {at} is no number", "numbers", "Repair the file, or leave it out.")
    return samples


def file_of(samples: Float32[np.ndarray, " samples"], rate: int, suffix: str) -> bytes:
    """Samples as a file of sound.

    Args:
        samples: Between -1 and 1.
        rate: How many there are a second.
        suffix: ".wav" or ".flac", of 16 bits, or ".ogg".
    """
    return file_of_pieces([samples], rate, suffix)


def file_of_pieces(pieces: Iterable[Float32[np.ndarray, " samples"]], rate: int, suffix: str) -> bytes:
    """The same of samples that come some at a time."""
    file, kind = io.BytesIO(), suffix.removeprefix(".").upper()
    form = {"samplerate": rate, "channels": 1, "format": kind, "subtype": _SUBTYPES[kind]}
    with library("soundfile").SoundFile(file, "w", **form) as written:
        for one in pieces:
            written.write(one)
    return file.getvalue()


def in_turn(
    several: Iterable[Float32[np.ndarray, " samples"]], rate: int, pause: float
) -> Float32[np.ndarray, " samples"]:
    """Sounds one after another, with so many seconds of silence between."""
    silence = np.zeros(round(pause * rate), np.float32)
    parts = [part for one in several for part in (silence, one)]
    return np.concatenate(parts[1:])


def is_sound(path: Path) -> bool:
    """Whether a file is called like a recording."""
    return path.suffix.lower() in SUFFIXES


def _unreadable(path: Path, error: Exception) -> DataError:
    reason = str(error).rsplit(":", maxsplit=1)[-1].strip().rstrip(".")
    return DataError(
        f"{path} cannot be read as sound ({reason})",
        "WAV, FLAC, OGG, MP3 or the like",
        "Convert it, or leave it out.",
    )


def sound_file(rows: pl.DataFrame, pause: float, suffix: str) -> bytes:
    """A file of all rows, one after another.

    Args:
        rows: With columns `rate` and `samples`.
        pause: Seconds of silence between.
        suffix: ".wav", ".flac" or ".ogg".
    """
    rate = int(rows["rate"][0])
    return file_of(in_turn((one.to_numpy() for one in rows["samples"]), rate, pause), rate, suffix)
