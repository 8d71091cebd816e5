"""Two cells over time, one from each end."""

from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from recurra.cells import Cell
from recurra.errors import ConfigError
from recurra.layers.layer import Layer, check_states
from recurra.layers.recurrent import Recurrent
from recurra.ops.op import Direction, shapes_of
from recurra.ops.walk import mapped
from recurra.types import Input, Lengths, Resets

MERGES = ("concat", "sum", "mean")


class BidirectionalState(NamedTuple):
    """The states of both directions."""

    forward: Any
    backward: Any


class Bidirectional(Layer):
    """Two recurrences: from the first step on, and from the last valid step back (Schuster & Paliwal 1997).

    Args:
        forward_cell: What happens in a step forward.
        backward_cell: What happens in a step back.
        merge: How their outputs become one: "concat" (twice as wide), "sum" or "mean".
        recurrent_dropout: As in `Recurrent`.
        weight_dropout: As in `Recurrent`, drawn for each direction.
        recompute: As in `Recurrent`.
        backend: As in `Recurrent`.

    Raises:
        ConfigError: The merge is unknown, or the cells' sizes do not go together.

    >>> import torch
    >>> from recurra.cells import GRU
    >>> from recurra.layers import Bidirectional
    >>> layer = Bidirectional(GRU(3, 5), GRU(3, 5), merge="mean")
    >>> outputs, state = layer(torch.randn(2, 7, 3))
    >>> outputs.shape, state.backward.hidden.shape
    (torch.Size([2, 7, 5]), torch.Size([2, 5]))
    """

    def __init__(
        self,
        forward_cell: Cell[Any],
        backward_cell: Cell[Any],
        *,
        merge: str = "concat",
        recurrent_dropout: float = 0.0,
        weight_dropout: float = 0.0,
        recompute: bool = False,
        backend: str = "auto",
    ) -> None:
        super().__init__()
        if merge not in MERGES:
            raise ConfigError(f"merge {merge!r}", f"one of {', '.join(MERGES)}", "Choose one of these.")
        if forward_cell.input_size != backward_cell.input_size:
            raise ConfigError(
                f"cells for {forward_cell.input_size} and {backward_cell.input_size} features",
                "the same input_size",
                "Both directions read the same input.",
            )
        if merge != "concat" and forward_cell.output_size != backward_cell.output_size:
            sizes = f"{forward_cell.output_size} and {backward_cell.output_size}"
            raise ConfigError(
                f"outputs of {sizes} features with merge={merge!r}",
                "the same output_size",
                'Give both cells one hidden_size, or use merge="concat".',
            )
        options: Any = {"recurrent_dropout": recurrent_dropout, "weight_dropout": weight_dropout}
        options |= {"recompute": recompute, "backend": backend}
        self.forward_layer = Recurrent(forward_cell, **options)
        self.backward_layer = Recurrent(backward_cell, reverse=True, **options)
        self.merge = merge
        self.input_size = forward_cell.input_size
        self.output_size = forward_cell.output_size + (backward_cell.output_size if merge == "concat" else 0)

    def initial_state(self, batch_size: int) -> BidirectionalState:
        """Both cells'."""
        return BidirectionalState(
            self.forward_layer.initial_state(batch_size), self.backward_layer.initial_state(batch_size)
        )

    def forward(
        self,
        input: Input,
        state: BidirectionalState | None = None,
        *,
        lengths: Lengths | None = None,
        resets: Resets | None = None,
    ) -> tuple[Tensor, BidirectionalState]:
        """Run over a batch of sequences; see `Layer.forward`.

        A reset cuts the sequence for each direction before the step that it takes there: going back, the
        state that comes from later steps is dropped.
        """
        if state is not None:
            check_states(state, 2, "a BidirectionalState")
        before, after = (None, None) if state is None else state
        ahead: Any = self.forward_layer.op()
        back: Any = self.backward_layer.op()
        if not _are_alike(ahead, back):
            outputs, last = self.forward_layer(input, before, lengths=lengths, resets=resets)
            others, first = self.backward_layer(input, after, lengths=lengths, resets=resets)
            return self._merged(torch.cat([outputs, others], dim=-1)), BidirectionalState(last, first)
        drawn, opposite = self.forward_layer.draw(input, before), self.backward_layer.draw(input, after)
        outputs, final = ahead(
            input,
            state=drawn.state,
            lengths=lengths,
            resets=resets,
            recurrent_mask=drawn.recurrent_mask,
            zoneout=drawn.zoneout,
            opposite=Direction(back.keywords["weights"], *opposite),
            recompute=self.forward_layer.recompute,
            backend=self.forward_layer.backend,
        )
        last, first = (mapped(lambda field, n=number: field.select(0, n), final) for number in range(2))
        return self._merged(outputs), BidirectionalState(last, first)

    def _merged(self, outputs: Tensor) -> Tensor:
        if self.merge == "concat":
            return outputs
        ahead, back = outputs.chunk(2, dim=-1)
        return ahead + back if self.merge == "sum" else (ahead + back) / 2

    def extra_repr(self) -> str:
        """The merge, for `print`."""
        return f"merge={self.merge!r}"


def _are_alike(ahead: Any, back: Any) -> bool:
    """Whether two ops, bound to their weights, differ in nothing but the weights' numbers.

    Args:
        ahead: A `functools.partial` of an op with weights and settings; anything else is like nothing.
        back: As before.
    """
    if not (isinstance(ahead, partial) and isinstance(back, partial) and ahead.func is back.func):
        return False
    one, other = dict(ahead.keywords), dict(back.keywords)
    return shapes_of(one.pop("weights")) == shapes_of(other.pop("weights")) and one == other
