"""The recurrent layers that a diagnosis knows, and how each is taken apart into directions of one layer.

Ours, their stand-ins for torch.nn's, and torch.nn's own are known by their types; `read.register` and
`passages_of.register` teach it others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial, singledispatch
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from recurra.cells import GRU, LSTM, Cell, Elman
from recurra.diagnosis.passage import Passage
from recurra.errors import ConfigError
from recurra.layers.bidirectional import Bidirectional
from recurra.layers.recurrent import Recurrent, unroll
from recurra.layers.torch_recurrence import TorchRecurrence
from recurra.ops.walk import Walk

CELLS: Mapping[str, Any] = MappingProxyType({
    "RNN_TANH": Elman,
    "RNN_RELU": partial(Elman, nonlinearity="relu"),
    "LSTM": LSTM,
    "GRU": GRU,
})  # fmt: skip
"""By what torch.nn calls a recurrence."""


@dataclass(frozen=True, eq=False)
class Read:
    """A call of a recurrent layer, rows first.

    Attributes:
        name: The layer's.
        input: (rows, steps, features).
        state: As the layer takes it; None for zeros.
        lengths: (rows,); None when all steps are valid.
        resets: (rows, steps); None when there are none.
        outputs_gradient: (rows, steps, outputs) what came back to the outputs.
        final_gradient: What came back to the last state, which has this structure.
        axes: How the tensors of the call lie: "rows", "steps" (which axis is the first), or "packed" for what
            is neither.
    """

    name: str
    input: Tensor
    state: Any
    lengths: Tensor | None
    resets: Tensor | None
    outputs_gradient: Tensor
    final_gradient: Any
    axes: str = "rows"

    def number_of_steps(self) -> Tensor:
        """(rows,) how many steps are valid."""
        rows, steps = self.input.shape[:2]
        return torch.full((rows,), steps, device=self.input.device) if self.lengths is None else self.lengths

    def laid(self, values: Tensor) -> Tensor:
        """Values with rows first as the call has them, and back."""
        return values.transpose(0, 1) if self.axes == "steps" else values

    def every_reset(self) -> Tensor:
        """(rows, steps) where the state is set to zero."""
        nowhere = self.input.new_zeros(self.input.shape[:2], dtype=torch.bool)
        return nowhere if self.resets is None else self.resets


@singledispatch
def read(module: nn.Module, name: str, arguments: Mapping[str, Any], gradients: Any) -> Read:
    """A call of a layer as values that all layers have in common.

    Args:
        module: The layer.
        name: Its name.
        arguments: What it was called with.
        gradients: What came back, in the structure of its result.
    """
    del name, arguments, gradients
    raise _unknown(module)


@singledispatch
def passages_of(module: nn.Module, seen: Read) -> list[Passage]:
    """The directions of a layer, or of the layers in a module, from the bottom."""
    del seen
    raise _unknown(module)


def is_recurrent(module: nn.Module) -> bool:
    """Whether it is one of the layers that are known."""
    return passages_of.dispatch(type(module)) is not passages_of.dispatch(object)


def _unknown(module: nn.Module) -> ConfigError:
    return ConfigError(
        f"a {type(module).__name__}", "a recurrent layer", "Register its type with `passages_of`."
    )


@read.register(Recurrent)
@read.register(Bidirectional)
def _read_ours(module: nn.Module, name: str, arguments: Mapping[str, Any], gradients: Any) -> Read:
    del module
    state, lengths, resets = (arguments.get(key) for key in ("state", "lengths", "resets"))
    return Read(name, arguments["input"], state, lengths, resets, *gradients)


@passages_of.register(Recurrent)
def _of_recurrent(module: Recurrent[Any], seen: Read) -> list[Passage]:
    return [
        Passage.along(
            seen.name,
            module.cell,
            seen.input,
            reverse=module.reverse,
            state=seen.state,
            lengths=seen.lengths,
            resets=seen.resets,
            outputs_gradient=seen.outputs_gradient,
            final_gradient=seen.final_gradient,
        )
    ]


@passages_of.register(Bidirectional)
def _of_bidirectional(module: Bidirectional, seen: Read) -> list[Passage]:
    layers = (module.forward_layer, module.backward_layer)
    back = seen.outputs_gradient
    if module.merge == "concat":
        gradients = torch.split(back, [layer.output_size for layer in layers], dim=-1)
    else:
        gradients = (back if module.merge == "sum" else back / 2,) * 2
    states = (None, None) if seen.state is None else seen.state
    return [
        Passage.along(
            seen.name,
            layer.cell,
            seen.input,
            reverse=layer.reverse,
            state=state,
            lengths=seen.lengths,
            resets=seen.resets,
            outputs_gradient=gradient,
            final_gradient=final,
        )
        for layer, state, gradient, final in zip(layers, states, gradients, seen.final_gradient, strict=True)
    ]


@read.register(TorchRecurrence)
@read.register(nn.RNNBase)
def _read_torchs(module: Any, name: str, arguments: Mapping[str, Any], gradients: Any) -> Read:
    """Packed batches are unpacked, steps and rows change places, and one sequence is a batch of one."""
    values: Any = arguments["input"]
    lengths, resets = arguments.get("lengths"), arguments.get("resets")
    back, final = gradients
    final, state = _fields(final), arguments.get("hx")
    state = None if state is None else _fields(state)
    if isinstance(values, PackedSequence):
        values, lengths = pad_packed_sequence(values, batch_first=True)
        back, _ = pad_packed_sequence(back, batch_first=True)
        lengths = lengths.to(values.device)
        return Read(name, values, state, lengths, None, back, final, "packed")
    axes = "rows" if module.batch_first else "steps"
    if values.dim() == 2:
        axes = "packed"
        values, back = values.unsqueeze(0), back.unsqueeze(0)
        resets = None if resets is None else resets.unsqueeze(0)
        state = None if state is None else [one.unsqueeze(1) for one in state]
        final = [one.unsqueeze(1) for one in final]
    elif not module.batch_first:
        values, back = values.transpose(0, 1), back.transpose(0, 1)
        resets = None if resets is None else resets.transpose(0, 1)
    lengths = None if lengths is None else torch.as_tensor(lengths, device=values.device)
    return Read(name, values, state, lengths, resets, back, final, axes)


@passages_of.register(TorchRecurrence)
@passages_of.register(nn.RNNBase)
def _of_torchs(module: Any, seen: Read) -> list[Passage]:
    """The layers of a module, whose inner inputs and gradients are had by running it again."""
    directions = 2 if module.bidirectional else 1
    cells = [[_cell(module, layer, back) for back in range(directions)] for layer in range(module.num_layers)]
    inputs, gradients = _inner(cells, seen)
    passages = []
    for layer, own in enumerate(cells):
        name = seen.name if module.num_layers == 1 else f"{seen.name}.layer{layer}"
        shares = gradients[layer].chunk(directions, dim=-1)
        for back, (cell, share) in enumerate(zip(own, shares, strict=True)):
            place = layer * directions + back
            passages.append(
                Passage.along(
                    name,
                    cell,
                    inputs[layer],
                    reverse=bool(back),
                    state=_state(cell, seen.state, place),
                    lengths=seen.lengths,
                    resets=seen.resets,
                    outputs_gradient=share,
                    final_gradient=_state(cell, seen.final_gradient, place),
                )
            )
    return passages


def _inner(cells: list[list[Cell[Any]]], seen: Read) -> tuple[list[Tensor], list[Tensor]]:
    """Of every layer its input, and what comes back to its outputs."""
    if len(cells) == 1:
        return [seen.input], [seen.outputs_gradient]
    values = seen.input.detach()
    inputs, ends, ends_back = [values], [], []
    with torch.enable_grad():
        for layer, own in enumerate(cells):
            outputs = []
            for back, cell in enumerate(own):
                place = layer * len(own) + back
                state = _state(cell, seen.state, place)
                start = cell.initial_state(len(values)) if state is None else state
                walk = Walk(seen.lengths, seen.resets, reverse=bool(back))
                found, last = unroll(cell, inputs[-1], start, walk)
                outputs.append(found)
                ends += list(last)
                ends_back += list(_state(cell, seen.final_gradient, place))
            joined = torch.cat(outputs, dim=-1)
            inputs.append(joined.view_as(joined))
    above = torch.autograd.grad([inputs[-1], *ends], inputs[1:-1], [seen.outputs_gradient, *ends_back])
    return inputs[:-1], [*above, seen.outputs_gradient]


def _cell(module: Any, layer: int, back: int) -> Cell[Any]:
    """A cell of ours that has a layer's weights."""
    suffix = f"_l{layer}{'_reverse' if back else ''}"
    size = getattr(module, f"weight_ih{suffix}").shape[1]
    sizes = {"proj_size": module.proj_size} if module.proj_size else {}
    cell: Cell[Any] = CELLS[module.mode](size, module.hidden_size, bias=module.bias, device="meta", **sizes)
    for name in list(cell._parameters):
        delattr(cell, name)
        setattr(cell, name, getattr(module, f"{name}{suffix}", None))
    return cell.eval()


def _fields(state: Any) -> list[Tensor]:
    """A state of torch.nn's: a tensor, or a tuple of two."""
    return [state] if isinstance(state, Tensor) else list(state)


def _state(cell: Cell[Any], fields: list[Tensor] | None, place: int) -> Any:
    """The state of one layer and direction."""
    return None if fields is None else type(cell.initial_state(1))(*(one[place] for one in fields))
