"""A kernel with a first derivative only can be differentiated twice, without keeping more than it must."""

import gc
import weakref

import pytest
import torch
from torch.autograd.function import once_differentiable

from recurra.ops.second_order import twice_differentiable


class OnceCube(torch.autograd.Function):
    """x³ + b, of which only the first derivative is known."""

    calls = 0

    @staticmethod
    def forward(ctx, x, b):
        OnceCube.calls += 1
        ctx.save_for_backward(x)
        return x**3 + b

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * gradient, gradient


def kernel(x, b, missing):
    assert missing is None
    cube = OnceCube.apply(x, b)
    return cube, 2 * cube


def reference(x, b, missing):
    assert missing is None
    cube = x * x * x + b
    return cube, 2 * cube


def run(x, b):
    return twice_differentiable(kernel, reference, [x, b, None])


@pytest.fixture
def leaves():
    return [torch.randn(5, dtype=torch.float64, requires_grad=True) for _ in range(2)]


def test_derivatives_of_any_order(leaves):
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        torch.autograd.gradgradcheck(lambda *tensors: kernel(*tensors, None), leaves)
    assert torch.autograd.gradcheck(run, leaves)
    assert torch.autograd.gradgradcheck(run, leaves)


def test_arguments_that_depend_on_each_other(leaves):
    assert torch.autograd.gradcheck(lambda x: run(x, run(x, x)[0]), leaves[:1])
    assert torch.autograd.gradgradcheck(lambda x: run(x, run(x, x)[0]), leaves[:1])


def test_a_second_backward_pass_runs_the_kernel_again(leaves):
    calls = OnceCube.calls
    total = run(*leaves)[0].sum()
    first = torch.autograd.grad(total, leaves, retain_graph=True)
    assert OnceCube.calls == calls + 1
    second = torch.autograd.grad(total, leaves)
    assert OnceCube.calls == calls + 2
    assert all(torch.equal(one, two) for one, two in zip(first, second, strict=True))
    with pytest.raises(RuntimeError, match="second time"):
        torch.autograd.grad(total, leaves)


def test_only_what_is_needed(leaves):
    x, b = leaves[0], leaves[1].detach()
    _, double = run(x, b)
    (gradient,) = torch.autograd.grad(double.sum(), x)
    torch.testing.assert_close(gradient, 6 * x.detach() ** 2)
    with torch.no_grad():
        assert not run(x, b)[0].requires_grad
    assert not run(x.detach(), b)[0].requires_grad


def test_nothing_is_kept_after_the_backward_pass(leaves):
    x = leaves[0]
    inner = []

    def watched(value, b, missing):
        inner.append(weakref.ref(value))
        return kernel(value, b, missing)

    total = twice_differentiable(watched, reference, [x, leaves[1], None])[0].sum()
    total.backward()
    gc.collect()
    assert inner[0]() is None
    assert total.grad_fn is not None
