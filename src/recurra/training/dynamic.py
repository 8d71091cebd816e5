"""A net that goes on learning from what it has just read (dynamic evaluation).

Source: Krause, Kahembwe, Murray & Renals, "Dynamic evaluation of neural sequence models" (2018), with RMS
statistics and decay: a step is

    w += min(decay s / m, 1) (w_0 - w) - rate g / (s + 0.3 m)

where s is the root of the mean squared gradient of each weight, m the mean of s over the whole net, and w_0
the trained weight. Departures: the mean goes over the gradients met so far, the newest
among them, and not over the training data, so that every saved net can do it, nothing is kept beside its
weights, and what comes seldom, as most words, moves no further than by a root of the number of steps; the
small constant beside s is a share of m, so that the rate does not depend on how large gradients are; and a
step is shortened where g / (s + 0.3 m) has a root mean square above 1, so that no text throws a net away.
"""

import math

import torch
from torch import Tensor, nn

_FLOOR = 0.3  # beside s, in m


class DynamicLearner:
    """Takes the steps, from gradients that lie in the parameters of a net.

    Args:
        net: The net, which changes.
        rate: How far a weight goes at a step, where its gradient is as large as usual.
        decay: How much of the way back a weight of usual gradients goes at a step.
    """

    def __init__(self, net: nn.Module, rate: float, decay: float = 0.0) -> None:
        self._parameters: list[Tensor] = [one for one in net.parameters() if one.requires_grad]
        self._origin = [one.detach().clone() for one in self._parameters] if decay else []
        self._squares = [torch.zeros_like(one) for one in self._parameters]
        self._rate, self._decay = rate, decay
        self._count, self._size = 0, sum(one.numel() for one in self._parameters)

    @torch.no_grad()
    def step(self) -> None:
        """Change the weights, and leave no gradients behind."""
        steps = [torch.zeros_like(one) if one.grad is None else one.grad for one in self._parameters]
        for one in self._parameters:
            one.grad = None
        torch._foreach_addcmul_(self._squares, steps, steps)
        self._count += 1
        roots = torch._foreach_sqrt(self._squares)  # times the root of the count
        mean = max(sum(float(one.sum()) for one in roots) / self._size, torch.finfo(torch.float32).tiny)
        if self._decay:
            away = torch._foreach_sub(self._origin, self._parameters)
            pulls = torch._foreach_clamp_max(torch._foreach_mul(roots, self._decay / mean), 1.0)
            torch._foreach_addcmul_(self._parameters, away, pulls)
        torch._foreach_div_(steps, torch._foreach_add(roots, _FLOOR * mean))
        length = float(torch.stack(torch._foreach_norm(steps)).norm()) / math.sqrt(self._size)
        share = min(math.sqrt(self._count), 1 / max(length, torch.finfo(torch.float32).tiny))
        torch._foreach_add_(self._parameters, steps, alpha=-self._rate * share)
