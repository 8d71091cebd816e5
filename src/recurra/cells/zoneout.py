"""Zoneout around any cell."""

from collections.abc import Mapping
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor

from recurra.cells.cell import Cell
from recurra.errors import ConfigError
from recurra.ops.walk import Kept, StateT, mapped


class Zoneout(Cell[StateT]):
    """Another cell whose units now and then keep their value for a step.

    ```
    s' = m ∘ s + (1 - m) ∘ proposed(x, s)    m = 1 with the unit's rate, drawn anew at every step
    s' = rate s + (1 - rate) proposed(x, s)  in evaluation: the expectation
    ```

    It applies to every field s of the state with a rate of its own. The output is the new hidden state.

    Departures from the paper: none. It recommends a rate of 0.5 for the cell and 0.05 for the hidden state of
    an LSTM.

    Reference: Krueger et al., Zoneout: regularizing RNNs by randomly preserving hidden activations, ICLR
        2017.

    Args:
        cell: The cell that proposes the next state.
        rates: The probability that a unit keeps its value: one for all fields of the state, or by their
            names. A field that is not named is never kept.

    >>> import torch
    >>> from recurra.cells import LSTM, Zoneout
    >>> cell = Zoneout(LSTM(3, 5), {"hidden": 0.05, "cell": 0.5})
    >>> output, state = cell(torch.randn(2, 3), cell.initial_state(2))
    >>> output.shape, output is state.hidden
    (torch.Size([2, 5]), True)
    """

    def __init__(self, cell: Cell[StateT], rates: float | Mapping[str, float]) -> None:
        super().__init__()
        fields: tuple[str, ...] = cast("Any", cell.initial_state(1))._fields
        by_field = dict(rates) if isinstance(rates, Mapping) else dict.fromkeys(fields, rates)
        for name, rate in by_field.items():
            if name not in fields:
                raise ConfigError(
                    f"a zoneout rate for {name!r}",
                    f"one of {', '.join(fields)}",
                    "Name fields of the cell's state.",
                )
            if not 0 <= rate <= 1:
                raise ConfigError(f"a zoneout rate of {rate}", "between 0 and 1", "Give a probability.")
        self.cell = cell
        self.rates = tuple(by_field.get(name, 0.0) for name in fields)
        self.input_size, self.hidden_size, self.output_size = (
            cell.input_size,
            cell.hidden_size,
            cell.output_size,
        )

    def initial_state(self, batch_size: int) -> StateT:
        """The wrapped cell's."""
        return self.cell.initial_state(batch_size)

    def project_input(self, input: Float[Tensor, "*steps features"]) -> Float[Tensor, "*steps projected"]:
        """The wrapped cell's."""
        return self.cell.project_input(input)

    def step(
        self,
        projected: Float[Tensor, "batch projected"],
        state: StateT,
        recurrent_mask: Float[Tensor, "batch outputs"] | None = None,
    ) -> tuple[Float[Tensor, "batch outputs"], StateT]:
        """The wrapped cell's step, after which some units keep their value."""
        _, proposed = self.cell.step(projected, state, recurrent_mask)
        rates = iter(self.rates)
        state = mapped(lambda old, new: self._mixed(next(rates), old, new), state, proposed)
        return state[0], state

    def draw(self, input: Float[Tensor, "batch time features"], state: StateT) -> Kept:
        """What the ops take to do the same for a whole sequence: masks in training, else the rates."""
        masks = [self._mask(rate, input, field) for rate, field in zip(self.rates, state, strict=True)]
        return Kept(self.rates, tuple(masks))

    def _mask(self, rate: float, input: Tensor, field: Tensor) -> Tensor | None:
        if not self.training or rate == 0:
            return None
        shape = (*input.shape[:2], *field.shape[1:])
        return torch.rand(shape, dtype=torch.float32, device=input.device) < rate

    def _mixed(self, rate: float, old: Tensor, new: Tensor) -> Tensor:
        if rate == 0:
            return new
        if self.training:
            return torch.where(torch.rand_like(new) < rate, old, new)
        return torch.lerp(new, old.to(new.dtype), rate)

    def extra_repr(self) -> str:
        """The rates, for `print`."""
        return f"rates={self.rates}"
