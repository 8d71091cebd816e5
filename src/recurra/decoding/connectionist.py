"""Labels of the steps of connectionist temporal classification, and the symbols that they stand for.

At every step a net gives a symbol or a blank. A text is what is left when equal neighbours are one, and then
blanks are dropped; so its probability is the sum over all rows of labels ("alignments") that leave it.

Source: Graves and others, "Connectionist temporal classification" (2006). No torch is needed.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

BLANK = 0

LogShares = Float[np.ndarray, "time labels"]
"""Log probabilities of the labels of every step, the blank first."""


class Span(NamedTuple):
    """Where a symbol stands: its first step, the one after its last, and its largest log probability."""

    first: int
    end: int
    log_share: float


def collapsed(labels: Sequence[int]) -> list[int]:
    """The symbols that labels stand for.

    >>> collapsed([0, 3, 3, 0, 3, 5])
    [3, 3, 5]
    """
    return [
        label for at, label in enumerate(labels) if label != BLANK and (at == 0 or labels[at - 1] != label)
    ]


def align(log_shares: LogShares, symbols: Sequence[int]) -> list[Span]:
    """Where each symbol of a text stands in its likeliest alignment; nothing where it does not fit in.

    Args:
        log_shares: (time, labels).
        symbols: The text.
    """
    if not symbols:
        return []
    states = np.full(2 * len(symbols) + 1, BLANK)
    states[1::2] = symbols
    skips = np.zeros(len(states), bool)  # whether a state follows the one before the one before it
    skips[3::2] = states[3::2] != states[1:-2:2]
    best = np.full(len(states), -np.inf)
    best[:2] = log_shares[0, states[:2]]
    moves = np.zeros((len(log_shares), len(states)), np.int8)
    for step in range(1, len(log_shares)):
        one = np.concatenate([[-np.inf], best[:-1]])
        two = np.where(skips, np.concatenate([[-np.inf, -np.inf], best[:-2]]), -np.inf)
        choices = np.stack([best, one, two])
        moves[step] = choices.argmax(axis=0)
        best = choices.max(axis=0) + log_shares[step, states]
    state = len(states) - 1 if best[-1] >= best[-2] else len(states) - 2
    if not np.isfinite(best[state]):
        return []
    path = np.empty(len(log_shares), np.int64)
    for step in range(len(log_shares) - 1, -1, -1):
        path[step] = state
        state -= moves[step, state]
    found = []
    for place, symbol in enumerate(symbols):
        steps = np.flatnonzero(path == 2 * place + 1)
        found.append(Span(int(steps[0]), int(steps[-1]) + 1, float(log_shares[steps, symbol].max())))
    return found
