"""For the reference: examples of docstrings, which stand under no heading, are code there, too."""

import re
from typing import Any

import griffe

_EXAMPLE = re.compile(r"^>>> .*(?:\n(?!$).*)*", re.MULTILINE)


def titled(docstring: str) -> str:
    """A docstring whose examples stand in a section of their own."""
    return _EXAMPLE.sub(
        lambda found: "Examples:\n" + re.sub("^", "    ", found[0], flags=re.MULTILINE), docstring
    )


class DocstringExamples(griffe.Extension):
    """Puts a heading over the examples of every docstring."""

    def on_object(self, *, obj: griffe.Object, **_more: Any) -> None:
        """Called with each module, class and function."""
        if obj.docstring is not None:
            obj.docstring.value = titled(obj.docstring.value)
