"""torch.nn's layers: trained over whole batches, and taking single steps."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from recurra.bench.entrant import Entrant
from recurra.bench.streaming import task as streaming
from recurra.bench.training.own_layer import fields, torch_layer
from recurra.bench.training.task import Task, torch_entrant

NAME = "torch.nn"


def train(cell: str, ours: nn.Module, task: Task) -> Entrant:
    """Torch's layer over a task without lengths."""
    layer = torch_layer(cell, ours)

    def forward() -> tuple[Tensor, Sequence[Tensor]]:
        outputs, state = layer(task.input)
        return outputs, fields(state)

    return torch_entrant(NAME, forward, dict(layer.named_parameters()), task)


class Step:
    """Torch's layer a step at a time, without gradients.

    Args:
        task: The recurrence.
    """

    def __init__(self, task: streaming.Task) -> None:
        self.input_shape: tuple[int, ...] = (1, task.sessions, task.hidden)
        self._layer = torch_layer(task.cell, task.layer)
        self._state: Any = None

    def reset(self) -> None:
        """Begin with zeros."""
        self._state = None

    def step(self, input: streaming.Array) -> streaming.Array:
        """The outputs of the next step."""
        with torch.inference_mode():
            outputs, self._state = self._layer(torch.from_numpy(input), self._state)
            found: streaming.Array = outputs.numpy()
            return found
