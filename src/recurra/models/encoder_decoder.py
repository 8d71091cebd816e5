"""Many-to-many of unequal lengths: one recurrent stack reads, another, started from its state, writes."""

from typing import Any, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from recurra.layers.stack import make_stack
from recurra.recurrence import Recurrence
from recurra.types import check_lengths, valid_steps


class EncoderDecoder(nn.Module):
    """A recurrent encoder whose final state starts a recurrent decoder.

    Both sequences are projected to the hidden size and through a GELU before they enter the recurrence.

    Args:
        source_size: Number of features of the sequence that is read.
        target_size: Number of features of the sequence that the decoder is fed.
        recurrence: Of both stacks. The decoder always goes in one direction; what both directions of an
            encoder end in is mapped to the state that it starts from.

    Source: Sutskever, Vinyals and Le, "Sequence to sequence learning with neural networks" (2014).
    """

    def __init__(
        self,
        source_size: int,
        target_size: int,
        recurrence: Recurrence,
    ) -> None:
        super().__init__()
        self.output_size = hidden_size = recurrence.hidden_size
        self.source_projection = nn.Sequential(nn.Linear(source_size, hidden_size), nn.GELU())
        self.target_projection = nn.Sequential(nn.Linear(target_size, hidden_size), nn.GELU())
        self.encoder = make_stack(hidden_size, recurrence)
        self.decoder = make_stack(hidden_size, recurrence.model_copy(update={"bidirectional": False}))
        self.bridges = nn.ModuleList()
        if recurrence.bidirectional:
            fields = len(self.decoder.initial_state(1)[0])
            self.bridges.extend(
                nn.ModuleList(nn.Linear(2 * hidden_size, hidden_size) for _ in range(fields))
                for _ in range(recurrence.num_layers)
            )

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
        outputs, _ = self.decoder(self.target_projection(target), self._bridged(state))
        return outputs

    def _bridged(self, state: tuple[Any, ...]) -> tuple[Any, ...]:
        """The state that the decoder starts from."""
        if not self.bridges:
            return state
        joined = []
        for maps, (ahead, back) in zip(self.bridges, state, strict=True):
            fields = zip(cast("nn.ModuleList", maps), ahead, back, strict=True)
            joined.append(type(ahead)(*(one(torch.cat([a, b], dim=-1)) for one, a, b in fields)))
        return tuple(joined)
