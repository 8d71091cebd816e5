"""Noise: white, or out of a folder of recordings."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.data.sound import library, open_sound
from recurra.errors import ConfigError
from recurra.inputs.audio.reader import recordings


@dataclass(frozen=True)
class NoiseSource:
    """Where noise comes from.

    Attributes:
        folder: Of recordings; None: white noise.

    Raises:
        ConfigError: The folder holds no recordings.
    """

    folder: str | None

    def __post_init__(self) -> None:
        if self.folder is not None and not _files(self.folder):
            raise ConfigError(
                f"noise_folder is {self.folder!r}, without recordings", "a folder of some", "Change it."
            )

    def of(self, count: int, rate: int, random: np.random.Generator) -> Float32[np.ndarray, " samples"]:
        """So many samples of it, with a mean square of 1."""
        if self.folder is None:
            return random.standard_normal(count, dtype=np.float32)
        files = _files(self.folder)
        sound = open_sound(files[int(random.integers(len(files)))])
        needed = math.ceil(count * sound.rate / rate)
        begin = int(random.integers(max(1, sound.count - needed + 1)))
        values: Any = replace(sound, first=begin, count=min(needed, sound.count)).samples()
        if sound.rate != rate:
            values = np.asarray(library("soxr").resample(values, sound.rate, rate), np.float32)
        if sound.count < needed:
            values = np.roll(values, -int(random.integers(len(values))))
        values = np.resize(values, count)
        loudness = float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))
        found: Float32[np.ndarray, " samples"] = values / np.float32(loudness or 1.0)
        return found


@lru_cache(maxsize=8)
def _files(folder: str) -> list[Path]:
    return recordings(Path(folder))
