"""Inputs by name, loaded when they are asked for: their configurations and names need no torch before that.

A package of its own adds an input with an entry point of the group "recurra.inputs", whose value is
"module:NAME", or with `register`.
"""

import importlib
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.data.naming import listed, suggestion
from recurra.data.sample import sample_path
from recurra.data.table import SAMPLE_PREFIX, Table
from recurra.errors import ConfigError, DataError
from recurra.inputs.samples import example_names

if TYPE_CHECKING:  # the contract of an input needs torch
    from recurra.config import Config
    from recurra.inputs.input import Input
    from recurra.inputs.live import LiveInput

GROUP = "recurra.inputs"
_HOMES = {
    "table": "recurra.inputs.table.input:TABLE",
    "series": "recurra.inputs.sequence.input:SEQUENCE",
    "text": "recurra.inputs.text.input:TEXT",
}
_CONFIGS = {
    "table": "recurra.inputs.table.config:TableConfig",
    "series": "recurra.inputs.sequence.config:SequenceConfig",
    "text": "recurra.inputs.text.config:TextConfig",
}
_LIVES = {"series": "recurra.inputs.sequence.live:LiveSeries", "text": "recurra.inputs.text.live:LiveText"}


def register(name: str, home: str) -> None:
    """Add an input.

    Args:
        name: As in `input=NAME`.
        home: Where its `Input` is: "module:NAME". It is imported by the first `get`.

    Raises:
        ConfigError: Another input has this name, or `home` is not written like that.
    """
    module, colon, attribute = home.partition(":")
    if not (module and colon and attribute):
        raise ConfigError(
            f"{home!r} as the home of input {name!r}", '"module:NAME"', "Write both, with a colon."
        )
    if _homes().get(name, home) != home:
        raise ConfigError(f"input {name!r} a second time", "a name of its own", f"It is {_homes()[name]}.")
    _HOMES[name] = home


def names() -> list[str]:
    """The inputs there are, those of other packages after ours."""
    return list(_homes())


def get(name: str) -> "Input":
    """The input of a name.

    Raises:
        ConfigError: There is none, or the package that it is in cannot be loaded.
    """
    homes = _homes()
    if name not in homes:
        raise ConfigError(
            f"input is {name!r}",
            f"one of {listed(homes, 30)}",
            suggestion(name, homes, "Choose one of these."),
        )
    module, _, attribute = homes[name].partition(":")
    try:
        found: Input = getattr(importlib.import_module(module), attribute)
    except (ModuleNotFoundError, AttributeError) as error:
        if isinstance(error, ModuleNotFoundError) and not f"{module}.".startswith(f"{error.name}."):
            raise  # something else that the module needs
        raise ConfigError(
            f"input {name!r}, which should be at {homes[name]}, is not there",
            "a module with that name in it",
            "Install the package again, or correct its entry point.",
        ) from error
    return found


def config(name: str) -> "type[Config]":
    """The class of an input's settings; of ours without torch. Errors as `get`."""
    found: type[Config] = _loaded(_CONFIGS[name]) if name in _CONFIGS else get(name).config
    return found


def live(name: str) -> "type[LiveInput]":
    """What stands before a stream program of an input; of ours without torch.

    Raises:
        ConfigError: There is no such input, or it does not stream.
    """
    home = _LIVES.get(name) if name in _CONFIGS else get(name).live
    if home is None:
        raise ConfigError(f"input {name!r} on a stream", "one whose steps come one by one", "Use predict.")
    found: type[LiveInput] = _loaded(home)
    return found


def suited(source: Any, names: Sequence[str]) -> "Input":
    """The first of some inputs that a source looks like.

    Raises:
        DataError: The source is not there, or looks like none of them.
    """
    text = str(source) if isinstance(source, str | Path) else ""
    if text.startswith(SAMPLE_PREFIX):
        name = text.removeprefix(SAMPLE_PREFIX)
        if name not in example_names():
            check_sample(name)
    elif text and not Path(text).expanduser().exists():
        raise DataError(f"{text} does not exist", "a file or folder with examples", "Check the path.")
    for name in names:
        candidate = get(name)
        if candidate.suits(source):
            return candidate
    shown = text or (source.source if isinstance(source, Table) else f"a {type(source).__name__}")
    raise DataError(
        f"{shown} looks like none of the inputs {', '.join(names)}",
        "data of one of these kinds",
        "Name the kind with input=, and its error will say what is missing.",
    )


def check_sample(name: str) -> None:
    """Make sure that a bundled sample exists, of whatever kind.

    Raises:
        DataError: There is none of that name.
    """
    try:
        sample_path(name)
    except DataError as error:
        known = example_names()
        raise DataError(
            f"no sample is named {name!r}",
            f"one of {listed(known)}",
            suggestion(name, known, "Choose one of these."),
        ) from error


def _homes() -> dict[str, str]:
    others = {one.name: one.value for one in entry_points(group=GROUP)}
    return {**_HOMES, **{name: home for name, home in others.items() if name not in _HOMES}}


def _loaded(home: str) -> Any:
    module, _, name = home.partition(":")
    return getattr(importlib.import_module(module), name)
