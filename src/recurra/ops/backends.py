"""Which implementation computes a recurrence: the one function that chooses, and the one that says why.

reference  readable loops in plain torch; every variant, any number of derivatives, every torch transform
torch      torch's own kernels (oneDNN on a CPU, cuDNN on a GPU)
native     recurra's compiled engine
auto       the first of native, torch, reference that can do the call
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

import torch
from torch import Tensor

from recurra import native
from recurra.errors import ConfigError
from recurra.types import is_differentiated_by_functorch, values_are_hidden

PREFERENCE = ("native", "torch", "reference")
NAMES = ("auto", *PREFERENCE)

TYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
"""What weights may be made of."""

PRECISE = (torch.float32, torch.float64)
"""What the engine, and torch's kernels on every CPU, compute in."""

TOLERANCES: Mapping[torch.dtype, float] = MappingProxyType({torch.float32: 1e-5, torch.float64: 1e-12})
"""How far two backends may differ in any output, state or gradient, relative to its largest number."""


_as_operators: ContextVar[bool] = ContextVar("as_operators", default=False)


@contextmanager
def as_operators() -> Iterator[None]:
    """Call the engine's operators in the block even if it was not built: for tracing, which runs none."""
    token = _as_operators.set(True)
    try:
        yield
    finally:
        _as_operators.reset(token)


def choose(
    requested: str,
    input: Tensor,
    weight: Tensor,
    torch_lacks: str | None = None,
    recurrent_masks: Sequence[Tensor] = (),
) -> str:
    """The backend that computes a call: one of `PREFERENCE`.

    Args:
        requested: One of `NAMES`.
        input: What the recurrence reads.
        weight: One of its weights.
        torch_lacks: What torch's kernels cannot do about this call: "a recurrent mask"; None for nothing.
        recurrent_masks: Those of the call.

    Raises:
        ConfigError: No backend has this name, or the one requested cannot do the call.
    """
    check_name(requested)
    call = (input, weight, torch_lacks, recurrent_masks)
    if requested == "auto":
        return next(name for name in PREFERENCE if _obstacle(name, *call) is None)
    reason = _obstacle(requested, *call)
    if reason is not None:
        raise ConfigError(
            f"backend {requested!r} cannot do this: {reason}",
            "a backend that can",
            'Choose backend="auto" or backend="reference".',
        )
    return requested


def explain(
    requested: str,
    input: Tensor,
    weight: Tensor,
    torch_lacks: str | None = None,
    recurrent_masks: Sequence[Tensor] = (),
) -> str:
    """Why `choose` takes the backend it takes, in one sentence.

    Raises:
        ConfigError: As `choose`.
    """
    call = (input, weight, torch_lacks, recurrent_masks)
    chosen = choose(requested, *call)
    if requested != "auto":
        return f"{chosen}: it was asked for."
    passed_over = PREFERENCE[: PREFERENCE.index(chosen)]
    reasons = [f"{name} cannot ({_obstacle(name, *call)})" for name in passed_over]
    return f"{chosen}: {'; '.join(reasons) or 'nothing is faster'}."


def overview(device: torch.device | str = "cpu") -> dict[str, str]:
    """What computes a plain recurrence on a device, and why, for every type that weights may have."""
    weights = [torch.zeros(1, 1, dtype=dtype, device=device) for dtype in TYPES]
    return {
        str(weight.dtype).removeprefix("torch."): explain("auto", weight.unsqueeze(0), weight)
        for weight in weights
    }


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


def _obstacle(
    name: str, input: Tensor, weight: Tensor, torch_lacks: str | None, recurrent_masks: Sequence[Tensor]
) -> str | None:
    """Why a backend cannot do a call, or None when it can."""
    if name == "native":
        return _native_obstacle(input, weight, recurrent_masks)
    if name == "torch":
        return _torch_obstacle(input, weight, torch_lacks)
    return None


def _native_obstacle(input: Tensor, weight: Tensor, recurrent_masks: Sequence[Tensor]) -> str | None:
    if input.device.type != "cpu":
        return f"it runs on CPUs, and the tensors are on {input.device}"
    if weight.dtype not in PRECISE:
        return f"it computes in float32 and float64, not in {weight.dtype}"
    if 0 in input.shape:
        return "it needs at least one row, one step and one feature"
    if any(mask.requires_grad for mask in recurrent_masks):
        return "it gives no gradient of a recurrent mask"
    if is_differentiated_by_functorch():
        return "torch.func's derivatives need plain operations"
    reason = native.unavailable_reason()
    return None if reason is None or _as_operators.get() else reason


def _torch_obstacle(input: Tensor, weight: Tensor, torch_lacks: str | None) -> str | None:
    if torch_lacks is not None:
        return f"torch has no kernel for {torch_lacks}"
    if values_are_hidden():
        return "torch.compile and torch.func transforms need plain operations"
    if 0 in input.shape[:2]:
        return "torch's kernels need at least one row and one step"
    if weight.device.type == "cpu" and weight.dtype not in PRECISE:
        return "torch's half-precision kernels for the CPU need an instruction set that not every CPU has"
    return None
