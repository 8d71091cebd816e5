"""What the processor can do at most, measured in the same run."""

import time
from functools import cache

import torch

from recurra.bench.threads import limited

PRODUCT_SIZE = 1024
TRIALS, TRIAL_SECONDS = 10, 0.5


@cache
def product_rate(threads: int) -> float:
    """Floating-point operations a second of torch's product of two large matrices.

    It is the best of ten, or of what half a second has room for.
    """
    with limited(threads):
        left, right = torch.ones(2, PRODUCT_SIZE, PRODUCT_SIZE)
        found = [_seconds(left, right) for _ in range(2)]
        while len(found) < TRIALS and sum(found) < TRIAL_SECONDS:
            found.append(_seconds(left, right))
        return 2.0 * PRODUCT_SIZE**3 / min(found)


def _seconds(left: torch.Tensor, right: torch.Tensor) -> float:
    began = time.perf_counter()
    torch.mm(left, right)
    return time.perf_counter() - began
