"""What an operator of the native engine takes."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from recurra.ops.walk import Kept, Walk

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
            **_below_each_other([state]),
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


def _below_each_other(given: Sequence[Any]) -> dict[str, Any]:
    """The weights of two directions, or what one has, by their names."""
    names = type(given[0])._fields
    if len(given) == 1:
        return dict(zip(names, given[0], strict=True))
    pairs = zip(names, zip(*given, strict=True), strict=True)
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

TENSORS = Arguments._fields.index("rate_hidden")
"""The first arguments, this many, are tensors or None; the rest are settings."""


TYPES = {Tensor: "Tensor", Tensor | None: "Tensor?", float: "float", int: "int", bool: "bool"}

PARAMETERS = ", ".join(f"{TYPES[kind]} {name}" for name, kind in Arguments.__annotations__.items())
"""The arguments as an operator's schema writes them."""
