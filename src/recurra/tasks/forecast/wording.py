"""A run in words: what was forecast of what, time steps, times."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, cast

import numpy as np

from recurra.experiment.task import Description, Fitted
from recurra.inputs.series.origin import windows_apart
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.split import Split
from recurra.report.heading import day_text, has_clock, source_name, time_text
from recurra.report.number import NARROW_SPACE, count, percent
from recurra.report.record import TileRecord, Time
from recurra.tasks.forecast.network import ForecastNetwork
from recurra.tasks.forecast.part import ForecastPart

FEW_WINDOWS = 10
"""With fewer forecasts that do not overlap, scores owe much to luck."""

_UNITS = {
    "us": "microsecond",
    "ms": "millisecond",
    "s": "second",
    "min": "minute",
    "h": "hour",
    "d": "day",
    "b": "business day",
    "w": "week",
    "mo": "month",
    "q": "quarter",
    "y": "year",
}


def highlights(overall: Mapping[str, float]) -> tuple[list[TileRecord], list[str]]:
    """What the 80 % interval held, as a tile and as a sentence; nothing where there is none."""
    share = overall.get("coverage_80", np.nan)
    if not np.isfinite(share):
        return [], []
    miss: Literal["", "below", "above"] = ""
    if not 0.72 <= share <= 0.88:
        miss = "below" if share < 0.8 else "above"
    said = {"": "", "below": ": it is too narrow", "above": ": it is too wide"}[miss]
    note = f"inside the 80{NARROW_SPACE}% interval{said}"
    tile = TileRecord(number=percent(share, 1), label="of the truth", note=note, miss=miss)
    return [tile], [f"Its 80{NARROW_SPACE}% interval held {percent(share)} of the truth{said}."]


def describe(fitted: Fitted, part: ForecastPart) -> Description:
    """What was forecast, how far ahead, and how often."""
    panel, horizon = part.panel, steps_text(part.resolved.horizon, str(part.panel.frequency))
    return Description(
        title=f"{source_name(panel.table.source)}, {horizon} ahead",
        judged=f"{count(len(part))} forecast{'' if len(part) == 1 else 's'}",
        facts=(*_facts(part, fitted.schema.trained_until), *_base_facts(fitted)),
        source=panel.table.source,
        rows=len(panel.target),
        target=part.target,
        notes=(*_base_notes(fitted), *_overlap_notes(part), *part.truth.scale.notes),
    )


def _base_facts(fitted: Fitted) -> list[tuple[str, str]]:
    """What forecasts begin from, where that is a classical method."""
    base, net = fitted.schema.base, cast("ForecastNetwork", fitted.model)
    if base is None:
        return []
    return [("Base of forecasts", base.label), ("Share of the net", percent(float(net.share)))]


def _base_notes(fitted: Fitted) -> list[str]:
    """Whose forecasts these are, where the net adds nothing to its base."""
    base, net = fitted.schema.base, cast("ForecastNetwork", fitted.model)
    if base is None or float(net.share) > 0:
        return []
    return [
        f"On the validation part the net was no sure gain over its base: forecasts are those of {base.label}."
    ]


def _overlap_notes(part: ForecastPart) -> list[str]:
    """How few forecasts do not share steps, where that leaves much to luck."""
    apart = int(windows_apart(part.origins, part.resolved.horizon))
    if apart >= FEW_WINDOWS or apart == len(part):
        return []
    kept = f"no more than {count(apart)} of these do not overlap" if apart > 1 else "these all overlap"
    return [f"Of the {count(len(part))} forecasts {kept}, so differences between models may be luck."]


def _facts(part: ForecastPart, trained_until: str) -> list[tuple[str, str]]:
    """What the series are, and from which moments was forecast, in words.

    Times are those of the longest series that was scored.
    """
    panel, origins, resolved = part.panel, part.origins, part.resolved
    horizon, frequency = resolved.horizon, str(panel.frequency)
    series = int(origins.series[np.argmax(panel.lengths[origins.series])])
    positions = origins.position[origins.series == series]
    first, last = int(positions[0]), int(positions[-1])
    judged = f"{count(len(part))}, each {steps_text(horizon, frequency)} ahead"
    if len(positions) > 1:
        stride = steps_text(int(positions[1] - positions[0]), frequency)
        judged += f", from {count(len(positions))} origins a series, {stride} apart"
    begin, end = (time_at(panel, series, step) for step in (first, last + horizon - 1))
    return [
        ("Series", count(len(panel))),
        ("Time step", frequency_text(frequency)),
        ("Season", f"{panel.season_length} steps"),
        ("Training until", time_words(trained_until)),
        ("Scored part" if part.train_end is None else "Test part", span_text(begin, end)),
        ("Forecasts judged", judged),
    ]


def outline_of(panel: Panel, split: Split) -> str:
    """The series trained on, step, season and parts in a sentence; times are those of the longest."""
    longest = int(np.argmax(split.test_end))
    trained = int(np.count_nonzero(split.test_end))
    ends = (split.train_end, split.validation_end, split.test_end)
    train, validation, test = (int(one[longest]) for one in ends)
    parts = [f"{count(train)} steps to train on"]
    for begin, end, use in ((train, validation, "choose the epoch"), (validation, test, "score")):
        if end > begin:
            parts.append(f"{count(end - begin)} to {use} (from {time_text(time_at(panel, longest, begin))})")
    series = "1 series" if trained == 1 else f"{count(trained)} series, the longest"
    step = frequency_text(str(panel.frequency))
    return f"{series} of {count(test)} steps of {step}, season {panel.season_length}: " + ", ".join(parts)


def time_words(text: str) -> str:
    """A time that was written down by its table's own type."""
    try:
        return time_text(dt.datetime.fromisoformat(text).isoformat())
    except ValueError:
        return text  # a whole number


def frequency_text(frequency: str) -> str:
    """A time step in words: "1h" is "1 hour", "15min" is "15 minutes"; others as they are."""
    parsed = _parsed(frequency)
    if parsed is None:
        return frequency
    step, unit = parsed
    return f"{step} {unit}" + ("s" if step != 1 else "")


def series_name(panel: Panel, series: int) -> str:
    """What to call a series: its id, or the target where there is only one without a name."""
    return panel.ids[series] if panel.columns.unique_id else panel.columns.target


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
    kind = panel.time_type
    if kind.zone is not None and kind.zone[0] in "+-":  # no zone of a datetime: as its clock shows
        kind = replace(kind, local=True)
    times = kind.column(panel.step_times(np.full(len(steps), series), steps), panel.columns.time).to_list()
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
