"""Cells and recurrent layers as layers of a stream program."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from recurra import cells, streaming
from recurra.errors import ConfigError
from recurra.export.conversion import Convert, array, below, refusal
from recurra.layers import Bidirectional, Recurrent, Stack
from recurra.layers.pooling import Pooling
from recurra.layers.torch_recurrence import TorchRecurrence
from recurra.streaming import Layer

Make = Callable[..., Layer]
TorchModule = nn.RNNBase | TorchRecurrence


def elman(cell: cells.Elman, _place: str, _convert: Convert) -> list[Layer]:
    """The simple recurrent net."""
    weights = {name: weight for name, weight in cell.weights()._asdict().items() if weight is not None}
    return [streaming.Elman(**_arrays(weights), nonlinearity=cell.nonlinearity)]


def lstm(cell: cells.LSTM, _place: str, _convert: Convert) -> list[Layer]:
    """The LSTM, with projection and peepholes."""
    return [streaming.LSTM(**_weights(cell))]


def gru(cell: cells.GRU, _place: str, _convert: Convert) -> list[Layer]:
    """The GRU in either form."""
    return [streaming.GRU(**_weights(cell), reset_after=cell.reset_after)]


def layer_norm_lstm(cell: cells.LayerNormLSTM, _place: str, _convert: Convert) -> list[Layer]:
    """The LSTM with normalised sums."""
    return [streaming.LayerNormLSTM(**_weights(cell), epsilon=cell.epsilon)]


def zoneout(cell: cells.Zoneout[Any], place: str, convert: Convert) -> list[Layer]:
    """The cell within, whose state moves by the expectation, as in evaluation."""
    if isinstance(cell.cell, cells.Zoneout):
        raise refusal(
            cell, place, "is around another one", "zoneout around a cell", "Multiply the rates into one."
        )
    fields = type(cell.initial_state(1))._fields
    rates = {f"zoneout_{name}": float(rate) for name, rate in zip(fields, cell.rates, strict=True)}
    layer: Any = convert(cell.cell, below(place, "cell"))[0]
    return [replace(layer, **rates)]


def recurrent(layer: Recurrent[Any], place: str, convert: Convert) -> list[Layer]:
    """A cell over time; recurrent dropout does nothing in evaluation."""
    if layer.reverse:
        raise _needs_the_end(layer, place)
    return convert(layer.cell, below(place, "cell"))


def stack(module: Stack, place: str, convert: Convert) -> list[Layer]:
    """Layers on top of each other, with residual connections around those that are as wide as their input."""
    found: list[Layer] = []
    for number, layer in enumerate(module.layers):
        own = convert(layer, below(place, f"layers.{number}"))
        if module.residual and layer.input_size == layer.output_size:
            own = [streaming.Residual(tuple(own))]
        found += own
    return found


def bidirectional(module: Bidirectional, place: str, _convert: Convert) -> list[Layer]:
    """Refused.

    Raises:
        ConfigError: Always.
    """
    raise _needs_the_end(module, place)


def pooling(module: Pooling, place: str, _convert: Convert) -> list[Layer]:
    """Of all steps so far: nothing beside the last one, the largest, or the mean."""
    if module.name == "attention":
        raise refusal(
            module,
            place,
            "weighs all steps when the last one is there",
            "what goes on from step to step",
            "Train with pooling=max, mean or last, and bidirectional=false.",
        )
    return [] if module.name == "last" else [streaming.Running(module.name, module.size)]


def torch_rnn(module: Any, place: str, _convert: Convert) -> list[Layer]:
    """`torch.nn.RNN` or `recurra.RNN`."""
    return _torch_layers(module, place, streaming.Elman, nonlinearity=module.nonlinearity)


def torch_lstm(module: Any, place: str, _convert: Convert) -> list[Layer]:
    """`torch.nn.LSTM` or `recurra.LSTM`, with projection."""
    return _torch_layers(module, place, streaming.LSTM)


def torch_gru(module: Any, place: str, _convert: Convert) -> list[Layer]:
    """`torch.nn.GRU` or `recurra.GRU`."""
    return _torch_layers(module, place, streaming.GRU)


def _weights(cell: cells.Cell[Any]) -> dict[str, Any]:
    """The parameters of a cell, which has the program layer's names for them."""
    return _arrays(dict(cell.named_parameters()))


def _arrays(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    return {name: array(weight) for name, weight in weights.items()}


def _torch_layers(module: TorchModule, place: str, make: Make, **settings: str) -> list[Layer]:
    """The layers of a module with torch.nn's names of weights; dropout between them is none in evaluation."""
    if module.bidirectional:
        raise _needs_the_end(module, place)
    found = []
    for number in range(module.num_layers):
        ending = f"_l{number}"
        weights = {
            name.removesuffix(ending): array(parameter)
            for name, parameter in module.named_parameters()
            if name.endswith(ending)
        }
        found.append(make(**weights, **settings))
    return found


def _needs_the_end(module: nn.Module, place: str) -> ConfigError:
    return refusal(
        module,
        place,
        "starts at the last step, which a stream does not have",
        "layers that run forward only",
        "Train with one direction.",
    )
