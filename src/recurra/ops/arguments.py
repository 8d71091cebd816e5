"""What every recurrence demands of its arguments, checked in one place."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from recurra.errors import ShapeError
from recurra.ops.walk import Kept, State, Walk
from recurra.types import Input, check_tensor, placed_lengths, values_are_hidden


def is_under_autocast(device: torch.device) -> bool:
    """Whether autocast is on for a device; never for meta, which knows none."""
    return device.type != "meta" and torch.is_autocast_enabled(device.type)


def check_arguments(
    input: Input,
    state: State,
    *,
    input_size: int,
    parameter: Tensor,
    state_sizes: Sequence[int] | None = None,
    directions: int | None = None,
    walk: Walk,
) -> None:
    """Check what a recurrence is given, but for lengths and resets, which `simplest` does.

    Args:
        input: (batch, time, input_size).
        state: Fields of shape (batch, ...).
        input_size: Number of features that the weights take.
        parameter: One of the weights: the type and device that everything must have.
        state_sizes: Last axis of every field of a state of (batch, size) fields; None for any shape.
        directions: The axis that every field of the state has in front; None for no such axis.
        walk: A recurrent mask (batch, size of the first field), and zoneout with masks (batch, time, size of
            the field).

    Raises:
        ShapeError: Something has the wrong shape, type or device.
    """
    check_input(input, input_size)
    _check_kind("input", input, parameter)
    axes = (input.shape[0],) if directions is None else (directions, input.shape[0])
    _check_state(state, axes, state_sizes, parameter)
    if walk.recurrent_mask is not None:
        _check_recurrent_mask(walk.recurrent_mask, state, parameter)
    if walk.zoneout is not None:
        _check_zoneout(walk.zoneout, input, state)


def simplest(walk: Walk, input: Input) -> Walk:
    """The simplest walk that means the same: no lengths where all rows are full, no resets if none.

    Lengths are where the input is; those on a CPU follow it.

    Raises:
        ShapeError: Lengths or resets do not belong to the input, or a length is out of range.
    """
    lengths, resets = walk.lengths, walk.resets
    if lengths is None and resets is None:
        return walk
    if lengths is not None:
        placed = placed_lengths(lengths, input)
        is_full = _can_be_seen(lengths) and bool((lengths == input.shape[1]).all())
        lengths = None if is_full else placed
    if resets is not None:
        check_resets(resets, input)
        if _can_be_seen(resets) and not bool(resets.any()):
            resets = None
    return walk.over(lengths, resets)


def _can_be_seen(tensor: Tensor) -> bool:
    """Whether a tensor's numbers can be looked at without waiting for a GPU."""
    return tensor.device.type == "cpu" and not values_are_hidden()


def check_weight_kinds(weights: Any, parameter: Tensor) -> None:
    """Check that all weights have the type of one of them, and are where it is.

    Args:
        weights: A NamedTuple of tensors, None where there is none.
        parameter: One of them.

    Raises:
        ShapeError: A weight has another type or is on another device.
    """
    for name, weight in zip(type(weights)._fields, weights, strict=True):
        if weight is not None:
            _check_kind(name, weight, parameter)


def check_weight(name: str, weight: Tensor | None, shape: tuple[int, ...]) -> None:
    """Check the shape of one weight of an op.

    Raises:
        ShapeError: The shape is not the one given.
    """
    if weight is not None and weight.shape != shape:
        raise ShapeError(
            f"{name} of shape {tuple(weight.shape)}", f"{shape}", "Stack the gates along the first axis."
        )


def check_biases(bias_ih: Tensor | None, bias_hh: Tensor | None, size: int) -> None:
    """Check that an op has both of its biases or none.

    Raises:
        ShapeError: One is missing, or has the wrong shape.
    """
    if (bias_ih is None) != (bias_hh is None):
        raise ShapeError("one bias of two", "both bias_ih and bias_hh, or none", "Give zeros for the other.")
    check_weight("bias_ih", bias_ih, (size,))
    check_weight("bias_hh", bias_hh, (size,))


def check_input(input: Input, input_size: int) -> None:
    """Check that an input is a batch of sequences.

    Raises:
        ShapeError: It is no tensor of shape (batch, time, input_size).
    """
    check_tensor("input", input)
    if input.dim() != 3 or input.shape[-1] != input_size:
        raise ShapeError(
            f"input of shape {tuple(input.shape)}",
            f"(batch, time, {input_size})",
            "Put the features last; add a batch axis with input.unsqueeze(0) when there is one sequence.",
        )


