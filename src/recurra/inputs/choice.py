"""Which input a source looks like, where none is named."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from recurra.data.sample import check_source
from recurra.data.table import Table
from recurra.errors import DataError
from recurra.inputs.examples import Keep
from recurra.inputs.input import Input
from recurra.inputs.symbol import SymbolInput

InputT = TypeVar("InputT", Input, SymbolInput)


def suited(source: Any, names: Sequence[str], keep: Keep, get: Callable[[str], InputT]) -> InputT:
    """The first of some inputs that a source looks like, beside the columns that the task keeps.

    Args:
        source: What was given.
        names: Of the inputs, in the order in which they are asked.
        keep: What the task keeps.
        get: The input of a name: one of those of `recurra.inputs.registry`.

    Raises:
        DataError: The source is not there, cannot be read, or looks like none of them.
    """
    text = str(source) if isinstance(source, str | Path) else ""
    check_source(text or None)
    if len(names) == 1:
        return get(names[0])  # whose reader says what is wrong
    unreadable: DataError | None = None
    for name in names:
        candidate = get(name)
        try:
            if candidate.suits(source, keep):
                return candidate
        except DataError as error:
            unreadable = unreadable or error
    if unreadable is not None:
        raise unreadable
    shown = text or (source.source if isinstance(source, Table) else f"a {type(source).__name__}")
    raise DataError(
        f"{shown} looks like none of the inputs {', '.join(names)}",
        "data of one of these kinds",
        "Name the kind with input=, and its error will say what is missing.",
    )
