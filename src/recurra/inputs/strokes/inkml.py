"""InkML: the ink of a file, and what it says that it is."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from xml.parsers import expat

import numpy as np

from recurra.data.naming import counted
from recurra.errors import DataError
from recurra.inputs.strokes.ink import Ink, make_ink

_VALUE = re.compile(r"\s*([!'\"]?)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*")
_PRESSURE = ("F", "P")
_LONGEST = 1_000_000  # characters of a trace's point are far fewer


class Written(NamedTuple):
    """Ink, and the text that a file says it is."""

    ink: Ink
    text: str | None


class _Reader:
    """Takes traces, channels and the truth out of a document."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.channels: list[str] = []
        self.traces: list[str] = []
        self.truth: str | None = None
        self._text: list[str] | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        own = name.rpartition(" ")[2]
        self.path.append(own)
        if own == "channel" and not self.traces and self.path[-2:-1] == ["traceFormat"]:
            self.channels.append(attributes.get("name", "?").upper())
        drawn = own == "trace" and attributes.get("type", "penDown") != "penUp"
        told = own == "annotation" and attributes.get("type") == "truth" and len(self.path) == 2
        self._text = [] if drawn or told else None

    def text(self, content: str) -> None:
        if self._text is not None:
            self._text.append(content)

    def end(self, name: str) -> None:
        del name
        own = self.path.pop()
        if self._text is None:
            return
        content = "".join(self._text)
        self._text = None
        if own == "trace":
            self.traces.append(content)
        elif own == "annotation" and self.truth is None:
            self.truth = content.strip()


def parse_inkml(content: bytes, place: str, *, upward: bool = False) -> Written:
    """The ink of a document, and its annotation of type "truth" if it has one.

    Traces are read in their order, but those of a pen in the air. Entities are refused, whatever they say:
    the ones of XML itself do, and others can be made to fill the memory or to read files.

    Args:
        content: The bytes of the file.
        place: What to call it in messages.
        upward: Whether its second axis goes up.

    Raises:
        DataError: It is no XML, declares entities, holds no trace, or a trace that is not of numbers.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.CharacterDataHandler = reader.text
    parser.EndElementHandler = reader.end

    def refuse(*_: object) -> None:
        raise DataError(
            f"{place}: XML that declares entities", "ink alone", "Remove the DOCTYPE with its entities."
        )

    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(content, True)  # noqa: FBT003
    except expat.ExpatError as error:
        raise DataError(f"{place} cannot be read ({error})", "InkML", "Restore the file.") from error
    if not reader.traces:
        raise DataError(
            f"{place}: no trace", "InkML with an element <trace> for each stroke", "Check the file."
        )
    channels = reader.channels or ["X", "Y"]
    if "X" not in channels or "Y" not in channels:
        raise DataError(f"{place}: channels {', '.join(channels)}", "X and Y among them", "Check the file.")
    strokes = [_trace(one, channels, f"{place}, trace {at}") for at, one in enumerate(reader.traces, start=1)]
    strokes = [one for one in strokes if len(one)]
    points = np.concatenate([np.zeros((0, len(channels))), *strokes])
    lifts = np.zeros(len(points), bool)
    lifts[np.cumsum([len(one) for one in strokes], dtype=np.int64) - 1] = True
    force = next((name for name in _PRESSURE if name in channels), None)
    ink = make_ink(
        points[:, [channels.index("X"), channels.index("Y")]],
        lifts,
        place,
        upward=upward,
        seconds=points[:, channels.index("T")] if "T" in channels else None,
        pressure=None if force is None else points[:, channels.index(force)],
    )
    return Written(ink, reader.truth)


def _trace(content: str, channels: Sequence[str], place: str) -> np.ndarray:
    """The points of a trace (time, channels), written out, as differences (') or as theirs (")."""
    modes = ["!"] * len(channels)
    value, velocity = [0.0] * len(channels), [0.0] * len(channels)
    points = []
    for text in content.split(","):
        if not text.strip():
            continue
        found = _VALUE.findall(text)
        if len(text) > _LONGEST or _VALUE.sub("", text).strip() or len(found) != len(channels):
            raise DataError(
                f"{place}: {text.strip()[:40]!r}",
                f"{counted(len(channels), 'number')} for each point ({' '.join(channels)})",
                "Correct it; values as other points have them (*, ?) are not read.",
            )
        for at, (mode, number) in enumerate(found):
            modes[at] = mode or modes[at]
            given = float(number)
            if modes[at] == '"':
                velocity[at] += given
            else:
                velocity[at] = given
            value[at] = given if modes[at] == "!" else value[at] + velocity[at]
        points.append(list(value))
    return np.array(points, np.float64).reshape(len(points), len(channels))
