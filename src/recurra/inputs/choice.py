"""Which input a source looks like, where none is named."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recurra.data.sample import check_source
from recurra.data.table import Table
from recurra.errors import DataError
from recurra.inputs.input import Input
from recurra.inputs.registry import get


def suited(source: Any, names: Sequence[str]) -> Input:
    """The first of some inputs that a source looks like.

    Raises:
        DataError: The source is not there, or looks like none of them.
    """
    text = str(source) if isinstance(source, str | Path) else ""
    check_source(text or None)
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
