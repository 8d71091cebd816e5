"""All measurements of a model on a batch, in seconds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from recurra.diagnosis.blind import Blind, blind
from recurra.diagnosis.dependence import Dependence, dependence
from recurra.diagnosis.gradient_flow import GradientFlow, gradient_flow
from recurra.diagnosis.information import told_apart
from recurra.diagnosis.jacobian import StepJacobian, step_jacobian
from recurra.diagnosis.limits import Limits
from recurra.diagnosis.measurement import Measurement
from recurra.diagnosis.memory_horizon import MemoryHorizon, memory_horizon
from recurra.diagnosis.missed import Missed, missed
from recurra.diagnosis.observation import loss_of
from recurra.diagnosis.passage import Passage
from recurra.diagnosis.seen import look
from recurra.diagnosis.stack import Layers, stacks_of
from recurra.diagnosis.state_health import StateHealth, state_health
from recurra.diagnosis.undisturbed import undisturbed
from recurra.training.contract import Batch, Objective


@dataclass(frozen=True, eq=False)
class DirectionMeasurements(Measurement):
    """One direction of one layer.

    Attributes:
        name: The layer's.
        cell: The class of its cell, zoneout left out.
        reverse: Whether it goes from a row's last step to its first.
        units: Its hidden units.
        steps: Steps of its longest row.
        gradient_flow: How far the loss' gradient comes back.
        jacobian: What a step does to small differences.
        state_health: In what condition states and gates are.
    """

    name: str
    cell: str
    reverse: bool
    units: int
    steps: int
    gradient_flow: GradientFlow
    jacobian: StepJacobian
    state_health: StateHealth


@dataclass(frozen=True, eq=False)
class StackMeasurements(Measurement):
    """Recurrent layers over the same steps.

    Attributes:
        memory_horizon: How far back their input changes their output.
        dependence: How far back their input depends on itself: numbers, or symbols where vectors recur, as
            those of an embedding do.
    """

    memory_horizon: MemoryHorizon
    dependence: Dependence


@dataclass(frozen=True, eq=False)
class Measurements(Measurement):
    """All of a model.

    Attributes:
        loss: The mean loss of the rows that were looked at, in evaluation mode.
        rows: How many these were.
        directions: Every direction of every recurrent layer, from the first that runs.
        stacks: The stacks that these layers make.
        missed: What the stacks' top layers did not learn of what the stacks read.
        blind: What telling rows apart takes off the loss; None where there are too few rows.
    """

    loss: float
    rows: int
    directions: tuple[DirectionMeasurements, ...]
    stacks: tuple[StackMeasurements, ...]
    missed: tuple[Missed, ...] = ()
    blind: Blind | None = None


def measure(
    model: nn.Module,
    batch: Batch,
    objective: Objective,
    *,
    limits: Limits = Limits(),  # noqa: B008
    further: Iterable[Batch] = (),
) -> Measurements:
    """Measure all recurrent layers of a model; it is left as it was.

    Args:
        model: Any net with recurrent layers that are known (`recurra.diagnosis.recurrent_module`).
        batch: Some rows, on any device, such as a task's `Prepared.source.batch(0, 0)`.
        objective: Runs the model on them and gives the summed loss, as a task's `Task.objective` does.
        limits: How much is looked at.
        further: Other batches, for what only many rows tell.

    Raises:
        ConfigError: The model has no recurrent layers, or none of them ran.
        DataError: The batch is empty.
        NonFiniteError: Its weights are not finite.
    """
    rows, run = loss_of(model, batch, objective, limits.rows)
    batches = [batch, *further]
    with undisturbed(model):
        seen = look(model, run)
        directions = tuple(_of_direction(passage, limits) for passage in seen.passages)
        stacks = tuple(_of_stack(model, run, layers, limits) for layers in stacks_of(seen.chains))
        unlearnt = missed(model, batches, objective, limits)
        shut = blind(model, batches, objective, limits)
    return Measurements(seen.loss, rows, directions, stacks, unlearnt, shut)


def _of_direction(passage: Passage, limits: Limits) -> DirectionMeasurements:
    return DirectionMeasurements(
        passage.name,
        type(passage.inner).__name__,
        passage.reverse,
        passage.cell.hidden_size,
        int(passage.lengths.max()),
        gradient_flow(passage, limits),
        step_jacobian(passage, limits),
        state_health(passage),
    )


def _of_stack(
    model: nn.Module, run: Callable[[], Tensor], layers: Layers, limits: Limits
) -> StackMeasurements:
    read = layers.bottom.read
    lengths = read.number_of_steps().cpu().numpy()
    values: np.ndarray = read.input.detach().double().cpu().numpy()
    own = dependence(told_apart(values, lengths), None, lengths, limits.lags)
    return StackMeasurements(memory_horizon(model, run, layers, limits), own)
