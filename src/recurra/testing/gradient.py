"""Promises about gradients and weights."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from recurra.cells import FusedCell
from recurra.errors import ConfigError
from recurra.layers import Recurrent, unroll
from recurra.ops import backends
from recurra.ops.walk import Walk
from recurra.testing.promise import BrokenPromiseError, Subject, require, require_same


def gradient_is_right(subject: Subject) -> None:
    """The gradients of input, state and weights agree with finite differences."""
    _compare(torch.autograd.gradcheck, subject, "the gradient is not that of the outputs")


def second_derivative_is_right(subject: Subject) -> None:
    """So do their gradients."""
    _compare(torch.autograd.gradgradcheck, subject, "the gradient of the gradient is wrong")


def every_weight_is_used(subject: Subject) -> None:
    """Every weight that can be trained gets a gradient."""
    weights = {name: weight for name, weight in subject.cell.named_parameters() if weight.requires_grad}
    if not weights:
        return
    outputs, final = unroll(subject.cell, subject.sequence(), subject.state())
    total = outputs.sum() + torch.stack([field.sum() for field in final]).sum()
    found: tuple[Tensor | None, ...] = torch.autograd.grad(total, list(weights.values()), allow_unused=True)
    unused = [name for name, gradient in zip(weights, found, strict=True) if gradient is None]
    require(
        not unused,
        f"no gradient for {', '.join(unused)}",
        "one for every weight",
        "Use them, or remove them.",
    )


def weights_are_the_cell(subject: Subject) -> None:
    """A cell with other weights gives the same numbers once it has loaded this one's state dict."""
    for name, module in subject.cell.named_modules():
        for attribute, value in vars(module).items():
            held = value if isinstance(value, (list, tuple)) else [value]
            registered = attribute in ("_parameters", "_buffers", "_modules")
            require(
                registered or not any(isinstance(one, Tensor) for one in held),
                f"a tensor in the attribute {'.'.join(filter(None, (name, attribute)))}",
                "no tensor that the state dict does not know",
                "Make it an nn.Parameter of its own, or register_buffer it.",
            )
    twin = copy.deepcopy(subject.cell)
    with torch.no_grad():
        for weight in twin.parameters():
            weight.add_(1)
    twin.load_state_dict(subject.cell.state_dict())
    ours = unroll(subject.cell, subject.sequence(), subject.state())
    theirs = unroll(twin, subject.sequence(), subject.state())
    require_same(
        "a cell that loaded the state dict",
        [theirs[0], *theirs[1]],
        [ours[0], *ours[1]],
        "Keep all weights in parameters or registered buffers.",
    )


def types_follow_the_weights(subject: Subject) -> None:
    """In float32 everything is float32, and the numbers are about the same."""
    single = copy.deepcopy(subject.cell).float()
    inputs = subject.sequence()[:, 0]
    outputs, final = single(inputs.float(), single.initial_state(subject.batch_size))
    expected, _ = subject.cell(inputs, subject.cell.initial_state(subject.batch_size))
    types = {tensor.dtype for tensor in (outputs, *final)}
    remedy = "Create tensors with self.weight.new_zeros(...) and the like."
    require(types == {torch.float32}, f"{types} from float32 weights and input", "float32", remedy)
    difference = float((outputs.double() - expected).abs().max().detach())
    require(difference < 1e-3, f"float32 and float64 differ by {difference:.3g}", "less than 0.001", remedy)


def backends_agree(subject: Subject) -> None:
    """A fused cell's `op` gives what its steps give, gradients included, on every backend that can."""
    cell = subject.cell
    if not isinstance(cell, FusedCell):
        return
    lengths = torch.arange(subject.batch_size).flip(0) + subject.time_steps - subject.batch_size + 1
    resets = torch.zeros(subject.batch_size, subject.time_steps, dtype=torch.bool)
    resets[0, 1] = True
    variants: list[dict[str, Any]] = [
        {},
        {"reverse": True},
        {"lengths": lengths.clamp(min=0)},
        {"lengths": lengths.clamp(min=0), "resets": resets, "reverse": True},
    ]
    for backend in backends.NAMES:
        if backends.availability().get(backend) is not None:
            continue
        for options in variants:
            _compare_backend(subject, cell, backend, options)


def _compare_backend(subject: Subject, cell: FusedCell[Any], backend: str, options: dict[str, Any]) -> None:
    def listed(run: Callable[..., Any], **choice: str) -> list[Tensor]:
        inputs = subject.sequence().requires_grad_()
        outputs, final = run(inputs, state=subject.state(), **options, **choice)
        total = (outputs**2).sum() + sum((field**2).sum() for field in final)
        return [outputs, *final, *torch.autograd.grad(total, [inputs, *cell.parameters()])]

    def steps(inputs: Tensor, state: Any, **given: Any) -> Any:
        return unroll(cell, inputs, state, Walk(**given))

    try:
        got = listed(cell.op(), backend=backend)
    except ConfigError:
        return
    require_same(
        f"backend {backend!r} with {', '.join(options) or 'no options'}",
        got,
        listed(steps),
        "Make the op compute what one step after another computes.",
    )


def _compare(check: Callable[..., Any], subject: Subject, got: str) -> None:
    layer = Recurrent(subject.cell)
    state = subject.state()
    weights = dict(layer.named_parameters())
    make: Any = type(state)

    def run(inputs: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
        fields, values = tensors[: len(state)], tensors[len(state) :]
        given = dict(zip(weights, values, strict=True))
        outputs, final = functional_call(layer, given, (inputs, make(*fields)))
        return (outputs, *final)

    leaves = [subject.sequence()[:, :3], *state, *weights.values()]
    leaves = [leaf.detach().clone().requires_grad_() for leaf in leaves]
    try:
        check(run, leaves, fast_mode=True)
    except (RuntimeError, ValueError) as error:
        raise BrokenPromiseError(
            f"{got} ({str(error).splitlines()[0]})",
            "agreement with finite differences in float64",
            "Use differentiable operations only: no detach, no .data, no rounding, no in-place change.",
        ) from error
