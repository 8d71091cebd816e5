"""Which input a source looks like, where none is named."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recurra.data.naming import listed, suggestion
from recurra.data.sample import sample_path
from recurra.data.table import SAMPLE_PREFIX, STANDARD_INPUT, Table
from recurra.errors import DataError
from recurra.inputs.input import Input
from recurra.inputs.registry import get
from recurra.inputs.samples import example_names


def suited(source: Any, names: Sequence[str]) -> Input:
    """The first of some inputs that a source looks like.

    Raises:
        DataError: The source is not there, or looks like none of them.
    """
    text = str(source) if isinstance(source, str | Path) else ""
    if text.startswith(SAMPLE_PREFIX):
        name = text.removeprefix(SAMPLE_PREFIX)
        if name not in example_names():
            check_sample(name)
    elif text and text != STANDARD_INPUT and not Path(text).expanduser().exists():
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
