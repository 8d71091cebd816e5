"""What was spoken as a file of sound; nothing here needs torch."""

import io
from collections.abc import Sequence

import numpy as np
import polars as pl

from recurra.data.naming import counted
from recurra.data.sound import library
from recurra.tasks.speak.config import SpeakAnswer

_SUBTYPES = {"WAV": "PCM_16", "FLAC": "PCM_16", "OGG": "VORBIS"}


def content(rows: pl.DataFrame, options: SpeakAnswer, suffix: str) -> tuple[bytes, Sequence[str]]:
    """A file of all rows, one after another with pauses between, and what is to be said of it.

    Args:
        rows: Of an answer with its samples.
        options: Of the answer.
        suffix: ".wav", ".flac" or ".ogg".
    """
    rate = int(rows["rate"][0])
    silence = np.zeros(round(options.pause * rate), np.float32)
    parts: list[np.ndarray] = []
    for samples in rows["samples"]:
        parts += [silence, samples.to_numpy()]
    file, kind = io.BytesIO(), suffix.removeprefix(".").upper()
    library("soundfile").write(file, np.concatenate(parts[1:]), rate, format=kind, subtype=_SUBTYPES[kind])
    return file.getvalue(), cut_off(rows["ended"].to_list())


def cut_off(ended: Sequence[bool | None]) -> Sequence[str]:
    """A sentence where speech was cut off that did not end by itself."""
    count = sum(one is False for one in ended)
    said = "did not come to an end, and the speech was cut off (max_seconds)"
    return [f"{counted(count, 'text')} {said}"] if count else []
