"""What is asked of a net: what made one of its answers, as a function of what stood where it reads.

A task makes these of its rows; `recurra.diagnosis.explanation` answers them and knows no task.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from recurra.diagnosis.attribution import Function
from recurra.diagnosis.site import Site

LOG_ODDS = "log-odds"
"""The unit of evidence."""


class Column(NamedTuple):
    """Features of a step that belong together: a channel, a covariate, an embedding.

    Attributes:
        name: What people call it; "" where there is one only, of which nothing more is to be said.
        size: How many features it has; they lie beside each other.
    """

    name: str
    size: int = 1


@dataclass(frozen=True, eq=False)
class Question:
    """Which inputs made an answer.

    Attributes:
        row: What the row is called: its number, the id of a series.
        prediction: The answer, in words.
        output: What the number is that is explained: "log-odds of positive".
        unit: What that is counted in: `LOG_ODDS`, or the name of the target.
        function: (n, steps, features), n variants of what the net reads of this row, -> (n,) that number.
        input: (1, steps, features) what it read.
        baseline: Its like where nothing is known.
        absent: What that is, in words: "embeddings of zeros".
        steps: What each step is called: the token that it stands for, a time, a number.
        columns: What the features are, in their order.
        values: (steps, columns) the data as people know them, NaN where there are none; None: tokens alone.
        separator: What stands between the steps where they are a text; None: they are none.
    """

    row: str
    prediction: str
    output: str
    unit: str
    function: Function
    input: Float[Tensor, "1 steps features"]
    baseline: Float[Tensor, "1 steps features"]
    absent: str
    steps: tuple[str, ...]
    columns: tuple[Column, ...]
    values: Float[np.ndarray, "steps columns"] | None = None
    separator: str | None = None


def reading_at(
    module: nn.Module, run: Callable[[int], Tensor], steps: int | None = None
) -> tuple[Function, Float[Tensor, "1 steps features"]]:
    """What a net gives as a function of what one of its modules reads, and what that is.

    Args:
        module: Called once with (rows, steps, features) as its first argument.
        run: (n) -> (n,) what the net gives for a row, n times the same.
        steps: How many of the first steps are of the row; None: all.
    """
    site = Site(module)
    with torch.no_grad():
        whole = site.value(lambda: run(1))
    read, rest = whole[:, :steps], whole[:, whole.shape[1] if steps is None else steps :]

    def function(values: Tensor) -> Tensor:
        full = torch.cat([values, rest.expand(len(values), -1, -1)], dim=1)
        with site.replaced(lambda _: full):
            return run(len(values))

    return function, read


def log_odds(scores: Float[Tensor, "*rows outcomes"], outcome: Any) -> Float[Tensor, " *rows"]:
    """log(p / (1 - p)) of one of several outcomes by their logits, or by the logarithms of p.

    It grows with the evidence without an end, as probabilities do not, and does not change with what is
    added to all logits.

    Args:
        scores: Of all outcomes.
        outcome: The number of one, or (rows,) a tensor of them.
    """
    index = torch.as_tensor(outcome, device=scores.device).expand(scores.shape[:-1]).unsqueeze(-1)
    own = scores.gather(-1, index).squeeze(-1)
    if scores.shape[-1] == 1:
        return own
    others = scores.scatter(-1, index, -torch.inf)
    return own - others.logsumexp(dim=-1)
