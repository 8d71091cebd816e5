"""InkML: the ink of a file, and what it says that it is."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from xml.parsers import expat

import numpy as np

from recurra.data.naming import counted
from recurra.errors import DataError
from recurra.inputs.strokes.ink import Ink, make_ink

_VALUE = re.compile(r" ?([!'\"]?) ?([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)")
_PRESSURE = ("F", "P")
_USUAL = ("X", "Y")  # channels where a document names none
_ID = "http://www.w3.org/XML/1998/namespace id"
_LONGEST = 10_000  # characters of a trace's point, but for spaces, are far fewer


class Written(NamedTuple):
    """Ink, and the text that a file says it is."""

    ink: Ink
    text: str | None


class _Reader:
    """Takes traces, the channels of each context and the truth out of a document."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.formats: dict[str, list[str]] = {}
        self.traces: list[tuple[str, str]] = []
        self.truth: str | None = None
        self._context = self._drawn_in = ""
        self._channels: list[str] = []
        self._text: list[str] | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        own = name.rpartition(" ")[2]
        self.path.append(own)
        if own == "context":
            self._context = attributes.get(_ID, "")
        elif own == "traceFormat":
            self._channels = []
            self.formats.setdefault(self._context, self._channels)
        elif own == "channel" and self.path[-2:-1] == ["traceFormat"]:
            self._channels.append(attributes.get("name", "?").upper())
        elif own == "trace":
            self._drawn_in = attributes.get("contextRef", "").removeprefix("#")
        drawn = own == "trace" and attributes.get("type", "penDown") != "penUp"
        told = own == "annotation" and attributes.get("type") == "truth" and len(self.path) == 2
        self._text = [] if drawn or told else None

    def text(self, content: str) -> None:
        if self._text is not None:
            self._text.append(content)

    def end(self, name: str) -> None:
        del name
        own = self.path.pop()
        if own == "context":
            self._context = ""
        if self._text is None:
            return
        content = "".join(self._text)
        self._text = None
        if own == "trace":
            self.traces.append((self._drawn_in, content))
        elif own == "annotation" and self.truth is None:
            self.truth = content.strip()

    def channels(self, context: str) -> Sequence[str]:
        """Those of a context; without one, the first that there are."""
        return self.formats.get(context) or next((one for one in self.formats.values() if one), _USUAL)


def parse_inkml(content: bytes, place: str, *, upward: bool = False) -> Written:
    """The ink of a document, and its annotation of type "truth" if it has one.

    Traces are read in their order, but those of a pen in the air; channels are those of the context that a
    trace names, or the first ones. Entities are refused, whatever they say:
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
    return Written(_ink(reader, place, upward=upward), reader.truth)


def _ink(reader: _Reader, place: str, *, upward: bool) -> Ink:
    strokes, known = [], []
    for at, (context, content) in enumerate(reader.traces, start=1):
        channels = reader.channels(context)
        if not set(_USUAL) <= set(channels):
            raise DataError(
                f"{place}: channels {', '.join(channels)}", "X and Y among them", "Check the file."
            )
        stroke = _trace(content, channels, f"{place}, trace {at}")
        if len(stroke):
            strokes.append(dict(zip(channels, stroke.T, strict=True)))
            known.append(set(channels))
    beside = set.intersection(*known) if known else set()
    force = next((name for name in _PRESSURE if name in beside), "")
    lifts = [at == len(one["X"]) - 1 for one in strokes for at in range(len(one["X"]))]

    def joined(name: str) -> np.ndarray:
        return np.concatenate([np.zeros(0), *(one[name] for one in strokes)])

    return make_ink(
        np.stack([joined("X"), joined("Y")], axis=1),
        np.array(lifts, bool),
        place,
        upward=upward,
        seconds=joined("T") if "T" in beside else None,
        pressure=joined(force) if force else None,
    )


def _trace(content: str, channels: Sequence[str], place: str) -> np.ndarray:
    """The points of a trace (time, channels), written out, as differences (') or as theirs (")."""
    modes = ["!"] * len(channels)
    value, velocity = [0.0] * len(channels), [0.0] * len(channels)
    points: list[list[float]] = []
    for text in content.split(","):
        plain = " ".join(text.split())
        if not plain:
            continue
        found = _VALUE.findall(plain) if len(plain) <= _LONGEST else []
        if len(found) != len(channels) or _VALUE.sub("", plain).strip():
            raise DataError(
                f"{place}: {plain[:40]!r}",
                f"{counted(len(channels), 'number')} for each point ({' '.join(channels)})",
                "Correct it; values as other points have them (*, ?) are not read.",
            )
        for at, (mode, number) in enumerate(found):
            modes[at] = mode or modes[at]
            given = float(number)
            if modes[at] == "!":
                velocity[at] = given - value[at] if points else 0.0
            else:
                velocity[at] = given + velocity[at] * (modes[at] == '"')
            value[at] = given if modes[at] == "!" else value[at] + velocity[at]
        points.append(list(value))
    return np.array(points, np.float64).reshape(len(points), len(channels))
