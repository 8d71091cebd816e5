"""One direction of one recurrent layer over a batch, taken apart into its steps.

Fused kernels show no state but the last. Their steps are gone again here with the cell's own step, which
gives the same numbers, so that every state, every gate and every step's Jacobian can be had.
"""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from recurra.cells import Cell, Gate, Gated, Zoneout
from recurra.ops.dense import flipped
from recurra.ops.walk import State, mapped, selected, zeroed
from recurra.types import valid_steps


@dataclass(frozen=True, eq=False)
class Passage:
    """The steps of a direction, numbered from 0 in the order in which it goes.

    Attributes:
        name: The layer's: its module's name, with the number of the layer where a module holds several.
        reverse: Whether it goes from a row's last step to its first.
        cell: What happens in a step.
        input: (rows, steps, features), zeros past a row's length.
        lengths: (rows,) the number of valid steps.
        states: Fields of (rows, steps + 1, size): before the first step, and after every step.
        entering: Fields of (rows, steps, size): the gradient of the mean loss with respect to the state after
            a step, as far as it comes from outside of this direction: from the layer above, from the loss, or
            through the final state.
        resets: (rows, steps) where the state is set to zero before the step; None: nowhere.
    """

    name: str
    reverse: bool
    cell: Cell[Any]
    input: Float[Tensor, "rows steps features"]
    lengths: Int[Tensor, " rows"]
    states: State
    entering: State
    resets: Bool[Tensor, "rows steps"] | None = None

    @classmethod
    def along(
        cls,
        name: str,
        cell: Cell[Any],
        input: Float[Tensor, "rows steps features"],
        *,
        reverse: bool,
        state: Any,
        lengths: Tensor | None,
        resets: Tensor | None,
        outputs_gradient: Float[Tensor, "rows steps outputs"],
        final_gradient: Any,
    ) -> "Passage":
        """Go the steps, and lay out what comes back to them.

        Args:
            name: As above.
            cell: As above.
            input: As the layer got it.
            reverse: As above.
            state: Before the first step, of the cell; None for zeros.
            lengths: None: all steps are valid.
            resets: As the layer got them.
            outputs_gradient: What came back to the outputs, in the order of the input.
            final_gradient: What came back to the last state; None: nothing.
        """
        rows, steps = input.shape[:2]
        if lengths is None:
            lengths = torch.full((rows,), steps, device=input.device)
        valid = valid_steps(lengths, steps)
        seen, back = (one.detach().masked_fill(~valid.unsqueeze(-1), 0) for one in (input, outputs_gradient))
        resets = None if resets is None else resets & valid
        if reverse:
            seen, back = flipped(seen, lengths), flipped(back, lengths)
            resets = None if resets is None else flipped(resets, lengths)
        start = cell.initial_state(rows) if state is None else state
        states = _gone(cell, seen, mapped(lambda field: field.detach(), start), valid, resets)
        entering = _entering(states, back, final_gradient, lengths)
        return cls(name, reverse, cell, seen, lengths, states, entering, resets)

    @cached_property
    def projected(self) -> Tensor:
        """(rows, steps, ...) what the cell makes of every input without a state."""
        with torch.no_grad():
            return self.cell.project_input(self.input)

    @property
    def inner(self) -> Cell[Any]:
        """The cell without what is around it."""
        return self.cell.cell if isinstance(self.cell, Zoneout) else self.cell

    @property
    def valid(self) -> Bool[Tensor, "rows steps"]:
        """Which steps count."""
        return valid_steps(self.lengths, self.input.shape[1])

    def before(self, step: int) -> State:
        """The state that a step begins with, once it is reset."""
        state = mapped(lambda field: field[:, step], self.states)
        return state if self.resets is None else zeroed(self.resets[:, step], state)

    def pulled(self, step: int, vectors: State) -> State:
        """Gradients with respect to the state after a step, as those with respect to the state before it.

        Args:
            step: Its number.
            vectors: Fields of (vectors, rows, size); so is what comes back.
        """
        inner = mapped(lambda field: field.detach().requires_grad_(), self.before(step))
        with torch.enable_grad():
            _, after = self.cell.step(self.projected[:, step], inner)
        pairs = [(one, vector) for one, vector in zip(after, vectors, strict=True) if one.requires_grad]
        found: tuple[Tensor | None, ...] = torch.autograd.grad(
            [one for one, _ in pairs],
            list(inner),
            [vector for _, vector in pairs],
            is_grads_batched=True,
            allow_unused=True,
        )
        filled = (torch.zeros_like(v) if f is None else f for f, v in zip(found, vectors, strict=True))
        back = cast("State", cast("Any", type(self.states))(*filled))
        if self.resets is None:
            return back
        stays = ~self.resets[:, step].unsqueeze(-1)
        return mapped(lambda field: field * stays, back)

    def gates(self) -> dict[str, Gate]:
        """All gates of all steps, (rows, steps, units) each; none, where the cell does not show them."""
        cell = self.inner
        if not isinstance(cell, Gated):
            return {}
        before = mapped(lambda field: field[:, :-1], self.states)
        if self.resets is not None:
            stays = ~self.resets.unsqueeze(-1)
            before = mapped(lambda field: field * stays, before)
        with torch.no_grad():
            flat = mapped(lambda field: field.flatten(0, 1), before)
            found = cell.gates(self.projected.flatten(0, 1), flat)
        shape = self.input.shape[:2]
        return {name: gate._replace(values=gate.values.view(*shape, -1)) for name, gate in found.items()}

    def recurrent_weights(self) -> dict[str, Tensor]:
        """The cell's matrices by gate; none, where it does not show them."""
        cell = self.inner
        if not isinstance(cell, Gated):
            return {}
        return {name: weight.detach() for name, weight in cell.recurrent_weights().items()}

    def of_rows(self, index: list[int]) -> "Passage":
        """The same of some rows."""
        kept: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, Tensor):
                kept[one.name] = value[index]
            elif isinstance(value, tuple):
                kept[one.name] = mapped(lambda field: field[index], value)
        return replace(self, **kept)


@torch.no_grad()
def _gone(cell: Cell[Any], input: Tensor, state: State, valid: Tensor, resets: Tensor | None) -> State:
    """The states before the first step and after every one; past a row's length they stay as they are."""
    projected = cell.project_input(input)
    states = [state]
    for step in range(input.shape[1]):
        before = state if resets is None else zeroed(resets[:, step], state)
        _, after = cell.step(projected[:, step], before)
        state = selected(valid[:, step], after, state)
        states.append(state)
    return mapped(lambda *fields: torch.stack(fields, dim=1), *states)


def _entering(states: State, back: Tensor, final_gradient: Any, lengths: Tensor) -> State:
    entering = mapped(lambda field: torch.zeros_like(field[:, 1:]), states)
    entering[0].add_(back)
    if final_gradient is not None:
        rows = torch.arange(len(lengths), device=lengths.device)[lengths > 0]
        for field, gradient in zip(entering, final_gradient, strict=True):
            if gradient is not None:
                field[rows, lengths[rows] - 1] += gradient[rows]
    return entering
