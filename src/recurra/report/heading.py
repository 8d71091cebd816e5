"""The top of the page: what was done, what came out, and the figures that matter most."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from recurra.report.number import count, duration, plural
from recurra.report.record import MetricsRecord, TileRecord, Time
from recurra.report.verdict import Verdict, reference_of, subject_of, verdict, wins, within


@dataclass(frozen=True)
class Heading:
    """The top of the page; `verdict` is None for a run without scores."""

    title: str
    kind: str
    finished: str
    verdict: Verdict | None
    tiles: list[TileRecord]


def heading(metrics: MetricsRecord | None, folder: str) -> Heading:
    """Make the top of the page.

    Args:
        metrics: The scores, None where the run has none.
        folder: Name of the run folder, the title of a run without scores.
    """
    if metrics is None:
        return Heading(folder, "training", "", None, [])
    finished = time_text(metrics.finished) if metrics.finished else ""
    return Heading(metrics.title or folder, metrics.task, finished, verdict(metrics), _tiles(metrics))


def data_facts(metrics: MetricsRecord) -> list[tuple[str, str]]:
    """What the run was made on and judged by, as (name, text)."""
    data = metrics.data
    facts = [
        ("Source", data.source),
        ("Target", data.target),
        ("Rows", count(data.rows) if data.rows is not None else None),
        *data.facts,
        ("Licence", data.licence),
    ]
    return [(name, text) for name, text in facts if text]


def source_name(source: str | None) -> str:
    """What to call the data of a run in its title: "co2" of "sample:co2", "sales" of "shop/sales.csv"."""
    if not source:
        return ""
    if source.startswith("sample:"):
        return source.removeprefix("sample:")
    return PurePath(source).name.split(".")[0]


def time_text(time: Time) -> str:
    """A time for people: the clock only where it is not midnight."""
    if isinstance(time, int):
        return str(time)
    moment = datetime.fromisoformat(time)
    return f"{day_text(moment)}, {moment:%H:%M}" if has_clock(moment) else day_text(moment)


def day_text(moment: datetime) -> str:
    """A day for people: "1 March 2025"."""
    return f"{moment.day} {moment:%B} {moment.year}"


def has_clock(moment: datetime) -> bool:
    """Whether a moment is not midnight."""
    return (moment.hour, moment.minute, moment.second) != (0, 0, 0)


def _tiles(metrics: MetricsRecord) -> list[TileRecord]:
    subject, reference = subject_of(metrics), reference_of(metrics)
    tiles = []
    for shown in metrics.metrics[:2]:
        scores = [subject.scores.get(shown.name), reference.scores.get(shown.name) if reference else None]
        texts = shown.texts(scores)
        note = f"{reference.label} {texts[1]}" if reference else shown.note
        tiles.append(TileRecord(number=texts[0], label=shown.label, note=note))
    tiles += metrics.tiles
    if (counted := wins(metrics)) and counted[1] > 1 and reference:
        label = f"of {count(counted[1])} {plural(metrics.group)}"
        note = f"ahead of {within(reference.label)}"
        tiles.append(TileRecord(number=count(counted[0]), label=label, note=note))
    if subject.seconds is not None:
        size = f"{count(subject.parameters)} parameters" if subject.parameters else ""
        tiles.append(TileRecord(number=duration(subject.seconds), label="training time", note=size))
    return tiles
