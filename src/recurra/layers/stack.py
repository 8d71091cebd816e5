"""Layers on top of each other."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any, cast

from torch import Tensor, nn

from recurra.cells.cell import Cell
from recurra.cells.initialization import (
    Chrono,
    Filler,
    ForgetBias,
    Glorot,
    Identity,
    Initialization,
    Orthogonal,
    Scaled,
)
from recurra.cells.registry import make_cell, own_initialization
from recurra.errors import ConfigError
from recurra.layers.bidirectional import Bidirectional
from recurra.layers.dropout import VariationalDropout, check_probability
from recurra.layers.layer import Layer, check_states
from recurra.layers.recurrent import Recurrent
from recurra.recurrence import Recurrence
from recurra.types import Input, Lengths, Resets, placed_lengths, valid_steps


class Stack(Layer):
    """Layers, each of which reads the outputs of the one below. The state is a tuple of theirs.

    Args:
        layers: From the bottom to the top.
        dropout: The share of features dropped between layers in training.
        variational: Whether the same features are dropped at all time steps of a row.
        residual: Whether a layer's input, undropped, is added to its outputs, where they are equally wide.

    Raises:
        ConfigError: There are no layers, one is no `Layer`, their sizes do not go together, or residual finds
            no place.

    >>> import torch
    >>> from recurra.cells import LSTM
    >>> from recurra.layers import Recurrent, Stack
    >>> stack = Stack([Recurrent(LSTM(3, 5)), Recurrent(LSTM(5, 5))], dropout=0.1, residual=True)
    >>> outputs, state = stack(torch.randn(2, 7, 3))
    >>> outputs.shape, len(state)
    (torch.Size([2, 7, 5]), 2)
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        dropout: float = 0.0,
        variational: bool = False,
        residual: bool = False,
    ) -> None:
        super().__init__()
        check_probability("dropout", dropout)
        if not layers:
            raise ConfigError("a stack of no layers", "at least one", "Give a layer.")
        for number, layer in enumerate(layers):
            if not isinstance(layer, Layer):
                raise ConfigError(
                    f"layer {number} is a {type(layer).__module__}.{type(layer).__name__}",
                    "a recurra.layers.Layer, such as Recurrent",
                    "Wrap a cell: Recurrent(cell). recurra.LSTM and the like stack themselves: num_layers=2.",
                )
        for number, (below, above) in enumerate(pairwise(layers)):
            if below.output_size != above.input_size:
                raise ConfigError(
                    f"layer {number} of {below.output_size} features below one that takes {above.input_size}",
                    "the same number",
                    f"Give layer {number + 1} input_size={below.output_size}.",
                )
        if residual and all(layer.input_size != layer.output_size for layer in layers):
            raise ConfigError(
                "residual=True, but no layer is as wide as its input",
                "at least one that is",
                "Make hidden_size equal to the layer's input_size.",
            )
        self.layers = nn.ModuleList(layers)
        self.dropout = VariationalDropout(dropout) if variational else nn.Dropout(dropout)
        self.residual = residual
        self.input_size, self.output_size = layers[0].input_size, layers[-1].output_size

    def initial_state(self, batch_size: int) -> tuple[Any, ...]:
        """Every layer's."""
        return tuple(layer.initial_state(batch_size) for layer in self._layers())

    def forward(
        self,
        input: Input,
        state: tuple[Any, ...] | None = None,
        *,
        lengths: Lengths | None = None,
        resets: Resets | None = None,
    ) -> tuple[Tensor, tuple[Any, ...]]:
        """Run over a batch of sequences; see `Layer.forward`."""
        layers = self._layers()
        states = (None,) * len(layers) if state is None else state
        check_states(states, len(layers), f"a tuple of {len(layers)}, one per layer")
        final = []
        outputs = input
        for number, (layer, before) in enumerate(zip(layers, states, strict=True)):
            below = outputs
            dropped = below if number == 0 else self.dropout(below)
            outputs, after = layer(dropped, before, lengths=lengths, resets=resets)
            if self.residual and layer.input_size == layer.output_size:
                outputs = outputs + _without_padding(below, lengths)
            final.append(after)
        return outputs, tuple(final)

    def _layers(self) -> list[Layer]:
        return cast("list[Layer]", list(self.layers))


def make_stack(input_size: int, recurrence: Recurrence) -> Stack:
    """Layers of cells as the options of a recurrence say.

    Raises:
        ConfigError: There is no such cell, or the options do not go together.
    """
    options: dict[str, Any] = {
        "recurrent_dropout": recurrence.recurrent_dropout,
        "weight_dropout": recurrence.weight_dropout,
        "recompute": recurrence.recompute,
    }

    initialization = initialization_of(recurrence)

    def cell(size: int) -> Cell[Any]:
        return make_cell(
            recurrence.cell,
            size,
            recurrence.hidden_size,
            orthogonal=recurrence.orthogonal,
            zoneout=recurrence.zoneout,
            initialization=initialization,
        )

    layers: list[Layer] = []
    size = input_size
    for _ in range(recurrence.num_layers):
        if recurrence.bidirectional:
            layers.append(Bidirectional(cell(size), cell(size), **options))
        else:
            layers.append(Recurrent(cell(size), **options))
        size = layers[-1].output_size
    return Stack(
        layers,
        dropout=recurrence.dropout,
        variational=recurrence.variational,
        residual=recurrence.residual,
    )


_RECURRENT: Mapping[str, Filler] = MappingProxyType({
    "orthogonal": Orthogonal(), "identity": Identity(), "glorot": Glorot(),
})  # fmt: skip


def initialization_of(recurrence: Recurrence) -> Initialization | None:
    """How the weights of its cells start; None: as the cell's own way has it."""
    changed = (recurrence.initialization != "auto", recurrence.recurrent_scale != 1)
    biased = recurrence.forget_bias is not None or recurrence.chrono_steps is not None
    if not any(changed) and not biased:
        return None
    found = own_initialization(recurrence.cell)
    filler = _RECURRENT.get(recurrence.initialization, found.recurrent)
    if recurrence.recurrent_scale != 1:
        filler = Scaled(filler, recurrence.recurrent_scale)
    bias = found.bias
    if recurrence.forget_bias is not None:
        bias = ForgetBias(recurrence.forget_bias)
    elif recurrence.chrono_steps is not None:
        bias = Chrono(recurrence.chrono_steps)
    return replace(found, recurrent=filler, bias=bias)


def _without_padding(values: Tensor, lengths: Tensor | None) -> Tensor:
    if lengths is None:
        return values
    valid = valid_steps(placed_lengths(lengths, values), values.shape[1])
    return values.masked_fill(~valid.unsqueeze(-1), 0)
