"""Other orders of the steps of a batch: backwards within every length, and cut into pieces at resets."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Int, Shaped
from torch import Tensor

from recurra.types import valid_steps


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
