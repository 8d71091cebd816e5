"""Recordings made again as a file of sound; nothing here needs torch."""

from collections.abc import Sequence

import polars as pl

from recurra.data.sound import sound_file
from recurra.tasks.vocode.config import VocodeAnswer


def content(rows: pl.DataFrame, options: VocodeAnswer, suffix: str) -> tuple[bytes, Sequence[str]]:
    """A file of all rows, and what is to be said of it: nothing; see `sound_file`."""
    return sound_file(rows, options.pause, suffix), ()
