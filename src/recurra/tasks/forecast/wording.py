"""Time steps and times in words, for the report of a run."""

import datetime as dt
import re

import numpy as np

from recurra.inputs.series.panel import Panel
from recurra.report.heading import day_text, has_clock
from recurra.report.record import Time

_UNITS = {
    "us": "microsecond",
    "ms": "millisecond",
    "s": "second",
    "min": "minute",
    "h": "hour",
    "d": "day",
    "w": "week",
    "mo": "month",
    "q": "quarter",
    "y": "year",
}


def frequency_text(frequency: str) -> str:
    """A time step in words: "1h" is "1 hour", "15min" is "15 minutes"; others as they are."""
    parsed = _parsed(frequency)
    if parsed is None:
        return frequency
    step, unit = parsed
    return f"{step} {unit}" + ("s" if step != 1 else "")


def steps_text(steps: int, frequency: str) -> str:
    """So many time steps in words: "24 hours", "8 steps of 15 minutes", "12 steps"."""
    parsed = _parsed(frequency)
    plural = "" if steps == 1 else "s"
    if parsed is None:
        return f"{steps} step{plural}"
    if parsed[0] == 1:
        return f"{steps} {parsed[1]}{plural}"
    return f"{steps} step{plural} of {frequency_text(frequency)}"


def span_text(start: Time, end: Time) -> str:
    """From one time to another: with clocks where either has one, and the day once where it is the same."""
    if isinstance(start, int) or isinstance(end, int):
        return f"{start} to {end}"
    moments = [dt.datetime.fromisoformat(time) for time in (start, end)]
    days = [day_text(moment) for moment in moments]
    if not any(has_clock(moment) for moment in moments):
        return days[0] if days[0] == days[1] else " to ".join(days)
    first, last = (f"{moment:%H:%M}" for moment in moments)
    return f"{days[0]}, {first} to " + (last if days[0] == days[1] else f"{days[1]}, {last}")


def time_at(panel: Panel, series: int, step: int) -> Time:
    """The time of one step of a series."""
    return times_of(panel, series, step, step + 1)[0]


def times_of(panel: Panel, series: int, begin: int, end: int) -> list[Time]:
    """The times of consecutive steps of a series: whole numbers, or ISO 8601."""
    steps = np.arange(begin, end)
    times = panel.index_frame(np.full(len(steps), series), steps)[panel.columns.time].to_list()
    return [
        time
        if isinstance(time, int)
        else time.isoformat()
        if isinstance(time, dt.date | dt.datetime)
        else str(time)
        for time in times
    ]


def _parsed(frequency: str) -> tuple[int, str] | None:
    found = re.match(r"(\d+)([a-z]+)\b", frequency)
    return (int(found[1]), _UNITS[found[2]]) if found and found[2] in _UNITS else None
