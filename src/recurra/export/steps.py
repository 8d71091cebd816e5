"""Stream programs as torch modules again: of whole sequences, and of one step whose state goes in and out.

What other formats are made of: they need torch's graph of what a program does.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recurra import cells, streaming
from recurra.errors import ConfigError
from recurra.layers import Recurrent
from recurra.streaming import Layer, Program
from recurra.streaming.layer import tensors_of

State: TypeAlias = tuple[Tensor, ...]


class Part(nn.Module):
    """A layer of a program.

    Attributes:
        count: How many tensors its state has.
    """

    count: int = 0

    @abstractmethod
    def whole(self, values: Tensor, lengths: Tensor) -> Tensor:
        """All steps (batch, time, ...) from the zero state."""

    @abstractmethod
    def step(self, values: Tensor, state: State) -> tuple[Tensor, State]:
        """One step (batch, ...)."""


class _Plain(Part):
    """A function of each step."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def whole(self, values: Tensor, lengths: Tensor) -> Tensor:
        del lengths
        return self.function(values)

    def step(self, values: Tensor, state: State) -> tuple[Tensor, State]:
        del state
        return self.function(values), ()


class _Scaling(nn.Module):
    """To the units of the net, or back."""

    def __init__(self, layer: streaming.Scaling) -> None:
        super().__init__()
        self.mean, self.scale = (nn.Parameter(torch.tensor(one)) for one in (layer.mean, layer.scale))
        self.inverse = layer.inverse

    def forward(self, values: Tensor) -> Tensor:
        return values * self.scale + self.mean if self.inverse else (values - self.mean) / self.scale


class _Cell(Part):
    """A recurrence."""

    def __init__(self, cell: cells.Cell[Any], *, has_node: bool) -> None:
        super().__init__()
        self.recurrent: Recurrent[Any] = Recurrent(cell)
        self.has_node = has_node
        self.kind = type(cell.initial_state(1))
        self.count = len(self.kind._fields)

    def whole(self, values: Tensor, lengths: Tensor) -> Tensor:
        outputs, _ = self.recurrent(values, lengths=lengths)
        return cast("Tensor", outputs)

    def step(self, values: Tensor, state: State) -> tuple[Tensor, State]:
        before = self.kind(*state)
        if not self.has_node:  # other formats have the cell's equations, if they have no such recurrence
            output, after = self.recurrent.cell(values, before)
            return output, tuple(after)
        outputs, after = self.recurrent(values.unsqueeze(1), before)
        return outputs.squeeze(1), tuple(after)


class _Running(Part):
    """The mean or the largest of all steps so far."""

    count = 2

    def __init__(self, function: str) -> None:
        super().__init__()
        self.function = function

    def whole(self, values: Tensor, lengths: Tensor) -> Tensor:
        del lengths
        if self.function == "max":
            return values.cummax(dim=1).values
        count = torch.arange(1, values.shape[1] + 1, device=values.device)
        return values.cumsum(dim=1) / count.unsqueeze(-1)

    def step(self, values: Tensor, state: State) -> tuple[Tensor, State]:
        kept, steps = state
        count = steps + 1
        if self.function == "max":
            after = torch.where(steps == 0, values, torch.maximum(kept, values))
        else:
            after = kept + (values - kept) / count
        return after, (after, count)


class _Chain(Part):
    """Parts one after another, around which a residual connection may go."""

    def __init__(self, layers: Sequence[Layer], *, residual: bool = False) -> None:
        super().__init__()
        self.parts = nn.ModuleList([part_of(layer) for layer in layers])
        self.residual = residual
        self.count = sum(part.count for part in self._each())

    def whole(self, values: Tensor, lengths: Tensor) -> Tensor:
        found = values
        for part in self._each():
            found = part.whole(found, lengths)
        return values + found if self.residual else found

    def step(self, values: Tensor, state: State) -> tuple[Tensor, State]:
        found, begin = values, 0
        after: State = ()
        for part in self._each():
            found, own = part.step(found, state[begin : begin + part.count])
            begin, after = begin + part.count, (*after, *own)
        return values + found if self.residual else found, after

    def _each(self) -> list[Part]:
        return cast("list[Part]", list(self.parts))


class WholeSteps(nn.Module):
    """What a program gives after every step of sequences that begin with the zero state.

    Args:
        program: It.
    """

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.chain = _Chain(program.layers)

    def forward(self, values: Tensor, lengths: Tensor) -> Tensor:
        """Map (batch, time, features), or ids (batch, time), to (batch, time, outputs)."""
        return self.chain.whole(values, lengths)


