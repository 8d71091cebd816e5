"""Which implementation computes a recurrence: the one function that chooses, and the one that says why.

reference  readable loops in plain torch; every variant, any number of derivatives, every torch transform
torch      torch's own kernels (oneDNN on a CPU, cuDNN on a GPU)
native     recurra's compiled engine
auto       the first of native, torch, reference that can do the call
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor

from recurra import native
from recurra.errors import ConfigError
from recurra.types import is_differentiated_by_functorch, values_are_hidden

PREFERENCE = ("native", "torch", "reference")
NAMES = ("auto", *PREFERENCE)

TOLERANCES: Mapping[torch.dtype, float] = MappingProxyType({torch.float32: 1e-5, torch.float64: 1e-12})
"""How far two backends may differ in any output, state or gradient, relative to its largest number."""


class Call(NamedTuple):
    """What the choice depends on.

    `torch_lacks` is None, or what torch's kernels cannot do about this call: "a recurrent mask".
    """

    input: Tensor
    weight: Tensor
    torch_lacks: str | None = None
    recurrent_mask: Tensor | None = None


def choose(requested: str, call: Call) -> str:
    """The backend that computes a call: one of `PREFERENCE`.

    Raises:
        ConfigError: No backend has this name, or the one requested cannot do the call.
    """
    check_name(requested)
    if requested == "auto":
        return next(name for name in PREFERENCE if obstacle(name, call) is None)
    reason = obstacle(requested, call)
    if reason is not None:
        raise ConfigError(
            f"backend {requested!r} cannot do this: {reason}",
            "a backend that can",
            'Choose backend="auto" or backend="reference".',
        )
    return requested


def explain(requested: str, call: Call) -> str:
    """Why `choose` takes the backend it takes, in one sentence.

    Raises:
        ConfigError: As `choose`.
    """
    chosen = choose(requested, call)
    if requested != "auto":
        return f"{chosen}: it was asked for."
    passed_over = PREFERENCE[: PREFERENCE.index(chosen)]
    reasons = [f"{name} cannot ({obstacle(name, call)})" for name in passed_over]
    return f"{chosen}: {'; '.join(reasons) or 'nothing is faster'}."


def availability() -> dict[str, str | None]:
    """Every backend with None, or with the reason why it cannot be used on this machine."""
    return {"native": native.unavailable_reason(), "torch": None, "reference": None}


def check_name(requested: str) -> None:
    """Check that a backend has this name.

    Raises:
        ConfigError: None has.
    """
    if requested not in NAMES:
        raise ConfigError(f"backend {requested!r}", f"one of {', '.join(NAMES)}", 'Use "auto" when in doubt.')


def obstacle(name: str, call: Call) -> str | None:
    """Why a backend cannot do a call, or None when it can."""
    if name == "native":
        return _native_obstacle(call)
    if name == "torch":
        return _torch_obstacle(call)
    return None


def _native_obstacle(call: Call) -> str | None:
    mask, dtype = call.recurrent_mask, call.weight.dtype
    if call.input.device.type != "cpu":
        return f"it runs on CPUs, and the tensors are on {call.input.device}"
    if dtype not in TOLERANCES:
        return f"it computes in float32 and float64, not in {dtype}"
    if 0 in call.input.shape:
        return "it needs at least one row, one step and one feature"
    if mask is not None and mask.requires_grad:
        return "it gives no gradient of a recurrent mask"
    if is_differentiated_by_functorch():
        return "torch.func's derivatives need plain operations"
    return native.unavailable_reason()


def _torch_obstacle(call: Call) -> str | None:
    if call.torch_lacks is not None:
        return f"torch has no kernel for {call.torch_lacks}"
    if values_are_hidden():
        return "torch.compile and torch.func transforms need plain operations"
    if 0 in call.input.shape[:2]:
        return "torch's kernels need at least one row and one step"
    if call.weight.device.type == "cpu" and call.weight.dtype not in (torch.float32, torch.float64):
        return "torch's half-precision kernels for the CPU need an instruction set that not every CPU has"
    return None
