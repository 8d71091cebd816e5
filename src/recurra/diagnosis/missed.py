"""What a net has not learnt of its data: which inputs its errors still depend on, and how far back those lie.

The gradient of the loss with respect to the outputs of a recurrent layer is what the outputs should have been
otherwise: the errors, as that layer sees them. Where they correlate with an input k steps back, the data held
what the net needed, and the net did not use it. Only what correlates linearly is found; a product of two
inputs, each of which says nothing by itself, is not.

Neighbouring steps that are alike say less than so many independent ones; after Bartlett (1935) so many fewer
are counted.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from recurra.diagnosis.dependence import Dependence, dependence
from recurra.diagnosis.limits import Limits
from recurra.diagnosis.measurement import Measurement
from recurra.diagnosis.observation import loss_of
from recurra.diagnosis.recurrent_module import passages_of
from recurra.diagnosis.seen import chains_of
from recurra.diagnosis.stack import Layers, stacks_of
from recurra.ops.dense import flipped
from recurra.training.contract import Batch, Objective
from recurra.types import valid_steps

_ERRORS, _FEATURES, _STEPS = 4, 16, 65_536
_LEAST = 0.2
"""Of a correlation: what explains less than 4 % of the errors is no reason for them."""


@dataclass(frozen=True, eq=False)
class Missed(Measurement):
    """What one direction of the layer on top of a stack did not learn of the stack's input.

    Attributes:
        layer: Name of that layer.
        reverse: Whether the direction goes from a row's last step to its first; "back" is against it.
        rows: How many rows tell.
        dependence: Of the errors on the input so many steps back.
        reach: The last lag at which it is above chance and at least 0.2; -1 if at none.
        share: How much of the errors' variance the input explains there.
    """

    layer: str
    reverse: bool
    rows: int
    dependence: Dependence
    reach: int
    share: float


class _Rows(NamedTuple):
    """Some rows of a direction, in its order; `at` is where errors are told."""

    inputs: Float[np.ndarray, "rows steps features"]
    errors: Float[np.ndarray, "rows steps units"]
    at: Bool[np.ndarray, "rows steps"]
    lengths: np.ndarray


def missed(
    model: nn.Module, batches: Iterable[Batch], objective: Objective, limits: Limits
) -> tuple[Missed, ...]:
    """Look for it in several batches.

    Args:
        model: In evaluation mode.
        batches: As many as it takes for `limits.evidence` rows.
        objective: As for `recurra.diagnosis.measure`.
        limits: How much is looked at.
    """
    found: dict[tuple[int, str, bool], list[_Rows]] = defaultdict(list)
    rows = steps = 0
    for batch in batches:
        number, run = loss_of(model, batch, objective, limits.evidence - rows)
        _, chains = chains_of(model, run)
        for place, layers in enumerate(stacks_of(chains)):
            for name, reverse, part in _told(layers):
                found[place, name, reverse].append(part)
        rows += number
        steps += max((chain.read.input.shape[1] for chain in chains), default=0) * number
        if rows >= limits.evidence or steps >= _STEPS:
            break
    return tuple(_of_rows(name, reverse, parts, limits.lags) for (_, name, reverse), parts in found.items())


def _told(layers: Layers) -> Iterator[tuple[str, bool, _Rows]]:
    """The directions of the layer on top, with what the one at the bottom reads."""
    passages = passages_of(layers.top.first.module, layers.top.read)
    read = layers.bottom.read
    lengths = read.number_of_steps()
    for passage in passages:
        if passage.name != passages[-1].name:
            continue
        inputs, errors = read.input.detach(), passage.entering[0]
        if passage.reverse:
            inputs = flipped(inputs, lengths)
        told = (errors != 0).any(dim=-1) & valid_steps(lengths, inputs.shape[1])
        ends = lengths.cpu().numpy()
        yield (
            passage.name,
            passage.reverse,
            _Rows(_numbers(inputs), _numbers(errors), told.cpu().numpy(), ends),
        )


def _numbers(values: Tensor) -> np.ndarray:
    found: np.ndarray = values.detach().to("cpu", torch.float64).numpy()
    return found


def _of_rows(name: str, reverse: bool, parts: list[_Rows], lags: int) -> Missed:
    longest = max(part.inputs.shape[1] for part in parts)
    padded = [
        np.concatenate([
            np.pad(array, [(0, 0), (0, longest - array.shape[1]), *[(0, 0)] * (array.ndim - 2)])
            for array in arrays
        ])
        for arrays in zip(*(part[:3] for part in parts), strict=True)
    ]  # fmt: skip
    lengths = np.concatenate([part.lengths for part in parts])
    inputs = _main(padded[0], np.arange(longest) < lengths[:, None], _FEATURES)
    errors = _main(padded[1], padded[2], _ERRORS)
    own = dependence(inputs, errors, lengths, lags, at=padded[2])
    above = np.flatnonzero((own.values > own.chance) & (own.values >= _LEAST))
    reach = int(above.max(initial=-1))
    share = float(own.values[reach] ** 2) if reach >= 0 else 0.0
    return Missed(name, reverse, len(lengths), own, reach, share)


def _main(values: np.ndarray, where: np.ndarray, number: int) -> np.ndarray:
    """Values along the directions in which those that count differ most, so that few are compared."""
    if values.shape[-1] <= number:
        return values
    counted = values[where]
    if not len(counted):
        return values[..., :number]
    centred = counted - counted.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    return np.asarray(values @ directions[:, ::-1][:, :number])
