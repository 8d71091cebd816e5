"""Verdicts: what the figures of a net and of its training mean, and what helps.

Thresholds are set against fresh and trained nets (docs/log.md), and docs/doctor.md says why each is where it
is. What fades or is forgotten is a fault only where training suffered: where errors still depend on what lies
so far back, or, if none of it shows in them, where training took less than half off the loss, or took it off
by constants alone.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from recurra.diagnosis import remedy
from recurra.diagnosis.finding import HEALTHY, Finding, Remedy
from recurra.diagnosis.measure import DirectionMeasurements, Measurements
from recurra.diagnosis.success import CHANCE, LEARNT, at_chance, furthest_missed, need, succeeded, suffered
from recurra.diagnosis.training_health import TrainingHealth

LEFT = 1e-3
"""Of a gradient that has come back as far as it must: less is lost in the noise of batches."""
GROWN = 1e3
"""Times its size: one such gradient outweighs a thousand others."""
SATURATED = 0.7
"""Of the values of a tanh."""
DEAD = 0.4
"""Of the units of a ReLU."""
RANK = 1.5
"""Directions that states use; with 1 they move on a line."""
HORIZON = 0.5
"""Of the steps that must be remembered."""
OVERFITTING = 0.2
"""Of the way that the validation loss came down."""
WORSENING = 0.5
"""Of the way that the training loss came down."""
RISEN = 0.05
"""Of the first loss: less of a rise is noise."""
WILD = 100.0
"""Norm of the gradient before a training without clipping broke; 1 is where most clip."""

Settings = Mapping[str, Any]


def findings(
    measured: Measurements | None, health: TrainingHealth | None, settings: Settings
) -> tuple[Finding, ...]:
    """All verdicts, in the order in which remedies matter.

    Args:
        measured: Of the net, or of the one that a training began with which broke; None: there is none.
        health: Of its training; None where there is no history, and of a fresh net.
        settings: Those it was trained with, by name; only these are changed by remedies.
    """
    found: list[Finding] = []
    broke = health is not None and health.not_finite > 0
    if health is not None:
        found.append(_diverging(health, settings))
    if measured is not None or broke:
        found.append(_exploding(measured, health, settings))
    if measured is not None and not broke:
        found += [
            _vanishing(measured, health, settings),
            _forgetting(measured, health, settings),
            _saturated(measured, health, settings),
            _dead(measured, settings),
            _low_rank(measured, health, settings),
        ]
    if health is not None:
        causes = [one for one in found if not one.healthy and one.kind != "low rank"]
        found += [
            _overfitting(health, settings),
            _underfitting(measured, health, settings, causes),
        ]
    return tuple(found)


def _finding(
    kind: str,
    measured: str,
    figure: float,
    threshold: float,
    words: tuple[str, str],
    remedies: Callable[[], tuple[Remedy, ...]],
    *,
    fault: bool,
    below: bool = False,
) -> Finding:
    """A finding; `words` are those for a fault and for a healthy net."""
    verdict, sentence = (kind, words[0]) if fault else (HEALTHY, words[1])
    return Finding(kind, verdict, measured, figure, threshold, below, sentence, remedies() if fault else ())


def _vanishing(measured: Measurements, health: TrainingHealth | None, settings: Settings) -> Finding:
    left = {one: _left(one, measured, health) for one in measured.directions}
    worst = min(left, key=lambda one: left[one])
    steps, flow = need(worst, measured, health), worst.gradient_flow
    far = left[worst] < LEFT
    where = f"the gradient{_place(worst, measured)}"
    fault = (
        f"On its way back {where} loses half of its size every {_steps(flow.half_life)}; "
        f"after {flow.reach()} of {steps} steps less than 1 % is left. What comes earlier teaches nothing."
    )
    fine = f"After {steps} steps back {left[worst]:.2g} of {where} is left."
    if steps == 0:
        fine = "What these layers read shows no dependence between steps, so nothing has to come back."
    hurt = suffered(measured, health)
    if far and not hurt:
        fine = f"Little of {where} comes back {steps} steps, yet the net learnt: it needs none of it."
    return _finding(
        "vanishing", f"share of the gradient left after {steps} steps", left[worst], LEFT, (fault, fine),
        lambda: remedy.against_vanishing(settings, steps + 1),
        fault=far and hurt, below=True,
    )  # fmt: skip


def _left(direction: DirectionMeasurements, measured: Measurements, health: TrainingHealth | None) -> float:
    profile = direction.gradient_flow.profile
    return float(profile[min(need(direction, measured, health), len(profile) - 1)])


def _exploding(measured: Measurements | None, health: TrainingHealth | None, settings: Settings) -> Finding:
    directions = () if measured is None else measured.directions
    grown = {one: float(np.nanmax(one.gradient_flow.profile)) for one in directions}
    worst = max(grown, key=lambda one: grown[one], default=None)
    most = grown[worst] if worst is not None else math.nan
    wild = math.nan if health is None else _wildest(health)
    clipped = settings.get("gradient_clip") is not None or settings.get("gradient_clip_value") is not None
    held = clipped and succeeded(measured, health)
    limit = WILD if health is not None and health.not_finite and not clipped else GROWN
    by_flow = most >= limit
    figure = wild if wild >= limit and not by_flow else most
    fault = (
        f"The longest gradient of the training was {wild:,.0f} times as long as usual: single steps undo "
        "what many taught."
    )
    if worst is not None and measured is not None and by_flow:
        fault = (
            f"On their way back gradients{_place(worst, measured)} grow by {worst.gradient_flow.factor:.2f} "
            f"a step, to {most:,.0f} times their size: small changes of weights change everything."
        )
    fine = f"No gradient grows to more than {most:.3g} times its size on its way back."
    if worst is None:
        fine = "No gradient of the training stood out."
    if held and figure >= limit:
        fine = "Gradients grew, were clipped, and the net learnt."
    return _finding(
        "exploding", "largest growth of a gradient", figure, limit, (fault, fine),
        lambda: remedy.against_exploding(settings), fault=figure >= limit and not held,
    )  # fmt: skip


def _wildest(health: TrainingHealth) -> float:
    """The longest gradient beside the usual one, or 1, where most clip; of a run that broke beside 1."""
    usual = 1.0 if health.not_finite else max(health.gradient_norm, 1.0)
    return health.largest_gradient * health.gradient_norm / usual


def _forgetting(measured: Measurements, health: TrainingHealth | None, settings: Settings) -> Finding:
    steps = max((need(one, measured, health) for one in measured.directions), default=0)
    horizon = max((_horizon_of(measured, one) for one in range(len(measured.stacks))), default=-1)
    known = bool(measured.stacks) and steps > 0
    share = (horizon + 1) / (steps + 1) if known else math.nan
    early = known and share < HORIZON
    seen = f"An input changes what the recurrent layers give for {max(horizon, 0)} of {steps} steps."
    fault = f"{seen} By the end the net has forgotten how a row began."
    fine = f"{seen} The net learnt, so that is enough." if early else seen if known else "Nothing tells."
    return _finding(
        "forgetting", "memory, as a share of the steps that matter", share, HORIZON, (fault, fine),
        lambda: remedy.against_forgetting(settings, steps + 1),
        fault=early and suffered(measured, health), below=True,
    )  # fmt: skip


def _horizon_of(measured: Measurements, number: int) -> int:
    """How far a stack remembers, in either direction."""
    horizon = measured.stacks[number].memory_horizon
    return max(horizon.horizon, horizon.horizon_ahead)


def _saturated(measured: Measurements, health: TrainingHealth | None, settings: Settings) -> Finding:
    shares = {
        one: candidate.low + candidate.high
        for one in measured.directions
        if not one.state_health.retention or (health is not None and health.learnt < LEARNT)
        for candidate in one.state_health.gates.values()
        if candidate.squash == "tanh"
    }
    worst = max(shares, key=lambda one: shares[one], default=None)
    share = shares[worst] if worst is not None else math.nan
    where = _place(worst, measured) if worst is not None else ""
    fault = f"{share:.0%} of the values{where} are at the flat ends of tanh: they hardly learn any more."
    fine = f"{share:.0%} of the values are at the ends of tanh."
    if worst is None:
        fine = "No tanh to saturate, or gates that learn past it."
    return _finding(
        "saturated", "share of values beyond 0.9 of tanh", share, SATURATED, (fault, fine),
        lambda: remedy.against_saturation(settings),
        fault=share >= SATURATED and not succeeded(measured, health),
    )  # fmt: skip


def _dead(measured: Measurements, settings: Settings) -> Finding:
    shares = [
        gate.stuck for one in measured.directions for gate in one.state_health.gates.values()
        if gate.squash == "relu"
    ]  # fmt: skip
    share = max(shares, default=math.nan)
    fault = f"{share:.0%} of the units are 0 at all steps of all rows: no gradient reaches them any more."
    fine = f"{share:.0%} of the units are 0 at all steps." if shares else "No ReLU, so no unit can die."
    return _finding(
        "dead units", "share of units that are always 0", share, DEAD, (fault, fine),
        lambda: remedy.against_dead_units(settings), fault=share >= DEAD,
    )  # fmt: skip


def _low_rank(measured: Measurements, health: TrainingHealth | None, settings: Settings) -> Finding:
    worst = min(measured.directions, key=lambda one: one.state_health.effective_rank)
    rank, units = worst.state_health.effective_rank, worst.units
    used = f"The states use about {rank:.1f} of {units} directions."
    low = rank < RANK and units > 2
    fine = f"{used} The net learnt, so that is enough." if low else used
    return _finding(
        "low rank", "directions that the states use", rank, RANK, (f"{used} Most units say the same.", fine),
        lambda: remedy.against_low_rank(settings), fault=low and not succeeded(measured, health), below=True,
    )  # fmt: skip


def _diverging(health: TrainingHealth, settings: Settings) -> Finding:
    broken = health.not_finite > 0
    given_back = health.worsening >= WORSENING and health.risen >= RISEN
    worse = health.above >= WORSENING
    figure = math.inf if broken or worse else health.worsening
    fault = f"At the end the training loss had given back {health.worsening:.0%} of the way it came down."
    if worse:
        fault = f"At the end the training loss was {1 + health.above:,.1f} times what it was at first."
    if broken:
        fault = "The loss or a gradient became infinite or no number: training broke."
    fine = "The training loss stayed down, once it was."
    return _finding(
        "diverging", "share of its way down that the training loss gave back", figure, WORSENING,
        (fault, fine), lambda: remedy.against_divergence(settings), fault=broken or given_back or worse,
    )  # fmt: skip


def _overfitting(health: TrainingHealth, settings: Settings) -> Finding:
    figure = math.nan if health.learnt < LEARNT else health.overfitting
    best = (
        "" if health.best_epoch is None else f" The weights of epoch {health.best_epoch + 1} were the best."
    )
    fault = (
        f"Since its best epoch the validation loss has risen by {figure:.0%} of the way it came down, while "
        f"the training loss went on falling: the net learns rows by heart.{best}"
    )
    fine = "Validation kept up with training."
    if math.isnan(figure):
        fine = "There was no validation, or too little was learnt to tell."
    return _finding(
        "overfitting", "rise of the validation loss, in shares of its way down", figure, OVERFITTING,
        (fault, fine), lambda: remedy.against_overfitting(settings), fault=figure >= OVERFITTING,
    )  # fmt: skip


def _underfitting(
    measured: Measurements | None, health: TrainingHealth, settings: Settings, causes: list[Finding]
) -> Finding:
    figure, threshold = health.learnt, LEARNT
    what = "share of the first loss that training took off"
    fault = f"Training took {max(figure, 0):.0%} off the loss: the net learnt next to nothing."
    shut = None if measured is None else measured.blind
    if shut is not None and at_chance(measured, health) and not figure < LEARNT:
        figure, threshold = shut.owed, CHANCE
        what = "share of the loss that telling rows apart takes off"
        fault = (
            f"What the net reads takes {max(figure, 0):.0%} off the loss of answers that are the same for "
            "every row: it is at chance."
        )
    missed = furthest_missed(measured, health)
    if causes:
        fault += f" Why, the verdict {causes[0].verdict!r} says."
    elif missed:
        fault += f" Its errors depend on what stood {missed} steps before."
    fine = f"Training took {figure:.0%} off the loss." if not math.isnan(figure) else "Nothing tells."
    return _finding(
        "underfitting", what, figure, threshold, (fault, fine),
        lambda: () if causes else remedy.against_underfitting(settings, health, missed),
        fault=figure < threshold, below=True,
    )  # fmt: skip


def _place(direction: DirectionMeasurements, measured: Measurements) -> str:
    """Which layer is meant, where there are several."""
    if len(measured.directions) == 1:
        return ""
    return f" in {direction.name}{', backwards,' if direction.reverse else ''}"


def _steps(count: float) -> str:
    return "step" if count < 1.05 else f"{count:.1f} steps" if count < 10 else f"{count:.0f} steps"


def overall(findings: tuple[Finding, ...]) -> str:
    """What they come to, in a few words."""
    faults = [one.verdict for one in findings if not one.healthy]
    return ", ".join(faults) or HEALTHY
