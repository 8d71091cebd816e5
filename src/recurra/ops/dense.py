"""Lengths, resets and the reverse direction on top of kernels that run every row forward from end to end.

The steps of a batch come in another order: backwards within every length, or cut into pieces at resets.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from recurra.ops.walk import StateT, Walk, mapped, zeroed
from recurra.types import valid_steps

# (input, state, lengths) -> (outputs, final state), forward in time. The final state must be that of the last
# valid step; what it puts out past a length does not matter.
ForwardRun = Callable[[Tensor, StateT, Tensor | None], tuple[Tensor, StateT]]


def run_any_order(
    forward: ForwardRun[StateT],
    input: Float[Tensor, "batch time features"],
    state: StateT,
    walk: Walk,
) -> tuple[Float[Tensor, "batch time hidden"], StateT]:
    """Run a recurrence in either direction, with lengths and resets.

    The reverse direction turns every row around within its length. Resets cut the rows into pieces that run
    side by side as rows of their own. No step is computed twice, and no sequence is packed.
    """
    lengths, resets = walk.lengths, walk.resets
    if walk.reverse:
        turned = None if resets is None else flipped(resets, lengths)
        outputs, final = _run_forward(forward, flipped(input, lengths), state, lengths, turned)
        return flipped(outputs, lengths), final
    return _run_forward(forward, input, state, lengths, resets)


def _run_forward(
    forward: ForwardRun[StateT], input: Tensor, state: StateT, lengths: Tensor | None, resets: Tensor | None
) -> tuple[Tensor, StateT]:
    if resets is None:
        return _within_lengths(forward, input, state, lengths)
    return _between_resets(forward, input, state, lengths, resets)


def _within_lengths(
    forward: ForwardRun[StateT], input: Tensor, state: StateT, lengths: Tensor | None
) -> tuple[Tensor, StateT]:
    if lengths is None:
        return forward(input, state, None)
    time = input.shape[1]
    # To look at lengths on a GPU is to wait for it: there all steps are run.
    longest = max(int(lengths.max()), 1) if lengths.device.type == "cpu" else time
    outputs, final = forward(input[:, :longest], state, lengths)
    outputs = outputs.masked_fill(~valid_steps(lengths, longest).unsqueeze(-1), 0)
    return torch.nn.functional.pad(outputs, (0, 0, 0, time - longest)), final


def _between_resets(
    forward: ForwardRun[StateT], input: Tensor, state: StateT, lengths: Tensor | None, resets: Tensor
) -> tuple[Tensor, StateT]:
    if lengths is None:
        lengths = torch.full((len(input),), input.shape[1], device=input.device)
    pieces = Pieces.between(resets, lengths)
    initial = zeroed(~pieces.continues, mapped(lambda field: field[pieces.row], state))
    outputs, final = forward(pieces.cut(input), initial, pieces.lengths)
    return pieces.joined(outputs), mapped(pieces.last_of_rows, final)


def padding_marked(
    input: Float[Tensor, "batch time features"], lengths: Int[Tensor, " batch"]
) -> Float[Tensor, "batch time more_features"]:
    """The input with one more feature: 1 in padded steps, so that its weight acts there, and 0 elsewhere."""
    padding = ~valid_steps(lengths, input.shape[1])
    return torch.cat([input, padding.unsqueeze(-1).to(input.dtype)], dim=-1)


def out_of_reach(dtype: torch.dtype) -> float:
    """What the padding feature weighs: so much that no state or bias can outweigh it.

    As large as float16 allows; in wider types small enough for the feature's own gradient, which nobody
    reads, to be finite, as torch.autograd.detect_anomaly demands.
    """
    return min(1e20, torch.finfo(dtype).max / 2)


def one_layer(weights: Sequence[Tensor | None]) -> dict[str, Any]:
    """What torch's kernels take beside input and state, for one layer and direction, batch first.

    Args:
        weights: weight_ih, weight_hh, bias_ih, bias_hh and what else there is; None where there is none.
    """
    return {
        "params": [weight for weight in weights if weight is not None],
        "has_biases": weights[2] is not None,
        "num_layers": 1,
        "dropout": 0.0,
        "train": torch.is_grad_enabled(),  # so that there is a backward pass in evaluation mode too
        "bidirectional": False,
        "batch_first": True,
    }


def flipped(
    values: Shaped[Tensor, "batch time *rest"], lengths: Int[Tensor, " batch"] | None
) -> Shaped[Tensor, "batch time *rest"]:
    """Every row's valid steps in the opposite order, padding where it was. Flipped twice is the original."""
    if lengths is None:
        return values.flip(1)
    steps = torch.arange(values.shape[1], device=values.device)
    mirrored = lengths.unsqueeze(1) - 1 - steps
    index = torch.where(mirrored >= 0, mirrored, steps)
    return values[torch.arange(len(values), device=values.device).unsqueeze(1), index]


