"""Whether a training got what it needed: what it took off the loss, by what, and what its errors show."""

import math

from recurra.diagnosis.measure import DirectionMeasurements, Measurements
from recurra.diagnosis.training_health import TrainingHealth

LEARNT = 0.1
"""Of the first loss: less is next to nothing."""
CHANCE = 0.05
"""Of the loss of answers that are the same for every row: a net that takes off less is at chance."""
BY_HEART = 0.3
"""Of the same loss: training that came further below it learnt rows by heart. Samples differ by less."""
SUCCESS = 0.5
"""Of the first loss: a net that took off so much has found what it needs."""
MISSED = 0.05
"""Of the first loss: what inputs further back would take off, if errors depend on them."""


def missed_steps(
    direction: DirectionMeasurements, measured: Measurements, health: TrainingHealth | None
) -> int | None:
    """How far back what the net should have learnt lies; None where its errors show nothing of that.

    How much of the loss it is worth counts: the errors of a net that has learnt are small, and may well
    depend on anything.
    """
    left = 1.0 if health is None or math.isnan(health.learnt) else 1.0 - health.learnt
    reaches = [
        one.reach
        for one in measured.missed
        if one.reverse == direction.reverse and one.reach >= 0 and one.share * left >= MISSED
    ]
    return min(max(reaches), direction.steps - 1) if reaches else None


def furthest_missed(measured: Measurements | None, health: TrainingHealth | None) -> int | None:
    """The same of all directions."""
    directions = () if measured is None else measured.directions
    known = [
        steps for one in directions if measured and (steps := missed_steps(one, measured, health)) is not None
    ]
    return max(known, default=None)


def need(
    direction: DirectionMeasurements, measured: Measurements, health: TrainingHealth | None = None
) -> int:
    """How many steps back gradients must come, and states must last, at most.

    Where errors show what is missed, so far. Else, where the loss is told of a row's end, that is the whole
    row; where it is told of every step, as far as the data depend on themselves.
    """
    known = missed_steps(direction, measured, health)
    if known is not None:
        return known
    sources = direction.gradient_flow.steps
    if not sources:
        return 0
    if len(sources) <= measured.rows:
        return max(sources)
    reach = max((one.dependence.reach for one in measured.stacks), default=0)
    return max(0, min(reach, direction.steps - 1))


def at_chance(measured: Measurements | None, health: TrainingHealth | None) -> bool:
    """Whether a net does no better than answers that are the same for every row, in training and after it.

    Not of a run that broke, whose fresh net is measured, and not of rows learnt by heart.
    """
    shut = None if measured is None else measured.blind
    if shut is None or health is None or health.not_finite:
        return False
    size = abs(shut.blind)
    return shut.loss > shut.blind - CHANCE * size and health.lowest > shut.blind - BY_HEART * size


def succeeded(measured: Measurements | None, health: TrainingHealth | None) -> bool:
    """Whether training took enough off the loss, and not for constants alone."""
    return health is not None and health.learnt >= SUCCESS and not at_chance(measured, health)


def suffered(measured: Measurements, health: TrainingHealth | None) -> bool:
    """Whether training may have failed for what lies far back."""
    return furthest_missed(measured, health) is not None or not succeeded(measured, health)
