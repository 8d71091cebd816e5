"""Second derivatives for kernels that have only first ones."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor

Kernel = Callable[..., tuple[Tensor, ...]]


def run_kernel(kernel: Kernel, reference: Kernel, tensors: Sequence[Tensor | None]) -> tuple[Tensor, ...]:
    """Run one of torch's recurrent kernels so that its gradient can be differentiated again.

    On a CPU torch's kernels can be themselves; cuDNN's cannot.

    Args:
        kernel: Function of the tensors that has a first derivative.
        reference: The same function in plain operations.
        tensors: Arguments of both, the input first; None where one is left out.
    """
    if tensors[0] is not None and tensors[0].device.type == "cpu":
        return kernel(*tensors)
    with warnings.catch_warnings():
        # cuDNN wants the weights of a whole stack in one piece; here it copies one layer's, which costs
        # little.
        warnings.filterwarnings(
            "ignore", message="RNN module weights are not part of single contiguous chunk"
        )
        return twice_differentiable(kernel, reference, tensors)


def twice_differentiable(
    kernel: Kernel, reference: Kernel, tensors: Sequence[Tensor | None]
) -> tuple[Tensor, ...]:
    """Run a kernel that has only a first derivative so that it has a second one.

    The gradient comes from the kernel's own backward pass. When that pass is itself being recorded
    (`create_graph=True`), it is computed through the reference instead.

    Args:
        kernel: Function of the tensors that has a first derivative.
        reference: The same function in plain operations.
        tensors: Arguments of both, None where one is left out.
    """
    if torch.is_grad_enabled() and any(tensor is not None and tensor.requires_grad for tensor in tensors):
        recorded = cast("Kernel", _KernelThenReference.apply)
        return recorded(kernel, reference, *tensors)
    return kernel(*tensors)


class _KernelThenReference(torch.autograd.Function):
    """Keeps the kernel's own graph for the first backward pass; a second one runs the kernel again.

    So the activations are freed by the first pass, as torch frees its own.
    """

    @staticmethod
    def forward(ctx: Any, kernel: Kernel, reference: Kernel, *tensors: Tensor | None) -> tuple[Tensor, ...]:
        ctx.kernel, ctx.reference = kernel, reference
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors)
        ctx.graph = _recorded(kernel, tensors)
        return tuple(output.detach() for output in ctx.graph[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            # An alias of each argument: one may have been computed from another (layers that share weights).
            inner: list[Any] = [None if t is None else t.view_as(t) for t in ctx.saved_tensors]
            outputs = ctx.reference(*inner)
        else:
            inner, outputs = ctx.graph or _recorded(ctx.kernel, ctx.saved_tensors)
            ctx.graph = None
        wanted = [index for index, needed in enumerate(ctx.needs_input_grad[2:]) if needed]
        given = [index for index, gradient in enumerate(gradients) if gradient is not None]
        results: list[Tensor | None] = [None] * (2 + len(inner))
        if not given:
            return tuple(results)
        found = torch.autograd.grad(
            [outputs[index] for index in given],
            [inner[index] for index in wanted],
            [gradients[index] for index in given],
            create_graph=torch.is_grad_enabled(),
            allow_unused=True,
        )
        for index, gradient in zip(wanted, found, strict=True):
            results[2 + index] = gradient
        return tuple(results)


def _recorded(kernel: Kernel, tensors: Sequence[Tensor | None]) -> tuple[list[Any], tuple[Tensor, ...]]:
    """The kernel's arguments, cut from their past, and its outputs with the graph between them."""
    with torch.enable_grad():
        inner = [None if t is None else t.detach().requires_grad_(t.requires_grad) for t in tensors]
        return inner, kernel(*inner)
