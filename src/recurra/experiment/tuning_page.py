"""The page about a search for settings: its course, which settings matter, and what each did."""

import math
from collections.abc import Sequence
from pathlib import Path

from recurra.experiment.tuning import BEST_FILE, TrialRecord, TuningRecord
from recurra.report.number import duration, plain
from recurra.report.page import REPORT_FILE
from recurra.report.piece import AnyPiece, Bar, Bars, Line, Lines, Point, Points, Scatter, Table
from recurra.report.section import Section
from recurra.report.sheet import Sheet, write_sheet
from recurra.report.verdict import within

FEW = 8
"""Settings that are drawn one by one, and trials that are listed."""


def write_tuning_page(folder: Path, record: TuningRecord) -> Path:
    """Write `report.html` into the folder of a search.

    Raises:
        StorageError: It cannot be written.
    """
    sheet = Sheet(
        title=f"Settings for {record.task} on {Path(record.data).name}",
        kind=f"search for {record.task}",
        finished=record.finished,
        headline=headline_of(record),
        details=details_of(record),
        sections=[*_course(record), *_importances(record), *_slices(record), _best(record)],
        command=record.command,
        settings={"storage": record.storage, "study": record.study, **record.space},
        versions=record.versions,
    )
    return write_sheet(folder / REPORT_FILE, sheet)


def headline_of(record: TuningRecord) -> str:
    """The best trial in a sentence."""
    best = record.best_trial
    if best is None:
        return "No trial came to an end."
    first = next((one for one in record.of_state("complete") if one.number == 0), None)
    beside = ""
    if first is not None and best.number != first.number:
        beside = f"; the defaults, as far as they lie in the ranges, have {_value(record, first)}"
    label = within(record.metric.label)
    return f"Trial {best.number} is the best: {label} {_value(record, best)}{beside}."


def details_of(record: TuningRecord) -> list[str]:
    """How many trials ended how, and what was not looked at."""
    counts = {state: len(record.of_state(state)) for state in ("complete", "pruned", "failed", "running")}
    told = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
    total = sum(one.seconds or 0.0 for one in record.trials)
    found = [f"{told or 'no'} trials, {duration(total)} in all."]
    found.append("Values are of the validation part; the test part was not looked at.")
    if record.best is not None:
        found.append(f"The best settings are in {BEST_FILE}, which recurra train --config takes.")
    return [*found, *record.notes]


def _complete(record: TuningRecord) -> list[TrialRecord]:
    return [one for one in record.of_state("complete") if one.value is not None]


def _course(record: TuningRecord) -> list[Section]:
    """Values in the order of the trials, and the best so far."""
    known = _complete(record)
    if not known:
        return []
    pick = min if record.better == "low" else max
    values = [one.value or 0.0 for one in known]
    best = [pick(values[: place + 1]) for place in range(len(values))]
    lines = [Line(label="best so far", role="model", y=best), Line(label="trial", role="muted", y=values)]
    piece = Lines(
        title=record.metric.label,
        note=record.metric.note,
        x=list(range(1, len(known) + 1)),
        lines=lines,
        x_label="complete trials",
        unit="share" if record.metric.unit == "share" else "",
    )
    return [Section(id="course", heading="Course of the search", pieces=[piece])]


def _importances(record: TuningRecord) -> list[Section]:
    if not record.importances:
        return []
    bars = [Bar(label=key, value=value) for key, value in record.importances.items()]
    lead = (
        "Share of each setting in how much the value varies among good and bad trials (PED-ANOVA). With few "
        "trials it is a rough guess."
    )
    return [
        Section(
            id="importance",
            heading="Which settings matter",
            lead=lead,
            pieces=[Bars(bars=bars, unit="share")],
            layout="full",
        )
    ]


def _slices(record: TuningRecord) -> list[Section]:
    """The value over each setting alone, the most important ones first."""
    known = _complete(record)
    keys = [*record.importances, *(key for key in record.space if key not in record.importances)]
    pieces: list[AnyPiece] = []
    for key in keys:
        tried = [(one.params[key], float(one.value or 0.0)) for one in known if key in one.params]
        piece = _slice(record, key, tried)
        if piece is not None and len(pieces) < FEW:
            pieces.append(piece)
    if not pieces:
        return []
    lead = f"{record.metric.label} of each complete trial over one setting; the others vary as well."
    return [Section(id="slices", heading="What each setting did", lead=lead, pieces=pieces)]


def _slice(record: TuningRecord, key: str, tried: Sequence[tuple[object, float]]) -> AnyPiece | None:
    numbers = [(float(x), y) for x, y in tried if isinstance(x, int | float) and not isinstance(x, bool)]
    if not tried or (numbers and len({x for x, _ in numbers}) < 2):
        return None
    if len(numbers) == len(tried):
        log = "logarithmic" in record.space.get(key, "")
        return Scatter(
            title=key, points=[(x, y) for x, y in numbers if math.isfinite(y)], diagonal=False, equal=False,
            log_x=log, y_label=record.metric.label,
        )  # fmt: skip
    groups: dict[str, list[float]] = {}
    for x, y in tried:
        groups.setdefault(str(x), []).append(y)
    return Points(title=key, points=[Point(label=one, values=own) for one, own in groups.items()])


def _best(record: TuningRecord) -> Section:
    """The best trials with their settings, and those that could not train."""
    sign = 1 if record.better == "low" else -1
    ranked = sorted(_complete(record), key=lambda one: sign * (one.value or 0.0))[:FEW]
    keys = list(record.space)
    rows = [
        [f"{key}", *(_text(one.params.get(key)) for one in ranked)]
        for key in [*(key for key in record.importances), *(k for k in keys if k not in record.importances)]
    ]
    rows.insert(0, [record.metric.label, *(_value(record, one) for one in ranked)])
    table = Table(columns=["Setting", *(f"trial {one.number}" for one in ranked)], rows=rows)
    notes = [f"Trial {one.number}: {one.note}." for one in record.trials if one.note][:FEW]
    return Section(
        id="best", heading="The best trials", pieces=[table] if ranked else [], layout="full", notes=notes
    )


def _value(record: TuningRecord, trial: TrialRecord) -> str:
    return record.metric.texts([trial.value])[0]


def _text(value: object) -> str:
    return plain(value) if isinstance(value, float) else "\N{EN DASH}" if value is None else str(value)
