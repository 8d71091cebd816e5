"""Several recurrent bodies side by side, which read the same steps and know nothing of each other."""

from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from recurra.errors import ConfigError
from recurra.layers.layer import Layer
from recurra.layers.stack import Stack, make_stack
from recurra.models.sequence_body import Lengths, RecurrentBody, Steps
from recurra.recurrence import Recurrence

_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class CommitteeBody(nn.Module):
    """Recurrent bodies whose outputs lie beside each other: all that read forwards, then all backwards.

    Args:
        input_size: Features of a step.
        recurrence: Of each member.
        members: How many.
    """

    def __init__(self, input_size: int, recurrence: Recurrence, members: int) -> None:
        super().__init__()
        self.bodies = nn.ModuleList(RecurrentBody(input_size, recurrence) for _ in range(members))
        self.recurrence, self.members = recurrence, members
        self.directions = 2 if recurrence.bidirectional else 1
        self.output_size = members * self.directions * recurrence.hidden_size

    def forward(self, steps: Steps, lengths: Lengths) -> Tensor:
        """Map (batch, time, input_size) to (batch, time, output_size)."""
        apart = torch.stack([body(steps, lengths) for body in self.bodies], dim=2)
        return apart.reshape(*apart.shape[:3], self.directions, -1).transpose(2, 3).flatten(2)

    def apart(self, values: Float[Tensor, "rows output_size"]) -> Float[Tensor, "members rows _size"]:
        """What of each row belongs to each member."""
        shape = (len(values), self.directions, self.members, self.recurrence.hidden_size)
        return values.reshape(shape).permute(2, 0, 1, 3).flatten(2)

    @property
    def stack(self) -> Stack:
        """One recurrence that does the same, as wide as all: its weights between members are zeros.

        Raises:
            ConfigError: A cell does more than its products tell, or the first layer adds its input.
        """
        stacks = [[*cast("RecurrentBody", one).stack.layers] for one in self.bodies]
        first = cast("Layer", stacks[0][0])
        if self.recurrence.residual and first.input_size == first.output_size:
            raise _single("a residual connection around the first layer")
        whole = self.recurrence.model_copy(update={"hidden_size": self.members * self.recurrence.hidden_size})
        found = make_stack(first.input_size, whole)
        for number, layer in enumerate(found.layers):
            own = [dict(layers[number].named_parameters()) for layers in stacks]
            for name, parameter in layer.named_parameters():
                kind = name.rpartition(".")[2]
                if kind not in _WEIGHTS:
                    raise _single(f"cell {self.recurrence.cell!r} with {kind}")
                shared = kind == "weight_ih" and number == 0
                joined = self._joined([one[name].detach() for one in own], shared=shared)
                parameter.data.copy_(joined)
        return found.train(self.training)

    def _joined(self, weights: list[Tensor], *, shared: bool) -> Tensor:
        """Weights of all members as those of one: gate by gate beside each other, and zeros between them."""
        hidden = self.recurrence.hidden_size
        gates = [one.reshape(-1, hidden, *one.shape[1:]) for one in weights]
        if shared or gates[0].ndim == 2:
            return torch.stack(gates, dim=1).flatten(0, 2)
        inner = torch.stack([one.reshape(*one.shape[:2], -1, hidden) for one in gates], dim=1)
        apart = torch.eye(self.members, dtype=inner.dtype, device=inner.device)
        return torch.einsum("gmhdi,mn->gmhdni", inner, apart).flatten(3).flatten(0, 2)


def _single(reason: str) -> ConfigError:
    return ConfigError(f"a committee of nets with {reason}", "members=1", "Train one net.")
