"""The top of the page: what was forecast, what came out, and the figures that matter most."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from recurra.report.metric import metric
from recurra.report.number import count, duration, percent
from recurra.report.record import MetricsRecord, Time
from recurra.report.verdict import Verdict, reference_of, subject_of, verdict, wins, within

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


@dataclass(frozen=True)
class Tile:
    """A number that matters: the number, what it is, and what to compare it with."""

    number: str
    label: str
    note: str


@dataclass(frozen=True)
class Heading:
    """The top of the page; `verdict` is None for a run without scores."""

    title: str
    kind: str
    finished: str
    verdict: Verdict | None
    tiles: list[Tile]


def heading(metrics: MetricsRecord | None, folder: str) -> Heading:
    """Make the top of the page.

    Args:
        metrics: The scores, None where the run has none.
        folder: Name of the run folder, the title of a run without scores.
    """
    if metrics is None:
        return Heading(folder, "training", "", None, [])
    source = _source_name(metrics.data.source) or folder
    ahead = _ahead(metrics.protocol.horizon, metrics.data.frequency)
    finished = time_text(metrics.finished) if metrics.finished else ""
    return Heading(f"{source}{ahead}", metrics.task, finished, verdict(metrics), _tiles(metrics))


def data_facts(metrics: MetricsRecord) -> list[tuple[str, str]]:
    """What the run was made on and judged by, as (name, text)."""
    data, protocol = metrics.data, metrics.protocol
    facts = [
        ("Source", data.source),
        ("Target", data.target),
        ("Rows", count(data.rows) if data.rows is not None else None),
        ("Series", count(data.series) if data.series is not None else None),
        ("Time step", frequency_text(data.frequency)),
        ("Season", f"{data.season_length} steps" if data.season_length else None),
        ("Training until", time_text(protocol.train_end) if protocol.train_end is not None else None),
        ("Test part", _span_text(protocol.test_start, protocol.test_end)),
        ("Forecasts judged", _windows_text(metrics)),
        ("Licence", data.licence),
    ]
    return [(name, text) for name, text in facts if text]


def frequency_text(frequency: str | None) -> str | None:
    """A time step in words: "1h" is "1 hour", "15min" is "15 minutes"."""
    parsed = _parsed(frequency)
    if parsed is None:
        return frequency
    step, unit = parsed
    return f"{step} {unit}" + ("s" if step != 1 else "")


def time_text(time: Time) -> str:
    """A time for people: the clock only where it is not midnight."""
    if isinstance(time, int):
        return str(time)
    moment = datetime.fromisoformat(time)
    return f"{_day(moment)}, {moment:%H:%M}" if _has_clock(moment) else _day(moment)


def _tiles(metrics: MetricsRecord) -> list[Tile]:
    subject, reference = subject_of(metrics), reference_of(metrics)
    tiles = []
    for name in metrics.metrics[:2]:
        shown = metric(name)
        scores = [subject.scores.get(name), reference.scores.get(name) if reference else None]
        texts = shown.texts(scores)
        note = f"{reference.label} {texts[1]}" if reference else shown.note
        tiles.append(Tile(texts[0], shown.label, note))
    tiles += [
        Tile(percent(one.coverage, 1), "of the truth", "inside the 80 % interval")
        for one in metrics.calibration
        if one.level == 80
    ]
    if (counted := wins(metrics)) and counted[1] > 1 and reference:
        note = f"ahead of {within(reference.label)}"
        tiles.append(Tile(count(counted[0]), f"of {count(counted[1])} series", note))
    if subject.seconds is not None:
        size = f"{count(subject.parameters)} parameters" if subject.parameters else ""
        tiles.append(Tile(duration(subject.seconds), "training time", size))
    return tiles


def _span_text(start: Time | None, end: Time | None) -> str | None:
    """From one time to another: with clocks where either has one, and the day once where it is the same."""
    if start is None or end is None:
        return None
    if isinstance(start, int) or isinstance(end, int):
        return f"{start} to {end}"
    moments = [datetime.fromisoformat(time) for time in (start, end)]
    days = [_day(moment) for moment in moments]
    if not any(_has_clock(moment) for moment in moments):
        return days[0] if days[0] == days[1] else " to ".join(days)
    first, last = (f"{moment:%H:%M}" for moment in moments)
    return f"{days[0]}, {first} to " + (last if days[0] == days[1] else f"{days[1]}, {last}")


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B} {moment.year}"


def _has_clock(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second) != (0, 0, 0)


def _windows_text(metrics: MetricsRecord) -> str | None:
    protocol = metrics.protocol
    if protocol.windows is None:
        return None
    text = f"{count(protocol.windows)}"
    if protocol.horizon is not None:
        text += f", each {_steps(protocol.horizon, metrics.data.frequency)} ahead"
    if protocol.origins is not None and protocol.origins > 1:
        text += f", from {count(protocol.origins)} origins a series"
        if protocol.stride is not None:
            text += f", {_steps(protocol.stride, metrics.data.frequency)} apart"
    return text


def _ahead(horizon: int | None, frequency: str | None) -> str:
    return "" if horizon is None else f", {_steps(horizon, frequency)} ahead"


def _steps(steps: int, frequency: str | None) -> str:
    """So many time steps in words: "24 hours", "8 steps of 15 minutes", "12 steps"."""
    parsed = _parsed(frequency)
    plural = "" if steps == 1 else "s"
    if parsed is None:
        return f"{steps} step{plural}"
    if parsed[0] == 1:
        return f"{steps} {parsed[1]}{plural}"
    return f"{steps} step{plural} of {frequency_text(frequency)}"


def _parsed(frequency: str | None) -> tuple[int, str] | None:
    found = re.match(r"(\d+)([a-z]+)\b", frequency or "")
    return (int(found[1]), _UNITS[found[2]]) if found and found[2] in _UNITS else None


def _source_name(source: str | None) -> str:
    if not source:
        return ""
    if source.startswith("sample:"):
        return source.removeprefix("sample:")
    return PurePath(source).name.split(".")[0]
