"""One-to-one: the feed-forward network, a fixed-size input to a fixed-size output."""

from collections.abc import Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn


class FeedForward(nn.Module):
    """A multilayer perceptron with GELU units.

    Args:
        input_size: Number of input features.
        hidden_size: Number of units in each hidden layer.
        output_size: Number of outputs.
        num_layers: Number of hidden layers.
        dropout: Share of hidden units dropped in training.

    Source: Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (1986).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        *,
        num_layers: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, output_size
        sizes = [input_size, *[hidden_size] * num_layers]
        hidden = [
            nn.Sequential(nn.Linear(before, after), nn.GELU(), nn.Dropout(dropout))
            for before, after in pairwise(sizes)
        ]
        self.layers = nn.Sequential(*hidden, nn.Linear(sizes[-1], output_size))

    def forward(self, input: Float[Tensor, "batch features"]) -> Float[Tensor, "batch outputs"]:
        """Map `(batch, input_size)` to `(batch, output_size)`."""
        output: Tensor = self.layers(input)
        return output

    def stream_modules(self) -> Sequence[nn.Module]:
        """What a step runs through."""
        return [self.layers]
