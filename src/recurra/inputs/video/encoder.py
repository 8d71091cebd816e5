"""What stands before the recurrence that watches videos: a small convolutional net over each frame."""

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor, nn

from recurra.inputs.input import Encoder
from recurra.inputs.video.codec import VideoCodec
from recurra.inputs.video.config import VideoConfig
from recurra.inputs.video.live import SHARPNESS
from recurra.layers.frame_front import FrameFront
from recurra.layers.front_blocks import array_of, engine_blocks
from recurra.streaming.convolution import arrays_of


class VideoEncoder(Encoder):
    """Frames to features.

    Args:
        codec: How videos become frames.
        config: Sizes of the front.
    """

    def __init__(self, codec: VideoCodec, config: VideoConfig) -> None:
        super().__init__()
        self.front = FrameFront(
            codec.height // config.pixels_of_cell,
            codec.width // config.pixels_of_cell,
            cell=config.pixels_of_cell,
            channels=codec.channels,
            readout=config.front_readout,
            rate=codec.rate,
            width=config.front_width,
            blocks=None if config.front_blocks == "auto" else config.front_blocks,
            output_size=config.frame_size,
        )
        self.output_size = config.frame_size

    def forward(self, values: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map frames (batch, time, height, width, channels) to (batch, time, output_size)."""
        features: Tensor = self.front(values, lengths)
        return features

    def stream_modules(self) -> Sequence[nn.Module]:
        """What a frame runs through after the convolutions, which the live input has done."""
        return self.front.stream_modules()

    def stream_arrays(self) -> Mapping[str, np.ndarray]:
        """The weights of the convolutions, and of points how sharply they are read."""
        found = arrays_of(engine_blocks(self.front.grid.blocks))
        points = self.front.points
        return found if points is None else {**found, SHARPNESS: array_of(points.sharpness.exp())}
