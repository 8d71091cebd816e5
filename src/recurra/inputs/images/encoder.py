"""What stands before the recurrence that reads images: a small convolutional net."""

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor, nn

from recurra.inputs.images.codec import ImageCodec
from recurra.inputs.images.live import PLACES
from recurra.inputs.input import Encoder
from recurra.layers.front import GridFront, StripFront
from recurra.layers.front_blocks import array_of, engine_blocks
from recurra.streaming.convolution import arrays_of


class ImageEncoder(Encoder):
    """Steps of pixels to features.

    Args:
        codec: How images become steps.
        width: Channels of the first block of convolutions.
        blocks: How many blocks there are; None: by the size of a step.
        places: Whether the cells of a grid are told where they stand.
    """

    def __init__(self, codec: ImageCodec, *, width: int, blocks: int | None, places: bool) -> None:
        super().__init__()
        along, across, channels = codec.step_shape
        front: StripFront | GridFront
        if codec.view == "grid":
            front = GridFront(
                *codec.grid, cell=along, channels=channels, width=width, blocks=blocks, places=places
            )
        else:
            front = StripFront(along, across, channels=channels, width=width, blocks=blocks)
        self.front, self.output_size = front, front.output_size

    def forward(self, values: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map steps (batch, time, along, across, channels) to (batch, time, output_size)."""
        features: Tensor = self.front(values, lengths)
        return features

    def stream_modules(self) -> Sequence[nn.Module]:
        """None: the live input has convolved what comes."""
        return []

    def stream_arrays(self) -> Mapping[str, np.ndarray]:
        """The weights of the convolutions, and what is added to each cell of a grid."""
        found = arrays_of(engine_blocks(self.front.blocks))
        places = self.front.places if isinstance(self.front, GridFront) else None
        return found if places is None else {**found, PLACES: array_of(places)}
