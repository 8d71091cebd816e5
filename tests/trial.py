"""Running a layer, and comparing what comes out."""

from collections.abc import Iterator
from typing import Any

import jaxtyping
import torch
from torch import Tensor

from recurra.layers import Layer
from recurra.ops.backends import TOLERANCES
from recurra.ops.walk import mapped

BATCH, TIME, FEATURES, HIDDEN = 5, 7, 3, 4


def unchecked() -> Iterator[None]:
    """A fixture: arguments of a wrong type reach our own checks, as they do for users."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def random_input(batch: int = BATCH, time: int = TIME, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(batch, time, FEATURES, dtype=dtype)


def random_state(state: Any) -> Any:
    return mapped(lambda field: torch.randn_like(field).tanh(), state)


def random_lengths(batch: int = BATCH, time: int = TIME) -> Tensor:
    lengths = torch.randint(0, time + 1, (batch,))
    lengths[torch.randint(0, batch, ())] = 0
    return lengths


def weighted(tensor: Tensor, number: int) -> Tensor:
    """A sum in which every element counts differently."""
    generator = torch.Generator().manual_seed(number)
    return (tensor * torch.randn(tensor.shape, generator=generator, dtype=tensor.dtype)).sum()


def outcome(layer: Layer, inputs: Tensor, state: Any, **options: Any) -> dict[str, Tensor]:
    """Outputs, final state, and the gradients of a sum of both with respect to everything.

    Whatever the layer draws, it draws alike each time.
    """
    torch.manual_seed(0)
    inputs = inputs.clone().requires_grad_()
    state = mapped(lambda field: field.clone().requires_grad_(), state)
    outputs, final = layer(inputs, state, **options)
    results = {"outputs": outputs} | {f"final {name}": field for name, field in final._asdict().items()}
    total = sum(weighted(tensor, number) for number, tensor in enumerate(results.values()))
    leaves = {"input": inputs} | state._asdict() | dict(layer.named_parameters())
    gradients = torch.autograd.grad(total, list(leaves.values()))
    return results | {f"gradient of {name}": g for name, g in zip(leaves, gradients, strict=True)}


def assert_same(got: dict[str, Tensor], expected: dict[str, Tensor], factor: float = 1.0) -> None:
    """Equal within the stated tolerance, relative to every result's largest number."""
    assert got.keys() == expected.keys()
    for name, ours in got.items():
        assert_close(ours, expected[name], factor, name)


def assert_close(ours: Tensor, theirs: Tensor, factor: float = 1.0, name: str = "result") -> None:
    tolerance = factor * TOLERANCES[theirs.dtype]
    scale = float(theirs.detach().abs().max()) if theirs.numel() else 1.0
    torch.testing.assert_close(
        ours, theirs, rtol=0, atol=tolerance * max(scale, 1e-3), msg=lambda text: f"{name}: {text}"
    )
