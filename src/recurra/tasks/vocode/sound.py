"""Recordings made again as a file of sound; nothing here needs torch."""

from collections.abc import Sequence

import polars as pl

from recurra.data.sound import file_of, in_turn
from recurra.tasks.vocode.config import VocodeAnswer


def content(rows: pl.DataFrame, options: VocodeAnswer, suffix: str) -> tuple[bytes, Sequence[str]]:
    """A file of all rows, one after another with pauses between, and what is to be said of it: nothing.

    Args:
        rows: Of an answer with its samples.
        options: Of the answer.
        suffix: ".wav", ".flac" or ".ogg".
    """
    rate = int(rows["rate"][0])
    return file_of(
        in_turn((one.to_numpy() for one in rows["samples"]), rate, options.pause), rate, suffix
    ), ()
