"""An encoder for the tests of models: a map of each step by itself."""

from collections.abc import Sequence

from torch import Tensor, nn


class StepsEncoder(nn.Module):
    """Features of each step, (batch, time, 3) to (batch, time, output_size)."""

    def __init__(self, output_size: int) -> None:
        super().__init__()
        self.output_size = output_size
        self.linear = nn.Linear(3, output_size)

    def forward(self, values: Tensor, lengths: Tensor | None = None) -> Tensor:
        del lengths
        return self.linear(values)

    def stream_modules(self) -> Sequence[nn.Module]:
        return [self.linear]
