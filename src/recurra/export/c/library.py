"""The functions in `functions.c`, of which a source file gets those that it calls.

A comment opens each function, `/* name(functions that it calls): what it does. */`; they stand in an order in
which each follows those that it calls.
"""

import functools
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).with_name("functions.c")
_HEAD = re.compile(r"/\* (\w+)(?:\(([\w, ]+)\))?: ")


class Function(NamedTuple):
    """A function, or some that go together.

    Attributes:
        text: In C, with what it does as a comment.
        calls: Those of the file that it calls.
    """

    text: str
    calls: tuple[str, ...]


@functools.cache
def functions() -> Mapping[str, Function]:
    """All of them by name, in their order."""
    found: dict[str, Function] = {}
    for part in re.split(r"\n\n(?=/\* \w+(?:\([\w, ]+\))?: )", _FILE.read_text().strip()):
        head = _HEAD.match(part)
        if head is None:
            raise ValueError(f"{_FILE.name} has a function without a head: {part[:40]!r}")
        calls = tuple((head[2] or "").replace(" ", "").split(",")) if head[2] else ()
        found[head[1]] = Function("/* " + part[head.end() :], calls)
    return found


def text_of(names: Iterable[str]) -> str:
    """Those functions and all that they call, as C."""
    needed: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += functions()[name].calls
    return "\n\n".join(one.text for name, one in functions().items() if name in needed)
