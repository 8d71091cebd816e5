"""Made sequences of numbers: a class that stands in the first steps, and noise after them."""

import numpy as np

_SHOWN, _SHORTEST, _LONGEST = 3, 60, 90


def latch_rows(count: int, seed: int = 0) -> list[tuple[list[float], str]]:
    """Signals of 60 to 90 steps of noise (deviation 0.3), and whether their first three are up or down by 1.

    A net must hold for all of the noise what it saw at the beginning. As many of each class.

    Source: Bengio, Simard & Frasconi, "Learning long-term dependencies with gradient descent is difficult"
    (1994), for the problem.
    """
    random = np.random.Generator(np.random.Philox(key=seed))
    rows = []
    for number in random.permutation(count):
        label, sign = ("up", 1.0) if number % 2 else ("down", -1.0)
        signal = random.normal(0.0, 0.3, int(random.integers(_SHORTEST, _LONGEST + 1)))
        signal[:_SHOWN] += sign
        rows.append((signal.round(3).tolist(), label))
    return rows
