"""A cell in a Python loop, as whoever needs a variant that torch lacks writes it today.

It is not slower than it must be: the input's product is one for all steps, and masks are drawn at once.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from recurra.bench.entrant import Entrant
from recurra.bench.training.task import Task, torch_entrant
from recurra.cells import Cell, Zoneout

NAME = "torch.loop"


def train(cell: Cell[Any], task: Task, dropout: float) -> Entrant:
    """A cell over a task without lengths.

    Args:
        cell: The cell.
        task: The batch, time first.
        dropout: The share of hidden units that the recurrent product does not see.
    """

    def forward() -> tuple[Tensor, Sequence[Tensor]]:
        state = cell.initial_state(task.input.shape[1])
        mask = F.dropout(torch.ones_like(state.hidden), dropout) if dropout else None
        if isinstance(cell, Zoneout):
            return _with_zoneout(cell, task.input, state)
        outputs = []
        for projected in cell.project_input(task.input).unbind(0):
            output, state = cell.step(projected, state, mask)
            outputs.append(output)
        return torch.stack(outputs), state

    return torch_entrant(
        NAME, forward, {f"cell.{name}": each for name, each in cell.named_parameters()}, task
    )


def _with_zoneout(cell: Zoneout[Any], input: Tensor, state: Any) -> tuple[Tensor, Sequence[Tensor]]:
    outputs = []
    zoneout = cell.draw(input.transpose(0, 1), state)
    for time, projected in enumerate(cell.project_input(input).unbind(0)):
        _, proposed = cell.cell.step(projected, state)
        state = zoneout.mixed(time, state, proposed)
        outputs.append(state.hidden)
    return torch.stack(outputs), state
