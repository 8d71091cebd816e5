"""The blocks of a front of convolutions as the engine runs them."""

from collections.abc import Iterable
from typing import Any, cast

import numpy as np
from torch import nn

from recurra.streaming.convolution import Block


def engine_blocks(blocks: Iterable[nn.Module]) -> list[Block]:
    """Trained blocks of `recurra.layers.front`, for `recurra.streaming.convolution.Convolutions`.

    Their bits differ from torch's within rounding, as those of every program do.
    """
    return [_block(cast("Any", block)) for block in blocks]


def _block(block: Any) -> Block:
    convolution, normal = block.convolution, block.normalization
    kernel = _array(convolution.weight).transpose(0, 2, 3, 1)  # places, then inputs
    along, across = block.pool
    return Block(
        np.ascontiguousarray(kernel.reshape(len(kernel), -1)),
        _array(convolution.bias),
        _array(normal.weight),
        _array(normal.bias),
        along,
        across,
        float(normal.eps),
    )


def _array(weight: nn.Parameter) -> np.ndarray:
    return weight.detach().to("cpu").float().contiguous().numpy()
