"""The answer to a question: what every step and column added, whether that adds up, and telling units.

Source: Sundararajan, Taly & Yan (2017) for integrated gradients; Zeiler & Fergus (2014) for occlusion;
Karpathy, Johnson & Fei-Fei, "Visualizing and understanding recurrent networks" (2015), for units over a text.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float64
from torch import nn

from recurra.diagnosis.attribution import halving_gradients
from recurra.diagnosis.measurement import Measurement
from recurra.diagnosis.occlusion import occlusion_map
from recurra.diagnosis.passage import Passage
from recurra.diagnosis.question import Question
from recurra.diagnosis.seen import look, recurrent_modules
from recurra.diagnosis.trace import trace
from recurra.diagnosis.undisturbed import check_finite, undisturbed

_UNITS, _PASSAGES = 4, 2
_CELLS = 2048  # runs of the net for a row


class Shares(NamedTuple):
    """What a method says.

    Attributes:
        values: (steps, columns) what each added to the output.
        difference: The output less that of the baseline.
    """

    values: Float64[np.ndarray, "steps columns"]
    difference: float


def by_integrated_gradients(question: Question) -> Shares:
    """Shares that add up to the difference, as far as the integral is exact."""
    found = halving_gradients(question.function, question.input, question.baseline)
    edges = np.cumsum([0, *(one.size for one in question.columns)])[:-1]
    return Shares(np.add.reduceat(found.values[0], edges, axis=-1), found.difference)


def by_occlusion(question: Question) -> Shares:
    """By how much the output falls without each of them; together they need not add up."""
    steps, columns = len(question.steps), len(question.columns)
    window = max(1, -(-steps * columns // _CELLS))
    values = occlusion_map(
        question.function,
        question.input,
        question.baseline,
        sizes=[one.size for one in question.columns],
        window=window,
    )
    with torch.no_grad():
        ends = [float(question.function(one)[0]) for one in (question.input, question.baseline)]
    return Shares(values, ends[0] - ends[1])


METHODS: Mapping[str, Callable[[Question], Shares]] = MappingProxyType({
    "integrated_gradients": by_integrated_gradients,
    "occlusion": by_occlusion,
})  # fmt: skip
"""The ways to find shares, by name."""


@dataclass(frozen=True, eq=False)
class UnitTrace(Measurement):
    """What a hidden unit did over the steps of its layer.

    Attributes:
        layer: The layer's name.
        reverse: Whether it goes from the last step to the first.
        unit: The unit's number.
        share: Of what its layer hands on to the output (gradient times state, absolute), this unit's.
        values: (steps,) its hidden state after each step, in the order of the data.
    """

    layer: str
    reverse: bool
    unit: int
    share: float
    values: Float64[np.ndarray, " steps"]


@dataclass(frozen=True, eq=False)
class Explanation(Measurement):
    """Which inputs made an answer.

    Attributes:
        row: What the row is called.
        prediction: The answer, in words.
        output: What the number is that is explained.
        unit: What it is counted in.
        result: That number.
        without: That number for the baseline.
        baseline: What stands there where nothing is known, in words.
        method: By which the shares were found: a key of `METHODS`.
        steps: What each step is called.
        columns: What each column is called.
        shares: (steps, columns) what each added to the result; above zero speaks for it.
        error: How far the shares' sum is from `result - without`.
        values: (steps, columns) the data as people know them; None: tokens alone.
        separator: What stands between the steps where they are a text; None: they are none.
        traces: The most telling hidden units; none where the net has no recurrence.
    """

    row: str
    prediction: str
    output: str
    unit: str
    result: float
    without: float
    baseline: str
    method: str
    steps: tuple[str, ...]
    columns: tuple[str, ...]
    shares: Float64[np.ndarray, "steps columns"]
    error: float
    values: Float64[np.ndarray, "steps columns"] | None
    separator: str | None
    traces: tuple[UnitTrace, ...]

    @property
    def method_text(self) -> str:
        """The method as people write it."""
        return self.method.replace("_", " ")

    @property
    def by_step(self) -> Float64[np.ndarray, " steps"]:
        """What each step added."""
        return np.asarray(self.shares.sum(axis=1))

    @property
    def by_column(self) -> Float64[np.ndarray, " columns"]:
        """What each column added."""
        return np.asarray(self.shares.sum(axis=0))


def explained(model: nn.Module, question: Question, method: str = "integrated_gradients") -> Explanation:
    """Answer a question; the model is left as it was.

    Args:
        model: The net that the question's function runs.
        question: What is asked.
        method: A key of `METHODS`.

    Raises:
        NonFiniteError: Weights of the net are no numbers.
    """
    check_finite(model)
    with undisturbed(model):
        shares = METHODS[method](question)
        with torch.no_grad():
            result = float(question.function(question.input)[0])
        traces = _telling_units(model, question)
    return Explanation(
        question.row,
        question.prediction,
        question.output,
        question.unit,
        result,
        result - shares.difference,
        question.absent,
        method,
        question.steps,
        tuple(one.name for one in question.columns),
        shares.values,
        float(shares.values.sum()) - shares.difference,
        question.values,
        question.separator,
        traces,
    )


def _telling_units(model: nn.Module, question: Question) -> tuple[UnitTrace, ...]:
    """Some units of the layers that go over the steps of the question, else of the last ones."""
    if not recurrent_modules(model):
        return ()
    passages = look(model, lambda: question.function(question.input).sum()).passages
    same = [one for one in passages if one.input.shape[1] == len(question.steps)]
    return tuple(unit for one in (same or passages)[-_PASSAGES:] for unit in _telling(one))


def _telling(passage: Passage) -> list[UnitTrace]:
    """The units of which most goes on from this layer."""
    weights = (passage.entering[0] * passage.states[0][:, 1:]).abs().sum(dim=(0, 1))
    parts = (weights / weights.sum().clamp(min=1e-30)).double().cpu().numpy()
    hidden = next(iter(trace(passage).states.values()))[0]
    order = np.argsort(-parts, kind="stable")[:_UNITS].tolist()
    return [
        UnitTrace(passage.name, passage.reverse, unit, float(parts[unit]), hidden[:, unit]) for unit in order
    ]
