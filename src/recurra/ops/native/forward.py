"""The forward pass: the input's product by a library, the rest by the engine."""

from collections.abc import Sequence

import torch
from torch import Tensor

from recurra.ops.native.arguments import (
    Arguments,
    Saved,
    empty_padded,
    of_each,
    room_for_saved,
    room_for_states,
)
from recurra.ops.native.call import Call, borrowed
from recurra.ops.product import product


def forward(cell: str, given: Arguments) -> tuple[Tensor | None, ...]:
    """Outputs, last hidden state, last cell state, and what `Saved` names; None where there is none."""
    with borrowed(given.input.dtype) as workspace:
        call = Call(cell, given, workspace)
        outputs = empty_padded(given, call.sizes, call.sizes.directions * call.sizes.outputs)
        call.clear_padding(outputs)
        hidden, last_cell = room_for_states(given)
        saved = room_for_saved(cell, given, call.sizes)
        width = call.sizes.gates * call.sizes.hidden
        gates = call.rows(width) if saved.gates is None else call.valid(saved.gates)
        project(call, gates, saved)
        call.add_saved(saved._replace(gates=None))
        call.add_rows("gates", gates)
        call.add_side_by_side("outputs", outputs)
        call.add("hidden_last", hidden)
        if last_cell is not None:
            call.add("cell_last", last_cell)
        call.run(backward=False)
    return outputs, hidden, last_cell, *saved


def project(call: Call, gates: Sequence[Tensor], saved: Saved) -> None:
    """What the inputs add to the gates of each direction, for all steps in one product."""
    given, directions = call.given, call.sizes.directions
    rows, weights = call.input_rows(), of_each(given.weight_ih, directions)
    for number, target in enumerate(gates):
        weight, bias = weights[number], _input_bias(call, number)
        if given.gain_ih is not None:
            _normalize(product(rows, weight), target, call, number, saved)
        else:
            product(rows, weight, start=bias, out=target)


def _normalize(products: Tensor, gates: Tensor, call: Call, number: int, saved: Saved) -> None:
    """Layer normalisation of W x, to `gates`."""
    given, sizes = call.given, call.sizes
    if given.gain_ih is None or given.bias_ih is None:
        raise ValueError("layer normalisation needs gains and a bias")
    gain, bias = (of_each(weight, sizes.directions)[number] for weight in (given.gain_ih, given.bias_ih))
    normal, mean, scale = torch.native_layer_norm(products, [products.shape[1]], gain, bias, given.epsilon)
    gates.copy_(normal)
    if saved.moments is not None and saved.products is not None:
        saved.moments[0, number, : call.positions] = mean
        saved.moments[1, number, : call.positions] = scale
        saved.products[number, : call.positions] = products


def _input_bias(call: Call, number: int) -> Tensor | None:
    """The bias of a direction's gates, (gates*hidden), but for what acts inside the recurrence."""
    given, sizes = call.given, call.sizes
    if given.bias_ih is None:
        return None
    bias_ih = of_each(given.bias_ih, sizes.directions)[number]
    if given.bias_hh is None:
        return bias_ih
    bias_hh = of_each(given.bias_hh, sizes.directions)[number]
    if call.cell != "gru":
        return bias_ih + bias_hh
    outside = 2 * sizes.hidden
    bias = bias_ih.clone()
    bias[:outside].add_(bias_hh[:outside])
    return bias
