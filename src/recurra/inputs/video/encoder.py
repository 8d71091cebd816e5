"""What stands before the recurrence that watches videos: a small convolutional net over each frame."""

from collections.abc import Sequence

from torch import Tensor, nn

from recurra.errors import ConfigError
from recurra.inputs.input import Encoder
from recurra.inputs.video.codec import VideoCodec
from recurra.inputs.video.config import VideoConfig
from recurra.layers.frame_front import FrameFront


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
        """Not there.

        Raises:
            ConfigError: No stream brings frames.
        """
        raise ConfigError("input=video on a stream", "an input whose steps come one by one", "Use predict.")
