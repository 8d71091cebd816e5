"""Where a net looked while it wrote, drawn over what it read."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from recurra.report.piece import HeatMap
from recurra.report.record import Piece

_MOST = 30  # columns of a map; more steps than that are drawn together

Weights = Float[np.ndarray, "words steps"]


@runtime_checkable
class Gaze(Protocol):
    """Makes pieces of a report that show where each word looked in a content."""

    def __call__(
        self, content: Any, encoding: Any, title: str, words: Sequence[str], weights: Weights
    ) -> Sequence[Piece]:
        """The pieces.

        Args:
            content: What was read.
            encoding: How it was.
            title: What was written.
            words: Its words, or the symbols that it is made of.
            weights: (words, steps) how much of each word's look fell on each step.
        """


def over_steps(
    content: Any, encoding: Any, title: str, words: Sequence[str], weights: Weights
) -> Sequence[Piece]:
    """A map of words by steps: texts of the steps where they have some, else their times or numbers."""
    steps = weights.shape[1]
    pieces = encoding.pieces(content)
    groups = np.array_split(np.arange(steps), min(steps, _MOST))
    seconds = encoding.step_seconds
    if len(pieces) == steps <= _MOST:
        names, label = list(pieces), "read"
    elif seconds is not None:
        names, label = [f"{own[0] * seconds:.2f}" for own in groups], "seconds"
    else:
        names, label = [_span(own) for own in groups], "steps"
    shares = np.stack([weights[:, own].sum(axis=1) for own in groups], axis=1).clip(0, 1)
    return (
        HeatMap(
            title=title,
            rows=list(words),
            columns=names,
            shares=shares.round(3).tolist(),
            row_label="written",
            column_label=label,
        ),
    )


def _span(group: np.ndarray) -> str:
    return str(group[0] + 1) if len(group) == 1 else f"{group[0] + 1}-{group[-1] + 1}"