def check_state_kind(state: Any) -> None:
    """Check that a state is one that a recurrence can take.

    Raises:
        ShapeError: It is no tuple.
    """
    if not isinstance(state, tuple):
        raise ShapeError(
            f"a state of type {type(state).__name__}",
            "a NamedTuple of tensors",
            "Take it from the cell's initial_state(batch_size).",
        )


def _check_state(state: Any, axes: tuple[int, ...], sizes: Sequence[int] | None, parameter: Tensor) -> None:
    check_state_kind(state)
    if sizes is not None and len(state) != len(sizes):
        raise ShapeError(
            f"a state of {len(state)} fields",
            f"{len(sizes)}",
            "Take it from the cell's initial_state(batch_size).",
        )
    if not hasattr(state, "_fields"):
        raise ShapeError(
            "a state that is a plain tuple",
            "a NamedTuple, whose fields have names",
            "Wrap it in the type of the cell's state, such as recurra.ops.lstm.LSTMState(hidden, cell).",
        )
    for position, (name, field) in enumerate(zip(type(state)._fields, state, strict=True)):
        check_tensor(f"state field {name!r}", field)
        expected = None if sizes is None else (*axes, sizes[position])
        if field.shape[: len(axes)] != axes or (expected is not None and field.shape != expected):
            raise ShapeError(
                f"state field {name!r} of shape {tuple(field.shape)}",
                f"{expected or f'({axes[0]}, ...)'}, one row per sequence of the input",
                "Take it from the cell's initial_state(batch_size).",
            )
        _check_kind(f"state field {name!r}", field, parameter)


def _check_recurrent_mask(mask: Tensor, state: State, parameter: Tensor) -> None:
    if mask.shape != state[0].shape:
        raise ShapeError(
            f"a recurrent mask of shape {tuple(mask.shape)}",
            f"{tuple(state[0].shape)}, as the hidden state",
            "Draw one mask per row and hidden unit; it holds for all time steps.",
        )
    _check_kind("a recurrent mask", mask, parameter)


def check_resets(resets: Any, input: Tensor) -> None:
    """Check that resets belong to an input of shape (..., features).

    Raises:
        ShapeError: They are no tensor of truth values with the other axes of the input, on its device.
    """
    if not isinstance(resets, Tensor) or resets.dtype != torch.bool:
        kind = resets.dtype if isinstance(resets, Tensor) else type(resets).__name__
        raise ShapeError(f"resets of type {kind}", "a tensor of torch.bool", "Convert them: resets.bool().")
    if resets.shape != input.shape[:-1] or resets.device != input.device:
        raise ShapeError(
            f"resets of shape {tuple(resets.shape)} on {resets.device}",
            f"{tuple(input.shape[:-1])}, the axes of the input, on {input.device}",
            "Give one truth value per row and time step, where the input is.",
        )


def _check_zoneout(zoneout: Kept, input: Tensor, state: State) -> None:
    if len(zoneout.rates) != len(state) or len(zoneout.masks) != len(state):
        raise ShapeError(
            f"zoneout for {len(zoneout.rates)} fields",
            f"{len(state)}, as the state has",
            "Give a rate and a mask (or None) for each.",
        )
    for field, mask in zip(state, zoneout.masks, strict=True):
        expected = (*input.shape[:2], *field.shape[1:])
        if mask is None:
            continue
        if mask.shape != expected or mask.dtype != torch.bool or mask.device != input.device:
            raise ShapeError(
                f"a zoneout mask of shape {tuple(mask.shape)} {mask.dtype} on {mask.device}",
                f"{expected} torch.bool on {input.device}",
                "Draw one truth value per row, time step and unit.",
            )


def _check_kind(name: str, tensor: Tensor, parameter: Tensor) -> None:
    if tensor.device != parameter.device:
        raise ShapeError(
            f"{name} on {tensor.device}",
            f"{parameter.device}, where the weights are",
            "Move one to the other.",
        )
    if tensor.dtype == parameter.dtype:
        return
    if not (tensor.is_floating_point() and is_under_autocast(tensor.device)):
        raise ShapeError(
            f"{name} of type {tensor.dtype}",
            f"{parameter.dtype}, as the weights",
            "Convert one to the other, or run under torch.autocast.",
        )
