"""What a broken promise looks like, and what the promises are tried on."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from recurra.cells import Cell
from recurra.errors import RecurraError
from recurra.ops.walk import State, mapped

TOLERANCE = 1e-9
"""How far two ways to the same number may differ, relative and absolute, in float64."""


class BrokenPromiseError(RecurraError, AssertionError):
    """A cell does not keep its contract."""


@dataclass(frozen=True)
class Subject:
    """A copy of a cell in float64 and evaluation mode, with weights that are all different from zero.

    Args:
        cell: The copy; nothing that happens to it reaches the original.
        batch_size: Number of rows of the trials.
        time_steps: Number of steps of the trials.
        seed: Where the random numbers of the trials begin.
    """

    cell: Cell[Any]
    batch_size: int
    time_steps: int
    seed: int

    @classmethod
    def of(cls, cell: Cell[Any], batch_size: int, time_steps: int, seed: int) -> "Subject":
        """Copy a cell for trials.

        Raises:
            BrokenPromiseError: It cannot be copied.
        """
        try:
            twin = copy.deepcopy(cell).cpu().double().eval()
        except (RuntimeError, TypeError) as error:
            raise BrokenPromiseError(
                f"it cannot be copied ({error})",
                "a module that copy.deepcopy takes",
                "Keep computed tensors out of attributes; compute them in step.",
            ) from error
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for weight in twin.parameters():  # a weight that starts at zero could hide that it is not used
                weight.add_(torch.randn(weight.shape, generator=generator, dtype=weight.dtype), alpha=0.1)
        return cls(twin, batch_size, time_steps, seed)

    def sequence(self, number: int = 0) -> Float[Tensor, "batch time features"]:
        """A random input, one of many by its number."""
        generator = torch.Generator().manual_seed(self.seed + number)
        shape = (self.batch_size, self.time_steps, self.cell.input_size)
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    def state(self) -> State:
        """A state as it occurs: after two steps."""
        inputs = self.sequence(1)
        with torch.no_grad():
            state: State = self.cell.initial_state(self.batch_size)
            for time in range(2):
                _, state = self.cell(inputs[:, time], state)
        return mapped(lambda field: field.clone(), state)


def require(holds: bool, got: str, expected: str, remedy: str) -> None:
    """Raise the error unless something holds.

    Raises:
        BrokenPromiseError: It does not.
    """
    if not holds:
        raise BrokenPromiseError(got, expected, remedy)


def require_same(what: str, got: Sequence[Tensor], expected: Sequence[Tensor], remedy: str) -> None:
    """Compare tensors within `TOLERANCE`.

    Args:
        what: What was done to get the first, as a clause: "the rows run alone".
        got: Tensors.
        expected: Tensors that should be the same.
        remedy: What to do about a difference.

    Raises:
        BrokenPromiseError: They differ in number, shape or content.
    """
    require(len(got) == len(expected), f"{what}: {len(got)} tensors", f"{len(expected)}", remedy)
    for ours, theirs in zip(got, expected, strict=True):
        require(
            ours.shape == theirs.shape, f"{what}: shape {tuple(ours.shape)}", f"{tuple(theirs.shape)}", remedy
        )
        if not torch.allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE):
            difference = float((ours - theirs).abs().max().detach())
            raise BrokenPromiseError(
                f"{what}: numbers differ by {difference:.3g}", "the same numbers", remedy
            )
