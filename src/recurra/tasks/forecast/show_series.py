"""The series themselves on a report: all their steps, the parts that they were split into, and their gaps."""

import numpy as np
from jaxtyping import Float, Int64

from recurra.inputs.series.panel import Panel
from recurra.report.number import count, percent
from recurra.report.piece import Band, Line, Lines, Span
from recurra.report.record import Time
from recurra.report.section import Section
from recurra.tasks.forecast.part import ForecastPart
from recurra.tasks.forecast.show_window import numbers
from recurra.tasks.forecast.wording import series_name, span_text, steps_text, time_at

SHOWN = 3
MOST_POINTS = 1200
"""Steps that are drawn one by one; of more, the mean of some and their range."""

MOST_GAPS = 40


def series_section(part: ForecastPart) -> Section:
    """The first of the series that are scored."""
    chosen = np.unique(part.origins.series)
    notes = (
        [f"These are the first {SHOWN} of {count(len(part.panel))} series."] if len(chosen) > SHOWN else []
    )
    return Section(
        id="series",
        heading="The whole series",
        lead="All steps that were read, and the part that is scored.",
        pieces=[_piece(part, int(series)) for series in chosen[:SHOWN]],
        layout="full",
        notes=notes,
    )


def _piece(part: ForecastPart, series: int) -> Lines:
    panel, values = part.panel, part.panel.series(series)
    width = -(-len(values) // MOST_POINTS)
    starts = np.arange(0, len(values), width)
    times = [time_at(panel, series, int(step)) for step in starts]
    low, mean, high = _binned(values, width)
    bands = []
    if width > 1:
        bands.append(
            Band(label="lowest to highest", level=100, role="muted", lower=numbers(low), upper=numbers(high))
        )
    begin, end = (time_at(panel, series, step) for step in (0, len(values) - 1))
    note = f"{count(len(values))} steps, {span_text(begin, end)}"
    gaps = _gaps(values)
    missing = int(np.isnan(values).sum())
    if missing:
        longest = steps_text(max(end - begin for begin, end in gaps), str(panel.frequency))
        share = percent(missing / len(values), 1)
        note += f"; {count(missing)} without a value ({share}), the longest gap {longest}"
    return Lines(
        title=series_name(panel, series),
        note=note + ".",
        description=f"All of series {series_name(panel, series)}: {note}.",
        x=times,
        lines=[
            Line(
                label=f"mean of {width} steps" if width > 1 else panel.columns.target,
                role="ink",
                y=numbers(mean),
            )
        ],
        bands=bands,
        spans=[*_parts(part, series), *_missing(panel, series, gaps)],
        y_label=part.target,
    )


def _binned(
    values: Float[np.ndarray, " steps"], width: int
) -> tuple[Float[np.ndarray, " bins"], Float[np.ndarray, " bins"], Float[np.ndarray, " bins"]]:
    """Lowest, mean and highest of so many consecutive steps each; NaN where none has a value."""
    padded = np.full(-(-len(values) // width) * width, np.nan)
    padded[: len(values)] = values
    table = padded.reshape(-1, width)
    there = np.isfinite(table)
    number = there.sum(axis=1)
    mean = np.where(there, table, 0).sum(axis=1) / np.maximum(number, 1)
    low, high = np.where(there, table, np.inf).min(axis=1), np.where(there, table, -np.inf).max(axis=1)
    return tuple(np.where(number > 0, found, np.nan) for found in (low, mean, high))  # type: ignore[return-value]


def _parts(part: ForecastPart, series: int) -> list[Span]:
    """What was held out: for validation, and for the score."""
    panel, origins = part.panel, part.origins.position[part.origins.series == series]
    first, last = int(origins[0]), int(origins[-1]) + part.resolved.horizon
    spans = []
    if part.train_end is not None and part.train_end[series] < first:
        begin, end = time_at(panel, series, int(part.train_end[series])), time_at(panel, series, first)
        spans.append(Span(label="validation part", role="third", begin=begin, end=end))
    scored = "scored" if part.train_end is None else "test part"
    begin, end = time_at(panel, series, first), time_at(panel, series, last)
    return [*spans, Span(label=scored, role="model", begin=begin, end=end)]


def _missing(panel: Panel, series: int, gaps: list[tuple[int, int]]) -> list[Span]:
    """The longest gaps."""
    longest = sorted(gaps, key=lambda gap: gap[0] - gap[1])[:MOST_GAPS]
    ends: list[tuple[Time, Time]] = [
        (time_at(panel, series, begin), time_at(panel, series, end)) for begin, end in longest
    ]
    return [Span(label="no value", role="reference", begin=begin, end=end) for begin, end in ends]


def _gaps(values: Float[np.ndarray, " steps"]) -> list[tuple[int, int]]:
    """Where values are missing: first step, and the one after the last."""
    edges: Int64[np.ndarray, " edges"] = np.flatnonzero(
        np.diff(np.isnan(values), prepend=False, append=False)
    )
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
