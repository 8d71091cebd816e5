"""The backward pass: through time by the engine, the weights' gradients as single products by torch."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from recurra.ops.native.arguments import ELMAN, Arguments, Saved, of_each, room_for_states
from recurra.ops.native.call import Call, as_input_lies, borrowed
from recurra.ops.native.forward import forward
from recurra.ops.product import product


class Gradients(NamedTuple):
    """The gradients of an operator's arguments; None where there is no such argument or nobody asked."""

    input: Tensor | None
    weight_ih: Tensor
    weight_hh: Tensor
    hidden: Tensor
    bias_ih: Tensor | None
    bias_hh: Tensor | None  # None too where it is that of bias_ih
    weight_hr: Tensor | None
    weight_peephole: Tensor | None
    gain_ih: Tensor | None
    gain_hh: Tensor | None
    gain_cell: Tensor | None
    bias_cell: Tensor | None
    cell: Tensor | None


def backward(
    cell: str,
    given: Arguments,
    outputs: Tensor | None,
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
    if outputs is None or saved.gates is None:
        again: Any = forward(cell, given._replace(saves=True))
        outputs, _, _, *kept = again
        saved = Saved(*kept)
    grad_states = {"hidden_last": grad_hidden, "cell_last": grad_cell}
    with borrowed(given.input.dtype) as workspace:
        call = Call(cell, given, workspace)
        _add_known(call, outputs, saved, grad_outputs, grad_states)
        return _gradients(call, saved, wants_input)


def _gradients(call: Call, saved: Saved, wants_input: bool) -> Gradients:
    back = _walk_back(call)
    through_input, gain_ih = _through_input(call, back.gates, saved)
    bias_ih, bias_hh = _biases(call, back.gates)
    gain_hh, gain_cell, bias_cell = _gains(back.gains, call)
    weight_ih, weight_hh = _grad_weights(call, back, through_input, saved)
    return Gradients(
        input=_grad_input(call, through_input) if wants_input else None,
        weight_ih=weight_ih,
        weight_hh=weight_hh,
        bias_ih=bias_ih,
        bias_hh=bias_hh,
        weight_peephole=back.peepholes,
        weight_hr=_grad_projection(call, back.products, saved),
        gain_ih=gain_ih,
        gain_hh=gain_hh,
        gain_cell=gain_cell,
        bias_cell=bias_cell,
        hidden=back.hidden,
        cell=back.cell,
    )


class _Back(NamedTuple):
    """What the walk back over time leaves: gradients at every position, and those summed up."""

    gates: Sequence[Tensor]  # positions, gates*hidden of each direction
    products: Sequence[Tensor]  # positions, ...: of U h before its normalisation, or of the projected state
    hidden: Tensor
    cell: Tensor | None
    peepholes: Tensor | None
    gains: Tensor | None  # directions, 6*hidden: of gain_hh, gain_cell, bias_cell


def _add_known(
    call: Call,
    outputs: Tensor,
    saved: Saved,
    grad_outputs: Tensor | None,
    grad_states: Mapping[str, Tensor | None],
) -> None:
    """What the forward pass left, and the gradients that come in."""
    call.add_saved(saved)
    call.add_side_by_side("outputs", outputs)
    for name, grad in grad_states.items():
        if grad is not None:
            call.add(f"grad_{name}", grad)
    if grad_outputs is not None:
        call.add_side_by_side("grad_outputs", as_input_lies(grad_outputs, call.given.input))


def _walk_back(call: Call) -> _Back:
    given, sizes = call.given, call.sizes
    hidden, cell = room_for_states(given)
    back = _Back(
        gates=call.rows((4 if call.cell == "gru" else sizes.gates) * sizes.hidden),
        products=_room_for_products(call),
        hidden=hidden,
        cell=cell,
        peepholes=None if given.weight_peephole is None else hidden.new_zeros(given.weight_peephole.shape),
        gains=None if given.gain_hh is None else hidden.new_zeros(sizes.directions, 6 * sizes.hidden),
    )
    call.add_rows("grad_gates", back.gates)
    if back.products:
        call.add_rows("grad_products", back.products)
    for name, tensor in (
        ("grad_hidden_first", back.hidden),
        ("grad_cell_first", back.cell),
        ("grad_peepholes", back.peepholes),
        ("grad_gains", back.gains),
    ):
        if tensor is not None:
            call.add(name, tensor)
    call.run(backward=True)
    return back


def _room_for_products(call: Call) -> Sequence[Tensor]:
    if call.cell == "layer_norm_lstm":
        return call.rows(4 * call.sizes.hidden)
    return [] if call.given.weight_hr is None else call.rows(call.sizes.outputs)


def _through_input(
    call: Call, by_gates: Sequence[Tensor], saved: Saved
) -> tuple[Sequence[Tensor], Tensor | None]:
    """The gradients of W x per direction, and that of the gains of its normalisation."""
    given, sizes = call.given, call.sizes
    width = sizes.gates * sizes.hidden
    if call.cell == "gru":
        return [part[:, :width] for part in by_gates], None
    if given.gain_ih is None or saved.products is None or saved.moments is None:
        return by_gates, None
    grads, gains = [], []
    for number, gain in enumerate(of_each(given.gain_ih, sizes.directions)):
        grad, grad_gain, _ = torch.ops.aten.native_layer_norm_backward(
            by_gates[number],
            saved.products[number, : call.positions],
            [width],
            saved.moments[0, number, : call.positions],
            saved.moments[1, number, : call.positions],
            gain,
            None,
            [True, True, False],
        )
        grads.append(grad)
        gains.append(grad_gain)
    return grads, _joined(gains)


def _grad_input(call: Call, through_input: Sequence[Tensor]) -> Tensor:
    weights = of_each(call.given.weight_ih, call.sizes.directions)
    first, *others = (product(grad, own.t()) for grad, own in zip(through_input, weights, strict=True))
    for other in others:
        first += other
    return call.padded(first)


def _products(grads: Sequence[Tensor], entered: Sequence[Tensor]) -> Tensor:
    """The gradient of a weight: per direction the sum over positions of the outer products."""
    return _joined([product(grad.t(), rows.t()) for grad, rows in zip(grads, entered, strict=True)])


def _grad_weights(
    call: Call, back: _Back, through_input: Sequence[Tensor], saved: Saved
) -> tuple[Tensor, Tensor]:
    """The gradients of weight_ih and weight_hh."""
    if call.cell in (*ELMAN, "lstm"):  # the gates' gradients are those of both products
        pairs = zip(back.gates, call.entering(with_input=True), strict=True)
        both = [product(grad.t(), seen.t()) for grad, seen in pairs]
        features = call.sizes.features
        return torch.cat([part[:, :features] for part in both]), torch.cat(
            [part[:, features:] for part in both]
        )
    weight_ih = _products(through_input, [call.input_rows()] * call.sizes.directions)
    entering = call.entering()
    if call.cell == "layer_norm_lstm":
        return weight_ih, _products(back.products, entering)
    # What the candidate's weights saw and what came back to them differ from the gates'.
    hidden, seen = call.sizes.hidden, entering
    if call.cell == "gru_reset_before" and saved.extra is not None:
        seen = call.valid(saved.extra)
    grads = []
    for part, hiddens, others in zip(back.gates, entering, seen, strict=True):
        grads += [product(part[:, : 2 * hidden].t(), hiddens.t()), product(part[:, -hidden:].t(), others.t())]
    return weight_ih, torch.cat(grads)


def _grad_projection(call: Call, products: Sequence[Tensor], saved: Saved) -> Tensor | None:
    if call.given.weight_hr is None or saved.extra is None:
        return None
    return _products(products, call.valid(saved.extra))


def _biases(call: Call, by_gates: Sequence[Tensor]) -> tuple[Tensor | None, Tensor | None]:
    """The gradients of bias_ih and, where it differs, of bias_hh."""
    if call.given.bias_ih is None:
        return None, None
    sums = [part.sum(0) for part in by_gates]
    if call.cell != "gru":
        return _joined(sums), None
    hidden = call.sizes.hidden
    inner = [part for one in sums for part in (one[: 2 * hidden], one[3 * hidden :])]
    return _joined([one[: 3 * hidden] for one in sums]), torch.cat(inner)


def _gains(gains: Tensor | None, call: Call) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """The gradients of gain_hh, gain_cell and bias_cell."""
    if gains is None:
        return None, None, None
    hidden = call.sizes.hidden
    gain_hh, gain_cell, bias_cell = (
        part.flatten().clone() for part in torch.split(gains, [4 * hidden, hidden, hidden], dim=1)
    )
    return gain_hh, gain_cell, bias_cell


def _joined(parts: Sequence[Tensor]) -> Tensor:
    """Those of two directions one below the other."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))
