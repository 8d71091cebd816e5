"""Explanations as sections of a page: coloured texts and series, what counted most, and telling units."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np

from recurra.diagnosis import LOG_ODDS, Explanation, UnitTrace
from recurra.experiment.diagnosis_section import figure_text
from recurra.report.piece import (
    AnyPiece,
    Bar,
    Bars,
    Colour,
    HeatMap,
    HighlightedText,
    LegendItem,
    Line,
    Lines,
    Place,
    Role,
    Span,
    Table,
    Token,
)
from recurra.report.section import Section

_FAINT, _STRONG = 0.03, 0.75  # strengths of colours: less is none, more could not be read
_SHADE = 0.5  # of a series' background at most
_BARS, _BINS, _CHARTS, _TRACES = 10, 48, 4, 3
_LITTLE = 0.1  # of the answer, or of what the inputs change
_HEADING = 60  # letters
_SIGNS = {" ": "␣", "\n": "↵", "\t": "⇥", "": "∅"}

LEGEND = [
    LegendItem(label="speaks for it", role="model", mark="deep"),
    LegendItem(label="speaks against it", role="reference", mark="deep"),
]


def sections_of(explanations: Sequence[Explanation]) -> list[Section]:
    """A section for each."""
    return [_section(one, f"row-{number + 1}") for number, one in enumerate(explanations)]


def sum_text(one: Explanation) -> str:
    """Whether the shares add up, in a sentence."""
    total, difference = float(one.shares.sum()), one.result - one.without
    sums = f"The shares add up to {figure_text(total)}, where the inputs make {figure_text(difference)}"
    if one.method == "occlusion":
        return f"{sums}: each is what the answer loses without that part alone, so they need not agree."
    if abs(one.error) > _LITTLE * abs(difference):
        return f"{sums}: the net changes its mind in a leap, of which no slope tells all."
    if one.unit == LOG_ODDS and abs(difference) < _LITTLE * abs(one.result):
        return f"{sums}: little beside the answer, which would be much the same were nothing known."
    return f"{sums}."


def effect_text(one: Explanation) -> str:
    """What the inputs change, in a sentence."""
    return (
        f"{one.output[:1].upper()}{one.output[1:]}: {figure_text(one.result)}. "
        f"Were nothing known ({one.baseline}), it would be {figure_text(one.without)}."
    )


def row_text(one: Explanation) -> str:
    """What a row is called."""
    return f"row {one.row}" if one.row.isdigit() else one.row


def step_text(name: str) -> str:
    """A step by its name, also where that is white space."""
    return _SIGNS.get(name, name)


def strongest(shares: np.ndarray, most: int) -> list[int]:
    """Places of the largest shares, whatever their sign, the largest first; none that is nothing."""
    order = np.argsort(-np.abs(shares), kind="stable")[:most].tolist()
    return [place for place in order if shares[place]]


def _section(one: Explanation, name: str) -> Section:
    heading = f"{row_text(one)}: {one.prediction}"
    heading = heading[:1].upper() + heading[1:]
    pieces: list[AnyPiece] = []
    heat = [_heat(one)] if len(one.columns) > 1 and len(one.steps) > 1 else []
    if one.separator is not None:
        pieces.append(_text(one))
    elif len(one.steps) > 1:
        charts = list(_charts(one))
        pieces += [*charts[:1], *heat, *charts[1:]]
    elif one.values is not None:
        pieces.append(_table(one))
    pieces += _bars(one)
    pieces += _traces(one)
    return Section(
        id=name,
        heading=heading if len(heading) <= _HEADING else f"{heading[: _HEADING - 1]}…",
        lead=effect_text(one),
        legend=LEGEND,
        pieces=pieces,
        layout="hero" if len(one.steps) > 1 else "grid",
        notes=[sum_text(one)],
    )


def _relative(shares: np.ndarray) -> np.ndarray:
    """Shares as parts of the largest."""
    return np.asarray(shares / (np.abs(shares).max(initial=0) or 1.0))


def _text(one: Explanation) -> HighlightedText:
    return HighlightedText(
        title="What it read",
        note="The stronger the colour, the more of the answer is from there.",
        tokens=_tokens(one.steps, _relative(one.by_step), one.separator or ""),
        separator=one.separator or "",
    )


def _tokens(steps: Sequence[str], strengths: np.ndarray, separator: str) -> list[Token]:
    tokens = []
    for name, strength in zip(steps, strengths.tolist(), strict=True):
        own = (
            " "
            if name == "␣" and not separator
            else f"↵{'' if separator else name}"
            if name == "\n"
            else name
        )
        role: Colour = "model" if strength > 0 else "reference"
        part = round(abs(strength) * _STRONG, 2)
        tokens.append(Token(text=own, role=role if part > _FAINT else "", strength=part))
    return tokens


def _charts(one: Explanation) -> Iterable[Lines]:
    """The series of the columns that counted most, with their shares behind them."""
    values = one.values
    if values is None:
        return
    relative = _relative(one.shares)
    places = _places(one.steps)
    order = strongest(np.abs(one.shares).sum(axis=0), len(one.columns))
    drawn = [column for column in order if np.isfinite(values[:, column]).any()][:_CHARTS]
    for column in drawn or range(min(1, len(one.columns))):
        series = [float(value) if np.isfinite(value) else None for value in values[:, column]]
        yield Lines(
            title=one.columns[column] or "What it read",
            note="The stronger the colour behind a step, the more of the answer is from there.",
            x=places,
            lines=[Line(label=one.columns[column], role="ink", y=series)],
            spans=list(_shades(places, relative[:, column])),
            x_label="" if isinstance(places[0], str) else "step",
        )


def _places(steps: Sequence[str]) -> list[Place]:
    """Times where they are ones, else numbers."""
    try:
        return [datetime.fromisoformat(name).replace(tzinfo=None).isoformat() for name in steps]
    except ValueError:
        return list(range(1, len(steps) + 1))


def _shades(places: Sequence[Place], strengths: np.ndarray) -> Iterable[Span]:
    """A stretch around each step, up to the middle between it and the next."""
    own: list[Any] = [datetime.fromisoformat(one) if isinstance(one, str) else one for one in places]
    middles = [first + (last - first) / 2 for first, last in pairwise(own)]
    edges = [2 * (own[0] - middles[0]) + middles[0], *middles, 2 * (own[-1] - middles[-1]) + middles[-1]]
    ends = [edge.isoformat() if isinstance(edge, datetime) else edge for edge in edges]
    for step, strength in enumerate(strengths.tolist()):
        if abs(strength) > _FAINT:
            role: Role = "model" if strength > 0 else "reference"
            shade = round(abs(strength) * _SHADE, 2)
            yield Span(label="", role=role, strength=shade, begin=ends[step], end=ends[step + 1])


def _heat(one: Explanation) -> HeatMap:
    """Columns over time, steps joined where there are many."""
    width = -(-len(one.steps) // _BINS)
    begins = np.arange(0, len(one.steps), width)
    shares = _relative(np.add.reduceat(one.shares, begins, axis=0))
    joined = f" Of {width} steps each, added up." if width > 1 else ""
    order = [column for column in range(len(one.columns)) if one.shares[:, column].any()] or [0]
    return HeatMap(
        title="Columns over time",
        note=f"Full colour is the largest share.{joined}",
        rows=[one.columns[column] for column in order],
        columns=[step_text(one.steps[begin]) for begin in begins],
        shares=[shares[:, column].round(4).tolist() for column in order],
        row_label="column",
        column_label="step",
    )


def _table(one: Explanation) -> Table:
    values = np.zeros((1, 0)) if one.values is None else one.values
    order = strongest(one.by_column, len(one.columns)) or [0]
    return Table(
        title="Columns",
        columns=["column", "value", "share"],
        rows=[
            [
                one.columns[column],
                float(values[0, column]) if np.isfinite(values[0, column]) else None,
                float(one.by_column[column]),
            ]
            for column in order[: 2 * _BARS]
        ],
    )


def _bars(one: Explanation) -> Iterable[Bars]:
    """What counted most, among the steps and among the columns."""
    for title, names, shares in (
        ("Steps that count most", one.steps, one.by_step),
        ("Columns that count most", one.columns, one.by_column),
    ):
        order = strongest(shares, _BARS)
        if len(names) > 1 and order:
            yield Bars(
                title=title,
                note=f"In {one.unit}.",
                bars=[
                    Bar(
                        label=_named(names, place, one, title),
                        value=float(shares[place]),
                        role="model" if shares[place] > 0 else "reference",
                    )
                    for place in order
                ],
            )


def _named(names: Sequence[str], place: int, one: Explanation, title: str) -> str:
    """A column, or a step: with its number where it is a token, which may come again."""
    name = step_text(names[place])
    if not title.startswith("Steps"):
        return name
    if one.separator is not None:
        return f"{name}  ({place + 1})"
    return f"step {name}" if name.isdigit() else name


def _traces(one: Explanation) -> Iterable[AnyPiece]:
    """The units that tell most: over a text as colours, else as lines."""
    chosen = sorted(one.traces, key=lambda unit: -unit.share)[:_TRACES]
    for unit in chosen:
        title = f"Unit {unit.unit} of {unit.layer}{', backwards' if unit.reverse else ''}"
        note = f"It hands on {unit.share:.0%} of what goes from this layer into the answer."
        if one.separator is not None and len(unit.values) == len(one.steps):
            yield HighlightedText(
                title=title,
                note=f"{note} Its state after each step: blue above zero, orange below.",
                tokens=_tokens(one.steps, _relative(unit.values), one.separator),
                separator=one.separator,
            )
        elif len(unit.values) > 1:
            yield _line(one, unit, title, note)


def _line(one: Explanation, unit: UnitTrace, title: str, note: str) -> Lines:
    same = len(unit.values) == len(one.steps)
    places: list[Place] = _places(one.steps) if same else list(range(1, len(unit.values) + 1))
    return Lines(
        title=title,
        note=f"{note} Its state after each step.",
        x=places,
        lines=[Line(label="state", role="model", y=unit.values.tolist())],
        x_label="" if isinstance(places[0], str) else "step of the layer",
    )
