"""Promises about one step."""

import copy
from typing import Any

import torch
from torch import Tensor

from recurra.ops.walk import mapped
from recurra.testing.promise import Subject, require, require_same


def sizes_are_stated(subject: Subject) -> None:
    """`input_size`, `hidden_size` and `output_size` are positive whole numbers."""
    for name in ("input_size", "hidden_size", "output_size"):
        size = getattr(subject.cell, name, None)
        require(
            isinstance(size, int) and size > 0,
            f"{name} is {size!r}",
            "a positive whole number",
            f"Set self.{name} in __init__.",
        )


def state_is_a_named_tuple(subject: Subject) -> None:
    """`initial_state(batch)` is a NamedTuple of (batch, ...) tensors of the weights' type, `hidden` first."""
    cell, batch = subject.cell, subject.batch_size
    state: Any = cell.initial_state(batch)
    fields = getattr(state, "_fields", ())
    require(
        isinstance(state, tuple) and fields[:1] == ("hidden",),
        f"a state of type {type(state).__name__} with the fields {fields}",
        "a NamedTuple whose first field is hidden",
        "Declare class MyState(NamedTuple): hidden: Tensor; ...",
    )
    for name, field in zip(fields, state, strict=True):
        require(
            isinstance(field, Tensor) and field.shape[:1] == (batch,),
            f"state field {name!r} is {_described(field)}",
            f"a tensor of shape ({batch}, ...)",
            "Give every field one row per sequence.",
        )
        require(
            field.dtype == torch.float64,
            f"state field {name!r} is {field.dtype} when the weights are float64",
            "the weights' type",
            "Create it with self.weight.new_zeros(...).",
        )


def output_is_the_hidden_state(subject: Subject) -> None:
    """A step gives (output, state); the output is `state.hidden`, and the state keeps its shapes."""
    cell: Any = subject.cell
    before = cell.initial_state(subject.batch_size)
    result: Any = cell(subject.sequence()[:, 0], before)
    require(
        isinstance(result, tuple) and len(result) == 2 and type(result[1]) is type(before),
        f"a step returns {_kind(result)}",
        f"(output, {type(before).__name__})",
        "Return output and next state.",
    )
    output, after = result
    shape = (subject.batch_size, cell.output_size)
    require(
        output.shape == shape,
        f"an output of shape {tuple(output.shape)}",
        f"{shape}",
        "Check self.output_size.",
    )
    for name, old, new in zip(after._fields, before, after, strict=True):
        require(
            new.shape == old.shape and new.dtype == old.dtype,
            f"state field {name!r} goes from {_described(old)} to {_described(new)}",
            "the same shape and type at every step",
            "Compare initial_state with what step returns.",
        )
    require_same("output and hidden state", [output], [after.hidden], "Return state.hidden as the output.")


def forward_is_project_and_step(subject: Subject) -> None:
    """`forward(x, s)` is `step(project_input(x), s)`, also where a class overrides one of them."""
    cell, state, inputs = subject.cell, subject.state(), subject.sequence()[:, 0]
    one, two = cell(inputs, state), cell.step(cell.project_input(inputs), state)
    require_same("forward", [one[0], *one[1]], [two[0], *two[1]], "Do not override forward.")


def projection_needs_no_order(subject: Subject) -> None:
    """`project_input` gives the same for all steps at once as for each alone."""
    cell, inputs = subject.cell, subject.sequence()
    whole = cell.project_input(inputs)
    steps = [cell.project_input(inputs[:, time]) for time in range(subject.time_steps)]
    require_same(
        "project_input of all steps at once",
        [whole],
        [torch.stack(steps, dim=1)],
        "Work on the last axis only, whatever comes before it.",
    )


def arguments_stay_as_they_are(subject: Subject) -> None:
    """A step changes neither its input nor the state it is given."""
    inputs, state = subject.sequence()[:, 0], subject.state()
    copies = [inputs.clone(), *mapped(lambda field: field.clone(), state)]
    subject.cell(inputs, state)
    require_same(
        "the arguments after a step", [inputs, *state], copies, "Use no in-place operation on arguments."
    )


def nothing_is_kept(subject: Subject) -> None:
    """What a cell computes does not depend on what it computed before, and it keeps no tensors of it."""
    cell = copy.deepcopy(subject.cell)
    state = subject.state()
    names = set(vars(cell))
    buffers = {name: buffer.clone() for name, buffer in cell.named_buffers()}
    first = cell(subject.sequence()[:, 0], state)
    cell(subject.sequence(2)[:, 0], cell.initial_state(subject.batch_size))
    again = cell(subject.sequence()[:, 0], state)
    remedy = "Return everything that the next step needs in the state."
    require_same(
        "the same step again, after another",
        [again[0], *again[1]],
        [first[0], *first[1]],
        f"{remedy} Draw random numbers in training mode only.",
    )
    require(set(vars(cell)) == names, f"new attributes {set(vars(cell)) - names}", "none", remedy)
    for name, buffer in cell.named_buffers():
        require_same(f"buffer {name!r} after a step", [buffer], [buffers[name]], remedy)
    for name, kept in vars(cell).items():
        require(
            not (isinstance(kept, Tensor) and kept.grad_fn is not None),
            f"attribute {name!r} holds a computed tensor",
            "none",
            remedy,
        )


def mask_of_ones_changes_nothing(subject: Subject) -> None:
    """`step` takes a recurrent mask, which multiplies the hidden state inside the recurrent product only."""
    cell, state = subject.cell, subject.state()
    projected = cell.project_input(subject.sequence()[:, 0])
    without = cell.step(projected, state)
    with_ones = cell.step(projected, state, torch.ones_like(state[0]))
    require_same(
        "a recurrent mask of ones",
        [with_ones[0], *with_ones[1]],
        [without[0], *without[1]],
        "Multiply the hidden state by the mask on its way into the recurrent product, and nothing else.",
    )


def mask_of_zeros_parts_the_units(subject: Subject) -> None:
    """With a recurrent mask of zeros, no unit's output depends on the hidden state of another unit."""
    state: Any = subject.state()
    projected = subject.cell.project_input(subject.sequence()[:, 0])

    def output(hidden: Tensor) -> Tensor:
        return subject.cell.step(projected, state._replace(hidden=hidden), torch.zeros_like(hidden))[0]

    jacobian: Any = torch.autograd.functional.jacobian  # torch does not say its types
    by_unit = jacobian(output, state.hidden)  # batch, units, batch, units
    of_one_row = by_unit.diagonal(dim1=0, dim2=2).abs().amax(-1)
    others = of_one_row - of_one_row.diagonal().diag()
    require(
        not others.any(),
        "with a recurrent mask of zeros, a unit still sees the hidden state of others",
        "none that does",
        "Multiply the hidden state by recurrent_mask where it enters the recurrent product.",
    )


def _kind(result: object) -> str:
    if type(result) is tuple:
        return f"({', '.join(type(part).__name__ for part in result)})"
    return type(result).__name__


def _described(value: object) -> str:
    return f"{tuple(value.shape)} {value.dtype}" if isinstance(value, Tensor) else type(value).__name__
