"""The options of `recurra stream`, and how a plain call is read without typer."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

COMMAND = "stream"
NAMES = ("--weights", "--format", "--state")


class Options(NamedTuple):
    """What `recurra stream` was given.

    Attributes:
        folder: Of the run or the program.
        weights: "float32", "bfloat16" or "int8".
        format: "jsonl", "csv", or "auto".
        state: The file of the state, if any.
    """

    folder: Path
    weights: str = "float32"
    format: str = "auto"
    state: Path | None = None


def plain_stream(arguments: Sequence[str]) -> Options | None:
    """The options of `recurra stream RUN --name value ...`; None for anything else."""
    if arguments[:1] != [COMMAND]:
        return None
    given: dict[str, str] = {}
    rest = list(arguments[1:])
    while rest:
        name, sign, value = rest.pop(0).partition("=")
        if not name.startswith("-"):
            name, value = "RUN", name + sign + value
        elif name in NAMES and (sign or (rest and not rest[0].startswith("-"))):
            value = value if sign else rest.pop(0)
        else:
            return None
        if name in given:
            return None
        given[name] = value
    if "RUN" not in given:
        return None
    state = given.get("--state")
    return Options(
        Path(given["RUN"]),
        given.get("--weights", "float32"),
        given.get("--format", "auto"),
        None if state is None else Path(state),
    )
