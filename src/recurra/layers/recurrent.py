"""A cell over time, in one direction."""

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, NamedTuple, cast

import torch.nn.functional as F
from torch import Tensor

from recurra.cells import Cell, FusedCell, Zoneout
from recurra.errors import ConfigError
from recurra.layers.dropout import check_probability
from recurra.layers.layer import Layer
from recurra.ops import backends
from recurra.ops.arguments import check_arguments, check_input, simplest
from recurra.ops.walk import WHOLE, Kept, StateT, Walk, scan, without_padding
from recurra.types import Input, Lengths, RecurrentMask, Resets


def unroll(
    cell: Cell[StateT],
    input: Input,
    state: StateT,
    walk: Walk = WHOLE,
) -> tuple[Tensor, StateT]:
    """Run any cell over (batch, time, input_size), one step after another.

    Results and errors are those of `recurra.ops.lstm.lstm`.
    """
    parameter = next(cell.parameters(), input)
    check_arguments(input, state, input_size=cell.input_size, parameter=parameter, walk=walk)
    clean, walk = without_padding(input, simplest(walk, input))

    def advance(projected: Tensor, state: StateT) -> tuple[Tensor, StateT]:
        return cell.step(projected, state, walk.recurrent_mask)

    return scan(advance, cell.project_input(clean), state, walk)


class Drawn(NamedTuple):
    """What a call begins with."""

    state: Any
    recurrent_mask: Tensor | None
    zoneout: Kept | None


