"""A diagnosis as sections of the report: verdicts and remedies, then what was measured."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from recurra.diagnosis import DirectionMeasurements, Finding, Measurements, StackMeasurements, overall
from recurra.diagnosis.limits import evenly
from recurra.report.number import NARROW_SPACE
from recurra.report.piece import AnyPiece, Bar, Bars, Columns, HeatMap, Line, Lines, Role, Table
from recurra.report.record import MetricsRecord
from recurra.report.section import Section

_ROWS, _COLUMNS = 12, 12
_ROLES: tuple[Role, ...] = ("model", "reference", "third")
_POWERS = 3  # of ten, over which a colour fades
_MOST = 2  # directions and stacks that are drawn


@runtime_checkable
class Diagnosed(Protocol):
    """What is shown of a diagnosis."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The verdicts."""

    @property
    def measured(self) -> Measurements | None:
        """Of the net."""

    @property
    def run(self) -> Path:
        """The run folder."""

    @property
    def metrics(self) -> MetricsRecord | None:
        """The scores."""


def sections_of(diagnosis: Diagnosed, before: Diagnosed | None = None) -> list[Section]:
    """All of it; with the diagnosis of the run that was to be cured, both beside each other."""
    sections = [_verdicts(diagnosis, before)]
    if diagnosis.measured is not None:
        sections.append(_through_time(diagnosis.measured, before.measured if before else None))
    return sections


def compared(before: Diagnosed, after: Diagnosed) -> list[list[str]]:
    """Verdict, scores and figures of two runs: what it is, before, after."""
    rows = [["verdict", overall(before.findings), overall(after.findings)]]
    scores = [_scores(one) for one in (before, after)]
    rows += [[label, text, scores[1].get(label, "")] for label, text in scores[0].items()]
    rows.append(
        ["half-life of the gradient, in steps", *(_half_life(one.measured) for one in (before, after))]
    )
    rows.append(["memory horizon, in steps", *(_horizon(one.measured) for one in (before, after))])
    return rows


def _scores(diagnosis: Diagnosed) -> dict[str, str]:
    """The net's own by their labels, some of them."""
    metrics = diagnosis.metrics
    if metrics is None:
        return {}
    own = metrics.models[0].scores
    return {
        one.label: one.texts([own.get(one.name)])[0].replace(NARROW_SPACE, " ") for one in metrics.metrics[:3]
    }


def _half_life(measured: Measurements | None) -> str:
    lives = [one.gradient_flow.half_life for one in measured.directions] if measured else []
    shortest = min((one for one in lives if not math.isnan(one)), default=math.nan)
    return "does not fade" if math.isinf(shortest) else figure_text(shortest)


def _horizon(measured: Measurements | None) -> str:
    found = [one.memory_horizon for one in measured.stacks] if measured else []
    longest = max(found, key=lambda one: one.horizon, default=None)
    return "" if longest is None else f"{max(longest.horizon, 0)} of {longest.steps - 1}"


def figure_text(value: float) -> str:
    """A figure as people read it."""
    if not math.isfinite(value):
        return "" if math.isnan(value) else "infinite"
    if value and not 1e-3 <= abs(value) < 1e5:
        return f"{value:.1e}"
    return f"{value:.3g}"


def _verdicts(diagnosis: Diagnosed, before: Diagnosed | None) -> Section:
    rows = []
    earlier = {one.kind: one.verdict for one in before.findings} if before else {}
    for one in diagnosis.findings:
        limit = f"{'below' if one.below else 'from'} {figure_text(one.threshold)}"
        was = [earlier.get(one.kind, "")] if before else []
        rows.append([one.kind, *was, one.verdict, figure_text(one.figure), limit, one.sentence])
    columns = ["looked for", *(["before"] if before else []), "verdict", "figure", "fault", "what it means"]
    pieces: list[AnyPiece] = [Table(title="Verdicts", columns=columns, rows=rows)]
    if before is not None:
        names = ["", before.run.name, diagnosis.run.name]
        pieces.insert(0, Table(title="Before and after", columns=names, rows=compared(before, diagnosis)))
    against: dict[tuple[str, str], list[str]] = {}
    for one in diagnosis.findings:
        for remedy in one.remedies:
            against.setdefault((remedy.text, remedy.why), []).append(one.kind)
    helps = [[", ".join(kinds), text, why] for (text, why), kinds in against.items()]
    if helps:
        note = "The first of each fault is what recurra doctor RUN --apply trains again with."
        pieces.append(Table(title="Remedies", note=note, columns=["against", "setting", "why"], rows=helps))
    lead = f"Verdict: {overall(diagnosis.findings)}."
    if before is not None:
        lead = f"Before ({before.run.name}): {overall(before.findings)}. Now: {overall(diagnosis.findings)}."
    return Section(id="diagnosis", heading="Diagnosis", lead=lead, pieces=pieces, layout="full")


