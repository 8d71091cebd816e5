"""What an operator of the native engine takes, and the sizes that follow from it."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import SymInt, Tensor

from recurra.errors import ShapeError
from recurra.ops.walk import Kept, Walk

ELMAN = ("elman", "elman_relu", "elman_linear")
"""In the order of the engine's nonlinearities."""

GATES = {**dict.fromkeys(ELMAN, 1), "lstm": 4, "gru": 3, "gru_reset_before": 3, "layer_norm_lstm": 4}
"""How many blocks the weights of each cell are stacked of."""

FORWARD, REVERSE, BOTH = range(3)
"""Directions: from the first step, from the last valid step, or one of each."""


class Arguments(NamedTuple):
    """The arguments of an operator, in the order of its schema.

    The weights of two directions lie one below the other; states and masks have an axis for the directions.
    Weights and states have the names that the ops' NamedTuples give them.
    """

    input: Tensor  # batch, time, features
    weight_ih: Tensor  # directions*gates*hidden, features
    weight_hh: Tensor  # directions*gates*hidden, outputs
    hidden: Tensor  # directions, batch, outputs
    bias_ih: Tensor | None = None  # directions*gates*hidden
    bias_hh: Tensor | None = None  # directions*gates*hidden
    weight_hr: Tensor | None = None  # directions*outputs, hidden
    weight_peephole: Tensor | None = None  # directions*3*hidden
    gain_ih: Tensor | None = None  # directions*gates*hidden
    gain_hh: Tensor | None = None  # directions*gates*hidden
    gain_cell: Tensor | None = None  # directions*hidden
    bias_cell: Tensor | None = None  # directions*hidden
    cell: Tensor | None = None  # directions, batch, hidden
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

    @classmethod
    def joined(
        cls, input: Tensor, weights: Sequence[Any], state: Any, walks: Sequence[Walk], epsilon: float
    ) -> "Arguments":
        """Those of one or two directions.

        Args:
            input: (batch, time, features).
            weights: Those of each direction, a NamedTuple.
            state: A NamedTuple of (directions, batch, size).
            walks: That of each direction; lengths, resets and the rates of zoneout are the first one's.
            epsilon: Of layer normalisation.
        """
        walk = walks[0]
        tensors = (input, *state, *(weight for own in weights for weight in own))
        needs_gradient = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors)
        mask = _stacked([walk.recurrent_mask for walk in walks])
        return cls(
            input=input,
            **_below_each_other(weights),
            **state._asdict(),
            lengths=walk.lengths,
            resets=walk.resets,
            mask=None if mask is None else mask.to(input.dtype),  # under autocast it may have another type
            **_kept([walk.zoneout for walk in walks if walk.zoneout is not None]),
            epsilon=epsilon,
            direction=BOTH if len(walks) == 2 else REVERSE if walk.reverse else FORWARD,
            saves=needs_gradient and not walk.recompute,
        )

    def parted(self, weights: Any, state: Any) -> tuple[list[Any], Any, list[Walk]]:
        """The weights of each direction, the states, and how each walks: what they were joined from.

        Args:
            weights: The NamedTuple of weights.
            state: The NamedTuple of states.
        """
        number = len(self.hidden)
        named = [getattr(self, name) for name in weights._fields]
        each = [[None] * number if tensor is None else tensor.chunk(number) for tensor in named]
        walks = [self._walk(direction, len(state._fields)) for direction in range(number)]
        fields = state(*(getattr(self, name) for name in state._fields))
        return [weights(*own) for own in zip(*each, strict=True)], fields, walks

    def _walk(self, number: int, fields: int) -> Walk:
        def of(stacked: Tensor | None) -> Tensor | None:
            return None if stacked is None else stacked[number]

        zoneout = None
        masks, rates = (self.kept_hidden, self.kept_cell), (self.rate_hidden, self.rate_cell)
        if any(rates) or any(mask is not None for mask in masks):
            zoneout = Kept(rates[:fields], tuple(of(mask) for mask in masks[:fields]))
        is_reverse = self.direction == REVERSE or (self.direction == BOTH and number == 1)
        return Walk(self.lengths, self.resets, of(self.mask), zoneout, is_reverse)


def _below_each_other(weights: Sequence[Any]) -> dict[str, Any]:
    """The weights of two directions, by their names."""
    first = weights[0]
    if len(weights) == 1:
        return cast("dict[str, Any]", first._asdict())
    pairs = zip(first._fields, zip(*weights, strict=True), strict=True)
    return {name: None if tensors[0] is None else torch.cat(tensors) for name, tensors in pairs}


def _stacked(tensors: Sequence[Tensor | None]) -> Tensor | None:
    """With an axis for the directions in front."""
    if tensors[0] is None or len(tensors) == 1:
        return None if tensors[0] is None else tensors[0].unsqueeze(0)
    return torch.stack(cast("list[Tensor]", tensors))


def _kept(zoneouts: Sequence[Kept]) -> dict[str, Any]:
    """What each field of the state keeps, by the names of the arguments."""
    kept: dict[str, Any] = {}
    if zoneouts:
        for place, name in enumerate(("hidden", "cell")[: len(zoneouts[0].rates)]):
            kept[f"rate_{name}"] = zoneouts[0].rates[place]
            kept[f"kept_{name}"] = _stacked([zoneout.masks[place] for zoneout in zoneouts])
    return kept


DIFFERENTIABLE = Arguments._fields.index("lengths")
"""The first arguments, this many, have gradients."""


