"""Checked settings: pydantic models whose errors are ours and name the nearest key."""

import difflib
import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from recurra.errors import ConfigError


class Config(BaseModel):
    """Base of all settings: unknown keys are errors, and a finished one never changes.

    The "Attributes:" part of a subclass's docstring describes its keys, and those that it takes over from its
    base and does not describe anew; the command line's help shows it, under the `heading` of the class that
    declares a key. `in_json` of the options of an answer says which of them are others, unless they are
    given, where the answer is printed as JSON; `task_defaults` of the settings of an input, which settings of
    a task have another default there.
    """

    heading: ClassVar[str] = ""
    in_json: ClassVar[Mapping[str, Any]] = {}
    task_defaults: ClassVar[Mapping[str, Any]] = {}

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, protected_namespaces=())

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        for base in reversed(cls.__mro__):
            for key, description in _described(inspect.getdoc(base) or "").items():
                if key in cls.model_fields:
                    cls.model_fields[key].description = description


ConfigT = TypeVar("ConfigT", bound=Config)
MarkT = TypeVar("MarkT")


@dataclass(frozen=True)
class Option:
    """Says, in the annotation of a field, that the command line has an option for it.

    Attributes:
        metavar: What the value is, in help: "COLUMN"; "" of a switch.
        flag: The option; "" for the field's own name after two dashes. Of a switch both: "--wide/--no-wide".
        example: A value, for who leaves out what must be given.
        again: Whether it says how data are read, and so may be given anew with other data.
    """

    metavar: str
    flag: str = ""
    example: str = ""
    again: bool = False

    @property
    def is_switch(self) -> bool:
        """Whether it is given without a value, or not at all."""
        return not self.metavar


@dataclass(frozen=True)
class Search:
    """Says, in the annotation of a field, where a search for good settings looks.

    Attributes:
        low, high: The ends of a range of numbers, both included; whole ones for a field of whole numbers.
        log: Whether the range is even in the logarithm, so that 0.001 to 0.01 counts as much as 0.01 to 0.1.
        choices: The values instead, where they are no range.
        relative: Whether the ends are multiples of the whole number that "auto" comes to for the data.
    """

    low: int | float = 0
    high: int | float = 0
    log: bool = False
    choices: tuple[Any, ...] = ()
    relative: bool = False


def options_of(config_class: type[Config]) -> dict[str, Option]:
    """The fields that have an option of their own, in their order, each with its flag."""
    marks = _marks(config_class, Option)
    return {key: replace(mark, flag=mark.flag or f"--{key}") for key, mark in marks.items()}


def options_again(config_class: type[Config]) -> dict[str, Option]:
    """Those of them that may be given anew with other data."""
    return {key: mark for key, mark in options_of(config_class).items() if mark.again}


def searches_of(config_class: type[Config]) -> dict[str, Search]:
    """The fields that are worth a search, in their order, each with where to look."""
    return _marks(config_class, Search)


def _marks(config_class: type[Config], kind: type[MarkT]) -> dict[str, MarkT]:
    """The marks of a kind; a field that a subclass gives another default keeps its base's."""
    found = {}
    bases = [base for base in config_class.__mro__ if issubclass(base, Config)]
    for key in config_class.model_fields:
        fields = (base.model_fields[key] for base in bases if key in base.model_fields)
        marks = (mark for field in fields for mark in field.metadata if isinstance(mark, kind))
        mark = next(marks, None)
        if mark is not None:
            found[key] = mark
    return found


def validated(config_class: type[ConfigT], settings: Mapping[str, Any]) -> ConfigT:
    """Make a config of a mapping.

    Raises:
        ConfigError: A key is unknown (the message names the nearest one), missing, or has a wrong value.
    """
    for key in settings:
        if key not in config_class.model_fields:
            raise unknown_key(key, sorted(config_class.model_fields))
    try:
        return config_class.model_validate(dict(settings))
    except ValidationError as error:
        raise _wrong_value(error, config_class) from error


def _wrong_value(error: ValidationError, config_class: type[Config]) -> ConfigError:
    """The first complaint in our words; the branches of a union ("a number, or auto") count as one."""
    first, *others = error.errors()
    if not first["loc"]:
        return ConfigError(
            "these settings do not go together", _expected(first["msg"]), "Change one of them."
        )
    place = [part for part in first["loc"] if isinstance(part, int) or part in config_class.model_fields]
    key = ".".join(str(part) for part in place)
    if first["type"] == "missing":
        return ConfigError(f"{key} is missing", "a value", f"Give {key}.")
    branches = [first, *(other for other in others if other["loc"][0] == first["loc"][0])]
    expected = " or ".join(dict.fromkeys(_expected(branch["msg"]) for branch in branches))
    return ConfigError(f"{key} is {first['input']!r}", expected, f"Change {key}.")


def _expected(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Input should be ").partition(", unable to")[0]


def _described(docstring: str) -> dict[str, str]:
    """The entries of a docstring's "Attributes:" part, each in one line."""
    _, _, attributes = docstring.partition("Attributes:\n")
    entries = re.findall(r"^ {4}(\w+): (.*(?:\n {5,}.*)*)", attributes, flags=re.MULTILINE)
    return {key: re.sub(r"\s+", " ", text) for key, text in entries}


def unknown_key(key: str, known: list[str]) -> ConfigError:
    """The error for a setting that there is not; it names the nearest."""
    near = nearest_keys(key, known)
    if near:
        expected, remedy = f"a setting such as {' or '.join(near)}", f"Did you mean {near[0]!r}?"
    else:
        expected, remedy = f"one of {', '.join(known)}", "Remove it, or choose one of these."
    return ConfigError(f"unknown setting {key!r}", expected, remedy)


OTHER_NAMES = {
    "lr": "learning_rate",
    "epochs": "max_epochs",
    "n_epochs": "max_epochs",
    "layers": "num_layers",
    "n_layers": "num_layers",
    "units": "hidden_size",
    "hidden": "hidden_size",
    "bs": "batch_size",
    "wd": "weight_decay",
    "freq": "frequency",
    "id": "unique_id",
    "input_size": "context",
    "early_stopping": "patience",
    "random_state": "seed",
}
"""What other libraries call some settings."""


def nearest_keys(key: str, known: Iterable[str]) -> list[str]:
    """The settings that were meant, perhaps: by the name that others have for one, or by their letters."""
    there = list(known)
    if OTHER_NAMES.get(key) in there:
        return [OTHER_NAMES[key]]
    return difflib.get_close_matches(key, there, n=2, cutoff=0.6)
