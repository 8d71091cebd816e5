"""Many-to-many of unequal lengths: one recurrent stack reads, another, started from its state, writes."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from recurra.cells.registry import make_cell
from recurra.layers.recurrent import Recurrent
from recurra.layers.stack import Stack
from recurra.types import check_lengths, valid_steps


class EncoderDecoder(nn.Module):
    """A recurrent encoder whose final state starts a recurrent decoder.

    Both sequences are projected to the hidden size and through a GELU before they enter the recurrence.

    Args:
        source_size: Number of features of the sequence that is read.
        target_size: Number of features of the sequence that the decoder is fed.
        hidden_size: Number of hidden units of every layer.
        cell: Name of the cell, as `recurra.cells.registry` has it.
        num_layers: Depth of encoder and decoder.
        dropout: Share of values dropped between layers, in training.
        recurrent_dropout: Share of hidden units cut off from the recurrence, the same over all time steps of
            a sequence, in training.
        zoneout: Probability that a unit of the state keeps its value over a step, in training.

    Source: Sutskever, Vinyals and Le, "Sequence to sequence learning with neural networks" (2014).
    """

    def __init__(
        self,
        source_size: int,
        target_size: int,
        hidden_size: int,
        *,
        cell: str = "lstm",
        num_layers: int = 1,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        zoneout: float = 0.0,
    ) -> None:
        super().__init__()
        self.output_size = hidden_size

        def stack() -> Stack:
            cells = [make_cell(cell, hidden_size, hidden_size, zoneout=zoneout) for _ in range(num_layers)]
            layers = [Recurrent(one, recurrent_dropout=recurrent_dropout) for one in cells]
            return Stack(layers, dropout=dropout)

        self.source_projection = nn.Sequential(nn.Linear(source_size, hidden_size), nn.GELU())
        self.target_projection = nn.Sequential(nn.Linear(target_size, hidden_size), nn.GELU())
        self.encoder = stack()
        self.decoder = stack()

    def forward(
        self,
        source: Float[Tensor, "batch source_time source_size"],
        target: Float[Tensor, "batch target_time target_size"],
        *,
        lengths: Int[Tensor, "batch"] | None = None,
    ) -> Float[Tensor, "batch target_time hidden"]:
        """Read `source` (its rows valid up to `lengths`), then give one output for each step of `target`."""
        if lengths is not None:  # whatever stands in the padding must not reach the projection's gradient
            check_lengths(lengths, source)
            source = source.masked_fill(~valid_steps(lengths, source.shape[1]).unsqueeze(-1), 0)
        _, state = self.encoder(self.source_projection(source), lengths=lengths)
        outputs: Tensor
        outputs, _ = self.decoder(self.target_projection(target), state)
        return outputs
