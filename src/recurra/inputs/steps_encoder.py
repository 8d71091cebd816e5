"""What stands before the recurrence where steps are numbers already: nothing."""

from collections.abc import Sequence

from torch import Tensor, nn

from recurra.errors import ConfigError
from recurra.inputs.input import Encoder


class StepsEncoder(Encoder):
    """Hands steps on as they are.

    Args:
        size: Features of a step.
        streams: Whether a step depends on nothing but itself.
    """

    def __init__(self, size: int, *, streams: bool = True) -> None:
        super().__init__()
        self.output_size = size
        self.streams = streams

    def forward(self, values: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The steps (batch, time, size)."""
        del lengths
        return values

    def stream_modules(self) -> Sequence[nn.Module]:
        """None.

        Raises:
            ConfigError: A step holds the time since the one before.
        """
        if not self.streams:
            raise ConfigError(
                "steps at irregular times, which a live step does not know",
                "steps at equal distances",
                "Leave the time column out (time=none) to train a net that streams.",
            )
        return []
