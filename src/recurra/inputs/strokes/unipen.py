"""UNIPEN-like text: coordinates between .PEN_DOWN and .PEN_UP, and what segments of them are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recurra.data.naming import counted, listed
from recurra.errors import DataError
from recurra.inputs.strokes.ink import Ink, make_ink

_RANGES = re.compile(r"\d{1,9}(?:-\d{1,9})?(?:,\d{1,9}(?:-\d{1,9})?)*")
_LABEL = re.compile(r'"((?:[^"\\]|\\.)*)"')
_DOWN, _UP = ".PEN_DOWN", ".PEN_UP"


@dataclass
class _Component:
    """Points between two words about the pen.

    Attributes:
        drawn: Whether it is on the paper.
        points: Lists of numbers.
    """

    drawn: bool
    points: list[list[float]] = field(default_factory=list)


@dataclass(frozen=True)
class _Segment:
    """What a .SEGMENT says.

    Attributes:
        label: What is written there.
        ranges: Its components, by their numbers; "": all up to the next segment.
        begins: How many components came before it.
    """

    label: str | None
    ranges: str
    begins: int


def parse_unipen(text: str, place: str, *, upward: bool = True) -> list[tuple[Ink, str | None, str]]:
    """The ink of every segment of a file, its label and its place; of the whole file where there are none.

    Components are numbered from 0 as their words come: those of a pen in the air count, and are not drawn.

    Args:
        text: The file.
        place: What to call it in messages.
        upward: Whether the second axis goes up, as it does in UNIPEN.

    Raises:
        DataError: It holds no points, or a segment of components that are not there.
    """
    order, components, segments = _parsed(text, place)
    if not any(one.points for one in components if one.drawn):
        raise DataError(f"{place}: no points", f"lines of numbers between {_DOWN} and {_UP}", "Check it.")
    if not segments:
        return [(_ink(components, order, place, upward), None, place)]
    found = []
    ends = [*(one.begins for one in segments[1:]), len(components)]
    for number, (segment, end) in enumerate(zip(segments, ends, strict=True), start=1):
        where = f"{place}, segment {number}"
        chosen = components[segment.begins : end]
        if segment.ranges:
            chosen = [components[at] for at in _numbers(segment.ranges, len(components), where)]
        found.append((_ink(chosen, order, where, upward), segment.label, where))
    return found


def _parsed(text: str, place: str) -> tuple[list[str], list[_Component], list[_Segment]]:
    order, components, segments = ["X", "Y"], [], []
    own: _Component | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        word, _, rest = line.strip().partition(" ")
        if word in (_DOWN, _UP):
            own = _Component(word == _DOWN)
            components.append(own)
            word, rest = "", rest.strip()
        elif word == ".COORD":
            order = _order(rest, components, f"{place}, line {number}")
        elif word == ".SEGMENT":
            segments.append(_segment(rest, len(components), f"{place}, line {number}"))
            own = None
        elif not word.startswith("."):
            rest = line.strip()
        if word.startswith(".") or not rest or own is None:
            continue
        try:
            own.points.append([float(one) for one in rest.split()])
        except ValueError as error:
            raise DataError(
                f"{place}, line {number}: {rest[:40]!r}", "numbers of a point", "Correct it."
            ) from error
        if len(own.points[-1]) < len(order):
            raise DataError(
                f"{place}, line {number}: {counted(len(own.points[-1]), 'number')}",
                f"{len(order)} ({' '.join(order)})",
                "Correct it.",
            )
    if "X" not in order or "Y" not in order:
        raise DataError(f"{place}: coordinates {listed(order)}", "X and Y among them", "Check .COORD.")
    return order, components, segments


def _order(rest: str, components: Sequence[_Component], place: str) -> list[str]:
    if any(one.points for one in components):
        raise DataError(f"{place}: .COORD after points", "it before them", "Give files of one order.")
    return rest.upper().split()


def _segment(rest: str, begins: int, place: str) -> _Segment:
    """A level, its components, its quality and, quoted, its label."""
    label = _LABEL.match(rest, rest.find('"')) if '"' in rest else None
    ranges = next((one for one in rest.partition('"')[0].split()[:2] if one[0].isdigit()), "")
    if ranges and not _RANGES.fullmatch(ranges):
        raise DataError(
            f"{place}: components {ranges[:40]!r}",
            "numbers of whole components, such as 0-2,4",
            "Write it so; points of components (0:3-2:7) are not read.",
        )
    return _Segment(re.sub(r"\\(.)", r"\1", label[1]) if label else None, ranges, begins)


def _numbers(ranges: str, count: int, place: str) -> list[int]:
    found: list[int] = []
    for one in ranges.split(","):
        first, _, last = one.partition("-")
        if int(last or first) >= count:
            raise DataError(
                f"{place}: component {last or first}", f"0 to {count - 1}, which there are", "Correct it."
            )
        found += range(int(first), int(last or first) + 1)
        if len(found) > count:
            raise DataError(f"{place}: components that come again", "each once", "Correct it.")
    return found


def _ink(components: Sequence[_Component], order: Sequence[str], place: str, upward: bool) -> Ink:
    strokes = [
        np.array([one[: len(order)] for one in own.points]) for own in components if own.drawn and own.points
    ]
    if not strokes:
        raise DataError(f"{place}: ink without a point", "one at least", "Leave it out.")
    points = np.concatenate(strokes)
    lifts = np.zeros(len(points), bool)
    lifts[np.cumsum([len(one) for one in strokes]) - 1] = True
    beside: dict[str, Any] = {
        name: points[:, order.index(own)]
        for name, own in (("seconds", "T"), ("pressure", "P"))
        if own in order
    }
    where = points[:, [order.index("X"), order.index("Y")]]
    return make_ink(where, lifts, place, upward=upward, **beside)