def at_last_step(
    outputs: Shaped[Tensor, "batch time hidden"],
    initial: Shaped[Tensor, "batch hidden"],
    lengths: Int[Tensor, " batch"],
) -> Shaped[Tensor, "batch hidden"]:
    """Every row's last valid output, or its initial value where the length is 0."""
    last = outputs[torch.arange(len(outputs), device=outputs.device), (lengths - 1).clamp(min=0)]
    return torch.where((lengths > 0).unsqueeze(1), last, initial)


class Pieces(NamedTuple):
    """Where the rows of a batch are cut: a piece begins with its row and at every reset."""

    row: Int[Tensor, " pieces"]  # the row that a piece comes from
    start: Int[Tensor, " pieces"]  # its first step there
    lengths: Int[Tensor, " pieces"]
    continues: Bool[
        Tensor, " pieces"
    ]  # whether it takes over the row's initial state; else it starts from zeros
    number: Int[Tensor, "batch time"]  # the piece that a step belongs to

    @classmethod
    def between(cls, resets: Bool[Tensor, "batch time"], lengths: Int[Tensor, " batch"]) -> "Pieces":
        """Cut at `resets`, which are False past every length."""
        begins = resets.clone()
        begins[:, 0] = True
        row, start = begins.nonzero(as_tuple=True)
        number = begins.flatten().cumsum(0).view_as(begins) - 1
        end = lengths[row].clone()
        same_row = row[1:] == row[:-1]
        end[:-1] = torch.where(same_row, start[1:], end[:-1])
        return cls(row, start, end - start, (start == 0) & ~resets[row, 0], number)

    def cut(self, values: Shaped[Tensor, "batch time features"]) -> Shaped[Tensor, "pieces longest features"]:
        """The pieces of a batch, padded with zeros to the longest."""
        longest = max(int(self.lengths.max()), 1)
        steps = self.start.unsqueeze(1) + torch.arange(longest, device=values.device)
        pieces = values[self.row.unsqueeze(1), steps.clamp(max=values.shape[1] - 1)]
        return pieces.masked_fill(~valid_steps(self.lengths, longest).unsqueeze(-1), 0)

    def joined(self, pieces: Shaped[Tensor, "pieces longest hidden"]) -> Shaped[Tensor, "batch time hidden"]:
        """The batch that the pieces were cut from; zeros past every length."""
        steps = torch.arange(self.number.shape[1], device=pieces.device) - self.start[self.number]
        within = steps < self.lengths[self.number]
        values = pieces[self.number, steps.clamp(max=pieces.shape[1] - 1)]
        return values.masked_fill(~within.unsqueeze(-1), 0)

    def last_of_rows(self, state: Shaped[Tensor, "pieces hidden"]) -> Shaped[Tensor, "batch hidden"]:
        """What the last piece of every row ends with."""
        return state[self.number[:, -1]]