def differentiable(given: Arguments) -> list[Tensor | None]:
    """The arguments that have gradients."""
    return list(cast("tuple[Tensor | None, ...]", given[:DIFFERENTIABLE]))


TYPES = {Tensor: "Tensor", Tensor | None: "Tensor?", float: "float", int: "int", bool: "bool"}

PARAMETERS = ", ".join(f"{TYPES[kind]} {name}" for name, kind in Arguments.__annotations__.items())
"""The arguments as an operator's schema writes them."""


class Saved(NamedTuple):
    """What the forward pass keeps for the backward pass; None where there is nothing to keep."""

    gates: Tensor | None = None  # directions, positions, gates*hidden: after the activations
    cells: Tensor | None = None  # directions, positions, hidden
    extra: Tensor | None = None  # directions, positions, ...: as in the engine's recurrence.hpp
    products: Tensor | None = None  # directions, positions, gates*hidden: layer norm: W x before it
    moments: Tensor | None = None  # 2, directions, positions, 1: layer norm: the means and scales of W x


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
        directions, _, outputs = given.hidden.shape
        gates = GATES[cell]
        hidden = given.weight_hh.shape[0] // (directions * gates)
        return cls(batch, steps, features, hidden, outputs, gates, directions)

    @property
    def extra(self) -> dict[str, int]:
        """How much each cell keeps beside gates and cells, in numbers per position and direction."""
        return {
            **dict.fromkeys(ELMAN, 0),
            "lstm": self.hidden,
            "gru": self.hidden,
            "gru_reset_before": self.hidden,
            "layer_norm_lstm": 4 * self.hidden + 3,
        }


def check_call(cell: str, given: Arguments) -> None:
    """Check what comes by the dispatcher, where nobody has looked at it: the engine takes addresses.

    Raises:
        ShapeError: A tensor has another shape, type or device than the others need.
    """
    batch, steps, features, hidden, outputs, gates, directions = Sizes.of(cell, given)
    wide, kind = directions * gates * hidden, given.input.dtype
    expected = {
        "weight_ih": ((wide, features), kind), "weight_hh": ((wide, outputs), kind),
        "hidden": ((directions, batch, outputs), kind),
        "bias_ih": ((wide,), kind), "bias_hh": ((wide,), kind),
        "weight_hr": ((directions * outputs, hidden), kind),
        "weight_peephole": ((directions * 3 * hidden,), kind),
        "gain_ih": ((wide,), kind), "gain_hh": ((wide,), kind),
        "gain_cell": ((directions * hidden,), kind), "bias_cell": ((directions * hidden,), kind),
        "cell": ((directions, batch, hidden), kind), "lengths": ((batch,), torch.int64),
        "resets": ((batch, steps), torch.bool), "mask": ((directions, batch, outputs), kind),
        "kept_hidden": ((directions, batch, steps, outputs), torch.bool),
        "kept_cell": ((directions, batch, steps, hidden), torch.bool),
    }  # fmt: skip
    if kind not in (torch.float32, torch.float64):
        raise ShapeError(f"an input of {kind}", "torch.float32 or torch.float64", "Convert it.")
    for name, (shape, own) in expected.items():
        tensor = getattr(given, name)
        if tensor is None:
            continue
        if tensor.shape != shape or tensor.dtype != own or tensor.device != given.input.device:
            raise ShapeError(
                f"{name} of shape {tuple(tensor.shape)}, {tensor.dtype}, on {tensor.device}",
                f"{shape}, {own}, on {given.input.device}",
                "Give tensors of one layer.",
            )


ALIGNED = 64
"""Positions that each direction has room for are a multiple of this, so that all begin at a cache line."""


def is_time_major(input: Tensor) -> bool:
    """Whether (batch, time, features) lies in memory as (time, batch, features)."""
    return not input.is_contiguous() and input.transpose(0, 1).is_contiguous()


def empty_padded(given: Arguments, sizes: Sizes, width: int | SymInt) -> Tensor:
    """Room for (batch, time, width), lying as the input does."""
    if is_time_major(given.input):
        return given.input.new_empty((sizes.steps, sizes.batch, width)).transpose(0, 1)
    return given.input.new_empty((sizes.batch, sizes.steps, width))


def room_for_states(given: Arguments) -> tuple[Tensor, Tensor | None]:
    """Room for one hidden and one cell state of every row and direction."""
    hidden = given.input.new_empty(given.hidden.shape)
    return hidden, None if given.cell is None else given.input.new_empty(given.cell.shape)


def room_for_saved(cell: str, given: Arguments, sizes: Sizes) -> Saved:
    """Room for what is kept: for every step of the batch, of which the first ones are used."""
    if not given.saves:
        return Saved()
    make, width = given.input.new_empty, sizes.gates * sizes.hidden
    steps = sizes.batch * sizes.steps
    if sizes.directions > 1:
        steps = (steps + ALIGNED - 1) // ALIGNED * ALIGNED
    extra = sizes.extra[cell] if cell != "lstm" or given.weight_hr is not None else 0
    is_normalized = given.gain_ih is not None
    return Saved(
        gates=make(sizes.directions, steps, width),
        cells=None if given.cell is None else make(sizes.directions, steps, sizes.hidden),
        extra=make(sizes.directions, steps, extra) if extra else None,
        products=make(sizes.directions, steps, width) if is_normalized else None,
        moments=make(2, sizes.directions, steps, 1) if is_normalized else None,
    )
