"""Copying: what is written is a symbol of the alphabet, or one of those that are read (a pointer-generator).

```
p(y) = g p_alphabet(y) + (1 - g) Σ_{t: x_t = y} a_t      g = σ(w · [c; s; x] + b)
```
a are the weights of attention, c the context, s the state and x the input of the step; x_t are the numbers of
what is read in the alphabet of what is written, and those past its last one are symbols of that row alone.

Source: See, Liu & Manning, "Get to the point: summarization with pointer-generator networks" (2017).
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from recurra.layers.linear_cross_entropy import step_losses

_NEVER = -1e30  # the logarithm of a probability of 0; finite, so that gradients are


def copying_log_probabilities(
    logits: Float[Tensor, "rows vocabulary"],
    gate: Float[Tensor, " rows"],
    weights: Float[Tensor, "rows time"],
    read: Int[Tensor, "rows time"],
) -> Float[Tensor, "rows all"]:
    """How likely each symbol is, those past the alphabet among them; minus infinity of what cannot be.

    Args:
        logits: (rows, vocabulary) of the alphabet.
        gate: (rows,) the logit of g: of writing from the alphabet.
        weights: (rows, time) of attention; 0 where nothing is read.
        read: (rows, time) the numbers of what is read.
    """
    own = max(int(read.max()) + 1 - logits.shape[1], 0) if read.numel() else 0
    kind = torch.promote_types(logits.dtype, torch.float32)
    gate = gate.to(kind).unsqueeze(1)
    generated = F.pad(logits.to(kind).log_softmax(dim=1) + F.logsigmoid(gate), (0, own), value=-torch.inf)
    copied = torch.zeros_like(generated).scatter_add_(1, read, weights.to(kind))
    return torch.logaddexp(generated, copied.log() + F.logsigmoid(-gate))


def copying_loss(
    features: Float[Tensor, "batch steps features"],
    weight: Float[Tensor, "vocabulary features"],
    bias: Float[Tensor, " vocabulary"],
    gate: Float[Tensor, "batch steps"],
    weights: Float[Tensor, "batch steps time"],
    read: Int[Tensor, "batch time"],
    targets: Int[Tensor, "batch steps"],
    label_smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """The summed cross-entropy of targets that are written or copied, in nats; all sums are of logarithms.

    Args:
        features: What the output layer reads.
        weight: Of the output layer.
        bias: Of the output layer.
        gate: The logit of g at each step.
        weights: Of attention.
        read: The numbers of what is read.
        targets: The right numbers, also past the alphabet; negative ones count for nothing.
        label_smoothing: Share of the truth that is spread over the alphabet, where it is written from there.
    """
    known = (targets >= 0) & (targets < len(weight))
    losses = step_losses(features.flatten(0, 1), weight, bias, targets.where(known, 0).flatten())
    right, spread = (one.view(targets.shape) for one in losses)
    there = read.unsqueeze(1) == targets.unsqueeze(2)
    gate, weights = gate.to(right.dtype), weights.to(right.dtype)
    share = (weights * there).sum(dim=2).clamp(min=torch.finfo(right.dtype).tiny)
    generated = (F.logsigmoid(gate) - right).masked_fill(~known, _NEVER)
    copied = (F.logsigmoid(-gate) + share.log()).masked_fill(~there.any(dim=2), _NEVER)
    total: Tensor = label_smoothing * spread - (1 - label_smoothing) * torch.logaddexp(generated, copied)
    return total.masked_fill(targets < 0, 0).sum()
