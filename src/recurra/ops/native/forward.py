"""The forward pass: the input's product by torch, the rest by the engine."""

import torch
from torch import Tensor

from recurra.ops.native.arguments import Arguments, Saved, Sizes, empty_outputs, room_for_saved
from recurra.ops.native.call import Call


def forward(cell: str, given: Arguments) -> tuple[Tensor, Tensor, Tensor, *tuple[Tensor, ...]]:
    """Outputs, last hidden state, last cell state, and what `Saved` names."""
    call = Call(cell, given)
    sizes = call.sizes
    outputs = empty_outputs(given, sizes)
    hidden = torch.empty_like(given.hidden, memory_format=torch.contiguous_format)
    last_cell = hidden.new_empty(0) if given.cell is None else torch.empty_like(given.cell).contiguous()
    saved = projected(call, room_for_saved(cell, given, sizes))
    call.add_saved(saved)
    call.add_rows("outputs", outputs)
    call.add("hidden_last", hidden)
    if given.cell is not None:
        call.add("cell_last", last_cell)
    call.run(backward=False)
    if not given.saves:
        saved = Saved(*(outputs.new_empty(0) for _ in Saved._fields))
    return outputs, hidden, last_cell, *saved


def projected(call: Call, saved: Saved) -> Saved:
    """What the inputs add to the gates, for all steps in one product."""
    given, sizes = call.given, call.sizes
    rows, weight = call.input_rows(), given.weight_ih.reshape(-1, sizes.features)
    gates = saved.gates[: len(rows)] if given.saves else call.empty(sizes.gates * sizes.hidden)
    bias = input_bias(call.cell, given)
    if given.gain_ih is not None:
        _normalized(torch.mm(rows, weight.t()), gates, given, sizes, saved)
    elif bias is None:
        torch.mm(rows, weight.t(), out=gates)
    else:
        torch.addmm(bias, rows, weight.t(), out=gates)
    return saved._replace(gates=gates) if not given.saves else saved


def _normalized(products: Tensor, gates: Tensor, given: Arguments, sizes: Sizes, saved: Saved) -> None:
    """Layer normalisation of W x, to `gates`."""
    if given.gain_ih is None or given.bias_ih is None:
        raise ValueError("layer normalisation needs gains and a bias")
    width = sizes.gates * sizes.hidden
    for number in range(sizes.directions):
        columns = slice(number * width, (number + 1) * width)
        normal, mean, scale = torch.native_layer_norm(
            products[:, columns].contiguous(),
            [width],
            given.gain_ih[number],
            given.bias_ih[number],
            given.epsilon,
        )
        gates[:, columns] = normal
        if given.saves:
            saved.moments[0, number, : len(products)] = mean
            saved.moments[1, number, : len(products)] = scale
    if given.saves:
        saved.products[: len(products)] = products


def input_bias(cell: str, given: Arguments) -> Tensor | None:
    """The bias of all gates, (directions*gates*hidden), but for what acts inside the recurrence."""
    if given.bias_ih is None or given.bias_hh is None:
        return given.bias_ih if given.bias_ih is None else given.bias_ih.reshape(-1)
    if cell != "gru":
        return (given.bias_ih + given.bias_hh).reshape(-1)
    inside = given.bias_hh.clone()
    inside[:, 2 * (inside.shape[1] // 3) :] = 0
    return (given.bias_ih + inside).reshape(-1)
