"""What stands before the recurrence that reads images: a small convolutional net."""

from collections.abc import Sequence
from typing import NoReturn

from torch import Tensor, nn

from recurra.errors import ConfigError
from recurra.inputs.images.codec import ImageCodec
from recurra.inputs.input import Encoder
from recurra.layers.front import GridFront, StripFront


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
        """Not there.

        Raises:
            ConfigError: Convolutions see the steps around each.
        """
        return self._refuse()

    def _refuse(self) -> NoReturn:
        raise ConfigError(
            "front=convolution, which sees the steps around each",
            "front=none, so that a step is enough",
            "Train with front=none bidirectional=false.",
        )
