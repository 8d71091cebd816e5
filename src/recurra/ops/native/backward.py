"""The backward pass: through time by the engine, the weights' gradients as single products by torch."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from recurra.ops.native.arguments import Arguments, Saved, Sizes
from recurra.ops.native.call import Call, as_input_lies
from recurra.ops.native.forward import forward


class Gradients(NamedTuple):
    """What the backward operator puts out; empty where there is no such argument or nobody asked."""

    input: Tensor
    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor  # directions, gates*hidden
    bias_candidate: Tensor  # directions, hidden: the GRU's inner bias
    peepholes: Tensor
    projection: Tensor
    gain_ih: Tensor
    gains: Tensor  # directions, 6*hidden: gain_hh, gain_cell, bias_cell
    hidden: Tensor
    cell: Tensor


def backward(
    cell: str,
    given: Arguments,
    outputs: Tensor,
    saved: Saved,
    grad_outputs: Tensor | None,
    grad_hidden: Tensor | None,
    grad_cell: Tensor | None,
    wants_input: bool,
) -> Gradients:
    """All gradients.

    Args:
        cell: Which cell.
        given: The arguments of the forward pass.
        outputs: Its outputs.
        saved: What it kept; when that is nothing, it is run again.
        grad_outputs: Gradients of its results; None where there is none.
        grad_hidden: As before.
        grad_cell: As before.
        wants_input: Whether the input needs a gradient, which costs a product.
    """
    if not saved.gates.numel():
        outputs, _, _, *again = forward(cell, given._replace(saves=True))
        saved = Saved(*again)
    call = Call(cell, given)
    _add_known(call, outputs, saved, grad_outputs, {"hidden_last": grad_hidden, "cell_last": grad_cell})
    grad_gates, grad_products, sums = _walk_back(call)
    saved = saved._replace(extra=saved.extra[: call.positions], products=saved.products[: call.positions])
    entering, sizes = call.entering(), call.sizes
    if cell == "layer_norm_lstm":
        weight_hh = _outer(grad_products, entering, sizes)
    else:
        weight_hh = _grad_weight_hh(cell, grad_gates, entering, saved, sizes)
    projection = given.input.new_empty(0)
    if given.projection is not None:
        projection = _outer(grad_products, saved.extra, sizes)
    grad_input, weight_ih, gain_ih, bias = _through_input(call, grad_gates, saved, wants_input)
    width = sizes.gates * sizes.hidden
    by_direction = bias.view(sizes.directions, -1)
    found = Gradients(
        input=grad_input,
        weight_ih=weight_ih,
        weight_hh=weight_hh,
        bias=by_direction[:, :width].clone(memory_format=torch.contiguous_format),
        bias_candidate=by_direction[:, width:].clone(memory_format=torch.contiguous_format),
        projection=projection,
        gain_ih=gain_ih,
        **sums,
    )
    # An operator's results share no memory, not even none.
    return Gradients(*(gradient if gradient.numel() else gradient.clone() for gradient in found))


def _add_known(
    call: Call,
    outputs: Tensor,
    saved: Saved,
    grad_outputs: Tensor | None,
    grad_states: Mapping[str, Tensor | None],
) -> None:
    """What the forward pass left, and the gradients that come in."""
    call.add_saved(saved)
    call.add_rows("outputs", outputs)
    for name, grad in grad_states.items():
        if grad is not None:
            call.add(f"grad_{name}", grad.contiguous())
    if grad_outputs is not None:
        call.add_rows("grad_outputs", as_input_lies(grad_outputs, call.given.input))


def _walk_back(call: Call) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Run the engine: gradients per position of the gates and of what follows them, and those summed up."""
    given, sizes = call.given, call.sizes
    nothing = given.input.new_empty(0)
    grad_gates = call.empty((4 if call.cell == "gru" else sizes.gates) * sizes.hidden)
    grad_products = _room_for_products(call)
    sums = {
        "hidden": torch.empty_like(given.hidden, memory_format=torch.contiguous_format),
        "cell": nothing if given.cell is None else torch.empty_like(given.cell).contiguous(),
        "peepholes": nothing if given.peepholes is None else torch.zeros_like(given.peepholes).contiguous(),
        "gains": nothing if given.gain_hh is None else nothing.new_zeros(sizes.directions, 6 * sizes.hidden),
    }
    call.add_rows("grad_gates", grad_gates)
    if grad_products.numel():
        call.add_rows("grad_products", grad_products)
    for name, tensor in sums.items():
        if tensor.numel():
            call.add(f"grad_{name}_first" if name in ("hidden", "cell") else f"grad_{name}", tensor)
    call.run(backward=True)
    return grad_gates, grad_products, sums


