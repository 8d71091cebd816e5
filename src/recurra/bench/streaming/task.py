"""A recurrence that steps, the same for all."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from torch import nn

from recurra.bench.entrant import Entrant, Results
from recurra.bench.training.own_layer import own_layer
from recurra.bench.training.task import GATES, SEED

Array = np.ndarray[Any, np.dtype[np.float32]]

WEIGHT_BYTES: Mapping[str, int] = {"float32": 4, "bfloat16": 2, "int8": 1}
UNIT = "GB/s"
STEPS = 32  # that results are compared over
TOLERANCES: Mapping[str, float] = {"float32": 1e-5, "bfloat16": 2e-2, "int8": 5e-2}
"""How far outputs may differ from those of float32 weights, relative to the largest."""


class Task(NamedTuple):
    """A recurrence, and what it is fed.

    Attributes:
        cell: "gru" or "lstm".
        layer: Our layer, whose weights all use.
        inputs: (steps, sessions, features).
    """

    cell: str
    layer: nn.Module
    inputs: Array

    @property
    def sessions(self) -> int:
        """How many sessions step at once."""
        return int(self.inputs.shape[1])

    @property
    def hidden(self) -> int:
        """Hidden units."""
        return int(self.inputs.shape[2])

    def weights(self) -> dict[str, Array]:
        """The weights by torch's names, without the number of the layer."""
        named = self.layer.named_parameters()
        return {name.removesuffix("_l0"): weight.detach().numpy() for name, weight in named}


@runtime_checkable
class Stepper(Protocol):
    """One or more sessions that step at once."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """What a step takes."""

    def reset(self) -> None:
        """Begin anew."""

    def step(self, input: Array) -> Array:
        """The outputs of the next step, sessions first, whatever axes of size 1 there are."""


def draw_task(cell: str, sessions: int, hidden: int, steps: int = STEPS) -> Task:
    """Draw a recurrence and its input, always the same one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        layer = own_layer(cell, hidden).eval()
    generator = np.random.default_rng(SEED)
    return Task(cell, layer, generator.standard_normal((steps, sessions, hidden), dtype=np.float32))


def weight_bytes(cell: str, hidden: int, weights: str) -> int:
    """The size of both weight matrices."""
    return GATES[cell] * hidden * 2 * hidden * WEIGHT_BYTES[weights]


def stepping_entrant(name: str, stepper: Stepper, task: Task) -> Entrant:
    """Sessions as an entrant: its time is that of one step of all, the call from Python included."""
    inputs = [np.ascontiguousarray(each.reshape(stepper.input_shape)) for each in task.inputs]

    def results() -> Results:
        stepper.reset()
        outputs = [np.array(stepper.step(each)).reshape(task.inputs.shape[1:]) for each in inputs]
        return {"outputs": np.stack(outputs)}

    step: Callable[[Array], Array] = stepper.step
    return Entrant(name, partial(step, inputs[0]), results)
