"""A small convolutional net over each frame of a video, the same for all."""

from collections.abc import Sequence

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from recurra.layers.front import GridFront
from recurra.types import valid_steps


class FrameFront(nn.Module):
    """The cells of each frame by `recurra.layers.front.GridFront`, side by side, and a map to features.

    Args:
        rows, columns: Cells of a frame.
        cell: Pixels of a cell, both ways.
        channels: Of the frames.
        width: Channels of the first block of convolutions.
        blocks: How many blocks there are; None: one for each halving of a cell.
        output_size: Features of a frame.

    Source: Donahue and others, "Long-term recurrent convolutional networks for visual recognition and
    description" (2015).

    >>> import torch
    >>> from recurra.layers.frame_front import FrameFront
    >>> front = FrameFront(2, 3, cell=8, channels=3, width=4, output_size=5)
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
        width: int = 16,
        blocks: int | None = None,
        output_size: int = 128,
    ) -> None:
        super().__init__()
        self.cell = cell
        self.grid = GridFront(rows, columns, cell=cell, channels=channels, width=width, blocks=blocks)
        self.project = nn.Linear(rows * columns * self.grid.output_size, output_size)
        self.output_size = output_size

    def forward(
        self,
        frames: Float[Tensor, "batch time height width channels"],
        lengths: Int[Tensor, " batch"] | None = None,
    ) -> Float[Tensor, "batch time features"]:
        """Map frames to features, zero past a row's length; only frames that count are looked at."""
        if lengths is None:
            return self._seen(frames.flatten(0, 1)).view(*frames.shape[:2], self.output_size)
        valid = valid_steps(lengths, frames.shape[1])
        seen = self._seen(frames[valid])
        features = seen.new_zeros(*frames.shape[:2], self.output_size)
        features[valid] = seen
        return features

    def stream_modules(self) -> Sequence[nn.Module]:
        """What a frame runs through once its cells, side by side, are seen."""
        return [self.project, nn.ReLU()]

    def _seen(self, frames: Float[Tensor, "frames height width channels"]) -> Tensor:
        """Features of frames one by one."""
        rows, columns = self.grid.rows, self.grid.columns
        cells = frames.reshape(len(frames), rows, self.cell, columns, self.cell, frames.shape[-1])
        found = self.grid(cells.transpose(2, 3).flatten(1, 2))
        features: Tensor = F.relu(self.project(found.flatten(1)))
        return features
