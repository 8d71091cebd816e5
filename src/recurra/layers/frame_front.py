"""A small convolutional net over each frame of a video, the same for all."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from recurra.errors import ConfigError
from recurra.layers.front import GridFront, halvings
from recurra.layers.points import Points
from recurra.streaming.points import TENTHS
from recurra.types import valid_steps

READOUTS = ("points", "cells")
Frames = Float[Tensor, "batch time height width channels"]
Lengths = Int[Tensor, " batch"] | None


class FrameFront(nn.Module):
    """What `recurra.layers.front.GridFront` finds in each frame, and a map to features.

    "points" reads of each of its channels the point where it is large (`recurra.layers.points.Points`), how
    fast that point moves, and how large the channel is at most: where something is and what it is, as numbers
    that mean the same all over the frame. Points move by what they changed since the frame before; those of
    the first frame rest. "cells" reads the channels of all cells side by side: each cell is learnt by itself,
    which suits frames where things have their place.

    Args:
        rows, columns: Cells of a frame.
        cell: Pixels of a cell, both ways.
        channels: Of the frames.
        readout: "points" or "cells".
        rate: Frames a second: points move in tenths of a frame a second.
        width: Channels of the first block of convolutions.
        blocks: How many blocks there are; None: one for each halving of a cell, and of points one more, so
            that each place is seen with what is around it.
        output_size: Features of a frame.

    Raises:
        ConfigError: There is no such readout, or no block.

    Source: Donahue and others, "Long-term recurrent convolutional networks for visual recognition and
    description" (2015).

    >>> import torch
    >>> from recurra.layers.frame_front import FrameFront
    >>> front = FrameFront(4, 6, cell=4, channels=3, width=4, output_size=5)
    >>> front(torch.zeros(2, 7, 16, 24, 3), torch.tensor([7, 4])).shape
    torch.Size([2, 7, 5])
    """

    def __init__(
        self,
        rows: int,
        columns: int,
        *,
        cell: int,
        channels: int,
        readout: str = "points",
        rate: float = 1.0,
        width: int = 16,
        blocks: int | None = None,
        output_size: int = 128,
    ) -> None:
        super().__init__()
        if readout not in READOUTS:
            raise ConfigError(
                f"readout is {readout!r}", f"one of {', '.join(READOUTS)}", "Choose one of these."
            )
        pointing = readout == "points"
        if blocks is None:
            blocks = halvings(cell, 1) + pointing
        self.cell, self.rate = cell, rate
        self.grid = GridFront(rows, columns, cell=cell, channels=channels, width=width, blocks=blocks)
        found = self.grid.output_size
        self.points = Points(found) if pointing else None
        self.project = nn.Linear(found * (5 if pointing else rows * columns), output_size)
        self.output_size = output_size

    def forward(self, frames: Frames, lengths: Lengths = None) -> Float[Tensor, "batch time features"]:
        """Map frames to features, zero past a row's length; only frames that count are looked at."""
        if lengths is None:
            lengths = torch.full(frames.shape[:1], frames.shape[1], device=frames.device)
        valid = valid_steps(lengths, frames.shape[1])
        seen = self._seen(frames[valid])
        steps = seen.new_zeros(*frames.shape[:2], seen.shape[-1])
        steps[valid] = seen
        if self.points is None:
            features = F.relu(self.project(steps))
        else:
            features = self.project(torch.cat([steps, self._moves(steps)], dim=-1))
        return features.masked_fill(~valid.unsqueeze(-1), 0)

    def stream_modules(self) -> Sequence[nn.Module]:
        """What runs over what is found in each frame, with the moves of points."""
        return [self.project] if self.points is not None else [self.project, nn.ReLU()]

    def _seen(self, frames: Float[Tensor, "frames height width channels"]) -> Tensor:
        """What is found in frames one by one: all cells, or points and then the largest values."""
        rows, columns = self.grid.rows, self.grid.columns
        cells = frames.reshape(len(frames), rows, self.cell, columns, self.cell, frames.shape[-1])
        found = self.grid(cells.transpose(2, 3).flatten(1, 2))
        if self.points is None:
            flat: Tensor = found.flatten(1)
            return flat
        points, largest = self.points(found.unflatten(1, (rows, columns)))
        return torch.cat([points.flatten(1), largest], dim=1)

    def _moves(self, steps: Float[Tensor, "batch time found"]) -> Float[Tensor, "batch time moves"]:
        """How fast points move, in tenths of a frame a second."""
        points = steps[..., : 2 * self.grid.output_size]
        return F.pad(points.diff(dim=1), (0, 0, 1, 0)) * (TENTHS * self.rate)
