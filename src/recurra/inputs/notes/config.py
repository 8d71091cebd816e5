"""The settings of notes as input."""

from typing import Annotated, Literal

from pydantic import Field

from recurra.config import Config


class NotesConfig(Config):
    """How tunes are read, and what they are written as.

    Attributes:
        notes: Column with the tunes, where the source is a table; auto takes `notes`, `roll` or `chords`.
        form: What a tune is written as: chords, every step of time as the keys that sound, from high to low,
            and a symbol that ends it; or events, every note as the time since the one before, its key, its
            duration and how loud it is.
        resolution: Steps of a beat, a quarter note; auto takes 4 of MIDI, sixteenths. Rolls have steps of
            their own, and it says only how fast they are played: auto takes 2.
        ties: Whether chords tell keys that are held from those that are struck again; auto: where a source
            does.
        loudness: Whether events tell how loud a note is, in eight degrees; auto: where notes of a source
            differ.
        transpose: Tunes to train on are also read in other keys, up to so many semitones up and down.
        drums: Whether the notes of drums are read as keys; left out otherwise.
    """

    notes: str = "auto"
    form: Literal["chords", "events"] = "chords"
    resolution: Annotated[int, Field(ge=1, le=96)] | Literal["auto"] = "auto"
    ties: bool | Literal["auto"] = "auto"
    loudness: bool | Literal["auto"] = "auto"
    transpose: int = Field(default=5, ge=0, le=11)
    drums: bool = False
