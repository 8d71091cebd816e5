"""A warning while a net trains, when a fault begins: from what the history says already.

It looks at the lines of kind "step", each of which sums up `log_every` optimiser steps, and tells of every
fault once. What it tells goes by the history alone, so that a resumed run tells the same. What needs the net
itself (`recurra.diagnosis`) is told after training.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

_BEFORE, _LEAST = 50, 5
"""Records that a new one is compared with: at most, and at least."""
_LONG = 20  # records over which a state must last
_ORDERS = 100.0  # times the usual gradient
_HARD = 10.0  # times the norm that gradients are clipped at
_WORSE = 2.0  # times the way that the loss came down
_STILL = 1e-7  # of the weights' length: about what numbers in 32 bits can tell
_TINY = 1e-6  # norm of a gradient that teaches nothing

Records = Sequence[Mapping[str, Any]]


def onset(steps: Records, told: Records, gradient_clip: float | None) -> list[dict[str, Any]]:
    """Warnings that the newest record of kind "step" gives rise to.

    Args:
        steps: All of them, oldest first.
        told: The warnings there are.
        gradient_clip: The norm that gradients are clipped at.

    Returns:
        Records of kind "warning": epoch, step, what (the fault), message.
    """
    known = {one["what"] for one in told}
    found = []
    recent = steps[-_BEFORE - 1 :]
    for what, look in _FAULTS.items():
        if what in known:
            continue
        message = look(recent, gradient_clip)
        if message:
            at = {key: steps[-1][key] for key in ("epoch", "step")}
            found.append({"kind": "warning", **at, "what": what, "message": message})
    return found


def _exploding(recent: Records, clip: float | None) -> str:
    norms = _numbers(recent, "gradient_norm")
    usual = median(norms[:-1]) if len(norms) > _LEAST else 0.0
    if usual > 0 and norms[-1] > max(_ORDERS * usual, clip or 0.0):
        times = norms[-1] / usual
        return f"the gradient is {times:,.0f} times as long as usual: gradients explode"
    last = recent[-_LONG:]
    if clip is None or len(last) < _LONG or any(one.get("clipped") != 1 for one in last):
        return ""
    times = median(_numbers(last, "gradient_norm")) / clip
    if times < _HARD:
        return ""
    return f"for long every gradient was clipped, to less than 1/{times:,.0f} of it: gradients explode"


def _vanishing(recent: Records, clip: float | None) -> str:
    del clip
    norms, losses = _numbers(recent[-_LEAST:], "gradient_norm"), _numbers(recent, "loss")
    if len(norms) < _LEAST or max(norms) > _TINY or _halved(losses):
        return ""
    return f"the gradient's norm is {norms[-1]:.1e}: it vanishes before it teaches anything"


def _halved(losses: list[float]) -> bool:
    """Whether a loss came down, so that its gradient may be small."""
    return not losses or min(losses) < losses[0] - abs(losses[0]) / 2


def _dead(recent: Records, clip: float | None) -> str:
    del clip
    last = recent[-_LEAST:]
    ratios = [one.get("update_ratio") for one in last if one.get("learning_rate", 0.0) > 0]
    known = [float(one) for one in ratios if one is not None]
    if len(known) < _LEAST or max(known) > _STILL:
        return ""
    return f"updates move the weights by {known[-1]:.1e} of their length: the net stands still"


def _diverging(recent: Records, clip: float | None) -> str:
    del clip
    losses = _numbers(recent, "loss")
    if len(losses) < 2 * _LEAST:
        return ""
    way = losses[0] - min(losses)
    worst = min(losses[-_LEAST:])
    if worst <= losses[0] + max(_WORSE * way, abs(losses[0]) / 2):
        return ""
    return f"the loss has risen from {min(losses):.4g} to {losses[-1]:.4g}: training diverges"


_FAULTS: Mapping[str, Callable[[Records, float | None], str]] = {
    "exploding": _exploding,
    "vanishing": _vanishing,
    "standing still": _dead,
    "diverging": _diverging,
}


def _numbers(records: Records, name: str) -> list[float]:
    values = (one.get(name) for one in records)
    return [float(one) for one in values if one is not None and math.isfinite(one)]
