"""The loss of an output layer over a large vocabulary, without keeping its logits."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd import Function
from torch.utils.checkpoint import checkpoint

from recurra.ops.product import product

IGNORED = -100
_AT_ONCE = 1 << 22  # logits of a chunk, or as many as there are weights, which are gone through for each


def linear_cross_entropy(
    features: Float[Tensor, "steps features"],
    weight: Float[Tensor, "vocabulary features"],
    bias: Float[Tensor, " vocabulary"] | None,
    targets: Int[Tensor, " steps"],
    *,
    label_smoothing: float = 0.0,
    shares: Float[Tensor, " steps"] | None = None,
) -> Tensor:
    """The summed cross-entropy of `F.linear(features, weight, bias)` against the targets.

    Logits are made chunk by chunk, summed up in 32 bits at least, and turned into their gradient at once, so
    that memory for one chunk is all that is needed. There is no second derivative.

    Args:
        features: (steps, features) what the output layer reads.
        weight: (vocabulary, features), of the output layer.
        bias: (vocabulary,), or None.
        targets: (steps,) the right numbers; -100 counts for nothing.
        label_smoothing: Share of the truth that is spread over all numbers (Szegedy and others 2016).
        shares: (steps,) how much each step counts, without a gradient of their own; None: 1.

    Returns:
        The sum over all steps that count, a scalar, in nats.
    """
    total: Tensor = _LinearCrossEntropy.apply(  # type: ignore[no-untyped-call]
        features, weight, bias, targets, label_smoothing, shares
    )
    return total


def token_losses(
    features: Float[Tensor, "steps features"],
    weight: Float[Tensor, "vocabulary features"],
    bias: Float[Tensor, " vocabulary"] | None,
    targets: Int[Tensor, " steps"],
) -> Float[Tensor, " steps"]:
    """The cross-entropy of every step by itself, without a gradient; 0 where a target is -100."""
    found = []
    for chunk in _chunks(len(features), weight):
        logits = torch.nn.functional.linear(features[chunk], weight, bias)
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        told = targets[chunk]
        losses = logits.logsumexp(dim=1) - logits.gather(1, told.clamp(min=0)[:, None])[:, 0]
        found.append(losses.masked_fill(told == IGNORED, 0))
    return torch.cat(found) if found else features.new_zeros(0)


class StepLosses(NamedTuple):
    """What `step_losses` gives.

    Attributes:
        right: (steps,) the cross-entropy against the target, in nats.
        spread: (steps,) the mean cross-entropy against all numbers, for label smoothing.
    """

    right: Float[Tensor, " steps"]
    spread: Float[Tensor, " steps"]


def step_losses(
    features: Float[Tensor, "steps features"],
    weight: Float[Tensor, "vocabulary features"],
    bias: Float[Tensor, " vocabulary"] | None,
    targets: Int[Tensor, " steps"],
) -> StepLosses:
    """The cross-entropy of every step by itself, for losses that go on with it.

    Logits are made chunk by chunk, and again in the backward pass: memory for one chunk is all it needs.

    Args:
        features: (steps, features) what the output layer reads.
        weight: (vocabulary, features), of the output layer.
        bias: (vocabulary,), or None.
        targets: (steps,) the right numbers, all of them valid.
    """
    found = [
        checkpoint(_of_chunk, features[own], weight, bias, targets[own], use_reentrant=False)
        for own in _chunks(len(features), weight)
    ]
    return StepLosses(*map(torch.cat, zip(*found, strict=True)))


def _of_chunk(
    features: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor
) -> tuple[Tensor, Tensor]:
    logits = torch.nn.functional.linear(features, weight, bias)
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    whole = logits.logsumexp(dim=1)
    return whole - logits.gather(1, targets[:, None])[:, 0], whole - logits.mean(dim=1)


class _LinearCrossEntropy(Function):
    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        targets: Tensor,
        label_smoothing: float,
        shares: Tensor | None,
    ) -> Tensor:
        needed = any(ctx.needs_input_grad[:3])
        kind = torch.promote_types(features.dtype, torch.float32)
        total = torch.zeros((), dtype=kind, device=features.device)
        of_features = torch.empty_like(features) if needed else None
        of_weight = torch.zeros(weight.shape, dtype=kind, device=weight.device) if needed else None
        of_bias = None if bias is None or not needed else torch.zeros_like(bias, dtype=kind)
        counted = targets != IGNORED
        every = shares is None and bool(counted.all())
        counts = counted if shares is None else counted * shares
        for chunk in _chunks(len(features), weight):
            own, told = features[chunk], targets[chunk]
            right = told.clamp(min=0)[:, None]
            logits = product(own, weight).to(kind)
            if bias is not None:
                logits += bias
            slope = logits.softmax(dim=1)
            normaliser = logits.amax(dim=1, keepdim=True) - slope.amax(dim=1, keepdim=True).log()
            losses = normaliser - (1 - label_smoothing) * logits.gather(1, right)
            if label_smoothing:
                losses -= label_smoothing * logits.mean(dim=1, keepdim=True)
            total += (losses[:, 0] * counts[chunk]).sum()
            if of_features is None or of_weight is None:
                continue
            if label_smoothing:
                slope -= label_smoothing / len(weight)
            slope.scatter_add_(1, right, slope.new_full(right.shape, label_smoothing - 1))
            if not every:
                slope *= counts[chunk, None]
            slope = slope.to(weight.dtype)
            of_features[chunk] = product(slope, weight.t())
            of_weight += product(slope.t(), own.t()).to(kind)
            if of_bias is not None:
                of_bias += slope.sum(dim=0)
        if needed:
            ctx.save_for_backward(*(one for one in (of_features, of_weight, of_bias) if one is not None))
        return total

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        (scale,) = upstream
        found = list(ctx.saved_tensors)
        if scale.device.type != "cpu" or float(scale) != 1:
            found = [one * scale for one in found]
        return (*found, *[None] * (6 - len(found)))


def _chunks(steps: int, weight: Tensor) -> list[slice]:
    size = max(1, min(steps, max(_AT_ONCE, weight.numel()) // max(len(weight), 1)))
    return [slice(begin, begin + size) for begin in range(0, steps, size)]
