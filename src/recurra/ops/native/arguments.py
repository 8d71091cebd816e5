"""What an operator of the native engine takes, and the sizes that follow from it."""

from typing import NamedTuple, cast

from torch import Tensor

GATES = {"elman": 1, "elman_relu": 1, "lstm": 4, "gru": 3, "gru_reset_before": 3, "layer_norm_lstm": 4}
"""How many blocks the weights of each cell are stacked of."""

FORWARD, REVERSE, BOTH = range(3)
"""Directions: from the first step, from the last valid step, or one of each."""


class Arguments(NamedTuple):
    """The arguments of an operator, in the order of its schema.

    Weights, states and masks have one more axis in front: the directions, one or two.
    """

    input: Tensor  # batch, time, features
    weight_ih: Tensor  # directions, gates*hidden, features
    weight_hh: Tensor  # directions, gates*hidden, outputs
    bias_ih: Tensor | None  # directions, gates*hidden
    bias_hh: Tensor | None  # directions, gates*hidden
    peepholes: Tensor | None  # directions, 3*hidden
    projection: Tensor | None  # directions, outputs, hidden
    gain_ih: Tensor | None  # directions, gates*hidden
    gain_hh: Tensor | None  # directions, gates*hidden
    gain_cell: Tensor | None  # directions, hidden
    bias_cell: Tensor | None  # directions, hidden
    hidden: Tensor  # directions, batch, outputs
    cell: Tensor | None  # directions, batch, hidden
    lengths: Tensor | None = None  # batch, int64
    resets: Tensor | None = None  # batch, time, bool
    mask: Tensor | None = None  # directions, batch, outputs
    kept_hidden: Tensor | None = None  # directions, batch, time, outputs, bool
    kept_cell: Tensor | None = None  # directions, batch, time, hidden, bool
    rate_hidden: float = 0.0
    rate_cell: float = 0.0
    epsilon: float = 0.0
    direction: int = FORWARD
    saves: bool = False  # whether everything is kept that the backward pass needs


DIFFERENTIABLE = Arguments._fields.index("lengths")
"""The first arguments, this many, have gradients."""


def differentiable(given: Arguments) -> list[Tensor | None]:
    """The arguments that have gradients."""
    return list(cast("tuple[Tensor | None, ...]", given[:DIFFERENTIABLE]))


TYPES = {Tensor: "Tensor", Tensor | None: "Tensor?", float: "float", int: "int", bool: "bool"}

PARAMETERS = ", ".join(f"{TYPES[kind]} {name}" for name, kind in Arguments.__annotations__.items())
"""The arguments as an operator's schema writes them."""


class Saved(NamedTuple):
    """What the forward pass keeps for the backward pass; empty tensors where there is nothing to keep."""

    gates: Tensor  # positions, directions*gates*hidden: after the activations
    cells: Tensor  # positions, directions*hidden
    extra: Tensor  # positions, ...: as in the engine's recurrence.hpp
    products: Tensor  # positions, directions*gates*hidden: layer norm: W x before it
    moments: Tensor  # 2, directions, positions, 1: layer norm: the means and scales of W x


class Sizes(NamedTuple):
    """The numbers that shapes are made of."""

    batch: int
    steps: int
    features: int
    hidden: int
    outputs: int
    gates: int
    directions: int

    @classmethod
    def of(cls, cell: str, given: Arguments) -> "Sizes":
        """Those of one call."""
        batch, steps, features = given.input.shape
        directions, rows, outputs = given.weight_hh.shape
        gates = GATES[cell]
        return cls(batch, steps, features, rows // gates, outputs, gates, directions)

    @property
    def extra(self) -> dict[str, int]:
        """How much each cell keeps beside gates and cells, in numbers per position and direction."""
        return {
            "elman": 0,
            "elman_relu": 0,
            "lstm": self.hidden,
            "gru": self.hidden,
            "gru_reset_before": self.hidden,
            "layer_norm_lstm": 4 * self.hidden + 3,
        }


def is_time_major(input: Tensor) -> bool:
    """Whether (batch, time, features) lies in memory as (time, batch, features)."""
    return not input.is_contiguous() and input.transpose(0, 1).is_contiguous()


def empty_outputs(given: Arguments, sizes: Sizes) -> Tensor:
    """Room for the outputs, lying as the input does; zeros where padding will stay."""
    make = given.input.new_empty if given.lengths is None else given.input.new_zeros
    width = sizes.directions * sizes.outputs
    if is_time_major(given.input):
        return make((sizes.steps, sizes.batch, width)).transpose(0, 1)
    return make((sizes.batch, sizes.steps, width))


def room_for_saved(cell: str, given: Arguments, sizes: Sizes) -> Saved:
    """Room for what is kept: for every step of the batch, of which the valid ones are used."""
    steps, directions = sizes.batch * sizes.steps, sizes.directions
    nothing = given.input.new_empty(0)
    if not given.saves:
        return Saved(*(nothing.clone() for _ in Saved._fields))
    width = directions * sizes.gates * sizes.hidden
    has_extra = cell != "lstm" or given.projection is not None
    is_normalized = given.gain_ih is not None
    return Saved(
        gates=nothing.new_empty(steps, width),
        cells=nothing.new_empty(steps, 0 if given.cell is None else directions * sizes.hidden),
        extra=nothing.new_empty(steps, directions * sizes.extra[cell] if has_extra else 0),
        products=nothing.new_empty(steps if is_normalized else 0, width),
        moments=nothing.new_empty(2, directions, steps if is_normalized else 0, 1),
    )
