"""The inputs by name: what the command line and a stream need to know of each before anything slow is loaded.

A package outside adds an input with an entry point of the group "recurra.inputs" that names an `Entry`, or at
run time with `register`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recurra.data.naming import listed, suggestion
from recurra.errors import ConfigError
from recurra.place import loaded, of_other_packages

if TYPE_CHECKING:  # the contract of an input needs torch
    from recurra.config import Config
    from recurra.inputs.input import Input
    from recurra.inputs.live import LiveInput
    from recurra.inputs.symbol import SymbolInput

GROUP = "recurra.inputs"


@dataclass(frozen=True)
class Entry:
    """An input, by the places of its parts ("module:NAME"), which are imported when they are needed.

    Attributes:
        name: As in `input=NAME`.
        input: A `recurra.inputs.input.Input`, or of what gives "symbols" a
            `recurra.inputs.symbol.SymbolInput`.
        config: Class of its settings, which stand beside those of the task; imports no torch.
        live: Torch-free `recurra.inputs.live.LiveInput`, if its steps can come one by one.
        gives: What it makes of data: "examples"; "sequences" where each goes over time; "steps" where each is
            a list of what stands at its times; "moves" where each is the way of a pen
            (`recurra.inputs.input.Moving`); or "symbols", a stream of them. A task says which of these it
            needs (`needs` of its settings), and takes every input that gives it.
        order: Where it stands among those that are asked, the lowest first, whether data look like them.
        sign: A setting of its own that says by itself that it is meant, and that names a file that belongs to
            the data, so that it may be given anew with others.
    """

    name: str
    input: str
    config: str
    live: str = ""
    gives: tuple[str, ...] = ("examples", "sequences", "steps")
    order: int = 100
    sign: str = ""


_BUILT_IN = (
    Entry(
        name="table",
        input="recurra.inputs.table.input:TABLE",
        config="recurra.inputs.table.config:TableConfig",
        gives=("examples",),
        order=10,
    ),
    Entry(
        name="audio",
        input="recurra.inputs.audio.input:AUDIO",
        config="recurra.inputs.audio.config:AudioConfig",
        live="recurra.inputs.audio.live:LiveAudio",
        gives=("examples", "sequences"),
        order=5,
    ),
    Entry(
        name="strokes",
        input="recurra.inputs.strokes.input:STROKES",
        config="recurra.inputs.strokes.config:StrokesConfig",
        live="recurra.inputs.strokes.live:LiveStrokes",
        gives=("examples", "sequences", "moves"),
        order=6,
    ),
    Entry(
        name="images",
        input="recurra.inputs.images.input:IMAGES",
        config="recurra.inputs.images.config:ImagesConfig",
        live="recurra.inputs.images.live:LiveImages",
        gives=("examples", "sequences"),
        order=6,
    ),
    Entry(
        name="motion",
        input="recurra.inputs.motion.input:MOTION",
        config="recurra.inputs.motion.config:MotionConfig",
        live="recurra.inputs.motion.live:LiveMotion",
        gives=("examples", "sequences"),
        order=7,
    ),
    Entry(
        name="video",
        input="recurra.inputs.video.input:VIDEO",
        config="recurra.inputs.video.config:VideoConfig",
        live="recurra.inputs.video.live:LiveVideo",
        gives=("examples", "sequences"),
        order=8,
    ),
    Entry(
        name="features",
        input="recurra.inputs.features.input:FEATURES",
        config="recurra.inputs.features.config:FeaturesConfig",
        live="recurra.inputs.features.live:LiveFeatures",
        gives=("examples", "sequences"),
        order=9,
        sign="features",
    ),
    Entry(
        name="series",
        input="recurra.inputs.sequence.input:SEQUENCE",
        config="recurra.inputs.sequence.config:SequenceConfig",
        live="recurra.inputs.sequence.live:LiveSeries",
        order=20,
    ),
    Entry(
        name="text",
        input="recurra.inputs.text.input:TEXT",
        config="recurra.inputs.text.config:TextConfig",
        live="recurra.inputs.text.live:LiveText",
        order=30,
    ),
    Entry(
        name="notes",
        input="recurra.inputs.notes.input:NOTES",
        config="recurra.inputs.notes.config:NotesConfig",
        live="recurra.inputs.notes.live:LiveNotes",
        gives=("symbols",),
        order=5,
    ),
    Entry(
        name="corpus",
        input="recurra.inputs.corpus.input:CORPUS",
        config="recurra.inputs.corpus.config:CorpusConfig",
        live="recurra.inputs.corpus.live:LiveCorpus",
        gives=("symbols",),
        order=10,
    ),
)
_REGISTERED: dict[str, Entry] = {entry.name: entry for entry in _BUILT_IN}


def register(entry: Entry) -> None:
    """Add an input for this process, or replace one of the same name."""
    _REGISTERED[entry.name] = entry


def entries() -> Mapping[str, Entry]:
    """All inputs, by their names: ours, those of other packages, and those registered in this process."""
    return {
        **_REGISTERED,
        **{name: one for name, one in of_other_packages(GROUP).items() if name not in _REGISTERED},
    }


def giving(need: str) -> list[str]:
    """The names of the inputs that give what a task needs, in the order in which they are asked."""
    found = [entry for entry in entries().values() if need in entry.gives]
    return [entry.name for entry in sorted(found, key=lambda entry: entry.order)]


def signed(settings: Mapping[str, object]) -> str | None:
    """The input that some settings mean, of which none may be named: the one whose sign is among them.

    A sign names a file, by a name that has an ending: `features=mfcc` is a choice of recordings.
    """
    found = (name for name, one in entries().items() if one.sign and _names_file(settings.get(one.sign)))
    return next(found, None)


def _names_file(value: object) -> bool:
    return isinstance(value, str | Path) and Path(value).suffix != ""


def get(name: str) -> "Input":
    """The input of a name.

    Raises:
        ConfigError: There is none, or the package that it is in cannot be loaded.
    """
    found: Input = loaded(_entry(name).input)
    return found


def symbols(name: str) -> "SymbolInput":
    """The input of a name that is a stream of symbols. Errors as `get`."""
    found: SymbolInput = loaded(_entry(name).input)
    return found


def config(name: str) -> "type[Config]":
    """The class of an input's settings. Errors as `get`."""
    found: type[Config] = loaded(_entry(name).config)
    return found


def live(name: str) -> "type[LiveInput]":
    """What stands before a stream program of an input.

    Raises:
        ConfigError: There is no such input, or it does not stream.
    """
    home = _entry(name).live
    if not home:
        raise ConfigError(f"input {name!r} on a stream", "one whose steps come one by one", "Use predict.")
    found: type[LiveInput] = loaded(home)
    return found


def _entry(name: str) -> Entry:
    known = entries()
    if name not in known:
        raise ConfigError(
            f"input is {name!r}",
            f"one of {listed(known, 30)}",
            suggestion(name, known, "Choose one of these."),
        )
    return known[name]
