"""What follows from the shapes of a call: sizes, room for results, what does not fit."""

from typing import Any, NamedTuple

import torch
from torch import SymInt, Tensor

from recurra.errors import ShapeError
from recurra.ops.native.arguments import DIFFERENTIABLE, Arguments

ELMAN = ("elman", "elman_relu", "elman_linear")
"""In the order of the engine's nonlinearities."""

GATES = {**dict.fromkeys(ELMAN, 1), "lstm": 4, "gru": 3, "gru_reset_before": 3, "layer_norm_lstm": 4}
"""How many blocks the weights of each cell are stacked of."""

ALIGNED = 64
"""Positions that each direction has room for are a multiple of this, so that all begin at a cache line."""


class Sizes(NamedTuple):
    """The numbers that shapes are made of."""

    batch: int
    steps: int
    features: int
    hidden: int
    outputs: int
    gates: int
    directions: int

    @classmethod
    def of(cls, cell: str, given: Arguments) -> "Sizes":
        """Those of one call."""
        batch, steps, features = given.input.shape
        directions, _, outputs = given.hidden.shape
        gates = GATES[cell]
        hidden = given.weight_hh.shape[0] // (directions * gates)
        return cls(batch, steps, features, hidden, outputs, gates, directions)

    @property
    def saved_rows(self) -> int | SymInt:
        """Positions that each direction has room for in what is saved; the first ones are used."""
        steps = self.batch * self.steps
        return steps if self.directions == 1 else (steps + ALIGNED - 1) // ALIGNED * ALIGNED

    def saved(self, cell: str, given: Arguments) -> tuple[int | SymInt, ...]:
        """How many numbers there are of each of `SAVED`; 0 where there is nothing to keep."""
        extra = {
            **dict.fromkeys(ELMAN, 0),
            "lstm": 0 if given.weight_hr is None else self.hidden,
            "gru": self.hidden,
            "gru_reset_before": self.hidden,
            "layer_norm_lstm": 4 * self.hidden + 3,  # as in the engine's recurrence.hpp
        }[cell]
        rows, width = self.directions * self.saved_rows, self.gates * self.hidden
        is_normalized = given.gain_ih is not None
        return (
            rows * width,  # after the activations
            0 if given.cell is None else rows * self.hidden,
            rows * extra,
            rows * width if is_normalized else 0,  # layer norm: W x before it
            2 * rows if is_normalized else 0,  # the means and scales of W x
        )


INPUT, BIAS_HH = Arguments._fields.index("input"), Arguments._fields.index("bias_hh")


def is_time_major(input: Tensor) -> bool:
    """Whether (batch, time, features) lies in memory as (time, batch, features)."""
    return not input.is_contiguous() and input.transpose(0, 1).is_contiguous()


def empty_padded(given: Arguments, width: int | SymInt) -> Tensor:
    """Room for (batch, time, width), lying as the input does."""
    batch, steps, _ = given.input.shape
    if is_time_major(given.input):
        return given.input.new_empty((steps, batch, width)).transpose(0, 1)
    return given.input.new_empty((batch, steps, width))


def empty_like(tensor: Any) -> Any:
    """Room for a tensor's shape, without gaps; None for None."""
    return None if tensor is None else torch.empty_like(tensor, memory_format=torch.contiguous_format)


def empty_gradients(cell: str, given: Arguments, wants_input: bool) -> list[Tensor | None]:
    """Room for a gradient of each of the first arguments, in their order; None where nobody asks for one.

    That of bias_hh is that of bias_ih, but for a GRU's.
    """
    found = [empty_like(tensor) for tensor in given[:DIFFERENTIABLE]]
    found[INPUT] = empty_padded(given, given.input.shape[2]) if wants_input else None
    if cell != "gru":
        found[BIAS_HH] = None
    return found


def check_call(cell: str, given: Arguments) -> None:
    """Check what comes by the dispatcher, where nobody has looked at it: the engine takes addresses.

    Raises:
        ShapeError: A tensor has another shape, type or device than the others need.
    """
    batch, steps, features, hidden, outputs, gates, directions = Sizes.of(cell, given)
    wide, kind = directions * gates * hidden, given.input.dtype
    expected = {
        "weight_ih": ((wide, features), kind), "weight_hh": ((wide, outputs), kind),
        "hidden": ((directions, batch, outputs), kind),
        "bias_ih": ((wide,), kind), "bias_hh": ((wide,), kind),
        "weight_hr": ((directions * outputs, hidden), kind),
        "weight_peephole": ((directions * 3 * hidden,), kind),
        "gain_ih": ((wide,), kind), "gain_hh": ((wide,), kind),
        "gain_cell": ((directions * hidden,), kind), "bias_cell": ((directions * hidden,), kind),
        "cell": ((directions, batch, hidden), kind), "lengths": ((batch,), torch.int64),
        "resets": ((batch, steps), torch.bool), "mask": ((directions, batch, outputs), kind),
        "kept_hidden": ((directions, batch, steps, outputs), torch.bool),
        "kept_cell": ((directions, batch, steps, hidden), torch.bool),
    }  # fmt: skip
    if kind not in (torch.float32, torch.float64):
        raise ShapeError(f"an input of {kind}", "torch.float32 or torch.float64", "Convert it.")
    for name, (shape, own) in expected.items():
        tensor = getattr(given, name)
        if tensor is None:
            continue
        if tensor.shape != shape or tensor.dtype != own or tensor.device != given.input.device:
            raise ShapeError(
                f"{name} of shape {tuple(tensor.shape)}, {tensor.dtype}, on {tensor.device}",
                f"{shape}, {own}, on {given.input.device}",
                "Give tensors of one layer.",
            )