class Recurrent(Layer, Generic[StateT]):
    """One cell over time.

    Args:
        cell: What happens in a step.
        reverse: Start at the last valid step and go back; outputs stay aligned with the input.
        recurrent_dropout: The share of hidden units that the recurrent product does not see in training: the
            same units at all steps of a call, drawn anew for every row and call (Gal & Ghahramani 2016). The
            state that is carried on keeps them.
        weight_dropout: The share of the recurrent product's weights that are dropped in training, drawn anew
            for every call (DropConnect; Merity, Keskar & Socher 2018).
        recompute: Keep nothing for the backward pass but the arguments, and run forward again there: half of
            the memory for a third more time.
        backend: One of `recurra.ops.backends.NAMES`; a cell without an op of its own has only the reference.

    Raises:
        ConfigError: `cell` is no cell or has no such backend, or the dropout is out of range.

    >>> import torch
    >>> from recurra.cells import LSTM
    >>> from recurra.layers import Recurrent
    >>> layer = Recurrent(LSTM(3, 5))
    >>> outputs, state = layer(torch.randn(2, 7, 3), lengths=torch.tensor([7, 4]))
    >>> outputs.shape, bool(outputs[1, 4:].any()), bool((outputs[1, 3] == state.hidden[1]).all())
    (torch.Size([2, 7, 5]), False, True)
    """

    def __init__(
        self,
        cell: Cell[StateT],
        *,
        reverse: bool = False,
        recurrent_dropout: float = 0.0,
        weight_dropout: float = 0.0,
        recompute: bool = False,
        backend: str = "auto",
    ) -> None:
        super().__init__()
        if not isinstance(cell, Cell):
            raise ConfigError(
                f"a {type(cell).__name__} as the cell of Recurrent",
                "a recurra.cells.Cell",
                "Use one of recurra.cells, or make_cell(name, input_size, hidden_size).",
            )
        backends.check_name(backend)
        if not isinstance(_inner(cell), FusedCell) and backend not in ("auto", "reference"):
            raise ConfigError(
                f"backend {backend!r} for {type(cell).__name__}",
                "auto or reference",
                'Choose backend="auto".',
            )
        check_probability("recurrent_dropout", recurrent_dropout)
        check_probability("weight_dropout", weight_dropout)
        if weight_dropout and not isinstance(_inner(cell), FusedCell):
            raise ConfigError(
                f"weight_dropout {weight_dropout} for {type(cell).__name__}",
                "0, as this cell has no op that takes its weights",
                "Use recurrent_dropout, or one of recurra's own cells.",
            )
        self.cell = cell
        self.reverse = reverse
        self.recurrent_dropout = recurrent_dropout
        self.weight_dropout = weight_dropout
        self.recompute = recompute
        self.backend = backend
        self.input_size, self.output_size = cell.input_size, cell.output_size

    def initial_state(self, batch_size: int) -> StateT:
        """The cell's."""
        return self.cell.initial_state(batch_size)

    def forward(
        self,
        input: Input,
        state: StateT | None = None,
        *,
        lengths: Lengths | None = None,
        resets: Resets | None = None,
    ) -> tuple[Tensor, StateT]:
        """Run over a batch of sequences; see `Layer.forward`."""
        return self._run(input, state, self.op(), lengths=lengths, resets=resets)

    def stepper(self, batch_size: int) -> Callable[[Input, StateT], tuple[Tensor, StateT]]:
        """Calls that go on with each other's states and drop the same: (input, state) -> (outputs, state).

        Args:
            batch_size: Rows of the sequence that they are parts of.
        """
        mask = self._recurrent_mask(self.initial_state(batch_size))
        return partial(self._run, op=self.op(), mask=mask)

    def _run(
        self,
        input: Input,
        state: StateT | None,
        op: Callable[..., tuple[Tensor, StateT]] | None,
        mask: RecurrentMask | None = None,
        lengths: Lengths | None = None,
        resets: Resets | None = None,
    ) -> tuple[Tensor, StateT]:
        """A call with an op's weights as they are; `mask` None draws anew which units are dropped."""
        if op is None:
            check_input(input, self.input_size)
            state = self.cell.initial_state(input.shape[0]) if state is None else state
            mask = self._recurrent_mask(state) if mask is None else mask
            return unroll(self.cell, input, state, Walk(lengths, resets, mask, reverse=self.reverse))
        drawn = self.draw(input, state, mask)
        return op(
            input,
            state=drawn.state,
            lengths=lengths,
            resets=resets,
            recurrent_mask=drawn.recurrent_mask,
            zoneout=drawn.zoneout,
            reverse=self.reverse,
            recompute=self.recompute,
            backend=self.backend,
        )

    def op(self) -> Callable[..., tuple[Tensor, StateT]] | None:
        """What runs a whole sequence with the cell's weights; None when the cell goes step by step."""
        cell = _inner(self.cell)
        op: Any = cell.op() if isinstance(cell, FusedCell) else None
        if op is not None and self.training and self.weight_dropout:
            weights = op.keywords["weights"]
            dropped = weights._replace(weight_hh=F.dropout(weights.weight_hh, self.weight_dropout))
            op = partial(op, weights=dropped)
        return cast("Callable[..., tuple[Tensor, StateT]] | None", op)

    def draw(self, input: Input, state: StateT | None, mask: RecurrentMask | None = None) -> Drawn:
        """The state that a call begins with, and what is dropped (by `mask`, if given) and kept in it."""
        check_input(input, self.input_size)
        if state is None:
            state = self.cell.initial_state(input.shape[0])
        mask = self._recurrent_mask(state) if mask is None else mask
        return Drawn(state, mask, self.cell.draw(input, state) if isinstance(self.cell, Zoneout) else None)

    def _recurrent_mask(self, state: StateT) -> RecurrentMask | None:
        if not self.training or self.recurrent_dropout == 0:
            return None
        return F.dropout(state[0].new_ones(state[0].shape), self.recurrent_dropout)

    def extra_repr(self) -> str:
        """The settings, for `print`."""
        return f"reverse={self.reverse}, recurrent_dropout={self.recurrent_dropout}, backend={self.backend!r}"


def _inner(cell: Cell[StateT]) -> Cell[StateT]:
    """The cell whose op runs a whole sequence: zoneout is an option of every op."""
    return cell.cell if isinstance(cell, Zoneout) else cell
