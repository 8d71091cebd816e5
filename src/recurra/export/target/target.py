"""The contract of a target."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from recurra.export.exportable import Exportable


class Snippet(NamedTuple):
    """How to call what was written.

    Attributes:
        title: What it shows, in a few words.
        language: "python", "c" or "console".
        text: It runs as it stands in the folder.
    """

    title: str
    language: str
    text: str


class Written(NamedTuple):
    """What was written into a folder.

    Attributes:
        snippets: How to call it.
        notes: What people should know: what was left out and why, what int8 costs, in sentences.
    """

    snippets: Sequence[Snippet]
    notes: Sequence[str]


@dataclass(frozen=True)
class Target:
    """A kind of export.

    Attributes:
        name: As in `--to NAME`.
        write: (net, folder, name of what is written, whether in int8) -> what was written.

            It raises a ConfigError where the net cannot be exported so, or there is no int8 for it.
        reopen: (folder, its metadata) -> what runs it in Python, called with sequences and lengths; None:
            it is for others than Python.
    """

    name: str
    write: Callable[[Exportable, Path, str, bool], Written]
    reopen: Callable[[Path, Mapping[str, Any]], Any] | None = None
