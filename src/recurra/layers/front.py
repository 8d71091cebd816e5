"""Small convolutional nets before a recurrence, which read an image in strips, or in cells of a grid."""

from collections.abc import Sequence
from itertools import pairwise
from math import isqrt

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from recurra.errors import ConfigError
from recurra.types import valid_steps

Strips = Float[Tensor, "batch time along across channels"]
Lengths = Int[Tensor, " batch"] | None
_SPREAD = 0.1  # of the numbers of places at the start


class StripFront(nn.Module):
    """Convolutions over an image that is read in strips from one side to the other.

    Each block is a 3 x 3 convolution, ReLU, the largest of neighbours, and a normalisation over channels at
    each place, so that no place knows how large the image is. Across the strip neighbours are pairs; along
    the way so many as a strip is thick, over all blocks, so that each strip gives one step. Zeros stand
    around the image, at its own end too: what is padded after it changes nothing.

    Args:
        along, across: Pixels of a strip.
        channels: Of the image.
        width: Channels of the first block; each later one has twice as many, up to eight times.
        blocks: How many there are; None: until at most 8 pixels are left across.

    Attributes:
        output_size: Features of a step: the channels of what is left across.

    Raises:
        ConfigError: There is no block.

    Source: Shi, Bai and Yao, "An end-to-end trainable neural network for image-based sequence recognition"
    (2016), for a convolutional net before a recurrent one; Liu and others, "A ConvNet for the 2020s" (2022),
    for the normalisation.

    >>> import torch
    >>> from recurra.layers.front import StripFront
    >>> front = StripFront(2, 28, channels=1, width=4)
    >>> front(torch.zeros(3, 5, 2, 28, 1), torch.tensor([5, 2, 1])).shape
    torch.Size([3, 5, 56])
    """

    def __init__(
        self, along: int, across: int, *, channels: int, width: int = 16, blocks: int | None = None
    ) -> None:
        super().__init__()
        number = halvings(across, 8) if blocks is None else blocks
        pools = [(factor, 2) for factor in _shared(along, _checked(number))]
        self.along = along
        self.blocks = nn.ModuleList(_blocks(channels, width, pools))
        for _ in pools:
            across = -(-across // 2)
        self.output_size = across * _channels(width, len(pools))

    def forward(self, strips: Strips, lengths: Lengths = None) -> Float[Tensor, "batch time features"]:
        """Map strips (batch, time, along, across, channels) to steps; no lengths: all are valid."""
        time, along = strips.shape[1], self.along
        lengths = strips.new_full(strips.shape[:1], time).long() if lengths is None else lengths
        values = strips.flatten(1, 2)
        for block in self.blocks:
            valid = valid_steps(lengths * along, values.shape[1])
            values = block(values.masked_fill(~valid[:, :, None, None], 0))
            along = along * values.shape[1] // valid.shape[1]
        features: Tensor = values.flatten(2)
        return features


class GridFront(nn.Module):
    """Convolutions over a whole image, which give a step for each cell of a grid, in reading order.

    Blocks as those of `StripFront`, with neighbours in both directions.

    Args:
        rows, columns: Cells of the grid.
        cell: Pixels of a cell, both ways.
        channels: Of the image.
        width: Channels of the first block; each later one has twice as many, up to eight times.
        blocks: How many there are; None: one for each halving of a cell. Of more the first ones halve, so
            that the others see far around and cost little.

    Attributes:
        output_size: Features of a cell.

    Raises:
        ConfigError: There is no block.
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
        places: bool = False,
    ) -> None:
        super().__init__()
        number = halvings(cell, 1) if blocks is None else blocks
        factors = sorted(_shared(cell, _checked(number)), reverse=True)
        pools = [(factor, factor) for factor in factors]
        self.rows, self.columns = rows, columns
        self.blocks = nn.ModuleList(_blocks(channels, width, pools))
        self.output_size = _channels(width, len(pools))
        spread = torch.randn(rows * columns, self.output_size) * _SPREAD
        self.places = nn.Parameter(spread) if places else None

    def forward(
        self, cells: Float[Tensor, "batch cells height width channels"], lengths: Lengths = None
    ) -> Float[Tensor, "batch cells features"]:
        """Map the cells of images to features; a row that is padding alone (length 0) may hold anything."""
        if lengths is not None:
            cells = cells.masked_fill((lengths == 0)[:, None, None, None, None], 0)
        grid = cells.reshape(len(cells), self.rows, self.columns, *cells.shape[2:])
        values = grid.transpose(2, 3).flatten(3, 4).flatten(1, 2)
        for block in self.blocks:
            values = block(values)
        features: Tensor = values.flatten(1, 2)
        return features if self.places is None else features + self.places


class _Block(nn.Module):
    """A convolution, ReLU, the largest of neighbours, and a normalisation; channels are the last axis."""

    def __init__(self, inputs: int, channels: int, pool: tuple[int, int]) -> None:
        super().__init__()
        self.pool = pool
        self.convolution = nn.Conv2d(inputs, channels, 3, padding=1)
        self.normalization = nn.LayerNorm(channels)

    def forward(self, values: Float[Tensor, "batch height width _in"]) -> Tensor:
        """Map (batch, height, width, inputs) to (batch, height / pool, width / pool, channels)."""
        found = F.relu(self.convolution(values.permute(0, 3, 1, 2)))
        if self.pool != (1, 1):
            found = F.max_pool2d(found, self.pool, ceil_mode=True)
        normal: Tensor = self.normalization(found.permute(0, 2, 3, 1))
        return normal


def _blocks(channels: int, width: int, pools: Sequence[tuple[int, int]]) -> list[_Block]:
    sizes = [channels, *(_channels(width, number + 1) for number in range(len(pools)))]
    return [_Block(*pair, pool) for pair, pool in zip(pairwise(sizes), pools, strict=True)]


def _channels(width: int, blocks: int) -> int:
    """Channels after so many blocks."""
    return width << min(blocks - 1, 3)


def halvings(size: int, left: int) -> int:
    """How often a size is halved until so much is left at most; once at least."""
    number = 1
    while -(-size // 2**number) > left:
        number += 1
    return number


def _shared(product: int, count: int) -> list[int]:
    """So many factors of a number, as even as they come, the largest last."""
    factors = [1] * count
    for prime in sorted(_primes(product), reverse=True):
        factors[factors.index(min(factors))] *= prime
    return sorted(factors)


def _primes(number: int) -> list[int]:
    for one in range(2, isqrt(number) + 1):
        if number % one == 0:
            return [one, *_primes(number // one)]
    return [number] if number > 1 else []


def _checked(blocks: int) -> int:
    if blocks < 1:
        raise ConfigError(f"{blocks} blocks", "1 or more", "Raise their number, or leave the front out.")
    return blocks
