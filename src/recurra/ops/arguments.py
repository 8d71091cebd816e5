"""What every recurrence demands of its arguments, checked in one place."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from recurra.errors import ShapeError
from recurra.ops.precision import is_under_autocast
from recurra.ops.state import State
from recurra.types import (
    Input,
    Lengths,
    RecurrentMask,
    Resets,
    check_lengths,
    check_tensor,
    valid_steps,
    values_are_hidden,
)


class SequenceArguments(NamedTuple):
    """Arguments that passed the checks, in the simplest form that means the same.

    `input` has zeros past every length, `lengths` is None when every row is full, `resets` is None when there
    are none, and False past every length.
    """

    input: Tensor
    lengths: Tensor | None
    resets: Tensor | None


def checked_arguments(
    input: Input,
    state: State,
    *,
    input_size: int,
    parameter: Tensor,
    state_sizes: Sequence[int] | None = None,
    lengths: Lengths | None = None,
    resets: Resets | None = None,
    recurrent_mask: RecurrentMask | None = None,
) -> SequenceArguments:
    """Check and simplify what a recurrence is given.

    Args:
        input: (batch, time, input_size).
        state: Fields of shape (batch, ...).
        input_size: Number of features that the weights take.
        parameter: One of the weights: the type and device that everything must have.
        state_sizes: Last axis of every field of a state of (batch, size) fields; None for any shape.
        lengths: (batch,), int64, or None.
        resets: (batch, time), bool, or None.
        recurrent_mask: (batch, size of the first field), or None.

    Raises:
        ShapeError: Something has the wrong shape, type or device, or a length is out of range.
    """
    check_input(input, input_size)
    _check_kind("input", input, parameter)
    _check_state(state, input.shape[0], state_sizes, parameter)
    if recurrent_mask is not None and recurrent_mask.shape != state[0].shape:
        raise ShapeError(
            f"a recurrent mask of shape {tuple(recurrent_mask.shape)}",
            f"{tuple(state[0].shape)}, as the hidden state",
            "Draw one mask per row and hidden unit; it holds for all time steps.",
        )
    if lengths is not None:
        check_lengths(lengths, input)
        if not values_are_hidden() and bool((lengths == input.shape[1]).all()):
            lengths = None
    if resets is not None:
        check_resets(resets, input)
        if not values_are_hidden() and not bool(resets.any()):
            resets = None
    if lengths is not None:
        valid = valid_steps(lengths, input.shape[1])
        # A NaN in the padding would reach the weights' gradients, although no output depends on it.
        cleaned = input.masked_fill(~valid.unsqueeze(-1), 0)
        return SequenceArguments(cleaned, lengths, None if resets is None else resets & valid)
    return SequenceArguments(input, lengths, resets)


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


def _check_state(state: Any, batch: int, sizes: Sequence[int] | None, parameter: Tensor) -> None:
    if not isinstance(state, tuple):
        raise ShapeError(
            f"a state of type {type(state).__name__}",
            "a NamedTuple of tensors",
            "Take it from the cell's initial_state(batch_size).",
        )
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
    for position, (name, field) in enumerate(zip(state._fields, state, strict=True)):
        check_tensor(f"state field {name!r}", field)
        expected = None if sizes is None else (batch, sizes[position])
        if field.shape[:1] != (batch,) or (expected is not None and field.shape != expected):
            raise ShapeError(
                f"state field {name!r} of shape {tuple(field.shape)}",
                f"{expected or f'({batch}, ...)'}, one row per sequence of the input",
                "Take it from the cell's initial_state(batch_size).",
            )
        _check_kind(f"state field {name!r}", field, parameter)


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
