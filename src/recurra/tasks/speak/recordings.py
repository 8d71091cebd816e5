"""Recordings with what is said in them, and texts alone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from recurra.config import validated
from recurra.data.naming import counted
from recurra.data.reader import standard_input
from recurra.data.sound import Sound
from recurra.data.table import STANDARD_INPUT
from recurra.errors import DataError
from recurra.experiment.examples import text_column
from recurra.inputs import registry
from recurra.inputs.examples import Examples, Kept, keep_nothing
from recurra.inputs.glance import TEXT_NAMES
from recurra.inputs.phonemes import pronounced
from recurra.inputs.rows import decoded
from recurra.tasks.speak.config import SpeakConfig

TEXT, SOUND = "text", "sound"
END = "\n"
"""Stands behind every text, so that the net knows where it ends, and what to look at then."""
_LIKELY = (TEXT, "transcript", "transcription", "sentence", *TEXT_NAMES, "target", "label")


def read_recordings(source: Any, config: SpeakConfig) -> Examples:
    """Texts, and the recording of each in the column `sound`.

    Raises:
        DataError: A text or a recording is missing; the message says where.
    """
    audio = validated(registry.config("audio"), config.of_recordings)
    read = registry.get("audio").read(source, audio, keep_nothing)
    column = text_column(read, _named(read, config.text), "Name the column with --text COLUMN.")
    texts = read.columns[column].to_list()
    empty = next((row for row, one in enumerate(texts) if one is None or not one.strip()), None)
    if empty is not None:
        raise DataError(
            f"{read.places[empty]} has no {column}", "what is said in it", "Add it, or leave it out."
        )
    fields = ("path", "rate", "first", "count")
    parts = [{name: getattr(one, name) for name in fields} | {"path": str(one.path)} for one in read.contents]
    columns = pl.DataFrame([read.columns[column].alias(TEXT), pl.Series(SOUND, parts)])
    settings = {**read.settings, "text": column}
    found = replace(
        read, columns=columns, reads=(column,), kept=Kept(SOUND), settings=settings, contents=texts
    )
    return _prepared(found, config)


def sounds_of(examples: Examples) -> list[Sound]:
    """The recordings of examples that have them."""
    parts = examples.columns[SOUND].to_list()
    return [Sound(Path(one["path"]), one["rate"], one["first"], one["count"]) for one in parts]


def read_alone(source: Any, config: SpeakConfig) -> Examples:
    """Texts to speak: a list of them, a text file with one in each line, or a table.

    Raises:
        DataError: There is none, or one is empty; the message says where.
    """
    if source is None:
        raise DataError("no data", "a text, a path or texts", "Give what is to be said.")
    if source == STANDARD_INPUT:
        source = [one for one in decoded(standard_input()).split("\n") if one.strip()]
    own = {"text": config.text, "tokens": "character", "max_length": 1_000_000}
    read = registry.get("text").read(source, validated(registry.config("text"), own), keep_nothing)
    empty = next((row for row, one in enumerate(read.contents) if not one.strip()), None)
    if empty is not None:
        raise DataError(f"{read.places[empty]} is empty", "a text to speak", "Add it, or leave it out.")
    columns = pl.DataFrame({TEXT: read.contents})
    return _prepared(replace(read, columns=columns), config)


def _prepared(examples: Examples, config: SpeakConfig) -> Examples:
    """Texts, or how they are pronounced, with single spaces and their end, none of them too long."""
    texts = [" ".join(one.split()) for one in examples.contents]
    if config.reads == "phonemes":
        texts = [pronounced(one, config.language) for one in texts]
        silent = next((row for row, one in enumerate(texts) if not one), None)
        if silent is not None:
            said = f"{examples.places[silent]}: nothing of {examples.contents[silent]!r} is pronounced"
            raise DataError(said, "words or numbers", "Write them, or leave it out.")
    long = sum(len(one) > config.max_length for one in texts)
    contents = [one[: config.max_length] + END for one in texts]
    if not long:
        return replace(examples, contents=contents)
    most = f"{config.max_length:,} {config.reads}"
    said = f"cut {counted(long, 'text')} of more than {most} to the first of them (max_length)"
    return replace(examples, contents=contents, repairs=(*examples.repairs, said))


def _named(examples: Examples, wanted: str) -> str | None:
    """The name that was asked for, or the first that texts are likely to have."""
    if wanted != "auto":
        return wanted
    by_lower = {one.name.lower(): one.name for one in examples.columns if one.dtype == pl.String}
    return next((by_lower[one] for one in _LIKELY if one in by_lower), None)
