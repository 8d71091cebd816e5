"""The blocks of a front of convolutions as the engine runs them."""

from collections.abc import Iterable
from typing import Any, cast

import numpy as np
from torch import Tensor, nn

from recurra.streaming.convolution import Block


def engine_blocks(blocks: Iterable[nn.Module]) -> list[Block]:
    """Trained blocks of `recurra.layers.front`, for `recurra.streaming.convolution.Convolutions`.

    Their bits differ from torch's within rounding, as those of every program do.
    """
    return [_block(cast("Any", block)) for block in blocks]


def _block(block: Any) -> Block:
    convolution, normal = block.convolution, block.normalization
    kernel = array_of(convolution.weight).transpose(0, 2, 3, 1)  # places, then inputs
    along, across = block.pool
    return Block(
        np.ascontiguousarray(kernel.reshape(len(kernel), -1)),
        array_of(convolution.bias),
        array_of(normal.weight),
        array_of(normal.bias),
        along,
        across,
        float(normal.eps),
    )


def array_of(weight: Tensor) -> np.ndarray:
    """A weight as an array of float32."""
    return weight.detach().to("cpu").float().contiguous().numpy()
