"""Many-to-one: a recurrent stack reads a sequence of any length, its last output is mapped to the result."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from recurra.layers.pooling import Pooling
from recurra.layers.stack import make_stack
from recurra.recurrence import Recurrence
from recurra.types import check_lengths, valid_steps


class ManyToOne(nn.Module):
    """A recurrent net that gives one result for a sequence, after its last valid step.

    The sequence is projected to the hidden size and through a GELU before it enters the recurrence. Nothing
    but the state goes from step to step, so the net also runs as a stream, with a result after every step.

    Args:
        input_size: Number of features of a step.
        output_size: Number of results.
        recurrence: The stack; its dropout is also that before the result.

    Source: Elman, "Finding structure in time" (1990), for reading a sequence into the state.

    >>> import torch
    >>> from recurra.models.many_to_one import ManyToOne
    >>> from recurra.recurrence import Recurrence
    >>> model = ManyToOne(3, 2, Recurrence(cell="gru", hidden_size=5))
    >>> model(torch.randn(4, 7, 3), lengths=torch.tensor([7, 1, 4, 2])).shape
    torch.Size([4, 2])
    """

    def __init__(self, input_size: int, output_size: int, recurrence: Recurrence) -> None:
        super().__init__()
        self.input_size, self.output_size = input_size, output_size
        self.encoder = make_stack(recurrence.hidden_size, recurrence)
        self.projection = nn.Sequential(nn.Linear(input_size, recurrence.hidden_size), nn.GELU())
        self.last = Pooling("last", self.encoder.output_size, bidirectional=recurrence.bidirectional)
        self.dropout = nn.Dropout(recurrence.dropout)
        self.output = nn.Linear(self.encoder.output_size, output_size)

    def forward(
        self, input: Float[Tensor, "batch time _in"], *, lengths: Int[Tensor, "batch"] | None = None
    ) -> Float[Tensor, "batch _out"]:
        """Read `input` (its rows valid up to `lengths`); a row of length 0 gives the result of no step."""
        batch, time = input.shape[:2]
        steps, valid = input, input.new_full((batch,), time, dtype=torch.int64)
        if lengths is not None:  # whatever stands in the padding must not reach the projection's gradient
            check_lengths(lengths, input)
            steps, valid = input.masked_fill(~valid_steps(lengths, time).unsqueeze(-1), 0), lengths
        outputs, _ = self.encoder(self.projection(steps), lengths=lengths)
        last = self.last(outputs, valid) if time else outputs.new_zeros(batch, self.encoder.output_size)
        output: Tensor = self.output(self.dropout(last))
        return output

    def stream_modules(self) -> Sequence[nn.Module]:
        """What a step runs through."""
        return [self.projection, self.encoder, self.output]
