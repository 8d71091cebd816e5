"""What was spoken as a file of sound; nothing here needs torch."""

from collections.abc import Sequence

import polars as pl

from recurra.data.naming import counted
from recurra.data.sound import sound_file
from recurra.tasks.speak.config import SpeakAnswer


def content(rows: pl.DataFrame, options: SpeakAnswer, suffix: str) -> tuple[bytes, Sequence[str]]:
    """A file of all rows, and what is to be said of it; see `sound_file`."""
    return sound_file(rows, options.pause, suffix), cut_off(rows["ended"].to_list())


def cut_off(ended: Sequence[bool | None]) -> Sequence[str]:
    """A sentence where speech was cut off that did not end by itself."""
    count = sum(one is False for one in ended)
    said = "did not come to an end, and the speech was cut off (max_seconds)"
    return [f"{counted(count, 'text')} {said}"] if count else []