def _through_time(measured: Measurements, before: Measurements | None) -> Section:
    directions = measured.directions[:_MOST]
    pieces: list[AnyPiece] = [_decay(directions, before.directions[:1] if before else ())]
    pieces += [_heat(one) for one in directions if len(one.gradient_flow.steps)]
    pieces += [_memory(one) for one in measured.stacks[:_MOST]]
    for one in directions:
        pieces += [*_spectrum(one), *_time_constants(one)]
    notes = []
    if len(measured.directions) > _MOST:
        notes.append(f"The first {_MOST} of {len(measured.directions)} layers and directions are drawn.")
    return Section(
        id="through-time",
        heading="Through time",
        lead="How far back the net learns, and how long it remembers.",
        pieces=pieces,
        notes=notes,
    )


def _decay(directions: Sequence[DirectionMeasurements], before: Sequence[DirectionMeasurements]) -> Lines:
    named = [(_name(one), one) for one in directions] + [("before", one) for one in before]
    lines = [
        Line(label=label, role=role, y=_positive(one.gradient_flow.profile))
        for (label, one), role in zip(named, _ROLES, strict=False)
    ]
    longest = max(len(line.y) for line in lines)
    half = directions[0].gradient_flow.half_life
    lives = "does not fade" if not half < 1e6 else f"loses half in {half:.1f} steps"
    return Lines(
        title="What is left of a gradient",
        note=f"Of its norm, after so many steps back; it {lives}. 1 % is little, a thousandth nothing.",
        x=list(range(longest)),
        lines=lines,
        log_y=True,
        x_label="steps back",
    )


def _heat(direction: DirectionMeasurements) -> HeatMap:
    flow = direction.gradient_flow
    rows = evenly(0, len(flow.steps) - 1, _ROWS)
    lags = evenly(0, flow.norms.shape[1] - 1, _COLUMNS)
    with np.errstate(divide="ignore", invalid="ignore"):
        powers = np.log10(flow.norms / flow.norms[:, :1])
    shares = np.nan_to_num(1 + powers / _POWERS, nan=0.0, posinf=1.0, neginf=0.0).clip(0, 1)
    return HeatMap(
        title=f"Gradient through time{_of(direction)}",
        note="From the step whose loss is followed, so many steps back: full colour where all of it is "
        "left (or it grew), half where a thirtieth is, none where less than a thousandth is.",
        rows=[str(flow.steps[row] + 1) for row in rows],
        columns=[str(lag) for lag in lags],
        shares=[[float(shares[row, lag]) for lag in lags] for row in rows],
        row_label="loss at step",
        column_label="steps back",
    )


def _memory(stack: StackMeasurements) -> Lines:
    horizon = stack.memory_horizon
    lags = len(horizon.back)
    lines = [
        Line(label="replaced", role="model", y=_positive(horizon.back)),
        Line(label="by the gradient", role="muted", y=_positive(horizon.predicted[:lags])),
    ]
    return Lines(
        title="Memory horizon",
        note=f"Change of the outputs, in units of their spread, so many steps after an input was replaced. "
        f"Until step {max(horizon.horizon, 0)} it is at least 1 %; rows have {horizon.steps} steps.",
        x=list(range(lags)),
        lines=lines,
        log_y=True,
        x_label="steps later",
    )


def _spectrum(direction: DirectionMeasurements) -> Iterable[Columns]:
    values = direction.jacobian.singular_values
    if not len(values):
        return
    medians = np.median(values, axis=0)
    exponents = direction.jacobian.exponents
    leading = f" Leading Lyapunov exponent {exponents[0]:.3f}." if np.isfinite(exponents[:1]).all() else ""
    yield Columns(
        title=f"Jacobian of a step{_of(direction)}",
        note=f"Largest singular values, median over steps: how far a step stretches differences.{leading}",
        x=list(range(1, len(medians) + 1)),
        heights=medians.tolist(),
        x_label="direction",
    )


def _time_constants(direction: DirectionMeasurements) -> Iterable[Bars]:
    for one in direction.state_health.retention:
        if len(one.steps) and np.isfinite(one.steps).all():
            shares = (0.0, 0.25, 0.5, 0.75, 1.0)
            names = ("shortest", "a quarter", "half", "three quarters", "longest")
            values = np.quantile(one.steps, shares)
            yield Bars(
                title=f"Time constants of the {one.gate.replace('_', ' ')}{_of(direction)}",
                note="Steps after which 1/e of a unit's memory is left; so many of the units keep less.",
                bars=[Bar(label=name, value=float(value)) for name, value in zip(names, values, strict=True)],
            )


def _positive(values: Iterable[float]) -> list[float | None]:
    """For a logarithmic axis: what is next to nothing is left out."""
    return [float(one) if one >= 1e-4 and math.isfinite(one) else None for one in values]


def _name(direction: DirectionMeasurements) -> str:
    return f"{direction.name}{', backwards' if direction.reverse else ''}"


def _of(direction: DirectionMeasurements) -> str:
    return ", backwards" if direction.reverse else ""
