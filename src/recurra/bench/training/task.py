"""A batch to train on, the same for all, and how torch's modules run it."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from recurra.bench.entrant import Entrant, Results
from recurra.ops.backends import TOLERANCES

FIELDS = {"elman": ("hidden",), "gru": ("hidden",), "lstm": ("hidden", "cell")}
GATES = {"elman": 1, "gru": 3, "lstm": 4}
TOLERANCE = TOLERANCES[torch.float32]
SEED = 0

Forward = Callable[[], tuple[Tensor, Sequence[Tensor]]]
"""Outputs and the fields of the final state, each (batch, hidden) whatever axes of size 1 precede."""


class Task(NamedTuple):
    """A batch, and the gradients that come back from what follows the layer.

    Attributes:
        input: (time, batch, features) or (batch, time, features); its gradient is wanted.
        lengths: (batch,), or None where all rows are whole.
        output_gradient: That of the outputs, with the axes of the input.
        state_gradients: Those of the final state's fields, (batch, hidden), by name.
    """

    input: Tensor
    lengths: Tensor | None
    output_gradient: Tensor
    state_gradients: Mapping[str, Tensor]

    @property
    def valid_steps(self) -> int:
        """The steps of all rows that are not padding."""
        return self.steps if self.lengths is None else int(self.lengths.sum())

    @property
    def steps(self) -> int:
        """The steps of all rows, padding included."""
        return self.input.shape[0] * self.input.shape[1]

    def batch_first(self) -> "Task":
        """The same with the batch as the first axis."""
        return self._replace(
            input=self.input.detach().transpose(0, 1).contiguous().requires_grad_(),
            output_gradient=self.output_gradient.transpose(0, 1).contiguous(),
        )


def draw_task(
    fields: Sequence[str], batch: int, steps: int, hidden: int, *, varying_lengths: bool = False
) -> Task:
    """Draw a batch, always the same one, with time as the first axis.

    Args:
        fields: Names of the state's fields.
        batch: Rows.
        steps: Time steps.
        hidden: Hidden units, and features.
        varying_lengths: Whether lengths are uniform between a quarter of the steps and all of them.
    """
    generator = torch.Generator().manual_seed(SEED)
    values, output_gradient = torch.randn(2, steps, batch, hidden, generator=generator)
    lengths = torch.randint(max(1, steps // 4), steps + 1, (batch,), generator=generator)
    state_gradients = {name: torch.randn(batch, hidden, generator=generator) for name in fields}
    return Task(
        values.clone().requires_grad_(),
        lengths if varying_lengths else None,
        output_gradient,
        state_gradients,
    )


def flops(cell: str, steps: int, hidden: int) -> float:
    """Floating-point operations of the matrix products over the steps of all rows, forward and backward."""
    return 3.0 * 2 * steps * GATES[cell] * hidden * 2 * hidden


def torch_entrant(
    name: str,
    forward: Forward,
    parameters: Mapping[str, Tensor],
    task: Task,
    *,
    has_batch_first: bool = False,
    share: float = 1.0,
) -> Entrant:
    """A module as an entrant.

    Args:
        name: The entrant's name.
        forward: Runs the module over the task's input.
        parameters: The module's, by names that all entrants share.
        task: The batch.
        has_batch_first: Whether the task's first axis is the batch.
        share: See `Entrant`.
    """
    leaves = {"input": task.input, **parameters}

    def run() -> tuple[Tensor, Sequence[Tensor], Sequence[Tensor]]:
        outputs, state = forward()
        incoming = [
            gradient.view(field.shape)
            for gradient, field in zip(task.state_gradients.values(), state, strict=True)
        ]
        gradients = torch.autograd.grad(
            [outputs, *state], list(leaves.values()), [task.output_gradient, *incoming]
        )
        return outputs, state, gradients

    def results() -> Results:
        torch.manual_seed(SEED)  # where masks are drawn
        outputs, state, gradients = run()
        found = {"outputs": outputs}
        found |= {f"final {field}": value for field, value in zip(task.state_gradients, state, strict=True)}
        found |= {f"gradient of {leaf}": value for leaf, value in zip(leaves, gradients, strict=True)}
        if has_batch_first:
            for sequence in ("outputs", "gradient of input"):
                found[sequence] = found[sequence].transpose(0, 1)
        return {name: value.detach().squeeze(0).numpy() for name, value in found.items()}

    return Entrant(name, run, results, share)