def _room_for_products(call: Call) -> Tensor:
    """For the gradient of U h before its normalisation, or of the projected hidden state."""
    if call.cell == "layer_norm_lstm":
        return call.empty(4 * call.sizes.hidden)
    return call.empty(0 if call.given.projection is None else call.sizes.outputs)


def _outer(rows: Tensor, others: Tensor, sizes: Sizes) -> Tensor:
    """Per direction the sum over positions of the outer products of two (positions, directions*size)."""
    ours, theirs = rows.chunk(sizes.directions, dim=1), others.chunk(sizes.directions, dim=1)
    return torch.stack([torch.mm(one.t(), two) for one, two in zip(ours, theirs, strict=True)])


def _grad_weight_hh(cell: str, grad_gates: Tensor, entering: Tensor, saved: Saved, sizes: Sizes) -> Tensor:
    if not cell.startswith("gru"):
        return _outer(grad_gates, entering, sizes)
    # What the candidate's weights saw and what came back to them differ from the gates'.
    parts = grad_gates.chunk(sizes.directions, dim=1)
    last = slice(3 * sizes.hidden, None) if cell == "gru" else slice(2 * sizes.hidden, None)
    seen = entering if cell == "gru" else saved.extra
    result = grad_gates.new_empty(sizes.directions, 3 * sizes.hidden, sizes.hidden)
    for number in range(sizes.directions):
        columns = slice(number * sizes.hidden, (number + 1) * sizes.hidden)
        gates, candidate = parts[number][:, : 2 * sizes.hidden], parts[number][:, last]
        torch.mm(gates.t(), entering[:, columns], out=result[number, : 2 * sizes.hidden])
        torch.mm(candidate.t(), seen[:, columns], out=result[number, 2 * sizes.hidden :])
    return result


def _through_input(
    call: Call, grad_gates: Tensor, saved: Saved, wants_input: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gradients of the input, of its weights, of their gains, and the sums of the gates' gradients."""
    given, sizes = call.given, call.sizes
    nothing = grad_gates.new_empty(0)
    width = sizes.gates * sizes.hidden
    gain_ih, bias = nothing, grad_gates.sum(0)
    if given.gain_ih is not None:
        grad_gates, gain_ih = _through_layer_norm(grad_gates, given, saved, sizes)
    rows = call.input_rows()
    if grad_gates.shape[1] == sizes.directions * width:
        weight_ih = torch.mm(grad_gates.t(), rows).view_as(given.weight_ih)
        grad = torch.mm(grad_gates, given.weight_ih.reshape(-1, sizes.features)) if wants_input else nothing
    else:
        parts = [part[:, :width] for part in grad_gates.chunk(sizes.directions, dim=1)]
        weight_ih = torch.stack([torch.mm(part.t(), rows) for part in parts])
        grad = nothing
        for part, weight in zip(parts, given.weight_ih, strict=True) if wants_input else ():
            grad = torch.addmm(grad, part, weight) if grad.numel() else torch.mm(part, weight)
    return call.padded(grad) if wants_input else nothing, weight_ih, gain_ih, bias


def _through_layer_norm(
    grad_gates: Tensor, given: Arguments, saved: Saved, sizes: Sizes
) -> tuple[Tensor, Tensor]:
    width = sizes.gates * sizes.hidden
    grads, gains = [], []
    for number in range(sizes.directions):
        columns = slice(number * width, (number + 1) * width)
        grad, gain, _ = torch.ops.aten.native_layer_norm_backward(
            grad_gates[:, columns].contiguous(),
            saved.products[:, columns].contiguous(),
            [width],
            saved.moments[0, number, : len(grad_gates)],
            saved.moments[1, number, : len(grad_gates)],
            given.gain_ih[number] if given.gain_ih is not None else None,
            None,
            [True, True, False],
        )
        grads.append(grad)
        gains.append(gain)
    return torch.cat(grads, dim=1), torch.stack(gains)