class OneStep(nn.Module):
    """A step of a program.

    Args:
        program: It.

    Attributes:
        names: Of the parts of the state, in their order: "1_hidden".
        sizes: How many numbers each has.
    """

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.chain = _Chain(program.layers)
        self.names = tuple(name.replace(".", "_") for name in program.state_sizes)
        self.sizes = tuple(program.state_sizes.values())

    def forward(self, values: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """Map (batch, features), or ids (batch,), and the state to (batch, outputs) and the state after."""
        output, after = self.chain.step(values, state)
        return (output, *after)


def part_of(layer: Layer) -> Part:
    """A layer of a program as a module.

    Raises:
        ConfigError: There is none for it.
    """
    make = _PARTS.get(type(layer))
    if make is None:
        raise ConfigError(
            f"a layer of kind {layer.kind}",
            f"one of {', '.join(sorted(kind.kind for kind in _PARTS))}",
            "Export as a stream program.",
        )
    return make(layer)


def _filled(module: Any, layer: Layer) -> Any:
    """A module with the weights of a layer; zeros where the layer has none."""
    weights = tensors_of(layer)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            own = weights.get(name)
            parameter.zero_() if own is None else parameter.copy_(torch.tensor(own))
    return module


def _recurrence(
    layer: streaming.Elman | streaming.GRU | streaming.LSTM | streaming.LayerNormLSTM,
    cell: cells.Cell[Any],
    *,
    has_node: bool = True,
) -> Part:
    filled = _filled(cell, layer)
    rates = {name: getattr(layer, f"zoneout_{name}") for name in filled.initial_state(1)._fields}
    if any(rates.values()):
        return _Cell(cells.Zoneout(filled, rates), has_node=False)
    return _Cell(filled, has_node=has_node)


def _has_bias(layer: streaming.Elman | streaming.GRU | streaming.LSTM) -> bool:
    return layer.bias_ih is not None or layer.bias_hh is not None


def _elman(layer: streaming.Elman) -> Part:
    options: dict[str, Any] = {"nonlinearity": layer.nonlinearity, "bias": _has_bias(layer)}
    return _recurrence(layer, cells.Elman(layer.input_size, layer.output_size, **options))


def _gru(layer: streaming.GRU) -> Part:
    options: dict[str, Any] = {"reset_after": layer.reset_after, "bias": _has_bias(layer)}
    return _recurrence(layer, cells.GRU(layer.input_size, layer.output_size, **options))


def _lstm(layer: streaming.LSTM) -> Part:
    options: dict[str, Any] = {"peepholes": layer.weight_peephole is not None, "bias": _has_bias(layer)}
    if layer.weight_hr is not None:
        options["proj_size"] = layer.output_size
    cell = cells.LSTM(layer.input_size, layer.hidden_size, **options)
    return _recurrence(layer, cell, has_node=layer.weight_hr is None)


def _layer_norm_lstm(layer: streaming.LayerNormLSTM) -> Part:
    cell = cells.LayerNormLSTM(layer.input_size, layer.output_size, epsilon=layer.epsilon)
    return _recurrence(layer, cell, has_node=False)


def _affine(layer: streaming.Affine) -> Part:
    linear = nn.Linear(layer.input_size, layer.output_size, bias=layer.bias is not None)
    return _Plain(_filled(linear, layer))


def _embedding(layer: streaming.Embedding) -> Part:
    return _Plain(_filled(nn.Embedding(layer.vocabulary, layer.output_size), layer))


def _layer_norm(layer: streaming.LayerNorm) -> Part:
    return _Plain(_filled(nn.LayerNorm(layer.input_size, eps=layer.epsilon), layer))


_FUNCTIONS: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType({
    "tanh": torch.tanh,
    "relu": torch.relu,
    "elu": F.elu,
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "gelu": F.gelu,
    "softplus": F.softplus,
    "exp": torch.exp,
})  # fmt: skip


def _activation(layer: streaming.Activation) -> Part:
    leaky = partial(F.leaky_relu, negative_slope=layer.slope)
    return _Plain(leaky if layer.function == "leaky_relu" else _FUNCTIONS[layer.function])


def _softmax(layer: streaming.Softmax) -> Part:
    return _Plain(partial(torch.log_softmax if layer.log else torch.softmax, dim=-1))


_PARTS: Mapping[type[Layer], Callable[[Any], Part]] = MappingProxyType({
    streaming.Embedding: _embedding,
    streaming.Affine: _affine,
    streaming.Elman: _elman,
    streaming.LSTM: _lstm,
    streaming.GRU: _gru,
    streaming.LayerNormLSTM: _layer_norm_lstm,
    streaming.LayerNorm: _layer_norm,
    streaming.Activation: _activation,
    streaming.Softmax: _softmax,
    streaming.Scaling: lambda layer: _Plain(_Scaling(layer)),
    streaming.Running: lambda layer: _Running(layer.function),
    streaming.Residual: lambda layer: _Chain(layer.layers, residual=True),
})  # fmt: skip
