"""What each hidden unit does over a text or a series, step by step."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from torch import Tensor

from recurra.diagnosis.measurement import Measurement
from recurra.diagnosis.passage import Passage
from recurra.ops.dense import flipped


@dataclass(frozen=True, eq=False)
class Trace(Measurement):
    """States and gates of one direction of one layer.

    Attributes:
        name: The layer's.
        reverse: Whether it goes from the last step to the first.
        lengths: (rows,) the number of valid steps; what lies past them is 0.
        states: For each field of the state (rows, steps, units) its values after every step.
        gates: For each gate (rows, steps, units); empty where the cell does not show its gates.
    """

    name: str
    reverse: bool
    lengths: Int64[np.ndarray, " rows"]
    states: dict[str, Float64[np.ndarray, "rows steps units"]]
    gates: dict[str, Float64[np.ndarray, "rows steps units"]]


def trace(passage: Passage) -> Trace:
    """The values of all units, in the order of the data, also of a direction that goes back."""
    names = getattr(passage.states, "_fields", ())
    states = dict(zip(names, (field[:, 1:] for field in passage.states), strict=True))
    gates = {name: gate.values for name, gate in passage.gates().items()}
    return Trace(
        passage.name,
        passage.reverse,
        passage.lengths.cpu().numpy(),
        {name: _in_order(passage, values) for name, values in states.items()},
        {name: _in_order(passage, values) for name, values in gates.items()},
    )


def _in_order(passage: Passage, values: Tensor) -> Float64[np.ndarray, "rows steps units"]:
    shown = values.masked_fill(~passage.valid.unsqueeze(-1), 0)
    ordered = flipped(shown, passage.lengths) if passage.reverse else shown
    return ordered.detach().double().cpu().numpy()
