"""Many-to-one: a recurrent stack reads a sequence of any length, its last output is mapped to the result."""

from collections.abc import Sequence

from jaxtyping import Float, Int
from torch import Tensor, nn

from recurra.cells.registry import make_cell
from recurra.layers.recurrent import Recurrent
from recurra.layers.stack import Stack
from recurra.types import check_lengths, valid_steps


class ManyToOne(nn.Module):
    """A recurrent net that gives one result for a sequence, after its last valid step.

    The sequence is projected to the hidden size and through a GELU before it enters the recurrence. Nothing
    but the state goes from step to step, so the net also runs as a stream, with a result after every step.

    Args:
        input_size: Number of features of a step.
        hidden_size: Number of hidden units of every layer.
        output_size: Number of results.
        cell: Name of the cell, as `recurra.cells.registry` has it.
        num_layers: Depth of the stack.
        dropout: Share of values dropped between layers and before the result, in training.
        recurrent_dropout: Share of hidden units cut off from the recurrence, the same over all time steps of
            a sequence, in training.
        zoneout: Probability that a unit of the state keeps its value over a step, in training.

    Source: Elman, "Finding structure in time" (1990), for reading a sequence into the state.

    >>> import torch
    >>> from recurra.models.many_to_one import ManyToOne
    >>> model = ManyToOne(3, 5, 2, cell="gru")
    >>> model(torch.randn(4, 7, 3), lengths=torch.tensor([7, 1, 4, 2])).shape
    torch.Size([4, 2])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        *,
        cell: str = "lstm",
        num_layers: int = 1,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        zoneout: float = 0.0,
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, output_size
        cells = [make_cell(cell, hidden_size, hidden_size, zoneout=zoneout) for _ in range(num_layers)]
        layers = [Recurrent(one, recurrent_dropout=recurrent_dropout) for one in cells]
        self.projection = nn.Sequential(nn.Linear(input_size, hidden_size), nn.GELU())
        self.encoder = Stack(layers, dropout=dropout)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden_size, output_size)

    def forward(
        self, input: Float[Tensor, "batch time _in"], *, lengths: Int[Tensor, "batch"] | None = None
    ) -> Float[Tensor, "batch _out"]:
        """Read `input` (its rows valid up to `lengths`); a row of length 0 gives the result of no step."""
        steps = input
        if lengths is not None:  # whatever stands in the padding must not reach the projection's gradient
            check_lengths(lengths, input)
            steps = input.masked_fill(~valid_steps(lengths, input.shape[1]).unsqueeze(-1), 0)
        _, state = self.encoder(self.projection(steps), lengths=lengths)
        output: Tensor = self.output(self.dropout(state[-1].hidden))
        return output

    def stream_modules(self) -> Sequence[nn.Module]:
        """What a step runs through."""
        return [self.projection, self.encoder, self.output]
